"""Doubles: an MLU has none. Arithmetic that gives the same result in float is done there, the rest is refused.

`(f32)((f64)x op (f64)y)` of floats x, y equals `x op y` for +, -, *, / and sqrt: a double has more than twice the
bits of a float and two to spare, so rounding twice rounds as once does (Figueroa, 1995). Comparisons are exact.

A longer expression between floats (`y = x * 0.5 + 1.0`, literals that lack their `f`) is done in float: each of its
operations then rounds to float, and verification judges whether the result is accurate enough. Variables in double
become pairs of floats (`pairs.py`); parameters and arrays in double are refused.
"""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import Final

from xpiler.backends.bang.passes.pairs import in_pairs
from xpiler.ir.build import round_float
from xpiler.ir.nodes import (
    COMPARISONS,
    Alloc,
    Binary,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    Kernel,
    Module,
    Select,
    Span,
    Unary,
)
from xpiler.ir.types import F32, F64, Pointer, Scalar
from xpiler.ir.walk import declared, expressions, map_block, statements, subexpressions
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass, Unsupported

__all__ = ["DOUBLES"]

_CODE: Final = "XP3101"
_SWAPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NORMAL: Final = 2.0**-126
_HINT: Final = "use float: MLUs have no double-precision arithmetic"


def _rewrite(module: Module, context: Context) -> Outcome:
    del context
    kernel = module.kernels[0]
    for g in module.globals:
        if g.elem == F64:
            return Unsupported(_CODE, f"{g.name} holds doubles", g.span, _HINT)
    for p in kernel.params:
        if p.type == F64 or (isinstance(p.type, Pointer) and p.type.elem == F64):
            return Unsupported(_CODE, f"parameter {p.name} is double", p.span, _HINT)
    if not any(True for _ in _doubles(kernel)):
        return NotApplicable("no double in the kernel")
    body = map_block(kernel.body, lambda s: (s,), _narrow)
    narrowed = replace(kernel, body=body)
    if left := _doubles(narrowed):
        names = {p.name for p in kernel.params} | {g.name for g in module.globals}
        pairs = in_pairs(body, names | set(declared(body)))
        if pairs is None:
            what, span = left[0]
            return Unsupported(_CODE, f"double precision: {what}", span or kernel.span, _HINT)
        paired = replace(kernel, body=pairs)
        notes = ("variables in double are pairs of floats",)
        return Applied(replace(module, kernels=(paired,)), notes)
    return Applied(
        replace(module, kernels=(narrowed,)), ("doubles that float represents are floats",)
    )


def _doubles(kernel: Kernel) -> list[tuple[str, Span | None]]:
    found: list[tuple[str, Span | None]] = []
    for stmt in statements(kernel.body):
        if isinstance(stmt, Declare) and stmt.type == F64:
            found.append((f"variable {stmt.name}", stmt.span))
        if isinstance(stmt, Alloc) and stmt.elem == F64:
            found.append((f"array {stmt.name}", stmt.span))
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if sub.type == F64:
                    found.append(("an operation", sub.span or stmt.span))
    return found


def _exact(expr: Expr) -> Expr | None:
    """The float that a double expression is exactly equal to."""
    match expr:
        case Cast(type=t, a=a) if t == F64 and a.type == F32:
            return a
        case Cast(type=t, a=a) if t == F64 and _small(a.type):
            return Cast(F32, a)
        case Const(value=float(v), type=t) if t == F64 and round_float(v, F32) == v:
            return Const(v, F32, span=expr.span)
        case Unary(op="-", a=a) if expr.type == F64:
            inner = _exact(a)
            return None if inner is None else Unary("-", inner)
        case _:
            return None


def _small(type_: object) -> bool:
    return isinstance(type_, Scalar) and (not type_.is_float) and type_.bits <= 16


def _narrow(expr: Expr) -> Expr:
    match expr:
        case Cast(type=t, a=a) if t == F32 and a.type == F64:
            return _once(a) or _in_float(a) or expr
        case Cast(type=t, a=a) if a.type == F64 and t != F32:
            inner = _exact(a)
            return expr if inner is None else Cast(t, inner, span=expr.span)
        case Binary(op=op, a=a, b=b) if op in COMPARISONS and a.type == F64:
            x, y = _exact(a), _exact(b)
            if x is not None and y is not None:
                return Binary(op, x, y, span=expr.span)
            return _against_literal(op, a, b) or expr
        case _:
            return expr


def _against_literal(op: str, a: Expr, b: Expr) -> Expr | None:
    """`x < 0.1` for a float x: the same floats lie below 0.1 as at or below the largest float under it."""
    if isinstance(a, Const):
        a, b, op = b, a, _SWAPPED.get(op, op)
    x = _exact(a)
    if x is None or not isinstance(b, Const) or op not in _SWAPPED:
        return None
    value = float(b.value)
    below = round_float(value, F32)
    if not math.isfinite(below) or abs(below) < _NORMAL:
        return None
    if below > value:
        below = _next_down(below)
    return Binary("<=" if op[0] == "<" else ">", x, Const(below, F32), span=b.span)


def _next_down(value: float) -> float:
    """The next smaller float of 32 bits; `value` is a normal one."""
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    (down,) = struct.unpack("<f", struct.pack("<i", bits + (1 if value < 0 else -1)))
    return float(down)


def _mentions(expr: Expr) -> bool:
    return any(s.type == F64 for s in subexpressions(expr))


def _in_float(a: Expr) -> Expr | None:
    """A double expression of floats and literals with each operation in float; None if it has other parts."""
    match a:
        case Cast(type=t, a=x) if t == F64 and isinstance(x.type, Scalar) and not x.type.is_float:
            return Cast(F32, x)
        case Const(value=float(v), type=t) if t == F64:
            near = round_float(v, F32)
            return Const(near, F32, span=a.span) if math.isfinite(near) else None
        case Unary(op="-", a=x) if a.type == F64:
            p = _in_float(x)
            return None if p is None else Unary("-", p)
        case Binary(op=op, a=x, b=y) if op in ("+", "-", "*", "/"):
            p, q = _in_float(x), _in_float(y)
            return None if p is None or q is None else Binary(op, p, q, span=a.span)
        case Select(cond=cond, a=x, b=y) if not _mentions(cond):
            p, q = _in_float(x), _in_float(y)
            return None if p is None or q is None else Select(cond, p, q, span=a.span)
        case Call(function=f, args=args):
            parts = [p for p in map(_in_float, args) if p is not None]
            if len(parts) != len(args):
                return None
            return Call(f, tuple(parts), F32, span=a.span)
        case _:
            return _exact(a)


def _once(a: Expr) -> Expr | None:
    """The float that rounding the double `a` gives, by one float operation."""
    exact = _exact(a)
    if exact is not None:
        return exact
    match a:
        case Binary(op=op, a=x, b=y) if op in ("+", "-", "*", "/"):
            p, q = _exact(x), _exact(y)
            return None if p is None or q is None else Binary(op, p, q, span=a.span)
        case Call(function="sqrt" | "fabs" | "floor" | "ceil" as f, args=(x,)):
            p = _exact(x)
            return None if p is None else Call(f, (p,), F32, span=a.span)
        case _:
            return None


DOUBLES: Final = Pass(
    name="doubles",
    group="scalar",
    before="y = (f32)((f64)x * 0.5);",
    after="y = x * 0.5f;",
    rewrite=_rewrite,
    required=True,
)
