"""Expressions of the IR as plain C that is C++ too.

f16 and bf16 *values* are C floats that hold a number of the narrow type; they are `uint16_t` in memory.
Every arithmetic operation on them rounds once, as the source does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Final

from xpiler.backends.avx512.emit.wrapping import Wrapping
from xpiler.backends.avx512.isa.catalog import find
from xpiler.ir.functions import given_buffer
from xpiler.ir.nodes import (
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
    Unary,
    Var,
)
from xpiler.ir.print_c import shortest_f32
from xpiler.ir.types import (
    BF16,
    BOOL,
    F16,
    F32,
    F64,
    I32,
    I64,
    U32,
    U64,
    Mask,
    Scalar,
    Type,
    Vector,
)
from xpiler.records import dataclass

__all__ = ["Array", "Scope", "expression", "memory_type", "value_type"]

_VALUE: Final = {
    "bool": "bool", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t", "i64": "int64_t",
    "u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "u64": "uint64_t",
    "f16": "float", "bf16": "float", "f32": "float", "f64": "double",
}  # fmt: skip

_REGISTER_BITS: Final = {128: "__m128", 256: "__m256", 512: "__m512"}


def value_type(type: Type) -> str:
    """The C type of a variable."""
    match type:
        case Scalar(name=name):
            return _VALUE[name]
        case Mask(lanes=lanes):
            return f"__mmask{lanes}"
        case Vector(elem=elem, lanes=lanes):
            register = _REGISTER_BITS[elem.bits * lanes]
            return register + {F32: "", F64: "d"}.get(elem, "i")
        case _:
            raise TypeError(f"{type} is not the type of a variable")


def memory_type(elem: Scalar) -> str:
    """The C type of an element in memory."""
    return "uint16_t" if elem in (F16, BF16) else _VALUE[elem.name]


@dataclass(frozen=True, slots=True)
class Array:
    """How a buffer is reached: `name` in C, its element type, `strides` when the dimensions are not constants
    and the index is made linear (one expression in C per dimension but the last)."""

    name: str
    elem: Scalar
    strides: tuple[str, ...] = ()
    scalar: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names of a kernel mean in C. `index`: what is printed is an index or a loop's bound."""

    arrays: Mapping[str, Array]
    names: Mapping[str, str] = field(default_factory=dict)
    wrapping: Wrapping = field(default_factory=Wrapping)
    index: bool = False

    @property
    def indexing(self) -> Scope:
        """The scope of an index."""
        return self if self.index else replace(self, index=True)

    @property
    def valuing(self) -> Scope:
        """The scope of a value."""
        return replace(self, index=False) if self.index else self


_POSTFIX: Final = 20
_UNARY: Final = 15
_PRECEDENCE: Final = {
    "*": 13, "/": 13, "%": 13, "+": 12, "-": 12, "<<": 11, ">>": 11,
    "<": 10, "<=": 10, ">": 10, ">=": 10, "==": 9, "!=": 9, "&": 8, "^": 7, "|": 6, "&&": 5, "||": 4,
}  # fmt: skip
_BITS: Final = frozenset({"&", "|", "^", *SHIFTS})


def expression(expr: Expr, scope: Scope, outer: int = 0) -> str:
    """The C text, in parentheses where an operator of precedence `outer` around it asks for them."""
    text, precedence = _render(expr, scope)
    return f"({text})" if precedence < outer else text


def _render(expr: Expr, scope: Scope) -> tuple[str, int]:
    match expr:
        case Const():
            return _const(expr)
        case Var(name=name):
            return scope.names.get(name, name), _POSTFIX
        case Builtin(name=name) if given_buffer(name):
            return f"{scope.arrays[given_buffer(name)].name} != NULL", _PRECEDENCE["!="]
        case Builtin(name=name):
            return scope.names.get(name, name), _POSTFIX
        case Load():
            return _load(expr, scope)
        case AddressOf(buffer=buffer, index=index):
            array = scope.arrays[buffer]
            first = len(index) == 1 and isinstance(index[0], Const) and index[0].value == 0
            if first and not array.scalar:
                return array.name, _POSTFIX
            return "&" + place(buffer, index, scope), _UNARY
        case Unary(op=op, a=a):
            if op == "-" and scope.wrapping.may_wrap(expr, index=scope.index):
                return _wrapped(expr, scope)
            inner = expression(a, scope, _UNARY)
            return (f"{op}({inner})" if inner.startswith("-") else op + inner), _UNARY
        case Cast():
            return _cast(expr, scope)
        case Binary():
            return _binary(expr, scope)
        case Select(cond=cond, a=a, b=b):
            parts = [expression(e, scope, 4) for e in (cond, a, b)]
            return f"{parts[0]} ? {parts[1]} : {parts[2]}", 3
        case Call():
            return _call(expr, scope)


