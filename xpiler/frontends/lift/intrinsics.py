"""CUDA's functions by name: mathematics, conversions, integer and half intrinsics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CScalar
from xpiler.frontends.lift.dispatch import place, scalar, scalar_of, value
from xpiler.frontends.lift.memory import convert, dereference, read, snapshot, write
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    OpaqueValue,
    Place,
    PointerValue,
    StructPlace,
    StructValue,
    Value,
    VarPlace,
)
from xpiler.ir import build
from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import Assume, Const, Expr
from xpiler.ir.types import F32, F64, I16, I32, I64, U8, U32, U64, Scalar, arithmetic

__all__ = [
    "INTRINSICS",
    "VOID",
    "Handler",
    "binary_operator",
    "converted",
    "expression",
    "from_bits",
    "number",
    "pointee",
    "pure",
    "shared_operand",
]

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


def pure(name: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        values = [scalar(lf, a) for a in args]
        return _result(lf, node, build.call(name, *values, span=node.span))

    return handler


def expression(make: Callable[..., Expr]) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        lf_values = [scalar(lf, a) for a in args]
        return _result(lf, node, make(*lf_values))

    return handler


def shared_operand(make: Callable[..., Expr]) -> Handler:
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
        if not args:  # std::numeric_limits<T>::max()
            return _constant(lf, node, args)
        in_std = node.ref is not None and not node.ref.in_headers
        return (std if in_std else plain)(lf, node, args)

    return handler


def number(of: float, like: Expr) -> Expr:
    return build.const(of, build.scalar_type(like))


def _clamp01(x: Expr) -> Expr:
    return build.call("fmin", build.call("fmax", x, number(0, x)), number(1, x))


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


def binary_operator(op: str) -> Handler:
    return expression(lambda a, b: arith.binary(op, a, b))


def _fill_mathematics() -> None:
    for name, function in FUNCTIONS.items():
        if function.domain == "float" and not function.params:
            INTRINSICS[name] = INTRINSICS[f"{name}f"] = pure(name)
    for name in ("exp", "log", "log2", "log10", "sin", "cos", "tan", "pow", "exp10", "tanh"):
        INTRINSICS[f"__{name}f"] = pure(name)
    INTRINSICS["nearbyint"] = INTRINSICS["nearbyintf"] = pure("rint")
    for name in ("min", "max"):
        INTRINSICS[name] = _minimum(name)
    INTRINSICS["umin"], INTRINSICS["umax"] = _extreme("min"), _extreme("max")
    for name in ("abs", "labs", "llabs"):
        INTRINSICS[name] = _absolute
    for name, op in {"add": "+", "sub": "-", "mul": "*", "div": "/"}.items():
        INTRINSICS[f"__f{name}_rn"] = INTRINSICS[f"__d{name}_rn"] = binary_operator(op)
    INTRINSICS["__fdividef"] = INTRINSICS["fdividef"] = binary_operator("/")
    INTRINSICS["__fmaf_rn"] = INTRINSICS["__fma_rn"] = pure("fma")
    INTRINSICS["__fsqrt_rn"] = INTRINSICS["__dsqrt_rn"] = pure("sqrt")
    INTRINSICS["__frsqrt_rn"] = pure("rsqrt")
    for name in ("__frcp_rn", "__drcp_rn"):
        INTRINSICS[name] = expression(lambda x: arith.binary("/", number(1, x), x))
    for name in ("rcbrt", "rcbrtf"):
        INTRINSICS[name] = expression(
            lambda x: arith.binary("/", number(1, x), build.call("cbrt", x))
        )
    INTRINSICS["__saturatef"] = expression(_clamp01)
    for name in ("sincos", "sincosf", "__sincosf"):
        INTRINSICS[name] = _sincos
    for name in ("lroundf", "lround", "llroundf"):
        INTRINSICS[name] = expression(lambda x: build.cast(I64, build.call("round", x)))
    for name in ("lrintf", "lrint", "llrintf"):
        INTRINSICS[name] = expression(lambda x: build.cast(I64, build.call("rint", x)))


# --- integers and conversions ------------------------------------------------------------------


def _bits(to: Scalar) -> Handler:
    return expression(lambda x: build.cast(to, arith.bits_of(x)))


def from_bits(to: Scalar) -> Handler:
    return expression(lambda x: arith.from_bits(x, to))


_ROUNDING: Final = {"rn": "rint", "rz": "trunc", "rd": "floor", "ru": "ceil"}
_INTEGERS: Final = {"int": I32, "uint": U32, "ll": I64, "ull": U64}


def _permuted(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """`__byte_perm`: three bits choose a byte; the fourth, which PTX's `prmt` asks for a sign with, is ignored."""
    a, b, selector = (build.cast(U32, scalar(lf, x)) for x in args)
    if isinstance(selector, Const):
        chosen: Expr = build.u32(int(selector.value) & 0x7777)
    else:
        chosen = arith.binary("&", selector, build.u32(0x7777))
    return _result(lf, node, build.call("byte_perm", a, b, chosen, span=node.span))


