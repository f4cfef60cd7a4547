"""Tokens of the C that `print_c` writes, with places, for `parse_c`."""

from __future__ import annotations

import re

from xpiler.records import dataclass

__all__ = ["ParseError", "Token", "tokenize"]


class ParseError(ValueError):
    """The text is not a program of the IR. `line` and `column` are 1-based."""

    def __init__(self, message: str, line: int, column: int, source_line: str = "") -> None:
        self.message, self.line, self.column, self.source_line = message, line, column, source_line
        super().__init__(message)

    def __str__(self) -> str:
        head = f"{self.line}:{self.column}: {self.message}"
        if not self.source_line:
            return head
        return f"{head}\n  {self.source_line}\n  {' ' * (self.column - 1)}^"


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: name, int, float, op, end."""

    kind: str
    text: str
    line: int
    column: int


_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+ | //[^\n]* | /\*.*?\*/)
  | (?P<float>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]? | \d+[eE][+-]?\d+[fF]?)
  | (?P<int>0[xX][0-9a-fA-F]+[uUlL]* | \d+[uUlL]*)
  | (?P<name>(?:threadIdx|blockIdx|blockDim|gridDim)\s*\.\s*[xyz] | [A-Za-z_]\w*)
  | (?P<op><<=|>>=|\+\+|--|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>=?:;,(){}\[\].])
    """,
    re.VERBOSE | re.DOTALL,
)


def tokenize(text: str) -> list[Token]:
    """All tokens, ending with one of kind `end`; ParseError at a character that begins none."""
    tokens: list[Token] = []
    position, line, start_of_line = 0, 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        column = position - start_of_line + 1
        if match is None:
            raise ParseError(
                f"unexpected character {text[position]!r}", line, column, _line(text, line)
            )
        kind, lexeme = match.lastgroup or "op", match.group()
        if kind != "space":
            tokens.append(Token(kind, re.sub(r"\s", "", lexeme), line, column))
        newlines = lexeme.count("\n")
        if newlines:
            line += newlines
            start_of_line = position + lexeme.rindex("\n") + 1
        position = match.end()
    tokens.append(Token("end", "", line, position - start_of_line + 1))
    return tokens


def _line(text: str, line: int) -> str:
    lines = text.splitlines()
    return lines[line - 1] if line <= len(lines) else ""
