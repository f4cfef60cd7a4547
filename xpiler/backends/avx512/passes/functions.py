"""Pure functions and conversions on lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xpiler.backends.avx512.passes.instructions import register, suffix
from xpiler.ir.build import const, i32
from xpiler.ir.nodes import Call, Const, Expr
from xpiler.ir.types import BF16, BOOL, F16, F32, F64, I32, Scalar, Vector

if TYPE_CHECKING:
    from xpiler.backends.avx512.passes.lanes import Exec, Lanes

__all__ = ["VECTORISED", "convert", "lower_call", "lower_predicate"]

_ROUND: Final = {"floor": 9, "ceil": 10, "trunc": 11, "rint": 8}
VECTORISED: Final = frozenset(
    {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "tanh", "sin", "cos", "erf"}
)
"""Functions of one f32 argument that the emitted file computes on sixteen lanes (`xp_exp_ps`, ...)."""

_BITS: Final = {"bits_i32", "bits_u32", "bits_i64", "bits_u64", "from_bits_f32", "from_bits_f64"}


def _call(name: str, type_: Vector, *args: Expr) -> Call:
    return Call(name, args, type_)


def lower_call(lanes: Lanes, expr: Call, ex: Exec) -> Expr:
    """A pure function in every lane."""
    type_ = expr.type
    if not isinstance(type_, Scalar):
        raise TypeError(f"{expr.function} is no scalar function")
    first = expr.args[0].type
    if isinstance(first, Scalar) and first.is_float and type_.is_float:
        value = _float(lanes, expr, type_, ex)
    else:
        value = _int(lanes, expr, type_, ex)
    if value is not None:
        return value

    def one(args: list[Expr]) -> Expr:
        return Call(expr.function, tuple(args), type_)

    return lanes.one_by_one(one, expr.args, type_, ex)


def _float(lanes: Lanes, expr: Call, type_: Scalar, ex: Exec) -> Expr | None:
    reg, end, name = register(type_), suffix(type_), expr.function
    narrow = type_ in (F16, BF16)
    if name == "fma" and narrow:
        return None
    known = {"sqrt", "fabs", "fma", "fmin", "fmax", "rsqrt", "copysign", "round", *_ROUND}
    vectorised = name in VECTORISED and type_ != F64 and f"xp_{name}_ps" in _helpers()
    if name not in known and not vectorised:
        return None
    args = [lanes.vector(a, ex) for a in expr.args]
    if vectorised:
        return lanes.rounded(_call(f"xp_{name}_ps", reg, *args), type_)
    if name in _ROUND:
        return _call(f"_mm512_roundscale_{end}", reg, *args, i32(_ROUND[name]))
    if name == "fabs":
        return _call(f"_mm512_abs_{end}", reg, *args)
    if name == "sqrt":
        return lanes.rounded(_call(f"_mm512_sqrt_{end}", reg, *args), type_)
    if name == "rsqrt":
        root = _call(f"_mm512_sqrt_{end}", reg, *args)
        one = lanes.broadcast(const(1.0, reg.elem))
        return lanes.rounded(_call(f"_mm512_div_{end}", reg, one, root), type_)
    if name == "fma":
        return _call(f"_mm512_fmadd_{end}", reg, *args)
    if name in ("fmin", "fmax") and _number(expr.args[1]):
        return _call(f"_mm512_{name[1:]}_{end}", reg, *args)
    return _call(f"xp_{name}_{end}", reg, *args)


def _helpers() -> frozenset[str]:
    from xpiler.backends.avx512.emit.vector_math import VECTOR_MATH

    return frozenset(VECTOR_MATH)


def _number(expr: Expr) -> bool:
    """A literal that is not NaN: min and max then give the other operand's NaN away, as fmin does."""
    return isinstance(expr, Const) and expr.value == expr.value


