"""Code in two versions: for lanes that all take part, without masks, and for those at an edge.

before: for (i = lo; i < hi; i += step) { body }       lanes side by side, the first at i
after:  for (; i < hi - 15; i += step) { body } if (i < hi) { mask16 rest = ...; body under rest }

A guard in an inner loop that compares neighbouring lanes with a bound is asked of the first and the last of them.
"""

from __future__ import annotations

from typing import Final, Protocol

from xpiler.backends.avx512.passes.guards import conjunction, conjuncts
from xpiler.backends.avx512.passes.lanes import MASK, Exec, Lanes, call, touches_memory
from xpiler.backends.avx512.passes.shape import Shapes
from xpiler.ir.build import cast, const
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Atomic,
    Binary,
    Block,
    Break,
    Call,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Return,
    Stmt,
    Var,
    While,
)
from xpiler.ir.types import I64, Scalar
from xpiler.ir.walk import statements
from xpiler.passes.names import Names, rename_locals

__all__ = ["Lowering", "all_inside", "copied", "is_small", "split"]

_LARGE: Final = 24
"""Statements of a loop that is not worth having twice."""
_SMALL: Final = 4
"""Statements of a branch that is."""


class Lowering(Protocol):
    """What lowers the statements of one loop onto lanes; `whole`: within a loop that has been split already; `edge`: in
    the version for the lanes at its end."""

    lanes: Lanes
    shapes: Shapes
    names: Names
    count: int
    whole: bool
    edge: bool

    def block(self, block: Block, ex: Exec) -> list[Stmt]:
        """The statements on the lanes of `ex`."""
        ...


def split(body: Lowering, loop: For, ex: Exec) -> bool:
    """The rounds in which no lane is beyond the end go without a mask, then the last one with it."""
    stmts = tuple(statements(loop.body))
    plain = not any(isinstance(s, Alloc | Continue | Return) for s in stmts)
    nested = any(id(s) in body.shapes.diverging for s in stmts)
    side = body.shapes.of(loop.lo).stride == 1 and isinstance(loop.type, Scalar)
    if body.whole or not side or not plain or nested or len(stmts) > _LARGE:
        return False
    body.whole = True
    index, more = Var(loop.var, loop.type), const(body.count - 1, loop.type)
    advance = Assign(loop.var, Binary("+", index, loop.step))
    rounds = (*body.block(loop.body, ex), advance)
    body.lanes.out += [
        Declare(loop.var, loop.type, loop.lo),
        While(Binary("<", index, _less(loop.hi, more)), rounds),
        _rest(body, loop, ex, advance),
    ]
    body.whole = False
    return True


def _rest(body: Lowering, loop: For, ex: Exec, advance: Assign) -> Stmt:
    lanes, index = body.lanes, Var(loop.var, loop.type)
    left = Binary("-", cast(I64, loop.hi), cast(I64, index))
    first = call(f"xp_first_{body.count}", MASK, left)
    rest = Var(body.names.fresh("rest"), MASK)
    made = Declare(rest.name, MASK, lanes.both(ex.mask, first))
    body.edge = True
    rounds = (made, *body.block(copied(body, loop.body), Exec(rest)))
    body.edge = False
    inside = Binary("<", index, loop.hi)
    once = isinstance(loop.step, Const) and int(loop.step.value) >= body.count
    return If(inside, rounds) if once else While(inside, (*rounds, advance))


def copied(body: Lowering, block: Block) -> Block:
    """The block with names of its own; its variables are what those of the block are."""
    copy = rename_locals(block, body.names.taken)
    shapes = body.shapes
    for old, new in zip(statements(block), statements(copy), strict=True):
        for name, now in zip(_declared(old), _declared(new), strict=True):
            shapes.crossing.same(name, now)
            if name in shapes.variables:
                shapes.variables[now] = shapes.variables[name]
            if name in shapes.multiples:
                shapes.multiples[now] = shapes.multiples[name]
    return copy


def _declared(stmt: Stmt) -> tuple[str, ...]:
    match stmt:
        case Declare(name=name) | For(var=name):
            return (name,)
        case Atomic(result=str(name)):
            return (name,)
        case _:
            return ()


def _less(bound: Expr, by: Const) -> Expr:
    """`bound - by`, not below zero where the type has nothing there."""
    type_ = bound.type
    if isinstance(bound, Const):
        signed = isinstance(type_, Scalar) and type_.is_signed
        left = int(bound.value) - int(by.value)
        return const(left if signed else max(left, 0), by.type)
    if isinstance(type_, Scalar) and not type_.is_signed:
        bound = Call("max", (bound, by), type_)
    return Binary("-", bound, by)


# --- guards ------------------------------------------------------------------------------------


def is_small(block: Block) -> bool:
    """Whether a branch is worth having twice: a few statements without control of their own."""
    control = (Alloc, Break, Continue, Return, For, While, If, Atomic)
    stmts = tuple(statements(block))
    return len(stmts) <= _SMALL and not any(isinstance(s, control) for s in stmts)


def all_inside(body: Lowering, block: Block, cond: Expr) -> Expr | None:
    """When all lanes meet `cond`, asked of the outer ones; None where it has another form or `block` is large."""
    if not is_small(block) or touches_memory(cond):
        return None
    parts = [_outermost(body, part) for part in conjuncts(cond)]
    known = tuple(p for p in parts if p is not None)
    return conjunction(known) if len(known) == len(parts) else None


def _outermost(body: Lowering, part: Expr) -> Expr | None:
    """The comparison for the lane that is nearest to the bound."""
    match part:
        case Binary(op="<" | "<=" | ">" | ">=" as op, a=a, b=b):
            stride = body.shapes.of(a).stride
        case _:
            return None
    if not isinstance(a.type, Scalar) or not a.type.is_int or not a.type.is_signed:
        return None
    if stride is None or stride <= 0 or not body.shapes.of(b).uniform:
        return None
    if op in (">", ">="):
        return part
    return Binary(op, Binary("+", a, const(stride * (body.count - 1), a.type)), b)
