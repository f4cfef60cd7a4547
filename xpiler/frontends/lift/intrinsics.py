"""CUDA's functions by name: mathematics, conversions, integer and half intrinsics."""

# ruff: noqa: ARG001  (handlers share one signature)

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CScalar, CStruct
from xpiler.frontends.lift.dispatch import place, scalar, scalar_of, value
from xpiler.frontends.lift.memory import convert, dereference, read, snapshot, write
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.structs import struct_value
from xpiler.frontends.lift.values import (
    OpaqueValue,
    Place,
    PointerValue,
    StructPlace,
    StructValue,
    Value,
    ValuePlace,
    VarPlace,
)
from xpiler.ir import build
from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import Expr
from xpiler.ir.types import BF16, F16, F32, F64, I32, I64, U8, U32, U64, Scalar, arithmetic

__all__ = ["INTRINSICS", "VOID", "half_operator", "pointee"]

Handler = Callable[[Lifter, Node, tuple[Node, ...]], Value]

VOID: Final = OpaqueValue("void")
INTRINSICS: Final[dict[str, Handler]] = {}


def _result(lf: Lifter, node: Node, found: Expr) -> Value:
    return convert(lf, found, lf.ctype(node), node)


def pointee(lf: Lifter, node: Node) -> Place:
    """What a pointer argument points at: memory, or a local variable whose address is taken."""
    found = value(lf, node)
    if isinstance(found, PointerValue):
        return dereference(lf, found, node)
    if isinstance(found, OpaqueValue) and found.kind == "address_of_variable":
        target = found.data[0]
        assert isinstance(target, VarPlace | StructPlace)
        return target
    raise lf.refuse("XP1111", "this pointer argument", node)


# --- mathematics -------------------------------------------------------------------------------


