"""Columns of a matrix that many rows of blocks read, copied to where they lie side by side.

before: parallel(task) for (by) { parallel(task) for (bx) { ty, tx { for (k) acc += a[..] * b[k * n + bx * 16 + tx]; } } }
after:  parallel(task) for (by by r) { parallel(task) for (bx by c) {
          f32 panel[4][2048][16];  panel[bx'][k][tx] = b[k * n + bx' * 16 + tx];
          for (r by) { for (c bx) { ty, tx { for (k) acc += a[..] * panel[bx'][k][tx]; } } } } }

A column of `b` has its elements a row apart, each on a page of its own where rows are long; the panel is read
from the cache by all rows of r blocks. Blocks are independent, so that any order of them is right. Every element
is copied that some thread reads, and no other: the guard must hold for the first row of all where it holds for
any. r and c grow with the grid, so that small ones still have tasks for every core; a product whose inner loop
is longer than the panel keeps the program that it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.passes.nest import Nest, find_nest
from xpiler.backends.avx512.passes.shape import Shape, Shapes
from xpiler.ir.build import binary, i32
from xpiler.ir.nodes import (
    Alloc,
    Binary,
    Block,
    Call,
    Declare,
    Expr,
    For,
    If,
    Kernel,
    Load,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import I32, Pointer, Scalar
from xpiler.ir.walk import (
    buffers_written,
    expressions,
    fresh,
    map_block,
    statements,
    subexpressions,
    substitute,
    substituted,
    variables,
)
from xpiler.passes.names import rename_locals
from xpiler.records import dataclass

__all__ = ["packed"]

_ROWS: Final = 16
"""Rows of blocks that share a panel, at most."""
_COLUMNS: Final = 4
"""Panels side by side, at most: what a row of blocks reads of the other matrix stays in the cache for them."""
_PARTS: Final = 8
"""Parts into which rows and columns of blocks are divided at least, where there are as many."""
_BYTES: Final = 1 << 19
"""Of all panels of a task: half of a second-level cache."""


@dataclass(frozen=True, slots=True)
class _Panel:
    """`load` in the nest's inner loop, its index over loop variables and parameters alone; `rows` and `columns`
    are the loops over blocks; `depth`: how many iterations of the inner loop a panel holds."""

    load: Load
    index: Expr
    guard: Expr | None
    loops: tuple[For, ...]
    rows: For
    columns: For
    nest: Nest
    depth: int


def packed(kernel: Kernel, taken: set[str]) -> tuple[Block, str] | str:
    """The kernel's new body and what was done, or why nothing was."""
    body = kernel.body
    loops: list[For] = []
    while len(body) == 1 and isinstance(body[0], For) and body[0].axis == "task":
        loops.append(body[0])
        body = body[0].body
    if len(loops) < 2 or len(body) != 1 or not isinstance(body[0], For):
        return "there are no rows and columns of blocks"
    if any(isinstance(s, Alloc) for s in statements(body)):
        return "the block has memory of its own already"
    nest = find_nest(body[0], 1)
    if isinstance(nest, str):
        return nest
    panel = _panel(kernel, tuple(loops), nest)
    if isinstance(panel, str):
        return panel
    note = f"{panel.load.buffer!r} in panels of {panel.depth} x {nest.width}"
    return _rewritten(kernel.body, panel, taken), note


