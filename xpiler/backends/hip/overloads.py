"""Functions whose overloads meet HIP's own: one error type where CUDA has two, operators of vector types."""

from __future__ import annotations

import re
from itertools import pairwise

from xpiler.backends.hip.names import find_name
from xpiler.backends.hip.view import View
from xpiler.frontends.tokens import matching

__all__ = ["rewrite_overloads"]

_VECTOR = re.compile(r"(?:u?(?:char|short|int|long|longlong)|float|double)[1-4]")
_OPERATORS = frozenset({"+", "-", "*", "/", "+=", "-=", "*=", "/="})
_SPECIFIERS = frozenset({"const", "&", "__restrict__"})


def rewrite_overloads(view: View) -> None:
    """Edits for definitions that would be ambiguous or double in HIP."""
    _same_in_hip(view)
    _vector_operators(view)


def _same_in_hip(view: View) -> None:
    """`f(cudaError_t)` and `f(CUresult)` are the same function in HIP: the later definition goes."""
    if not {"CUresult", "CUstream", "CUevent", "CUdevice"} & view.names:
        return
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    for i, token in enumerate(view.items):
        if token.kind != "name" or token.directive >= 0 or view.text(i + 1) != "(":
            continue
        if not view.declares(i):
            continue
        close = matching(view.items, i + 1)
        if view.text(close + 1) != "{":
            continue
        written = tuple(view.text(k) for k in range(i, close))
        mapped = tuple(_in_hip(word) for word in written)
        first = seen.setdefault(mapped, written)
        end = matching(view.items, close + 1)
        if first == written or end < 0:
            continue
        start = _start(view, i)
        newline = "\r\n" if b"\r\n" in view.tokens.source[:4096] else "\n"
        view.insert(view.items[start].start, f"#if 0  // the overload above, in HIP{newline}")
        view.insert(view.items[end].end, f"{newline}#endif")
        view.report("XP5110", i, name=token.text)


def _in_hip(word: str) -> str:
    row = find_name(word)
    return row.hip if row is not None and row.hip else word


def _start(view: View, at: int) -> int:
    """The first token of the declaration that token `at` is in."""
    i = at
    while i > 0:
        before = view.items[i - 1]
        if before.directive >= 0 or before.text in (";", "}", "{", ":"):
            break
        i -= 1
    return i


def _vector_operators(view: View) -> None:
    """HIP's vector types have these operators: the user's own, doing the same, become templates, which rank below."""
    for i in view.positions("operator"):
        operator = view.text(i + 1)
        at = i + 2
        if operator in ("+", "-", "*", "/") and view.text(at) == "=":
            operator, at = operator + "=", at + 1
        if operator not in _OPERATORS or view.text(at) != "(" or view.items[i].directive >= 0:
            continue
        call = view.call_at(i, at)
        if call is None or len(call.args) != 2 or view.text(call.close + 1) != "{":
            continue
        types = {
            tuple(
                view.text(k) for k in range(a.first, a.end - 1) if view.text(k) not in _SPECIFIERS
            )
            for a in call.args
        }
        if len(types) != 1 or not all(len(t) == 1 and _VECTOR.fullmatch(t[0]) for t in types):
            continue
        start = _start(view, i)
        if view.text(start) == "template" or not _elementwise(view, call.close + 1, operator):
            continue
        view.insert(view.items[start].start, "template <typename = void> ")
        view.findings.count("vector operator")


def _elementwise(view: View, opening: int, operator: str) -> bool:
    """Whether a body applies the operator to each component, and no other."""
    close = matching(view.items, opening)
    body = [view.text(k) for k in range(opening + 1, close)]
    sign = operator[0]
    others = {"+", "-", "*", "/", "%", "&", "|", "^", "?", "if", "for"} - {sign}
    components = [b for a, b in pairwise(body) if a == "."]
    signs = sum(word in (sign, sign + "=") for word in body)
    return not others & set(body) and signs * 2 == len(components) and signs > 0
