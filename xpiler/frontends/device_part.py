"""The part of a CUDA file that its kernels need, for when the rest cannot be compiled here.

Host code may use libraries, headers or frameworks that are not installed; that says nothing about the kernels. What
is taken out becomes blank space, so that everything else keeps its line and column.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from xpiler.backends.base import KernelEntry
from xpiler.frontends.declarations import DECLARES, Piece, one_way, pieces
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.libclang import system_includes, vendor_headers
from xpiler.frontends.local_includes import with_local_files
from xpiler.frontends.place import Places, find
from xpiler.ir.diagnostics import Diagnostic

__all__ = ["device_part", "kernels_alone", "with_one_kernel"]

RUNTIME_HEADERS: Final = Path(__file__).parent.parent / "runtime" / "include"
_MARKS: Final = frozenset(
    {"__global__", "__device__", "__constant__", "__shared__", "__managed__", "CUDART_DEVICE"}
)
_LEADING: Final = frozenset("static inline extern unsigned signed volatile __inline__".split())


def kernels_alone(
    text: str,
    path: Path,
    errors: Iterable[Diagnostic],
    include_dirs: tuple[Path, ...] = (),
) -> str:
    """What of the file has to build for its kernels to run: all of it, unless `errors` of reading it, or headers that
    are not here, say that the rest cannot. Local headers that include such a one are put in its place, as much of them as
    kernels need."""
    told = [e for e in errors if e.code in ("XP1002", "XP1003") and e.span is not None]
    absent = {e.message.split("'")[1] for e in told if e.code == "XP1003"}

    def missing(content: str) -> set[str]:
        return absent | {h for h in vendor_headers(content) if not _present(h, path)}

    def told_of(file: Path) -> set[int]:
        spans = (e.span for e in told if e.span is not None)
        return {s.line for s in spans if Path(s.file).resolve() == file.resolve()}

    if told or missing(text):
        text = device_part(text, missing(text), told_of(path))
    return with_local_files(
        text,
        path,
        include_dirs,
        wanted=lambda content: (
            missing(content) - absent
            or any(re.search(rf'[<"]{re.escape(h)}[">]', content) for h in absent)
        ),
        change=lambda content, file: device_part(content, missing(content), told_of(file)),
    )


def _present(header: str, path: Path) -> bool:
    folders = (path.parent, RUNTIME_HEADERS, *map(Path, system_includes()))
    return any((folder / header).is_file() for folder in folders)


def device_part(text: str, missing: Iterable[str] = (), broken: Collection[int] = ()) -> str:
    """`text` without host functions, without includes of the `missing` headers, and without any declaration for the
    host that stands on one of the `broken` lines."""
    places = find(text)
    absent = frozenset(missing)
    edits = [Edit(i.whole.start, i.whole.end, "") for i in places.includes if i.path in absent]
    marks = _MARKS | _marking_macros(places)
    items = one_way(places.tokens.items)
    for piece in pieces(items):
        if not _needed(piece, marks, places, broken):
            start, end = piece.items[0].start, piece.items[-1].end
            edits += _blanked(places, start, end)
    return apply(text, sorted(edits))


def with_one_kernel(text: str, entry: KernelEntry) -> str:
    """`text` with the bodies of all kernels but `entry` empty; as it is where no kernel is marked as one."""
    places = find(text)
    name = re.sub(r"<.*", "", entry.source_name, flags=re.S).split("::")[-1].strip()
    edits: list[Edit] = []
    for kernel in places.kernels:
        if kernel.name != name and kernel.body is not None:
            start, end = kernel.body.start, kernel.body.end
            edits += [*_blanked(places, start + 1, end - 1)]
    return apply(text, sorted(edits))


def _blanked(places: Places, start: int, end: int) -> Iterator[Edit]:
    """Take the range out but for its line breaks and its preprocessor lines, whose conditions must stay paired."""
    kept = sorted(
        places.tokens.lines.at(t.start)[0]
        for t in places.tokens.items
        if t.directive >= 0 and start <= t.start < end
    )
    lines = frozenset(kept)
    first, last = places.tokens.lines.at(start)[0], places.tokens.lines.at(max(start, end - 1))[0]
    for line in range(first, last + 1):
        if line in lines:
            continue
        begin = max(start, places.tokens.lines.start_of(line))
        source = places.tokens.source
        stop = source.find(b"\n", begin)
        stop = min(end, len(source) if stop < 0 else stop)
        if begin < stop:
            yield Edit(begin, stop, "")


def _marking_macros(places: Places) -> frozenset[str]:
    """Macros that stand for a CUDA specifier, or for a kernel's head."""
    found: set[str] = set()
    for _ in range(3):
        for macro in places.macros:
            words = set(re.findall(r"\w+", macro.body.text))
            if words & (_MARKS | found):
                found.add(macro.name)
    return frozenset(found)


def _needed(piece: Piece, marks: frozenset[str], places: Places, broken: Collection[int]) -> bool:
    words = [t.text for t in piece.items]
    if marks & set(words):
        return True
    at = places.tokens.lines.at
    first, last = at(piece.items[0].start)[0], at(piece.items[-1].start)[0]
    if any(first <= line <= last for line in broken):
        return False
    lead = _lead(words)
    if piece.function:
        return lead == "constexpr"
    return "(" not in words or lead in DECLARES


def _lead(words: list[str]) -> str:
    """The first word that tells what is declared."""
    i = 0
    if words and words[0] == "template":
        depth = i = 1
        while depth and i + 1 < len(words):
            i += 1
            depth += (words[i] == "<") - (words[i] == ">")
        i += 1
    while i < len(words) and words[i] in _LEADING:
        i += 1
    return words[i] if i < len(words) else ""
