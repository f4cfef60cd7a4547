"""Argument values: deterministic for a kernel, a case, a shape and a seed.

The seed also chooses the style, so that three seeds already mean three different kinds of input:
asymmetric reals of mixed magnitude, the same with the other sign dominant (integers: the extremes of
the type), and small integers, on which linear kernels must agree bit for bit.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import Any

import numpy as np

from xpiler.ir.types import Scalar
from xpiler.records import dataclass
from xpiler.verify.cases.case import Concrete, ConcreteBuffer, ConcreteScalar
from xpiler.verify.run.dtypes import Array, dtype_of

__all__ = ["POISONS", "Inputs", "Style", "draw", "poisoned", "prepare", "style_of"]

# The first is a tiny number as an f32, the second a NaN as any real type; no sane kernel computes either.
POISONS: tuple[bytes, bytes] = (b"\x6d" * 8, b"\xfd\xff" * 4)

REAL_RANGE = {"f64": (-6.0, 3.0), "f32": (-6.0, 3.0), "f16": (-5.0, 0.5), "bf16": (-5.0, 0.5)}


FEW = 64
"""Up to here elements have one sign mostly, up to a quarter always: that a maximum starts at 0 shows where all is
negative."""


class Style(Enum):
    """How `auto` values are drawn."""

    MIXED = "mixed"
    OPPOSITE = "opposite"
    SMALL = "small"
    BITS = "bits"


def style_of(seed: int) -> Style:
    """The style of a seed: 0 mixed, 1 opposite, 2 small, 3 bits, then again."""
    return (Style.MIXED, Style.OPPOSITE, Style.SMALL, Style.BITS)[seed % 4]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one run starts from: an array per buffer (one element per scalar), in argument order.

    `poison` is the pattern that fills the `out` buffers; `exact` says that every real number in it is a
    small integer.
    """

    concrete: Concrete
    seed: int
    poison: int
    arrays: tuple[Array, ...]
    exact: bool

    @property
    def label(self) -> str:
        return f"{self.concrete.label}, seed {self.seed}"

    def array(self, name: str) -> Array:
        """The array of an argument; KeyError if there is none."""
        for argument, array in zip(self.concrete.arguments, self.arrays, strict=True):
            if argument.name == name:
                return array
        raise KeyError(name)


def prepare(concrete: Concrete, seed: int, poison: int = 0) -> Inputs:
    """All arguments of a run. `poison` (0 or 1) chooses the pattern of what the kernel has to write."""
    style = style_of(seed)
    arrays = tuple(
        _buffer(concrete, argument, seed, poison, style)
        if isinstance(argument, ConcreteBuffer)
        else _scalar(concrete, argument, seed, style)
        for argument in concrete.arguments
    )
    exact = style in (Style.SMALL, Style.BITS) and all(
        _integral(array)
        for argument, array in zip(concrete.arguments, arrays, strict=True)
        if not (isinstance(argument, ConcreteBuffer) and argument.role in ("out", "scratch"))
    )
    return Inputs(concrete, seed, poison, arrays, exact)


def _integral(array: Array) -> bool:
    if array.dtype.kind in "iub":
        return True
    wide = array.astype(np.float64)
    return bool(np.all(np.isfinite(wide)) and np.all(wide == np.round(wide)))


