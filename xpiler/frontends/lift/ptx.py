"""Inline PTX: a table of idioms that have a meaning in the IR; anything else is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.dispatch import REFERENCES, place, scalar
from xpiler.frontends.lift.groups import thread_rank
from xpiler.frontends.lift.memory import convert, write
from xpiler.frontends.lift.state import Lifter
from xpiler.ir import build
from xpiler.ir.nodes import Barrier, Expr, Unary
from xpiler.ir.types import F32, I32, U32

__all__ = ["assembly"]

Meaning = Callable[[Lifter, list[Expr]], Expr]


def _lane(lf: Lifter, operands: list[Expr]) -> Expr:
    del operands
    return arith.binary("%", thread_rank(lf), build.u32(32))


def _warp(lf: Lifter, operands: list[Expr]) -> Expr:
    del operands
    return arith.binary("/", thread_rank(lf), build.u32(32))


def _lane_mask(first: int, *, above: bool) -> Meaning:
    """Lanes below the own one (`first` 1), up to it (2), or the others of these."""

    def meaning(lf: Lifter, operands: list[Expr]) -> Expr:
        bit = arith.binary("<<", build.u32(first), _lane(lf, operands))
        below = arith.binary("-", bit, build.u32(1))
        return Unary("~", below) if above else below

    return meaning


def _own_lane(lf: Lifter, operands: list[Expr]) -> Expr:
    return arith.binary("<<", build.u32(1), _lane(lf, operands))


def _pure(name: str) -> Meaning:
    return lambda _, operands: build.call(name, *operands)


def _operator(op: str) -> Meaning:
    return lambda _, operands: arith.binary(op, operands[0], operands[1])


def _reciprocal(lf: Lifter, operands: list[Expr]) -> Expr:
    del lf
    return arith.binary("/", build.const(1, F32), operands[0])


def _extract(lf: Lifter, operands: list[Expr]) -> Expr:
    """`bfe.u32 d, a, pos, len` for lengths below 32."""
    value, position, length = (lf.temporary(build.cast(U32, o)) for o in operands)
    one = build.u32(1)
    ones = arith.binary("-", arith.binary("<<", one, length), one)
    return arith.binary("&", arith.binary(">>", value, position), ones)


# the template with its operands %1, %2, ... in order, spaces single; the result is %0
_IDIOMS: Final[dict[str, Meaning]] = {
    "mov.u32 %0, %laneid;": _lane,
    "mov.s32 %0, %laneid;": _lane,
    "mov.u32 %0, %warpid;": _warp,
    "mov.u32 %0, %lanemask_eq;": _own_lane,
    "mov.u32 %0, %lanemask_lt;": _lane_mask(1, above=False),
    "mov.u32 %0, %lanemask_le;": _lane_mask(2, above=False),
    "mov.u32 %0, %lanemask_ge;": _lane_mask(1, above=True),
    "mov.u32 %0, %lanemask_gt;": _lane_mask(2, above=True),
    "ex2.approx.f32 %0, %1;": _pure("exp2"),
    "ex2.approx.ftz.f32 %0, %1;": _pure("exp2"),
    "lg2.approx.f32 %0, %1;": _pure("log2"),
    "lg2.approx.ftz.f32 %0, %1;": _pure("log2"),
    "rsqrt.approx.f32 %0, %1;": _pure("rsqrt"),
    "rsqrt.approx.ftz.f32 %0, %1;": _pure("rsqrt"),
    "sqrt.approx.f32 %0, %1;": _pure("sqrt"),
    "sqrt.approx.ftz.f32 %0, %1;": _pure("sqrt"),
    "tanh.approx.f32 %0, %1;": _pure("tanh"),
    "sin.approx.f32 %0, %1;": _pure("sin"),
    "cos.approx.f32 %0, %1;": _pure("cos"),
    "rcp.approx.f32 %0, %1;": _reciprocal,
    "rcp.approx.ftz.f32 %0, %1;": _reciprocal,
    "fma.rn.f32 %0, %1, %2, %3;": _pure("fma"),
    "add.f32 %0, %1, %2;": _operator("+"),
    "mul.f32 %0, %1, %2;": _operator("*"),
    "add.u32 %0, %1, %2;": _operator("+"),
    "add.s32 %0, %1, %2;": _operator("+"),
    "max.f32 %0, %1, %2;": _pure("fmax"),
    "min.f32 %0, %1, %2;": _pure("fmin"),
    "popc.b32 %0, %1;": _pure("popc"),
    "brev.b32 %0, %1;": _pure("brev"),
    "prmt.b32 %0, %1, %2, %3;": _pure("byte_perm"),
    "bfe.u32 %0, %1, %2, %3;": _extract,
}
_BARRIERS: Final = {"bar.sync 0;": "block", "barrier.sync 0;": "block", "bar.warp.sync": "warp"}
_STRINGS: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')


def assembly(lf: Lifter, node: Node) -> None:
    """Lift one asm statement."""
    template = _template(node.text)
    barrier = _BARRIERS.get(template)
    if barrier is not None:
        lf.emit(Barrier(barrier, span=node.span))
        return
    if not template and '"' in node.text:
        return  # it tells the compiler alone to keep an order
    meaning = _IDIOMS.get(template.replace("%%", "%"))
    operands = [c for c in node.children if c.kind not in REFERENCES and "LITERAL" not in c.kind]
    if meaning is None or not operands:
        shown = template or " ".join(node.text.split())
        raise lf.refuse(
            "XP1104", f"inline PTX: {shown[:60]}", node, "write it with a CUDA intrinsic"
        )
    result = meaning(lf, [scalar(lf, o) for o in operands[1:]])
    type_ = build.scalar_type(result)
    if type_ not in (F32, U32, I32):
        result = build.cast(U32, result)
    write(lf, place(lf, operands[0]), convert(lf, result, lf.ctype(operands[0]), node), node)


def _template(text: str) -> str:
    """The instructions: the strings before the first colon outside of them."""
    parts: list[str] = []
    position = text.find("(") + 1
    for found in _STRINGS.finditer(text, position):
        if ":" in text[position : found.start()]:
            break
        parts.append(found[1])
        position = found.end()
    joined = "".join(parts).replace("\\n", " ").replace("\\t", " ")
    return " ".join(joined.split())
