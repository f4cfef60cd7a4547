"""Three-way merge of the last port, the new port and the file as it stands with hand edits."""

from __future__ import annotations

from collections.abc import Sequence

from merge3 import Merge3

from xpiler.records import dataclass

__all__ = ["Merged", "merge"]


@dataclass(frozen=True, slots=True)
class Merged:
    """`conflicts` counts the marked places."""

    text: bytes
    conflicts: int


def merge(base: bytes, new: bytes, hand: bytes) -> Merged:
    """Both changes since `base`. Where they meet, both stand between conflict markers."""
    if hand in (base, new):
        return Merged(new, 0)
    if new == base:
        return Merged(hand, 0)
    newline = b"\r\n" if b"\r\n" in hand[:4096] else b"\n"
    merger = Merge3(
        base.splitlines(keepends=True),
        hand.splitlines(keepends=True),
        new.splitlines(keepends=True),
    )
    lines: list[bytes] = []
    conflicts = 0
    for group in merger.merge_groups():
        if group[0] != "conflict":
            lines += group[1]
            continue
        conflicts += 1
        _, _, ours, theirs = group
        lines += [b"<<<<<<< your edit" + newline, *_ended(ours, newline)]
        lines += [b"=======" + newline, *_ended(theirs, newline), b">>>>>>> new port" + newline]
    return Merged(b"".join(lines), conflicts)


def _ended(lines: Sequence[bytes], newline: bytes) -> list[bytes]:
    if lines and not lines[-1].endswith(b"\n"):
        return [*lines[:-1], lines[-1] + newline]
    return list(lines)
