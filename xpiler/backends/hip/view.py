"""A file as the rewriting rules see it: its tokens, the calls among them, and a place to put findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from functools import cache, cached_property

from xpiler.backends.base import Diagnostic
from xpiler.backends.hip.catalog import entry
from xpiler.backends.hip.options import HipOptions
from xpiler.frontends.edits import Edit
from xpiler.frontends.tokens import Token, Tokens, matching
from xpiler.ir.nodes import Span
from xpiler.records import dataclass

__all__ = ["Argument", "Call", "Findings", "View"]

_KEYWORDS = frozenset(
    [
        "return",
        "case",
        "else",
        "new",
        "delete",
        "goto",
        "throw",
        "sizeof",
        "typename",
        "const",
        "constexpr",
        "static",
        "extern",
        "inline",
        "if",
        "while",
        "for",
        "do",
        "switch",
        "default",
        "using",
        "namespace",
        "operator",
        "struct",
        "class",
        "enum",
        "union",
        "and",
        "or",
        "not",
        "typedef",
        "volatile",
        "template",
    ]
)


_ENDS = frozenset("=;,)[:")
_DECLARED = _ENDS | {"(", "{"}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call: token indices `first:end` (end excluded), bytes `start:stop`."""

    first: int
    end: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Call:
    """`name(args)`: `at` is the index of the name, `open` and `close` those of the parentheses."""

    at: int
    open: int
    close: int
    args: tuple[Argument, ...]


@dataclass(slots=True)
class Findings:
    """What the rules produced: edits, diagnostics, helpers and headers that the result needs, and counts."""

    edits: list[Edit] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    headers: set[str] = field(default_factory=set)
    converted: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def count(self, name: str) -> None:
        self.converted[name] = self.converted.get(name, 0) + 1


