"""Pipeline: while a tile is computed the next one is loaded (double buffering with asynchronous copies).

before: for (t ...) { memcpy in; compute; memcpy out; }
after:  start in[0]; for (t ...) { __sync(); start in[next]; compute on in[now]; start out[now]; } __sync();

Each tile that copies touch is there twice; the iteration's parity chooses. `__sync()` waits for the copies of the
iteration before: the loads that this one computes on, and the stores from the buffers that it may overwrite.
`__sync_compute()` lets a result be complete before its store starts, while the loads go on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Assume,
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
from xpiler.ir.types import I32, VOID, Pointer
from xpiler.ir.walk import (
    assigned,
    buffers_read,
    buffers_written,
    declared,
    expressions,
    fresh,
    map_block,
    statements,
    subexpressions,
    substitute,
    variables,
)
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.records import dataclass

__all__ = ["PIPELINE"]

_COPY: Final = "__memcpy"
_ASYNC: Final = "__memcpy_async"


@dataclass(frozen=True, slots=True)
class _Body:
    """A tile loop taken apart: index locals, the guard round the work, loads, computation, stores."""

    place: Block
    guard: Expr | None
    loads: tuple[Evaluate, ...]
    compute: Block
    stores: tuple[Evaluate, ...]


def _rewrite(module: Module, context: Context) -> Outcome:
    kernel = module.kernels[0]
    if kernel.level != "task":
        return NotApplicable(f"the program is at level {kernel.level}, not task")
    names = {p.name for p in kernel.params} | set(declared(kernel.body))
    names |= {g.name for g in module.globals}
    far = {p.name for p in kernel.params if isinstance(p.type, Pointer)}
    for at, stmt in enumerate(kernel.body):
        if not isinstance(stmt, For) or stmt.axis != "task":
            continue
        body = _apart(stmt.body)
        if isinstance(body, str):
            return NotApplicable(body)
        why = _unsafe(body, far)
        if why:
            return NotApplicable(why)
        made = _Doubled(names, stmt, body, context.facts.get("nram_bytes", 0))
        result = made.program(kernel.body, at)
        if isinstance(result, str):
            return NotApplicable(result)
        done = replace(kernel, body=result)
        copies = len(body.loads) + len(body.stores)
        notes = (f"{len(made.tiles)} tiles doubled, {copies} copies asynchronous",)
        return Applied(replace(module, kernels=(done,)), notes)
    return NotApplicable("no loop over tiles at the top of the kernel")


def _apart(body: Block) -> _Body | str:
    """The parts of a tile loop's body, or why it has no such form."""
    body = tuple(s for s in body if not isinstance(s, Assume))
    place = tuple(s for s in body if isinstance(s, Declare))
    rest = body[len(place) :]
    if body[: len(place)] != place or not rest:
        return "the tile loop computes between its index values"
    guard: Expr | None = None
    while len(rest) == 1 and isinstance(rest[0], If) and not rest[0].orelse:
        cond = rest[0].cond
        guard = cond if guard is None else Binary("&&", guard, cond)
        rest = rest[0].then
    first = 0
    while first < len(rest) and _is_copy(rest[first], "GDRAM2NRAM"):
        first += 1
    last = len(rest)
    while last > first and _is_copy(rest[last - 1], "NRAM2GDRAM"):
        last -= 1
    loads = tuple(s for s in rest[:first] if isinstance(s, Evaluate))
    stores = tuple(s for s in rest[last:] if isinstance(s, Evaluate))
    if not loads:
        return "no tile is loaded at the start of the loop"
    return _Body(place, guard, loads, rest[first:last], stores)


def _is_copy(stmt: Stmt, direction: str) -> bool:
    if not isinstance(stmt, Evaluate) or stmt.call.function != _COPY:
        return False
    return any(isinstance(a, Call) and a.function == direction for a in stmt.call.args)


def _ends(copy: Evaluate) -> tuple[str, str]:
    """Destination and source buffer of a copy."""
    dst, src = copy.call.args[:2]
    assert isinstance(dst, AddressOf)
    assert isinstance(src, AddressOf)
    return dst.buffer, src.buffer


def _unsafe(body: _Body, far: set[str]) -> str:
    """Why loading early would not give the same values; empty if it would.

    The loop over a task's tiles claims that its iterations are independent: what one of them stores, no other loads.
    """
    if buffers_written(body.compute) & far:
        return "the computation writes to GDRAM itself"
    if assigned(body.compute) - declared(body.compute):
        return "the computation changes a variable of the loop's surroundings"
    exprs = [e for s in body.place for e in expressions(s)]
    if body.guard is not None:
        exprs.append(body.guard)
    if any(isinstance(s, Load) for e in exprs for s in subexpressions(e)):
        return "the place of a tile depends on memory"
    return ""


