"""Scalar arithmetic with C's meaning on Python numbers: integers wrap, floats round once per operation."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import ml_dtypes
import numpy as np

from xpiler.ir.types import BOOL, F16, F32, F64, Scalar

__all__ = ["FUNCTIONS", "POISON_BITS", "convert", "divide", "modulo", "poison", "rounded"]

POISON_BITS: Final = 0x5A5A5A5A5A5A5A5A
"""What memory and variables hold before they are written."""


def rounded(value: float, type: Scalar) -> float:
    """`value` rounded to the float type, to nearest even."""
    if type == F64:
        return value
    if type == F32:
        return ctypes.c_float(value).value
    with np.errstate(over="ignore"):
        return float((np.float16 if type == F16 else ml_dtypes.bfloat16)(value))


def wrapped(value: int, type: Scalar) -> int:
    value &= (1 << type.bits) - 1
    return value - (1 << type.bits) if type.kind == "int" and value >> (type.bits - 1) else value


def convert(value: Any, type: Scalar) -> Any:
    """C's conversion; a float out of an integer's range saturates, as on a GPU."""
    if type == BOOL:
        return bool(value)
    if type.is_float:
        return rounded(float(value), type)
    if isinstance(value, float):
        if math.isnan(value):
            return 0
        low = -(1 << (type.bits - 1)) if type.kind == "int" else 0
        high = (1 << (type.bits - (type.kind == "int"))) - 1
        return high if value >= high else low if value <= low else int(value)
    return wrapped(int(value), type)


def divide(a: Any, b: Any, type: Scalar) -> Any:
    if type.is_float:
        return rounded(_float_divide(a, b), type)
    if b == 0:
        raise ZeroDivisionError("integer division by zero")
    quotient = abs(a) // abs(b)
    return wrapped(quotient if (a < 0) == (b < 0) else -quotient, type)


def _float_divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def modulo(a: int, b: int, type: Scalar) -> int:
    if b == 0:
        raise ZeroDivisionError("integer remainder by zero")
    rest = abs(a) % abs(b)
    return wrapped(-rest if a < 0 else rest, type)


def poison(type: Scalar) -> Any:
    """The value of a variable of this type before it is written."""
    if type == BOOL:
        return True
    if type.is_float:
        return rounded(-6.2598534e18 if type.bits > 16 else -203.25, type)
    return wrapped(POISON_BITS, type)


# --- functions ---------------------------------------------------------------------------------


def _guarded(f: Callable[..., float]) -> Callable[..., float]:
    def call(*args: float) -> float:
        try:
            return f(*args)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return call


def _fmin(a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else min(a, b)


def _fmax(a: float, b: float) -> float:
    return b if math.isnan(a) else a if math.isnan(b) else max(a, b)


def _log(f: Callable[[float], float]) -> Callable[[float], float]:
    return lambda x: -math.inf if x == 0 else f(x)


def _bits(value: int, bits: int) -> int:
    return value & ((1 << bits) - 1)


def _dot4(a: int, b: int, c: int, signed: bool) -> int:
    total = c
    for n in range(4):
        x, y = (a >> 8 * n) & 255, (b >> 8 * n) & 255
        if signed:
            x, y = x - ((x & 128) << 1), y - ((y & 128) << 1)
        total += x * y
    return total


_FLOATS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt,
    "rsqrt": lambda x: math.inf if x == 0 else 1.0 / math.sqrt(x),
    "cbrt": np.cbrt,
    "exp": math.exp,
    "exp2": lambda x: 2.0**x,
    "exp10": lambda x: 10.0**x,
    "expm1": math.expm1,
    "log": _log(math.log),
    "log2": _log(math.log2),
    "log10": _log(math.log10),
    "log1p": math.log1p,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "erf": math.erf,
    "erfc": math.erfc,
    "floor": lambda x: float(np.floor(x)),
    "ceil": lambda x: float(np.ceil(x)),
    "trunc": lambda x: float(np.trunc(x)),
    "rint": lambda x: float(np.rint(x)),
    "round": lambda x: math.copysign(float(np.floor(abs(x) + 0.5)), x),
    "fabs": abs,
    "pow": math.pow,
    "fmod": math.fmod,
    "atan2": math.atan2,
    "hypot": math.hypot,
    "copysign": math.copysign,
    "fmin": _fmin,
    "fmax": _fmax,
    "fdim": lambda x, y: max(x - y, 0.0),
}

_INTS: dict[str, Callable[..., int]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "popc": lambda x: x.bit_count(),
    "dp4a": lambda a, b, c: _dot4(a, b, c, True),
    "dp4a_u": lambda a, b, c: _dot4(a, b, c, False),
}


def _float_function(f: Callable[..., float]) -> Callable[..., Any]:
    guarded = _guarded(f)
    return lambda type, *args: rounded(float(guarded(*args)), type)


def _int_function(f: Callable[..., int]) -> Callable[..., Any]:
    return lambda type, *args: wrapped(int(f(*args)), type)


def _fma(type: Scalar, x: float, y: float, z: float) -> float:
    if not all(map(math.isfinite, (x, y, z))):
        return rounded(x * y + z, type)
    return rounded(float(Fraction(x) * Fraction(y) + Fraction(z)), type)


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    **{name: _float_function(f) for name, f in _FLOATS.items()},
    **{name: _int_function(f) for name, f in _INTS.items()},
    "fma": _fma,
    "isnan": lambda _, x: math.isnan(x),
    "isinf": lambda _, x: math.isinf(x),
    "isfinite": lambda _, x: math.isfinite(x),
    "signbit": lambda _, x: math.copysign(1.0, x) < 0,
    "clz": lambda _, x: 32 - _bits(x, 32).bit_length(),
    "ffs": lambda _, x: (_bits(x, 64) & -_bits(x, 64)).bit_length(),
    "brev": lambda type, x: int(f"{_bits(x, type.bits):0{type.bits}b}"[::-1], 2),
    "mulhi": lambda type, a, b: wrapped((a * b) >> type.bits, type),
}
"""Each takes the result's type, then the arguments."""
