"""Bring every barrier and exchange into uniform control flow, the rest under predicates.

before: if (i < n) { a; __syncthreads(); b; }          (i differs between threads)
after:  if (i < n) { a; } __syncthreads(); if (i < n) { b; }

A thread that has exited counts as arrived in CUDA, so that this is what the source means; a loop whose
condition differs between threads goes on while it holds for any of them. The result is a SIMT program again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from xpiler.ir.build import boolean, const, i32, u32, var
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Barrier,
    Binary,
    Block,
    Cast,
    Declare,
    Expr,
    For,
    If,
    Select,
    Stmt,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import BOOL, I32, U32, Scalar
from xpiler.ir.walk import blocks, declared, expressions, statements, variables
from xpiler.passes.bounds import type_range
from xpiler.passes.loop_recovery.jumps import conditional, has_jumps, without_jumps
from xpiler.passes.loop_recovery.loops import as_while
from xpiler.passes.loop_recovery.refusal import Refused
from xpiler.passes.loop_recovery.scope import Scope, holds_collective, is_collective
from xpiler.passes.loop_recovery.uniform import Uniformity
from xpiler.passes.names import Names
from xpiler.passes.simplify import negated, simplify, speculatable
from xpiler.records import dataclass

__all__ = ["FULL_MASK", "converge", "result_type"]

_Pair = tuple[Block, Block]

FULL_MASK = u32(0xFFFFFFFF)
_LIMIT = 64  # each round makes at least one more construct uniform; programs need two or three


def converge(body: Block, analyse: Callable[[Block], Uniformity], names: Names) -> Block:
    """`body` with all collectives of the analysis' scope in uniform control flow."""
    for _ in range(_LIMIT):
        new = _Converger(analyse(body), names, _types(body)).block(body)
        if new == body:
            return body
        body = new
    raise Refused(
        "XP2107",
        "barriers or warp operations stand in control flow that is too entangled",
        next((s.span for s in statements(body) if s.span is not None), None),
    )


def _types(body: Block) -> dict[str, Scalar]:
    return {
        s.name: s.type
        for s in statements(body)
        if isinstance(s, Declare) and isinstance(s.type, Scalar)
    }


@dataclass(frozen=True, slots=True)
class _Region:
    """Code under a predicate: the variables that live within, and those that other threads have no value of."""

    own: frozenset[str]
    spoilt: frozenset[str]