def place(buffer: str, index: tuple[Expr, ...], scope: Scope) -> str:
    """`buffer[i][j]` in C."""
    array = scope.arrays[buffer]
    scope = scope.indexing
    if array.scalar:
        return array.name
    if not array.strides:
        return array.name + "".join(f"[{expression(i, scope)}]" for i in index)
    terms = [
        f"{expression(i, scope, 14)} * {stride}"
        for i, stride in zip(index, array.strides, strict=False)
        if not (isinstance(i, Const) and i.value == 0)
    ]
    if len(index) > len(array.strides):
        terms.append(expression(index[-1], scope, 12))
    return f"{array.name}[{' + '.join(terms) or '0'}]"


_WIDEN: Final = {F16: "xp_half_to_float", BF16: "xp_bf16_to_float"}
_ROUND: Final = {F16: "xp_f16", BF16: "xp_bf16"}


def _load(load: Load, scope: Scope) -> tuple[str, int]:
    text = place(load.buffer, load.index, scope)
    widen = _WIDEN.get(load.type)
    return (f"{widen}({text})" if widen else text), _POSTFIX


# --- literals ----------------------------------------------------------------------------------


def _const(c: Const) -> tuple[str, int]:
    value, type_ = c.value, c.type
    if type_ == BOOL:
        return ("true" if value else "false"), _POSTFIX
    if isinstance(value, float):
        return _float(value, type_)
    negative = value < 0
    precedence = _UNARY if negative else _POSTFIX
    if type_ == I32:
        return ("(-2147483647 - 1)", _POSTFIX) if value == -(2**31) else (str(value), precedence)
    if type_ == I64:
        if value == -(2**63):
            return "(-9223372036854775807LL - 1)", _POSTFIX
        return f"{value}LL", precedence
    if type_ in (U32, U64):
        digits = hex(value) if value >= 0x8000_0000 else str(value)
        return digits + ("u" if type_ == U32 else "ULL"), _POSTFIX
    return f"({_VALUE[type_.name]}){value}", _UNARY


def _float(value: float, type_: Scalar) -> tuple[str, int]:
    double = type_ == F64
    negative = math.copysign(1.0, value) < 0
    if math.isnan(value):
        return ("(double)NAN", _UNARY) if double else ("NAN", _POSTFIX)
    if math.isinf(value):
        text = "(double)INFINITY" if double else "INFINITY"
        return f"-{text}" if negative else text, _UNARY
    if double:
        return repr(value), _UNARY if negative else _POSTFIX
    return shortest_f32(value) + "f", _UNARY if negative else _POSTFIX


# --- operators ---------------------------------------------------------------------------------


def _cast(cast: Cast, scope: Scope) -> tuple[str, int]:
    source, to = cast.a.type, cast.type
    if not isinstance(source, Scalar):
        raise TypeError(f"a conversion of {source}")
    if to == BOOL:
        return f"{expression(cast.a, scope, 10)} != 0", 9
    if to in _ROUND:
        if source in (BOOL, F16, BF16, F32) or (to == F16 and source.is_int and source.bits <= 32):
            inner = expression(cast.a, scope)
            exact = source in (to, BOOL)
            return (inner if exact else f"{_ROUND[to]}({inner})"), _POSTFIX
        return f"{_ROUND[to]}_from_double({expression(cast.a, scope)})", _POSTFIX
    if source in _ROUND and to == F32:
        return _render(cast.a, scope)
    inner = expression(cast.a, scope, _UNARY)
    return f"({_VALUE[to.name]}){inner}", _UNARY


def _side(expr: Expr, parent: str, scope: Scope, outer: int) -> str:
    # gcc warns where these mix without parentheses; people misread them too
    if isinstance(expr, Binary) and expr.op != parent and not _rounded(expr):
        mixed = parent in _BITS or expr.op in _BITS
        chained = parent in COMPARISONS and expr.op in COMPARISONS
        if mixed or chained or {parent, expr.op} == LOGICAL:
            return f"({expression(expr, scope)})"
    return expression(expr, scope, outer)


def _rounded(expr: Binary) -> bool:
    return expr.type in _ROUND


def _binary(expr: Binary, scope: Scope) -> tuple[str, int]:
    op = expr.op
    match expr:
        case Binary(
            op="!=", a=Call(function="_cvtmask16_u32", args=(Var() as mask,)), b=Const(value=0)
        ):
            return _render(mask, scope)  # a mask is an integer in C: any lane at all
        case _:
            pass
    if scope.wrapping.may_wrap(expr, index=scope.index):
        return _wrapped(expr, scope)
    if op in COMPARISONS:
        guards = scope.wrapping.compares_indices(expr)
        scope = scope.indexing if guards else scope.valuing
    mine = _PRECEDENCE[op]
    beside = op in ("+", "-") or op in COMPARISONS
    other = _widened(expr.b) if beside and expr.a.type == I64 else expr.b
    text = f"{_side(expr.a, op, scope, mine)} {op} {_side(other, op, scope, mine + 1)}"
    if isinstance(expr.type, Scalar) and expr.type in _ROUND:
        return f"{_ROUND[expr.type]}({text})", _POSTFIX
    return text, mine


def _widened(expr: Expr) -> Expr:
    """What stands beside a 64-bit operand is widened by C itself."""
    match expr:
        case Cast(type=to, a=a) if to == I64 and a.type in (I32, U32):
            return a
        case Const(value=value) if abs(value) < 2**31:
            return Const(int(value), I32)
        case _:
            return expr


