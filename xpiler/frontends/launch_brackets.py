"""Launch brackets that a formatter without CUDA pulled apart: `k << <grid, block>> >(x)` means `k<<<grid, block>>>(x)`.

nvcc takes both; Clang, and so libclang and hipcc, want each bracket as one token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.tokens import Token, matching, tokenize

__all__ = ["bracket_edits", "closed_up"]

_APART: Final = re.compile(rb"<(?:<\s+<|\s+<\s*<)|>(?:>\s+>|\s+>\s*>)")


def closed_up(source: str) -> str:
    """`source` with such brackets closed up: as long as before, every line where it was."""
    edits = bracket_edits(source.encode("utf-8", "surrogateescape"))
    return apply(source, edits) if edits else source


def bracket_edits(source: bytes) -> tuple[Edit, ...]:
    """The edits that close the brackets up; none for a text without any."""
    if _APART.search(source) is None:
        return ()
    return tuple(_edits(source, tokenize(source).items))


def _edits(source: bytes, items: Sequence[Token]) -> Iterator[Edit]:
    for at in range(1, len(items)):
        opening = _count(items, at, "<")
        before = items[at - 1]
        callee = (before.kind == "name" and before.text != "operator") or before.text in (
            ">",
            ")",
            "]",
        )
        if opening == 0 or not callee:
            continue
        close = _end(items, at + opening)
        if close < 0:
            continue
        for start, count in ((at, opening), (close, _count(items, close, ">"))):
            if count > 1:
                yield _closed(source, items[start].start, items[start + count - 1].end)


def _closed(source: bytes, start: int, end: int) -> Edit:
    old = source[start:end].decode("utf-8", "surrogateescape")
    blanks = re.sub(r"[<>]", "", old)  # comments between brackets stay too
    return Edit(start, end, old.strip()[0] * 3 + blanks)


def _count(items: Sequence[Token], at: int, bracket: str) -> int:
    """How many tokens from `at` on make up three brackets; 0 where they do not."""
    text = ""
    for count in range(1, 4):
        text += items[at + count - 1].text if at + count <= len(items) else " "
        if text == bracket * 3:
            return count
    return 0


def _end(items: Sequence[Token], at: int) -> int:
    """Where the configuration that begins at `at` is closed, before its arguments; -1 where it is not."""
    i = at
    while i < len(items):
        text = items[i].text
        if text in ("(", "[", "{"):
            i = matching(items, i)
            if i < 0:
                return -1
        elif text in (";", "}", ")"):
            return -1
        elif text in (">", ">>>"):
            after = i + _count(items, i, ">")
            if i < after < len(items) and items[after].text == "(":
                return i
        i += 1
    return -1