def _rounded(function: str, to: Scalar, source: int = 32) -> Handler:
    """A rounding conversion: what does not fit is the nearest that does. A NaN is 0, but for 64 bits on either side,
    where it is the top bit alone (the runtime's `saturate_to`)."""
    nan = 0 if to.bits < 64 and source < 64 else 1 << (to.bits - 1)
    nan -= 1 << to.bits if nan and to.is_signed else 0
    low = -(1 << (to.bits - 1)) if to.is_signed else 0
    above = 1 << (to.bits - to.is_signed)

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        given = scalar(lf, args[0])
        if build.scalar_type(given).bits == 16:
            given = build.cast(F32, given)
        x = lf.temporary(build.call(function, given), "rounded")
        inside = arith.binary(
            "&&",
            arith.binary(">=", x, number(low, x)),
            arith.binary("<", x, number(above, x)),
        )
        beyond = arith.select(
            arith.binary("<", x, number(low, x)), build.const(low, to), build.const(nan, to)
        )
        beyond = arith.select(
            arith.binary(">=", x, number(above, x)), build.const(above - 1, to), beyond
        )
        return _result(lf, node, arith.select(inside, build.cast(to, x), beyond))

    return handler


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
        INTRINSICS[f"__{name}"] = INTRINSICS[f"__{name}ll"] = pure(name)
    INTRINSICS["__builtin_popcount"] = pure("popc")
    for name in ("__mulhi", "__umulhi", "__mul64hi", "__umul64hi"):
        INTRINSICS[name] = pure("mulhi")
    INTRINSICS["__mul24"] = INTRINSICS["__umul24"] = expression(_multiply24)
    INTRINSICS["__byte_perm"] = _permuted
    INTRINSICS["__funnelshift_l"] = pure("funnel_l")
    INTRINSICS["__funnelshift_r"] = pure("funnel_r")
    INTRINSICS["__dp4a"] = _dot
    INTRINSICS["__sad"] = INTRINSICS["__usad"] = shared_operand(_sad)
    INTRINSICS["__hadd"] = _halving_add
    INTRINSICS["__float_as_int"] = _bits(I32)
    INTRINSICS["__float_as_uint"] = _bits(U32)
    INTRINSICS["__double_as_longlong"] = _bits(I64)
    INTRINSICS["__int_as_float"] = INTRINSICS["__uint_as_float"] = from_bits(F32)
    INTRINSICS["__longlong_as_double"] = from_bits(F64)
    for suffix, function in _ROUNDING.items():
        for source, bits in (("float", 32), ("double", 64)):
            for name, to in _INTEGERS.items():
                INTRINSICS[f"__{source}2{name}_{suffix}"] = _rounded(function, to, bits)
        for name, to in (*_INTEGERS.items(), ("short", I16)):
            INTRINSICS[f"__half2{name}_{suffix}"] = _rounded(function, to)
    for source in ("int", "uint", "ll", "ull", "double", "short", "ushort"):
        for to_name in ("float", "double", "half", "bfloat16"):
            INTRINSICS[f"__{source}2{to_name}_rn"] = converted


def converted(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """A conversion that the result's type states: `__float2half`, `__ldg`'s kin excluded."""
    return _result(lf, node, scalar(lf, args[0]))


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


def _trap(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """No run that ends well comes here."""
    lf.emit(Assume(build.boolean(False), span=node.span))
    return VOID


def _not_a_number(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    ctype = lf.ctype(node)
    assert isinstance(ctype, CScalar)
    return build.const(float("nan"), ctype.type, node.span)


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
    INTRINSICS["__trap"] = _trap
    for name in ("__nanosleep", "__brkpt", "__prof_trigger"):
        INTRINSICS[name] = _fence
    for name in ("nan", "nanf"):
        INTRINSICS[name] = _not_a_number
    for name in ("move", "forward", "__builtin_expect", "__builtin_assume_aligned"):
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
_fill_memory()