@dataclass
class _Converger:
    uni: Uniformity
    names: Names
    types: dict[str, Scalar]

    @property
    def scope(self) -> Scope:
        return self.uni.scope

    def _holds(self, block: Block) -> bool:
        return holds_collective(block, self.scope)

    # --- where all threads are together

    def block(self, block: Block) -> Block:
        return tuple(new for stmt in block for new in self._stmt(stmt))

    def _stmt(self, stmt: Stmt) -> Block:
        if not isinstance(stmt, If | For | While) or not self._holds((stmt,)):
            return (stmt,)
        if isinstance(stmt, If):
            if self.uni.uniform(stmt.cond):
                return (replace(stmt, then=self.block(stmt.then), orelse=self.block(stmt.orelse)),)
            return self._split(stmt, None)
        if self.uni.divergent_jumps(stmt.body):
            return without_jumps(stmt, self.names)
        if all(self.uni.uniform(e) for e in expressions(stmt)):
            return (replace(stmt, body=self.block(stmt.body)),)
        return self._while_any(stmt, None)

    # --- under a predicate

    def _split(self, stmt: If, outer: Expr | None) -> Block:
        """A divergent `if`: both sides under predicates."""
        pre: list[Stmt] = []
        taken = self._predicate(stmt.cond, outer, "active", pre)
        refused: Expr | None = None
        if stmt.orelse:
            if self.uni.stable(taken) and outer is None:
                refused = negated(taken)
            else:
                refused = self._predicate(negated(taken), outer, "inactive", pre)
        out = [*pre, *self._region(stmt.then, taken)]
        if refused is not None:
            out += self._region(stmt.orelse, refused)
        return tuple(out)

    def _predicate(self, cond: Expr, outer: Expr | None, stem: str, pre: list[Stmt]) -> Expr:
        """A condition that may be tested at any later place."""
        whole = cond if outer is None else Binary("&&", outer, cond)
        if self.uni.stable(whole):
            return whole
        name = self.names.fresh(stem)
        pre.append(Declare(name, BOOL, whole))
        return Var(name, BOOL)

    def _region(self, block: Block, p: Expr) -> Block:
        """The statements for the threads where `p` holds; collectives are run by all.

        Where nobody takes part, a `while` might never end: the region is then skipped.
        """
        inside = self._inside(block, p)
        unbounded = (s for s in statements(block) if isinstance(s, While))
        if not any(self._holds((s,)) for s in unbounded):
            return inside
        some = Var(self.names.fresh("any_active"), I32)
        taken = If(Binary("!=", some, i32(0)), inside)
        return Declare(some.name, I32), self._vote(some.name, p, block), taken

    def _inside(self, block: Block, p: Expr) -> Block:
        return self._under(block, p, _Region(declared(block), self._spoilt(block)))

    def _vote(self, result: str, flag: Expr, block: Block) -> WarpOp:
        """Does `flag` hold for any thread?"""
        if self.scope is Scope.GRID:
            raise Refused(
                "XP2103",
                "threads leave a loop that holds a grid barrier at different times",
                block[0].span,
                "make the loop's bounds the same for all threads of the grid",
            )
        op = "block_or" if self.scope is Scope.BLOCK else "any"
        return WarpOp(op, result, FULL_MASK, (Cast(I32, flag),))

    def _spoilt(self, block: Block) -> frozenset[str]:
        """Variables whose value is not the same for threads that do not take part in the region."""
        spoilt: set[str] = set(self.uni.divergent)
        while True:
            before = len(spoilt)
            self._spoil(block, spoilt, guarded=False)
            if len(spoilt) == before:
                return frozenset(spoilt)

    def _spoil(self, block: Block, spoilt: set[str], guarded: bool) -> None:
        for stmt in block:
            match stmt:
                case Declare(name=name, init=value) | Assign(name=name, value=value):
                    if value is None:
                        continue
                    if guarded or not speculatable(value) or variables(value) & spoilt:
                        spoilt.add(name)
                case WarpOp(result=name) if guarded or not is_collective(stmt, self.scope):
                    spoilt.add(name)
                case If() | For() | While():
                    reads = frozenset(n for e in expressions(stmt) for n in variables(e))
                    apart = not self._holds((stmt,)) or bool(reads & spoilt)
                    apart = apart or not all(speculatable(e) for e in expressions(stmt))
                    if not isinstance(stmt, If):
                        apart = apart or has_jumps(stmt.body)
                    if isinstance(stmt, For) and (guarded or apart):
                        spoilt.add(stmt.var)
                    for inner in blocks(stmt):
                        self._spoil(inner, spoilt, guarded or apart)
                case _:
                    pass

    def _under(self, block: Block, p: Expr, region: _Region) -> Block:
        out: list[Stmt] = []
        group: list[Stmt] = []

        def flush() -> None:
            out.extend(conditional(p, tuple(group), ()))
            group.clear()

        for stmt in block:
            for free, guarded in self._under_stmt(stmt, p, region):
                # what is hoisted must not pass what it depends on
                if not all(self._passes(s) for s in free):
                    flush()
                if free:
                    out.extend(free)
                group.extend(guarded)
        flush()
        return tuple(out)

    def _passes(self, stmt: Stmt) -> bool:
        """May `stmt` move before any statement that precedes it?"""
        if isinstance(stmt, Declare):
            return stmt.init is None or self.uni.stable(stmt.init)
        return isinstance(stmt, Alloc) and not stmt.init

    def _under_stmt(self, stmt: Stmt, p: Expr, region: _Region) -> Iterator[_Pair]:
        """Pairs of statements: for all threads, and for those where `p` holds."""
        match stmt:
            case Alloc():
                yield (stmt,), ()
            case Declare(name=name, type=type, init=init):
                if init is None or self._free(name, init, region):
                    yield (stmt,), ()
                else:
                    yield (replace(stmt, init=None),), ()
                    yield (), (Assign(name, init, span=stmt.span),)
                if isinstance(type, Scalar):
                    self.types[name] = type
            case Assign(name=name) if name in region.own and name not in region.spoilt:
                yield (stmt,), ()
            case Barrier() if is_collective(stmt, self.scope):
                yield (stmt,), ()
            case WarpOp() if is_collective(stmt, self.scope):
                yield from self._exchange(stmt, p, region.own)
            case If() | For() | While() if self._holds((stmt,)):
                yield self._control(stmt, p, region), ()
            case _:
                yield (), (stmt,)

    def _free(self, name: str, value: Expr, region: _Region) -> bool:
        """May threads that are not concerned compute this value too? Only they could see it."""
        return name not in region.spoilt or self.uni.stable(value)

    def _control(self, stmt: If | For | While, p: Expr, region: _Region) -> Block:
        reads = frozenset(n for e in expressions(stmt) for n in variables(e))
        together = not reads & region.spoilt and all(
            self.uni.uniform(e) and speculatable(e) for e in expressions(stmt)
        )
        if isinstance(stmt, If):
            if not together:
                return self._split(stmt, p)
            then = self._under(stmt.then, p, region)
            orelse = self._under(stmt.orelse, p, region)
            return conditional(stmt.cond, then, orelse)
        if has_jumps(stmt.body):
            return self._region(without_jumps(stmt, self.names), p)
        if together:
            return (replace(stmt, body=self._under(stmt.body, p, region)),)
        return self._while_any(stmt, p)

    def _while_any(self, loop: For | While, p: Expr | None) -> Block:
        """A loop that threads leave at different times goes on while any of them is in it."""
        if has_jumps(loop.body):
            plain = without_jumps(loop, self.names)
            return plain if p is None else self._region(plain, p)
        pre: Block = ()
        if isinstance(loop, For):
            pre, loop = as_while(loop, self.names)
            if p is not None:
                pre = self._region(pre, p)
        live, some = self.names.fresh("live"), self.names.fresh("any_live")
        alive = var(live, BOOL)
        vote = self._vote(some, alive, (loop,))
        test = If(alive, (Assign(live, loop.cond),))
        again = If(
            Binary("!=", Var(some, I32), i32(0)), self._inside(loop.body, alive), span=loop.span
        )
        return (
            *pre,
            Declare(live, BOOL, boolean(True) if p is None else p),
            Declare(some, I32, i32(1)),
            While(Binary("!=", Var(some, I32), i32(0)), (test, vote, again), span=loop.span),
        )

    # --- exchanges of which only some take part

    def _exchange(self, op: WarpOp, p: Expr, own: frozenset[str]) -> Iterator[_Pair]:
        if op.op == "activemask":
            yield from self._deliver(replace(op, op="ballot", args=(Cast(I32, p),)), own)
            return
        if op.op.startswith("shfl"):
            value = yield from self._argument(op.args[0], p, None)
            rest = []
            for arg in op.args[1:]:
                rest.append((yield from self._argument(arg, p, None)))
            yield from self._deliver(replace(op, args=(value, *rest)), own)
            return
        if op.op == "match_any":
            present = self.names.fresh("present")
            yield (Declare(present, U32), WarpOp("ballot", present, FULL_MASK, (Cast(I32, p),))), ()
            value = yield from self._argument(op.args[0], p, None)
            mask = Binary("&", op.mask, Var(present, U32))
            yield from self._deliver(replace(op, mask=mask, args=(value,)), own)
            return
        value = yield from self._argument(op.args[0], p, _identity(op))
        yield from self._deliver(replace(op, args=(value,)), own)

    def _argument(self, value: Expr, p: Expr, absent: Expr | None) -> Generator[_Pair, None, Expr]:
        """A generator whose value is the argument; threads outside `p` give `absent` (None: anything)."""
        if speculatable(value):
            return value if absent is None else simplify(Select(p, value, absent))
        type = value.type
        assert isinstance(type, Scalar)
        name = self.names.fresh("given")
        yield (Declare(name, type, absent if absent is not None else const(0, type)),), ()
        yield (), (Assign(name, value),)
        return Var(name, type)

    def _deliver(self, op: WarpOp, own: frozenset[str]) -> Iterator[_Pair]:
        if op.result in own:
            yield (op,), ()
            return
        got = self.names.fresh("got")
        type = self.types.get(op.result, result_type(op))
        yield (Declare(got, type), replace(op, result=got)), ()
        yield (), (Assign(op.result, Var(got, type)),)


def result_type(op: WarpOp) -> Scalar:
    if op.op.startswith(("shfl", "reduce_")):
        type = op.args[0].type
        assert isinstance(type, Scalar)
        return type
    return U32 if op.op in ("ballot", "match_any", "activemask") else I32


def _identity(op: WarpOp) -> Expr:
    """What a thread contributes that does not take part."""
    type = op.args[0].type
    assert isinstance(type, Scalar)
    match op.op:
        case "all" | "block_and":
            return const(1, type)
        case "reduce_and":
            return const(-1, type)
        case "reduce_min":
            return const(type_range(type)[1], type)
        case "reduce_max":
            return const(type_range(type)[0], type)
        case _:
            return const(0, type)
