"""Makefiles: nvcc to hipcc, its flags, the libraries, and the suffix of the sources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from xpiler.port.flags import BuildEdit, Built, port_flags, rename_sources

__all__ = ["port_makefile"]

_LIBRARIES = {
    "cudart": "amdhip64",
    "cudart_static": "amdhip64",
    "cuda": "amdhip64",
    "cublas": "hipblas",
    "cublasLt": "hipblaslt",
    "cufft": "hipfft",
    "curand": "hiprand",
    "cusparse": "hipsparse",
    "cusolver": "hipsolver",
    "nvrtc": "hiprtc",
    "nccl": "rccl",
    "nvToolsExt": "roctx64",
    "cudnn": "MIOpen",
    "cublas_static": "hipblas",
    "cudadevrt": "",
}
_UNKNOWN = re.compile(
    r"-l(?:nvidia-ml|cupti|npp\w*|nvjpeg\w*|culibos)\b|\b(?:sm|compute)_\d\d\w*|--?gencode\b"
    r"|\b(?:cuda-memcheck|compute-sanitizer|cuobjdump|nvdisasm|nvprof|nsys|ncu|cuda-gdb|nvlink|ptxas|fatbinary)\b"
)
# Device code in a file of its own, which a program loads by name.
_MODULE = re.compile(r"(?<![\w-])-(?:-?ptx|-?cubin|-?fatbin)(?![\w-])")


def port_makefile(source: bytes, file: str, arch: str, renamed: Mapping[str, str]) -> Built:
    """Edits a Makefile line by line; comments and recipes' layout stay."""
    text = source.decode("utf-8", "surrogateescape")
    if not re.search(r"nvcc|cuda|\.cu\b", text, re.I):
        return Built(source, (), {})
    edit = BuildEdit(file)
    lines = text.splitlines(keepends=True)
    result = "".join(_line(line, i + 1, arch, renamed, edit) for i, line in enumerate(lines))
    return Built(result.encode("utf-8", "surrogateescape"), tuple(edit.diagnostics), edit.converted)


def _line(line: str, number: int, arch: str, renamed: Mapping[str, str], edit: BuildEdit) -> str:
    code, comment = _split_comment(line)
    if not code.strip():
        return line
    new = re.sub(
        r"(^|[\s=/\"'`(:?])((?:\$[({]\w+[)}]/|/)?(?:[\w.$(){}-]+/)*)?nvcc(?=$|[\s\"'`):;&|])",
        _compiler(edit),
        code,
    )
    new = re.sub(
        r"(?<![\w-])-l(cud\w+|cublas\w*|cufft|curand|cusparse|cusolver|nvrtc|nccl|nvToolsExt)\b",
        _library(edit),
        new,
    )
    new = re.sub(
        r"\$([({])CUDA_(?:HOME|PATH|ROOT|INSTALL_PATH|DIR|TOOLKIT_PATH)([)}])/lib64\b",
        r"$\1ROCM_PATH\2/lib",
        new,
    )
    new = re.sub(
        r"\$([({])CUDA_(?:HOME|PATH|ROOT|INSTALL_PATH|DIR|TOOLKIT_PATH)([)}])",
        r"$\1ROCM_PATH\2",
        new,
    )
    new = re.sub(
        r"^(\s*(?:export\s+)?)CUDA_(?:HOME|PATH|ROOT|INSTALL_PATH|DIR|TOOLKIT_PATH)(\s*[?:]?=)",
        r"\1ROCM_PATH\2",
        new,
    )
    new = re.sub(r"(?<![\w.-])/usr/local/cuda(?:-[\d.]+)?/lib64\b", "/opt/rocm/lib", new)
    new = re.sub(r"(?<![\w.-])/usr/local/cuda(?:-[\d.]+)?\b", "/opt/rocm", new)
    new = port_flags(new, number, edit, arch)
    if _MODULE.search(new) and re.search(r"hipcc|NVCC|HIPCC", new):
        edit.report("XP5508", number, text=_MODULE.findall(new)[0])
        new = _MODULE.sub("--genco", new)
    new = rename_sources(new, renamed, edit)
    if re.match(r"\s*(?:\.SUFFIXES|\.cu)", new) or re.search(r"%\.cu\b", new):
        new = re.sub(r"\.cu\b(?!\w)(?!\.)", ".hip", new)
    if new != code:
        edit.count("lines")
    unknown = _UNKNOWN.search(new)
    if unknown:
        edit.report("XP5503", number, text=unknown[0])
    return new + comment


def _split_comment(line: str) -> tuple[str, str]:
    """Code and comment; `\\#` is no comment, and recipes may quote one."""
    quote = ""
    for i, char in enumerate(line):
        if char in "'\"" and (not quote or quote == char):
            quote = "" if quote else char
        elif char == "#" and not quote and (i == 0 or line[i - 1] != "\\"):
            return line[:i], line[i:]
    return line, ""


def _compiler(edit: BuildEdit) -> Callable[[re.Match[str]], str]:
    def swap(match: re.Match[str]) -> str:
        edit.count("nvcc")
        folder = match[2] or ""
        keep = folder if folder.startswith("$") else ""
        keep = re.sub(r"\$([({])CUDA_\w+([)}])", r"$\1ROCM_PATH\2", keep)
        return f"{match[1]}{keep}hipcc"

    return swap


def _library(edit: BuildEdit) -> Callable[[re.Match[str]], str]:
    def swap(match: re.Match[str]) -> str:
        new = _LIBRARIES.get(match[1])
        if new is None:
            return match[0]
        edit.count(match[0])
        return f"-l{new}" if new else ""

    return swap
