"""Statements that are longer than a line, broken where they nest least."""

from __future__ import annotations

from typing import Final

__all__ = ["COLUMNS", "wrapped"]

COLUMNS: Final = 100
_BEFORE: Final = (" + ", " - ", " && ", " || ", " ? ", " : ")
_AFTER: Final = (", ", "; ")
_INDENT: Final = "    "
_DEEPEST: Final = 3


def wrapped(text: str) -> str:
    """Every line of more than 100 columns in several, the parts of a call indented by how deep they stand in it."""
    if max(map(len, text.splitlines()), default=0) <= COLUMNS:
        return text
    return "".join(f"{part}\n" for line in text.splitlines() for part in _broken(line))


def _broken(line: str) -> list[str]:
    pad = line[: len(line) - len(line.lstrip())]
    out: list[str] = []
    depth = 0
    while len(line) > COLUMNS:
        found = _place(line, len(line) - len(line.lstrip()) + 8)
        if found is None:
            break
        at, deeper = found
        out.append(line[:at].rstrip())
        depth += deeper
        line = pad + _INDENT * min(max(depth, 1), _DEEPEST) + line[at:].lstrip()
    return [*out, line]


def _place(line: str, least: int) -> tuple[int, int] | None:
    """Where to break a line, and how many parentheses are open there: the last of the outermost places that fit,
    behind an opening one where there is no other."""
    best: tuple[int, int] | None = None
    opened: tuple[int, int] | None = None
    depth = 0
    for at, char in enumerate(line[:COLUMNS]):
        depth += (char in "([") - (char in ")]")
        if at < least:
            continue
        if line.startswith((*_AFTER, *_BEFORE), at) and (best is None or depth <= best[1]):
            best = (at + 1, depth)
        if char == "(" and line[at - 1].isalnum() and opened is None:
            opened = (at + 1, depth)
    return best or opened