def _panel(kernel: Kernel, loops: tuple[For, ...], nest: Nest) -> _Panel | str:
    params = {p.name for p in kernel.params if isinstance(p.type, Scalar)}
    params -= {
        s.name for s in statements(kernel.body) if not isinstance(s, Declare) and hasattr(s, "name")
    }
    heads = (*nest.common, *nest.heads)
    values: dict[str, Expr] = {}
    for head in heads:
        if isinstance(head, Declare) and head.init is not None:
            values[head.name] = substituted(head.init, values)
    if any(lp.type != I32 or lp.lo != i32(0) or lp.step != i32(1) for lp in loops):
        return "the loops over blocks have another form"
    inner = nest.shared
    plain = inner.type == I32 and inner.step == i32(1)
    if not plain or not all(variables(e) <= params for e in (inner.lo, inner.hi)):
        return f"the bounds of loop {inner.var!r} are no parameters"
    written = buffers_written(kernel.body)
    pointers = {p.name for p in kernel.params if isinstance(p.type, Pointer)}
    for load in _loads(inner):
        if load.buffer in written or load.buffer not in pointers:
            continue
        index = substituted(load.index[0], values)
        known = params | {inner.var, nest.inner.var} | {lp.var for lp in loops}
        if not variables(index) <= known or not _a_column(index, nest):
            continue
        rows = [lp for lp in loops if lp.var not in variables(index)]
        columns = [lp for lp in loops if lp.var in variables(index)]
        if not rows or not columns or any(not variables(lp.hi) <= params for lp in loops):
            continue
        guard = None if nest.guard is None else substituted(nest.guard, values)
        if guard is not None and not _holds_for_the_first(guard, nest, rows[-1].var, rows):
            return f"rows of loop {nest.outer.var!r} may read what the first one does not"
        depth = _BYTES // (_COLUMNS * nest.width * load.type.bits // 8)
        return _Panel(load, index, guard, loops, rows[-1], columns[-1], nest, depth)
    return f"no column is read in loop {inner.var!r}"


def _loads(loop: For) -> list[Load]:
    return [
        e
        for s in loop.body
        for x in expressions(s)
        for e in subexpressions(x)
        if isinstance(e, Load) and len(e.index) == 1
    ]


def _a_column(index: Expr, nest: Nest) -> bool:
    """Threads side by side read neighbours, iterations of the inner loop do not."""
    if nest.width < 8:
        return False
    threads = Shapes({nest.inner.var: Shape(1)}).of(index)
    steps = Shapes({nest.shared.var: Shape(1)}).of(index)
    return threads.stride == 1 and steps.stride not in (0, 1)


def _holds_for_the_first(guard: Expr, nest: Nest, row: str, rows: Sequence[For]) -> bool:
    """Whether the guard of any row implies that of row 0: each part is the same for all rows, or is an upper
    bound of what grows with the row."""
    moving = {nest.outer.var, *(lp.var for lp in rows)}
    if row not in moving:
        return False
    for part in _parts(guard):
        if not variables(part) & moving:
            continue
        match part:
            case Binary(op="<" | "<=", a=a, b=b) if not variables(b) & moving:
                strides = [Shapes({v: Shape(1)}).of(a).stride for v in moving]
                if any(s is None or s < 0 for s in strides):
                    return False
            case _:
                return False
    return True


def _parts(guard: Expr) -> list[Expr]:
    match guard:
        case Binary(op="&&", a=a, b=b):
            return [*_parts(a), *_parts(b)]
        case _:
            return [guard]


# --- the new program ---------------------------------------------------------------------------


def _rewritten(body: Block, panel: _Panel, taken: set[str]) -> Block:
    """The packed program where the grid is large enough and the panel holds the inner loop, else the old one."""
    depth = _minus(panel.nest.shared.hi, panel.nest.shared.lo)
    return (If(binary("<=", depth, i32(panel.depth)), _packed(panel, taken), body),)


def _packed(panel: _Panel, taken: set[str]) -> Block:
    name = _new("panel", taken)
    steps = {
        lp.var: Declare(_new(f"{lp.var}_each", taken), I32, _share(lp, most))
        for lp, most in ((panel.rows, _ROWS), (panel.columns, _COLUMNS))
    }
    first = {lp.var: _new(f"{lp.var}_first", taken) for lp in (panel.rows, panel.columns)}
    shape = (i32(_COLUMNS), i32(panel.depth), i32(panel.nest.width))
    stmts: Block = (
        Alloc(name, panel.load.type, shape),
        _copy(panel, name, first[panel.columns.var], steps[panel.columns.var].name, taken),
        _work(panel, name, first, steps, taken),
    )
    for loop in reversed(panel.loops):
        if loop.var in first:
            step = Var(steps[loop.var].name, I32)
            stmts = (replace(loop, var=first[loop.var], step=step, body=stmts),)
        else:
            other = _new(loop.var, taken)
            stmts = substitute(stmts, {loop.var: Var(other, I32)})
            stmts = (replace(loop, var=other, body=stmts),)
    return (*steps.values(), *stmts)


