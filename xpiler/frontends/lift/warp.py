"""Barriers, warp operations, atomics."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CScalar
from xpiler.frontends.lift.dispatch import scalar, value
from xpiler.frontends.lift.intrinsics import INTRINSICS, VOID, Handler, pointee
from xpiler.frontends.lift.memory import convert, read, write
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import ElementPlace, PackPlace, StructValue, Value
from xpiler.ir import build
from xpiler.ir.nodes import Atomic, Barrier, Expr, Var, WarpOp, While
from xpiler.ir.types import BOOL, I32, U32, Scalar

__all__ = ["FULL", "shuffle", "warp_op"]

_STEMS: Final = {"shfl": "peer", "reduce": "total", "any": "vote", "all": "vote", "block": "vote"}

FULL: Final = build.u32(0xFFFFFFFF)


def warp_op(
    lf: Lifter, op: str, mask: Expr, args: tuple[Expr, ...], type_: Scalar, node: Node
) -> Var:
    """Emit a warp operation; gives the variable of its result."""
    result = lf.variable(_STEMS.get(op.split("_")[0], op), type_)
    lf.constants.add(result.name)
    lf.emit(WarpOp(op, result.name, build.cast(U32, mask), args, span=node.span))
    return result


def shuffle(
    lf: Lifter, op: str, mask: Expr, given: Value, lane: Expr, width: Expr, node: Node
) -> Value:
    """A shuffle of any value: structs field by field."""
    if isinstance(given, StructValue):
        fields = tuple((n, shuffle(lf, op, mask, v, lane, width, node)) for n, v in given.fields)
        return StructValue(given.ctype, fields)
    if not isinstance(given, Expr):
        raise lf.refuse("XP1111", "a shuffle of this value", node)
    type_ = build.scalar_type(given)
    if type_.bits < 32 and not type_.is_float:
        given = build.cast(I32, given)
    lane = build.cast(I32, lane)
    result = warp_op(
        lf, op, mask, (given, lane, build.cast(I32, width)), build.scalar_type(given), node
    )
    return build.cast(type_, result)


def _shuffle(op: str, masked: bool) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        rest = args[1:] if masked else args
        mask: Expr = scalar(lf, args[0]) if masked else FULL
        given = value(lf, rest[0])
        lane = scalar(lf, rest[1])
        width: Expr = build.i32(32)
        if len(rest) > 2 and (rest[2].kind != "UNEXPOSED_EXPR" or rest[2].children):
            width = scalar(lf, rest[2])
        shuffled = shuffle(lf, op, mask, given, lane, width, node)
        return convert(lf, shuffled, lf.ctype(node), node)

    return handler


def _vote(op: str, masked: bool) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        mask: Expr = scalar(lf, args[0]) if masked else FULL
        predicate = build.cast(I32, scalar(lf, args[-1]))
        type_ = U32 if op == "ballot" else I32
        return convert(lf, warp_op(lf, op, mask, (predicate,), type_, node), lf.ctype(node), node)

    return handler


def _match_any(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return warp_op(lf, "match_any", scalar(lf, args[0]), (_matched(lf, args[1]),), U32, node)


def _matched(lf: Lifter, node: Node) -> Expr:
    """What lanes are matched by: bits, so that a NaN is like itself and the two zeros are not alike."""
    given = scalar(lf, node)
    return arith.bits_of(given) if build.scalar_type(given).is_float else given


def _match_all(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """All agree where the lanes that agree with this one are all that take part."""
    mask = lf.temporary(build.cast(U32, scalar(lf, args[0])), "mask")
    alike = warp_op(lf, "match_any", mask, (_matched(lf, args[1]),), U32, node)
    same = lf.temporary(arith.binary("==", alike, mask), "same")
    write(lf, pointee(lf, args[2]), build.cast(I32, same), node)
    return convert(lf, arith.select(same, mask, build.u32(0)), lf.ctype(node), node)


def _reduce(op: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        mask, given = scalar(lf, args[0]), scalar(lf, args[1])
        return warp_op(lf, f"reduce_{op}", mask, (given,), build.scalar_type(given), node)

    return handler


def _active(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    return warp_op(lf, "activemask", FULL, (), U32, node)


def _barrier(scope: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        lf.emit(Barrier(scope, span=node.span))
        return VOID

    return handler


def _voting_barrier(op: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        predicate = build.cast(I32, scalar(lf, args[0]))
        return warp_op(lf, op, FULL, (predicate,), I32, node)

    return handler


# --- atomics -----------------------------------------------------------------------------------


def _atomic(op: str) -> Handler:
    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        target = pointee(lf, args[0])
        if isinstance(target, PackPlace) and target.byte is None:
            return _reinterpreted(lf, op, target, node, args)
        if not isinstance(target, ElementPlace):
            raise lf.refuse("XP1111", "an atomic operation on this place", node)
        operands = tuple(build.cast(target.type, scalar(lf, a)) for a in args[1:])
        return _emit(lf, op, target, operands, node)

    return handler


def _emit(
    lf: Lifter, op: str, target: ElementPlace, operands: tuple[Expr, ...], node: Node
) -> Value:
    ctype = lf.ctype(node)
    assert isinstance(ctype, CScalar)
    if node.cursor.hash in lf.unused:
        lf.emit(Atomic(op, target.buffer, target.index, operands, None, span=node.span))
        return VOID
    result = lf.variable("old", target.type)
    lf.constants.add(result.name)
    lf.emit(Atomic(op, target.buffer, target.index, operands, result.name, span=node.span))
    return result


def _reinterpreted(
    lf: Lifter, op: str, target: PackPlace, node: Node, args: tuple[Node, ...]
) -> Value:
    """`atomicCAS((int *)&x, ...)` on a float: the float's own compare-and-swap by its bits."""
    if target.stored.size != target.type.size:
        raise lf.refuse(
            "XP1113", f"an atomic on {target.stored} memory seen as {target.type}", node
        )
    given = [build.cast(target.type, scalar(lf, a)) for a in args[1:]]
    if op not in ("cas", "exch"):
        return _by_exchange(lf, op, target, given[0], node)
    return _swap(lf, op, target, given, node)


