"""The numpy form of IR scalars."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from xpiler.ir.types import Scalar

__all__ = ["Array", "dtype_of", "epsilon", "mantissa_bits"]

Array = npt.NDArray[Any]


@lru_cache(maxsize=32)
def dtype_of(scalar: Scalar) -> np.dtype[Any]:
    """The numpy dtype with the scalar's memory layout (bool is one byte, bf16 comes from ml_dtypes)."""
    if scalar.name == "bf16":
        import ml_dtypes

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    if scalar.name == "bool":
        return np.dtype(np.bool_)
    kind = {"int": "i", "uint": "u", "float": "f"}[scalar.kind]
    return np.dtype(f"<{kind}{scalar.size}")


def mantissa_bits(scalar: Scalar) -> int:
    """Significant bits of a float type, the hidden one included."""
    return {"f64": 53, "f32": 24, "f16": 11, "bf16": 8}[scalar.name]


def epsilon(scalar: Scalar) -> float:
    """Distance from 1 to the next value."""
    return 2.0 ** (1 - mantissa_bits(scalar))
