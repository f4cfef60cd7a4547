"""Loop bind: the blocks of a grid, or its flattened threads, onto the tasks of an MLU.

A grid whose threads need no barrier is one iteration space: it is cut into tiles along the axis that addresses
consecutive elements, and the tiles are dealt to the tasks. Other grids deal whole blocks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.backends.bang.passes.body import (
    SHORTEST,
    chained,
    escapes,
    from_nonzero,
    independent,
    inner_loops,
    loads,
    meanings,
    mentions,
    modulus_of,
    put,
    put_block,
    reads,
    replace_division,
    start_of_division,
    uses,
    without_unused,
)
from xpiler.backends.bang.passes.canonical import counting_loops, single_values, structured, sunk
from xpiler.backends.bang.passes.expand import rematerialise
from xpiler.backends.bang.passes.index import (
    affine,
    conjuncts,
    derived,
    flatten,
    least,
    product,
    upper_bound,
)
from xpiler.ir.affine import poly, poly_to_expr
from xpiler.ir.build import builtin, cast, const, i32
from xpiler.ir.nodes import (
    Alloc,
    Assume,
    Atomic,
    Binary,
    Block,
    Call,
    Const,
    Declare,
    Expr,
    For,
    If,
    Module,
    Return,
    Stmt,
    Var,
)
from xpiler.ir.types import I32
from xpiler.ir.walk import (
    declared,
    expressions,
    fresh,
    map_block,
    statements,
    substitute,
)
from xpiler.passes.base import Applied, Context, Knob, NotApplicable, Outcome, Pass
from xpiler.records import dataclass

__all__ = ["BIND", "TILE"]

TILE: Final = Knob(
    "tile",
    (256, 512, 1024, 2048, 4096, 8192),
    2048,
    "elements that one vector instruction works on",
)
_BLOCK: Final = frozenset({"block.x", "block.y", "block.z"})
_THREAD: Final = frozenset({"thread.x", "thread.y", "thread.z"})


@dataclass(frozen=True, slots=True)
class _Space:
    """An iteration space: `outer` loops, then the `vector` loop over consecutive elements."""

    outer: tuple[For, ...]
    vector: For
    guards: tuple[Expr, ...] = ()


def _rewrite(module: Module, context: Context) -> Outcome:
    kernel = module.kernels[0]
    if kernel.level != "loops":
        return NotApplicable(f"the program is at level {kernel.level}, not loops")
    names = {p.name for p in kernel.params} | set(declared(kernel.body))
    names |= {g.name for g in module.globals}
    plain = single_values(structured(counting_loops(kernel.body)), names)
    kernel = replace(kernel, body=sunk(plain, _BLOCK | _THREAD))
    nests = [s for s in kernel.body if isinstance(s, For) and s.axis in _BLOCK | _THREAD]
    binder = _Binder(set(names), int(context.knob(TILE)))
    effects = [s for s in kernel.body if not isinstance(s, Declare | Alloc) and s not in nests]
    if len(nests) == 1 and not effects and not _returns(kernel.body):
        body = tuple(t for s in kernel.body for t in (binder.bind(s) if s is nests[0] else (s,)))
    else:
        # phases that wait for one another, or no grid at all: one task does the work of all
        alone = Binary("==", builtin("taskId"), i32(0))
        body = (If(alone, kernel.body),)
        binder.notes.append("one task runs the whole grid: its phases depend on one another")
    bound = replace(kernel, level="task", body=body)
    return Applied(replace(module, kernels=(bound,)), tuple(binder.notes))


def _returns(body: Block) -> bool:
    return any(isinstance(s, Return) for s in statements(body))


def _nest(loop: For, axes: frozenset[str]) -> tuple[list[For], Block]:
    """The perfect nest of loops on `axes` from `loop` inwards, and what is inside it."""
    loops = [loop]
    body = loop.body
    while len(body) == 1 and isinstance(body[0], For) and body[0].axis in axes:
        loops.append(body[0])
        body = body[0].body
    return loops, body


@dataclass
class _Binder:
    taken: set[str]
    tile: int
    notes: list[str]

    def __init__(self, taken: set[str], tile: int) -> None:
        self.taken, self.tile, self.notes = taken, tile, []
        self.pre: list[Stmt] = []  # what is computed once, before the tasks' loop

    def fresh(self, stem: str) -> str:
        name = fresh(stem, self.taken)
        self.taken.add(name)
        return name

    def bind(self, nest: Stmt) -> Block:
        assert isinstance(nest, For)
        space = self._space(nest)
        if space is None:
            return self._blocks(nest)
        return self._tiles(space)

    # --- whole blocks

    def _blocks(self, nest: For) -> Block:
        loops, body = _nest(nest, _BLOCK)
        if nest.axis in _THREAD:
            return (If(Binary("==", builtin("taskId"), i32(0)), (nest,)),)
        loops = _used(loops, body) or loops[-1:]
        extents = [cast(I32, loop.hi) for loop in loops]
        alone = len(loops) == 1 and loops[0].type == I32
        work = loops[0].var if alone else self.fresh("block")
        inner = [] if alone else _split(Var(work, I32), loops, extents)
        body = map_block(body, _without_axis)
        self.notes.append("whole blocks are dealt to the tasks")
        return (
            For(work, I32, builtin("taskId"), product(extents), builtin("taskDim"),
                (*inner, *body), "task", span=nest.span),
        )  # fmt: skip

    # --- one flattened space

    def _space(self, nest: For) -> _Space | None:
        loops, body = _nest(nest, _BLOCK | _THREAD)
        threads = [loop for loop in loops if loop.axis in _THREAD]
        unfit = any(from_nonzero(loop) for loop in loops) or escapes(body)
        if not threads or unfit or any(s.axis in _THREAD | _BLOCK for s in inner_loops(body)):
            return None
        vector: For | None = None
        rest: list[For] = []
        for axis in "zyx":
            pair = [loop for loop in loops if loop.axis in (f"block.{axis}", f"thread.{axis}")]
            if len(pair) == 2:
                merged = self._merge(pair[0], pair[1], body)
                if merged is not None:
                    pair, body = [merged[0]], merged[1]
            if axis == "x" and pair:
                vector, pair = pair[-1], pair[:-1]
            rest += pair
        if vector is None:
            vector = rest.pop()
        rest = _used(rest, body)
        space = _Space(tuple(rest), replace(vector, body=body))
        space = _peel(space)
        space = self._grid_stride(space)
        return self._by_modulus(_peel(space))

    def _merge(self, outer: For, inner: For, body: Block) -> tuple[For, Block] | None:
        flat = self.fresh(f"i_{outer.axis[-1]}")
        new = flatten(body, outer, inner, flat)
        if new is None:
            return None
        extent = product([cast(I32, outer.hi), cast(I32, inner.hi)])
        return For(flat, I32, i32(0), extent, i32(1), (), inner.axis), new

    def _grid_stride(self, space: _Space) -> _Space:
        """`for (i = v; i < n; i += extent)` inside the loop over v is a loop over all i in [0, n)."""
        loop, vector = _only(space.vector.body), space.vector
        if not isinstance(loop, For) or not loop.type.is_int or space.guards:
            return space
        values = derived(vector.body)
        start = affine(loop.lo, vector.var, values)
        covers = (
            start is not None
            and start.stride.value == 1
            and start.offset.is_zero
            and poly(loop.step, values) == poly(vector.hi)
            and not reads(loop.hi, vector.var, values)
            and independent(loop, values)
        )
        outside = {s.name for s in vector.body if isinstance(s, Declare)}
        hi = put(loop.hi, meanings(vector.body))
        if not covers or mentions(hi, outside) or loads(hi):
            return space
        if loop.type != I32:
            hi = cast(I32, Call("min", (hi, const(2**31 - 1, loop.type)), loop.type))
            index = {loop.var: cast(loop.type, Var(loop.var, I32))}
            loop = replace(loop, type=I32, body=substitute(loop.body, index))
        before = vector.body[:-1]
        if any(not isinstance(s, Declare) for s in before) or uses(loop.body, vector.var, values):
            return space
        merged = replace(
            loop, lo=i32(0), hi=hi, step=i32(1), body=(*before, *loop.body), axis=vector.axis
        )
        dead = without_unused(merged.body, vector.var)
        self.notes.append("the grid-stride loop is one space of elements")
        return replace(space, vector=replace(merged, body=dead))

    def _by_modulus(self, space: _Space) -> _Space:
        """Cut the vector axis by the modulus that the body takes of it: channels become the vector."""
        plain_body = rematerialise(space.vector.body)
        vector = replace(space.vector, body=chained(plain_body, space.vector.var))
        values = derived(vector.body)
        found = modulus_of(vector, values)
        modulus = found
        if modulus is None:
            return space
        plain = modulus
        if not isinstance(modulus, Const):
            width = self.fresh("width")
            self.pre.append(Declare(width, I32, modulus))
            modulus = Var(width, I32)
        moved, bounds = _bounds_of(space)
        outer_vars = frozenset(loop.var for loop in space.outer)
        extent = vector.hi
        for bound in bounds:
            if mentions(bound, outer_vars):
                moved.append(Binary("<", Var(vector.var, I32), bound))
            else:
                extent = least(extent, bound)
        total = self.fresh("elements")
        self.pre.append(Declare(total, I32, extent))
        quotient, remainder = self.fresh("outer"), self.fresh("lane")
        q, r = Var(quotient, I32), Var(remainder, I32)
        element = Binary("+", Binary("*", q, modulus), r)
        body = replace_division(vector.body, vector.var, plain, q, r, values)
        body = substitute(body, {vector.var: element})
        moved = [put(g, {vector.var: element}) for g in moved]
        rows = _quotient_up(Var(total, I32), modulus)
        left = Binary("-", Var(total, I32), Binary("*", q, modulus))
        self.notes.append("the axis is cut where the kernel takes a remainder of it")
        outer = For(quotient, I32, i32(0), rows, i32(1), (), "parallel")
        inner = For(remainder, I32, i32(0), modulus, i32(1), body, "parallel")
        bound = Binary("<", r, left)
        return _Space((*space.outer, outer), inner, (*moved, bound))

    def _cut(self, loop: For, counters: frozenset[str]) -> Block:
        """A tile of elements `start + v` whose remainder the body takes, as one vector for each quotient.

        `counters` are variables that are never negative, as the start has to be.
        """
        start = start_of_division(loop, counters)
        if start is None:
            return (loop,)
        element, first = self.fresh("element"), self.fresh("first")
        at = Binary("-", Var(element, I32), Var(first, I32))
        moved = replace(loop, var=element, body=substitute(loop.body, {loop.var: at}))
        moved = replace(moved, body=put_block(moved.body, poly_to_expr(start, I32), first))
        values = {**derived(moved.body), first: poly(Var(first, I32))}
        modulus = modulus_of(moved, values)
        if not isinstance(modulus, Const):
            return (loop,)
        quotient, lane = self.fresh("outer"), self.fresh("lane")
        q, r = Var(quotient, I32), Var(lane, I32)
        body = replace_division(moved.body, element, modulus, q, r, values)
        body = substitute(body, {element: Binary("+", Binary("*", q, modulus), r)})
        here = Binary("-", Var(first, I32), Binary("*", q, modulus))
        lo = Call("max", (i32(0), here), I32)
        hi = least(modulus, Binary("+", here, loop.hi))
        last = Binary("-", Binary("+", Var(first, I32), loop.hi), i32(1))
        self.notes.append("tiles are cut where the kernel takes a remainder of an element's number")
        inner = replace(loop, var=lane, lo=lo, hi=hi, body=body)
        rows = For(
            quotient, I32, Binary("/", Var(first, I32), modulus),
            Binary("+", Binary("/", last, modulus), i32(1)), i32(1), (inner,), "serial", span=loop.span,
        )  # fmt: skip
        return (Declare(first, I32, poly_to_expr(start, I32)), rows)

    def _tiles(self, space: _Space) -> Block:
        vector = space.vector
        outer_vars = frozenset(loop.var for loop in space.outer)
        guards, bounds = _bounds_of(space)
        moving = [h for h in bounds if mentions(h, outer_vars)]
        extent = vector.hi
        for h in bounds:
            extent = extent if h in moving else least(extent, h)
        count = self._named("count", extent)
        size = i32(self.tile) if space.outer else self._named("chunk", _share(count, self.tile))
        whole = isinstance(count, Const) and SHORTEST <= count.value <= self.tile
        row_is_tile = bool(space.outer) and whole
        tiles = i32(1) if row_is_tile else self._named("tiles", _quotient_up(count, size))
        work, base, length = self.fresh("tile"), self.fresh("base"), self.fresh("length")
        place = self._place(space, work, base, tiles, size)
        end = count if row_is_tile else least(count, Binary("+", Var(base, I32), size))
        for h in moving:
            end = least(end, h)
        here = end if row_is_tile else Binary("-", end, Var(base, I32))
        place.append(Declare(length, I32, here))
        body = self._tile(vector, "" if row_is_tile else base, length, outer_vars)
        some = Binary(">", Var(length, I32), i32(0))
        if not moving:  # a tile starts before the end
            place.append(Assume(some))
        for guard in reversed([*guards, some] if moving else guards):
            body = (If(guard, body),)
        total = self._named("total", product([*_extents(space), tiles]))
        self.notes.append(f"tiles of up to {self.tile} elements are dealt to the tasks")
        loop = For(
            work, I32, builtin("taskId"), total, builtin("taskDim"), (*place, *body), "task",
            span=vector.span,
        )  # fmt: skip
        return (*self.pre, loop)

    def _named(self, stem: str, value: Expr) -> Expr:
        """`value`, computed once before the tasks' loop."""
        if isinstance(value, Const | Var):
            return value
        name = self.fresh(stem)
        self.pre.append(Declare(name, I32, value))
        return Var(name, I32)

    def _place(self, space: _Space, work: str, base: str, tiles: Expr, size: Expr) -> list[Stmt]:
        """Which tile of which row the number `work` is."""
        if not space.outer:
            return [Declare(base, I32, Binary("*", Var(work, I32), size))]
        row: Expr = Var(work, I32)
        first: list[Stmt] = []
        if tiles != i32(1):
            first.append(Declare(base, I32, Binary("*", Binary("%", row, tiles), size)))
            row = Binary("/", row, tiles)
        if len(space.outer) > 1:
            name = self.fresh("row")
            first.append(Declare(name, I32, row))
            row = Var(name, I32)
        return [*first, *_split(row, list(space.outer), _extents(space))]

    def _tile(self, vector: For, base: str, length: str, outer: frozenset[str]) -> Block:
        """One tile's loop, over the elements from `base` on; over all of a row where it is empty."""
        inside = Var(vector.var, I32)
        element = Binary("+", Var(base, I32), inside) if base else inside
        inner = substitute(vector.body, {vector.var: element})
        whole = For(
            vector.var, I32, i32(0), Var(length, I32), i32(1), inner, "vector", span=vector.span
        )
        return self._cut(whole, outer | {base})


