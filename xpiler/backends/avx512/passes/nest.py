"""The nest of a matrix product: rows and columns of threads around one inner loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xpiler.ir.build import const
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Block,
    Break,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Return,
)
from xpiler.ir.walk import assigned, expressions, statements, subexpressions, variables
from xpiler.records import dataclass

__all__ = ["ROW_AXES", "Nest", "find_nest"]

ROW_AXES: Final = ("thread.x", "thread.y", "thread.z")
"""Loops over threads; which of them are rows and which columns tells their order."""


@dataclass(frozen=True, slots=True)
class Nest:
    """`outer { inner { common; heads; [if (guard)] { before; shared; after } } }`; rows agree on `common`."""

    outer: For
    inner: For
    common: Block
    heads: Block
    guard: Expr | None
    before: Block
    shared: For
    after: Block

    @property
    def trips(self) -> int:
        """How many rows there are; 0 when that is not known."""
        return _trips(self.outer)

    @property
    def width(self) -> int:
        """How many columns there are; 0 when that is not known."""
        return _trips(self.inner)


def _trips(loop: For) -> int:
    lo, hi = loop.lo, loop.hi
    return int(hi.value) - int(lo.value) if isinstance(lo, Const) and isinstance(hi, Const) else 0


def find_nest(outer: For, rows: int) -> Nest | str:
    """The parts of a loop over rows, or why it has not this form."""
    if outer.axis not in ROW_AXES or outer.step != const(1, outer.type):
        return f"loop {outer.var!r} is no loop over rows of threads"
    if not (isinstance(outer.lo, Const) and isinstance(outer.hi, Const)):
        return f"the number of rows of loop {outer.var!r} is not known"
    if _trips(outer) % rows:
        return f"the rows of loop {outer.var!r} are no multiple of {rows}"
    match outer.body:
        case (For() as inner,) if inner.axis in ROW_AXES:
            return _inside(outer, inner)
        case _:
            return f"loop {outer.var!r} holds more than a loop over columns"


def _inside(outer: For, inner: For) -> Nest | str:
    heads: list[Declare] = []
    rest = inner.body
    while rest and isinstance(rest[0], Declare):
        heads.append(rest[0])
        rest = rest[1:]
    guard: Expr | None = None
    if len(rest) == 1 and isinstance(rest[0], If) and not rest[0].orelse:
        guard, rest = rest[0].cond, rest[0].then
    places = [n for n, s in enumerate(rest) if isinstance(s, For)]
    if len(places) != 1:
        return f"loop {inner.var!r} has not one inner loop"
    shared = rest[places[0]]
    if not isinstance(shared, For) or any(not isinstance(s, Declare | Assign) for s in shared.body):
        return f"loop {inner.var!r} has an inner loop that does more than compute"
    jumps = (Break, Continue, Return)
    if any(isinstance(s, jumps) for s in statements(inner.body)) or (
        guard is not None and reads(guard)
    ):
        return f"loop {inner.var!r} is left early or guarded by memory"
    changed = assigned(rest)
    if guard is not None and variables(guard) & changed:
        return f"loop {inner.var!r} changes its guard"
    own = _own(outer.var, heads, changed)
    common = tuple(h for h in heads if h.name not in own)
    mine = tuple(h for h in heads if h.name in own)
    at = places[0]
    return _sharing(Nest(outer, inner, common, mine, guard, rest[:at], shared, rest[at + 1 :]))


def _own(row: str, heads: Sequence[Declare], changed: frozenset[str]) -> set[str]:
    """What each row has its own of: values that depend on the row, variables that the body changes."""
    own = {row}
    for head in heads:
        if head.name in changed or (head.init is not None and variables(head.init) & own):
            own.add(head.name)
    return own


def reads(expr: Expr) -> bool:
    return any(isinstance(e, Load) for e in subexpressions(expr))


def _sharing(nest: Nest) -> Nest | str:
    """The nest, if its rows go through the same iterations and read something in common there."""
    own = {nest.outer.var}
    own |= {h.name for h in nest.heads if isinstance(h, Declare)}
    for stmt in statements((*nest.before, *nest.shared.body)):
        if isinstance(stmt, Declare | Assign) and any(
            variables(e) & own for e in expressions(stmt)
        ):
            own.add(stmt.name)
    local = {s.name for s in (*nest.heads, *nest.before) if isinstance(s, Declare | Alloc)}
    moving = (
        own | {s.name for s in statements(nest.before) if isinstance(s, Assign)} | (local & own)
    )
    bounds = (nest.shared.lo, nest.shared.hi, nest.shared.step)
    if any(variables(e) & moving or reads(e) for e in bounds):
        return f"the bounds of loop {nest.shared.var!r} differ between rows"
    loads = [
        e
        for s in statements(nest.shared.body)
        for x in expressions(s)
        for e in subexpressions(x)
        if isinstance(e, Load)
    ]
    if not any(_varies(load, nest) and not _depends(load, own) for load in loads):
        return f"the rows of loop {nest.outer.var!r} have nothing in common in loop {nest.shared.var!r}"
    return nest


def _depends(load: Load, own: set[str]) -> bool:
    return any(variables(i) & own for i in load.index)


def _varies(load: Load, nest: Nest) -> bool:
    return any(nest.shared.var in variables(i) for i in load.index)