def _swap(lf: Lifter, op: str, target: PackPlace, given: list[Expr], node: Node) -> Expr:
    """Compare-and-swap, or exchange, of what the memory holds, by its bits."""
    operands = tuple(arith.from_bits(arith.bits_of(g), target.stored) for g in given)
    result = lf.variable("old", target.stored)
    lf.emit(Atomic(op, target.buffer, target.index, operands, result.name, span=node.span))
    return arith.from_bits(arith.bits_of(result), target.type)


def _by_exchange(lf: Lifter, op: str, target: PackPlace, given: Expr, node: Node) -> Expr:
    """Any other operation on memory of another type: read, compute, and swap until nobody came between."""
    kept = lf.temporary(given, "given")
    index = tuple(lf.temporary(i, "at") for i in target.index)
    target = replace(target, index=index)
    first = read(lf, target)
    assert isinstance(first, Expr)
    old = lf.variable("seen", target.type, first)
    going = lf.variable("again", BOOL, build.boolean(True))
    with lf.block() as body:
        before = lf.temporary(old, "before")
        found = _swap(lf, "cas", target, [before, _updated(op, before, kept)], node)
        lf.assign(old.name, found)
        lf.assign(going.name, arith.binary("!=", old, before))
    lf.emit(While(going, tuple(body), span=node.span))
    return old


def _updated(op: str, old: Expr, given: Expr) -> Expr:
    signs = {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}
    if op in signs:
        return arith.binary(signs[op], old, given)
    if op in ("min", "max"):
        return build.call(op, old, given)
    zero = build.const(0, build.scalar_type(old))
    one = build.const(1, build.scalar_type(old))
    if op == "inc":
        return arith.select(arith.binary(">=", old, given), zero, arith.binary("+", old, one))
    stop = arith.binary("||", arith.binary("==", old, zero), arith.binary(">", old, given))
    return arith.select(stop, given, arith.binary("-", old, one))


def _fill() -> None:
    for op in ("shfl", "shfl_up", "shfl_down", "shfl_xor"):
        INTRINSICS[f"__{op}_sync"] = _shuffle(op, True)
        INTRINSICS[f"__{op}"] = _shuffle(op, False)
    for op in ("any", "all", "ballot"):
        INTRINSICS[f"__{op}_sync"] = _vote(op, True)
        INTRINSICS[f"__{op}"] = _vote(op, False)
    INTRINSICS["__match_any_sync"] = _match_any
    INTRINSICS["__match_all_sync"] = _match_all
    for op in ("add", "min", "max", "and", "or", "xor"):
        INTRINSICS[f"__reduce_{op}_sync"] = _reduce(op)
    INTRINSICS["__activemask"] = _active
    INTRINSICS["__syncthreads"] = _barrier("block")
    INTRINSICS["__syncwarp"] = _barrier("warp")
    for op in ("or", "and", "count"):
        INTRINSICS[f"__syncthreads_{op}"] = _voting_barrier(f"block_{op}")
    names = {"Add": "add", "Sub": "sub", "Min": "min", "Max": "max", "And": "and", "Or": "or"}
    names |= {"Xor": "xor", "Exch": "exch", "CAS": "cas", "Inc": "inc", "Dec": "dec"}
    for name, op in names.items():
        for suffix in ("", "_block", "_system"):
            INTRINSICS[f"atomic{name}{suffix}"] = _atomic(op)


_fill()
