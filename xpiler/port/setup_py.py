"""setup.py with PyTorch's CUDAExtension: it builds for ROCm as it is; flags and sources change."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xpiler.port.cmake import BuildEdit, Built

__all__ = ["port_setup"]

_STRING = re.compile(r"(['\"])((?:(?!\1)[^\\\n]|\\.)*)\1")
_NVCC_ONLY = re.compile(
    r"--expt-\S+|--extended-lambda|-lineinfo|--ptxas-options=\S+|-Xptxas.*|-gencode.*|arch=compute_\w+,code=\w+"
    r"|-arch=sm_\w+|--threads=?\d*|-maxrregcount=\d+|--use_fast_math|-use_fast_math|--generate-line-info"
)


def port_setup(source: bytes, file: str, arch: str, renamed: Mapping[str, str]) -> Built:
    """Edits strings of a setup.py that name sources and nvcc's flags."""
    del arch
    text = source.decode("utf-8", "surrogateescape")
    if not re.search(r"cuda|nvcc|\.cu\b", text, re.I):
        return Built(source, (), {})
    edit = BuildEdit(file)
    names = {path.rsplit("/", 1)[-1] for path in renamed}
    lines = text.splitlines(keepends=True)
    result = "".join(_line(line, i + 1, names, edit) for i, line in enumerate(lines))
    if re.search(r"\bCUDAExtension\b", text):
        edit.report("XP5505", text[: text.index("CUDAExtension")].count("\n") + 1, path=file)
    return Built(result.encode("utf-8", "surrogateescape"), tuple(edit.diagnostics), edit.converted)


def _line(line: str, number: int, names: set[str], edit: BuildEdit) -> str:
    if line.lstrip().startswith("#"):
        return line

    def swap(match: re.Match[str]) -> str:
        quote, body = match[1], match[2]
        base = body.rsplit("/", 1)[-1]
        if body.endswith(".cu") and (base in names or "*" in base):
            edit.count("sources")
            return f"{quote}{body[:-3]}.hip{quote}"
        if body in ("--use_fast_math", "-use_fast_math"):
            edit.count(body)
            return f"{quote}-ffast-math{quote}"
        if _NVCC_ONLY.fullmatch(body):
            edit.report(
                "XP5501",
                number,
                flag=body,
                reason=" (a define without meaning stands in its place)",
            )
            edit.count(body.split("=")[0])
            # A flag with no effect in its place: an empty string would be taken for a file name.
            return f"{quote}-DXPILER_DROPPED_FLAG{quote}"
        return match[0]

    return _STRING.sub(swap, line)
