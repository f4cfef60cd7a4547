"""`__shared__` declarations, static and dynamic, with their declarators."""

from __future__ import annotations

from collections.abc import Sequence

from xpiler.frontends.place_text import (
    CALL_LIKE,
    Place,
    Text,
    commas,
    first_specifier,
    template_end,
)
from xpiler.frontends.tokens import Token, matching
from xpiler.records import dataclass

__all__ = ["Shared", "SharedName", "find_shared"]


@dataclass(frozen=True, slots=True)
class SharedName:
    """One declarator of a `__shared__` declaration: `*name[32][33]`. `dims` are the bracketed texts."""

    name: str
    declarator: Place
    name_at: Place
    dims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """A `__shared__` declaration, `whole` up to and with its `;`.

    `type` is the text of the specifiers without `extern`, `static`, `__shared__` and alignment. `names` is empty
    when the declarators could not be told apart (an inline struct body). `function` is the enclosing
    kernel or device function, `macro` the macro whose body holds it; both may be empty.
    """

    whole: Place
    dynamic: bool
    type: str
    names: tuple[SharedName, ...]
    function: str
    macro: str


_NOT_TYPE = frozenset({"extern", "static", "__shared__"})


def find_shared(
    text: Text, items: list[Token], bodies: Sequence[tuple[str, Place]], macro: str
) -> list[Shared]:
    found: list[Shared] = []
    end = 0
    for at, token in enumerate(items):
        if token.text != "__shared__" or at < end:
            continue
        first = first_specifier(items, at)
        end = at
        while end < len(items) and items[end].text != ";":
            close = matching(items, end) if items[end].text in ("(", "[", "{") else end
            end = max(close, end) + 1
        if end >= len(items):
            if not macro:
                continue
            end = len(items) - 1  # the `;` follows the macro's use
        whole = text.span(items[first], items[end])
        function = next((name for name, body in bodies if body.start <= token.start < body.end), "")
        stop = end if items[end].text == ";" else end + 1
        found.append(_shared_declaration(text, items[first:stop], whole, function, macro))
    return found


def _shared_declaration(
    text: Text, items: list[Token], whole: Place, function: str, macro: str
) -> Shared:
    dynamic = any(t.text == "extern" for t in items)
    kept = _without_alignment(items)
    nothing = Shared(whole, dynamic, "", (), function, macro)
    if any(t.text in ("{", "=") for t in kept) or not kept:
        return nothing
    separators = list(commas(kept, 0, len(kept)))
    names: list[SharedName] = []
    specifiers = 0
    for n, (start, stop) in enumerate(
        zip([0, *(c + 1 for c in separators)], [*separators, len(kept)], strict=True)
    ):
        at = _declared_name(kept, start, stop)
        if at < 0:
            return nothing
        begin = start
        if n == 0:
            begin = at
            while begin > 0 and kept[begin - 1].text in ("*", "&", "("):
                begin -= 1
            specifiers = begin
        names.append(
            SharedName(
                kept[at].text,
                text.span(kept[begin], kept[stop - 1]),
                text.span(kept[at], kept[at]),
                _dims(text, kept, at + 1, stop),
            )
        )
    words = [t for t in kept[:specifiers] if t.text not in _NOT_TYPE]
    return Shared(whole, dynamic, _join(words), tuple(names), function, macro) if words else nothing


def _without_alignment(items: list[Token]) -> list[Token]:
    kept: list[Token] = []
    i = 0
    while i < len(items):
        if items[i].text in CALL_LIKE - {"decltype"} and i + 1 < len(items):
            close = matching(items, i + 1) if items[i + 1].text == "(" else -1
            i = max(close, i) + 1
            continue
        kept.append(items[i])
        i += 1
    return kept


def _declared_name(items: Sequence[Token], start: int, stop: int) -> int:
    """Index of the declarator's name: the last name before the first `[` (or the end)."""
    last = -1
    i = start
    while i < stop and items[i].text != "[":
        if items[i].text == "<" and i > 0 and items[i - 1].kind == "name":
            i = max(i, template_end(items, i, stop))
        elif items[i].kind == "name":
            last = i
        i += 1
    return last


def _dims(text: Text, items: Sequence[Token], start: int, stop: int) -> tuple[str, ...]:
    dims: list[str] = []
    i = start
    while i < stop:
        if items[i].text == "[":
            close = matching(items[:stop], i)
            if close < 0:
                break
            dims.append(text.span(items[i + 1], items[close - 1]).text if close > i + 1 else "")
            i = close
        i += 1
    return tuple(dims)


def _join(items: Sequence[Token]) -> str:
    out = ""
    for token in items:
        wide = out and (out[-1].isalnum() or out[-1] == "_") and token.kind in ("name", "number")
        out += (" " if wide else "") + token.text
    return out
