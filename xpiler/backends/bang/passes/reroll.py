"""Reroll: iterations that treat c neighbouring elements alike become c times as many iterations of one.

Code for `float4` or `half2` writes y[4i], y[4i+1], y[4i+2], y[4i+3] by hand; a vector instruction wants all
elements in one row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.backends.bang.passes.distribute import INNERMOST
from xpiler.backends.bang.passes.index import affine
from xpiler.ir.affine import constant, poly_to_expr
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    AddressOf,
    Binary,
    Block,
    Const,
    Declare,
    Expr,
    For,
    Load,
    Module,
    Store,
    Var,
)
from xpiler.ir.types import I32
from xpiler.ir.walk import (
    buffers_written,
    map_block,
    map_expr,
    operands,
    subexpressions,
    substituted,
)
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass

__all__ = ["REROLL"]

_WIDEST: Final = 8


def _rewrite(module: Module, context: Context) -> Outcome:
    del context
    kernel = module.kernels[0]
    if kernel.level != "task":
        return NotApplicable(f"the program is at level {kernel.level}, not task")
    body = map_block(
        kernel.body,
        lambda s: (_rerolled(s),) if isinstance(s, For) and s.axis in INNERMOST else (s,),
    )
    if body == kernel.body:
        return NotApplicable("no vector loop treats neighbouring elements alike")
    done = replace(kernel, body=body)
    return Applied(replace(module, kernels=(done,)), ("unrolled elements are iterations again",))


def _rerolled(loop: For) -> For:
    stores = [s for s in loop.body if isinstance(s, Store)]
    others = [s for s in loop.body if not isinstance(s, Store)]
    if loop.type != I32 or len(stores) < 2 or not all(isinstance(s, Declare) for s in others):
        return loop
    values = _values(loop.body)
    if values is None or len({s.buffer for s in stores}) != 1 or len(stores) > _WIDEST:
        return loop
    width = len(stores)
    placed: dict[int, Expr] = {}
    first = affine(stores[0].index[-1], loop.var, {})
    if first is None or first.stride.value != width or len(stores[0].index) != 1:
        return loop
    for store in stores:
        at = affine(store.index[-1], loop.var, {})
        if at is None or at.stride != first.stride:
            return loop
        ahead = (at.offset - first.offset).value
        if ahead is None:
            return loop
        placed[ahead] = substituted(store.value, values)
    base = min(placed)
    if sorted(placed) != list(range(base, base + width)):
        return loop
    lead = placed[base]
    if not all(_alike(lead, placed[base + k], k, width, loop.var) for k in range(1, width)):
        return loop
    lowest = first.offset + constant(base)
    value = _spread(lead, width, loop.var)
    index = Binary("+", Var(loop.var, I32), poly_to_expr(lowest, I32))
    body = (replace(stores[0], index=(index,), value=value),)
    lo, hi = (_times(e, width) for e in (loop.lo, loop.hi))
    return replace(loop, lo=lo, hi=hi, body=body)


def _times(bound: Expr, width: int) -> Expr:
    if isinstance(bound, Const):
        return i32(int(bound.value) * width)
    return Binary("*", bound, i32(width))


def _values(body: Block) -> dict[str, Expr] | None:
    """The locals by what they stand for; None where a load would move past a store to its own buffer."""
    written = buffers_written(body)
    values: dict[str, Expr] = {}
    for stmt in body:
        if isinstance(stmt, Declare):
            if stmt.init is None:
                return None
            values[stmt.name] = substituted(stmt.init, values)
    loads = [s for v in values.values() for s in subexpressions(v) if isinstance(s, Load)]
    stores = (s for s in body if isinstance(s, Store))
    loads += [s for st in stores for s in subexpressions(st.value) if isinstance(s, Load)]
    # the same place in the same iteration is all that a written buffer may be read at: iterations are independent
    return None if any(load.buffer in written for load in loads) else values


def _alike(a: Expr, b: Expr, ahead: int, width: int, var: str) -> bool:
    """Whether `b` is `a` with each load that moves by `width` per iteration taken `ahead` elements later."""
    if isinstance(a, Load) and isinstance(b, Load):
        if a.buffer != b.buffer or len(a.index) != 1 or len(b.index) != 1:
            return a == b
        x, y = affine(a.index[0], var, {}), affine(b.index[0], var, {})
        if x is None or y is None or x.stride != y.stride:
            return False
        if x.stride.is_zero:
            return x.offset == y.offset
        return x.stride.value == width and (y.offset - x.offset).value == ahead
    if type(a) is not type(b) or a.type != b.type or isinstance(a, AddressOf):
        return False
    parts, others = operands(a), operands(b)
    if len(parts) != len(others):
        return False
    if not parts:
        return a == b and not (isinstance(a, Var) and a.name == var)
    same_head = getattr(a, "op", None) == getattr(b, "op", None)
    same_head &= getattr(a, "function", None) == getattr(b, "function", None)
    pairs = zip(parts, others, strict=True)
    return same_head and all(_alike(x, y, ahead, width, var) for x, y in pairs)


def _spread(expr: Expr, width: int, var: str) -> Expr:
    """The first element's expression for every element: a stride of `width` is a stride of one."""

    def one(e: Expr) -> Expr:
        if not isinstance(e, Load) or len(e.index) != 1:
            return e
        place = affine(e.index[0], var, {})
        if place is None or place.stride.value != width:
            return e
        return replace(e, index=(Binary("+", Var(var, I32), poly_to_expr(place.offset, I32)),))

    return map_expr(expr, one)


REROLL: Final = Pass(
    name="reroll",
    group="loop",
    before="parallel(vector) for (i < n) { y[2 * i] = -x[2 * i]; y[2 * i + 1] = -x[2 * i + 1]; }",
    after="parallel(vector) for (i < 2 * n) y[i] = -x[i];",
    rewrite=_rewrite,
)
