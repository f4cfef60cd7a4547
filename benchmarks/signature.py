"""The C signature of a case's host function, read from its source: what a caller has to pass."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import ml_dtypes
import numpy as np

__all__ = ["DTYPES", "Parameter", "Signature", "read_signature"]

DTYPES: Final = {
    "float": np.dtype(np.float32),
    "half": np.dtype(np.float16),
    "__half": np.dtype(np.float16),
    "__nv_bfloat16": np.dtype(ml_dtypes.bfloat16),
    "int8_t": np.dtype(np.int8),
    "signed char": np.dtype(np.int8),
    "int": np.dtype(np.int32),
    "int32_t": np.dtype(np.int32),
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: `pointer` to elements of `dtype` (read only when `const`), or a value of it."""

    name: str
    dtype: np.dtype[np.generic]
    pointer: bool
    const: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """A host function. With `status` it returns an `int` that is 0 when all went well."""

    symbol: str
    parameters: tuple[Parameter, ...]
    status: bool


def read_signature(text: str, symbol: str) -> Signature:
    """The signature of `extern "C"` function `symbol`; ValueError when the source has none."""
    found = re.search(rf'extern "C"\s+(int|void)\s+{symbol}\(([^)]*)\)', text)
    if found is None:
        raise ValueError(f'no extern "C" function {symbol}')
    return Signature(
        symbol,
        tuple(_parameter(part) for part in found.group(2).split(",")),
        found.group(1) == "int",
    )


def _parameter(text: str) -> Parameter:
    found = re.fullmatch(r"\s*(const\s+)?([\w ]+?)\s*(\*?)\s*(\w+)\s*", text)
    if found is None or found.group(2) not in DTYPES:
        raise ValueError(f"parameter {text.strip()!r} has a type that the suite does not know")
    const, element, star, name = found.groups()
    return Parameter(name, DTYPES[element], bool(star), bool(const))
