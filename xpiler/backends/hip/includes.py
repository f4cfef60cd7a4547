"""`#include` lines: CUDA's headers become HIP's, and what nvcc included by itself is included."""

from __future__ import annotations

import re

from xpiler.backends.hip.names import find_header, looks_like_cuda
from xpiler.backends.hip.release import check_release
from xpiler.backends.hip.view import View
from xpiler.frontends.edits import Edit
from xpiler.records import dataclass

__all__ = ["Includes", "rewrite_includes", "scan_includes"]

_INCLUDE = re.compile(rb'\s*(?:#|%:)[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]')


@dataclass(frozen=True, slots=True)
class Include:
    """An include line: the path's bytes `start:stop` (with its quotes), token indices `first:end`, `#if` depth."""

    path: str
    quote: str
    start: int
    stop: int
    first: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class Includes:
    """All includes of a file, and where a new one goes."""

    items: tuple[Include, ...]
    guard_depth: int
    prelude_at: int
    top_at: int


def scan_includes(view: View) -> Includes:
    """Includes with their `#if` depth; the include guard's own `#ifndef` counts as no depth."""
    items = view.items
    found: list[Include] = []
    depth = 0
    guard = 0
    first_code = -1
    i = 0
    seen_directive = False
    while i < len(items):
        token = items[i]
        if token.directive < 0:
            if first_code < 0:
                first_code = token.start
            i += 1
            continue
        end = i
        while end < len(items) and items[end].directive == token.directive:
            end += 1
        word = view.text(i + 1)
        if word in ("if", "ifdef", "ifndef"):
            is_guard = (
                not seen_directive
                and first_code < 0
                and word == "ifndef"
                and view.text(end) == "#"
                and view.text(end + 1) == "define"
                and view.text(end + 2) == view.text(i + 2)
            )
            depth += 1
            guard = 1 if is_guard else guard
        elif word == "endif":
            depth = max(0, depth - 1)
        elif word in ("include", "include_next"):
            match = _INCLUDE.match(view.tokens.source, token.start)
            if match:
                path = match.group(2).decode("utf-8", "surrogateescape")
                found.append(
                    Include(
                        path, match.group(1).decode(), match.start(1), match.end(), i, end, depth
                    )
                )
        if word != "pragma":
            seen_directive = True
        i = end
    return Includes(tuple(found), guard, *_places(view, found, guard, first_code))


def _places(view: View, found: list[Include], guard: int, first_code: int) -> tuple[int, int]:
    """Bytes where helpers go (after the leading includes) and where a missing include goes."""
    leading = [
        inc for inc in found if inc.depth <= guard and (first_code < 0 or inc.start < first_code)
    ]
    if leading:
        last = view.tokens.source.find(b"\n", leading[-1].stop)
        prelude = len(view.tokens.source) if last < 0 else last + 1
        return prelude, _line_start(view, leading[0].start)
    if guard:
        at = next((t.directive for t in view.items if t.text == "define"), -1)
        last_of = [t for t in view.items if t.directive == at]
        line_end = view.tokens.source.find(b"\n", last_of[-1].end) if last_of else -1
        place = len(view.tokens.source) if line_end < 0 else line_end + 1
        return place, place
    place = _first_line(view)
    return place, place


def _first_line(view: View) -> int:
    """Before the first line that is neither a comment nor `#pragma once`."""
    for i, token in enumerate(view.items):
        if token.directive >= 0 and (
            token.text in ("#", "pragma", "once")
            and "pragma" in (token.text, view.text(i + 1), view.text(i - 1))
        ):
            continue
        return _line_start(view, token.start)
    return len(view.tokens.source)


def _line_start(view: View, at: int) -> int:
    start = view.tokens.source.rfind(b"\n", 0, at) + 1
    before = view.tokens.source[start:at]
    return start if not before.strip() or before.strip().startswith(b"#") else at


def rewrite_includes(view: View, includes: Includes) -> set[str]:
    """Edits the include lines; returns the HIP headers that the file then has (or gets elsewhere)."""
    present: set[str] = set()
    written: set[str] = set()
    user = {rule.match: rule.to for rule in view.options.rules if rule.kind == "header"}
    for include in includes.items:
        view.findings.taken.update(range(include.first, include.end))
        renamed = view.options.include_renames.get(include.path)
        if include.path in user:
            _put(view, include, user[include.path])
            continue
        if renamed is not None:
            _put(view, include, renamed, quote=include.quote)
            continue
        if include.path in view.options.local_headers:
            continue
        if include.path.startswith("hip/"):
            present.add(include.path)
            continue
        header = find_header(include.path)
        if header is None:
            present.add(include.path)
            _unknown(view, include)
            continue
        view.findings.count(f"<{include.path}>")
        if header.advice or (not header.hip and include.path.endswith("/")):
            view.findings.left[f"<{include.path}>"] = 1
            view.findings.converted.pop(f"<{include.path}>", None)
            view.report("XP5103", include.first, name=include.path, advice=f": {header.advice}")
            continue
        path = header.hip or "hip/hip_runtime.h"
        check_release(view, include.first, f"<{path}>", header.since)
        always = include.depth <= includes.guard_depth
        if path in written and always and _alone(view, include):
            # Several of CUDA's headers are one of HIP's: once is enough.
            end = view.tokens.source.find(b"\n", include.stop) + 1
            view.delete_bytes(_line_start(view, include.start), end)
            continue
        if always:
            present.add(path)
            written.add(path)
        _put(view, include, path)
        at = _line_start(view, include.start)
        before = [
            line
            for line in _BEFORE.get(path, ())
            if line != _RUNTIME or _RUNTIME_PATH not in present
        ]
        if before and view.tokens.source[at : include.start].strip().startswith(b"#"):
            newline = "\r\n" if b"\r\n" in view.tokens.source[:4096] else "\n"
            view.insert(at, newline.join((*before, "")))
    return present


def _alone(view: View, include: Include) -> bool:
    """Whether nothing else stands on the include's line, no comment either, and the line ends."""
    source = view.tokens.source
    end = source.find(b"\n", include.stop)
    before = source[source.rfind(b"\n", 0, include.start) + 1 : include.start].split()
    return end >= 0 and not source[include.stop : end].strip() and b"".join(before) == b"#include"


def _unknown(view: View, include: Include) -> None:
    """A header that no table has but that is spelt as CUDA's libraries spell theirs: `<cublasXt.h>`."""
    stem = include.path.rsplit("/", 1)[-1].partition(".")[0]
    if include.quote == "<" and looks_like_cuda(stem):
        view.findings.left[f"<{include.path}>"] = 1
        view.report("XP5103", include.first, name=include.path, advice="")


# hipBLAS 2 has cuBLAS's types of data and computation when this is defined before its header.
_BLAS_2 = ("#ifndef HIPBLAS_V2", "#define HIPBLAS_V2", "#endif")
_RUNTIME_PATH = "hip/hip_runtime.h"
_RUNTIME = f"#include <{_RUNTIME_PATH}>"
# Lines that go before a header: what CUDA's own does by itself.
_BEFORE = {
    "hipblas/hipblas.h": _BLAS_2,
    "hipblaslt/hipblaslt.h": _BLAS_2,
    "hip/hip_gl_interop.h": (_RUNTIME,),
}


def _put(view: View, include: Include, path: str, quote: str = "<") -> None:
    left, right = ("<", ">") if quote == "<" else ('"', '"')
    if path.startswith(("<", '"')):
        left = right = ""
    view.findings.edits.append(Edit(include.start, include.stop, f"{left}{path}{right}"))
