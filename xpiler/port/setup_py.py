"""setup.py with PyTorch's CUDAExtension: it builds for ROCm as it is; flags, libraries and sources change."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

from xpiler.port.flags import BuildEdit, Built

__all__ = ["port_setup"]

_STRING = re.compile(
    r"#[^\n]*|\"\"\".*?\"\"\"|'''.*?'''"
    r"|(?P<f>(?<!\w)[fFrRuU]{0,2})(?P<q>['\"])(?P<body>(?:(?!(?P=q))[^\\\n]|\\.)*)(?P=q)",
    re.S,
)
_SM = r"(?:sm|compute)_[\w{}.]+"
_NVCC_ONLY = re.compile(
    r"--?expt-\S+|--?extended-lambda|-?-lineinfo|--ptxas-options=\S+|-Xptxas.*|--?gen(?:erate-)?code.*"
    rf"|arch={_SM},code={_SM}|-arch={_SM}|--threads=?\d*|-t=?\d+|-?-maxrregcount=\d+|--generate-line-info"
    r"|--?diag[-_]suppress[= ].*|-Xcudafe.*|--resource-usage|-rdc=false"
)
_INSTEAD = {
    "--use_fast_math": "-ffast-math",
    "-use_fast_math": "-ffast-math",
    "-rdc=true": "-fgpu-rdc",
}
# Only where a list of libraries holds them: as words of a sentence or keys they mean something else.
_LIBRARIES = {
    "cuda": "amdhip64",
    "cudart": "amdhip64",
    "cublas": "hipblas",
    "cublasLt": "hipblaslt",
    "cufft": "hipfft",
    "curand": "hiprand",
    "cusparse": "hipsparse",
    "cusolver": "hipsolver",
    "nvrtc": "hiprtc",
    "nccl": "rccl",
    "cudnn": "MIOpen",
    "nvToolsExt": "roctx64",
}
_TOOLKIT = re.compile(r"\bCUDA_HOME\b")
_LEFT = re.compile(r"(?:.*/)?nvcc|TORCH_CUDA_ARCH_LIST|CUDA_(?:HOME|PATH)")


def port_setup(source: bytes, file: str, arch: str, renamed: Mapping[str, str]) -> Built:
    """Edits strings of a setup.py that name sources, libraries and nvcc's flags, and PyTorch's `CUDA_HOME`."""
    del arch
    text = source.decode("utf-8", "surrogateescape")
    if not re.search(r"cuda|nvcc|\.cu\b", text, re.I):
        return Built(source, (), {})
    edit = BuildEdit(file)
    starts = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    names = {path.rsplit("/", 1)[-1] for path in renamed}
    pieces: list[str] = []
    at = 0
    for match in _STRING.finditer(text):
        if match["q"] is None:
            continue
        line = bisect_right(starts, match.start())
        start, stop, new = _string(text, match, line, names, edit)
        start = max(start, at)
        pieces += [_toolkit(text, text[at:start], edit), new]
        at = stop
    pieces.append(_toolkit(text, text[at:], edit))
    if re.search(r"\bCUDAExtension\b", text):
        edit.report("XP5505", text[: text.index("CUDAExtension")].count("\n") + 1, path=file)
    result = "".join(pieces).encode("utf-8", "surrogateescape")
    return Built(result, tuple(edit.diagnostics), edit.converted)


def _toolkit(text: str, code: str, edit: BuildEdit) -> str:
    """A ROCm build of PyTorch has None for `CUDA_HOME`, and its own folder in `ROCM_HOME`."""
    if "torch.utils.cpp_extension" not in text:
        return code
    kept = [(m.start(), m.end()) for m in re.finditer(r"#[^\n]*", code)]

    def swap(match: re.Match[str]) -> str:
        if any(a <= match.start() < b for a, b in kept):
            return match[0]
        edit.count("CUDA_HOME")
        return "ROCM_HOME"

    return _TOOLKIT.sub(swap, code)


def _string(
    text: str, match: re.Match[str], line: int, names: set[str], edit: BuildEdit
) -> tuple[int, int, str]:
    """What stands for a string: the range that it replaces, and the text."""
    body, quote = match["body"], match["q"]
    base = body.rsplit("/", 1)[-1]
    wild = "*" in base or (match["f"].lower() == "f" and "{" in base)
    new = body
    if body.endswith(".cu") and (base in names or wild):
        edit.count("sources")
        new = f"{body[:-3]}.hip"
    elif body in _INSTEAD:
        edit.count(body)
        new = _INSTEAD[body]
        if new == "-fgpu-rdc":
            edit.report("XP5507", line, text=body)
    elif body in _LIBRARIES and _in_libraries(text, match.start()):
        edit.count(body)
        new = _LIBRARIES[body]
    elif _NVCC_ONLY.fullmatch(body):
        return _dropped(text, match, line, edit)
    elif _LEFT.fullmatch(body) and body != "nvcc":
        edit.report("XP5503", line, hint=_HINTS.get(base, ""), text=body)
    return match.start(), match.end(), f"{match['f']}{quote}{new}{quote}"


_HINTS = {
    "nvcc": "ask hipcc --version, or drop the check of nvcc's release",
    "TORCH_CUDA_ARCH_LIST": "a ROCm build of PyTorch reads PYTORCH_ROCM_ARCH (gfx90a;gfx942)",
}


def _in_libraries(text: str, at: int) -> bool:
    """Whether the string at `at` is in the list of a `libraries=` argument or variable."""
    opening = text.rfind("[", 0, at)
    if opening < 0 or "]" in text[opening:at]:
        return False
    return re.search(r"libraries\w*[\"']?\s*(?:\+?=|:)\s*$", text[:opening]) is not None


def _dropped(text: str, match: re.Match[str], line: int, edit: BuildEdit) -> tuple[int, int, str]:
    """A flag that goes: with its comma where it is an element of a list, else a define without meaning takes its place."""
    start, stop = match.start(), match.end()
    before = re.search(r"(.?)(\s*)\Z", text[:start], re.S)
    after = re.match(r"(\s*)(.?)", text[stop:], re.S)
    edit.count(match["body"].split("=")[0])
    if (
        before is not None
        and after is not None
        and before[1] in ("[", ",")
        and after[2] in (",", "]")
    ):
        edit.report("XP5501", line, flag=match["body"], reason="")
        if after[2] == "]":
            comma = len(text[:start].rstrip()) - 1
            return (comma if before[1] == "," else start), stop, ""
        stop += after.end()
        rest = re.match(r"[ \t]*\n", text[stop:])
        if rest is not None and "\n" in before[2]:
            return text.rindex("\n", 0, start) + 1, stop + rest.end(), ""
        blanks = re.match(r"[ \t]*", text[stop:])
        return start, stop + (blanks.end() if blanks else 0), ""
    # An empty string would be taken for a file name.
    edit.report(
        "XP5501", line, flag=match["body"], reason=" (a define without meaning stands in its place)"
    )
    return start, stop, f"{match['q']}-DXPILER_DROPPED_FLAG{match['q']}"
