"""Places in a file, and the bracket and specifier matching that finding them takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xpiler.frontends.tokens import Token, Tokens, matching
from xpiler.records import dataclass

__all__ = [
    "CALL_LIKE",
    "Place",
    "Text",
    "commas",
    "first_specifier",
    "matching_back",
    "template_end",
    "template_start",
]

CALL_LIKE = frozenset({"__launch_bounds__", "__attribute__", "__align__", "alignas", "__declspec",
                        "__cluster_dims__", "__maxnreg__", "decltype", "noexcept", "__block_size__"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes `start:end` of the file, with the 1-based line and byte column of `start`, and the text."""

    start: int
    end: int
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    tokens: Tokens

    def place(self, start: int, end: int) -> Place:
        line, column = self.tokens.lines.at(start)
        return Place(start, end, line, column, self.tokens.text(start, end))

    def span(self, first: Token, last: Token) -> Place:
        return self.place(first.start, last.end)

    def separated(self, items: Sequence[Token], start: int, end: int) -> tuple[Place, ...]:
        """The comma-separated pieces of `items[start:end]` (indices), brackets respected."""
        pieces: list[Place] = []
        first = start
        for i in (*commas(items, start, end), end):
            if i > first:
                pieces.append(self.span(items[first], items[i - 1]))
            first = i + 1
        return tuple(pieces)


def commas(items: Sequence[Token], start: int, end: int) -> Iterator[int]:
    """Indices of commas outside brackets and template argument lists."""
    i = start
    while i < end:
        text = items[i].text
        if text in ("(", "[", "{"):
            close = matching(items[:end], i)
            i = close if close > 0 else i
        elif text == "<" and i > start and items[i - 1].kind == "name":
            i = max(i, template_end(items, i, end))
        elif text == ",":
            yield i
        i += 1


def template_end(items: Sequence[Token], at: int, end: int) -> int:
    """Index of the `>` closing the `<` at `at`, or -1 where it is a comparison."""
    depth = 0
    i = at
    while i < end:
        text = items[i].text
        if text == "<":
            depth += 1
        elif text in (">", ">>>"):
            depth -= len(text)
            if depth <= 0:
                return i
        elif text == "(" or text == "[":
            close = matching(items[:end], i)
            if close < 0:
                return -1
            i = close
        elif text in (";", "{", "}", "&&", "||", ")"):
            return -1
        i += 1
    return -1


def template_start(items: Sequence[Token], at: int) -> int:
    """Index of the `<` that opens the list closing at `at`; -1 if there is none."""
    depth = 0
    i = at
    while i >= 0:
        text = items[i].text
        if text in (">", ">>>"):
            depth += len(text)
        elif text == "<":
            depth -= 1
            if depth == 0:
                return i
        elif text in (")", "]"):
            i = matching_back(items, i)
            if i < 0:
                return -1
        elif text in (";", "{", "}"):
            return -1
        i -= 1
    return -1


def first_specifier(items: Sequence[Token], at: int) -> int:
    """Index of the first token of the declaration around `at`: after the previous `;`, `}`, `{` or label."""
    i = at
    while i > 0:
        before = items[i - 1]
        if before.text in (";", "}", "{", ":", ")") or before.directive != items[at].directive:
            if before.text == ")":
                opening = matching_back(items, i - 1)
                if opening > 0 and items[opening - 1].text in CALL_LIKE:
                    i = opening - 1
                    continue
            break
        i -= 1
    return i


def matching_back(items: Sequence[Token], at: int) -> int:
    """Index of the bracket that opens the one closing at `at`; -1 if none does."""
    closing = items[at].text
    opening = {")": "(", "]": "[", "}": "{"}[closing]
    depth = 0
    for i in range(at, -1, -1):
        if items[i].text == closing:
            depth += 1
        elif items[i].text == opening:
            depth -= 1
            if depth == 0:
                return i
    return -1
