"""One level of recovery: the loops over its threads around each leaf, uniform control between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Binary,
    Block,
    Break,
    Builtin,
    Cast,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Stmt,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import I32, U32, Scalar, Spaces
from xpiler.ir.walk import (
    declared,
    expressions,
    map_block,
    map_expr,
    map_exprs,
    statements,
    subexpressions,
    substitute,
    variables,
)
from xpiler.passes.bounds import variable_ranges
from xpiler.passes.loop_recovery.converge import converge
from xpiler.passes.loop_recovery.exchange import Exchange
from xpiler.passes.loop_recovery.geometry import MAX_THREADS, WARP, Geometry
from xpiler.passes.loop_recovery.hoist import hoist_uniform
from xpiler.passes.loop_recovery.refusal import Refused
from xpiler.passes.loop_recovery.regions import (
    Branch,
    Item,
    Leaf,
    Loop,
    Plain,
    Sync,
    leaves,
    read_names,
    split,
    tidy,
)
from xpiler.passes.loop_recovery.rewrite import LeafRewriter
from xpiler.passes.loop_recovery.scope import Scope, holds_collective, is_collective
from xpiler.passes.loop_recovery.storage import Storage, assign_storage
from xpiler.passes.loop_recovery.uniform import Uniformity, single_definitions
from xpiler.passes.names import Names
from xpiler.passes.simplify import simplify, simplify_stmt
from xpiler.records import dataclass

__all__ = ["Recovery"]

_Stem = {Scope.GRID: "g", Scope.BLOCK: "t", Scope.WARP: "l"}


@dataclass(frozen=True, slots=True)
class Recovery:
    """Turns SIMT statements into loops. `thread_names` are the source's names for threadIdx.x, y and z."""

    geometry: Geometry
    names: Names
    thread_names: Mapping[str, str]
    notes: list[str] = field(default_factory=list)

    # --- levels

    def grid(self, body: Block) -> Block:
        if holds_collective(body, Scope.GRID):
            return _Level(self, Scope.GRID).run(body)
        return self.over_blocks(body)

    def over_blocks(self, body: Block) -> Block:
        """A loop over the grid's blocks, each with its own shared memory."""
        shared = tuple(
            _placed(s, body) for s in statements(body) if isinstance(s, Alloc) and _is_shared(s)
        )
        rest = map_block(body, lambda s: () if _is_shared(s) else (s,))
        inner = (*shared, *self.block(rest))
        values: dict[str, Expr] = {}
        for axis in "xyz":
            name = f"b{axis}"
            extent = self.geometry.extent(f"gridDim.{axis}")
            at = Var(name, I32)
            values[f"blockIdx.{axis}"] = i32(0) if extent == i32(1) else at
        inner = _substituted(inner, {n: Cast(U32, v) for n, v in values.items()}, {})
        for axis in "xyz":
            extent = self.geometry.extent(f"gridDim.{axis}")
            if extent != i32(1):
                inner = (For(f"b{axis}", I32, i32(0), extent, i32(1), inner, f"block.{axis}"),)
        return inner

    def block(self, body: Block) -> Block:
        if holds_collective(body, Scope.BLOCK):
            return _Level(self, Scope.BLOCK).run(body)
        return self.over_threads(body)

    def over_threads(self, stmts: Block, serial: bool = False) -> Block:
        """Loops over the threads of a block around statements without block barriers."""
        if not stmts:
            return ()
        if holds_collective(stmts, Scope.WARP):
            return self._over_warps(stmts)
        shared: Block = ()
        if not serial:
            shared, stmts = hoist_uniform(stmts, Uniformity(stmts, Scope.BLOCK, self.geometry))
        values: dict[str, Expr] = {}
        ranges: dict[str, tuple[int, int]] = {}
        loops = []
        for axis in "xyz":
            extent = self.geometry.extent(f"blockDim.{axis}")
            name = self.thread_names[axis]
            values[f"threadIdx.{axis}"] = i32(0) if extent == i32(1) else Var(name, I32)
            if extent != i32(1):
                ranges[name] = (0, (self.geometry.size(f"blockDim.{axis}") or MAX_THREADS) - 1)
                loops.append((name, extent, "serial" if serial else f"thread.{axis}"))
        out = _substituted(stmts, {n: Cast(U32, v) for n, v in values.items()}, ranges)
        for name, extent, axis in loops:
            out = (For(name, I32, i32(0), extent, i32(1), out, axis),)
        return (*shared, *out)

    def _over_warps(self, stmts: Block) -> Block:
        inner = _Level(self, Scope.WARP).run(stmts)
        warps = self.geometry.warps()
        if warps == i32(1):
            return _substituted_vars(inner, {"warp": i32(0)})
        return (For("warp", I32, i32(0), warps, i32(1), inner, "warp"),)

    def over_lanes(self, stmts: Block, serial: bool = False) -> Block:
        if not stmts:
            return ()
        shared: Block = ()
        if not serial:
            uni = Uniformity(stmts, Scope.WARP, self.geometry, "lane")
            shared, stmts = hoist_uniform(stmts, uni)
        values = self.geometry.thread_of_lane(Var("warp", I32), Var("lane", I32))
        out = _substituted(stmts, values, _WARP_RANGES)
        first = self.geometry.thread_of_lane(Var("warp", I32), i32(0))
        shared = _substituted(shared, first, _WARP_RANGES)
        lanes = self.geometry.lanes(Var("warp", I32))
        axis = "serial" if serial else "lane"
        return (*shared, For("lane", I32, i32(0), lanes, i32(1), out, axis))