def _wrapped(expr: Binary | Unary, scope: Scope) -> tuple[str, int]:
    """Signed arithmetic that may wrap, in the unsigned type."""
    signed, unsigned = ("int32_t", "uint32_t") if expr.type == I32 else ("int64_t", "uint64_t")
    return f"({signed})({_modular(expr, scope, unsigned, 0)})", _UNARY


def _modular(expr: Expr, scope: Scope, unsigned: str, outer: int) -> str:
    """The text of an expression whose value is wanted modulo the type's size."""
    match expr:
        case Const(value=value):
            bits = 32 if unsigned == "uint32_t" else 64
            return _const(Const(int(value) % (1 << bits), U32 if bits == 32 else U64))[0]
        case Unary(op="-", a=a):
            text, mine = f"0u - {_modular(a, scope, unsigned, 13)}", 12
        case Binary(op="+" | "-" | "*" as op, a=a, b=b):
            mine = _PRECEDENCE[op]
            left = _modular(a, scope, unsigned, mine)
            text = f"{left} {op} {_modular(b, scope, unsigned, mine + 1)}"
        case _:
            return f"({unsigned}){expression(expr, scope, _UNARY)}"
    return f"({text})" if mine < outer else text


# --- calls -------------------------------------------------------------------------------------

_LIBM: Final = frozenset(
    [
        "sqrt",
        "cbrt",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "erf",
        "erfc",
        "lgamma",
        "tgamma",
        "floor",
        "ceil",
        "trunc",
        "round",
        "rint",
        "fabs",
        "pow",
        "fmod",
        "remainder",
        "atan2",
        "hypot",
        "copysign",
        "fmin",
        "fmax",
        "fdim",
        "fma",
    ]
)
_HELPER: Final = frozenset(["rsqrt", "exp10", "sinpi", "cospi", "normcdf"])
_CLASSIFY: Final = frozenset({"isnan", "isinf", "isfinite", "signbit"})
_TYPED: Final = frozenset(["min", "max", "abs", "popc", "clz", "ffs", "brev", "mulhi"])


_STARTS: Final = ("xp_ramp", "xp_first")
"""Helpers that take lane 0's index."""


def _arguments(args: Sequence[Expr], scope: Scope, name: str = "") -> str:
    starts = name.startswith(_STARTS)
    of = [scope.indexing if starts and scope.wrapping.of_lanes(a) else scope for a in args]
    return ", ".join(expression(a, s) for a, s in zip(args, of, strict=True))


def _call(call: Call, scope: Scope) -> tuple[str, int]:
    name, args = call.function, _arguments(call.args, scope, call.function)
    first = call.args[0].type if call.args else None
    if name in _LIBM or name in _HELPER:
        return _math(call, args), _POSTFIX
    if name in _CLASSIFY:
        return f"(__builtin_{name}({args}) != 0)", _POSTFIX
    if name in _TYPED:
        return f"xp_{name}_{first}({args})", _POSTFIX
    if name.startswith("_"):
        return f"{name}({_instruction_arguments(call, scope)})", _POSTFIX
    if name.startswith("bits_") and first == F16:
        return f"xp_float_to_half({args})", _POSTFIX
    return (name if name.startswith("xp_") else f"xp_{name}") + f"({args})", _POSTFIX


def _math(call: Call, args: str) -> str:
    type_ = call.type
    if call.function == "fma" and type_ in (F16, BF16):
        return f"xp_fma_{type_}({args})"
    single = type_ != F64
    stem = f"xp_{call.function}" if call.function in _HELPER else call.function
    text = f"{stem}{'f' if single else ''}({args})"
    rounding = _ROUND.get(type_) if isinstance(type_, Scalar) else None
    exact = call.function in ("fabs", "fmin", "fmax", "copysign", "floor", "ceil", "trunc", "rint")
    return f"{rounding}({text})" if rounding and not exact else text


_PREDICATES: Final = {
    0: "_CMP_EQ_OQ", 1: "_CMP_LT_OS", 2: "_CMP_LE_OS", 3: "_CMP_UNORD_Q", 4: "_CMP_NEQ_UQ",
    7: "_CMP_ORD_Q", 13: "_CMP_GE_OS", 14: "_CMP_GT_OS",
}  # fmt: skip


def _instruction_arguments(call: Call, scope: Scope) -> str:
    instruction = find(call.function)
    if instruction is None:
        raise ValueError(f"{call.function} is not in the catalog")
    texts = []
    for param, arg in zip(instruction.params, call.args, strict=True):
        lanes = scope.wrapping.of_lanes(arg)
        text = expression(arg, scope.indexing if lanes else scope)
        if param.name == "predicate" and isinstance(arg, Const):
            text = _PREDICATES[int(arg.value)]
        elif param.name == "rounding":
            text = "_MM_FROUND_TO_NEAREST_INT"
        elif param.type.endswith("*") and "void" not in param.type:
            text = f"({param.type}){expression(arg, scope, _UNARY)}"
        texts.append(text)
    return ", ".join(texts)
