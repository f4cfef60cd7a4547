"""Kernel launches: `callee<<<configs>>>(args)` anywhere in the tokens, macro bodies included."""

from __future__ import annotations

from collections.abc import Sequence

from xpiler.frontends.place_text import Place, Text, matching_back, template_start
from xpiler.frontends.tokens import Token, matching
from xpiler.records import dataclass

__all__ = ["Launch", "find_launches"]


@dataclass(frozen=True, slots=True)
class Launch:
    """`callee<<<configs>>>(args)`. `name` is the callee without qualifiers and template arguments.

    `macro` is the name of the macro in whose body it stands, else empty.
    """

    whole: Place
    callee: Place
    name: str
    template_args: tuple[str, ...]
    configs: tuple[Place, ...]
    args: tuple[Place, ...]
    macro: str


def find_launches(text: Text, items: list[Token], macro: str) -> list[Launch]:
    found: list[Launch] = []
    for at, token in enumerate(items):
        if token.text != "<<<":
            continue
        launch = _launch(text, items, at, macro)
        if launch is not None:
            found.append(launch)
    return found


def _launch(text: Text, items: list[Token], at: int, macro: str) -> Launch | None:
    close = _config_end(items, at)
    if close < 0 or close + 1 >= len(items) or items[close + 1].text != "(":
        return None
    paren = close + 1
    end = matching(items, paren)
    first, name, template = _callee(items, at)
    if end < 0 or first == at:
        return None
    return Launch(
        whole=text.span(items[first], items[end]),
        callee=text.span(items[first], items[at - 1]),
        name=items[name].text,
        template_args=_template_args(text, items, name + 2, at) if template else (),
        configs=text.separated(items, at + 1, close),
        args=text.separated(items, paren + 1, end),
        macro=macro,
    )


def _template_args(text: Text, items: Sequence[Token], start: int, at: int) -> tuple[str, ...]:
    args = [p.text for p in text.separated(items, start, at - 1)]
    if args and items[at - 1].text == ">>>":  # it closes two lists inside the last argument too
        args[-1] += ">>"
    return tuple(args)


def _config_end(items: Sequence[Token], at: int) -> int:
    """Index of the `>>>` that ends the configuration opened at `at`; -1 if there is none."""
    i = at + 1
    while i < len(items):
        text = items[i].text
        if text in ("(", "[", "{"):
            close = matching(items, i)
            if close < 0:
                return -1
            i = close
        elif text == ">>>":
            return i
        elif text in (";", "}", ")"):
            return -1
        i += 1
    return -1


def _callee(items: Sequence[Token], at: int) -> tuple[int, int, bool]:
    """(first index, index of the name, has template arguments) of the expression that ends before `at`."""
    i = at - 1
    template = False
    if i >= 0 and items[i].text in (">", ">>>"):
        i = template_start(items, i)
        if i <= 0:
            return at, at, False
        template = True
        i -= 1
    name = i
    if i >= 0 and items[i].text in (")", "]"):
        opening = matching_back(items, i)
        if opening < 0:
            return at, at, False
        name = next((k for k in range(opening, i) if items[k].kind == "name"), i)
        i = opening
        if items[i].text == "[" and i > 0 and items[i - 1].kind == "name":
            i, name = i - 1, i - 1
    elif i < 0 or items[i].kind != "name":
        return at, at, False
    while i > 0 and items[i - 1].text in ("::", "->", ".", "template", "##"):
        i -= 1
        if items[i].text == "template" or i == 0:
            continue
        before = items[i - 1]
        if before.kind == "name" and before.text not in ("return", "else", "do"):
            i -= 1
        elif before.text == ">":
            start = template_start(items, i - 1)
            if start <= 0:
                break
            i = start - 1
    return i, name, template
