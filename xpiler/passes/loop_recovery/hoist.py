"""Values that all threads share leave the loops over threads.

before: for tx { f32 scale = 1.0f / sum[0];  y[tx] *= scale; }
after:  f32 scale = 1.0f / sum[0];  for tx { y[tx] *= scale; }
"""

from __future__ import annotations

from xpiler.ir.nodes import Block, Const, Declare, Load, Stmt, Var
from xpiler.ir.walk import assigned, subexpressions, variables
from xpiler.passes.loop_recovery.regions import writes_memory
from xpiler.passes.loop_recovery.uniform import Uniformity, single_definitions

__all__ = ["hoist_uniform"]


def hoist_uniform(stmts: Block, uni: Uniformity) -> tuple[Block, Block]:
    """Declarations to evaluate once before the statements of a leaf, and the rest.

    Only declarations that every thread reaches are moved; a load stays behind what may write memory.
    """
    fixed = single_definitions(stmts)
    hoisted: list[Stmt] = []
    rest: list[Stmt] = []
    for stmt in stmts:
        if isinstance(stmt, Declare) and stmt.name in fixed and _movable(stmt, rest, uni):
            hoisted.append(stmt)
        else:
            rest.append(stmt)
    return tuple(hoisted), tuple(rest)


def _movable(stmt: Declare, before: list[Stmt], uni: Uniformity) -> bool:
    init = stmt.init
    if init is None or isinstance(init, Const | Var) or not uni.uniform(init):
        return False
    if variables(init) & assigned(tuple(before)) or variables(init) & uni.divergent:
        return False
    loads = any(isinstance(e, Load) for e in subexpressions(init))
    return not (loads and writes_memory(tuple(before)))
