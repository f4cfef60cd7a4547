"""Programs of the IR alone: no target's instructions, memories or barriers in them."""

from __future__ import annotations

from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import Alloc, Barrier, Call, Declare, Evaluate, Kernel
from xpiler.ir.types import Scalar, Spaces
from xpiler.ir.walk import expressions, statements, subexpressions

__all__ = ["stands_alone"]

_COMMON = {Spaces.GLOBAL, Spaces.CONSTANT, Spaces.SHARED, Spaces.LOCAL, Spaces.TILE}
_SCOPES = {"block", "warp", "grid"}


def stands_alone(kernel: Kernel) -> bool:
    """Whether the IR's own executor can run it: no declared instructions, no memory of a target's own."""
    for stmt in statements(kernel.body):
        if isinstance(stmt, Evaluate):
            return False
        if isinstance(stmt, Alloc) and stmt.space not in _COMMON:
            return False
        if isinstance(stmt, Declare) and not isinstance(stmt.type, Scalar):
            return False
        if isinstance(stmt, Barrier) and stmt.scope not in _SCOPES:
            return False
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Call) and sub.function not in FUNCTIONS:
                    return False
    return True
