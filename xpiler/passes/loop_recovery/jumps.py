"""Structured control flow: `return`, `break` and `continue` become nesting and flags.

before: if (i >= n) { return; }  rest
after:  if (i < n) { rest }
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from xpiler.ir.build import boolean, var
from xpiler.ir.nodes import (
    Assign,
    Binary,
    Block,
    Break,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Return,
    Stmt,
    Unary,
    While,
)
from xpiler.ir.types import BOOL
from xpiler.ir.walk import blocks, statements, with_blocks
from xpiler.passes.loop_recovery.loops import as_while
from xpiler.passes.names import Names
from xpiler.passes.simplify import negated
from xpiler.records import dataclass

__all__ = ["conditional", "has_jumps", "own_jumps", "without_jumps", "without_returns"]


class _Ends(Enum):
    NEVER = 0
    MAYBE = 1
    ALWAYS = 2


def conditional(cond: Expr, then: Block, orelse: Block) -> Block:
    """`if`, without an empty first branch; nothing at all when both are empty."""
    if not then and not orelse:
        return ()
    return (If(cond, then, orelse),) if then else (If(negated(cond), orelse),)


def has_jumps(block: Block) -> bool:
    """Does the loop body hold a `break` or `continue` of its own?"""
    return any(True for _ in own_jumps(block))


def own_jumps(block: Block) -> tuple[Break | Continue, ...]:
    """The `break`s and `continue`s that belong to the loop whose body `block` is."""
    found: list[Break | Continue] = []
    for stmt in block:
        if isinstance(stmt, Break | Continue):
            found.append(stmt)
        elif isinstance(stmt, If):
            found += [*own_jumps(stmt.then), *own_jumps(stmt.orelse)]
    return tuple(found)


def without_returns(body: Block, names: Names) -> Block:
    """A kernel body that ends each thread only at its end. Loops that return get a flag and a `break`."""
    if not any(isinstance(s, Return) for s in statements(body)):
        return body
    exits = _Exits((Return,), names, "done")
    out, _ = exits.run(body)
    return (*exits.flags(), *out)


def without_jumps(loop: For | While, names: Names) -> Block:
    """The loop with neither `break` nor `continue` of its own; a `for` that breaks becomes a `while`."""
    body = loop.body
    if any(isinstance(j, Continue) for j in own_jumps(body)):
        exits = _Exits((Continue,), names, "skip")
        body, _ = exits.run(body)
        body = (*exits.flags(), *body)
    if not any(isinstance(j, Break) for j in own_jumps(body)):
        return (replace(loop, body=body),)
    exits = _Exits((Break,), names, "stop")
    flag = exits.flag()
    body, _ = exits.run(body)
    running: Expr = Unary("!", var(flag, BOOL))
    pre: Block = ()
    if isinstance(loop, For):
        pre, loop = as_while(replace(loop, body=body), names)
        body = loop.body
    cond = Binary("&&", running, loop.cond)
    return (*exits.flags(), *pre, While(cond, body, span=loop.span))


@dataclass
class _Exits:
    """Removes one kind of exit from a block. A flag tells, where needed, that the exit was taken."""

    kinds: tuple[type[Stmt], ...]
    names: Names
    stem: str
    name: str | None = None

    def flag(self) -> str:
        if self.name is None:
            self.name = self.names.fresh(self.stem)
        return self.name

    def flags(self) -> Block:
        return () if self.name is None else (Declare(self.name, BOOL, boolean(False)),)

    def ends(self, block: Block) -> _Ends:
        """Does control leave the block by the exit?"""
        result = _Ends.NEVER
        for stmt in block:
            if isinstance(stmt, self.kinds):
                return _Ends.ALWAYS
            inner = self._of(stmt)
            if inner is _Ends.ALWAYS:
                return inner
            if inner is _Ends.MAYBE:
                result = inner
        return result

    def _of(self, stmt: Stmt) -> _Ends:
        if isinstance(stmt, If):
            branches = {self.ends(stmt.then), self.ends(stmt.orelse)}
            return branches.pop() if len(branches) == 1 else _Ends.MAYBE
        if isinstance(stmt, For | While) and Return in self.kinds:
            return _Ends.NEVER if self.ends(stmt.body) is _Ends.NEVER else _Ends.MAYBE
        return _Ends.NEVER

    def run(self, block: Block, outermost: bool = True) -> tuple[Block, bool]:
        """The block without exits, and whether it may have taken one while a flag has to tell.

        Outermost, nothing follows the block, so that an exit in tail position needs no flag.
        """
        out: list[Stmt] = []
        for n, stmt in enumerate(block):
            rest = block[n + 1 :]
            if isinstance(stmt, self.kinds):
                out.extend(self._taken(outermost))
                return tuple(out), not outermost
            how = self._of(stmt)
            if how is _Ends.NEVER:
                out.append(stmt)
                continue
            if isinstance(stmt, If):
                out.extend(self._branch(stmt, rest, outermost))
                return tuple(out), True
            out.extend(self._loop(stmt))
            out.extend(self._guarded(rest, outermost))
            return tuple(out), True
        return tuple(out), False

    def _taken(self, outermost: bool) -> Block:
        if outermost and Break not in self.kinds:
            return ()
        return (Assign(self.flag(), boolean(True)),)

    def _branch(self, stmt: If, rest: Block, outermost: bool) -> Block:
        then, orelse = stmt.then, stmt.orelse
        if self.ends(then) is _Ends.ALWAYS:
            orelse, rest = (*orelse, *rest), ()
        elif self.ends(orelse) is _Ends.ALWAYS:
            then, rest = (*then, *rest), ()
        last = outermost and not rest
        branch = conditional(stmt.cond, self.run(then, last)[0], self.run(orelse, last)[0])
        return (*branch, *self._guarded(rest, outermost))

    def _guarded(self, rest: Block, outermost: bool) -> Block:
        if not rest:
            return ()
        inner, _ = self.run(rest, outermost)
        return conditional(Unary("!", var(self.flag(), BOOL)), inner, ())

    def _loop(self, loop: Stmt) -> Block:
        """A loop that returns: the flag is set and every enclosing loop is left."""
        assert isinstance(loop, For | While)
        return (replace(loop, body=self._leaving(loop.body)),)

    def _leaving(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, self.kinds):
                out += [Assign(self.flag(), boolean(True)), Break()]
                return tuple(out)
            if isinstance(stmt, For | While) and self._of(stmt) is not _Ends.NEVER:
                out += [*self._loop(stmt), If(var(self.flag(), BOOL), (Break(),))]
                continue
            inner = tuple(self._leaving(b) for b in blocks(stmt))
            out.append(with_blocks(stmt, inner) if inner else stmt)
        return tuple(out)
