"""The declarations of a file, as runs of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from xpiler.frontends.tokens import Token, matching
from xpiler.records import dataclass

__all__ = ["DECLARES", "Piece", "one_way", "pieces"]

DECLARES: Final = frozenset(
    "struct class union enum typedef using constexpr const static_assert consteval concept".split()
)
_OPENS: Final = frozenset({"(", "[", "{"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A declaration or definition at file or namespace scope; `function`: it has a body behind parentheses."""

    items: tuple[Token, ...]
    function: bool


def one_way(items: Sequence[Token]) -> list[Token]:
    """The tokens of the text. Where a conditional opens a brace in each branch, the first branch counts."""
    out: list[Token] = []
    branches: list[
        tuple[int, bool]
    ] = []  # where the first branch begins in `out`; whether tokens are passed over
    directives: dict[int, str] = {}
    for before, token in pairwise(items):
        if before.text == "#" and token.directive >= 0:
            directives.setdefault(token.directive, token.text)
    for token in items:
        word = directives.pop(token.directive, "") if token.directive >= 0 else ""
        if word in ("if", "ifdef", "ifndef"):
            branches.append((len(out), False))
        elif word in ("else", "elif") and branches:
            start, _ = branches[-1]
            texts = [t.text for t in out[start:]]
            branches[-1] = (start, texts.count("{") != texts.count("}"))
        elif word == "endif" and branches:
            branches.pop()
        if token.directive < 0 and not any(passed for _, passed in branches):
            out.append(token)
    return out


def pieces(items: list[Token]) -> Iterator[Piece]:
    """The declarations, those inside namespaces and `extern "C"` each for itself."""
    start = i = 0
    while i < len(items):
        token = items[i]
        if token.text == "}":  # the end of a namespace
            start = i = i + 1
            continue
        if token.text == ";":
            if i > start:
                yield Piece(tuple(items[start : i + 1]), False)
            start = i = i + 1
            continue
        if token.text not in _OPENS:
            i += 1
            continue
        if token.text == "{" and _scope(items[start:i]):
            start = i = i + 1
            continue
        close = matching(items, i)
        if close < 0:
            return
        if token.text == "{" and _parenthesised(items[start:i]):
            yield Piece(tuple(items[start : close + 1]), True)
            start = i = close + 1
            continue
        i = close + 1


def _scope(head: list[Token]) -> bool:
    words = [t.text for t in head]
    if words[:1] == ["extern"] and len(words) == 2:
        return True
    return "namespace" in words[:2] and "=" not in words


def _parenthesised(head: list[Token]) -> bool:
    """Whether a brace after `head` opens a function's body."""
    words = [t.text for t in head]
    if not words or words[-1] == "=":
        return False
    depth = angle = 0
    for word in words:
        if word in DECLARES - {"const", "constexpr", "static_assert"} and not depth and not angle:
            return False
        angle += (word == "<") - (word == ">") if not depth else 0
        depth += (word == "(") - (word == ")")
    return ")" in words