def _is_shared(stmt: Stmt) -> bool:
    return isinstance(stmt, Alloc) and stmt.space == Spaces.SHARED


def _placed(alloc: Alloc, body: Block) -> Alloc:
    """A view of dynamic shared memory that may be declared first in the block: its offset needs no variable."""
    if alloc.offset is None:
        return alloc
    known = single_definitions(body)
    offset = alloc.offset
    while variables(offset) & known.keys():
        offset = map_expr(offset, lambda e: known.get(e.name, e) if isinstance(e, Var) else e)
    if variables(offset) & declared(body) or any(_is_thread(e) for e in subexpressions(offset)):
        raise Refused(
            "XP2104",
            f"the place of '{alloc.name}' in dynamic shared memory differs between threads, or changes",
            alloc.span,
            "compute the offset from the kernel's parameters",
        )
    return replace(alloc, offset=simplify(offset))


def _is_thread(expr: Expr) -> bool:
    return isinstance(expr, Load) or (
        isinstance(expr, Builtin) and expr.name.startswith("threadIdx.")
    )


_WARP_RANGES = {"warp": (0, MAX_THREADS // WARP - 1), "lane": (0, WARP - 1)}


def _substituted(
    block: Block, values: Mapping[str, Expr], ranges: Mapping[str, tuple[int, int]]
) -> Block:
    """Builtins replaced, and expressions simplified by what is then known."""

    def one(expr: Expr) -> Expr:
        if isinstance(expr, Builtin) and expr.name in values:
            return values[expr.name]
        return expr

    replaced = map_block(block, lambda s: (s,), one)
    known = {**variable_ranges(replaced), **ranges}

    return map_block(replaced, lambda s: (simplify_stmt(s, known),))


def _substituted_vars(block: Block, values: Mapping[str, Expr]) -> Block:
    return map_block(substitute(block, values), lambda s: (simplify_stmt(s, {}),))


@dataclass
class _Level:
    recovery: Recovery
    scope: Scope

    def run(self, body: Block) -> Block:
        names, geometry = self.recovery.names, self.recovery.geometry
        lane = "lane" if self.scope is Scope.WARP else ""
        body = converge(body, lambda b: Uniformity(b, self.scope, geometry, lane), names)
        uni = Uniformity(body, self.scope, geometry, lane)
        exchange = Exchange(
            uni, names, variable_ranges(body), Var("lane", I32), geometry.lanes(Var("warp", I32))
        )
        items, scalars = _settle(body, uni, exchange)
        storage = assign_storage(items, body, uni, scalars)
        return self._emit_all(items, storage, uni, exchange)

    def _emit_all(
        self, items: tuple[Item, ...], storage: Storage, uni: Uniformity, exchange: Exchange
    ) -> Block:
        arrays: list[Stmt] = list(exchange.arrays)
        array_of: dict[str, str] = {}
        extent = self._extent(storage)
        for name, declare in storage.expanded.items():
            array_of[name] = self.recovery.names.fresh(f"{name}_{_Stem[self.scope]}")
            assert isinstance(declare.type, Scalar)
            arrays.append(Alloc(array_of[name], declare.type, extent, span=declare.span))
        for name, alloc in storage.arrays.items():
            array_of[name] = self.recovery.names.fresh(f"{name}_{_Stem[self.scope]}")
            arrays.append(
                replace(alloc, name=array_of[name], shape=(*alloc.shape, *extent), init=())
            )
        self._note(items, storage)
        emit = _Emitter(self, storage, array_of, self._index(), uni)
        return (*arrays, *emit.block(items))

    def _note(self, items: tuple[Item, ...], storage: Storage) -> None:
        kept = [*storage.expanded, *storage.arrays]
        places = f"; {', '.join(kept)} in arrays" if kept else ""
        count = sum(1 for _ in leaves(items))
        self.recovery.notes.append(f"{self.scope.value} level: {count} loops over threads{places}")

    def _extent(self, storage: Storage) -> tuple[Expr, ...]:
        if self.scope is Scope.WARP:
            return (i32(WARP),)
        geometry = self.recovery.geometry
        if self.scope is Scope.BLOCK:
            return (i32(geometry.capacity),)
        if not storage.expanded and not storage.arrays:
            return ()
        grid = simplify(geometry.grid_blocks())
        total = simplify(Binary("*", grid, i32(geometry.capacity)))
        if not isinstance(total, Const):
            name = next(iter([*storage.expanded, *storage.arrays]))
            raise Refused(
                "XP2102",
                f"'{name}' of each thread lives across a grid barrier, and the grid's size is not known",
                (storage.expanded.get(name) or storage.arrays[name]).span,
                "recompute it after the barrier or keep it in global memory",
            )
        return (total,)

    def _index(self) -> Expr:
        geometry = self.recovery.geometry
        if self.scope is Scope.WARP:
            return Var("lane", I32)
        thread = geometry.linear("thread")
        if self.scope is Scope.BLOCK:
            return thread
        first = Binary("*", geometry.linear("block"), i32(geometry.capacity))
        return simplify(Binary("+", first, thread))


def _settle(
    body: Block, uni: Uniformity, exchange: Exchange
) -> tuple[tuple[Item, ...], frozenset[str]]:
    """Regions, and the uniform variables that must exist once because control or several leaves need them."""
    own = {s.name for s in statements(body) if isinstance(s, Declare)}
    results = {
        s.result
        for s in statements(body)
        if isinstance(s, WarpOp) and is_collective(s, uni.scope) and exchange.uniform_result(s)
    }
    scalars = frozenset(results)
    while True:
        items = tidy(_at_level(split(body, uni.scope, scalars, exchange.expand), uni))
        needed = scalars | (_needed(items, body, uni) & own)
        if needed == scalars:
            return items, scalars
        scalars = needed


def _at_level(items: tuple[Item, ...], uni: Uniformity) -> tuple[Item, ...]:
    """Uniform statements and conditions in terms of uniform variables."""
    out: list[Item] = []
    for item in items:
        match item:
            case Plain(stmt=stmt):
                out.append(Plain(map_level(stmt, uni)))
            case Branch(cond=cond, then=then, orelse=orelse):
                out.append(Branch(uni.at_level(cond), _at_level(then, uni), _at_level(orelse, uni)))
            case Loop(head=head, body=body):
                new = map_level(head, uni)
                assert isinstance(new, For | While)
                out.append(Loop(new, _at_level(body, uni)))
            case _:
                out.append(item)
    return tuple(out)


def map_level(stmt: Stmt, uni: Uniformity) -> Stmt:
    return map_exprs(stmt, lambda e: uni.at_level(e) if isinstance(e, Var) else e)


def _needed(items: tuple[Item, ...], body: Block, uni: Uniformity) -> frozenset[str]:
    control = frozenset(_control_reads(items))
    parts = list(leaves(items))
    top = _assigned_at_level(body, uni)
    shared = {
        name
        for name in top
        if name not in uni.divergent
        and sum(name in read_names(p.stmts) for p in parts)
        and len([p for p in parts if name in read_names(p.stmts) or _sets(p.stmts, name)]) > 1
    }
    return control | shared


def _sets(block: Block, name: str) -> bool:
    return any(isinstance(s, Declare | Assign) and s.name == name for s in statements(block))


def _control_reads(items: tuple[Item, ...]) -> set[str]:
    names: set[str] = set()
    for item in items:
        match item:
            case Plain(stmt=stmt):
                names |= read_names((stmt,))
            case Branch(cond=cond, then=then, orelse=orelse):
                names |= variables(cond) | _control_reads(then) | _control_reads(orelse)
            case Loop(head=head, body=body):
                names |= {n for e in expressions(head) for n in variables(e)} | _control_reads(body)
            case _:
                pass
    return names


def _assigned_at_level(body: Block, uni: Uniformity) -> set[str]:
    """Variables all of whose assignments stand where control is at the level anyway."""
    at_level: set[str] = set()
    below: set[str] = set()

    def walk(block: Block, level: bool) -> None:
        for stmt in block:
            match stmt:
                case Declare(name=name) | Assign(name=name):
                    (at_level if level else below).add(name)
                case If(then=then, orelse=orelse):
                    inner = level and holds_collective((stmt,), uni.scope)
                    walk(then, inner)
                    walk(orelse, inner)
                case For(body=inner_body) | While(body=inner_body):
                    walk(inner_body, level and holds_collective((stmt,), uni.scope))
                case _:
                    pass

    walk(body, True)
    return at_level - below


@dataclass(frozen=True, slots=True)
class _Emitter:
    level: _Level
    storage: Storage
    array_of: Mapping[str, str]
    index: Expr
    uni: Uniformity

    def block(self, items: tuple[Item, ...]) -> Block:
        return tuple(stmt for item in items for stmt in self._item(item))

    def _item(self, item: Item) -> Block:
        match item:
            case Leaf():
                return self._leaf(item)
            case Sync():
                return ()
            case Plain(stmt=stmt):
                return (stmt,) if isinstance(stmt, Break | Continue) else (self._plain(stmt),)
            case Branch(cond=cond, then=then, orelse=orelse):
                made = If(cond, self.block(then), self.block(orelse))
                return (self._plain(made),) if made.then or made.orelse else ()
            case Loop(head=head, body=body):
                bare = self._plain(head)
                assert isinstance(bare, For | While)
                return (replace(bare, body=self.block(body)),)

    def _plain(self, stmt: Stmt) -> Stmt:
        """At warp level one lane evaluates for all: lane 0, which every warp has."""
        if self.level.scope is not Scope.WARP:
            return stmt
        values = self.level.recovery.geometry.thread_of_lane(Var("warp", I32), i32(0))

        def one(expr: Expr) -> Expr:
            return values.get(expr.name, expr) if isinstance(expr, Builtin) else expr

        return simplify_stmt(map_exprs(stmt, one), _WARP_RANGES)

    def _leaf(self, leaf: Leaf) -> Block:
        holds_warp = holds_collective(leaf.stmts, Scope.WARP)
        rewriter = LeafRewriter(
            self.storage, self.array_of, self.index, self.level.recovery.names, holds_warp
        )
        stmts = rewriter.leaf(leaf.stmts)
        if all(isinstance(s, Declare) and s.init is None for s in stmts):
            return ()
        recovery = self.level.recovery
        match self.level.scope:
            case Scope.WARP:
                return recovery.over_lanes(stmts, leaf.serial)
            case Scope.BLOCK:
                return recovery.over_threads(stmts, leaf.serial)
            case Scope.GRID:
                return recovery.over_blocks(stmts)
