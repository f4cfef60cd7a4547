"""What a port left behind without a word: CUDA names in ported files that the report doesn't list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmarks.port.units import sources
from xpiler.backends.hip.names import find_header, find_name, looks_like_cuda
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.rewrite import declared_names, mentions_cuda
from xpiler.backends.hip.view import View
from xpiler.frontends.tokens import tokenize

__all__ = ["Leftover", "declared", "leftovers", "silent", "vanished"]

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A CUDA name that a ported file still has, so many times."""

    file: str
    name: str
    uses: int


def leftovers(text: bytes) -> Counter[str]:
    """CUDA identifiers and headers of a ported source; comments, strings and added helpers don't count."""
    if not mentions_cuda(text):
        return Counter()
    view = View(tokenize(text), "", HipOptions())
    found = Counter(
        token.text
        for i, token in enumerate(view.items)
        if token.kind == "name" and is_cuda(token.text) and not view.is_member(i)
    )
    for quote, raw in _INCLUDE.findall(text):
        path = raw.decode("utf-8", "replace")
        if quote == b'"':
            continue
        # The words between <> are tokens too, but no uses of a name.
        found.subtract(word for word in re.findall(r"\w+", path) if word in found)
        spelt = looks_like_cuda(path.rsplit("/", 1)[-1].partition(".")[0])
        if find_header(path) is not None or spelt:
            found[f"<{path}>"] += 1
    return +found


def is_cuda(name: str) -> bool:
    """Whether HIP has no such name and CUDA does, by the tables or by its spelling."""
    row = find_name(name)
    return row.hip != name if row is not None else looks_like_cuda(name)


def declared(tree: Path) -> frozenset[str]:
    """Names of CUDA's spelling that the tree declares itself."""
    return frozenset(n for f in sources(tree) for n in declared_names(f.read_bytes()))


def silent(
    out: Path,
    files: Iterable[PurePosixPath],
    own: frozenset[str],
    reported: Mapping[str, frozenset[str]],
) -> list[Leftover]:
    """What the files below `out` have left and `reported` (by the file's path) doesn't name."""
    found: list[Leftover] = []
    for file in files:
        known = reported.get(str(file), frozenset())
        counts = leftovers((out / file).read_bytes())
        found += [
            Leftover(str(file), name, uses)
            for name, uses in sorted(counts.items())
            if name not in own and name not in known
        ]
    return found


def vanished(tree: Path, out: Path, pairs: Iterable[tuple[Path, Path]]) -> list[Leftover]:
    """Includes of ported files that named a file beside the source in `tree` and name none in `out`."""
    found: list[Leftover] = []
    for source, ported in pairs:
        before = {
            p.decode("utf-8", "replace") for _, p in _INCLUDE.findall((tree / source).read_bytes())
        }
        for _, raw in _INCLUDE.findall((out / ported).read_bytes()):
            path = raw.decode("utf-8", "replace")
            gone = not (out / ported.parent / path).exists()
            if path in before and gone and (tree / source.parent / path).exists():
                found.append(Leftover(str(ported), f'"{path}"', 1))
    return found
