"""Forms of expressions that decide how an operation is translated."""

from __future__ import annotations

import math

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Load, Var
from xpiler.ir.types import F16, F32, I8, I16, I32, U8, U16
from xpiler.ir.walk import subexpressions

__all__ = ["cancels", "extreme_of", "in_float", "power_of_two"]


def cancels(a: Expr, b: Expr, c: Expr) -> bool:
    """Whether `a * b + c` may lose what two roundings lose: c is computed, or of the same values as a and b.

    An accumulator or a coefficient is as large as the result, and rounding twice costs half a unit more.
    """
    shared = {s for x in (a, b) for s in subexpressions(x) if isinstance(s, Var | Load)}
    return any(isinstance(s, Binary | Call) or s in shared for s in subexpressions(c))


def in_float(expr: Expr) -> bool:
    """Whether float represents every value that the expression can have."""
    match expr:
        case Cast(type=type_, a=a) if type_ == I32:
            return a.type in (I8, U8, I16, U16)
        case Const(value=int(value), type=type_) if type_ == I32:
            return abs(value) <= 1 << 24
        case _:
            return expr.type in (F32, F16, I8, U8, I16, U16)


def power_of_two(value: object) -> bool:
    if not isinstance(value, float) or value == 0 or not math.isfinite(value):
        return False
    return abs(math.frexp(value)[0]) == 0.5 and 2.0**-100 < abs(value) < 2.0**100


def extreme_of(cond: Expr, a: Expr, b: Expr) -> str | None:
    """`max` or `min` where `cond ? a : b` is one (a NaN aside)."""
    if not isinstance(cond, Binary) or cond.op not in ("<", "<=", ">", ">="):
        return None
    greater = cond.op[0] == ">"
    if (cond.a, cond.b) == (a, b):
        return "max" if greater else "min"
    if (cond.a, cond.b) == (b, a):
        return "min" if greater else "max"
    return None
