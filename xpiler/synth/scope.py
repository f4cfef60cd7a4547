"""What may be named at a place of a program."""

from __future__ import annotations

from xpiler.ir.nodes import Declare, For, Module, Stmt, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import blocks
from xpiler.synth.locate.trace import Place

__all__ = ["integers"]


def integers(program: Module, path: Place) -> tuple[Var, ...]:
    """Integer variables visible at `path`, nearest first, then parameters."""
    out: list[Var] = []
    block = program.kernels[0].body
    for position in range(0, len(path), 2):
        here: list[Var] = []
        for stmt in block[: path[position]]:
            here += _declares(stmt)
        stmt = block[path[position]]
        if isinstance(stmt, For) and position + 1 < len(path):
            here.append(Var(stmt.var, stmt.type))
        out = [*reversed(here), *out]
        if position + 1 < len(path):
            block = blocks(stmt)[path[position + 1]]
    for p in program.kernels[0].params:
        if isinstance(p.type, Scalar) and p.type.is_int:
            out.append(Var(p.name, p.type))
    return tuple(out)


def _declares(stmt: Stmt) -> list[Var]:
    if isinstance(stmt, Declare) and isinstance(stmt.type, Scalar) and stmt.type.is_int:
        return [Var(stmt.name, stmt.type)]
    return []
