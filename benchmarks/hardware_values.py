"""Values at which functions of a device go wrong, by element type, and how far two results are apart.

Types by letter: f float, d double, i int, u unsigned, l long long, k unsigned long long, h half, H half2, b bfloat16,
B bfloat162. Sixteen-bit floats are their bits.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.model import Array

__all__ = ["CTYPES", "DTYPES", "as_float", "corners", "distance", "tuples"]

CTYPES: Final = {
    "f": "float",
    "d": "double",
    "i": "int",
    "u": "unsigned",
    "l": "long long",
    "k": "unsigned long long",
    "h": "__half",
    "H": "__half2",
    "b": "__nv_bfloat16",
    "B": "__nv_bfloat162",
}
DTYPES: Final[Mapping[str, np.dtype[Any]]] = {
    "f": np.dtype(np.float32),
    "d": np.dtype(np.float64),
    "i": np.dtype(np.int32),
    "u": np.dtype(np.uint32),
    "l": np.dtype(np.int64),
    "k": np.dtype(np.uint64),
    "h": np.dtype(np.uint16),
    "b": np.dtype(np.uint16),
    "H": np.dtype((np.uint16, (2,))),
    "B": np.dtype((np.uint16, (2,))),
}
_REALS: Final = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 0.1, -100.3, 1e-3, 65504.0, 65520.0),
    *(np.nan, np.inf, -np.inf, 2.0**31, -(2.0**31), 2.0**32, 2.0**63, 2.0**64, 1e-40, -1e-45),
    *(
        3.4028235e38,
        -3.4028235e38,
        1.1754944e-38,
        88.7,
        -87.4,
        np.pi,
        np.pi / 2,
        0.99999994,
        1.0000001,
    ),
    *(
        8388607.5,
        16777217.0,
        3e-8,
        6e-8,
        -2.0,
        10.0,
        1e10,
        -1e10,
        2147483520.0,
        4294967040.0,
        0.3333,
    ),
    *(-0.7, 1e5, -33000.5, 127.5, -128.5, 255.5, -0.25, 20.0, -20.0, 300.0, 1e-10, 1e20, -1e-10),
)
_WORDS: Final = (
    *(
        0,
        1,
        -1,
        2,
        -2,
        7,
        31,
        32,
        33,
        -31,
        255,
        256,
        -128,
        127,
        65535,
        -32768,
        0x7FFFFFFF,
        -0x80000000,
    ),
    *(
        0x12345678,
        0x7F7F7F7F,
        -0x7F7F7F80,
        -0x00FF0100,
        0x01020304,
        0x7FFFFF80,
        -0x7FFFFFFF,
        0x3210,
        0x89AB,
        64,
    ),
    *(63, 100000, -99999, 16777217, -16777217, 0x7FFFFFBF),
)
_LONG_WORDS: Final = (
    *(
        *_WORDS,
        1 << 32,
        -(1 << 32),
        (1 << 63) - 1,
        -(1 << 63),
        (1 << 53) + 1,
        (1 << 24) + 1,
        1 << 62,
    ),
    *(0x123456789ABCDEF0, -0x123456789ABCDEF0, (1 << 63) - 513, (1 << 40) + 12345, 0xFFFFFFFF),
)
_HALVES: Final = (
    *(
        0x0000,
        0x8000,
        0x3C00,
        0xBC00,
        0x3800,
        0x7BFF,
        0xFBFF,
        0x7C00,
        0xFC00,
        0x7E00,
        0x0001,
        0x8001,
    ),
    *(
        0x0400,
        0x03FF,
        0x3555,
        0x4248,
        0x6400,
        0xE801,
        0x3BFF,
        0x3C01,
        0x7800,
        0x2E66,
        0x4900,
        0xC500,
    ),
)
_BFLOATS: Final = (
    *(
        0x0000,
        0x8000,
        0x3F80,
        0xBF80,
        0x3F00,
        0x7F7F,
        0xFF7F,
        0x7F80,
        0xFF80,
        0x7FC0,
        0x0001,
        0x8001,
    ),
    *(
        0x0080,
        0x007F,
        0x3EAB,
        0x4049,
        0x4B00,
        0xC2FF,
        0x3F7F,
        0x3F81,
        0x7F00,
        0x0100,
        0x4120,
        0xC0A0,
    ),
)
_MANY: Final = 4096


def _random(kind: str, count: int, seed: int) -> Array:
    """Bit patterns for integers, every binary exponent for floats."""
    rng = np.random.default_rng(seed)
    if kind in "fd":
        exponents = rng.uniform(-20, 20, count) if seed % 2 else rng.uniform(-125, 127, count)
        signed: Array = rng.uniform(0.5, 1, count) * rng.choice([-1, 1], count)
        values: Array = np.ldexp(signed, exponents.astype(int)).astype(DTYPES[kind])
        return values
    base = np.dtype(DTYPES[kind].base)
    return np.frombuffer(rng.bytes(count * base.itemsize), base)


def corners(kind: str) -> Array:
    """The values of a type that are combined with one another."""
    with np.errstate(over="ignore"):
        if kind in "fd":
            return np.array(_REALS).astype(DTYPES[kind])
    if kind in "iu":
        return np.array(_WORDS, np.int64).astype(DTYPES[kind])
    if kind in "lk":
        return np.array(_LONG_WORDS, np.int64).astype(DTYPES[kind])
    return np.array(_HALVES if kind in "hH" else _BFLOATS, np.uint16)


def tuples(kinds: str) -> tuple[Array, ...]:
    """Arguments for a function of these types: an array each, all of one length, a multiple of 128.

    A 16-bit argument alone takes all its values; otherwise corners in all combinations and random values.
    """
    if kinds in ("h", "b"):
        return (np.arange(1 << 16, dtype=np.uint32).astype(np.uint16),)
    lists = [corners(kind)[: None if len(kinds) < 3 else 14] for kind in kinds]
    columns = [np.array(c) for c in zip(*itertools.product(*lists), strict=True)]
    result = []
    for place, (kind, column) in enumerate(zip(kinds, columns, strict=True)):
        typed = column.astype(np.dtype(DTYPES[kind].base))
        whole = np.concatenate(
            [typed, _random(kind, _MANY, 2 * place), _random(kind, _MANY, 2 * place + 1)]
        )
        if kind in "HB":
            whole = np.stack([whole, np.roll(whole, 7 + place)], axis=1)
        result.append(_padded(whole))
    return tuple(result)


def _padded(values: Array) -> Array:
    missing = -len(values) % 128
    return np.concatenate([values, values[:missing]])


def as_float(values: Array, kind: str) -> Array:
    """The values of a floating type as float64."""
    if kind in "hH":
        return values.view(np.float16).astype(np.float64)
    if kind in "bB":
        return (values.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return values.astype(np.float64)


def distance(right: Array, got: Array, kind: str) -> Array:
    """How many values of the type lie between the two, 0 for the same and for two NaNs; integers: 0 or infinite.

    A zero of the other sign, a NaN beside a number and an infinity beside a number are infinitely far.
    """
    if kind in "iulk":
        return np.where(right == got, 0.0, np.inf)
    a, b = as_float(right, kind), as_float(got, kind)
    bits = np.dtype(f"i{right.dtype.itemsize}")
    steps = np.abs(_ordered(right.view(bits)) - _ordered(got.view(bits)))
    steps = np.where((a == 0) & (b == 0) & (np.signbit(a) != np.signbit(b)), np.inf, steps)
    steps = np.where(np.isinf(a) != np.isinf(b), np.inf, steps)
    steps = np.where(np.isnan(a) != np.isnan(b), np.inf, steps)
    return np.where(np.isnan(a) & np.isnan(b), 0.0, steps)


def _ordered(bits: Array) -> Array:
    """Bit patterns of floats as numbers that count them in order."""
    magnitude = (bits & np.iinfo(bits.dtype).max).astype(np.longdouble)
    ordered: Array = np.where(bits < 0, -magnitude, magnitude)
    return ordered


def select(
    columns: Sequence[Array], kinds: str, limits: Sequence[tuple[float, float] | None]
) -> Array:
    """Which tuples have every argument within its limits."""
    chosen = np.ones(len(columns[0]), bool)
    for column, kind, limit in zip(columns, kinds, limits, strict=False):
        if limit is not None:
            values = as_float(column, kind)
            chosen &= (values >= limit[0]) & (values <= limit[1])
    return chosen
