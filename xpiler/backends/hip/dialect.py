"""What nvcc takes and clang doesn't, apart from names: spaced launches, `register`, joined literals, headers."""

from __future__ import annotations

from pathlib import PurePath

from xpiler.backends.hip.view import View
from xpiler.frontends.tokens import matching

__all__ = ["rewrite_dialect"]

# nvcc includes <math.h> before every source, so these are there without their namespace.
_CLASSIFICATION = frozenset({"isfinite", "isnan", "isinf", "isnormal", "signbit"})

# Sources of the host's compiler keep what it takes.
_HOST_SUFFIXES = frozenset({".c", ".cc", ".cpp", ".cxx"})


def rewrite_dialect(view: View) -> None:
    """Edits for constructs of nvcc's dialect."""
    _close_launches(view)
    _register(view)
    _joined_literals(view)
    _classification(view)
    _device_launches(view)


def _close_launches(view: View) -> None:
    """`k << < a, b >> > (c)`: nvcc takes blanks inside the brackets of a launch, clang doesn't."""
    for i in range(1, len(view.items) - 1):
        if view.text(i) != "<<" or view.text(i + 1) != "<" or view.items[i - 1].kind != "name":
            continue
        close = _closing(view, i + 2)
        if close < 0:
            continue
        _join(view, i, i + 2, "<<<")
        if view.text(close) != ">>>":
            _join(view, close, close + 3, ">>>")
        view.findings.count("<<< >>>")


def _join(view: View, first: int, end: int, text: str) -> None:
    view.replace(first, text)
    start, stop = view.items[first].end, view.items[end - 1].end
    if not any(start <= a < stop for a, _ in view.tokens.comments):
        view.delete_bytes(start, stop)
    else:
        for i in range(first + 1, end):
            view.delete(i, i + 1)
    view.findings.taken.update(range(first, end))


def _closing(view: View, first: int) -> int:
    """Index of the `>>>` (one token or three) that ends a launch's configuration before its arguments."""
    depth = 0
    for i in range(first, min(first + 400, len(view.items))):
        text = view.text(i)
        if text in ("(", "[", "{"):
            depth += 1
        elif text in (")", "]", "}"):
            depth -= 1
        elif depth == 0 and _ends(view, i):
            return i
        if depth < 0 or text == ";":
            return -1
    return -1


def _ends(view: View, at: int) -> bool:
    if view.text(at) == ">>>":
        return view.text(at + 1) == "("
    return [view.text(at + k) for k in range(4)] == [">", ">", ">", "("]


def _register(view: View) -> None:
    """C++17 has no `register`; nvcc lets it pass, clang doesn't. Register variables of `asm` stay."""
    if PurePath(view.file).suffix in _HOST_SUFFIXES:
        return
    for i in view.positions("register"):
        if view.items[i].directive >= 0 or view.items[i + 1 : i + 2] == ():
            continue
        end = i
        while end < len(view.items) and view.text(end) not in (";", "{", "}", ")"):
            end += 1
        if any(view.text(k) in ("asm", "__asm__") for k in range(i, end)):
            continue
        if view.items[i + 1].kind == "name":
            view.delete(i, i + 1)


def _joined_literals(view: View) -> None:
    """`extern "C"__global__`: a word right behind a string literal is the literal's suffix to clang."""
    for i in view.positions("extern"):
        if i + 2 >= len(view.items):
            continue
        literal, word = view.items[i + 1], view.items[i + 2]
        if literal.kind == "string" and word.kind == "name" and literal.end == word.start:
            view.insert(word.start, " ")


def _classification(view: View) -> None:
    for name in sorted(_CLASSIFICATION & view.names - view.own):
        for i in view.positions(name):
            if view.text(i + 1) == "(" and view.text(i - 1) not in ("::", ".", "->"):
                view.findings.headers.add("math.h")
                return


def _device_launches(view: View) -> None:
    """Kernels that launch kernels: HIP has no such thing."""
    launches = [i for i, token in enumerate(view.items) if token.text == "<<<"]
    if not launches:
        return
    seen: set[int] = set()
    for word in ("__global__", "__device__"):
        for i in view.positions(word):
            end = i
            while end < len(view.items) and view.text(end) not in (";", "{", "="):
                end += 1
            if view.text(end) != "{" or view.items[i].directive >= 0:
                continue
            close = matching(view.items, end)
            seen.update(k for k in launches if end < k < close)
    for k in sorted(seen):
        view.report("XP5403", k)
        view.findings.left["<<<>>> in device code"] = len(seen)
