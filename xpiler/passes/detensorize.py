"""Tensor fragments become matrices in memory, their operations loops that one lane of the warp runs.

before: tile_mma(c, a, b, c);
after:  if (lane == 0) for i, j { f32 sum = c[i][j]; for k { sum += (f32)a[i][k] * (f32)b[k][j]; } c[i][j] = sum; }

Each fragment is a matrix in shared memory, one per warp; lane l of the warp holds its elements
[l * E, (l + 1) * E) in row order, E = elements / 32. A fragment that is loaded only to be multiplied never
exists: the product reads the memory that it was loaded from. Half precision is summed in single precision
and rounded once at the end, products and sums with k ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace

from xpiler.ir.build import cast, i32
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Barrier,
    Binary,
    Block,
    Declare,
    Expr,
    For,
    If,
    Load,
    Module,
    Stmt,
    Store,
    Tile,
    TileOp,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import BF16, F16, F32, I32, I64, Scalar, Spaces
from xpiler.ir.walk import (
    blocks,
    declared,
    expressions,
    map_block,
    statements,
    subexpressions,
    variables,
    with_blocks,
)
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.passes.loop_recovery.geometry import WARP, Geometry
from xpiler.passes.names import Names, reserved
from xpiler.passes.simplify import simplify
from xpiler.records import dataclass

__all__ = ["PASS"]


def _rewrite(module: Module, context: Context) -> Outcome:
    del context
    (kernel,) = module.kernels
    tiles = {s.name: s for s in statements(kernel.body) if isinstance(s, Tile)}
    if not tiles:
        return NotApplicable("no tensor fragments", kernel.span)
    names = Names({*reserved(module, kernel), *declared(kernel.body)})
    geometry = Geometry.of(kernel)
    body, direct = _forwarded(kernel.body, tiles, names)
    kept = {name: tile for name, tile in tiles.items() if name not in direct}
    expander = _Expander(kept, geometry, names)
    arrays = tuple(expander.array(t) for t in kept.values())
    body = (*arrays, *map_block(body, expander.stmt, expander.element))
    note = f"{len(direct)} of {len(tiles)} fragments are read in place"
    return Applied(replace(module, kernels=(replace(kernel, body=body),)), (note,))


def _rows(t: Tile) -> int:
    return t.k if t.role == "b" else t.m


def _columns(t: Tile) -> int:
    return t.k if t.role == "a" else t.n


# --- operands that are read where they lie -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class _InPlace(TileOp):
    """A product whose operands a and b may be given by their place in memory (`None`: by their fragment)."""

    sources: tuple[TileOp | None, TileOp | None] = (None, None)
    shapes: tuple[Tile | None, Tile | None] = (None, None)


def _forwarded(
    body: Block, tiles: Mapping[str, Tile], names: Names
) -> tuple[Block, frozenset[str]]:
    """Products take operands from memory where nothing can have changed it since they were loaded."""
    candidates = {n for n, t in tiles.items() if t.role in ("a", "b")}
    while True:
        forwarder = _Forwarder(tiles, frozenset(candidates), names)
        new = forwarder.block(body)
        if not forwarder.failed:
            return _without_tiles(new, candidates), frozenset(candidates)
        candidates -= forwarder.failed


def _without_tiles(body: Block, names: set[str]) -> Block:
    return map_block(body, lambda s: () if isinstance(s, Tile) and s.name in names else (s,))


@dataclass
class _Forwarder:
    tiles: Mapping[str, Tile]
    candidates: frozenset[str]
    names: Names
    failed: set[str] = field(default_factory=set)

    def block(self, block: Block) -> Block:
        loaded: dict[str, TileOp] = {}
        out: list[Stmt] = []
        for stmt in block:
            out.extend(self._stmt(stmt, loaded))
        return tuple(out)

    def _stmt(self, stmt: Stmt, loaded: dict[str, TileOp]) -> Block:
        if isinstance(stmt, TileOp):
            return self._tile_op(stmt, loaded)
        for expr in expressions(stmt):
            self._fail_if_used(expr)
        if isinstance(stmt, Store | Atomic):
            self.failed |= {stmt.buffer} & self.candidates
        inner = blocks(stmt)
        if _may_write(stmt):
            loaded.clear()
        for below in statements((stmt,)):
            if isinstance(below, TileOp) and below.op == "load":
                loaded.pop(below.tiles[0], None)
        return (with_blocks(stmt, tuple(self.block(b) for b in inner)) if inner else stmt,)

    def _fail_if_used(self, expr: Expr) -> None:
        for sub in subexpressions(expr):
            if isinstance(sub, Load | AddressOf):
                self.failed |= {sub.buffer} & self.candidates

    def _tile_op(self, op: TileOp, loaded: dict[str, TileOp]) -> Block:
        first = op.tiles[0]
        if op.op == "load" and first in self.candidates:
            held, fixed = self._hold(op)
            loaded[first] = fixed
            return held
        if op.op == "mma":
            self.failed |= {first, op.tiles[3]} & self.candidates
            sources = [loaded.get(t) for t in op.tiles[1:3]]
            for tile, source in zip(op.tiles[1:3], sources, strict=True):
                if tile in self.candidates and source is None:
                    self.failed.add(tile)
            a, b = op.tiles[1:3]
            shapes = (self.tiles[a], self.tiles[b])
            given = (sources[0], sources[1])
            return (_InPlace(op.op, op.tiles, sources=given, shapes=shapes, span=op.span),)
        self.failed |= {first} & self.candidates
        if op.op == "store":
            loaded.clear()
        return (op,)

    def _hold(self, op: TileOp) -> tuple[Block, TileOp]:
        """The load's address and stride, kept for the products."""
        address, stride = op.args
        assert isinstance(address, AddressOf)
        held: list[Stmt] = []

        def keep(expr: Expr, stem: str) -> Expr:
            if not variables(expr) and not any(isinstance(e, Load) for e in subexpressions(expr)):
                return expr
            assert isinstance(expr.type, Scalar)
            name = self.names.fresh(f"{op.tiles[0]}_{stem}")
            held.append(Declare(name, expr.type, expr, span=op.span))
            return Var(name, expr.type)

        index = tuple(keep(i, "at") for i in address.index)
        fixed = replace(op, args=(replace(address, index=index), keep(stride, "stride")))
        return tuple(held), fixed


