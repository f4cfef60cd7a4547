"""Assignments, compound assignments, ++ and --."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.dispatch import place, scalar_of, value
from xpiler.frontends.lift.memory import convert, read, snapshot_pointer, write
from xpiler.frontends.lift.pointers import advance, stable
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    ElementPlace,
    PackPlace,
    Place,
    PointerValue,
    Value,
    ValuePlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import Expr
from xpiler.ir.types import I64, Scalar

__all__ = ["assignment", "compound", "fixed", "step"]


def assignment(lf: Lifter, node: Node, left: Node, right: Node) -> Value:
    """`left = right`; C++17 evaluates the right side first."""
    found = value(lf, right)
    with lf.block() as effects:
        target = place(lf, left)
    if effects and isinstance(found, Expr):
        found = lf.temporary(found)
    lf.out.extend(effects)
    found = convert(lf, found, lf.ctype(left), node)
    write(lf, target, found, node)
    return read(lf, target)


def fixed(lf: Lifter, target: Place) -> Place:
    """`target` with its indices evaluated once, for a read and a write of the same place."""
    if isinstance(target, ElementPlace):
        index = tuple(_steady(lf, i) for i in target.index)
        return ElementPlace(target.buffer, index, target.type, target.volatile)
    if isinstance(target, PackPlace):
        index = tuple(_steady(lf, i) for i in target.index)
        byte = None if target.byte is None else _steady(lf, target.byte)
        return PackPlace(target.buffer, index, target.stored, target.type, byte)
    return target


def _steady(lf: Lifter, index: Expr) -> Expr:
    # an index without loads has the same value on both sides of one assignment
    return lf.temporary(index, "at") if arith.has_load(index) and not stable(lf, index) else index


def compound(lf: Lifter, node: Node, left: Node, right: Node, op: str) -> Value:
    """`left op= right`, computed in the common type and converted back."""
    by = value(lf, right)
    target = fixed(lf, place(lf, left))
    old = read(lf, target)
    if isinstance(old, PointerValue):
        amount = scalar_of(lf, by, right)
        if op == "-":
            amount = arith.unary("-", build.cast(I64, amount))
        write(lf, target, advance(lf, old, amount, node), node)
        return read(lf, target)
    if not isinstance(old, Expr) or not isinstance(by, Expr):
        raise lf.refuse("XP1111", f"`{op}=` on this value", node)
    type_ = build.scalar_type(old)
    new = arith.binary(op, old, by, node.span)
    write(lf, target, build.cast(type_, new), node)
    return read(lf, target)


def step(lf: Lifter, node: Node, inner: Node, op: str, *, used: bool) -> Value:
    """`++x`, `x++` and their kin; the old value is kept only when `used`."""
    target = fixed(lf, place(lf, inner))
    if isinstance(target, ValuePlace):
        raise lf.refuse("XP1111", f"`{op[-2:]}` on this value", node)
    old = read(lf, target)
    by = build.i32(1 if op.endswith("++") else -1)
    if isinstance(old, PointerValue):
        kept = old
        if used and op.startswith("post"):
            kept = snapshot_pointer(lf, old)
        write(lf, target, advance(lf, old, by, node), node)
        return kept if op.startswith("post") else read(lf, target)
    old = scalar_of(lf, old, inner)
    if used and op.startswith("post"):
        old = lf.temporary(old, "old")
    type_ = old.type
    assert isinstance(type_, Scalar)
    one = build.const(1, type_) if type_.is_float else build.i32(1)
    new = arith.binary("+" if op.endswith("++") else "-", old, one, node.span)
    write(lf, target, build.cast(type_, new), node)
    return old if op.startswith("post") else read(lf, target)
