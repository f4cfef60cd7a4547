"""Typed smart constructors: they keep the IR's typing rules and fold literals' conversions.

`xpiler.ir.nodes` constructors trust their caller; these raise `TypeError` on a mistake of the caller's.
"""

from __future__ import annotations

import math
import struct

from xpiler.ir.functions import BUILTINS, FUNCTIONS, given_name
from xpiler.ir.nodes import (
    ARITHMETIC,
    COMPARISONS,
    LOGICAL,
    SHIFTS,
    AddressOf,
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Expr,
    Load,
    Select,
    Span,
    Unary,
    Var,
)
from xpiler.ir.types import (
    BF16,
    BOOL,
    F32,
    F64,
    I32,
    I64,
    U32,
    U64,
    Pointer,
    Scalar,
    arithmetic,
    promote,
)

__all__ = [
    "address",
    "binary",
    "boolean",
    "builtin",
    "call",
    "cast",
    "const",
    "f32",
    "i32",
    "i64",
    "load",
    "negate",
    "not_",
    "scalar_type",
    "select",
    "u32",
    "unary",
    "var",
    "wrap",
]


def wrap(value: int, type: Scalar) -> int:
    """`value` modulo 2^bits, in the range of the integer type."""
    value &= (1 << type.bits) - 1
    return value - (1 << type.bits) if type.kind == "int" and value >> (type.bits - 1) else value


def round_float(value: float, type: Scalar) -> float:
    """`value` rounded to the float type, to nearest even; overflow gives infinity."""
    if type == F64:
        return float(value)
    if type == BF16:
        return _round_bf16(value)
    code = "f" if type == F32 else "e"
    try:
        return float(struct.unpack(code, struct.pack(code, value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _round_bf16(value: float) -> float:
    """The upper half of an f32, rounded once: straight from the double, to nearest even."""
    if not math.isfinite(value) or value == 0.0:
        return float(value)
    exponent = max(math.frexp(value)[1], -125)  # below 2^-126 the step stays 2^-133
    step = math.ldexp(1.0, exponent - 8)
    rounded = round(value / step) * step
    return (
        math.copysign(math.inf, value)
        if abs(rounded) >= 2.0**128
        else math.copysign(rounded, value)
    )


def const(value: bool | int | float, type: Scalar, span: Span | None = None) -> Const:
    """A literal converted to `type` as C converts."""
    if type == BOOL:
        return Const(bool(value), type, span=span)
    if type.is_float:
        return Const(round_float(float(value), type), type, span=span)
    return Const(wrap(int(value), type), type, span=span)


def i32(value: int) -> Const:
    return const(value, I32)


def u32(value: int) -> Const:
    return const(value, U32)


def i64(value: int) -> Const:
    return const(value, I64)


def f32(value: float) -> Const:
    return const(value, F32)


def boolean(value: bool) -> Const:
    return Const(value, BOOL)


def var(name: str, type: Scalar) -> Var:
    return Var(name, type)


def builtin(name: str) -> Builtin:
    return Builtin(name, BUILTINS[name])


def given(buffer: str) -> Builtin:
    """Whether a pointer parameter is not null."""
    return Builtin(given_name(buffer), BOOL)


def scalar_type(expr: Expr) -> Scalar:
    """The scalar type of `expr`; TypeError for a register or pointer."""
    if not isinstance(expr.type, Scalar):
        raise TypeError(f"expected a scalar, got {expr.type}")
    return expr.type


def cast(type: Scalar, a: Expr, span: Span | None = None) -> Expr:
    """`(type)a`; the identity when `a` has that type, a literal when `a` is one (and the result is defined)."""
    if a.type == type:
        return a
    if isinstance(a, Const):
        v = a.value
        if not isinstance(v, float):
            return const(v, type, span or a.span)
        if type.is_float or type == BOOL:
            return const(v, type, span or a.span)
        if math.isfinite(v) and _fits(math.trunc(v), type):
            return const(math.trunc(v), type, span or a.span)
    return Cast(type, a, span=span or a.span)


def _fits(value: int, type: Scalar) -> bool:
    return wrap(value, type) == value


def binary(op: str, a: Expr, b: Expr, span: Span | None = None) -> Binary:
    """`a op b` after C's usual arithmetic conversions of the operands."""
    ta, tb = scalar_type(a), scalar_type(b)
    if op in LOGICAL:
        return Binary(op, cast(BOOL, a), cast(BOOL, b), span=span)
    if op in SHIFTS:
        return Binary(op, cast(promote(ta), a), cast(promote(tb), b), span=span)
    if op not in ARITHMETIC and op not in COMPARISONS:
        raise TypeError(f"unknown operator {op}")
    common = arithmetic(ta, tb)
    return Binary(op, cast(common, a), cast(common, b), span=span)


def unary(op: str, a: Expr, span: Span | None = None) -> Expr:
    """`-a`, `~a`, `!a` with C's promotion; the negation of a literal is a literal."""
    if op == "!":
        return Unary("!", cast(BOOL, a), span=span)
    promoted = cast(promote(scalar_type(a)), a)
    if op == "-":
        if isinstance(promoted, Const):
            return const(-promoted.value, promoted.type, span or a.span)
        return Unary("-", promoted, span=span)
    if op == "~":
        return Unary("~", promoted, span=span)
    raise TypeError(f"unknown operator {op}")


def negate(a: Expr) -> Expr:
    return unary("-", a)


def not_(a: Expr) -> Expr:
    return unary("!", a)


def select(cond: Expr, a: Expr, b: Expr, span: Span | None = None) -> Select:
    """`cond ? a : b` with both sides in their common type."""
    ta, tb = scalar_type(a), scalar_type(b)
    common = ta if ta == tb else arithmetic(ta, tb)
    return Select(cast(BOOL, cond), cast(common, a), cast(common, b), span=span)


def call(function: str, *args: Expr, span: Span | None = None) -> Call:
    """A pure function of `xpiler.ir.functions`, its arguments converted to their common type."""
    info = FUNCTIONS[function]
    if len(args) != info.arity:
        raise TypeError(f"{function} takes {info.arity} arguments, got {len(args)}")
    if info.params:
        converted = tuple(cast(t, a) for t, a in zip(info.params, args, strict=True))
    else:
        common = scalar_type(args[0])
        for arg in args[1:]:
            other = scalar_type(arg)
            common = common if common == other else arithmetic(common, other)
        if info.domain == "float" and not common.is_float:
            common = F64
        if info.domain == "int":
            common = promote(common)
            if info.name in ("popc", "brev") and common.is_signed:
                common = U64 if common.bits == 64 else U32
        converted = tuple(cast(common, a) for a in args)
    result = info.result if info.result is not None else scalar_type(converted[0])
    return Call(function, converted, result, span=span)


def load(buffer: str, elem: Scalar, *index: Expr, span: Span | None = None) -> Load:
    return Load(buffer, index, elem, span=span)


def address(buffer: str, elem: Scalar, *index: Expr, const: bool = False) -> AddressOf:
    return AddressOf(buffer, index, Pointer(elem, const))
