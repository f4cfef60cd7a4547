"""A converged body as regions: stretches that all threads run without waiting, and uniform control between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Atomic,
    Barrier,
    Block,
    Break,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Stmt,
    WarpOp,
    While,
)
from xpiler.ir.types import Spaces
from xpiler.ir.walk import (
    assigned,
    buffers_written,
    expressions,
    statements,
    subexpressions,
    variables,
)
from xpiler.passes.loop_recovery.jumps import own_jumps
from xpiler.passes.loop_recovery.scope import Scope, holds_collective, is_collective
from xpiler.records import dataclass

__all__ = [
    "Branch",
    "Item",
    "Leaf",
    "Loop",
    "Plain",
    "Sync",
    "leaves",
    "read_names",
    "split",
    "tidy",
    "writes_memory",
]


@dataclass(frozen=True, slots=True)
class Leaf:
    """Statements that each thread runs. A `serial` one updates uniform scalars, one thread after another."""

    stmts: Block
    serial: bool = False


@dataclass(frozen=True, slots=True)
class Sync:
    """All threads wait for each other here."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A statement on uniform values, run once for all threads."""

    stmt: Stmt


@dataclass(frozen=True, slots=True)
class Branch:
    cond: Expr
    then: tuple[Item, ...]
    orelse: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A uniform loop; `head` is the source's with an empty body."""

    head: For | While
    body: tuple[Item, ...]


Item = Leaf | Sync | Plain | Branch | Loop
Expand = Callable[[WarpOp], tuple[Item, ...]]


@dataclass(frozen=True, slots=True)
class _Splitter:
    scope: Scope
    scalars: frozenset[str]
    expand: Expand

    def block(self, block: Block, in_loop: bool) -> tuple[Item, ...]:
        out: list[Item] = []
        for stmt in block:
            for item in self._stmt(stmt, in_loop):
                last = out[-1] if out else None
                if (
                    isinstance(item, Leaf)
                    and isinstance(last, Leaf)
                    and not (item.serial or last.serial)
                ):
                    out[-1] = Leaf((*last.stmts, *item.stmts))
                else:
                    out.append(item)
        return tuple(out)

    def _stmt(self, stmt: Stmt, in_loop: bool) -> tuple[Item, ...]:
        match stmt:
            case Barrier() if is_collective(stmt, self.scope):
                return (Sync(),)
            case WarpOp() if is_collective(stmt, self.scope):
                return self.expand(stmt)
            case Declare(name=name) | Assign(name=name) if name in self.scalars:
                return (Plain(stmt),)
            case Break() | Continue():
                return (Plain(stmt),)
            case If(cond=cond, then=then, orelse=orelse) if self._at_level(stmt, in_loop):
                return (Branch(cond, self.block(then, in_loop), self.block(orelse, in_loop)),)
            case For() | While() if self._at_level(stmt, in_loop):
                return (Loop(replace(stmt, body=()), self.block(stmt.body, True)),)
            case _:
                return (Leaf((stmt,)),)

    def _at_level(self, stmt: If | For | While, in_loop: bool) -> bool:
        inner = (stmt,)
        if holds_collective(inner, self.scope) or assigned(inner) & self.scalars:
            return True
        return in_loop and isinstance(stmt, If) and bool(own_jumps(inner))


def split(body: Block, scope: Scope, scalars: frozenset[str], expand: Expand) -> tuple[Item, ...]:
    """`scalars` are the variables that exist once for all threads; every other one belongs to a thread."""
    return _Splitter(scope, scalars, expand).block(body, False)


def leaves(items: tuple[Item, ...]) -> Iterator[Leaf]:
    """All leaves, in textual order."""
    for item in items:
        match item:
            case Leaf():
                yield item
            case Branch(then=then, orelse=orelse):
                yield from leaves(then)
                yield from leaves(orelse)
            case Loop(body=body):
                yield from leaves(body)
            case _:
                pass


def read_names(block: Block) -> frozenset[str]:
    """Variables that the block reads."""
    return frozenset(n for s in statements(block) for e in expressions(s) for n in variables(e))


# --- moving uniform statements out of the way --------------------------------------------------


def tidy(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Move each `Plain` up past leaves that it does not depend on, and merge leaves that then touch."""
    out: list[Item] = []
    for item in items:
        match item:
            case Branch():
                item = Branch(item.cond, tidy(item.then), tidy(item.orelse))
            case Loop():
                item = Loop(item.head, tidy(item.body))
            case _:
                pass
        if isinstance(item, Plain) and not isinstance(item.stmt, Break | Continue):
            at = len(out)
            while at and isinstance(out[at - 1], Leaf) and _commute(out[at - 1], item.stmt):
                at -= 1
            out.insert(at, item)
            continue
        last = out[-1] if out else None
        if isinstance(item, Leaf) and isinstance(last, Leaf) and not (item.serial or last.serial):
            out[-1] = Leaf((*last.stmts, *item.stmts))
        elif not (isinstance(item, Sync) and (last is None or isinstance(last, Sync))):
            out.append(item)
    return tuple(out)


def _commute(leaf: Item, stmt: Stmt) -> bool:
    """May the uniform `stmt` run before the leaf?"""
    assert isinstance(leaf, Leaf)
    mine = assigned((stmt,))
    reads = read_names((stmt,))
    if mine & (read_names(leaf.stmts) | assigned(leaf.stmts)) or reads & assigned(leaf.stmts):
        return False
    loads = [e for x in expressions(stmt) for e in subexpressions(x) if isinstance(e, Load)]
    return not loads or not writes_memory(leaf.stmts)


def writes_memory(block: Block) -> bool:
    """May the block change memory that it did not declare itself?"""
    own = {s.name for s in statements(block) if isinstance(s, Alloc) and s.space == Spaces.LOCAL}
    return bool(buffers_written(block) - own) or any(
        isinstance(s, Atomic) for s in statements(block)
    )
