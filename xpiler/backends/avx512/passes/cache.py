"""Rows of a thread block through an inner loop together, their sums in registers.

before: parallel(thread.y) for (ty by 1) { parallel(thread.x) for (tx) { for (k) { acc += a[ty][k] * b[k]; } } }
after:  parallel(thread.y) for (ty by 4) { parallel(thread.x) for (tx) { for (k) { acc_0 += ...; ... } } }

What does not depend on the row (here `b[k]`) is read once for all of them. Iterations of a parallel loop are
independent, so that running some of them side by side keeps their meaning; threads that a guard excludes
leave the group, which then runs one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from xpiler.ir.build import boolean, const
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Binary,
    Block,
    Break,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Module,
    Return,
    Stmt,
    Var,
)
from xpiler.ir.walk import (
    assigned,
    blocks,
    declared,
    expressions,
    fresh,
    statements,
    subexpressions,
    substitute,
    variables,
    with_blocks,
)
from xpiler.passes.base import Applied, Context, Knob, NotApplicable, Outcome, Pass
from xpiler.passes.names import reserved
from xpiler.passes.rename import rename_locals

__all__ = ["PASS", "ROWS"]

ROWS: Final = Knob("rows", (2, 4, 8), 4, "rows that share what they read in the inner loop")
_OUTER: Final = ("thread.y", "thread.z")


@dataclass(frozen=True, slots=True)
class _Nest:
    """`outer { inner { common; heads; [if (guard)] { before; shared; after } } }`; rows agree on `common`."""

    outer: For
    inner: For
    common: Block
    heads: Block
    guard: Expr | None
    before: Block
    shared: For
    after: Block


def _nest(outer: For, rows: int) -> _Nest | str:
    """The parts of a loop over rows, or why it has not this form."""
    if outer.axis not in _OUTER or outer.step != const(1, outer.type):
        return f"loop {outer.var!r} is no loop over rows of threads"
    if not (isinstance(outer.lo, Const) and isinstance(outer.hi, Const)):
        return f"the number of rows of loop {outer.var!r} is not known"
    if (int(outer.hi.value) - int(outer.lo.value)) % rows:
        return f"the rows of loop {outer.var!r} are no multiple of {rows}"
    match outer.body:
        case (For(axis="thread.x") as inner,):
            return _inside(outer, inner)
        case _:
            return f"loop {outer.var!r} holds more than a loop over columns"


def _inside(outer: For, inner: For) -> _Nest | str:
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
        guard is not None and _reads(guard)
    ):
        return f"loop {inner.var!r} is left early or guarded by memory"
    changed = assigned(rest)
    if guard is not None and variables(guard) & changed:
        return f"loop {inner.var!r} changes its guard"
    own = _own(outer.var, heads, changed)
    common = tuple(h for h in heads if h.name not in own)
    mine = tuple(h for h in heads if h.name in own)
    at = places[0]
    return _sharing(_Nest(outer, inner, common, mine, guard, rest[:at], shared, rest[at + 1 :]))


def _own(row: str, heads: Sequence[Declare], changed: frozenset[str]) -> set[str]:
    """What each row has its own of: values that depend on the row, variables that the body changes."""
    own = {row}
    for head in heads:
        if head.name in changed or (head.init is not None and variables(head.init) & own):
            own.add(head.name)
    return own


def _reads(expr: Expr) -> bool:
    return any(isinstance(e, Load) for e in subexpressions(expr))


def _sharing(nest: _Nest) -> _Nest | str:
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
    if any(variables(e) & moving or _reads(e) for e in bounds):
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


def _varies(load: Load, nest: _Nest) -> bool:
    return any(nest.shared.var in variables(i) for i in load.index)


def _copy(nest: _Nest, row: Expr, taken: set[str]) -> _Nest:
    """The parts of the nest for one row, with locals of their own."""
    marked = If(boolean(True) if nest.guard is None else nest.guard, ())
    block = (*nest.heads, marked, *nest.before, nest.shared, *nest.after)
    moved = rename_locals(substitute(block, {nest.outer.var: row}), taken)
    cut, place = len(nest.heads), len(nest.heads) + 1 + len(nest.before)
    mark, shared = moved[cut], moved[place]
    if not isinstance(mark, If) or not isinstance(shared, For):
        raise TypeError("a copy has another form than its original")
    guard = None if nest.guard is None else mark.cond
    before, after = moved[cut + 1 : place], moved[place + 1 :]
    return replace(nest, heads=moved[:cut], guard=guard, before=before, shared=shared, after=after)


def _together(copies: Sequence[_Nest]) -> Block:
    """The rows side by side."""
    first = copies[0].shared
    index = Var(first.var, first.type)
    body = [s for c in copies for s in substitute(c.shared.body, {c.shared.var: index})]
    before = [s for c in copies for s in c.before]
    after = [s for c in copies for s in c.after]
    return (*before, replace(first, body=tuple(body)), *after)


def _apart(nest: _Nest, rows: int, taken: set[str]) -> Block:
    """The rows one after the other, each under its own guard."""
    t = nest.outer.type
    start = Var(nest.outer.var, t)
    name = fresh(nest.outer.var, taken)
    taken.add(name)
    copy = _copy(nest, Var(name, t), taken)
    work = (*copy.before, copy.shared, *copy.after)
    body = (*copy.heads, *(work if copy.guard is None else (If(copy.guard, work),)))
    return (For(name, t, start, Binary("+", start, const(rows, t)), const(1, t), body),)


def _tiled(nest: _Nest, rows: int, taken: set[str]) -> For:
    t = nest.outer.type
    start = Var(nest.outer.var, t)
    places = [Binary("+", start, const(row, t)) if row else start for row in range(rows)]
    copies = [_copy(nest, place, taken) for place in places]
    heads = tuple(s for c in copies for s in c.heads)
    guards = tuple(dict.fromkeys(c.guard for c in copies if c.guard is not None))
    work = _together(copies)
    if guards:
        every = guards[0]
        for guard in guards[1:]:
            every = Binary("&&", every, guard)
        work = (If(every, work, _apart(nest, rows, taken)),)
    inner = replace(nest.inner, body=(*nest.common, *heads, *work))
    return replace(nest.outer, step=const(rows, t), body=(inner,))


def _rewrite(program: Module, context: Context) -> Outcome:
    kernel = program.kernels[0]
    if kernel.level != "loops":
        return NotApplicable("the kernel is not at the level of loops")
    rows = int(context.knob(ROWS))
    taken = set(reserved(program, kernel)) | declared(kernel.body)
    done: list[str] = []
    reasons: list[str] = []
    body = _search(kernel.body, rows, taken, done, reasons)
    if not done:
        return NotApplicable("; ".join(dict.fromkeys(reasons)) or "there are no rows of threads")
    return Applied(replace(program, kernels=(replace(kernel, body=body),)), tuple(done))


def _search(block: Block, rows: int, taken: set[str], done: list[str], reasons: list[str]) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        if isinstance(stmt, For) and stmt.axis in _OUTER:
            nest = _nest(stmt, rows)
            if isinstance(nest, _Nest):
                done.append(f"{rows} rows of {stmt.var!r} together in loop {nest.shared.var!r}")
                out.append(_tiled(nest, rows, taken))
                continue
            reasons.append(nest)
        inner = blocks(stmt)
        new = tuple(_search(b, rows, taken, done, reasons) for b in inner)
        out.append(with_blocks(stmt, new) if inner else stmt)
    return tuple(out)


PASS: Final = Pass(
    name="cache",
    group="memory",
    before="for (ty by 1) for (tx) for (k) acc += a[ty][k] * b[k][tx];",
    after="for (ty by 4) for (tx) for (k) { acc_0 += ...; acc_1 += ...; acc_2 += ...; acc_3 += ...; }",
    rewrite=_rewrite,
    knobs=(ROWS,),
    meta_prompt="cache",
)