def _pure(name: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        values = [scalar(lf, a) for a in args]
        return _result(lf, node, build.call(name, *values, span=node.span))

    return handler


def _expression(make: Callable[..., Expr]) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        lf_values = [scalar(lf, a) for a in args]
        return _result(lf, node, make(*lf_values))

    return handler


def _shared_operand(make: Callable[..., Expr]) -> Handler:
    """As `_expression`, for a meaning that uses its operand more than once."""

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        kept = [lf.temporary(scalar(lf, a)) for a in args]
        return _result(lf, node, make(*kept))

    return handler


def _extreme(name: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        a, b = (scalar(lf, x) for x in args[:2])
        common = arithmetic(build.scalar_type(a), build.scalar_type(b))
        function = f"f{name}" if common.is_float else name
        return _result(lf, node, build.call(function, a, b, span=node.span))

    return handler


def _absolute(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    a = scalar(lf, args[0])
    name = "fabs" if build.scalar_type(a).is_float else "abs"
    return _result(lf, node, build.call(name, a, span=node.span))


def _std_comparison(name: str) -> Handler:
    """`std::max(a, b)` is `a < b ? b : a`, which differs from fmaxf for NaN."""

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        a, b = (scalar(lf, x) for x in args[:2])
        if not build.scalar_type(a).is_float:
            return _result(lf, node, build.call(name, a, b, span=node.span))
        a, b = lf.temporary(a), lf.temporary(b)
        test = arith.binary("<", a, b) if name == "max" else arith.binary("<", b, a)
        return _result(lf, node, arith.select(test, b, a, node.span))

    return handler


def _minimum(name: str) -> Handler:
    plain, std = _extreme(name), _std_comparison(name)

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        in_std = node.ref is not None and not node.ref.in_headers
        return (std if in_std else plain)(lf, node, args)

    return handler


def _number(of: float, like: Expr) -> Expr:
    return build.const(of, build.scalar_type(like))


def _clamp01(x: Expr) -> Expr:
    return build.call("fmin", build.call("fmax", x, _number(0, x)), _number(1, x))


def _sincos(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    angle = lf.temporary(scalar(lf, args[0]))
    write(lf, pointee(lf, args[1]), build.call("sin", angle), node)
    write(lf, pointee(lf, args[2]), build.call("cos", angle), node)
    return VOID


def _multiply24(a: Expr, b: Expr) -> Expr:
    eight = build.i32(8)

    def low(x: Expr) -> Expr:
        return arith.binary(">>", arith.binary("<<", x, eight), eight)

    return arith.binary("*", low(a), low(b))


def _operator(op: str) -> Handler:
    return _expression(lambda a, b: arith.binary(op, a, b))


def _comparison(op: str) -> Handler:
    return _expression(lambda a, b: arith.binary(op, a, b))


def _fill_mathematics() -> None:
    for name, function in FUNCTIONS.items():
        if function.domain == "float" and not function.params:
            INTRINSICS[name] = INTRINSICS[f"{name}f"] = _pure(name)
    for name in ("exp", "log", "log2", "log10", "sin", "cos", "tan", "pow", "exp10", "tanh"):
        INTRINSICS[f"__{name}f"] = _pure(name)
    INTRINSICS["nearbyint"] = INTRINSICS["nearbyintf"] = _pure("rint")
    for name in ("min", "max"):
        INTRINSICS[name] = _minimum(name)
    INTRINSICS["umin"], INTRINSICS["umax"] = _extreme("min"), _extreme("max")
    for name in ("abs", "labs", "llabs"):
        INTRINSICS[name] = _absolute
    for name, op in {"add": "+", "sub": "-", "mul": "*", "div": "/"}.items():
        INTRINSICS[f"__f{name}_rn"] = INTRINSICS[f"__d{name}_rn"] = _operator(op)
    INTRINSICS["__fdividef"] = INTRINSICS["fdividef"] = _operator("/")
    INTRINSICS["__fmaf_rn"] = INTRINSICS["__fma_rn"] = _pure("fma")
    INTRINSICS["__fsqrt_rn"] = INTRINSICS["__dsqrt_rn"] = _pure("sqrt")
    INTRINSICS["__frsqrt_rn"] = _pure("rsqrt")
    for name in ("__frcp_rn", "__drcp_rn"):
        INTRINSICS[name] = _expression(lambda x: arith.binary("/", _number(1, x), x))
    for name in ("rcbrt", "rcbrtf"):
        INTRINSICS[name] = _expression(
            lambda x: arith.binary("/", _number(1, x), build.call("cbrt", x))
        )
    INTRINSICS["__saturatef"] = _expression(_clamp01)
    for name in ("sincos", "sincosf", "__sincosf"):
        INTRINSICS[name] = _sincos
    for name in ("ldexp", "ldexpf"):
        INTRINSICS[name] = _expression(
            lambda x, n: arith.binary(
                "*", x, build.call("exp2", build.cast(build.scalar_type(x), n))
            )
        )
    for name in ("lroundf", "lround", "llroundf"):
        INTRINSICS[name] = _expression(lambda x: build.cast(I64, build.call("round", x)))
    for name in ("lrintf", "lrint", "llrintf"):
        INTRINSICS[name] = _expression(lambda x: build.cast(I64, build.call("rint", x)))


# --- integers and conversions ------------------------------------------------------------------


def _bits(to: Scalar) -> Handler:
    return _expression(lambda x: build.cast(to, arith.bits_of(x)))


def _from_bits(to: Scalar) -> Handler:
    return _expression(lambda x: arith.from_bits(x, to))


_ROUNDING: Final = {"rn": "rint", "rz": "trunc", "rd": "floor", "ru": "ceil"}
_INTEGERS: Final = {"int": I32, "uint": U32, "ll": I64, "ull": U64}


def _rounded(function: str, to: Scalar) -> Handler:
    def make(x: Expr) -> Expr:
        if function == "trunc":
            return build.cast(to, x)
        return build.cast(to, build.call(function, x))

    return _expression(make)


def _dot(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    values = [_word(lf, a) for a in args]
    signed = build.scalar_type(values[2]).is_signed
    return _result(lf, node, build.call("dp4a" if signed else "dp4a_u", *values, span=node.span))


def _word(lf: Lifter, node: Node) -> Expr:
    """A scalar, or the four bytes of a char4 in one word."""
    found = value(lf, node)
    if not isinstance(found, StructValue):
        return scalar_of(lf, found, node)
    combined: Expr = build.u32(0)
    for k, (_, part) in enumerate(found.fields):
        byte = build.cast(U32, build.cast(U8, scalar_of(lf, part, node)))
        shifted = byte if k == 0 else arith.binary("<<", byte, build.i32(8 * k))
        combined = shifted if k == 0 else arith.binary("|", combined, shifted)
    return combined


def _sad(a: Expr, b: Expr, c: Expr) -> Expr:
    gap = arith.binary("-", build.call("max", a, b), build.call("min", a, b))
    return arith.binary("+", build.cast(U32, gap), build.cast(U32, c))


def _halving_add(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    a, b = (scalar(lf, x) for x in args)
    if build.scalar_type(a).is_float:
        return _result(lf, node, arith.binary("+", a, b, node.span))
    wide = arith.binary("+", build.cast(I64, a), build.cast(I64, b))
    return _result(lf, node, arith.binary(">>", wide, build.i32(1)))


def _fill_integers() -> None:
    for name in ("popc", "clz", "ffs", "brev"):
        INTRINSICS[f"__{name}"] = INTRINSICS[f"__{name}ll"] = _pure(name)
    INTRINSICS["__builtin_popcount"] = _pure("popc")
    for name in ("__mulhi", "__umulhi", "__mul64hi", "__umul64hi"):
        INTRINSICS[name] = _pure("mulhi")
    INTRINSICS["__mul24"] = INTRINSICS["__umul24"] = _expression(_multiply24)
    INTRINSICS["__byte_perm"] = _pure("byte_perm")
    INTRINSICS["__funnelshift_l"] = _pure("funnel_l")
    INTRINSICS["__funnelshift_r"] = _pure("funnel_r")
    INTRINSICS["__dp4a"] = _dot
    INTRINSICS["__sad"] = INTRINSICS["__usad"] = _shared_operand(_sad)
    INTRINSICS["__hadd"] = _halving_add
    INTRINSICS["__float_as_int"] = _bits(I32)
    INTRINSICS["__float_as_uint"] = _bits(U32)
    INTRINSICS["__double_as_longlong"] = _bits(I64)
    INTRINSICS["__int_as_float"] = INTRINSICS["__uint_as_float"] = _from_bits(F32)
    INTRINSICS["__longlong_as_double"] = _from_bits(F64)
    for suffix, function in _ROUNDING.items():
        for source in ("float", "double"):
            for name, to in _INTEGERS.items():
                INTRINSICS[f"__{source}2{name}_{suffix}"] = _rounded(function, to)
        for name, to in _INTEGERS.items():
            INTRINSICS[f"__half2{name}_{suffix}"] = _rounded(function, to)
    for source in ("int", "uint", "ll", "ull", "double", "short", "ushort"):
        for to_name in ("float", "double", "half", "bfloat16"):
            INTRINSICS[f"__{source}2{to_name}_rn"] = _converted


def _converted(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """A conversion that the result's type states: `__float2half`, `__ldg`'s kin excluded."""
    return _result(lf, node, scalar(lf, args[0]))


# --- halves ------------------------------------------------------------------------------------

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
        write(lf, target, arith.binary(op[0], old, _number(1, old)), node)
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
        "__double2float_rn", "__half2short_rn",
    ):  # fmt: skip
        INTRINSICS[name] = _converted
    for name in ("__half_as_ushort", "__half_as_short", "__bfloat16_as_ushort"):
        INTRINSICS[name] = _expression(arith.bits_of)
    for name, to in (
        ("__ushort_as_half", F16), ("__short_as_half", F16), ("__ushort_as_bfloat16", BF16),
    ):  # fmt: skip
        INTRINSICS[name] = _from_bits(to)
    _fill_half_arithmetic()


def _fill_half_arithmetic() -> None:
    for name, op in {"sub": "-", "mul": "*", "div": "/"}.items():
        INTRINSICS[f"__h{name}"] = _operator(op)
    for name, op in {"add": "+", "sub": "-", "mul": "*"}.items():
        INTRINSICS[f"__h{name}_rn"] = _operator(op)
        INTRINSICS[f"__h{name}2"] = _pairwise(lambda a, b, op=op: arith.binary(op, a, b))
    INTRINSICS["__h2div"] = _pairwise(lambda a, b: arith.binary("/", a, b))
    for name, op in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():
        INTRINSICS[f"__h{name}"] = _comparison(op)
    for name, function in {
        "sqrt": "sqrt", "rsqrt": "rsqrt", "exp": "exp", "exp2": "exp2", "exp10": "exp10",
        "log": "log", "log2": "log2", "log10": "log10", "sin": "sin", "cos": "cos",
        "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "tanh": "tanh",
    }.items():  # fmt: skip
        INTRINSICS[f"h{name}"] = _pure(function)
        INTRINSICS[f"h2{name}"] = _pairwise(lambda x, f=function: build.call(f, x))
    reciprocal = _expression(lambda x: arith.binary("/", _number(1, x), x))
    INTRINSICS["hrcp"] = reciprocal
    INTRINSICS["h2rcp"] = _pairwise(lambda x: arith.binary("/", _number(1, x), x))
    INTRINSICS["__hneg"] = _expression(lambda x: arith.unary("-", x))
    INTRINSICS["__hneg2"] = _pairwise(lambda x: arith.unary("-", x))
    INTRINSICS["__habs"] = _pure("fabs")
    INTRINSICS["__habs2"] = _pairwise(lambda x: build.call("fabs", x))
    INTRINSICS["__hmax"], INTRINSICS["__hmin"] = _pure("fmax"), _pure("fmin")
    INTRINSICS["__hmax2"] = _pairwise(lambda a, b: build.call("fmax", a, b))
    INTRINSICS["__hmin2"] = _pairwise(lambda a, b: build.call("fmin", a, b))
    INTRINSICS["__hfma"] = _pure("fma")
    INTRINSICS["__hfma2"] = _pairwise(lambda a, b, c: build.call("fma", a, b, c))
    INTRINSICS["__hisnan"] = _pure("isnan")
    INTRINSICS["__hisinf"] = _pure("isinf")


# --- memory ------------------------------------------------------------------------------------


def _load_through(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return read(lf, pointee(lf, args[0]))


def _store_through(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    ctype = lf.ctype(args[1])
    write(lf, pointee(lf, args[0]), convert(lf, value(lf, args[1]), ctype, node), node)
    return VOID


def _fence(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """Order of memory between barriers is not part of the IR; atomics and barriers order by themselves."""
    return VOID


def _swap(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    first, second = place(lf, args[0]), place(lf, args[1])
    a, b = snapshot(lf, read(lf, first)), snapshot(lf, read(lf, second))
    write(lf, first, b, node)
    write(lf, second, a, node)
    return VOID


def _identity(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return value(lf, args[0])


def _fill_memory() -> None:
    for name in ("__ldg", "__ldca", "__ldcg", "__ldcs", "__ldlu", "__ldcv"):
        INTRINSICS[name] = _load_through
    for name in ("__stwb", "__stcg", "__stcs", "__stwt"):
        INTRINSICS[name] = _store_through
    for name in ("__threadfence", "__threadfence_block", "__threadfence_system"):
        INTRINSICS[name] = _fence
    INTRINSICS["swap"] = _swap
    for name in ("move", "forward", "__builtin_expect"):
        INTRINSICS[name] = _identity
    INTRINSICS["__builtin_inff"] = _constant
    INTRINSICS["__builtin_inf"] = INTRINSICS["__builtin_nan"] = _constant
    INTRINSICS["__builtin_nanf"] = INTRINSICS["__builtin_huge_valf"] = _constant
    INTRINSICS["__builtin_huge_val"] = _constant
    for name in ("max", "lowest", "min", "infinity", "epsilon", "quiet_NaN"):
        INTRINSICS.setdefault(name, _constant)


def _constant(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    found = node.evaluate()
    ctype = lf.ctype(node)
    if found is None or not isinstance(ctype, CScalar):
        raise lf.refuse("XP1112", f"{node.spelling} is not supported", node)
    return build.const(found, ctype.type, node.span)


_fill_mathematics()
_fill_integers()
_fill_halves()
_fill_memory()
