"""Exact text edits: byte ranges of a source replaced, everything else left as it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import overload

__all__ = ["Edit", "Overlap", "apply", "find_overlap", "insert", "shift"]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace bytes `start_byte:end_byte` by `text`; an insertion has `start_byte == end_byte`."""

    start_byte: int
    end_byte: int
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_byte <= self.end_byte:
            raise ValueError(f"not a byte range: {self.start_byte}:{self.end_byte}")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two edits that claim the same bytes."""

    first: Edit
    second: Edit

    def __str__(self) -> str:
        a, b = self.first, self.second
        return (
            f"edits overlap: {a.start_byte}:{a.end_byte} and {b.start_byte}:{b.end_byte} "
            f"({a.text[:30]!r}, {b.text[:30]!r})"
        )


def insert(at: int, text: str) -> Edit:
    """An insertion before byte `at`."""
    return Edit(at, at, text)


def _ordered(edits: Iterable[Edit]) -> list[Edit]:
    """By place. Insertions at one place keep the order in which they were given, before a replacement."""
    return sorted(edits, key=lambda e: (e.start_byte, e.end_byte))


def find_overlap(edits: Iterable[Edit]) -> Overlap | None:
    """The first two edits that overlap, if any; touching ranges don't."""
    ordered = _ordered(edits)
    for a, b in pairwise(ordered):
        if b.start_byte < a.end_byte:
            return Overlap(a, b)
    return None


@overload
def apply(source: bytes, edits: Iterable[Edit]) -> bytes: ...
@overload
def apply(source: str, edits: Iterable[Edit]) -> str: ...
def apply(source: bytes | str, edits: Iterable[Edit]) -> bytes | str:
    """`source` with all edits made; offsets are those of the source as UTF-8.

    ValueError if two edits overlap or one reaches past the end: edits come from the program, so
    that is a mistake in the program and never one of the input.
    """
    if isinstance(source, str):
        return apply(source.encode("utf-8", "surrogateescape"), edits).decode(
            "utf-8", "surrogateescape"
        )
    ordered = _ordered(edits)
    overlap = find_overlap(ordered)
    if overlap is not None:
        raise ValueError(str(overlap))
    if ordered and ordered[-1].end_byte > len(source):
        raise ValueError(f"edit past the end: {ordered[-1].end_byte} > {len(source)}")
    parts: list[bytes] = []
    at = 0
    for edit in ordered:
        parts += (source[at : edit.start_byte], edit.text.encode("utf-8", "surrogateescape"))
        at = edit.end_byte
    parts.append(source[at:])
    return b"".join(parts)


def shift(edits: Iterable[Edit], offset: int) -> int:
    """Where the byte `offset` of the source stands after the edits; inside a replaced range, its end."""
    moved = offset
    for edit in _ordered(edits):
        if edit.start_byte >= offset:
            break
        size = len(edit.text.encode("utf-8", "surrogateescape"))
        moved += size - (min(edit.end_byte, offset) - edit.start_byte)
    return moved
