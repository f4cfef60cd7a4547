"""CUDA source text to HIP source text by token-exact edits: the whole of the HIP translation.

Comments, strings and formatting are never touched. What could not be translated is left as it was and
reported. Running the rewriting on its own output changes nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from pathlib import PurePath

from xpiler.backends.base import Diagnostic
from xpiler.backends.hip import calls, device, driver, generators, ptx, warp
from xpiler.backends.hip.dialect import rewrite_dialect
from xpiler.backends.hip.helpers import NAMESPACE, prelude
from xpiler.backends.hip.includes import Includes, rewrite_includes, scan_includes
from xpiler.backends.hip.names import (
    advice_on,
    error_value,
    find_name,
    first_release,
    looks_like_cuda,
)
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.overloads import rewrite_overloads
from xpiler.backends.hip.pasted import rewrite_pasted
from xpiler.backends.hip.release import check_release
from xpiler.backends.hip.rules import user_handlers
from xpiler.backends.hip.texts import check_strings
from xpiler.backends.hip.types import HANDLERS as TYPE_HANDLERS
from xpiler.backends.hip.types import rewrite_types
from xpiler.backends.hip.view import View
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.tokens import tokenize
from xpiler.records import dataclass

__all__ = ["Rewritten", "declared_names", "mentions_cuda", "rewrite", "special_note"]

# A file without any of these holds no CUDA: it is not even read as tokens.
_CUDA = re.compile(
    rb"cuda|CUDA|\bcu[A-Z]|\bCU[A-Za-z_]|\bcu(?:blas|fft|rand|sparse|solver|dnn|b\b|tensor)|make_cu"
    rb"|__(?:global|device|shared|constant|managed|launch_bounds|NVCC|nv_|shfl|ballot|any|all|syncwarp|activemask)"
    rb"|nvcuda|nvrtc|NVRTC|nvtx|NVTX|\bnv(?:ml|jpeg|_)|\bnpp|\bnccl|<<<|cooperative_groups|warpSize|texture\s*<"
    rb"|\b(?:device_|crt/|host_|builtin_|math_|sm_\d\d_|texture_|surface_|vector_|driver_|channel_|library_|common_)\w*\.h"
    rb"|\bmma\.h|\b(?:cutlass|cute|npp|cub)/"
)

_DEVICE_WORDS = frozenset(
    [
        "__global__",
        "__device__",
        "__shared__",
        "__constant__",
        "__host__",
        "__managed__",
        "threadIdx",
        "blockIdx",
        "__syncthreads",
    ]
)
_HALF = frozenset(
    [
        "half",
        "half2",
        "__half",
        "__half2",
        "__float2half",
        "__half2float",
        "__float2half_rn",
        "__hadd",
        "__hmul",
        "__hfma",
        "__half22float2",
        "__floats2half2_rn",
        "__nv_half",
    ]
)
_BF16 = frozenset(
    [
        "__nv_bfloat16",
        "nv_bfloat16",
        "__nv_bfloat162",
        "nv_bfloat162",
        "__float2bfloat16",
        "__bfloat162float",
    ]
)

_BF16_HEADER = "hip/hip_bf16.h"
_RUNTIME_HEADER = "hip/hip_runtime.h"
_C_SUFFIXES = frozenset({".c"})


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`converted` and `left` count the uses of each CUDA name."""

    text: bytes
    edits: tuple[Edit, ...]
    diagnostics: tuple[Diagnostic, ...]
    converted: Mapping[str, int]
    left: Mapping[str, int]
    helpers: frozenset[str]

    @property
    def changed(self) -> bool:
        return bool(self.edits)


def mentions_cuda(source: bytes) -> bool:
    """Whether the bytes hold anything that could be CUDA."""
    return _CUDA.search(source) is not None


_SPECIAL = {
    "warpSize": "32 on wavefronts of 64",
    "__CUDA_ARCH__": "__HIP_DEVICE_COMPILE__ (asked for), XPILER_CUDA_ARCH (compared)",
    "nvcuda": f"{NAMESPACE} (fragment helper)",
    "__launch_bounds__": "__launch_bounds__ with wavefronts per SIMD",
    "cub": "hipcub",
}


def special_note(name: str) -> str:
    """What becomes of a name that a rule of its own handles; empty for any other."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name.startswith("__shfl"):
        return f"{name.removesuffix('_sync')}(value, lane, 32)"
    return f"{NAMESPACE} helper or explicit form" if name in warp.HANDLERS else ""


def declared_names(source: bytes) -> frozenset[str]:
    """Names that a file declares itself and that CUDA's tables or prefixes would claim."""
    view = View(tokenize(source), "", HipOptions())
    return frozenset(n for n in view.own if find_name(n) is not None or looks_like_cuda(n))


