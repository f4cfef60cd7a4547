"""What BANG C leaves scalar: `python -m tests.backends.bang.left_scalar [FILE.cu ...]`.

Without files: the examples, the kernels of tests/kernels, and the operator suite, one case of each operator's styles.
A kernel counts as scalar where an innermost loop of 16 or more iterations (or of an unknown number) computes
without instructions; the reasons are the tensorize pass's own.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import xpiler
from benchmarks.cases import all_cases, source
from xpiler.api import Planned, plan
from xpiler.driver.report import InputError
from xpiler.ir.nodes import Assign, Atomic, Block, Const, Evaluate, For, Stmt, Store, While
from xpiler.ir.walk import blocks, statements

ROOT = Path(__file__).parents[3]
SHORT = 16


def files(folder: Path) -> Iterator[Path]:
    """The repository's kernels; those of the suite are written to `folder`."""
    yield from sorted((ROOT / "examples").glob("*.cu"))
    yield from sorted((ROOT / "tests" / "kernels" / "ml").glob("*.cu"))
    for case in all_cases():
        path = folder / f"{case.operator.name}_{case.style.name}.cu"
        if not path.exists():
            path.write_text(source(case), encoding="utf-8")
            yield path


def scalar_loops(body: Block) -> list[Stmt]:
    """Innermost loops that compute and hold no instruction."""
    return [s for s in statements(body) if isinstance(s, For | While) and _scalar(s)]


def _scalar(loop: For | While) -> bool:
    inside = [s for b in blocks(loop) for s in statements(b)]
    if any(isinstance(s, For | While | Evaluate) for s in inside):
        return False
    if isinstance(loop, For) and isinstance(loop.lo, Const) and isinstance(loop.hi, Const):
        if int(loop.hi.value) - int(loop.lo.value) < SHORT:
            return False
    return any(isinstance(s, Store | Assign | Atomic) for s in inside)


def reasons(kernel: Planned) -> set[str]:
    """What tensorize said of the loops that it left."""
    found: set[str] = set()
    for stage in kernel.stages:
        if stage.name == "tensorize":
            said = stage.notes if stage.verdict == "applied" else (stage.reason,)
            found |= {re.sub(r"\b\w+ is not (\w+) at", r"not \1 at", s) for s in said}
    return {s.removeprefix("left scalar: ") for s in found if "as vector instructions" not in s}


def main(paths: list[Path]) -> None:
    """Print a line for each kernel with a scalar loop, then the counts."""
    total = vectors = wholly = doubled = 0
    why: Counter[str] = Counter()
    for path in paths:
        planned = plan(path, "bang", xpiler.Settings(engine="symbolic"))
        for kernel in () if isinstance(planned, InputError) else planned:
            if not kernel.stages:
                continue
            body = kernel.stages[-1].after.kernels[0].body
            left = scalar_loops(body)
            names = [s.call.function for s in statements(body) if isinstance(s, Evaluate)]
            total += 1
            vectors += any(n.startswith(("__bang", "xp_")) for n in names)
            wholly += not left
            doubled += "__memcpy_async" in names
            if left:
                said = reasons(kernel) or {"gathers, integer divisions, one thread alone"}
                why.update(said)
                print(f"{path.stem} {kernel.name}: {len(left)} loops: {'; '.join(sorted(said))}")
    print(
        f"{total} kernels: {vectors} with instructions, {wholly} without scalar loops, {doubled} double-buffered"
    )
    for reason, count in why.most_common():
        print(f"{count:3} {reason}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main([Path(a) for a in sys.argv[1:]] or list(files(Path(made))))
