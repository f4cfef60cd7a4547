"""Arrays of 16-bit floats at an address, read and written as Python floats."""

from __future__ import annotations

import ctypes
from typing import Any

import ml_dtypes
import numpy as np

from xpiler.ir.types import F16, Scalar

__all__ = ["Halves"]


class Halves:
    """A sequence of f16 or bf16 in memory that someone else owns."""

    def __init__(self, address: int, count: int, elem: Scalar) -> None:
        self.address = address
        raw = np.ctypeslib.as_array((ctypes.c_uint16 * max(1, count)).from_address(address))
        self.view: Any = raw[:count].view(np.float16 if elem == F16 else ml_dtypes.bfloat16)

    def __len__(self) -> int:
        return len(self.view)

    def __getitem__(self, index: Any) -> Any:
        found = self.view[index]
        return [float(v) for v in found] if isinstance(index, slice) else float(found)

    def __setitem__(self, index: Any, value: Any) -> None:
        with np.errstate(over="ignore"):
            self.view[index] = value
