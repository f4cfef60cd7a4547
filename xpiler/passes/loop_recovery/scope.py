"""The levels at which threads run together, and which statements make all of a level wait."""

from __future__ import annotations

from enum import Enum

from xpiler.ir.functions import MASKLESS_WARP_OPS
from xpiler.ir.nodes import Barrier, Block, Stmt, WarpOp
from xpiler.ir.walk import statements

__all__ = ["BLOCK_OPS", "Scope", "holds_collective", "is_collective"]

BLOCK_OPS = frozenset(MASKLESS_WARP_OPS - {"activemask"})


class Scope(Enum):
    GRID = "grid"
    BLOCK = "block"
    WARP = "warp"


def is_collective(stmt: Stmt, scope: Scope) -> bool:
    """Is `stmt` a barrier of this scope, or an operation that exchanges values within it?"""
    match stmt:
        case Barrier(scope=where):
            return where == scope.value
        case WarpOp(op=op):
            return scope is (Scope.BLOCK if op in BLOCK_OPS else Scope.WARP)
        case _:
            return False


def holds_collective(block: Block, scope: Scope) -> bool:
    return any(is_collective(s, scope) for s in statements(block))
