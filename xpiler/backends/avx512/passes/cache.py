"""Rows of a thread block through an inner loop together, their sums in registers; where the sums go onto lanes of
that loop (`reduction`), rows and columns.

before: parallel(thread.y) for (ty by 1) { parallel(thread.x) for (tx) { for (k) { acc += a[ty][k] * b[k]; } } }
after:  parallel(thread.y) for (ty by 4) { parallel(thread.x) for (tx) { for (k) { acc_0 += ...; ... } } }

What does not depend on the row (here `b[k]`) is read once for all of them, what does not on the column once for
these. Iterations of a parallel loop are independent, so that running some of them side by side keeps their meaning;
threads that a guard excludes leave the group, which then runs one after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.passes.instructions import LANES
from xpiler.backends.avx512.passes.memory import first_byte
from xpiler.backends.avx512.passes.nest import ROW_AXES, Nest, find_nest, reads
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
from xpiler.ir.types import Scalar
from xpiler.ir.walk import (
    assigned,
    blocks,
    declared,
    expressions,
    fresh,
    map_block,
    operands,
    substitute,
    variables,
    with_blocks,
)
from xpiler.passes.base import Applied, Context, Knob, NotApplicable, Outcome, Pass
from xpiler.passes.fold import fold_block
from xpiler.passes.names import rename_locals, reserved
from xpiler.records import dataclass

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
_SIDE: Final = 4
"""Rows and columns of threads whose sums, a register each, go together."""
_SUMS: Final = 16
"""Registers for sums: with twice as many, operands would no longer find room among 32."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """A nest of which `rows` by `columns` threads go together."""

    nest: Nest
    rows: int
    columns: int = 1

    @property
    def note(self) -> str:
        """What goes together, for a person."""
        nest = self.nest
        threads = f"{self.rows} rows of {nest.outer.var!r}"
        if self.columns > 1:
            threads += f" and {self.columns} columns of {nest.inner.var!r}"
        return f"{threads} together in loop {nest.shared.var!r}"


def _copy(nest: Nest, at: Mapping[str, Expr], taken: set[str]) -> Nest:
    """The parts of the nest for one thread, with locals of their own."""
    marked = If(boolean(True) if nest.guard is None else nest.guard, ())
    block = (*nest.heads, marked, *nest.before, nest.shared, *nest.after)
    moved = rename_locals(substitute(block, at), taken)
    cut, place = len(nest.heads), len(nest.heads) + 1 + len(nest.before)
    mark, shared = moved[cut], moved[place]
    if not isinstance(mark, If) or not isinstance(shared, For):
        raise TypeError("a copy has another form than its original")
    guard = None if nest.guard is None else mark.cond
    before, after = moved[cut + 1 : place], moved[place + 1 :]
    return replace(nest, heads=moved[:cut], guard=guard, before=before, shared=shared, after=after)


def _once(bodies: Sequence[Block], loop: For, taken: set[str]) -> Block:
    """The statements of all threads, which compute and do nothing else; what several of them load is loaded once."""
    read = [
        dict.fromkeys(e for s in body for x in expressions(s) for e in _loads(x)) for body in bodies
    ]
    often = Counter(e for loads in read for e in loads)
    shared = [e for e in often if often[e] > 1]
    heads: list[Stmt] = []
    values: dict[Expr, Expr] = {}
    for load, buffer in shared:
        assert isinstance(load.type, Scalar)
        name = fresh(f"{buffer}_{loop.var}", taken)
        taken.add(name)
        heads.append(Declare(name, load.type, load))
        values[load] = Var(name, load.type)
    stmts = tuple(s for body in bodies for s in body)
    return (*heads, *map_block(stmts, lambda s: (s,), lambda e: values.get(e, e)))


def _loads(expr: Expr) -> Iterator[tuple[Expr, str]]:
    """Loads, also of words byte by byte, that are done whatever the values are, and the buffers that they are of."""
    first = expr if isinstance(expr, Load) else first_byte(expr)
    if first is not None:
        yield expr, first.buffer
    elif not isinstance(expr, Select) and not (isinstance(expr, Binary) and expr.op in LOGICAL):
        for part in operands(expr):
            yield from _loads(part)


def _together(copies: Sequence[Nest], taken: set[str]) -> Block:
    """The threads side by side."""
    first = copies[0].shared
    index = Var(first.var, first.type)
    bodies = [substitute(c.shared.body, {c.shared.var: index}) for c in copies]
    body = _once(bodies, first, taken)
    before = [s for c in copies for s in c.before]
    after = [s for c in copies for s in c.after]
    return (*before, replace(first, body=body), *after)


def _apart(tile: _Tile, taken: set[str]) -> Block:
    """The threads one after the other, each under its own guard."""
    over = [(tile.nest.outer, tile.rows), (tile.nest.inner, tile.columns)]
    loops: list[For] = []
    for loop, count in over:
        if count > 1:
            name = fresh(loop.var, taken)
            taken.add(name)
            start = Var(loop.var, loop.type)
            end = Binary("+", start, const(count, loop.type))
            loops.append(For(name, loop.type, start, end, const(1, loop.type), ()))
    at = {s.name: Var(x.var, x.type) for x in loops if isinstance(s := x.lo, Var)}
    copy = _copy(tile.nest, at, taken)
    work = (*copy.before, copy.shared, *copy.after)
    body = (*copy.heads, *(work if copy.guard is None else (If(copy.guard, work),)))
    for loop in reversed(loops):
        body = (replace(loop, body=body),)
    return body


def _parts(guard: Expr) -> tuple[Expr, ...]:
    """The conditions that hold together."""
    if isinstance(guard, Binary) and guard.op == "&&":
        return (*_parts(guard.a), *_parts(guard.b))
    return (guard,)


def _places(loop: For, count: int) -> list[Expr]:
    start = Var(loop.var, loop.type)
    return [Binary("+", start, const(n, loop.type)) if n else start for n in range(count)]


def _said_once(copies: Sequence[Nest]) -> tuple[Block, list[Nest]]:
    """What comes first in all of the copies, where several say the same once; and the copies without it."""
    known: dict[Expr, Expr] = {}
    heads: list[Stmt] = []
    out: list[Nest] = []
    for copy in copies:
        mark = If(copy.guard or boolean(True), ())
        rest: Block = (*copy.heads, mark, *copy.before, copy.shared, *copy.after)
        changed = assigned(rest[len(copy.heads) :])
        while isinstance(head := rest[0], Declare):
            rest = rest[1:]
            value = head.init
            if value is None or head.name in changed or variables(value) & changed or reads(value):
                heads.append(head)
            elif value in known:
                rest = substitute(rest, {head.name: known[value]})
            else:
                known[value] = Var(head.name, head.type)
                heads.append(head)
        out.append(_parted(copy, rest))
    return tuple(heads), out


def _parted(copy: Nest, rest: Block) -> Nest:
    """The copy without heads, its parts those of `rest`."""
    place = 1 + len(copy.before)
    mark, shared = rest[0], rest[place]
    if not isinstance(mark, If) or not isinstance(shared, For):
        raise TypeError("a copy has another form than its original")
    guard = None if copy.guard is None else mark.cond
    before, after = rest[1:place], rest[place + 1 :]
    return replace(copy, heads=(), guard=guard, before=before, shared=shared, after=after)


def _tiled(tile: _Tile, taken: set[str]) -> For:
    nest = tile.nest
    if tile.columns > 1:  # what rows agree on, columns may not
        nest = replace(nest, common=(), heads=(*nest.common, *nest.heads))
        tile = replace(tile, nest=nest)
    outer, inner = nest.outer, nest.inner
    copies = [
        _copy(nest, {outer.var: row, inner.var: column}, taken)
        for row in _places(outer, tile.rows)
        for column in _places(inner, tile.columns)
    ]
    heads, copies = _said_once(copies)
    # what comes first in a guard may protect what comes after it: the order stays
    parts = tuple(dict.fromkeys(p for c in copies if c.guard is not None for p in _parts(c.guard)))
    work = _together(copies, taken)
    if parts:
        every = parts[0]
        for part in parts[1:]:
            every = Binary("&&", every, part)
        work = (If(every, work, _apart(tile, taken)),)
    inner = replace(inner, step=const(tile.columns, inner.type), body=(*nest.common, *heads, *work))
    return replace(outer, step=const(tile.rows, outer.type), body=(inner,))


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


def _fitting(loop: For, most: int) -> _Tile | str:
    """How many rows go together: as many as divide the loop and whose sums stay in registers."""
    nest = find_nest(loop, 2)
    if isinstance(nest, str):
        return nest
    reduction = find_reduction(nest.shared)
    if reduction is not None and preferable(reduction, analyse(nest.inner)):
        return _square(nest, most)
    sums = len({s.name for s in nest.shared.body if isinstance(s, Assign)})
    rows = most
    while rows > 2 and (nest.trips % rows or rows * sums > _SUMS):
        rows //= 2
    return _Tile(nest, rows)


def _square(nest: Nest, most: int) -> _Tile | str:
    """Rows and columns whose sums go onto lanes of the inner loop: each operand is read once for all of a line."""
    rows = columns = min(most, _SIDE)
    if nest.trips % rows or nest.width % columns:
        return f"sums of loop {nest.shared.var!r} go onto lanes of that loop"
    return _Tile(nest, rows, columns)


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
            tile = _fitting(stmt, rows)
            if not isinstance(tile, str):
                done.append(tile.note)
                out.append(_tiled(tile, taken))
                continue
            reasons.append(tile)
        elif isinstance(stmt, For) and (groups := _groups(stmt, taken)) is not None:
            tile = _fitting(groups, min(rows, _GROUPS))
            if not isinstance(tile, str) and len(tile.nest.shared.body) > _STEPS:
                tile = f"a round of loop {tile.nest.shared.var!r} has enough to do by itself"
            if not isinstance(tile, str):
                count, over = tile.rows * LANES, tile.nest.shared.var
                done.append(f"{count} threads of {stmt.var!r} together in loop {over!r}")
                out += fold_block((_tiled(tile, taken),))
                continue
            reasons.append(tile)
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