def _share(loop: For, most: int) -> Expr:
    """How many iterations go together: a part of them all, between 1 and `most`."""
    part = binary("/", loop.hi, i32(_PARTS))
    return Call("max", (Call("min", (part, i32(most)), I32), i32(1)), I32)


def _new(stem: str, taken: set[str]) -> str:
    name = fresh(stem, taken)
    taken.add(name)
    return name


def _within(loop: For, first: str, count: str) -> Expr:
    """Where `count` iterations of the loop from `first` on end."""
    return Call("min", (binary("+", Var(first, I32), Var(count, I32)), loop.hi), I32)


def _place(panel: _Panel, name: str, column: Expr, first: str, step: Expr, thread: Expr) -> Load:
    index = (
        binary("-", column, Var(first, I32)),
        _minus(step, panel.nest.shared.lo),
        _minus(thread, panel.nest.inner.lo),
    )
    return Load(name, index, panel.load.type)


def _minus(a: Expr, b: Expr) -> Expr:
    return a if b == i32(0) else binary("-", a, b)


def _copy(panel: _Panel, name: str, first: str, each: str, taken: set[str]) -> Stmt:
    """The panels filled, by the guard of row 0."""
    nest, loop = panel.nest, panel.nest.shared
    column, step, thread = (
        Var(_new(v, taken), I32) for v in (panel.columns.var, loop.var, nest.inner.var)
    )
    moved: dict[str, Expr] = {panel.columns.var: column, loop.var: step, nest.inner.var: thread}
    to = _place(panel, name, column, first, step, thread)
    value = Load(panel.load.buffer, (substituted(panel.index, moved),), panel.load.type)
    store: Stmt = Store(name, to.index, value)
    if panel.guard is not None:
        start = {nest.outer.var: nest.outer.lo, **{lp.var: lp.lo for lp in _row_loops(panel)}}
        store = If(substituted(panel.guard, {**moved, **start}), (store,))
    copied = replace(nest.inner, var=thread.name, body=(store,))
    along = For(step.name, I32, loop.lo, loop.hi, i32(1), (copied,))
    return For(
        column.name, I32, Var(first, I32), _within(panel.columns, first, each), i32(1), (along,)
    )


def _row_loops(panel: _Panel) -> list[For]:
    return [lp for lp in panel.loops if lp.var not in variables(panel.index)]


def _work(
    panel: _Panel,
    name: str,
    first: Mapping[str, str],
    steps: Mapping[str, Declare],
    taken: set[str],
) -> Stmt:
    """The blocks of the panel, one after the other, reading it."""
    rows, columns, nest = panel.rows, panel.columns, panel.nest
    c, k, t = (Var(v, I32) for v in (columns.var, nest.shared.var, nest.inner.var))
    place = _place(panel, name, c, first[columns.var], k, t)

    def read(expr: Expr) -> Expr:
        return place if expr == panel.load else expr

    shared = replace(nest.shared, body=map_block(nest.shared.body, lambda s: (s,), read))
    block = map_block((nest.outer,), lambda s: (shared,) if s == nest.shared else (s,))
    inner = For(
        c.name,
        I32,
        Var(first[c.name], I32),
        _within(columns, first[c.name], steps[c.name].name),
        i32(1),
        block,
    )
    outer = For(
        rows.var,
        I32,
        Var(first[rows.var], I32),
        _within(rows, first[rows.var], steps[rows.var].name),
        i32(1),
        (inner,),
    )
    (renamed,) = rename_locals((outer,), taken)
    return renamed