class View:
    """The tokens of one file with what the rules ask of them again and again."""

    def __init__(self, tokens: Tokens, file: str, options: HipOptions) -> None:
        self.tokens = tokens
        self.items = _without_helpers(tokens)
        self.file = file
        self.options = options
        self.findings = Findings()

    # --- asking --------------------------------------------------------------------------------

    def text(self, at: int) -> str:
        return self.items[at].text if 0 <= at < len(self.items) else ""

    @cached_property
    def names(self) -> frozenset[str]:
        """Every identifier of the file."""
        return frozenset(t.text for t in self.items if t.kind == "name")

    @cached_property
    def is_hip(self) -> bool:
        """Whether the file includes HIP's runtime already: it was ported, or serves both vendors."""
        return b"<hip/hip_runtime" in self.tokens.source

    def positions(self, name: str) -> Iterator[int]:
        """Indices of an identifier's tokens."""
        return iter(self._by_name.get(name, ()))

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i, token in enumerate(self.items):
            if token.kind == "name":
                found.setdefault(token.text, []).append(i)
        return found

    def call(self, at: int) -> Call | None:
        """The call whose name is token `at`; None if no well-formed argument list follows."""
        opening = at + 1
        if self.text(opening) != "(":
            return None
        return self.call_at(at, opening)

    def call_at(self, at: int, opening: int) -> Call | None:
        close = matching(self.items, opening)
        if close < 0 or self.items[close].directive != self.items[at].directive:
            return None
        args: list[Argument] = []
        depth = 0
        first = opening + 1
        for i in range(opening + 1, close + 1):
            text = self.items[i].text
            if text in "([{" and len(text) == 1:
                depth += 1
            elif i < close and text in ")]}" and len(text) == 1:
                depth -= 1
            if (text == "," and depth == 0 and not self._in_template(first, i)) or i == close:
                if i > first:
                    args.append(Argument(first, i, self.items[first].start, self.items[i - 1].end))
                first = i + 1
        return Call(at, opening, close, tuple(args))

    def _in_template(self, first: int, at: int) -> bool:
        """Whether the comma at `at` stands in `name<...,...>`: an open `<` after a name, closed later."""
        depth = 0
        for i in range(first, at):
            text = self.items[i].text
            if text == "<" and self.items[i - 1].kind == "name":
                depth += 1
            elif text == ">" and depth:
                depth -= 1
        if not depth:
            return False
        for i in range(at, min(at + 40, len(self.items))):
            text = self.items[i].text
            if text == ">":
                return self.text(i + 1) in ("(", ")", "::", ",", "{", ">")
            if text in ("(", ")", ";", "&&", "||"):
                return False
        return False

    def is_member(self, at: int) -> bool:
        """`x.name`, `x->name`, or `user::name` for a qualifier that isn't the global scope."""
        before = self.text(at - 1)
        if before in (".", "->"):
            return True
        return before == "::" and self.items[at - 2].kind == "name" if at >= 2 else False

    def is_directive(self, at: int, word: str) -> bool:
        """Whether token `at` is the name that `#word` introduces."""
        return at >= 2 and self.text(at - 1) == word and self.text(at - 2) == "#"

    @cached_property
    def own(self) -> frozenset[str]:
        """Names that this file declares itself: macros, functions with a body, types, variables."""
        found: set[str] = set()
        for i, token in enumerate(self.items):
            if token.kind == "name" and token.text not in _KEYWORDS and self.declares(i):
                found.add(token.text)
        return frozenset(found)

    def declares(self, i: int) -> bool:
        """Whether token `i` is a name where it is declared or defined."""
        before, after = self.text(i - 1), self.text(i + 1)
        if before == "define" and self.text(i - 2) == "#":
            return True
        if before in ("struct", "class", "enum", "union") and after in ("{", ":"):
            return True
        if before == "using" and after == "=":
            return True
        previous = self.items[i - 1] if i else None
        typed = (
            previous is not None
            and (
                (previous.kind == "name" and previous.text not in _KEYWORDS)
                or (before in ("*", "&", ">") and i >= 2 and self.items[i - 2].kind == "name")
            )
            and previous.directive == self.items[i].directive
        )
        if not typed:
            return False
        if after == "(":
            close = matching(self.items, i + 1)
            return close > 0 and self.text(close + 1) in ("{", "const", "noexcept")
        return after in ("=", ";", "[", "{") and before not in ("*", "&", ">")

    def is_variable(self, name: str) -> bool:
        """Whether some use of the name looks like its declaration: `dim3 name(...)`, `float *name = ...`, `T &name)`.

        Too generous to decide what is renamed, good enough to tell the user's names from unknown ones of CUDA.
        """
        for i in self.positions(name):
            at = i - 1
            while self.text(at) in ("*", "&", "const", "__restrict__"):
                at -= 1
            before = self.items[at] if at >= 0 else None
            if before is None or before.text in _KEYWORDS or self.text(i + 1) not in _DECLARED:
                continue
            if before.kind == "name" or (before.text == ">" and at == i - 1):
                return True
        return False

    @cache  # noqa: B019  (a view lives as long as its file's rewriting)
    def variables_of(self, types: frozenset[str]) -> frozenset[str]:
        """Names that this file declares as variables, parameters or pointers of one of the types."""
        found: set[str] = set()
        for name in types & self.names:
            for i in self.positions(name):
                j = i + 1
                while self.text(j) in (
                    "*",
                    "&",
                    "const",
                    "int",
                    "long",
                    "__restrict__",
                    "char",
                    "short",
                ):
                    j += 1
                if (
                    j < len(self.items)
                    and self.items[j].kind == "name"
                    and self.text(j + 1) in _ENDS
                ):
                    found.add(self.text(j))
        return frozenset(found)

    # --- telling -------------------------------------------------------------------------------

    def replace(self, at: int, text: str) -> None:
        """Put `text` in the place of token `at`."""
        token = self.items[at]
        self.findings.edits.append(Edit(token.start, token.end, text))
        self.findings.taken.add(at)

    def replace_range(self, first: int, end: int, text: str) -> None:
        """Put `text` in the place of tokens `first:end`; comments between them stay."""
        start, stop = self.items[first].start, self.items[end - 1].end
        if any(start <= a < stop for a, _ in self.tokens.comments):
            self.replace(first, text)
            self.delete(first + 1, end)
            return
        self.findings.edits.append(Edit(start, stop, text))
        self.findings.taken.update(range(first, end))

    def delete(self, first: int, end: int) -> None:
        """Take tokens `first:end` out, with the blanks after the last one; comments between them stay."""
        for i in range(first, end):
            token = self.items[i]
            stop = token.end
            if i == end - 1:
                stop += _blanks(self.tokens.source, stop)
            self.findings.edits.append(Edit(token.start, stop, ""))
            self.findings.taken.add(i)

    def delete_bytes(self, start: int, stop: int) -> None:
        self.findings.edits.append(Edit(start, stop, ""))

    def insert(self, at_byte: int, text: str) -> None:
        self.findings.edits.append(Edit(at_byte, at_byte, text))

    def span(self, first: int, last: int | None = None) -> Span:
        a, b = self.items[first], self.items[first if last is None else last]
        line, column = self.tokens.lines.at(a.start)
        end_line, end_column = self.tokens.lines.at(b.end)
        return Span(self.file, line, column, end_line, end_column)

    def report(self, code: str, at: int, hint: str = "", **values: object) -> None:
        """A diagnostic of the catalogue at token `at`; `values` fill its message."""
        known = entry(code)
        self.findings.diagnostics.append(
            Diagnostic(
                code,
                known.severity,
                known.message.format(**values),
                self.span(at),
                hint or known.hint.format(**values),
            )
        )

    def source(self, argument: Argument) -> str:
        return self.tokens.text(argument.start, argument.stop)


_HELPERS = (b"// --- helpers added by xpiler", b"// --- end of helpers ---")


def _without_helpers(tokens: Tokens) -> tuple[Token, ...]:
    """The tokens but those of a helper block that an earlier run put in."""
    start = tokens.source.find(_HELPERS[0])
    end = tokens.source.find(_HELPERS[1], start)
    if start < 0 or end < 0:
        return tokens.items
    return tuple(t for t in tokens.items if not start <= t.start < end)


def _blanks(source: bytes, at: int) -> int:
    match = re.compile(rb"[ \t]*").match(source, at)
    return len(match.group()) if match else 0
