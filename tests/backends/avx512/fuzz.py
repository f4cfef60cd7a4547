"""Random SIMT kernels through the whole AVX-512 pipeline, run on the simulator, for as long as you like.

    python -m tests.backends.avx512.fuzz --seeds 0:400

Prints the kernels whose results differ from the reference interpreter's.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.backends.avx512.support import FLAGS
from tests.passes.differential import reference
from tests.passes.random_kernels import Case, from_seed
from xpiler.backends.avx512.emit.helpers import headers, needed
from xpiler.backends.avx512.emit.kernel import print_kernel
from xpiler.backends.avx512.emit.prelude import DIM3_CPP
from xpiler.backends.avx512.passes.tensorize import FUSE
from xpiler.backends.avx512.pipeline import pipeline
from xpiler.driver.pipeline import run_pipeline
from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module

Arguments = dict[str, object]


@dataclass(frozen=True)
class Subject:
    """A kernel that means something: what it computes, and the C it became."""

    seed: int
    case: Case
    expected: Arguments
    definition: str


def subject(seed: int, case: Case) -> Subject | None:
    """None for a kernel that means nothing or that recovery refuses."""
    module = parse_module(case.text)
    if check(module):
        return None
    expected = reference(module, case)
    if expected is None:
        return None
    program = translated(module)
    if program is None:
        return None
    text = print_kernel(program, program.kernels[0], [], {}, c=False, linkage="static ").definition
    return Subject(seed, case, expected, f"namespace s{seed} {{\n{_poisoned(text)}}}\n")


def _poisoned(text: str) -> str:
    """Shared memory starts with what the interpreter fills it with: some kernels read it unwritten."""
    fill = r"\g<0> for (int32_t &x : \1) x = 0x5a5a5a5a;"
    return re.sub(r"int32_t ([sw])\[\d+\][^;\n]*;", fill, text)


def translated(module: Module) -> Module | None:
    # a fused multiplication rounds otherwise than the interpreter
    knobs = {"tensorize": {FUSE.name: False}}
    run = run_pipeline(module, pipeline(module, {}), {}, knobs=knobs)
    assert all(s.verdict != "ill-formed" for s in run.stages), [s.reason for s in run.stages]
    return None if run.failure else run.program


def _driver(subjects: Sequence[Subject]) -> str:
    """A program that runs every kernel and writes its buffers."""
    body = "".join(s.definition for s in subjects)
    calls = []
    for s in subjects:
        given = s.case.arguments(0)
        sizes = {name: len(value) for name, value in given.items() if isinstance(value, list)}
        lines = [f"  {{ // {s.seed}"]
        for name, value in given.items():
            if isinstance(value, list):
                kind = "float" if name in ("f", "fout") else "int32_t"
                numbers = ", ".join(str(v) for v in value)
                lines.append(f"    alignas(64) {kind} {name}[] = {{{numbers}}};")
        grid, block = (f"{{{', '.join(map(str, d))}}}" for d in (s.case.grid, s.case.block))
        lines.append(
            f"    s{s.seed}::k({grid}, {block}, 0, a, f, out, fout, hist, {given['n']}, {given['m']});"
        )
        lines += [f"    fwrite({n}, 4, {sizes[n]}, stdout);" for n in ("out", "fout", "hist")]
        calls.append("\n".join([*lines, "  }\n"]))
    code = f"{body}int main() {{\n{''.join(calls)}  return 0;\n}}\n"
    every = "".join(needed(code).values()) + code
    names = dict.fromkeys((*headers(every, c=False), "stdio.h", "immintrin.h"))
    return "".join(f"#include <{h}>\n" for h in names) + DIM3_CPP + every


def wrong(subjects: Sequence[Subject], folder: Path) -> list[Subject]:
    """Those whose results differ."""
    if not subjects:
        return []
    source, binary = folder / "fuzz.cpp", folder / "fuzz"
    source.write_text(_driver(subjects))
    flags = [*FLAGS, "-fwrapv", "-ffp-contract=off", "-Wno-psabi"]
    subprocess.run(["g++", *flags, str(source), "-o", str(binary)], check=True)
    output = subprocess.run([str(binary)], check=True, capture_output=True).stdout
    bad, at = [], 0
    for s in subjects:
        same = True
        for name, dtype in (("out", np.int32), ("fout", np.float32), ("hist", np.int32)):
            want = np.array(s.expected[name], np.float64)
            got = np.frombuffer(output, dtype, len(want), at).astype(np.float64)
            at += 4 * len(want)
            same &= bool(np.array_equal(got, want.astype(dtype).astype(np.float64), equal_nan=True))
        if not same:
            bad.append(s)
    return bad


def subjects_of(seeds: Iterable[int]) -> list[Subject]:
    return [s for s in (subject(seed, from_seed(seed)) for seed in seeds) if s is not None]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", default="0:100")
    first, _, last = parser.parse_args().seeds.partition(":")
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for start in range(int(first), int(last), 25):
            chosen = subjects_of(range(start, min(start + 25, int(last))))
            for s in wrong(chosen, Path(folder)):
                failures += 1
                print(f"seed {s.seed}:\n{s.case.text}\n{s.definition}")
            print(f"{start}: {len(chosen)} kernels, {failures} wrong so far", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