def _used(loops: list[For], body: Block) -> list[For]:
    """`loops` without the axes that the body does not use: their iterations would all do the same.

    The axes claim that iterations are independent, so those that store the same do it once. Atomics count them.
    """
    if any(isinstance(s, Atomic) for s in statements(body)):
        return loops
    return [
        loop for loop in loops
        if any(mentions(e, {loop.var}) for s in statements(body) for e in expressions(s))
    ]  # fmt: skip


def _without_axis(stmt: Stmt) -> Block:
    """A phase of threads along y or z that all do the same, as one of them does it."""
    if isinstance(stmt, For) and stmt.axis in ("thread.y", "thread.z"):
        return stmt.body if not _used([stmt], stmt.body) else (stmt,)
    return (stmt,)


def _extents(space: _Space) -> list[Expr]:
    return [cast(I32, loop.hi) for loop in space.outer]


def _split(work: Expr, loops: list[For], extents: list[Expr]) -> list[Stmt]:
    """Declarations of the loops' variables as the digits of `work`, the last loop fastest."""
    out: list[Stmt] = []
    rest = work
    for n, (loop, extent) in reversed(list(enumerate(zip(loops, extents, strict=True)))):
        digit = rest if n == 0 else Binary("%", rest, extent)
        if isinstance(extent, Const) and extent.value == 1:
            digit = i32(0)
        else:
            rest = Binary("/", rest, extent)
        out.append(Declare(loop.var, loop.type, cast(loop.type, digit)))
        if loop.type == I32:
            out.append(Assume(Binary(">=", Var(loop.var, I32), i32(0))))
    return out


