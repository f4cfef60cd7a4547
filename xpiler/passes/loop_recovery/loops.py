"""Loops: a canonical `for` as a `while`."""

from __future__ import annotations

from xpiler.ir.nodes import Assign, Binary, Block, Const, Declare, Expr, For, Var, While
from xpiler.passes.names import Names

__all__ = ["as_while"]


def as_while(loop: For, names: Names) -> tuple[Block, While]:
    """What stands before, and the `while` that does the same as `loop` (which must not `continue`).

    before: for (i32 i = lo; i < hi; i += step) body
    after:  i32 i = lo; i32 i_end = hi; while (i < i_end) { body  i = i + step; }
    """
    index = Var(loop.var, loop.type)
    pre = [Declare(loop.var, loop.type, loop.lo, span=loop.span)]

    def once(value: Expr, stem: str) -> Expr:
        if isinstance(value, Const):
            return value
        name = names.fresh(f"{loop.var}_{stem}")
        pre.append(Declare(name, loop.type, value))
        return Var(name, loop.type)

    end, step = once(loop.hi, "end"), once(loop.step, "step")
    body = (*loop.body, Assign(loop.var, Binary("+", index, step)))
    return tuple(pre), While(Binary("<", index, end), body, span=loop.span)
