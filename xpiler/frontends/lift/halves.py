"""Halves and bfloat16, their pairs, and the constructors of short vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CStruct
from xpiler.frontends.lift.dispatch import place, scalar, value
from xpiler.frontends.lift.intrinsics import (
    INTRINSICS,
    Handler,
    binary_operator,
    converted,
    expression,
    from_bits,
    number,
    pure,
    shared_operand,
)
from xpiler.frontends.lift.memory import convert, read, snapshot, write
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.structs import struct_value
from xpiler.frontends.lift.values import Place, StructValue, Value, ValuePlace
from xpiler.ir import build
from xpiler.ir.nodes import Expr
from xpiler.ir.types import BF16, F16

__all__ = ["half_operator"]

_ASSIGNING: Final = frozenset({"+=", "-=", "*=", "/="})


def half_operator(lf: Lifter, node: Node, op: str, args: tuple[Node, ...]) -> Place | None:
    """Overloaded operators of half, bfloat16 and their pairs; None for other types."""
    if op in ("=", *_ASSIGNING) and len(args) == 2:
        target = place(lf, args[0])
        found = value(lf, args[1])
        if op != "=":
            found = _elementwise(lf, op[0], read(lf, target), found, node)
        write(lf, target, convert(lf, found, lf.ctype(args[0]), node), node)
        return target
    if op in ("++", "--") and args:
        target = place(lf, args[0])
        old = read(lf, target)
        assert isinstance(old, Expr)
        write(lf, target, arith.binary(op[0], old, number(1, old)), node)
        return target
    values = [value(lf, a) for a in args]
    if len(values) == 1 and op in ("-", "+"):
        return ValuePlace(_elementwise_unary(lf, op, values[0], node))
    if len(values) == 2 and op in ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="):
        return ValuePlace(_elementwise(lf, op, values[0], values[1], node))
    return None


def _elementwise(lf: Lifter, op: str, a: Value, b: Value, node: Node) -> Value:
    if isinstance(a, StructValue) and isinstance(b, StructValue):
        fields = tuple((n, _elementwise(lf, op, v, b.get(n), node)) for n, v in a.fields)
        return StructValue(a.ctype, fields)
    if isinstance(a, Expr) and isinstance(b, Expr):
        return arith.binary(op, a, b, node.span)
    raise lf.refuse("XP1111", f"`{op}` on these values", node)


def _elementwise_unary(lf: Lifter, op: str, a: Value, node: Node) -> Value:
    if isinstance(a, StructValue):
        fields = tuple((n, _elementwise_unary(lf, op, v, node)) for n, v in a.fields)
        return StructValue(a.ctype, fields)
    assert isinstance(a, Expr)
    return arith.unary("-", a, node.span) if op == "-" else a


def _pairwise(make: Callable[..., Expr]) -> Handler:
    """A function of pairs, applied to each half."""

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        pairs = [snapshot(lf, value(lf, a)) for a in args]
        ctype = lf.ctype(node)
        assert isinstance(ctype, CStruct)
        fields: list[Value] = []
        for name, _ in ctype.fields:
            parts = []
            for pair in pairs:
                assert isinstance(pair, StructValue)
                parts.append(pair.get(name))
            fields.append(make(*parts))
        return struct_value(ctype, fields)

    return handler


def _make(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """`make_float4(a, b, c, d)`, `__halves2half2(a, b)`, `__floats2half2_rn(a, b)`."""
    ctype = lf.ctype(node)
    assert isinstance(ctype, CStruct)
    values = [
        convert(lf, value(lf, a), t, node) for a, (_, t) in zip(args, ctype.fields, strict=True)
    ]
    return struct_value(ctype, values)


def _broadcast(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    ctype = lf.ctype(node)
    assert isinstance(ctype, CStruct)
    one = lf.temporary(scalar(lf, args[0]))
    return struct_value(ctype, [convert(lf, one, t, node) for _, t in ctype.fields])


def _fieldwise(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """`__half22float2` and its kin: convert each half."""
    pair = value(lf, args[0])
    ctype = lf.ctype(node)
    assert isinstance(ctype, CStruct)
    assert isinstance(pair, StructValue)
    values = zip((v for _, v in pair.fields), ctype.fields, strict=True)
    return struct_value(ctype, [convert(lf, v, t, node) for v, (_, t) in values])


def _component(index: int) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        pair = value(lf, args[0])
        assert isinstance(pair, StructValue)
        return convert(lf, pair.fields[index][1], lf.ctype(node), node)

    return handler


def _swapped(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    pair = value(lf, args[0])
    assert isinstance(pair, StructValue)
    return struct_value(pair.ctype, [pair.fields[1][1], pair.fields[0][1]])


_VECTORS: Final = [
    "char",
    "uchar",
    "short",
    "ushort",
    "int",
    "uint",
    "long",
    "ulong",
    "longlong",
    "ulonglong",
    "float",
    "double",
]


def _fill_halves() -> None:
    for name in ("char", *_VECTORS):
        for lanes in "1234":
            INTRINSICS[f"make_{name}{lanes}"] = _make
    for name in (
        "make_half2", "make_bfloat162", "__halves2half2", "__halves2bfloat162",
        "__floats2half2_rn", "__floats2bfloat162_rn",
    ):  # fmt: skip
        INTRINSICS[name] = _make
    for name in (
        "__half2half2",
        "__bfloat162bfloat162",
        "__float2half2_rn",
        "__float2bfloat162_rn",
    ):
        INTRINSICS[name] = _broadcast
    for name in (
        "__half22float2", "__bfloat1622float2", "__float22half2_rn", "__float22bfloat162_rn",
    ):  # fmt: skip
        INTRINSICS[name] = _fieldwise
    for name in ("__low2half", "__low2float", "__low2bfloat16"):
        INTRINSICS[name] = _component(0)
    for name in ("__high2half", "__high2float", "__high2bfloat16"):
        INTRINSICS[name] = _component(1)
    INTRINSICS["__lowhigh2highlow"] = _swapped
    for name in (
        "__half2float", "__float2half", "__float2half_rn", "__double2half", "__bfloat162float",
        "__float2bfloat16", "__float2bfloat16_rn", "__double2bfloat16", "__int2bfloat16_rn",
        "__double2float_rn",
    ):  # fmt: skip
        INTRINSICS[name] = converted
    for name in ("__half_as_ushort", "__half_as_short", "__bfloat16_as_ushort"):
        INTRINSICS[name] = expression(arith.bits_of)
    for name, to in (
        ("__ushort_as_half", F16), ("__short_as_half", F16), ("__ushort_as_bfloat16", BF16),
    ):  # fmt: skip
        INTRINSICS[name] = from_bits(to)
    _fill_half_arithmetic()


def _ordered_unequal(a: Expr, b: Expr) -> Expr:
    """`__hne`: false beside a NaN, unlike `!=`."""
    return arith.binary("||", arith.binary("<", a, b), arith.binary(">", a, b))


def _signed_infinity(x: Expr) -> Expr:
    """1 for an infinity, -1 for a negative one, else 0."""
    sign = arith.select(arith.binary("<", x, number(0, x)), build.i32(-1), build.i32(1))
    return arith.select(build.call("isinf", x), sign, build.i32(0))


def _fill_half_arithmetic() -> None:
    for name, op in {"sub": "-", "mul": "*", "div": "/"}.items():
        INTRINSICS[f"__h{name}"] = binary_operator(op)
    for name, op in {"add": "+", "sub": "-", "mul": "*"}.items():
        INTRINSICS[f"__h{name}_rn"] = binary_operator(op)
        INTRINSICS[f"__h{name}2"] = _pairwise(lambda a, b, op=op: arith.binary(op, a, b))
    INTRINSICS["__h2div"] = _pairwise(lambda a, b: arith.binary("/", a, b))
    for name, op in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=="}.items():
        INTRINSICS[f"__h{name}"] = binary_operator(op)
    INTRINSICS["__hne"] = shared_operand(_ordered_unequal)
    for name, function in {
        "sqrt": "sqrt", "rsqrt": "rsqrt", "exp": "exp", "exp2": "exp2", "exp10": "exp10",
        "log": "log", "log2": "log2", "log10": "log10", "sin": "sin", "cos": "cos",
        "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "tanh": "tanh",
    }.items():  # fmt: skip
        INTRINSICS[f"h{name}"] = pure(function)
        INTRINSICS[f"h2{name}"] = _pairwise(lambda x, f=function: build.call(f, x))
    reciprocal = expression(lambda x: arith.binary("/", number(1, x), x))
    INTRINSICS["hrcp"] = reciprocal
    INTRINSICS["h2rcp"] = _pairwise(lambda x: arith.binary("/", number(1, x), x))
    INTRINSICS["__hneg"] = expression(lambda x: arith.unary("-", x))
    INTRINSICS["__hneg2"] = _pairwise(lambda x: arith.unary("-", x))
    INTRINSICS["__habs"] = pure("fabs")
    INTRINSICS["__habs2"] = _pairwise(lambda x: build.call("fabs", x))
    INTRINSICS["__hmax"], INTRINSICS["__hmin"] = pure("fmax"), pure("fmin")
    INTRINSICS["__hmax2"] = _pairwise(lambda a, b: build.call("fmax", a, b))
    INTRINSICS["__hmin2"] = _pairwise(lambda a, b: build.call("fmin", a, b))
    INTRINSICS["__hfma"] = pure("fma")
    INTRINSICS["__hfma2"] = _pairwise(lambda a, b, c: build.call("fma", a, b, c))
    INTRINSICS["__hisnan"] = pure("isnan")
    INTRINSICS["__hisinf"] = shared_operand(_signed_infinity)


_fill_halves()
