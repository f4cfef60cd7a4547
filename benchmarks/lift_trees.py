"""How much of real CUDA code is lifted: every .cu file of a tree, kernel by kernel.

`python -m benchmarks.lift_trees TREE...` prints a table of kernels, how many lift, and what is refused with how
often; `--list` names every kernel that does not. Only the front end runs: nothing is built or verified. A file is
given its own directory and its tree's usual header directories, as a user would with -I; a kernel in a header counts
for each file that includes it, since each is translated apart.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from xpiler.frontends.launch_brackets import closed_up
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedKernel, ParseFailed

__all__ = ["Tried", "main", "table", "try_file"]

_HEADER_FOLDERS: Final = frozenset({"common", "include", "inc", "llmc"})
_PART: Final = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+\.cu)"', re.M)
_KERNEL: Final = re.compile(r"__global__[^;{]*\{")
_SPECIFIC: Final = re.compile(r"'[^']*'|[\w:]+(<.*>)?: |\d+")


@dataclass(frozen=True, slots=True)
class Tried:
    """One kernel of one file: `code` is empty when it lifts; `why` is the refusal's message."""

    path: Path
    kernel: str
    code: str = ""
    why: str = ""
    place: str = ""


@cache
def header_folders(tree: Path) -> tuple[Path, ...]:
    """Folders named as folders of headers, the shallow ones first."""
    found = [p for p in tree.rglob("*") if p.is_dir() and p.name.lower() in _HEADER_FOLDERS]
    return tuple(sorted(found, key=lambda p: (len(p.parts), p)))


def try_file(path: Path, tree: Path) -> tuple[Tried, ...]:
    """Lift one file; a file that does not parse gives one refusal for each kernel that stands in it."""
    text = closed_up(path.read_text(encoding="utf-8", errors="replace"))
    near = tuple(p for p in header_folders(tree) if p.parent in path.parents)
    lifted = lift(text, path, include_dirs=(path.parent, path.parent.parent, *near))
    if isinstance(lifted, ParseFailed):
        first = lifted.diagnostics[0]
        place = "" if first.span is None else f"{first.span.file}:{first.span.line}"
        kernels = len(_KERNEL.findall(text))
        return tuple(Tried(path, "?", first.code, first.message, place) for _ in range(kernels))
    out: list[Tried] = []
    for kernel in lifted.kernels:
        if isinstance(kernel, LiftedKernel):
            out.append(Tried(path, kernel.source_name))
            continue
        span = kernel.span
        place = "" if span is None else f"{span.file}:{span.line}"
        out.append(
            Tried(path, kernel.name, kernel.diagnostic.code, kernel.diagnostic.message, place)
        )
    return tuple(out)


def sources(tree: Path) -> Iterator[Path]:
    """The tree's .cu files but for those which another one includes: they are lifted as a part of that."""
    files = sorted(p for p in tree.rglob("*.cu") if p.is_file())
    parts: set[Path] = set()
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        parts |= {(file.parent / name).resolve() for name in _PART.findall(text)}
    yield from (p for p in files if p.resolve() not in parts)


def table(tries: Sequence[Tried], tree: Path) -> str:
    """A line for the tree and one for each cause, most frequent first."""
    lifted = sum(not t.code for t in tries)
    files = len({t.path for t in tries})
    share = 100 * lifted / max(1, len(tries))
    lines = [
        f"{tree.name}: {files} files with kernels, {len(tries)} kernels, {lifted} lift ({share:.0f} %)"
    ]
    causes = Counter((t.code, _SPECIFIC.sub("_", t.why)) for t in tries if t.code)
    lines += [f"  {n:4}  {code}  {why}" for (code, why), n in causes.most_common()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of each tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--list", action="store_true", help="name every kernel that is refused")
    parser.add_argument("--only", default="", help="files whose path holds this text")
    chosen = parser.parse_args(arguments)
    for tree in chosen.trees:
        files = [p for p in sources(tree) if chosen.only in str(p)]
        tries = [t for path in files for t in try_file(path, tree)]
        print(table(tries, tree))
        if chosen.list:
            for t in tries:
                if t.code:
                    print(
                        f"    {t.path.relative_to(tree)} {t.kernel}: {t.code} {t.why} ({t.place})"
                    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