def poisoned(elem: Scalar, elements: int, poison: int) -> Array:
    """`elements` elements of a pattern that no kernel writes. bool stays 0 or 1."""
    dtype = dtype_of(elem)
    if elem.name == "bool":
        return np.full(elements, bool(poison), dtype)
    size = elements * elem.size
    pattern = POISONS[poison]
    return np.frombuffer((pattern * (size // 8 + 1))[:size], dtype).copy()


def _rng(concrete: Concrete, name: str, seed: int) -> np.random.Generator:
    text = f"{concrete.kernel}|{concrete.shape}|{name}|{seed}"
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def _buffer(
    concrete: Concrete, buffer: ConcreteBuffer, seed: int, poison: int, style: Style
) -> Array:
    if buffer.role in ("out", "scratch") and buffer.kind == "auto":
        return poisoned(buffer.elem, buffer.elements, poison)
    rng = _rng(concrete, buffer.name, seed)
    return draw(buffer.elem, buffer.elements, buffer.kind, buffer.bounds, style, rng)


def _scalar(concrete: Concrete, scalar: ConcreteScalar, seed: int, style: Style) -> Array:
    dtype = dtype_of(scalar.type)
    if scalar.value is not None:
        if scalar.type.is_int:
            wrapped = int(scalar.value) & ((1 << scalar.type.bits) - 1)
            return np.array([wrapped], f"<u{scalar.type.size}").view(dtype)
        return np.array([scalar.value], np.float64).astype(dtype)
    rng = _rng(concrete, scalar.name, seed)
    if scalar.type.is_float and scalar.kind == "auto":
        # away from 0 and 1, which hide a factor
        value = (
            float(rng.choice([2, 3, -2, -3]))
            if style in (Style.SMALL, Style.BITS)
            else (float(rng.uniform(0.3, 0.9)) + float(rng.choice([-2.0, 1.0, 2.0])))
        )
        return np.array([value], np.float64).astype(dtype)
    return draw(scalar.type, 1, scalar.kind, scalar.bounds, style, rng)


def draw(
    elem: Scalar,
    count: int,
    kind: str,
    bounds: tuple[int, ...],
    style: Style,
    rng: np.random.Generator,
) -> Array:
    """`count` values of a distribution (`xpiler.verify.cases.distribution.KINDS`)."""
    dtype = dtype_of(elem)
    match kind:
        case "auto":
            return _auto(elem, count, style, rng)
        case "mixed":
            return _mixed(elem, count, style is Style.OPPOSITE, rng)
        case "small":
            return _small(elem, count, bounds[0] if bounds else 4, rng)
        case "extremes":
            return _extremes(elem, count, rng)
        case "bits":
            return rng.integers(0, 2, count).astype(dtype)
        case "uniform":
            return _uniform(elem, count, bounds[0], bounds[1], rng)
        case "unit":
            return rng.random(count).astype(dtype)
        case "positive":
            magnitude = np.abs(_mixed(elem, count, False, rng).astype(np.float64))
            return np.maximum(magnitude, 2.0**-6 if elem.is_float else 1).astype(dtype)
        case "nonzero":
            values = _auto(elem, count, style, rng)
            # -1 goes with 0: the least number divided by it is beyond its type, a fault on CPUs
            none = np.array(0, dtype), np.array(-1).astype(dtype)
            return np.where((values == none[0]) | (values == none[1]), np.array(3, dtype), values)
        case "index":
            return rng.integers(0, max(1, bounds[0]), count).astype(dtype)
        case "forest":
            return rng.integers(0, np.clip(np.arange(count) + 1, 1, max(1, bounds[0]))).astype(
                dtype
            )
        case "permutation" if bounds:
            whole = rng.permutation(max(1, bounds[0]))
            return np.resize(whole, count).astype(dtype)
        case "permutation":
            return rng.permutation(count).astype(dtype)
        case "sorted" if bounds:
            return np.sort(rng.integers(0, max(1, bounds[0]), count)).astype(dtype)
        case "sorted":
            return np.sort(_auto(elem, count, style, rng))
        case "offsets":
            inner = np.sort(rng.integers(0, max(0, bounds[0]) + 1, max(0, count - 2)))
            whole = np.concatenate(([0], inner, [max(0, bounds[0])]))
            return whole[len(whole) - count :].astype(dtype)
        case "ones":
            return np.ones(count, dtype)
        case _:
            return np.zeros(count, dtype)


def _auto(elem: Scalar, count: int, style: Style, rng: np.random.Generator) -> Array:
    if elem.name == "bool":
        return rng.integers(0, 2, count).astype(dtype_of(elem))
    match style:
        case Style.MIXED:
            return _mixed(elem, count, False, rng)
        case Style.OPPOSITE:
            return _mixed(elem, count, True, rng) if elem.is_float else _extremes(elem, count, rng)
        case Style.SMALL:
            return _small(elem, count, 2 if elem.bits == 16 and elem.is_float else 4, rng)
        case Style.BITS:
            return rng.integers(0, 2, count).astype(dtype_of(elem))


def _mixed(elem: Scalar, count: int, opposite: bool, rng: np.random.Generator) -> Array:
    """Both signs, unequally often, so that sums do not vanish; magnitudes over several octaves."""
    few = 0.3 if count > FEW else 0.05 if count > FEW // 4 else 0.0
    negative = rng.random(count) < (1 - few if opposite else few)
    if elem.is_float:
        low, high = REAL_RANGE[elem.name]
        values: Array = np.exp2(rng.uniform(low, high, count))
        if opposite and elem.bits >= 32:
            # a few far larger ones: a softmax that forgets its maximum overflows on them
            values = np.where(rng.random(count) < 0.03, values * 32, values)
        return np.where(negative, -values, values).astype(dtype_of(elem))
    limit = min(elem.bits - 1, 12)
    whole = np.floor(np.exp2(rng.uniform(0, limit, count))).astype(np.int64)
    signed = np.where(negative, -whole, whole) if elem.is_signed else whole
    return _wrapped(signed, elem)


def _small(elem: Scalar, count: int, bound: int, rng: np.random.Generator) -> Array:
    low = 0 if elem.kind in ("uint", "bool") else -bound
    return rng.integers(low, bound + 1, count).astype(dtype_of(elem))


def _uniform(elem: Scalar, count: int, low: int, high: int, rng: np.random.Generator) -> Array:
    if elem.is_float:
        return rng.uniform(low, high, count).astype(dtype_of(elem))
    return _wrapped(rng.integers(low, max(low, high) + 1, count), elem)


def _extremes(elem: Scalar, count: int, rng: np.random.Generator) -> Array:
    """The ends of the type and their neighbours among values over its whole range."""
    if elem.is_float or elem.name == "bool":
        return _mixed(elem, count, True, rng) if elem.is_float else _small(elem, count, 1, rng)
    dtype = dtype_of(elem)
    info: Any = np.iinfo(dtype)
    low, high = int(info.min), int(info.max)
    ends = np.array([low, low + 1, high, high - 1, 0, 1, -1 if low < 0 else high // 2], dtype)
    values = rng.integers(low, high, count, dtype=dtype, endpoint=True)
    return np.where(rng.random(count) < 0.4, rng.choice(ends, count), values)


def _wrapped(values: Array, elem: Scalar) -> Array:
    return values.astype(np.int64).astype(dtype_of(elem))