def rewrite(source: bytes, file: str, options: HipOptions) -> Rewritten:
    """The HIP form of a CUDA file. Total: any bytes have one."""
    if not mentions_cuda(source) and not options.include_renames:
        return Rewritten(source, (), (), {}, {}, frozenset())
    view = View(tokenize(source), file, options)
    includes = scan_includes(view)
    present = rewrite_includes(view, includes)
    handlers: dict[str, warp.Handler] = {
        **warp.HANDLERS,
        **calls.HANDLERS,
        **device.HANDLERS,
        **driver.HANDLERS,
        **ptx.HANDLERS,
        **TYPE_HANDLERS,
        **user_handlers(options.rules),
    }
    calls.group_algorithms(view)
    rewrite_dialect(view)
    rewrite_overloads(view)
    rewrite_types(view)
    driver.rewrite_device_pointers(view)
    rewrite_pasted(view)
    _rewrite_names(view, handlers)
    check_strings(view, lambda text: _uses(text, options))
    generators.check_generators(view)
    _find_hazards(view)
    _add_includes(view, includes, present)
    if options.annotate:
        _annotate(view)
    edits = _without_nested(view.findings.edits)
    edits += _continuations(source, edits)
    found = view.findings
    return Rewritten(
        apply(source, edits),
        tuple(edits),
        tuple(
            sorted(
                found.diagnostics, key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0)
            )
        ),
        dict(found.converted),
        dict(found.left),
        frozenset(found.helpers),
    )


def _rewrite_names(view: View, handlers: Mapping[str, Callable[[View, int], bool]]) -> None:
    taken = view.findings.taken
    for i, token in enumerate(view.items):
        if token.kind != "name" or i in taken:
            continue
        handler = handlers.get(token.text)
        if handler is not None and handler(view, i):
            continue
        _rename(view, i)


def _uses(text: bytes, options: HipOptions) -> tuple[str, ...]:
    """CUDA names of a device text that HIP's own compiler would not take."""
    result = rewrite(text, "", options)
    return (*result.converted, *result.left)


def _rename(view: View, at: int) -> None:
    name = view.text(at)
    row = find_name(name)
    if row is None and not looks_like_cuda(name):
        return
    if view.is_member(at) or name in view.own or name in view.options.own:
        return
    status = error_value(name)
    if status is not None and (row is None or not row.hip):
        view.replace(at, f"(({status.type}){status.number})")
        view.report("XP5109", at, name=name)
        view.findings.count(name)
        return
    if row is None:
        if view.is_variable(name):
            return
        view.report("XP5102", at, hint=advice_on(name), name=name)
        view.findings.left[name] = view.findings.left.get(name, 0) + 1
    elif not row.hip:
        view.report("XP5101", at, hint=advice_on(name), name=name, library=row.library)
        view.findings.left[name] = view.findings.left.get(name, 0) + 1
    elif row.hip != name:
        if at not in view.findings.taken:
            view.replace(at, row.hip)
        view.findings.count(name)
    if row is not None and row.hip:
        check_release(view, at, row.hip, row.since)


_VOLATILE_SHARED = re.compile(rb"volatile\s+\w+\s*\*|volatile\s+__shared__|__shared__\s+volatile")


def _find_hazards(view: View) -> None:
    """What compiles on AMD but may mean something else there."""
    if "__shared__" in view.names and _VOLATILE_SHARED.search(view.tokens.source):
        for i in view.positions("volatile"):
            near = {view.text(j) for j in range(max(0, i - 3), min(len(view.items), i + 5))}
            if "asm" not in near and ("__shared__" in near or "*" in near):
                view.report("XP5205", i)
                break
    for i in view.positions("atomicCAS"):
        window = [view.text(j) for j in range(max(0, i - 4), i)]
        if "while" in window and view.text(i + 1) == "(":
            call = view.call(i)
            if call is not None and view.text(call.close + 1) in (")", "!=", "=="):
                view.report("XP5206", i)


def _add_includes(view: View, includes: Includes, present: set[str]) -> None:
    names = view.names
    c_file = PurePath(view.file).suffix in _C_SUFFIXES
    needed: list[str] = []
    touched = bool(view.findings.converted) or bool(names & _DEVICE_WORDS)
    runtime = {_RUNTIME_HEADER, "hip/hip_runtime_api.h"}
    if (
        touched
        and not present & (runtime if c_file else {_RUNTIME_HEADER})
        and (names & _DEVICE_WORDS or _uses_runtime(view))
    ):
        needed.append("hip/hip_runtime_api.h" if c_file else _RUNTIME_HEADER)
    if names & _BF16 and _BF16_HEADER not in present:
        view.findings.headers.add(_BF16_HEADER)
        first = next(i for i, token in enumerate(view.items) if token.text in _BF16)
        check_release(view, first, f"<{_BF16_HEADER}>", first_release(_BF16_HEADER))
    if names & _HALF - view.own and names & _DEVICE_WORDS:
        view.findings.headers.add("hip/hip_fp16.h")
    needed += sorted(h for h in view.findings.headers if h not in present)
    newline = "\r\n" if b"\r\n" in view.tokens.source[:4096] else "\n"
    if needed:
        text = "".join(f"#include <{h}>{newline}" for h in needed)
        view.findings.edits.insert(0, Edit(includes.top_at, includes.top_at, text))
    if not view.findings.helpers:
        return
    at = includes.prelude_at
    source = view.tokens.source
    lead = newline if at == len(source) and source and not source.endswith(b"\n") else ""
    if view.options.helper_header:
        view.insert(at, f'{lead}#include "{view.options.helper_header}"{newline}')
    else:
        view.insert(at, lead + prelude(view.findings.helpers, newline))


