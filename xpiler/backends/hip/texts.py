"""Strings that mean CUDA at run time: modules, libraries, functions looked up by name, kernels compiled by NVRTC.

Strings are never changed; these are reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from xpiler.backends.hip.names import find_name
from xpiler.backends.hip.view import View

__all__ = ["check_strings"]

_MODULE = re.compile(r'"[^"]*\.(?:ptx|cubin|fatbin)"')
_LIBRARY = re.compile(
    r'"(?:[^"]*/)?(?:lib(?:cuda|cudart|nvrtc|cublas|cublasLt|cufft|curand|cusparse|cusolver|cudnn|nccl)\.so[.\d]*'
    r'|(?:nvcuda|cudart64_\w+|nvrtc64_\w+|cublas64_\w+)\.dll)"'
)
_OPTION = re.compile(r'"(?:--gpu-architecture=|-arch=|--?use_fast_math|-I[^"]*/cuda)[^"]*"')
_LOOKUPS = frozenset(
    [
        *("dlsym", "GetProcAddress", "cuGetProcAddress", "cuGetProcAddress_v2"),
        *("cudaGetDriverEntryPoint", "cudaGetDriverEntryPointByVersion", "LOAD_SYMBOL"),
    ]
)
_DEVICE = re.compile(r"__global__|__device__")

# The CUDA names that a device text uses and that its port would change or leave.
Uses = Callable[[bytes], Iterable[str]]


def check_strings(view: View, uses: Uses) -> None:
    """Reports at each string that a person has to look at; `uses` ports a text to see what is CUDA's in it."""
    compiles = "nvrtcCompileProgram" in view.names
    i = 0
    while i < len(view.items):
        if view.items[i].kind != "string" or view.text(i - 1) == "include":
            i += 1
            continue
        end = i + 1
        while end < len(view.items) and view.items[end].kind == "string":
            end += 1
        _check_one(view, i, compiles)
        _check_kernel(view, i, end, uses)
        i = end


def _check_one(view: View, at: int, compiles: bool) -> None:
    text = view.text(at)
    if _MODULE.fullmatch(text):
        view.report("XP5405", at, text=text)
    elif _LIBRARY.fullmatch(text):
        advice = "load ROCm's: libamdhip64.so, libhiprtc.so, libhipblas.so, ..."
        view.report("XP5407", at, text=text, what="names a library of CUDA", advice=advice)
    elif compiles and _OPTION.fullmatch(text):
        advice = "hipRTC takes --offload-arch=gfx90a, -ffast-math and paths of ROCm's headers"
        view.report("XP5407", at, text=text, what="is an option of NVRTC", advice=advice)
    elif _is_looked_up(view, at):
        row = find_name(text.strip('"'))
        if row is not None:
            advice = f'look up "{row.hip}"' if row.hip else "HIP has no such function"
            view.report("XP5407", at, text=text, what="is looked up at run time", advice=advice)


def _is_looked_up(view: View, at: int) -> bool:
    for k in range(at - 1, max(at - 8, -1), -1):
        if view.text(k) in (";", "{", "}"):
            return False
        if view.text(k) in _LOOKUPS:
            return True
    return False


def _check_kernel(view: View, first: int, end: int, uses: Uses) -> None:
    """A kernel in one or more adjacent literals that is not HIP as it stands."""
    text = "".join(_content(view.text(k)) for k in range(first, end))
    if not _DEVICE.search(text):
        return
    names = sorted(set(uses(text.encode("utf-8", "surrogateescape"))))
    if names:
        shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        view.report(
            "XP5407",
            first,
            text="a kernel compiled at run time",
            what=f"it uses {shown}",
            advice="port the text as a file of its own (xpiler translate) and put it back",
        )


def _content(literal: str) -> str:
    raw = re.fullmatch(r'(?:u8|[uUL])?R"([^()\\\s]{0,16})\((.*)\)\1"', literal, re.S)
    if raw:
        return raw[2]
    return literal.partition('"')[2].rstrip('"').replace("\\n", "\n").replace('\\"', '"')
