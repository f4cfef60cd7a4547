"""Of a header of inline functions, those that a file can use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from xpiler.frontends.declarations import one_way, pieces
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.place import find
from xpiler.frontends.tokens import Token, tokenize

__all__ = ["only_used", "words_of"]

_VECTOR: Final = re.compile(r"(?:u?(?:char|short|int|long|longlong)|float|double)[1-4]\Z")
_INTERNAL: Final = frozenset(
    {"inline", "static", "template", "__device__", "__forceinline__", "__inline__"}
)


def words_of(text: str) -> frozenset[str]:
    """All names that are written in `text`, those in comments and literals left out."""
    return frozenset(
        t.text for t in tokenize(text.encode(errors="surrogateescape")).items if t.kind == "name"
    )


def only_used(header: str, words: frozenset[str]) -> str:
    """`header` without the inline functions that `words`, and what is kept of the header, do not name.

    A function of vector types stays if these are named too, which is all that can be told of an operator.
    """
    places = find(header)
    items = places.tokens.items
    found = [p.items for p in pieces(one_way(items)) if p.function and _internal(p.items)]
    open_ = {piece[0].start: piece for piece in found}
    inside = [(piece[0].start, piece[-1].end) for piece in found]
    rest = (t.text for t in items if not any(a <= t.start < b for a, b in inside))
    named = _named(words) | _named(rest)
    while True:
        wanted = {at for at, piece in open_.items() if _wanted(piece, named)}
        if not wanted:
            break
        for at in wanted:
            named |= _named(t.text for t in open_.pop(at) if t.kind == "name")
    ends = [0, *(t.end for t in items)]
    edits = []
    for k, token in enumerate(items):
        if token.start in open_:
            start = ends[k] if k else token.start
            edits.append(Edit(start, open_[token.start][-1].end, ""))
    return apply(header, edits) if edits else header


def _named(words: Iterable[str]) -> set[str]:
    """The words, and the types that they are about without naming them."""
    found = set(words)
    return found | {w.removeprefix("make_") for w in found if w.startswith("make_")}


def _internal(piece: Sequence[Token]) -> bool:
    head = _head(piece)
    return any(t.text in _INTERNAL for t in head) and head[-2:-1] != [] and head[-2].text != "::"


def _head(piece: Sequence[Token]) -> list[Token]:
    """The tokens up to the function's name."""
    depth = 0
    for k, token in enumerate(piece):
        depth += (token.text == "<") - (token.text == ">")
        if token.text == "(" and k and (piece[k - 1].kind == "name" or _operator(piece[:k])):
            if piece[k - 1].text in ("__attribute__", "__launch_bounds__", "__align__"):
                continue
            return list(piece[:k])
    return list(piece)


def _operator(head: Sequence[Token]) -> bool:
    return any(t.text == "operator" for t in head[-4:])


def _wanted(piece: Sequence[Token], named: set[str]) -> bool:
    head = _head(piece)
    if not _operator(head) and head[-1].text not in named:
        return False
    signature = [t.text for t in piece[: next(k for k, t in enumerate(piece) if t.text == "{")]]
    return all(text in named for text in signature if _VECTOR.match(text))
