"""Loops in which every lane walks along a row of its own: sixteen steps of all rows are loaded as rows and transposed.

before: for (d) { dot = fmadd(set1(q[d]), i32gather(ramp(0, 64), &k[j * 64 + d]), dot); }
after:  for (d by 16) { xp_columns_ps(rows, &k[j * 64 + d], ramp(0, 64), on); for (u) dot = fmadd(q[d + u], rows[u], dot); }

A gather reads sixteen lines of the cache for sixteen numbers; rows are read once. Each lane keeps the order of its
steps, and nothing is read that the loop itself would not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.emit.columns import COLUMNS_NAME
from xpiler.backends.avx512.passes.instructions import LANES
from xpiler.backends.avx512.passes.lanes import Exec, call
from xpiler.backends.avx512.passes.memory import gathered, lanes_on
from xpiler.backends.avx512.passes.shape import Shape, Shapes
from xpiler.backends.avx512.passes.versions import Lowering, copied
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    LOGICAL,
    AddressOf,
    Alloc,
    Assign,
    Binary,
    Block,
    Const,
    Declare,
    Evaluate,
    Expr,
    For,
    Load,
    Select,
    Stmt,
    Var,
    While,
)
from xpiler.ir.types import F32, I32, VOID, Pointer
from xpiler.ir.walk import (
    assigned,
    declared,
    expressions,
    map_block,
    operands,
    substitute,
    variables,
)

__all__ = ["by_columns"]

_MOST: Final = 2
"""Rows side by side: more would leave no registers."""


def by_columns(body: Lowering, loop: For, ex: Exec) -> bool:
    """Emits the loop in steps of sixteen where lanes walk along rows; false where they do not."""
    rows = _rows(body, loop)
    if not rows or len(rows) > _MOST:
        return False
    index = Var(loop.var, I32)
    step = Var(body.names.fresh(f"{loop.var}_step"), I32)
    made: list[Stmt] = []
    values: dict[Expr, Expr] = {}
    outer, body.lanes.out = body.lanes.out, made
    for load in rows:
        name = body.names.fresh(f"{load.buffer}_rows")
        tile = Alloc(name, F32, (i32(LANES),))
        base, lanes = gathered(body.lanes, load, ex)
        body.shapes.private[name] = tile
        body.lanes.buffers = {**body.lanes.buffers, name: (F32, tile.shape)}
        to = AddressOf(name, (i32(0), i32(0)), Pointer(F32))
        made.append(replace(tile, shape=(i32(LANES), i32(LANES))))
        made.append(Evaluate(call(COLUMNS_NAME, VOID, to, base, lanes, lanes_on(ex))))
        values[load] = Load(name, (step,), F32)
    body.lanes.out = outer
    steps = map_block(loop.body, lambda s: (s,), lambda e: values.get(e, e))
    steps = substitute(steps, {loop.var: Binary("+", index, step)})
    inner = For(step.name, I32, i32(0), i32(LANES), i32(1), tuple(body.block(steps, ex)))
    _emit(body, loop, (*made, inner), ex)
    return True


def _emit(body: Lowering, loop: For, rounds: Block, ex: Exec) -> None:
    """The loop over whole steps, and what is left of it."""
    trips = _trips(loop)
    if trips is not None and trips % LANES == 0:
        body.lanes.out.append(replace(loop, step=i32(LANES), body=rounds))
        return
    index = Var(loop.var, I32)
    last = Binary("-", loop.hi, i32(LANES - 1))

    def advanced(by: int) -> Assign:
        return Assign(loop.var, Binary("+", index, i32(by)))

    rest = (*body.block(copied(body, loop.body), ex), advanced(1))
    body.lanes.out += [
        Declare(loop.var, I32, loop.lo),
        While(Binary("<", index, last), (*rounds, advanced(LANES))),
        While(Binary("<", index, loop.hi), rest),
    ]


def _trips(loop: For) -> int | None:
    lo, hi = loop.lo, loop.hi
    return (
        int(hi.value) - int(lo.value) if isinstance(lo, Const) and isinstance(hi, Const) else None
    )


def _rows(body: Lowering, loop: For) -> list[Load]:
    """What lanes would gather although each reads its elements one after the other."""
    trips = _trips(loop)
    plain = loop.type == I32 and loop.step == i32(1) and body.count == LANES
    if not plain or (trips is not None and trips < LANES) or body.edge:
        return []
    if any(not isinstance(s, Declare | Assign) for s in loop.body):
        return []
    moving = assigned(loop.body) | declared(loop.body)
    along = Shapes({loop.var: Shape(1)})
    found = []
    for load in dict.fromkeys(e for s in loop.body for x in expressions(s) for e in _loads(x)):
        stride = body.shapes.of(load.index[-1]).stride
        near = stride is not None and abs(stride) <= 4
        one = len(load.index) == 1 and along.of(load.index[0]).stride == 1
        fixed = not variables(load.index[0]) & moving
        if load.type == F32 and one and fixed and not near:
            if load.buffer not in body.shapes.private and not _is_table(body, load):
                found.append(load)
    return found


def _is_table(body: Lowering, load: Load) -> bool:
    """Whether the array is so small that a permutation reads it."""
    _, (size, *_) = body.lanes.buffers[load.buffer]
    return isinstance(size, Const) and 0 < size.value <= 2 * LANES


def _loads(expr: Expr) -> Iterator[Load]:
    """Loads that are done whatever the values are."""
    if isinstance(expr, Load):
        yield expr
    elif not isinstance(expr, Select) and not (isinstance(expr, Binary) and expr.op in LOGICAL):
        for part in operands(expr):
            yield from _loads(part)
