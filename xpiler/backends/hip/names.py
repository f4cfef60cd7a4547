"""What HIP calls a CUDA name. The tables are data (`tables/`); `tables/generate.py` derives them."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from pathlib import Path

from xpiler.records import dataclass

__all__ = [
    "ErrorValue",
    "Header",
    "Name",
    "advice_on",
    "close_name",
    "error_value",
    "find_header",
    "find_name",
    "first_release",
    "is_rocm_header",
    "looks_like_cuda",
    "search_names",
]

TABLES = Path(__file__).parent / "tables"

# Names that only CUDA's libraries have; `cuda`/`cu` need an upper-case letter to be one.
_LOOKS_LIKE_CUDA = re.compile(
    r"(?:cuda[A-Z]\w*|CUDA_[A-Z]\w*|CU_[A-Z]\w*|cu(?:Ctx|Device|Module|Mem|Launch|Stream|Event|Func|Graph|Link|Tex"
    r"|Surf|Array|Driver|Param|Occupancy|Get|Ipc)[A-Z]\w*|CU(?:device|context|module|function|stream|event"
    r"|result|array|texref|graph)\w*|cublas[A-Z]\w*|CUBLAS\w*_\w+|cufft[A-Z]\w*|CUFFT_\w+|curand[A-Z_]\w*|CURAND_\w+"
    r"|cusparse[A-Z]\w*|CUSPARSE_\w+|cusolver[A-Z]\w*|CUSOLVER_\w+|cudnn[A-Z]\w*|CUDNN_\w+|nvrtc[A-Z]\w*|NVRTC_\w+"
    r"|nvml[A-Z]\w*|NVML_\w+|NVTX_[A-Z]\w*|npp[a-z]*[A-Z]\w*|nvtx[A-Z]\w*|cutensor[A-Z]\w*|nvjpeg[A-Z]\w*|__nv_\w+"
    r"|__nvvm_\w+|__cluster_dims__|__grid_constant__|__nv_pure__)"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A row of the table. `hip` is empty when HIP has no such thing; `since` is a ROCm release or empty."""

    cuda: str
    hip: str
    since: str
    library: str
    kind: str


@dataclass(frozen=True, slots=True)
class Header:
    """A header's counterpart: `hip` empty and `advice` empty when nothing needs to be included."""

    cuda: str
    hip: str
    since: str
    advice: str


@cache
def _names() -> dict[str, list[str]]:
    # A table of its own, kept by hand: cuDNN's and MIOpen's names follow no rule.
    table: dict[str, list[str]] = json.loads((TABLES / "names.json").read_text())
    dnn = tomllib.loads((TABLES / "miopen.toml").read_text())
    for section, rows in dnn.items():
        kind = "function" if section == "differs" else section
        table.update({name: [row[0], row[1], "dnn", kind] for name, row in rows.items()})
    return table


@cache
def _errors() -> dict[str, int]:
    table: dict[str, int] = json.loads((TABLES / "errors.json").read_text())
    return table


@cache
def _headers() -> dict[str, dict[str, str]]:
    return tomllib.loads((TABLES / "headers.toml").read_text())


def find_name(name: str) -> Name | None:
    """The table's row for a CUDA name; a versioned one (`cublasSgemm_v2`) is what its base is."""
    row = _names().get(name)
    if (row is None or not row[0]) and name.endswith("_v2"):
        row = _names().get(name[:-3], row)
    return None if row is None else Name(name, *row)


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """A number of HIP's type `type` that no HIP call returns."""

    type: str
    number: int


# cuFFT's results that hipFFT lacks, with cuFFT's numbers (its manual, "cufftResult"): hipFFT's end at 16
# and leave these free.
_FFT_RESULTS = {
    "CUFFT_LICENSE_ERROR": 15,
    "CUFFT_MISSING_DEPENDENCY": 17,
    "CUFFT_NVRTC_FAILURE": 18,
    "CUFFT_NVJITLINK_FAILURE": 19,
    "CUFFT_NVSHMEM_FAILURE": 20,
}


def error_value(name: str) -> ErrorValue | None:
    """What stands for a CUDA error code without counterpart; None for other names."""
    if name in _FFT_RESULTS:
        return ErrorValue("hipfftResult", _FFT_RESULTS[name])
    number = _errors().get(name)
    return None if number is None else ErrorValue("hipError_t", number)


def first_release(header: str) -> str:
    """The ROCm release that first had a header of HIP; empty where the table doesn't say."""
    return _headers()["since"].get(header, "")


@cache
def _advice() -> tuple[tuple[re.Pattern[str], str], ...]:
    rows = tomllib.loads((TABLES / "advice.toml").read_text())["advice"]
    return tuple((re.compile(row["names"]), row["do"]) for row in rows)


def advice_on(name: str) -> str:
    """What to do about a name without HIP counterpart; empty where there is nothing to say but the general."""
    return next((do for names, do in _advice() if names.fullmatch(name)), "")


def search_names(part: str) -> tuple[Name, ...]:
    """Rows whose CUDA or HIP name contains `part`, whatever the case."""
    wanted = part.lower()
    return tuple(
        Name(name, *row)
        for name, row in _names().items()
        if wanted in name.lower() or wanted in row[0].lower()
    )


def close_name(name: str) -> str:
    """The CUDA name that is spelt almost like `name`; empty if none is."""
    from difflib import get_close_matches

    # names of about this length that begin alike: comparing all 10,000 takes a second
    likely = [n for n in _names() if n[:4] == name[:4] and abs(len(n) - len(name)) <= 2]
    return next(iter(get_close_matches(name, likely, n=1, cutoff=0.8)), "")


def looks_like_cuda(name: str) -> bool:
    """Whether a name that the table doesn't know is spelt as CUDA's libraries spell theirs."""
    return _LOOKS_LIKE_CUDA.fullmatch(name) is not None


def find_header(path: str) -> Header | None:
    """The counterpart of an `#include`d path, or None when it isn't one of CUDA's."""
    tables = _headers()
    exact = tables["headers"].get(path)
    if exact is not None:
        return Header(path, exact, tables["since"].get(exact, ""), "")
    if path in tables["missing"]:
        return Header(path, "", "", tables["missing"][path])
    for folder, hip in tables["moved"].items():
        if path.startswith(folder):
            return Header(path, hip + path[len(folder) :], "", "")
    for folder, header in tables["folders"].items():
        if path.startswith(folder):
            return Header(path, header, tables["since"].get(header, ""), "")
    for prefix, advice in tables["missing"].items():
        if prefix.endswith("/") and path.startswith(prefix):
            return Header(path, "", "", advice)
    return None


def is_rocm_header(path: str) -> bool:
    """Whether an include is one of those that ports of CUDA's headers lead to."""
    tables = _headers()
    return path in {*tables["headers"].values(), *tables["folders"].values()}
