"""Seeded inputs: signed, asymmetric, of several magnitudes; integers over their whole range."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

import numpy as np

from benchmarks.cases import source
from benchmarks.model import Array, Case, Tensor
from benchmarks.signature import Signature, read_signature

__all__ = ["WIDE_TYPES", "draw", "inputs", "widened"]

WIDE_TYPES: Final = {"f": np.float64, "V": np.float64, "i": np.int64}


def inputs(case: Case, seed: int, signature: Signature | None = None) -> dict[str, Array]:
    """The case's inputs by name, in the element types of its signature; the same for the same seed."""
    signature = signature or read_signature(source(case), case.symbol)
    dtypes = {parameter.name: parameter.dtype for parameter in signature.parameters}
    rng = np.random.default_rng(zlib.crc32(f"{case.name} {seed}".encode()))
    return {
        tensor.name: draw(rng, tensor, dtypes[tensor.name])
        for tensor in case.operator.tensors(case.dims, case.style)
    }


def draw(rng: np.random.Generator, tensor: Tensor, dtype: np.dtype[np.generic]) -> Array:
    """A tensor's elements. Integers take their type's extremes (32-bit ones a range whose sums fit)."""
    if tensor.values == "index":
        return rng.integers(0, tensor.limit, tensor.shape).astype(dtype)
    if dtype.kind == "i":
        info = np.iinfo(np.int8 if dtype.itemsize == 1 else np.int16)
        values = rng.integers(info.min, info.max, tensor.shape, endpoint=True)
        flat = values.reshape(-1)
        flat[rng.integers(0, flat.size, 2)] = info.min, info.max
        return values.astype(dtype)
    return _floats(rng, tensor).astype(dtype)


def _floats(rng: np.random.Generator, tensor: Tensor) -> Array:
    if tensor.values == "positive":
        return rng.uniform(0.05, 1.5, tensor.shape)
    if tensor.values == "place":
        return rng.uniform(-0.1, 1.1, tensor.shape)
    normal = rng.standard_normal(tensor.shape)
    if tensor.values == "small":
        return 0.15 * normal + 0.02
    # Most elements near one, some a hundred times smaller, a few larger; the mean is not zero.
    magnitude = rng.choice([1.0, 0.01, 3.0], tensor.shape, p=[0.8, 0.1, 0.1])
    return np.asarray(normal * magnitude + 0.125)


def widened(values: Mapping[str, Array]) -> dict[str, Array]:
    """The inputs as the oracle takes them: float64, integers as int64."""
    return {name: array.astype(WIDE_TYPES[array.dtype.kind]) for name, array in values.items()}