class _Doubled:
    """The new loop. `tiles` are the arrays that get a second half."""

    def __init__(self, taken: set[str], loop: For, body: _Body, room: int) -> None:
        self.taken = taken
        self.loop, self.body, self.room = loop, body, room
        self.tiles = {_ends(c)[0] for c in body.loads} | {_ends(c)[1] for c in body.stores}

    def fresh(self, stem: str) -> str:
        name = fresh(stem, self.taken)
        self.taken.add(name)
        return name

    def program(self, whole: Block, at: int) -> Block | str:
        arrays = {s.name: s for s in whole if isinstance(s, Alloc) and s.name in self.tiles}
        if set(arrays) != self.tiles:
            return "a tile is not an array of the whole kernel"
        sizes: dict[str, int] = {}
        for name, array in arrays.items():
            if len(array.shape) != 1 or not isinstance(array.shape[0], Const):
                return f"{name} has no constant length"
            sizes[name] = int(array.shape[0].value)
        used = sum(_bytes(s) for s in statements(whole) if isinstance(s, Alloc))
        extra = sum(sizes[n] * arrays[n].elem.size for n in arrays)
        if used + extra > self.room:
            return f"{used + extra} bytes of NRAM would be needed, {self.room} are there"
        if any(
            self.tiles & _mentioned(s)
            for n, s in enumerate(whole)
            if n != at and not isinstance(s, Alloc)
        ):
            return "a tile is used outside the loop"
        wide = tuple(
            replace(s, shape=(i32(2), *s.shape))
            if isinstance(s, Alloc) and s.name in self.tiles
            else s
            for s in whole[:at]
        )
        return (*wide, *self._loop(), *whole[at + 1 :])

    def _loop(self) -> Block:
        loop, parity = self.loop, self.fresh("parity")
        now = Var(parity, I32)
        following = Binary("+", Var(loop.var, I32), loop.step)
        other = Binary("-", i32(1), now)
        more = Binary("<", following, loop.hi)
        first = If(Binary("<", loop.lo, loop.hi), self._load(loop.lo, i32(0)))
        compute = self._shifted((*self.body.compute,), now)
        stores = self._shifted(tuple(map(_asynchronous, self.body.stores)), now)
        settle = (_sync("__sync_compute"),) if stores and compute else ()
        work: Block = (*compute, *settle, *stores)
        if self.body.guard is not None:
            work = (If(self.body.guard, work),)
        body = (
            *self.body.place,
            _sync(),
            If(more, self._load(following, other)),
            *work,
            Assign(parity, other),
        )
        return (Declare(parity, I32, i32(0)), first, replace(loop, body=body), _sync())

    def _load(self, at: Expr, half: Expr) -> Block:
        """Start the loads of the tile number `at` into half `half` of the tiles."""
        guards = () if self.body.guard is None else (self.body.guard,)
        needed = _needed(self.body.place, (*(c.call for c in self.body.loads), *guards))
        names = {s.name: self.fresh(f"{s.name}_next") for s in needed}
        renamed: dict[str, Expr] = {self.loop.var: at}
        place: list[Stmt] = []
        for stmt in needed:
            (moved,) = substitute((stmt,), renamed)
            assert isinstance(moved, Declare)
            place.append(replace(moved, name=names[stmt.name]))
            assert not isinstance(stmt.type, Pointer)
            renamed[stmt.name] = Var(names[stmt.name], stmt.type)
        loads = substitute(tuple(map(_asynchronous, self.body.loads)), renamed)
        loads = self._shifted(loads, half)
        if self.body.guard is not None:
            (guarded,) = substitute((If(self.body.guard, ()),), renamed)
            assert isinstance(guarded, If)
            loads = (replace(guarded, then=loads),)
        return (*place, *loads)

    def _shifted(self, block: Block, half: Expr) -> Block:
        """`block` on one half of the tiles."""

        def expr(e: Expr) -> Expr:
            if isinstance(e, Load | AddressOf) and e.buffer in self.tiles:
                return replace(e, index=(half, *e.index))
            return e

        def stmt(s: Stmt) -> Block:
            if isinstance(s, Store) and s.buffer in self.tiles:
                return (replace(s, index=(half, *s.index)),)
            return (s,)

        return map_block(block, stmt, expr)


def _needed(place: Block, used: tuple[Expr, ...]) -> list[Declare]:
    """The index values that `used` needs, and those that they need."""
    out: list[Declare] = []
    wanted = {v for e in used for v in variables(e)}
    for stmt in reversed(place):
        if isinstance(stmt, Declare) and stmt.name in wanted:
            out.insert(0, stmt)
            wanted |= variables(stmt.init) if stmt.init is not None else set()
    return out


def _bytes(stmt: Alloc) -> int:
    if stmt.dynamic:
        return 48 * 1024
    size = stmt.elem.size
    for d in stmt.shape:
        size *= int(d.value) if isinstance(d, Const) else 1
    return size


def _mentioned(stmt: Stmt) -> frozenset[str]:
    return buffers_read((stmt,)) | buffers_written((stmt,))


def _asynchronous(copy: Evaluate) -> Evaluate:
    return replace(copy, call=replace(copy.call, function=_ASYNC))


def _sync(name: str = "__sync") -> Evaluate:
    return Evaluate(Call(name, (), VOID))


PIPELINE: Final = Pass(
    name="pipeline",
    group="memory",
    before="for (t ...) { __memcpy(x_nram, x + t, ...); compute; __memcpy(y + t, y_nram, ...); }",
    after="for (t ...) { __sync(); __memcpy_async(next half); compute on this half; __memcpy_async(out); }",
    rewrite=_rewrite,
    meta_prompt="pipeline",
)