def _annotate(view: View) -> None:
    """Errors and warnings as comment lines above their statements' lines, each once."""
    source = view.tokens.source
    newline = "\r\n" if b"\r\n" in source[:4096] else "\n"
    starts: dict[int, int] = {}
    for token in view.items:
        if token.directive >= 0:
            starts.setdefault(token.directive, token.start)
    directive_at = {
        view.tokens.lines.at(t.start)[0]: starts[t.directive]
        for t in view.items
        if t.directive >= 0
    }
    for diagnostic in view.findings.diagnostics:
        if diagnostic.severity == "note" or diagnostic.span is None:
            continue
        line = diagnostic.span.line
        first = directive_at.get(line, view.tokens.lines.start_of(line))
        at = source.rfind(b"\n", 0, first) + 1
        text = f"// {diagnostic.code}: {diagnostic.message}"
        if text.replace("\\", "") in _annotations_above(source, at):
            continue
        view.insert(at, text.replace("\\", "").replace("\n", " ") + newline)


def _annotations_above(source: bytes, at: int) -> str:
    """The lines that an earlier run put above the line at byte `at`."""
    first = at
    while first > 0:
        start = source.rfind(b"\n", 0, first - 1) + 1
        if not source[start:first].startswith(b"// XP"):
            break
        first = start
    return source[first:at].decode("utf-8", "replace")


def _uses_runtime(view: View) -> bool:
    """Whether a converted name comes from the runtime, which nvcc includes by itself."""
    return any(
        (row := find_name(name)) is not None and row.library == "runtime"
        for name in view.findings.converted
    )


_CONTINUED = re.compile(rb"(?<=[^ \t\r\n])( +)\\\r?(?:\n|\Z)")


def _continuations(source: bytes, edits: list[Edit]) -> list[Edit]:
    """Blanks before the backslashes of a macro's lines, so that a column of backslashes stays one."""
    by_line: dict[int, list[Edit]] = {}
    for edit in edits:
        by_line.setdefault(source.rfind(b"\n", 0, edit.start_byte) + 1, []).append(edit)
    moved: list[Edit] = []
    for start, changes in by_line.items():
        stop = source.find(b"\n", start)
        line_end = len(source) if stop < 0 else stop + 1
        blanks = _CONTINUED.search(source, start, line_end)
        inside = all(e.end_byte < line_end and "\n" not in e.text for e in changes)
        if blanks is None or not inside or any(e.end_byte > blanks.start() for e in changes):
            continue
        grown = sum(len(e.text.encode()) - (e.end_byte - e.start_byte) for e in changes)
        width = max(1, len(blanks[1]) - grown)
        if grown and (len(blanks[1]) > 1 or _in_column(source, start, blanks.end(1))):
            moved.append(Edit(blanks.start(1), blanks.end(1), " " * width))
    return moved


def _in_column(source: bytes, start: int, at: int) -> bool:
    """Whether the backslash at byte `at` stands below or above another one in its column."""
    above = source.rfind(b"\n", 0, max(start - 1, 0)) + 1
    below = source.find(b"\n", at) + 1
    places = (line + at - start for line in (above, below) if line != start)
    return any(source[p : p + 1] == b"\\" and source[p + 1 : p + 2] in b"\r\n" for p in places)


def _without_nested(edits: list[Edit]) -> list[Edit]:
    """Edits without duplicates and without those that stand inside a larger one."""
    kept: list[Edit] = []
    end = -1

    insertions = [e for e in edits if e.start_byte == e.end_byte]
    replacements = sorted(
        {e: None for e in edits if e.start_byte < e.end_byte},
        key=lambda e: (e.start_byte, -e.end_byte),
    )
    for edit in replacements:
        if edit.start_byte >= end:
            kept.append(edit)
            end = edit.end_byte
    inside = [(e.start_byte, e.end_byte) for e in kept]
    starts = [start for start, _ in inside]
    for edit in dict.fromkeys(insertions):
        i = bisect_left(starts, edit.start_byte) - 1
        if i < 0 or inside[i][1] <= edit.start_byte:
            kept.append(edit)
    return kept
