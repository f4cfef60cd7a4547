"""What the text of a loop says before it is run: whether it waits, where it may be left, what its variables grow by."""

from __future__ import annotations

from typing import Final

from xpiler.ir.nodes import (
    Assign,
    Barrier,
    Binary,
    Break,
    Const,
    Continue,
    Expr,
    For,
    Load,
    Stmt,
    Var,
    While,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import blocks, expressions, statements, subexpressions
from xpiler.passes.loop_recovery.scope import Scope, is_collective

__all__ = ["certain", "growth", "may_leave", "numbers_in", "reads_memory", "waits"]

_THRESHOLDS: Final = 10
"""Numbers of the program that are tried as bounds."""


def waits(loop: For | While) -> bool:
    """Whether a barrier of any scope stands in the loop."""
    return any(
        isinstance(s, Barrier) or is_collective(s, Scope.BLOCK) for s in statements(loop.body)
    )


def may_leave(stmt: Stmt) -> bool:
    """Whether a statement of a loop may leave it."""
    if isinstance(stmt, For | While):
        return False
    return isinstance(stmt, Break) or any(may_leave(s) for b in blocks(stmt) for s in b)


_WIDER: Final = {"warp": ("warp", "block", "grid"), "block": ("block", "grid"), "grid": ("grid",)}


def certain(loop: For | While, scope: str) -> bool:
    """Whether each iteration meets a barrier that keeps the threads of a scope apart."""
    if any(isinstance(s, Continue) for s in statements(loop.body)):
        return False
    return any(
        (isinstance(s, Barrier) and s.scope in _WIDER[scope])
        or (scope != "grid" and is_collective(s, Scope.BLOCK))
        for s in loop.body
    )


def growth(stmt: Stmt) -> tuple[Expr, int] | None:
    """`x = x + by` or `x = x - by`: the amount and its sign."""
    if not isinstance(stmt, Assign) or not isinstance(stmt.value, Binary):
        return None
    value = stmt.value
    own = [isinstance(e, Var) and e.name == stmt.name for e in (value.a, value.b)]
    if value.op == "+" and own[0] != own[1]:
        return (value.b if own[0] else value.a), 1
    if value.op == "-" and own == [True, False]:
        return value.b, -1
    return None


def reads_memory(expr: Expr) -> bool:
    return any(isinstance(sub, Load) for sub in subexpressions(expr))


def numbers_in(loop: For | While) -> list[int]:
    """Numbers that the loop's text has, small ones first: bounds of its variables may be among them."""
    found = {0, 1}
    for stmt in (loop, *statements(loop.body)):
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Const) and isinstance(sub.value, int):
                    if isinstance(sub.type, Scalar) and sub.type.is_int:
                        found.add(int(sub.value))
    return sorted(found, key=abs)[:_THRESHOLDS]
