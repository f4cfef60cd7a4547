"""Forms of expressions that decide how an operation is translated."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from xpiler.ir.build import cast
from xpiler.ir.nodes import (
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    Load,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
)
from xpiler.ir.types import BF16, F16, F32, I8, I16, I32, U8, U16
from xpiler.ir.walk import assigned, expressions, statements, subexpressions, variables

__all__ = ["cancels", "extreme_of", "in_float", "power_of_two", "stored_at_once", "widened"]


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
        case Call(function="min" | "max" | "abs", args=args):
            return expr.type == I32 and all(in_float(a) for a in args)
        case Const(value=int(value), type=type_) if type_ == I32:
            return abs(value) <= 1 << 24
        case _:
            return expr.type in (F32, F16, BF16, I8, U8, I16, U16)


def stored_at_once(body: Block) -> Block:
    """`f32 v = e; y[i] = v;` as `y[i] = e;` where v is read nowhere else: an instruction can write to y itself."""
    out: list[Stmt] = []
    for at, stmt in enumerate(body):
        last = out[-1] if out else None
        if (
            isinstance(stmt, Store)
            and isinstance(last, Declare)
            and last.init is not None
            and isinstance(stmt.value, Var)
            and stmt.value.name == last.name
            and not any(map(partial(_mentions, last.name), (*stmt.index, *_exprs(body[at + 1 :]))))
            and last.name not in assigned(body[at + 1 :])
        ):
            stmt = replace(stmt, value=last.init)
            out.pop()
        out.append(stmt)
    return tuple(out)


def _mentions(name: str, expr: Expr) -> bool:
    return name in variables(expr)


def _exprs(body: Block) -> list[Expr]:
    return [e for s in statements(body) for e in expressions(s)]


def power_of_two(value: object) -> bool:
    if not isinstance(value, float) or value == 0 or not math.isfinite(value):
        return False
    return abs(math.frexp(value)[0]) == 0.5 and 2.0**-100 < abs(value) < 2.0**100


def extreme_of(cond: Expr, a: Expr, b: Expr) -> str | None:
    """`max` or `min` where `cond ? a : b` is one; where either is a NaN it is `b`."""
    if not isinstance(cond, Binary) or cond.op not in ("<", "<=", ">", ">="):
        return None
    greater = cond.op[0] == ">"
    if (cond.a, cond.b) == (a, b):
        return "max" if greater else "min"
    if (cond.a, cond.b) == (b, a):
        return "min" if greater else "max"
    return None


def widened(expr: Expr) -> Expr | None:
    """An operation on halves or bfloat16 as the same in float, rounded once: what mtp_372 has no instruction for.

    None for one that it has, and for what is no operation.
    """
    match expr:
        case Call(function=name, args=args) if all(a.type == expr.type for a in args):
            wide: Expr = Call(name, tuple(cast(F32, a) for a in args), F32)
        case Select(cond=cond, a=a, b=b):
            wide = Select(cond, cast(F32, a), cast(F32, b))
        case Binary(op=op, a=a, b=b) if expr.type == BF16 or op == "/":
            wide = Binary(op, cast(F32, a), cast(F32, b))
        case Unary(op="-" as op, a=a) if expr.type == BF16:
            wide = Unary(op, cast(F32, a))
        case _:
            return None
    return Cast(expr.type, wide) if expr.type in (F16, BF16) else None
