"""A host file made from the user's: kernels replaced, device code taken out, launches rewritten, the rest as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Final

from xpiler.frontends.edits import Edit, apply, insert
from xpiler.frontends.place import Function, Global, Include, Launch, Places, find
from xpiler.records import dataclass

__all__ = ["CUDA_HEADERS", "UNNAMED_LAMBDA", "Splicing", "code_left", "splice"]

CUDA_HEADERS: Final = re.compile(
    r"(?:cuda[\w./]*|cuComplex\.h|cooperative_groups[\w./]*|device_\w+\.h|vector_(?:types|functions)\.h|host_defines\.h"
    r"|builtin_types\.h|driver_types\.h|driver_functions\.h|channel_descriptor\.h|math_(?:constants|functions)\.h"
    r"|mma\.h|crt/mma\.h|sm_\d+\w*\.h|texture_\w+\.h|nv/target|nvtx\w*/?.*"
    r"|cub/[\w./]*|curand_\w+\.h)"
)
"""The paths of headers that only exist with CUDA."""

UNNAMED_LAMBDA: Final = re.compile(r"\]\s*(?:__host__\s*)?__device__\b")
"""A device lambda that could not be made a function object, so that no kernel for it was translated."""

_SPECIFIERS: Final = re.compile(
    r"\b(?:__host__|__device__|__forceinline__|__noinline__|__managed__)\b[ \t]*"
)
_DEVICE_NAMESPACES: Final = re.compile(
    r"^[ \t]*(?:namespace\s+\w+\s*=\s*(?:::)?|using\s+namespace\s+(?:::)?|using\s+(?:\w+\s*=\s*)?(?:typename\s+)?(?:::)?"
    r"|typedef\s+(?:typename\s+)?(?:::)?)(?:cooperative_groups|nvcuda|cub|cuda)\b[^;\n]*;[ \t]*\n?",
    re.M,
)
_EXPLICIT: Final = re.compile(
    r"^[ \t]*template\s+(?P<first>[^;{}<(]*?)(?P<name>\w+)\s*<[^;{}]*>\s*\([^;{}]*\)\s*;[ \t]*\n?",
    re.M,
)
"""An explicit instance of a function template."""


@dataclass(frozen=True, slots=True)
class Splicing:
    """What to put where.

    `kernels`: by the kernel's own name in the source (without scope), the text for the place of its
    definition; a kernel that is missing here is refused: `refused` gives the text for its place.
    `declaration` gives the text for a mere declaration of a kernel. `launch` gives the text for a whole
    launch expression. `include` gives the text for an include directive, None keeps it. `data` does the same for a
    `__constant__` or `__device__` variable. `behind` is what to put at bytes of the source where nothing goes.
    """

    kernels: Mapping[str, str]
    launch: Callable[[Launch], str]
    refused: Callable[[Function], str]
    declaration: Callable[[Function], str]
    include: Callable[[Include], str | None]
    data: Callable[[Global], str | None]
    behind: Mapping[int, str] = field(default_factory=dict)


def splice(source: str, plan: Splicing) -> str:
    """The new file. Functions for the device alone go, with the comment directly above them; those for host and
    device stay, without the words that only CUDA knows."""
    places = find(source)
    data = source.encode("utf-8", "surrogateescape")
    edits = [*_functions(data, places, plan), *_others(data, places, plan)]
    inside = [(e.start_byte, e.end_byte) for e in edits]
    for launch in places.launches:
        whole = launch.whole
        if not _within(whole.start, inside):
            edits.append(Edit(whole.start, whole.end, plan.launch(launch)))
    edits.extend(insert(at, f"\n{text}") for at, text in plan.behind.items())
    edits.extend(_instances(data, places, [(e.start_byte, e.end_byte) for e in edits]))
    edits.extend(_words(data, [(e.start_byte, e.end_byte) for e in edits]))
    text = apply(data, edits).decode("utf-8", "surrogateescape")
    return _LIBCUXX.sub("std::", text)


def _within(at: int, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(start <= at < end for start, end in ranges)


def _functions(data: bytes, places: Places, plan: Splicing) -> list[Edit]:
    edits = []
    placed: set[str] = set()
    for function in places.functions:
        start, end = function.whole.start, function.whole.end
        if not function.kernel:
            if not function.host:
                edits.append(Edit(*_lines(data, _comment(data, start), end), ""))
            continue
        if function.body is None:
            text = plan.declaration(function)
            edits.append(Edit(start, end, text) if text else Edit(*_lines(data, start, end), ""))
        elif function.name in placed:
            edits.append(Edit(*_lines(data, start, end), ""))
        elif function.name in plan.kernels:
            placed.add(function.name)
            edits.append(Edit(start, end, plan.kernels[function.name].rstrip("\n")))
        else:
            edits.append(Edit(start, end, plan.refused(function).rstrip("\n")))
    return edits


def _others(data: bytes, places: Places, plan: Splicing) -> list[Edit]:
    edits = []
    for include in places.includes:
        text = plan.include(include)
        found = _LIBCUXX_HEADER.fullmatch(include.path) if text == "" else None
        if found is not None:
            text = f"#include <{found[1].removeprefix('std/')}>"
        if text is not None:
            whole = include.whole
            keep = (whole.start, whole.end) if text else _line(data, whole.start, whole.end)
            edits.append(Edit(*keep, text))
    for variable in places.globals:
        text = plan.data(variable)
        if text is not None:
            edits.append(Edit(variable.whole.start, variable.whole.end, text))
    for shared in places.shared:
        # `extern __shared__ float s[];` before the kernels that use it
        if not shared.function and not shared.macro:
            edits.append(Edit(*_lines(data, shared.whole.start, shared.whole.end), ""))
    return edits


def _instances(data: bytes, places: Places, taken: list[tuple[int, int]]) -> list[Edit]:
    """Explicit instances of kernels and device functions: what they ask for stands in the kernels' place."""
    device = {f.name for f in places.functions if f.kernel or not f.host}
    return [
        Edit(match.start(), match.end(), "")
        for match in _EXPLICIT.finditer(data.decode("latin-1"))
        if (match["name"] in device or "__global__" in match["first"])
        and not _within(match.start(), taken)
    ]


