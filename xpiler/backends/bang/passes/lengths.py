"""How many iterations a vector loop can have, and the loop counted from zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xpiler.ir.affine import poly, poly_to_expr
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    Const,
    Expr,
    For,
    If,
    Stmt,
    Unary,
    Var,
)
from xpiler.ir.types import I32
from xpiler.ir.walk import substitute
from xpiler.passes.bounds import bounds

__all__ = ["Counted", "counted", "longest", "positive"]

_THREADS = 1024
_FAR = 1 << 24


@dataclass(frozen=True, slots=True)
class Counted:
    """A vector loop as a body over `var` in [0, count), where `count` is at most `longest`."""

    var: str
    count: Expr
    longest: int
    body: Block
    loop: For


def counted(loop: For, locals_: Mapping[str, Expr]) -> Counted | None:
    """`loop` from zero; None when no constant bounds its length. `locals_` are the integer locals in scope."""
    if loop.type != I32 or loop.step != i32(1):
        return None
    most = longest(loop, locals_)
    if most is None:
        return None
    if loop.lo == i32(0):
        return Counted(loop.var, loop.hi, most, loop.body, loop)
    body = substitute(loop.body, {loop.var: Binary("+", loop.lo, Var(loop.var, I32))})
    return Counted(loop.var, poly_to_expr(poly(loop.hi) - poly(loop.lo), I32), most, body, loop)


def positive(stmt: Stmt) -> frozenset[str]:
    """Variables that a condition `v > 0` shows to be positive inside `stmt`."""
    match stmt:
        case If(cond=Binary(op=">", a=Var(name=name), b=Const(value=0)), orelse=()):
            return frozenset({name})
        case _:
            return frozenset()


def longest(loop: For, locals_: Mapping[str, Expr]) -> int | None:
    """The largest possible `hi - lo`, by the operands of the minimum that `hi` is."""
    found = [
        bound
        for operand in _operands(loop.hi, locals_)
        for start in _starts(loop.lo)
        if (bound := _difference(operand, start, locals_)) is not None
    ]
    return min(found) if found else None


def _starts(lo: Expr) -> list[Expr]:
    """What `lo` is at least: the operands of a maximum."""
    if isinstance(lo, Call) and lo.function == "max":
        return [s for a in lo.args for s in _starts(a)]
    return [lo]


def _operands(expr: Expr, locals_: Mapping[str, Expr]) -> list[Expr]:
    if isinstance(expr, Call) and expr.function == "min":
        return [o for a in expr.args for o in _operands(a, locals_)]
    if isinstance(expr, Var) and expr.name in locals_:
        return [expr, *_operands(locals_[expr.name], locals_)]
    return [expr]


def _difference(hi: Expr, lo: Expr, locals_: Mapping[str, Expr]) -> int | None:
    rest = poly(hi) - poly(lo)
    if rest.value is not None:
        return max(rest.value, 0)
    if lo == i32(0):
        return _most(hi, locals_)
    if len(rest.terms) == 1:
        ((monomial, factor),) = rest.terms.items()
        if len(monomial) == 1 and factor == 1:
            return _most(monomial[0], locals_)
    return None


def _most(expr: Expr, locals_: Mapping[str, Expr]) -> int | None:
    """An upper bound of an integer expression, None if it is far too large to be of use."""
    match expr:
        case Const(value=value):
            return int(value)
        case Var(name=name) if name in locals_:
            return _most(locals_[name], locals_)
        case Cast(a=a):
            return _most(a, locals_)
        case Builtin(name=name) if name.startswith("blockDim"):
            return _THREADS
        case Call(function="min", args=(a, b)):
            known = [m for m in (_most(a, locals_), _most(b, locals_)) if m is not None]
            return min(known) if known else None
        case Call(function="max", args=(a, b)):
            x, y = _most(a, locals_), _most(b, locals_)
            return None if x is None or y is None else max(x, y)
        case Binary(op="*", a=a, b=Const(value=int(n))) if n > 0:
            inner = _most(a, locals_)
            return None if inner is None else inner * n
        case Binary(op="+", a=Unary(op="-", a=b), b=a):
            return _most(Binary("-", a, b), locals_)
        case Binary(op="-", a=a, b=b):
            found = [
                _difference(o, start, locals_)
                for o in _operands(a, locals_)
                for start in _starts(b)
            ]
            known = [f for f in found if f is not None]
            return min(known) if known else _limit(expr)
        case _:
            return _limit(expr)


def _limit(expr: Expr) -> int | None:
    limits = bounds(expr, {})
    return limits[1] if limits is not None and limits[1] < _FAR else None
