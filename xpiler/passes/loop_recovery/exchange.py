"""Warp and block operations as stores into an exchange array and reads of it, or as reductions.

before: r = __shfl_xor_sync(mask, v, 16, 32);
after:  for lane: v_lanes[lane] = v;      for lane: r = v_lanes[lane ^ 16];

Their meaning is that of the PTX ISA ("shfl.sync", "vote.sync", "match.sync", "redux.sync").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from xpiler.ir.build import boolean, const, i32, u32
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Load,
    Select,
    Stmt,
    Store,
    Var,
    WarpOp,
)
from xpiler.ir.types import BOOL, I32, U32, Scalar
from xpiler.passes.bounds import Ranges, bounds, type_range
from xpiler.passes.loop_recovery.converge import FULL_MASK, result_type
from xpiler.passes.loop_recovery.geometry import WARP
from xpiler.passes.loop_recovery.regions import Item, Leaf, Plain, Sync
from xpiler.passes.loop_recovery.uniform import Uniformity
from xpiler.passes.names import Names
from xpiler.passes.simplify import negated, simplify
from xpiler.records import dataclass

__all__ = ["Exchange"]


@dataclass
class Exchange:
    """Expands the collective operations of one level. `arrays` are the exchange arrays it needs."""

    uni: Uniformity
    names: Names
    ranges: Ranges
    lane: Expr
    lanes: Expr
    arrays: list[Alloc] = field(default_factory=list)
    _memo: dict[int, tuple[Item, ...]] = field(default_factory=dict)

    def expand(self, op: WarpOp) -> tuple[Item, ...]:
        """The regions that do what `op` does; the same for the same statement."""
        if id(op) not in self._memo:
            self._memo[id(op)] = self._expand(op)
        return self._memo[id(op)]

    def uniform_result(self, op: WarpOp) -> bool:
        return op.result not in self.uni.divergent

    def _expand(self, op: WarpOp) -> tuple[Item, ...]:
        if op.op.startswith("shfl"):
            return self._shuffle(op)
        if op.op == "match_any" or not (op.op.startswith("block_") or self.uni.uniform(op.mask)):
            return self._per_lane(op)
        return self._reduction(op)

    # --- shuffles

    def _shuffle(self, op: WarpOp) -> tuple[Item, ...]:
        type = result_type(op)
        array = self._array(op, type)
        value, by, width = op.args
        put = Leaf((Store(array, (self.lane,), value),))
        get = Assign(op.result, self._source(op.op, array, type, by, width), span=op.span)
        if self.uniform_result(op):
            place = self._masked(Cast(I32, by) if by.type != I32 else by, WARP)
            return put, Sync(), Plain(Assign(op.result, Load(array, (place,), type)))
        return put, Sync(), Leaf((get,))

    def _array(self, op: WarpOp, type: Scalar) -> str:
        stem = op.args[0].name if isinstance(op.args[0], Var) else op.result
        name = self.names.fresh(f"{stem}_lanes")
        self.arrays.append(Alloc(name, type, (i32(WARP),)))
        return name

    def _source(self, op: str, array: str, type: Scalar, by: Expr, width: Expr) -> Expr:
        """What a lane receives. `by` counts modulo 32; whoever is out of its segment gets its own value."""
        lane = self.lane
        number = simplify(Cast(I32, by)) if by.type != I32 else by
        whole = isinstance(width, Const) and width.value == WARP
        low = Binary("-", width, i32(1))
        segment: Expr = i32(0) if whole else simplify(Binary("&", lane, Binary("^", low, i32(-1))))
        end: Expr = i32(WARP) if whole else simplify(Binary("+", segment, width))
        if op == "shfl":
            within = self._masked(number, WARP) if whole else simplify(Binary("&", number, low))
            return Load(array, (within if whole else Binary("|", segment, within),), type)
        delta = self._masked(number, WARP)
        if op == "shfl_xor":
            place = Binary("^", lane, delta)
            valid: Expr = boolean(True) if whole else Binary("<", place, end)
        elif op == "shfl_up":
            place = Binary("-", lane, delta)
            valid = Binary(">=", lane, delta) if whole else Binary(">=", place, segment)
        else:
            place = Binary("+", lane, delta)
            valid = Binary("<", place, end)
        other, own = Load(array, (place,), type), Load(array, (lane,), type)
        return other if valid == boolean(True) else Select(valid, other, own)

    def _masked(self, number: Expr, size: int) -> Expr:
        known = bounds(number, self.ranges)
        if known is not None and known[0] >= 0 and known[1] < size:
            return number
        return simplify(Binary("&", number, i32(size - 1)))

    # --- votes and reductions

    def _reduction(self, op: WarpOp) -> tuple[Item, ...]:
        """All threads add to one scalar, in turn."""
        type = result_type(op)
        shared = self.uniform_result(op)
        total = op.result if shared else self.names.fresh(f"{op.result}_all")
        start: Stmt = Assign(total, _start(op.op, type), span=op.span)
        if not shared:
            start = Declare(total, type, _start(op.op, type), span=op.span)
        update = _update(op, Var(total, type), self._value(op), self.lane, total)
        if op.op not in ("activemask",) and not op.op.startswith("block_") and op.mask != FULL_MASK:
            update = (If(_named(op.mask, self.lane), update),)
        out: list[Item] = [Plain(start), Leaf(update, serial=True)]
        if not shared:
            out.append(Leaf((Assign(op.result, Var(total, type)),)))
        return tuple(out)

    @staticmethod
    def _value(op: WarpOp) -> Expr:
        return op.args[0] if op.args else i32(1)

    def _per_lane(self, op: WarpOp) -> tuple[Item, ...]:
        """Each lane names its own peers: it goes through what they gave."""
        type = result_type(op)
        if op.op == "activemask":
            return self._reduction(op)
        given = op.args[0].type
        assert isinstance(given, Scalar)
        array = self._array(op, given)
        peer = Var(self.names.fresh("peer"), I32)
        theirs = Load(array, (peer,), given)
        if op.op == "match_any":
            same = Binary("==", theirs, Load(array, (self.lane,), given))
            update: Block = (If(same, (_or_bit(op.result, type, peer),)),)
        else:
            update = _update(op, Var(op.result, type), theirs, peer, op.result)
        mask = Var(self.names.fresh("peers"), U32)
        loop = For(peer.name, I32, i32(0), self.lanes, i32(1), (If(_named(mask, peer), update),))
        get = (
            Declare(mask.name, U32, op.mask),
            Assign(op.result, _start(op.op, type), span=op.span),
            loop,
        )
        return Leaf((Store(array, (self.lane,), op.args[0]),)), Sync(), Leaf(get)


def _named(mask: Expr, lane: Expr) -> Expr:
    """Is `lane` in the mask?"""
    if mask.type != U32:
        mask = Cast(U32, mask)
    return Binary("!=", Binary("&", Binary(">>", mask, lane), u32(1)), u32(0))


def _start(op: str, type: Scalar) -> Const:
    match op:
        case "all" | "block_and":
            return const(1, type)
        case "reduce_and":
            return const(-1, type)
        case "reduce_min":
            return const(type_range(type)[1], type)
        case "reduce_max":
            return const(type_range(type)[0], type)
        case _:
            return const(0, type)


_UPDATES: dict[str, Callable[[Expr, Expr, Scalar], Expr]] = {
    "reduce_add": lambda a, b, _: Binary("+", a, b),
    "reduce_min": lambda a, b, t: Call("min", (a, b), t),
    "reduce_max": lambda a, b, t: Call("max", (a, b), t),
    "reduce_and": lambda a, b, _: Binary("&", a, b),
    "reduce_or": lambda a, b, _: Binary("|", a, b),
    "reduce_xor": lambda a, b, _: Binary("^", a, b),
}


def _or_bit(result: str, type: Scalar, lane: Expr) -> Stmt:
    return Assign(result, Binary("|", Var(result, type), Binary("<<", u32(1), lane)))


def _update(op: WarpOp, total: Var, value: Expr, lane: Expr, result: str) -> Block:
    type = total.type
    assert isinstance(type, Scalar)
    if op.op in _UPDATES:
        return (Assign(result, _UPDATES[op.op](total, value, type)),)
    holds = simplify(Binary("!=", value, const(0, _scalar(value)))) if value.type != BOOL else value
    match op.op:
        case "any" | "block_or":
            return (If(holds, (Assign(result, const(1, type)),)),)
        case "all" | "block_and":
            return (If(negated(holds), (Assign(result, const(0, type)),)),)
        case "block_count":
            return (If(holds, (Assign(result, Binary("+", total, const(1, type))),)),)
        case "activemask":
            return (_or_bit(result, type, lane),)
        case _:
            return (If(holds, (_or_bit(result, type, lane),)),)


def _scalar(value: Expr) -> Scalar:
    assert isinstance(value.type, Scalar)
    return value.type
