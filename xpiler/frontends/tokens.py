"""C++ and CUDA text as tokens with byte offsets: total on any bytes, lossless, preprocessor-aware."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from xpiler.records import dataclass

__all__ = ["Lines", "Token", "Tokens", "tokenize"]

_TOKEN = re.compile(
    rb"""
    (?P<comment>//(?:[^\\\n]|\\\r?\n|\\)*|/\*.*?(?:\*/|\Z))
  | (?P<raw>(?:u8|[uUL])?R"(?P<delim>[^()\\\s]{0,16})\(.*?(?:\)(?P=delim)"|\Z))
  | (?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*"?)
  | (?P<char>(?:u8|[uUL])?'(?:[^'\\\n]|\\.)*'?)
  | (?P<name>[A-Za-z_$\x80-\xff][\w$\x80-\xff]*)
  | (?P<number>\.?[0-9](?:[eEpP][+-]|'[0-9A-Za-z]|[\w.])*)
  | (?P<newline>\n)
  | (?P<space>[ \t\r\f\v]+|\\\r?\n)
  | (?P<punct><<<|>>>|::|->\*?|\#\#|&&|\|\||<<=?|>>=|<=|>=|==|!=|\+\+|--|\.\.\.|.)
    """,
    re.X | re.S,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: name, number, string, char, punct. `directive` numbers the `#` line it is in, else -1.

    `>>` is two tokens `>` (so that template arguments close), `>>>` one only where it ends a launch
    configuration, which `place` decides.
    """

    kind: str
    text: str
    start: int
    end: int
    directive: int


class Lines:
    """Byte offset to 1-based line and column (columns count bytes)."""

    __slots__ = ("_starts",)

    def __init__(self, source: bytes) -> None:
        self._starts = [0, *(m.end() for m in re.finditer(rb"\n", source))]

    def at(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def start_of(self, line: int) -> int:
        """The offset of a line's first byte."""
        return self._starts[line - 1]


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of a file but comments and blanks. `comments` are byte ranges."""

    source: bytes
    items: tuple[Token, ...]
    comments: tuple[tuple[int, int], ...]
    lines: Lines

    def text(self, start: int, end: int) -> str:
        return self.source[start:end].decode("utf-8", "surrogateescape")


def tokenize(source: bytes) -> Tokens:
    """Tokens of any byte string; what is not C++ becomes one-byte punctuation."""
    items: list[Token] = []
    comments: list[tuple[int, int]] = []
    directive = -1
    count = 0
    line_start = True
    for m in _TOKEN.finditer(source):
        kind = m.lastgroup or "punct"
        if kind == "delim":
            kind = "raw"
        if kind == "space":
            continue
        if kind == "comment":
            comments.append(m.span())
            continue
        if kind == "newline":
            directive = -1
            line_start = True
            continue
        text = m.group().decode("utf-8", "surrogateescape")
        if text == "#" and line_start and directive < 0:
            directive = count
            count += 1
        line_start = False
        items.append(
            Token("string" if kind == "raw" else kind, text, m.start(), m.end(), directive)
        )
    return Tokens(source, tuple(items), tuple(comments), Lines(source))


def matching(items: Sequence[Token], at: int) -> int:
    """Index of the bracket that closes the one at index `at`; -1 if none does."""
    opening = items[at].text
    closing = {"(": ")", "[": "]", "{": "}"}[opening]
    depth = 0
    for i in range(at, len(items)):
        text = items[i].text
        if text == opening:
            depth += 1
        elif text == closing:
            depth -= 1
            if depth == 0:
                return i
    return -1
