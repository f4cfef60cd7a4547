"""Row tiles: vector iterations that walk along rows of their own read them from transposed tiles in NRAM.

before: for (c ...) parallel v: acc[v] = acc[v] + x[v * cols + c];
after:  for (c in steps of W) { copy W columns of the rows; transpose; for (c ...) parallel v: acc[v] + tile[c][v]; }

A vector's elements lie `cols` apart, so no copy of consecutive elements serves it; a block of the rows, transposed on
the chip, does. Every iteration keeps the order of its own operations. The block holds exactly what the loops read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from xpiler.backends.bang.passes.accesses import guarded, loads_of
from xpiler.backends.bang.passes.distribute import INNERMOST
from xpiler.backends.bang.passes.index import affine, least, used
from xpiler.backends.bang.passes.lengths import Counted, Signs, counted
from xpiler.backends.bang.spaces import NRAM, on_chip
from xpiler.ir.affine import Poly, poly_to_expr
from xpiler.ir.build import address, i32
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Binary,
    Block,
    Call,
    Const,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Load,
    Module,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import I32, VOID, Pointer, Scalar
from xpiler.ir.walk import (
    assigned,
    blocks,
    buffers_written,
    declared,
    fresh,
    map_block,
    statements,
    subexpressions,
    with_blocks,
)
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.records import dataclass

__all__ = ["ROWS"]

_WIDTH: Final = 16  # columns of a block
_SHORTEST: Final = 16
_LARGEST_STRIDE: Final = 8  # up to here a strided copy of elements serves


def _rewrite(module: Module, context: Context) -> Outcome:
    kernel = module.kernels[0]
    if kernel.level != "task" or context.facts.get("vector_alignment", 1) > 1:
        return NotApplicable("no vector loops on this architecture, or none yet")
    names = {p.name for p in kernel.params} | set(declared(kernel.body))
    names |= {g.name for g in module.globals}
    room = context.facts.get("nram_bytes", 0) // 2 - sum(map(_bytes, statements(kernel.body)))
    gdram = {p.name: p.type.elem for p in kernel.params if isinstance(p.type, Pointer)}
    work = _Rows(set(names), gdram, room, Signs(kernel.body))
    body = work.block(kernel.body, {})
    if not work.arrays:
        return NotApplicable("no vector loop reads rows of its iterations' own")
    done = replace(kernel, body=(*work.arrays, *body))
    notes = (f"{work.done} reads of rows through transposed tiles of {_WIDTH} columns",)
    return Applied(replace(module, kernels=(done,)), notes)


def _bytes(stmt: Stmt) -> int:
    if not isinstance(stmt, Alloc) or not (on_chip(stmt.space) or stmt.dynamic):
        return 0
    size = 48 * 1024 if stmt.dynamic else stmt.elem.size
    for d in stmt.shape:
        size *= int(d.value) if isinstance(d, Const) else 1
    return size


@dataclass(frozen=True, slots=True)
class _Read:
    """`buffer[stride * v + column + offset]` in a loop over `column`."""

    buffer: str
    elem: Scalar
    stride: Poly
    offset: Poly


@dataclass
class _Rows:
    taken: set[str]
    gdram: Mapping[str, Scalar]
    room: int
    signs: Signs
    arrays: list[Stmt] = field(default_factory=list)
    pool: dict[str, tuple[Scalar, int]] = field(default_factory=dict)
    done: int = 0

    def fresh(self, stem: str) -> str:
        name = fresh(stem, self.taken)
        self.taken.add(name)
        return name

    def block(self, block: Block, locals_: dict[str, Expr]) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            self.signs.note(stmt)
            if isinstance(stmt, Declare) and stmt.init is not None and stmt.type == I32:
                locals_[stmt.name] = stmt.init
            made = self._columns(stmt, locals_) if isinstance(stmt, For) else None
            if made is not None:
                out += made
            elif blocks(stmt):
                mark = self.signs.enter(stmt)
                out.append(with_blocks(stmt, tuple(self.block(b, locals_) for b in blocks(stmt))))
                self.signs.leave(mark)
            else:
                out.append(stmt)
        return tuple(out)

    def _columns(self, loop: For, locals_: Mapping[str, Expr]) -> Block | None:
        """A loop over columns round vector loops, with the rows that they read in tiles."""
        if loop.axis != "serial" or loop.type != I32 or loop.step != i32(1):
            return None
        vectors = [s for s in loop.body if isinstance(s, For) and s.axis in INNERMOST]
        if not vectors or any(not isinstance(s, Declare) for s in loop.body if s not in vectors):
            return None
        found = [counted(v, locals_) for v in vectors]
        first = found[0]
        if first is None or not first.longest >= _SHORTEST or first.loop.lo != i32(0):
            return None
        same = all(f is not None and f.count == first.count and f.loop.lo == i32(0) for f in found)
        reads = self._reads(loop, vectors) if same else {}
        if not reads:
            return None
        kept = self.room, list(self.arrays), dict(self.pool)
        taken: list[str] = []
        size = first.longest * _WIDTH
        tiles = {read: self._array(f"{read.buffer}_rows", read.elem, size, taken) for read in reads}
        elems = dict.fromkeys(r.elem for r in reads)
        block = {elem: self._array("rows", elem, size, taken) for elem in elems}
        if self.room < 0:
            self.room, self.arrays, self.pool = kept
            return None
        self.done += len(tiles)
        fast = self._tiled(loop, first, tiles, block, reads)
        mark = self.signs.enter(loop)  # where it runs at all
        guards = [
            r.stride for r in tiles if r.stride.value is None and not self.signs.known(r.stride)
        ]
        self.signs.leave(mark)
        if not guards:
            return fast
        cond: Expr | None = None
        for stride in dict.fromkeys(guards):
            positive = Binary(">", poly_to_expr(stride, I32), i32(0))
            cond = positive if cond is None else Binary("&&", cond, positive)
        assert cond is not None
        return (If(cond, fast, self._again(loop)),)

    def _array(self, stem: str, elem: Scalar, size: int, taken: list[str]) -> str:
        """An array that no other of `taken` is: loops one after another share theirs."""
        for name, (kind, length) in self.pool.items():
            if kind == elem and length == size and name not in taken:
                taken.append(name)
                return name
        name = self.fresh(stem)
        taken.append(name)
        self.pool[name] = elem, size
        self.room -= size * elem.size
        self.arrays.append(Alloc(name, elem, (i32(size),), NRAM))
        return name

    def _again(self, loop: For) -> Block:
        """The loop as it was, under new names, for rows that do not lie one after another."""
        changed = {n: Var(self.fresh(n), I32) for n in sorted(_loop_variables((loop,)))}
        others = {s.name: self.fresh(s.name) for s in statements((loop,)) if isinstance(s, Declare)}

        def rename(stmt: Stmt) -> Block:
            if isinstance(stmt, For):
                return (replace(stmt, var=changed[stmt.var].name),)
            if isinstance(stmt, Declare | Assign) and stmt.name in others:
                return (replace(stmt, name=others[stmt.name]),)
            return (stmt,)

        def reread(e: Expr) -> Expr:
            if isinstance(e, Var) and e.name in others:
                return replace(e, name=others[e.name])
            return changed.get(e.name, e) if isinstance(e, Var) else e

        return map_block((loop,), rename, reread)

    def _reads(self, loop: For, vectors: list[For]) -> dict[_Read, list[Load]]:
        """The reads of rows that every iteration makes, by what they read."""
        written = buffers_written(loop.body)
        local = set(assigned(loop.body)) | set(declared(loop.body)) - {loop.var}
        found: dict[_Read, list[Load]] = {}
        for vector in vectors:
            if any(not isinstance(s, Declare | Assign | Store | If) for s in vector.body):
                continue
            for stmt in vector.body:
                for load in loads_of(stmt):
                    read = self._read(load, loop, vector, local)
                    if read is None or load.buffer in written or guarded(stmt, load):
                        continue
                    found.setdefault(read, []).append(load)
        return found

    def _read(self, load: Load, loop: For, vector: For, local: set[str]) -> _Read | None:
        if load.buffer not in self.gdram or len(load.index) != 1:
            return None
        place = affine(load.index[0], vector.var, {})
        if place is None or place.stride.mentions([loop.var]) or place.stride.mentions(local):
            return None
        if place.stride.value is not None and place.stride.value <= _LARGEST_STRIDE:
            return None
        column = affine(poly_to_expr(place.offset, I32), loop.var, {})
        if column is None or column.stride.value != 1 or column.offset.mentions(local):
            return None
        if any(isinstance(s, Load) for p in (place.stride, column.offset) for s in _inside(p)):
            return None
        return _Read(load.buffer, self.gdram[load.buffer], place.stride, column.offset)

    def _tiled(
        self,
        loop: For,
        vector: Counted,
        tiles: Mapping[_Read, str],
        block: Mapping[Scalar, str],
        reads: Mapping[_Read, list[Load]],
    ) -> Block:
        start, width = self.fresh(f"{loop.var}_first"), self.fresh("width")
        at, wide, count = Var(start, I32), Var(width, I32), vector.count
        pre: list[Stmt] = [Declare(width, I32, least(i32(_WIDTH), Binary("-", loop.hi, at)))]
        for read, tile in tiles.items():
            pre += _fetch(read, at, wide, count, block[read.elem], tile)
        by_load = {load: tiles[read] for read, loads in reads.items() for load in loads}

        def expr(e: Expr) -> Expr:
            if not isinstance(e, Load) or e not in by_load:
                return e
            var = next(v for v in _vector_variables(loop) if used(e.index[0], v))
            row = Binary("*", Binary("-", Var(loop.var, I32), at), count)
            return Load(by_load[e], (Binary("+", row, Var(var, I32)),), e.type)

        body = map_block(loop.body, lambda s: (s,), expr)
        inner = replace(loop, lo=at, hi=Binary("+", at, wide), body=body)
        work: Block = (*pre, inner)
        outer = replace(loop, var=start, step=i32(_WIDTH), body=work)
        if self.signs.positive(count):
            return (outer,)
        return (If(Binary(">", count, i32(0)), (outer,)),)


def _vector_variables(loop: For) -> list[str]:
    return [s.var for s in loop.body if isinstance(s, For)]


def _loop_variables(block: Block) -> set[str]:
    return {s.var for s in statements(block) if isinstance(s, For)}


def _inside(value: Poly) -> list[Expr]:
    return [s for term in value.terms for atom in term for s in subexpressions(atom)]


def _fetch(
    read: _Read, first: Expr, width: Expr, count: Expr, block: str, tile: str
) -> tuple[Stmt, ...]:
    """Copy `width` columns of `count` rows, one row after another, and transpose them."""
    size = Binary("*", width, i32(read.elem.size))
    stride = Binary("*", poly_to_expr(read.stride, I32), i32(read.elem.size))
    far = address(read.buffer, read.elem, Binary("+", poly_to_expr(read.offset, I32), first))
    near = address(block, read.elem, i32(0))
    last = Binary("-", count, i32(1))
    way = Call("GDRAM2NRAM", (), I32)
    turned = address(tile, read.elem, i32(0))
    return (
        Evaluate(Call("__memcpy", (near, far, size, way, size, stride, last), VOID)),
        Evaluate(Call("__bang_transpose", (turned, near, count, width), VOID)),
    )


ROWS: Final = Pass(
    name="row_tiles",
    group="memory",
    before="for (c ...) parallel(vector) for (v ...) acc[v] = acc[v] + x[v * cols + c];",
    after="for (c in blocks) { __memcpy(strided rows); __bang_transpose(..); for (c ..) parallel(vector) ... }",
    rewrite=_rewrite,
    meta_prompt="cache",
)
