"""Tidy a lifted body: drop variables that nothing reads, that lifting itself introduced."""

from __future__ import annotations

from xpiler.ir.nodes import Assign, Block, Declare, If, Load, Stmt
from xpiler.ir.walk import (
    expressions,
    map_block,
    statements,
    subexpressions,
    variables,
)

__all__ = ["tidy"]


def tidy(block: Block) -> Block:
    """`block` without unread variables and empty branches, to a fixed point."""
    while True:
        smaller = _once(block)
        if smaller == block:
            return block
        block = smaller


def _once(block: Block) -> Block:
    read: set[str] = set()
    bound: set[str] = set()
    for stmt in statements(block):
        for expr in expressions(stmt):
            found = variables(expr)
            if isinstance(stmt, Assign):
                found -= {stmt.name}
            read |= found
        result = getattr(stmt, "result", None)
        if isinstance(result, str):
            bound.add(result)
    kept = read | bound

    def keep(stmt: Stmt) -> Block:
        if isinstance(stmt, Assign) and stmt.name not in kept:
            return ()
        if isinstance(stmt, Declare) and stmt.name not in kept:
            return ()
        if isinstance(stmt, If) and not stmt.then and not stmt.orelse:
            return ()
        return (stmt,)

    return map_block(block, keep)


def has_load(stmt: Stmt) -> bool:
    """Whether the statement reads memory."""
    return any(isinstance(s, Load) for e in expressions(stmt) for s in subexpressions(e))
