"""Updates that threads may lose to one another: they are run one at a time here, so that no result shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from xpiler.ir.nodes import Assign, Atomic, Block, Declare, Expr, Load, Module, Store, Var
from xpiler.ir.walk import expressions, map_expr, statements, subexpressions
from xpiler.passes.base import Applied, Context

__all__ = ["lost_updates"]

_DEPTH: Final = 4


def lost_updates(program: Module, candidate: Module) -> str:
    """Why a candidate that gave the same results may not: places which `program` updates by atomics and `candidate`, at
    the same index, by a read and a write; empty where there are none."""
    ours, theirs = _Places(_body(program)), _Places(_body(candidate))
    guarded, atomic = ours.updated(), theirs.updated()
    read = {theirs.place(e.buffer, e.index) for e in _parts(theirs.body) if isinstance(e, Load)}
    for stmt in statements(theirs.body):
        if isinstance(stmt, Store):
            place = theirs.place(stmt.buffer, stmt.index)
            if place in guarded - atomic and place in read:
                line = f" (line {stmt.span.line})" if stmt.span is not None else ""
                return (
                    f"the source updates {stmt.buffer} by atomics, the candidate{line} by a read and a write: "
                    "threads are run one at a time here, where no update is lost"
                )
    return ""


def _body(module: Module) -> Block:
    from xpiler.passes.inline import PASS

    outcome = PASS.rewrite(module, Context()) if module.functions else None
    return (outcome.program if isinstance(outcome, Applied) else module).kernels[0].body


def _parts(body: Block) -> Iterator[Expr]:
    for stmt in statements(body):
        for expr in expressions(stmt):
            yield from subexpressions(expr)


Place = tuple[str, tuple[Expr, ...]]
"""A buffer and an index in it, whatever the variables are called."""


class _Places:
    def __init__(self, body: Block) -> None:
        self.body = body
        written = {s.name for s in statements(body) if isinstance(s, Assign)}
        self.values = {
            s.name: s.init
            for s in statements(body)
            if isinstance(s, Declare) and s.init is not None and s.name not in written
        }

    def updated(self) -> set[Place]:
        return {
            self.place(s.buffer, s.index) for s in statements(self.body) if isinstance(s, Atomic)
        }

    def place(self, buffer: str, index: tuple[Expr, ...]) -> Place:
        return buffer, tuple(map_expr(self._meant(i, _DEPTH), _nameless) for i in index)

    def _meant(self, index: Expr, depth: int) -> Expr:
        """With the values of variables that have one only."""

        def value(part: Expr) -> Expr:
            found = self.values.get(part.name) if isinstance(part, Var) else None
            return part if found is None else self._meant(found, depth - 1)

        return map_expr(index, value) if depth else index


def _nameless(part: Expr) -> Expr:
    return replace(part, name="v") if isinstance(part, Var) else part
