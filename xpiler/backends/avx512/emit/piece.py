"""A piece of the host API, printed when the file uses one of the names that it defines."""

from __future__ import annotations

from xpiler.records import dataclass

__all__ = ["Piece", "piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """`names`: the identifiers that it defines; `needs`: headers."""

    names: frozenset[str]
    text: str
    needs: tuple[str, ...] = ()


def piece(names: str, text: str, *needs: str) -> Piece:
    """`names` are separated by blanks."""
    return Piece(frozenset(names.split()), text.strip("\n") + "\n", needs)