# what libcu++ has of the standard library, which is host code's own
_LIBCUXX: Final = re.compile(r"(?:::)?\bcuda\s*::\s*std\s*::")
_LIBCUXX_HEADER: Final = re.compile(r"cuda/(std/\w+)")


def _words(data: bytes, taken: list[tuple[int, int]]) -> list[Edit]:
    """Words and directives that mean something to CUDA alone, outside the ranges already edited."""
    text = data.decode("latin-1")  # one character for each byte: offsets are those of the bytes
    edits = []
    for pattern in (_SPECIFIERS, _DEVICE_NAMESPACES):
        for match in pattern.finditer(text):
            if not _within(match.start(), taken) and not _in_comment(text, match.start()):
                edits.append(Edit(match.start(), match.end(), ""))
    return edits


def _in_comment(text: str, at: int) -> bool:
    line = text.rfind("\n", 0, at) + 1
    if "//" in text[line:at] or text[line:at].lstrip().startswith("#define"):
        return "//" in text[line:at]
    return text.rfind("/*", 0, at) > text.rfind("*/", 0, at)


def _comment(data: bytes, start: int) -> int:
    """Where the `//` lines that end directly above `start` begin."""
    while True:
        line = data.rfind(b"\n", 0, start) + 1
        if data[line:start].strip():
            return start
        above = data.rfind(b"\n", 0, max(line - 1, 0)) + 1
        if line == 0 or not data[above : line - 1].lstrip().startswith(b"//"):
            return start
        start = above


def _line(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The range with its line break, when it stands alone on its lines."""
    first = data.rfind(b"\n", 0, start) + 1
    last = data.find(b"\n", end)
    last = len(data) if last < 0 else last
    if data[first:start].strip() or data[end:last].strip():
        return start, end
    return first, min(last + 1, len(data))


def _lines(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The range with its line breaks and one empty line after it, when it stands alone on its lines."""
    if data[end : end + 1] == b";":
        end += 1
    first, last = _line(data, start, end)
    if (first, last) != (start, end) and data[last : last + 1] == b"\n":
        last += 1
    return first, last


def code_left(text: str) -> bool:
    """Whether anything but comments, blank space and preprocessor lines is in `text`."""
    bare = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)
    bare = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", "", bare, flags=re.M)
    return bool(bare.strip())
