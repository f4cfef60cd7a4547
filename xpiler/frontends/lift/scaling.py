"""Arithmetic that has to be exact: `ldexp`, conversions with directed rounding, clamped shifts, averages.

A power of two is made from its bits. A value that is rounded in a given direction is rounded to nearest first and then
moved by one step, which is one of its bits as an integer, where it lies on the wrong side.
"""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.dispatch import scalar
from xpiler.frontends.lift.intrinsics import INTRINSICS, Handler
from xpiler.frontends.lift.memory import convert
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import Value
from xpiler.ir import build
from xpiler.ir.nodes import Expr
from xpiler.ir.types import F32, F64, I32, I64, U32, Scalar

__all__: list[str] = []


def _ldexp(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """In three factors, of which only the last one can round: 2^n itself may be out of range where the result is not."""
    x, n = scalar(lf, args[0]), lf.temporary(build.cast(I32, scalar(lf, args[1])), "exponent")
    type_ = build.scalar_type(x)
    if type_ not in (F32, F64):
        x, type_ = build.cast(F32, x), F32
    for _ in range(2):
        step = lf.temporary(_step(n, type_), "step")
        x = arith.binary("*", x, _power(step, type_))
        n = lf.temporary(arith.binary("-", n, step), "exponent")
    highest = _bias(type_)
    inside = build.call("min", build.call("max", n, build.i32(1 - highest)), build.i32(highest))
    result = arith.binary("*", x, _power(inside, type_))
    return convert(lf, result, lf.ctype(node), node)


def _bias(type_: Scalar) -> int:
    return 127 if type_ == F32 else 1023


def _step(n: Expr, type_: Scalar) -> Expr:
    """What of an exponent is taken first: nothing where the power itself is a normal number."""
    highest = _bias(type_)
    lowest = 1 - highest
    down = arith.select(
        arith.binary("<", n, build.i32(lowest)),
        build.i32(lowest + (24 if type_ == F32 else 53)),
        build.i32(0),
    )
    return arith.select(arith.binary(">", n, build.i32(highest)), build.i32(highest), down)


def _power(n: Expr, type_: Scalar) -> Expr:
    """2^n for an exponent of a normal number."""
    whole, shift = (U32, 23) if type_ == F32 else (I64, 52)
    biased = build.cast(whole, arith.binary("+", n, build.i32(_bias(type_))))
    return arith.from_bits(arith.binary("<<", biased, build.i32(shift)), type_)


def _directed(lf: Lifter, x: Expr, way: str) -> Expr:
    """A double, or an integer that is one exactly, as a float rounded towards zero, up or down."""
    exact = lf.temporary(build.cast(F64, x), "exact")
    near = lf.temporary(build.cast(F32, exact), "near")
    bits = lf.temporary(build.cast(I32, arith.bits_of(near)), "bits")
    back = build.cast(F64, near)
    inwards = arith.binary("-", bits, build.i32(1))
    outwards = arith.binary("+", bits, build.i32(1))
    negative = arith.binary("<", bits, build.i32(0))
    match way:
        case "rz":
            wrong = arith.binary(">", build.call("fabs", back), build.call("fabs", exact))
            moved = inwards
        case "ru":
            wrong, moved = arith.binary("<", back, exact), arith.select(negative, inwards, outwards)
        case _:
            wrong, moved = arith.binary(">", back, exact), arith.select(negative, outwards, inwards)
    return arith.select(wrong, arith.from_bits(moved, F32), near)


def _conversion(way: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        return convert(lf, _directed(lf, scalar(lf, args[0]), way), lf.ctype(node), node)

    return handler


# --- integers ----------------------------------------------------------------------------------


def _clamped_shift(name: str, beyond: int) -> Handler:
    """A funnel shift by at most 32, which gives the one word or the other whole."""

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        low, high, by = (lf.temporary(build.cast(U32, scalar(lf, a))) for a in args)
        shifted = build.call(name, low, high, by)
        whole = (low, high)[beyond]
        result = arith.select(arith.binary(">=", by, build.u32(32)), whole, shifted)
        return convert(lf, result, lf.ctype(node), node)

    return handler


def _average(type_: Scalar, rounding: int) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        a, b = (build.cast(I64, build.cast(type_, scalar(lf, x))) for x in args)
        total = arith.binary("+", arith.binary("+", a, b), build.const(rounding, I64))
        half = arith.binary(">>", total, build.i32(1))
        return convert(lf, build.cast(type_, half), lf.ctype(node), node)

    return handler


def _fill() -> None:
    for name in ("ldexp", "ldexpf", "scalbn", "scalbnf", "scalbln", "scalblnf"):
        INTRINSICS[name] = _ldexp
    for way in ("rz", "ru", "rd"):
        for source in ("int", "uint", "double"):
            INTRINSICS[f"__{source}2float_{way}"] = _conversion(way)
    INTRINSICS["__funnelshift_lc"] = _clamped_shift("funnel_l", 0)
    INTRINSICS["__funnelshift_rc"] = _clamped_shift("funnel_r", 1)
    INTRINSICS["__rhadd"] = _average(I32, 1)
    INTRINSICS["__uhadd"] = _average(U32, 0)
    INTRINSICS["__urhadd"] = _average(U32, 1)


_fill()
