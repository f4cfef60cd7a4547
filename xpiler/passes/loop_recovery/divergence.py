"""Barriers that cannot be reached by all threads of a block, whatever the data."""

from __future__ import annotations

from itertools import product

from xpiler.ir.build import u32
from xpiler.ir.nodes import Block, Builtin, Const, Expr, If, Return, Stmt, Var
from xpiler.ir.walk import blocks, map_expr, statements, subexpressions, variables
from xpiler.passes.base import Unsupported
from xpiler.passes.loop_recovery.geometry import Geometry
from xpiler.passes.loop_recovery.scope import Scope, holds_collective, is_collective
from xpiler.passes.loop_recovery.uniform import single_definitions
from xpiler.passes.simplify import simplify

__all__ = ["provably_divergent"]


def provably_divergent(body: Block, geometry: Geometry) -> Unsupported | None:
    """A refusal if a block barrier stands under a condition that differs between threads of every block.

    Shown by evaluating the condition for each thread; a condition on data is left alone, and so is a kernel
    in which threads exit early, for they count as arrived.
    """
    if any(isinstance(s, Return) for s in statements(body)):
        return None
    return _search(body, geometry, single_definitions(body))


def _search(block: Block, geometry: Geometry, known: dict[str, Expr]) -> Unsupported | None:
    for stmt in block:
        if isinstance(stmt, If) and _one_sided(stmt) and _differs(stmt.cond, geometry, known):
            return Unsupported(
                "XP2101",
                "a barrier stands in code that not all threads of the block run",
                _barrier(stmt).span or stmt.span,
                "move __syncthreads() out of the branch",
            )
        for inner in blocks(stmt):
            found = _search(inner, geometry, known)
            if found is not None:
                return found
    return None


def _one_sided(stmt: If) -> bool:
    return holds_collective(stmt.then, Scope.BLOCK) or holds_collective(stmt.orelse, Scope.BLOCK)


def _barrier(stmt: Stmt) -> Stmt:
    return next(s for s in statements((stmt,)) if is_collective(s, Scope.BLOCK))


def _differs(cond: Expr, geometry: Geometry, known: dict[str, Expr]) -> bool:
    cond = _inlined(cond, known)
    axes = sorted(
        {e.name[-1] for e in subexpressions(cond) if isinstance(e, Builtin) and _is_thread(e)}
    )
    sizes = [geometry.size(f"blockDim.{axis}") for axis in axes]
    if not axes or variables(cond) or None in sizes:
        return False
    seen: set[bool] = set()
    for place in product(*(range(s) for s in sizes if s is not None)):
        values = {f"threadIdx.{a}": u32(n) for a, n in zip(axes, place, strict=True)}
        values.update({n: u32(v) for n, v in geometry.facts.items()})
        value = _evaluated(cond, values)
        if not isinstance(value, Const):
            return False
        seen.add(bool(value.value))
        if len(seen) == 2:
            return True
    return False


def _is_thread(expr: Builtin) -> bool:
    return expr.name.startswith("threadIdx.")


def _inlined(expr: Expr, known: dict[str, Expr]) -> Expr:
    def one(e: Expr) -> Expr:
        return _inlined(known[e.name], known) if isinstance(e, Var) and e.name in known else e

    return map_expr(expr, one)


def _evaluated(expr: Expr, values: dict[str, Const]) -> Expr:
    def one(e: Expr) -> Expr:
        return values.get(e.name, e) if isinstance(e, Builtin) else e

    return simplify(map_expr(expr, one))
