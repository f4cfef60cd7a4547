"""Functions that take numbers apart (frexp, modf, logb), norms, and what a clock says: by arithmetic on bits."""

from __future__ import annotations

from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.dispatch import scalar
from xpiler.frontends.lift.intrinsics import INTRINSICS, VOID, Handler, number, pointee
from xpiler.frontends.lift.memory import convert, write
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import OpaqueValue, Value
from xpiler.ir import build
from xpiler.ir.nodes import Assume, Expr
from xpiler.ir.types import BOOL, F32, F64, I32, I64, U32, U64

__all__ = ["split"]

_FRACTION: Final = {F32: 23, F64: 52}


def split(lf: Lifter, x: Expr) -> tuple[Expr, Expr, Expr]:
    """Mantissa in [0.5, 1), exponent, and whether `x` has them (it is neither 0, infinite nor NaN); else `x` and 0."""
    type_ = build.scalar_type(x)
    fraction = _FRACTION[type_]
    word = arith.unsigned(type_.bits)
    bias = (1 << (type_.bits - fraction - 2)) - 2
    lift = fraction + 2  # a subnormal number is scaled up first
    x = lf.temporary(x)
    magnitude = build.call("fabs", x)
    least = build.const(2.0**-(bias), type_)  # the smallest normal number
    tiny = lf.temporary(arith.binary("<", magnitude, least), "tiny")
    scaled = arith.select(tiny, arith.binary("*", x, build.const(2.0**lift, type_)), x)
    bits = lf.temporary(build.cast(word, arith.bits_of(scaled)), "bits")
    field = arith.binary(">>", bits, build.i32(fraction))
    field = arith.binary("&", field, build.const((1 << (type_.bits - fraction - 1)) - 1, word))
    exponent = arith.binary("-", build.cast(I32, field), build.i32(bias))
    exponent = arith.binary("-", exponent, arith.select(tiny, build.i32(lift), build.i32(0)))
    kept = (1 << (type_.bits - 1)) | ((1 << fraction) - 1)
    half = arith.binary("&", bits, build.const(kept, word))
    half = arith.binary("|", half, build.const(bias << fraction, word))
    zero = arith.binary("!=", x, number(0, x))
    ordinary = lf.temporary(arith.binary("&&", build.call("isfinite", x), zero), "ordinary")
    mantissa = arith.select(ordinary, arith.from_bits(half, type_), x)
    return mantissa, arith.select(ordinary, exponent, build.i32(0)), ordinary


def _real(lf: Lifter, node: Node) -> Expr:
    found = scalar(lf, node)
    return found if build.scalar_type(found) in _FRACTION else build.cast(F64, found)


def _frexp(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    mantissa, exponent, _ = split(lf, _real(lf, args[0]))
    kept = lf.temporary(mantissa, "mantissa")
    write(lf, pointee(lf, args[1]), exponent, node)
    return convert(lf, kept, lf.ctype(node), node)


def _modf(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    x = lf.temporary(_real(lf, args[0]))
    whole = lf.temporary(build.call("trunc", x), "whole")
    write(lf, pointee(lf, args[1]), whole, node)
    rest = arith.binary("-", x, whole)
    rest = arith.select(build.call("isinf", x), number(0, x), rest)
    return convert(lf, build.call("copysign", rest, x), lf.ctype(node), node)


def _logb(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    x = lf.temporary(_real(lf, args[0]))
    _, exponent, ordinary = split(lf, x)
    type_ = build.scalar_type(x)
    here = build.cast(type_, arith.binary("-", exponent, build.i32(1)))
    zero = arith.binary("==", x, number(0, x))
    other = arith.select(zero, number(float("-inf"), x), build.call("fabs", x))
    return convert(lf, arith.select(ordinary, here, other), lf.ctype(node), node)


def _norm(reciprocal: bool) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        parts = [lf.temporary(_real(lf, a)) for a in args]
        total = arith.binary("*", parts[0], parts[0])
        for part in parts[1:]:
            total = arith.binary("+", total, arith.binary("*", part, part))
        root: Expr = build.call("sqrt", total)
        if reciprocal:
            root = arith.binary("/", number(1, root), root)
        return convert(lf, root, lf.ctype(node), node)

    return handler


def _clock(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    message = f"{node.spelling}() is 0 where the kernel is written anew: no result may depend on it"
    lf.note("XP1114", message, node)
    return convert(lf, build.const(0, I64), lf.ctype(node), node)


def _assume(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    lf.emit(Assume(build.cast(BOOL, scalar(lf, args[0])), span=node.span))
    return VOID


def _halves_of_double(low: bool) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        bits = build.cast(U64, arith.bits_of(build.cast(F64, scalar(lf, args[0]))))
        word = bits if low else arith.binary(">>", bits, build.i32(32))
        return build.cast(I32, build.cast(U32, word))

    return handler


def _double_of_halves(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    high, low = (build.cast(U64, build.cast(U32, scalar(lf, a))) for a in args)
    word = arith.binary("|", arith.binary("<<", high, build.i32(32)), low)
    return arith.from_bits(word, F64)


def _ignored(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return OpaqueValue("void")


def _register() -> None:
    for suffix in ("", "f"):
        INTRINSICS[f"frexp{suffix}"] = _frexp
        INTRINSICS[f"modf{suffix}"] = _modf
        INTRINSICS[f"logb{suffix}"] = _logb
        for dimensions in ("3d", "4d"):
            INTRINSICS[f"norm{dimensions}{suffix}"] = _norm(False)
            INTRINSICS[f"rnorm{dimensions}{suffix}"] = _norm(True)
        INTRINSICS[f"rhypot{suffix}"] = _norm(True)
    for name in ("clock", "clock64", "wall_clock64"):
        INTRINSICS[name] = _clock
    INTRINSICS["__builtin_assume"] = _assume
    INTRINSICS["__builtin_unreachable"] = INTRINSICS["__trap"]
    INTRINSICS["__double2loint"] = _halves_of_double(True)
    INTRINSICS["__double2hiint"] = _halves_of_double(False)
    INTRINSICS["__hiloint2double"] = _double_of_halves
    for name in ("__builtin_prefetch", "__builtin_ia32_pause"):
        INTRINSICS[name] = _ignored


_register()