def _may_write(stmt: Stmt) -> bool:
    """May memory differ after `stmt` for what a fragment was loaded from?"""
    for s in statements((stmt,)):
        if isinstance(s, Store | Atomic | While) or (isinstance(s, TileOp) and s.op == "store"):
            return True
        if isinstance(s, Barrier) and s.scope != "warp":
            return True
    return isinstance(stmt, For | If) and any(isinstance(s, WarpOp) for s in statements((stmt,)))


# --- loops -------------------------------------------------------------------------------------


@dataclass
class _Expander:
    tiles: Mapping[str, Tile]
    geometry: Geometry
    names: Names

    @property
    def warps(self) -> int:
        return -(-self.geometry.capacity // WARP)

    @property
    def warp(self) -> Expr:
        return simplify(Binary("/", self.geometry.linear("thread"), i32(WARP)))

    @property
    def lane(self) -> Expr:
        return simplify(Binary("%", self.geometry.linear("thread"), i32(WARP)))

    def array(self, tile: Tile) -> Alloc:
        shape: tuple[Expr, ...] = (i32(_rows(tile)), i32(_columns(tile)))
        if self.warps > 1:
            shape = (i32(self.warps), *shape)
        return Alloc(tile.name, tile.elem, shape, Spaces.SHARED, span=tile.span)

    def _at(self, row: Expr, column: Expr) -> tuple[Expr, ...]:
        return (self.warp, row, column) if self.warps > 1 else (row, column)

    # --- elements

    def element(self, expr: Expr) -> Expr:
        if isinstance(expr, Load) and expr.buffer in self.tiles:
            return replace(expr, index=self._held(self.tiles[expr.buffer], expr.index[0]))
        return expr

    def _held(self, tile: Tile, number: Expr) -> tuple[Expr, ...]:
        """Where the lane's element `number` lies."""
        each = _rows(tile) * _columns(tile) // WARP
        mine = Binary("+", Binary("*", self.lane, i32(each)), cast(I32, number))
        columns = i32(_columns(tile))
        return self._at(simplify(Binary("/", mine, columns)), simplify(Binary("%", mine, columns)))

    # --- operations

    def stmt(self, stmt: Stmt) -> Block:
        match stmt:
            case Tile(name=name) if name in self.tiles:
                return ()
            case Store(buffer=name, index=index) if name in self.tiles:
                return (replace(stmt, index=self._held(self.tiles[name], index[0])),)
            case TileOp():
                return self._once(self._operation(stmt))
            case _:
                return (stmt,)

    def _once(self, block: Block) -> Block:
        one = If(Binary("==", self.lane, i32(0)), block)
        return Barrier("warp"), one, Barrier("warp")

    def _operation(self, op: TileOp) -> Block:
        if isinstance(op, _InPlace):
            return self._product(op)
        tile = self.tiles[op.tiles[0]]
        row, column = self._counters("i", "j")
        here = self._at(row, column)
        match op.op:
            case "fill":
                body: Block = (Store(tile.name, here, cast(tile.elem, op.args[0])),)
            case "load":
                body = (Store(tile.name, here, _from_memory(op, tile)(row, column)),)
            case _:
                address, index = _memory_place(op, tile, row, column)
                value = Load(tile.name, here, tile.elem)
                body = (Store(address.buffer, index, cast(address.type.elem, value)),)
        inner = For(column.name, I32, i32(0), i32(_columns(tile)), i32(1), body)
        return (For(row.name, I32, i32(0), i32(_rows(tile)), i32(1), (inner,), span=op.span),)

    def _counters(self, *stems: str) -> list[Var]:
        return [Var(self.names.fresh(stem), I32) for stem in stems]

    def _product(self, op: _InPlace) -> Block:
        d, c = self.tiles[op.tiles[0]], self.tiles[op.tiles[3]]
        left, right = (self._operand(op, n) for n in (0, 1))
        i, j, k = self._counters("i", "j", "k")
        wide = F32 if c.elem in (F16, BF16) else c.elem
        total = Var(self.names.fresh("sum"), wide)
        term = Binary("*", cast(wide, left(i, k)), cast(wide, right(k, j)))
        steps = For(
            k.name, I32, i32(0), i32(d.k), i32(1), (_assign(total, Binary("+", total, term)),)
        )
        body = (
            Declare(total.name, wide, cast(wide, Load(c.name, self._at(i, j), c.elem))),
            steps,
            Store(d.name, self._at(i, j), cast(d.elem, total)),
        )
        columns = For(j.name, I32, i32(0), i32(d.n), i32(1), body)
        return (For(i.name, I32, i32(0), i32(d.m), i32(1), (columns,), span=op.span),)

    def _operand(self, op: _InPlace, which: int) -> Callable[[Expr, Expr], Expr]:
        source, shape = op.sources[which], op.shapes[which]
        assert shape is not None
        if shape.name not in self.tiles and source is not None:
            return _from_memory(source, shape)
        return lambda row, column: Load(shape.name, self._at(row, column), shape.elem)


def _assign(target: Var, value: Expr) -> Assign:
    return Assign(target.name, value)


def _from_memory(op: TileOp, tile: Tile) -> Callable[[Expr, Expr], Expr]:
    def element(row: Expr, column: Expr) -> Expr:
        address, index = _memory_place(op, tile, row, column)
        return cast(tile.elem, Load(address.buffer, index, address.type.elem))

    return element


def _memory_place(
    op: TileOp, tile: Tile, row: Expr, column: Expr
) -> tuple[AddressOf, tuple[Expr, ...]]:
    """The element of memory that holds the tile's (row, column)."""
    address, stride = op.args
    assert isinstance(address, AddressOf)
    by_column = (op.layout if tile.role == "acc" else tile.layout) == "col"
    major, minor = (column, row) if by_column else (row, column)
    start = address.index[-1]
    type = I64 if I64 in (start.type, stride.type) else I32
    if not (_narrow(start) and _narrow(stride)):
        type = I64
    offset = Binary("+", Binary("*", cast(type, major), cast(type, stride)), cast(type, minor))
    whole = simplify(Binary("+", cast(type, start), offset))
    return address, (*address.index[:-1], whole)


def _narrow(expr: Expr) -> bool:
    """Is it an index that 32 bits hold? An unsigned one is: memory has fewer elements than 2^31 of a fragment."""
    return isinstance(expr.type, Scalar) and expr.type.bits <= 32


PASS = Pass(
    name="detensorize",
    group="tensor",
    before="tile_mma(c, a, b, c);",
    after="for i, j { f32 sum = c[i][j]; for k { sum += (f32)a[i][k] * (f32)b[k][j]; } c[i][j] = sum; }",
    rewrite=_rewrite,
    required=True,
    meta_prompt="detensorize",
)