def _int(lanes: Lanes, expr: Call, type_: Scalar, ex: Exec) -> Expr | None:
    name = expr.function
    reg = register(type_)
    if name in _BITS:
        value = lanes.vector(expr.args[0], ex)
        of = "si512" if name.startswith("from_bits") else suffix(_scalar(expr.args[0]))
        to = suffix(type_) if name.startswith("from_bits") else "si512"
        return _call(f"_mm512_cast{of}_{to}", reg, value)
    if name in ("min", "max"):
        end = suffix(type_) if type_.is_signed else suffix(type_).replace("epi", "epu")
        return _call(f"_mm512_{name}_{end}", reg, *(lanes.vector(a, ex) for a in expr.args))
    if name == "abs" and type_.is_signed:
        return _call(f"_mm512_abs_{suffix(type_)}", reg, lanes.vector(expr.args[0], ex))
    if name in ("popc", "clz") and _scalar(expr.args[0]).bits == 32:
        instruction = {"popc": "_mm512_popcnt_epi32", "clz": "_mm512_lzcnt_epi32"}[name]
        return _call(instruction, reg, lanes.vector(expr.args[0], ex))
    if name == "dp4a":
        return _call("xp_dp4a_epi32", reg, *(lanes.vector(a, ex) for a in expr.args))
    return None


def _scalar(expr: Expr) -> Scalar:
    if not isinstance(expr.type, Scalar):
        raise TypeError(f"{expr.type} is no scalar")
    return expr.type


def lower_predicate(lanes: Lanes, expr: Call, ex: Exec) -> Expr:
    """`isnan` and its like: a mask."""
    from xpiler.backends.avx512.passes.lanes import MASK

    source = _scalar(expr.args[0])
    value = lanes.keep(lanes.vector(expr.args[0], ex), "value")
    if source == F64 or expr.function == "signbit":
        flag = lanes.one_by_one(lambda a: Call(expr.function, tuple(a), BOOL), expr.args, I32, ex)
        zero = lanes.broadcast(i32(0))
        return Call("_mm512_cmpneq_epi32_mask", (flag, zero), MASK)
    if expr.function == "isnan":
        return Call("_mm512_cmp_ps_mask", (value, value, i32(3)), MASK)
    magnitude = _call("_mm512_abs_ps", register(F32), value)
    infinity = lanes.broadcast(const(float("inf"), F32))
    predicate = {"isinf": 0, "isfinite": 1}[expr.function]
    return Call("_mm512_cmp_ps_mask", (magnitude, infinity, i32(predicate)), MASK)


# --- conversions -------------------------------------------------------------------------------


def convert(lanes: Lanes, value: Expr, source: Scalar, to: Scalar) -> Expr:
    """A register of `source` lanes as one of `to` lanes."""
    if source in (F16, BF16):
        source = F32
    if source.is_int and source.bits < 32:
        source = I32
    if to in (F16, BF16):
        if source != F32:
            value = _from(lanes, value, source, F32)
        return lanes.rounded(value, to)
    if to.is_int and to.bits < 32:
        return lanes.rounded(_from(lanes, value, source, I32), to)
    return _from(lanes, value, source, to)


_LOW: Final = {"ps": "_mm512_castps512_ps256", "epi32": "_mm512_castsi512_si256"}
_HIGH: Final = {"ps": "_mm512_castps256_ps512", "epi32": "_mm512_castsi256_si512"}


def _from(lanes: Lanes, value: Expr, source: Scalar, to: Scalar) -> Expr:
    reg = register(to)
    if register(source) == reg and (source.is_int == to.is_int):
        return value
    lanes.width(to)
    a = suffix(source) if source.is_signed else suffix(source).replace("epi", "epu")
    b = suffix(to) if to.is_signed else suffix(to).replace("epi", "epu")
    truncates = "t" if source.is_float and to.is_int else ""
    if source.is_int and to.is_int:
        b = suffix(to)
        a = suffix(source) if to.bits < 64 else a
    name = f"_mm512_cvt{truncates}{a}_{b}"
    if source.bits == to.bits:
        return _call(name, reg, value)
    if source.bits < to.bits:
        low = Call(_LOW[suffix(source)], (value,), Vector(register(source).elem, 8))
        return _call(name, reg, low)
    half = Call(name, (value,), Vector(reg.elem, 8))
    return _call(_HIGH[suffix(to)], reg, half)
