"""Ranges of reals that become indices: `(int)(y * (float)h / oh)` lies where its operands say.

Only arithmetic of sizes, positions and literals is followed; what comes from memory has no range unless
guards give it one. Ends are widened a little, for the rounding of the real computation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Select, Unary, Var
from xpiler.ir.types import Scalar
from xpiler.verify.cases.interval import ANY, HUGE, Interval

if TYPE_CHECKING:
    from xpiler.verify.cases.bounds_env import Env

__all__ = ["Real", "outward", "real_range", "truncated"]

Real = tuple[float, float]
UNKNOWN: Real = (-math.inf, math.inf)
_FAR = float(1 << 40)
_SLACK = 2.0**-20  # of a value: what single precision may be off by
_DEPTH = 8

Whole = Callable[[Expr, "Env"], Interval]
Refine = Callable[["Env", Expr, bool], "Env | None"]


def outward(found: Real) -> Interval:
    """The integers round a range of reals, with an open end where it has none."""
    lo, hi = found
    return Interval(
        math.floor(lo) if abs(lo) < _FAR else -HUGE, math.ceil(hi) if abs(hi) < _FAR else HUGE
    )


def truncated(found: Real) -> Interval:
    """What `(int)x` gives for an x in the range."""
    lo, hi = found
    return Interval(
        math.trunc(lo - _slack(lo)) if abs(lo) < _FAR else -HUGE,
        math.trunc(hi + _slack(hi)) if abs(hi) < _FAR else HUGE,
    )


def _slack(end: float) -> float:
    return max(abs(end), 1.0) * _SLACK


def real_range(expr: Expr, env: Env, whole: Whole, refine: Refine) -> Real:
    """The range of a real expression; `whole` gives that of an integer one."""
    if isinstance(expr.type, Scalar) and not expr.type.is_float:
        found = whole(expr, env)
        return (
            float(found.lo) if found.lo > -_FAR else -math.inf,
            float(found.hi) if found.hi < _FAR else math.inf,
        )

    def inner(part: Expr) -> Real:
        return real_range(part, env, whole, refine)

    match expr:
        case Const(value=value):
            return float(value), float(value)
        case Var():
            return _variable(expr, env, whole, refine)
        case Cast(a=a):
            return inner(a)
        case Unary(op="-", a=a):
            lo, hi = inner(a)
            return -hi, -lo
        case Binary(op=op, a=a, b=b):
            return _arithmetic(op, inner(a), inner(b))
        case Select(cond=cond, a=a, b=b):
            sides = [(refine(env.copy(), cond, side), e) for side, e in ((True, a), (False, b))]
            found_ = [real_range(e, s, whole, refine) for s, e in sides if s is not None]
            return (min(f[0] for f in found_), max(f[1] for f in found_)) if found_ else UNKNOWN
        case Call(function=name, args=args):
            return _call(name, [inner(arg) for arg in args])
        case _:
            return UNKNOWN


def _variable(var: Var, env: Env, whole: Whole, refine: Refine) -> Real:
    known = env.values.get(var.name, ANY)
    lo = float(known.lo) if known.lo > -_FAR else -math.inf
    hi = float(known.hi) if known.hi < _FAR else math.inf
    definition = env.definitions.get(var.name)
    if definition is None or env.depth >= _DEPTH:
        return lo, hi
    env.depth += 1
    exact = real_range(definition.expr, env, whole, refine)
    env.depth -= 1
    return max(lo, exact[0]), min(hi, exact[1])


def _arithmetic(op: str, a: Real, b: Real) -> Real:
    match op:
        case "+":
            return a[0] + b[0], a[1] + b[1]
        case "-":
            return a[0] - b[1], a[1] - b[0]
        case "*":
            return _hull(a, b, lambda x, y: 0.0 if x == 0.0 or y == 0.0 else x * y)
        case "/" if b[0] > 0 or b[1] < 0:
            return _hull(a, b, lambda x, y: 0.0 if math.isinf(y) else x / y)
        case _:
            return UNKNOWN


def _hull(a: Real, b: Real, op: Callable[[float, float], float]) -> Real:
    corners = [op(x, y) for x in a for y in b]
    return min(corners), max(corners)


def _call(name: str, values: list[Real]) -> Real:
    match name, values:
        case "fmin" | "min", [a, b]:
            return min(a[0], b[0]), min(a[1], b[1])
        case "fmax" | "max", [a, b]:
            return max(a[0], b[0]), max(a[1], b[1])
        case "fabs" | "abs", [a]:
            largest = max(abs(a[0]), abs(a[1]))
            return 0.0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1])), largest
        case "floor", [a]:
            return a[0] - 1, a[1]
        case "ceil", [a]:
            return a[0], a[1] + 1
        case "round" | "rint" | "nearbyint", [a]:
            return a[0] - 0.5, a[1] + 0.5
        case "trunc", [a]:
            return min(a[0], 0.0), max(a[1], 0.0)
        case "sqrt", [a]:
            return 0.0, math.sqrt(a[1]) if 0 <= a[1] < math.inf else math.inf
        case "fma", [a, b, c]:
            return _arithmetic("+", _arithmetic("*", a, b), c)
        case "sin" | "cos" | "tanh" | "erf", _:
            return -1.0, 1.0
        case _:
            return UNKNOWN
