"""Rows of a thread block through an inner loop together, their sums in registers.

before: parallel(thread.y) for (ty by 1) { parallel(thread.x) for (tx) { for (k) { acc += a[ty][k] * b[k]; } } }
after:  parallel(thread.y) for (ty by 4) { parallel(thread.x) for (tx) { for (k) { acc_0 += ...; ... } } }

What does not depend on the row (here `b[k]`) is read once for all of them. Iterations of a parallel loop are
independent, so that running some of them side by side keeps their meaning; threads that a guard excludes
leave the group, which then runs one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.passes.instructions import LANES
from xpiler.backends.avx512.passes.nest import ROW_AXES, Nest, find_nest
from xpiler.backends.avx512.passes.panel import packed
from xpiler.backends.avx512.passes.reduction import find_reduction, preferable
from xpiler.backends.avx512.passes.shape import analyse
from xpiler.ir.build import boolean, const
from xpiler.ir.nodes import (
    LOGICAL,
    Assign,
    Binary,
    Block,
    Const,
    Declare,
    Expr,
    For,
    If,
    Load,
    Module,
    Select,
    Stmt,
    Var,
)
from xpiler.ir.walk import (
    blocks,
    declared,
    expressions,
    fresh,
    map_block,
    operands,
    substitute,
    with_blocks,
)
from xpiler.passes.base import Applied, Context, Knob, NotApplicable, Outcome, Pass
from xpiler.passes.fold import fold_block
from xpiler.passes.names import rename_locals, reserved

__all__ = ["PACK", "PASS", "ROWS"]

ROWS: Final = Knob(
    "rows", (2, 4, 8, 16), 8, "rows at most that share what they read in the inner loop"
)
PACK: Final = Knob(
    "pack", (True, False), True, "columns that many rows of blocks read copied into panels"
)
_GROUPS: Final = 4
"""Registers of threads at most that go together along one line of them."""
_STEPS: Final = 3
"""Statements of a round that waits for its own last one; a longer one keeps the CPU busy alone."""
_SUMS: Final = 16
"""Registers for sums: with twice as many, operands would no longer find room among 32."""


def _copy(nest: Nest, row: Expr, taken: set[str]) -> Nest:
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


def _once(bodies: Sequence[Block], loop: For, taken: set[str]) -> Block:
    """The statements of all rows, which compute and do nothing else; what all of them load is loaded once."""
    read = [[e for s in body for x in expressions(s) for e in _loads(x)] for body in bodies]
    shared = [e for e in dict.fromkeys(read[0]) if all(e in others for others in read[1:])]
    heads: list[Stmt] = []
    values: dict[Expr, Expr] = {}
    for load in shared:
        name = fresh(f"{load.buffer}_{loop.var}", taken)
        taken.add(name)
        heads.append(Declare(name, load.type, load))
        values[load] = Var(name, load.type)
    stmts = tuple(s for body in bodies for s in body)
    return (*heads, *map_block(stmts, lambda s: (s,), lambda e: values.get(e, e)))


def _loads(expr: Expr) -> Iterator[Load]:
    """Loads that are done whatever the values are."""
    if isinstance(expr, Load):
        yield expr
    elif not isinstance(expr, Select) and not (isinstance(expr, Binary) and expr.op in LOGICAL):
        for part in operands(expr):
            yield from _loads(part)


def _together(copies: Sequence[Nest], taken: set[str]) -> Block:
    """The rows side by side."""
    first = copies[0].shared
    index = Var(first.var, first.type)
    bodies = [substitute(c.shared.body, {c.shared.var: index}) for c in copies]
    body = _once(bodies, first, taken)
    before = [s for c in copies for s in c.before]
    after = [s for c in copies for s in c.after]
    return (*before, replace(first, body=body), *after)


def _apart(nest: Nest, rows: int, taken: set[str]) -> Block:
    """The rows one after the other, each under its own guard."""
    t = nest.outer.type
    start = Var(nest.outer.var, t)
    name = fresh(nest.outer.var, taken)
    taken.add(name)
    copy = _copy(nest, Var(name, t), taken)
    work = (*copy.before, copy.shared, *copy.after)
    body = (*copy.heads, *(work if copy.guard is None else (If(copy.guard, work),)))
    return (For(name, t, start, Binary("+", start, const(rows, t)), const(1, t), body),)


def _parts(guard: Expr) -> tuple[Expr, ...]:
    """The conditions that hold together."""
    if isinstance(guard, Binary) and guard.op == "&&":
        return (*_parts(guard.a), *_parts(guard.b))
    return (guard,)


def _tiled(nest: Nest, rows: int, taken: set[str]) -> For:
    t = nest.outer.type
    start = Var(nest.outer.var, t)
    places = [Binary("+", start, const(row, t)) if row else start for row in range(rows)]
    copies = [_copy(nest, place, taken) for place in places]
    heads = tuple(s for c in copies for s in c.heads)
    # what comes first in a guard may protect what comes after it: the order stays
    parts = tuple(dict.fromkeys(p for c in copies if c.guard is not None for p in _parts(c.guard)))
    work = _together(copies, taken)
    if parts:
        every = parts[0]
        for part in parts[1:]:
            every = Binary("&&", every, part)
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
    body = kernel.body
    if context.knob(PACK):
        panels = packed(kernel, taken)
        if isinstance(panels, str):
            reasons.append(panels)
        else:
            body = panels[0]
            done.append(panels[1])
    body = _search(body, rows, taken, done, reasons)
    if not done:
        return NotApplicable("; ".join(dict.fromkeys(reasons)) or "there are no rows of threads")
    return Applied(replace(program, kernels=(replace(kernel, body=body),)), tuple(done))


def _fitting(loop: For, most: int) -> tuple[Nest, int] | str:
    """The nest and how many rows go together: as many as divide the loop and whose sums stay in registers."""
    nest = find_nest(loop, 2)
    if isinstance(nest, str):
        return nest
    reduction = find_reduction(nest.shared)
    if reduction is not None and preferable(reduction, analyse(nest.inner)):
        return f"sums of loop {nest.shared.var!r} go onto lanes of that loop"
    sums = len({s.name for s in nest.shared.body if isinstance(s, Assign)})
    rows = most
    while rows > 2 and (nest.trips % rows or rows * sums > _SUMS):
        rows //= 2
    return nest, rows


def _holds_columns(loop: For) -> bool:
    """Whether it may be a loop over rows: threads along x are mostly the columns."""
    inner = loop.body[0] if len(loop.body) == 1 else None
    nested = isinstance(inner, For) and inner.axis in ROW_AXES
    return nested or loop.axis != "thread.x"


def _groups(loop: For, taken: set[str]) -> For | None:
    """A loop over one line of threads as rows of as many as there are lanes."""
    if (
        loop.axis not in ROW_AXES
        or loop.lo != const(0, loop.type)
        or loop.step != const(1, loop.type)
    ):
        return None
    loop = _narrowed(loop)
    lanes = const(LANES, loop.type)
    if not isinstance(loop.hi, Const) or loop.hi.value % LANES or loop.hi.value <= LANES:
        return None
    row, lane = (fresh(f"{loop.var}_{part}", taken) for part in ("group", "lane"))
    taken.update((row, lane))
    place = Binary("+", Binary("*", Var(row, loop.type), lanes), Var(lane, loop.type))
    body = substitute(loop.body, {loop.var: place})
    inner = replace(loop, var=lane, hi=lanes, body=body, axis="thread.x")
    count = const(int(loop.hi.value) // LANES, loop.type)
    return replace(loop, var=row, hi=count, body=(inner,), axis="thread.y")


def _narrowed(loop: For) -> For:
    """Only the threads that do something: `for (t < 128) { if (t < 64) ... }`."""
    match loop.body:
        case (If(cond=Binary(op="<", a=a, b=Const(value=end)), then=then, orelse=()),) if (
            a == Var(loop.var, loop.type) and isinstance(loop.hi, Const) and 0 < end < loop.hi.value
        ):
            return replace(loop, hi=const(int(end), loop.type), body=then)
        case _:
            return loop


def _search(block: Block, rows: int, taken: set[str], done: list[str], reasons: list[str]) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        if isinstance(stmt, For) and stmt.axis in ROW_AXES and _holds_columns(stmt):
            nest = _fitting(stmt, rows)
            if not isinstance(nest, str):
                found, count = nest
                done.append(f"{count} rows of {stmt.var!r} together in loop {found.shared.var!r}")
                out.append(_tiled(found, count, taken))
                continue
            reasons.append(nest)
        elif isinstance(stmt, For) and (groups := _groups(stmt, taken)) is not None:
            nest = _fitting(groups, min(rows, _GROUPS))
            if not isinstance(nest, str) and len(nest[0].shared.body) > _STEPS:
                nest = f"a round of loop {nest[0].shared.var!r} has enough to do by itself"
            if not isinstance(nest, str):
                found, count = nest
                done.append(
                    f"{count * LANES} threads of {stmt.var!r} together in loop {found.shared.var!r}"
                )
                out += fold_block((_tiled(found, count, taken),))
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
    knobs=(ROWS, PACK),
    meta_prompt="cache",
)
