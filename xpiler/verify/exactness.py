"""Is a kernel's real arithmetic exact on small integers? Then every order of it gives the same bits."""

from __future__ import annotations

from typing import Final

from xpiler.ir.nodes import Binary, Call, Cast, Const, Expr, Module, Tile, TileOp, WarpOp
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, statements, subexpressions

__all__ = ["exact_on_integers"]

EXACT_FUNCTIONS: Final = frozenset(
    {"fma", "fmin", "fmax", "fabs", "floor", "ceil", "trunc", "round", "rint", "copysign"}
    | {"isnan", "isinf", "isfinite", "signbit", "fdim"}
)


def exact_on_integers(module: Module) -> bool:
    """Whether sums, products, minima and selections of integers are all that the program does with reals.

    Reals of less than 32 bits do not count as exact: their products outgrow eleven bits.
    """
    bodies = [k.body for k in module.kernels] + [f.body for f in module.functions]
    if any(c.value != int(c.value) for g in module.globals for c in g.init if _real(c)):
        return False
    for body in bodies:
        for stmt in statements(body):
            if isinstance(stmt, Tile | TileOp):
                return False
            if isinstance(stmt, WarpOp) and stmt.op == "reduce_add":
                continue
            for expr in expressions(stmt):
                if not all(_exact(sub) for sub in subexpressions(expr)):
                    return False
    return True


def _real(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_float


def _exact(expr: Expr) -> bool:
    match expr:
        case Const(value=float(value)):
            # huge literals stand for infinity in reductions by maximum
            return abs(value) > 1e30 or (abs(value) < 2**12 and value == int(value))
        case Binary(op="/", a=a):
            return not _real(a)
        case Cast(type=type_, a=a):
            return not (_real(a) and type_.bits < 32)
        case Call(function=function):
            return function in EXACT_FUNCTIONS or not any(map(_real, (expr, *expr.args)))
        case _:
            return not (_real(expr) and isinstance(expr.type, Scalar) and expr.type.bits < 32)
