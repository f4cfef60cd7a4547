"""Cache: block-shared arrays and tiles of GDRAM are put into NRAM, within its capacity.

A task runs a whole block, so what the block shares is private to the core. Around a vector loop the consecutive
elements it reads are copied in before, and those it writes are copied out after.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Final

from xpiler.backends.bang.passes.accesses import Key, key_of, scan
from xpiler.backends.bang.passes.distribute import INNERMOST
from xpiler.backends.bang.passes.index import affine
from xpiler.backends.bang.passes.lengths import Counted, Signs, counted
from xpiler.backends.bang.spaces import NRAM
from xpiler.ir.affine import constant, poly_to_expr
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
from xpiler.ir.types import I32, VOID, Pointer, Scalar, Spaces
from xpiler.ir.walk import (
    blocks,
    declared,
    fresh,
    map_block,
    statements,
    with_blocks,
)
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.passes.names import rename_locals

__all__ = ["CACHE"]

DYNAMIC_BYTES: Final = 48 * 1024
_SHORTEST: Final = 16


def _rewrite(module: Module, context: Context) -> Outcome:
    kernel = module.kernels[0]
    if kernel.level != "task":
        return NotApplicable(f"the program is at level {kernel.level}, not task")
    names = {p.name for p in kernel.params} | set(declared(kernel.body))
    names |= {g.name for g in module.globals}
    work = _Cache(set(names), context.facts.get("nram_bytes", 0), Signs(kernel.body))
    for p in kernel.params:
        if isinstance(p.type, Pointer):
            work.gdram[p.name] = p.type.elem
    for g in module.globals:
        work.gdram[g.name] = g.elem
    work.room -= sum(map(_bytes, filter(_in_nram, statements(kernel.body))))
    body = work.place(kernel.body, False)
    body = work.stage(body, {})
    if not work.notes and not work.tiles:
        return NotApplicable(
            "no array to place and no vector loop over consecutive elements of GDRAM"
        )
    done = replace(kernel, body=(*work.tiles, *body))
    return Applied(replace(module, kernels=(done,)), (*work.notes, *work.summary()))


def _bytes(stmt: Stmt) -> int:
    """Bytes of an array of constant shape (dynamic shared memory: what CUDA allows), 0 if not constant."""
    if not isinstance(stmt, Alloc):
        return 0
    if stmt.dynamic:
        return DYNAMIC_BYTES
    sizes = [int(d.value) for d in stmt.shape if isinstance(d, Const)]
    return stmt.elem.size * prod(sizes) if len(sizes) == len(stmt.shape) else 0


def _in_nram(stmt: Stmt) -> bool:
    return isinstance(stmt, Alloc) and (stmt.space == NRAM or stmt.dynamic)


class _Cache:
    def __init__(self, taken: set[str], room: int, signs: Signs) -> None:
        self.taken = taken
        self.room = room
        self.signs = signs
        self.notes: list[str] = []
        self.tiles: list[Stmt] = []
        self.gdram: dict[str, Scalar] = {}
        self.copies = 0
        self._busy: list[tuple[str, int]] = []
        self.pool: dict[tuple[str, int, int], str] = {}

    def fresh(self, stem: str) -> str:
        name = fresh(stem, self.taken)
        self.taken.add(name)
        return name

    def summary(self) -> tuple[str, ...]:
        if not self.tiles:
            return ()
        total = sum(map(_bytes, self.tiles))
        return (f"{self.copies} tile copies through {len(self.tiles)} NRAM tiles ({total} bytes)",)

    # --- whole arrays

    def place(self, block: Block, inside: bool) -> Block:
        """Shared and expanded arrays, outside of vector loops, become NRAM arrays where they fit."""
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Alloc) and not inside:
                stmt = self._placed(stmt)
            elif blocks(stmt):
                deeper = inside or (isinstance(stmt, For) and stmt.axis in INNERMOST)
                stmt = with_blocks(stmt, tuple(self.place(b, deeper) for b in blocks(stmt)))
            out.append(stmt)
        return tuple(out)

    def _placed(self, stmt: Alloc) -> Stmt:
        size = _bytes(stmt)
        movable = stmt.space in (Spaces.SHARED, Spaces.LOCAL) and not stmt.dynamic and not stmt.init
        if not movable or size == 0 or size > self.room:
            return stmt
        self.room -= size
        self.notes.append(f"{stmt.name}: {size} bytes in NRAM")
        return replace(stmt, space=NRAM)

    # --- tiles round vector loops

    def stage(self, block: Block, locals_: dict[str, Expr]) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            self.signs.note(stmt)
            if isinstance(stmt, Declare) and stmt.init is not None and stmt.type == I32:
                locals_[stmt.name] = stmt.init
            if isinstance(stmt, For) and stmt.axis in INNERMOST and _straight(stmt.body):
                out += self._staged(stmt, locals_)
            elif blocks(stmt):
                mark = self.signs.enter(stmt)
                out.append(with_blocks(stmt, tuple(self.stage(b, locals_) for b in blocks(stmt))))
                self.signs.leave(mark)
            else:
                out.append(stmt)
        return tuple(out)

    def _staged(self, loop: For, locals_: dict[str, Expr]) -> list[Stmt]:
        found = counted(loop, locals_)
        if found is None or found.longest < _SHORTEST:
            return [loop]
        accesses = scan(found, self.gdram)
        if accesses is None:
            return [loop]
        self._busy = []
        reads, writes = accesses.reads, accesses.writes
        size = found.longest
        before = [self.pool.copy(), list(self.tiles), self.room]
        if _copies(found.body) and len(reads) == len(writes) == 1:  # what comes in goes out
            named = dict.fromkeys((*reads, *writes), self._tile(*next(iter(reads.items())), size))
        else:
            named = {key: self._tile(key, elem, size) for key, elem in {**reads, **writes}.items()}
        if self.room < 0:
            self.pool, self.tiles, self.room = before  # type: ignore[assignment]
            return [loop]
        whole = self._around(found, named, reads, writes)
        unknown = [k[1] for k in named if k[1].value is None and not self.signs.known(k[1])]
        if not unknown:
            return whole
        # rows that lie one after another; a stride that is not positive keeps the loop as it was
        conds = [Binary(">", poly_to_expr(s, I32), i32(0)) for s in dict.fromkeys(unknown)]
        cond: Expr = conds[0]
        for other in conds[1:]:
            cond = Binary("&&", cond, other)
        return [If(cond, tuple(whole), rename_locals((loop,), self.taken))]

    def _tile(self, key: Key, elem: Scalar, size: int) -> str:
        number = sum(1 for k in self._busy if k == (key[0], size))
        self._busy.append((key[0], size))
        slot = (key[0], size, number)
        if slot not in self.pool:
            name = self.fresh(f"{key[0]}_nram")
            self.pool[slot] = name
            self.tiles.append(Alloc(name, elem, (i32(size),), NRAM))
            self.room -= size * elem.size
        return self.pool[slot]

    def _around(
        self,
        loop: Counted,
        named: dict[Key, str],
        reads: dict[Key, Scalar],
        writes: dict[Key, Scalar],
    ) -> list[Stmt]:
        out: list[Stmt] = []
        count = loop.count
        if not isinstance(count, Const | Var):
            name = self.fresh("length")
            out.append(Declare(name, I32, count))
            count = Var(name, I32)
        copy_in = [_copy(k, t, named[k], count, "GDRAM2NRAM") for k, t in reads.items()]
        copy_out = [_copy(k, t, named[k], count, "NRAM2GDRAM") for k, t in writes.items()]
        self.copies += len(copy_in) + len(copy_out)
        body = _on_tiles(loop.body, loop.var, named)
        inner = For(loop.var, I32, i32(0), count, i32(1), body, loop.loop.axis, span=loop.loop.span)
        one_tile = _copies(loop.body) and len(set(named.values())) < len(named)
        whole: Block = (*copy_in, *(() if one_tile else (inner,)), *copy_out)
        if self.signs.positive(loop.count):
            return [*out, *whole]
        return [*out, If(Binary(">", count, i32(0)), whole)]


def _copies(body: Block) -> bool:
    """Whether a loop does nothing but move elements from one array to another."""
    (only, *rest) = body
    return not rest and isinstance(only, Store) and isinstance(only.value, Load)


def _straight(body: Block) -> bool:
    """Only declarations, assignments, stores, and conditions round them."""
    return all(isinstance(s, Declare | Assign | Store | If) for s in statements(body))


def _copy(key: Key, elem: Scalar, tile: str, count: Expr, direction: str) -> Stmt:
    """The copy between GDRAM and a tile; sizes in bytes. A stride makes it one of segments of one element."""
    buffer, stride, offset = key
    inward = direction == "GDRAM2NRAM"
    far = address(buffer, elem, poly_to_expr(offset, I32))
    near = address(tile, elem, i32(0))
    ends = (near, far) if inward else (far, near)
    way = Call(direction, (), I32)
    if stride.value == 1:
        size = _scaled(count, elem.size)
        return Evaluate(Call("__memcpy", (*ends, size, way), VOID))
    strides = (i32(elem.size), poly_to_expr(stride * constant(elem.size), I32))
    steps = strides if inward else strides[::-1]
    last = Binary("-", count, i32(1))
    return Evaluate(Call("__memcpy", (*ends, i32(elem.size), way, *steps, last), VOID))


def _scaled(count: Expr, size: int) -> Expr:
    if isinstance(count, Const):
        return i32(int(count.value) * size)
    return count if size == 1 else Binary("*", count, i32(size))


def _on_tiles(body: Block, var: str, named: dict[Key, str]) -> Block:
    """`body` with the accesses on their tiles."""
    at = (Var(var, I32),)
    buffers = {k[0] for k in named}

    def tile(buffer: str, index: tuple[Expr, ...]) -> str | None:
        if buffer not in buffers:
            return None
        place = affine(index[0], var, {})
        key = None if place is None or place.stride.is_zero else key_of(buffer, place)
        return named.get(key) if key is not None else None

    def expr(e: Expr) -> Expr:
        if isinstance(e, Load):
            name = tile(e.buffer, e.index)
            return e if name is None else replace(e, buffer=name, index=at)
        return e

    def stmt(s: Stmt) -> Block:
        if isinstance(s, Store):
            name = tile(s.buffer, s.index)
            return (s,) if name is None else (replace(s, buffer=name, index=at),)
        return (s,)

    return map_block(body, stmt, expr)


CACHE: Final = Pass(
    name="cache",
    group="memory",
    before="parallel(vector) for (i = base; i < end; i += 1) y[i] = x[i] + 1.0f;",
    after="__memcpy(x_nram, x + base, n * 4, GDRAM2NRAM); ... y_nram[i] = x_nram[i] + 1.0f; ...",
    rewrite=_rewrite,
    meta_prompt="cache",
)
