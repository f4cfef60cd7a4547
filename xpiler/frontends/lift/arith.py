"""Scalar arithmetic while lifting: typed constructors that fold what is constant, and bit reinterpretation."""

from __future__ import annotations

from xpiler.frontends.host import evaluate
from xpiler.ir import build
from xpiler.ir.nodes import (
    Binary,
    Call,
    Cast,
    Const,
    Expr,
    Load,
    Span,
    Unary,
    Var,
)
from xpiler.ir.types import BF16, BOOL, F16, F32, F64, I32, I64, U8, U16, U32, U64, Scalar
from xpiler.ir.walk import subexpressions

__all__ = [
    "add",
    "binary",
    "bits_of",
    "divide",
    "from_bits",
    "has_load",
    "multiply",
    "select",
    "size",
    "unary",
    "unsigned",
    "zero",
]


def zero(type_: Scalar) -> Const:
    return build.const(0, type_)


def _folded(expr: Expr, span: Span | None) -> Expr:
    """A literal for integer arithmetic on literals; float results are left to run time's rounding."""
    type_ = expr.type
    if not isinstance(type_, Scalar) or type_.is_float:
        return expr
    value = evaluate(expr, {})
    return expr if value is None else build.const(value, type_, span)


def binary(op: str, a: Expr, b: Expr, span: Span | None = None) -> Expr:
    """`a op b` with C's conversions, folded when both are literals."""
    made = build.binary(op, a, b, span)
    if isinstance(made.a, Const) and isinstance(made.b, Const):
        return _folded(made, span)
    if op in ("&&", "||") and isinstance(made.a, Const):
        decides = bool(made.a.value) == (op == "||")
        return made.a if decides else made.b
    return made


def unary(op: str, a: Expr, span: Span | None = None) -> Expr:
    made = build.unary(op, a, span)
    if isinstance(made, Unary) and isinstance(made.a, Const):
        return _folded(made, span)
    if op == "!" and isinstance(made, Unary) and isinstance(made.a, Unary) and made.a.op == "!":
        return made.a.a
    return made


def select(cond: Expr, a: Expr, b: Expr, span: Span | None = None) -> Expr:
    cond = build.cast(BOOL, cond)
    if a == b and not has_load(cond):
        return a
    if isinstance(cond, Const):
        made = build.select(cond, a, b, span)
        return made.a if cond.value else made.b
    return build.select(cond, a, b, span)


def _is(expr: Expr, value: int) -> bool:
    return isinstance(expr, Const) and expr.value == value


def add(a: Expr, b: Expr) -> Expr:
    """The sum of two element counts, in 64 bits unless one is zero."""
    if _is(a, 0):
        return b
    if _is(b, 0):
        return a
    if isinstance(a, Const) and isinstance(b, Const):
        total = int(a.value) + int(b.value)
        return build.i32(total) if abs(total) < 1 << 31 else build.i64(total)
    a, b = build.cast(I64, a), build.cast(I64, b)
    if isinstance(b, Const) and isinstance(a, Binary) and a.op == "+" and isinstance(a.b, Const):
        return add(a.a, build.i64(int(a.b.value) + int(b.value)))
    return binary("+", a, b)


def multiply(a: Expr, factor: int) -> Expr:
    if factor == 1:
        return a
    return binary("*", build.cast(I64, a), build.i64(factor))


def divide(a: Expr, factor: int) -> Expr:
    """`a / factor` where the remainder is known to be zero; takes factors out of products and sums."""
    if factor == 1:
        return a
    exact = _exact(a, factor)
    return exact if exact is not None else binary("/", build.cast(I64, a), build.i64(factor))


def _exact(a: Expr, factor: int) -> Expr | None:
    match a:
        case Const(value=value) if int(value) % factor == 0:
            return build.const(int(value) // factor, build.scalar_type(a))
        case Binary(op="*", a=x, b=Const(value=value)) if int(value) % factor == 0:
            rest = int(value) // factor
            return x if rest == 1 else binary("*", x, build.const(rest, build.scalar_type(x)))
        case Binary(op="+", a=x, b=y):
            left, right = _exact(x, factor), _exact(y, factor)
            return None if left is None or right is None else binary("+", left, right)
        case Cast(type=type_, a=x) if type_.bits == 64:
            inner = _exact(x, factor)
            return None if inner is None else build.cast(type_, inner)
        case _:
            return None


def has_load(expr: Expr) -> bool:
    return any(isinstance(e, Load) for e in subexpressions(expr))


def size(expr: Expr) -> int:
    return sum(1 for e in subexpressions(expr) if not isinstance(e, Cast))


def unsigned(bits: int) -> Scalar:
    return {8: U8, 16: U16, 32: U32, 64: U64}[bits]


def bits_of(a: Expr) -> Expr:
    """The bits of `a` as an unsigned integer of its width."""
    type_ = build.scalar_type(a)
    if type_ == F32:
        return Call("bits_u32", (a,), U32)
    if type_ == F64:
        return Call("bits_u64", (a,), U64)
    if type_ == F16:
        return Call("bits_u16", (a,), U16)
    if type_ == BF16:
        wide = Call("bits_u32", (build.cast(F32, a),), U32)
        return build.cast(U16, binary(">>", wide, build.i32(16)))
    return build.cast(unsigned(type_.bits), a)


def from_bits(a: Expr, type_: Scalar) -> Expr:
    """The value of `type_` with the bits of the unsigned integer `a`."""
    if isinstance(a, Call) and a.function.startswith("bits_u") and a.args[0].type == type_:
        return a.args[0]
    a = build.cast(unsigned(type_.bits), a)
    if type_ == F32:
        return Call("from_bits_f32", (a,), F32)
    if type_ == F64:
        return Call("from_bits_f64", (a,), F64)
    if type_ == F16:
        return Call("from_bits_f16", (a,), F16)
    if type_ == BF16:
        high = binary("<<", build.cast(U32, a), build.i32(16))
        return build.cast(BF16, Call("from_bits_f32", (high,), F32))
    return build.cast(type_, a)


def ordinary_index(expr: Expr) -> Expr:
    """An index as it is, but never narrower than i32 or a bool."""
    type_ = build.scalar_type(expr)
    return expr if type_.is_int and type_.bits >= 32 else build.cast(I32, expr)


def reads(expr: Expr) -> frozenset[str]:
    """Names of the variables and buffers that `expr` reads."""
    return frozenset(
        e.name if isinstance(e, Var) else e.buffer
        for e in subexpressions(expr)
        if isinstance(e, Var | Load)
    )