def _share(count: Expr, tile: int) -> Expr:
    """One task's share of `count`, a multiple of 32 (128 bytes of f32), at most a tile."""
    share = _quotient_up(count, builtin("taskDim"))
    rounded = Binary("*", _quotient_up(share, i32(32)), i32(32))
    return Call("max", (i32(32), least(i32(tile), rounded)), I32)


def _quotient_up(a: Expr, b: Expr) -> Expr:
    return Binary("/", Binary("-", Binary("+", a, b), i32(1)), b)


def _only(body: Block) -> Stmt | None:
    """The statement at the end of a body that otherwise only declares."""
    if body and all(isinstance(s, Declare) for s in body[:-1]):
        return body[-1]
    return None


def _peel(space: _Space) -> _Space:
    """Move the guard round the whole body out of it."""
    last = _only(space.vector.body)
    if not isinstance(last, If) or last.orelse:
        return space
    values = derived(space.vector.body)
    keep: list[Expr] = []
    moved: list[Expr] = []
    local = {s.name for s in space.vector.body if isinstance(s, Declare)}
    for cond in conjuncts(last.cond):
        bound = upper_bound(cond, space.vector.var, values)
        if bound is not None:
            moved.append(Binary("<", Var(space.vector.var, I32), bound))
        elif not mentions(cond, local | {space.vector.var}) and not loads(cond):
            moved.append(cond)
        else:
            keep.append(cond)
    if not moved:
        return space
    inner: Block = last.then
    if keep:
        cond = keep[0]
        for k in keep[1:]:
            cond = Binary("&&", cond, k)
        inner = (replace(last, cond=cond, then=inner),)
    body = (*space.vector.body[:-1], *inner)
    peeled = _Space(space.outer, replace(space.vector, body=body), (*space.guards, *moved))
    return peeled if keep else _peel(peeled)


def _bounds_of(space: _Space) -> tuple[list[Expr], list[Expr]]:
    """Guards that do not concern the vector axis, and upper bounds of it."""
    guards, bounds = [], []
    for guard in space.guards:
        bound = upper_bound(guard, space.vector.var, {})
        if bound is None:
            guards.append(guard)
        else:
            bounds.append(bound)
    return guards, bounds


BIND: Final = Pass(
    name="loop_bind",
    group="parallel",
    before="parallel(block.x) for (b ...) parallel(thread.x) for (t ...) y[b * blockDim.x + t] = ...;",
    after="parallel(task) for (tile = taskId; ...) parallel(vector) for (i = base; ...) y[i] = ...;",
    rewrite=_rewrite,
    knobs=(TILE,),
    required=True,
    meta_prompt="loop_bind",
)
