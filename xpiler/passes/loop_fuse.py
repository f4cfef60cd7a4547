"""Fuse a perfect nest of two loops into one over their product.

Before::

    for (i32 i = 0; i < n; i += 1) { for (i32 j = 0; j < m; j += 1) { y[i * m + j] = 0.0f; } }

After::

    for (i32 i_j = 0; i_j < n * m; i_j += 1) { i32 i = i_j / m; i32 j = i_j % m; y[i * m + j] = 0.0f; }

Legal when the nest is rectangular (the inner bounds do not change while the outer loop runs) and
neither loop is left early: the order of iterations stays the same.
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.build import binary, call, const
from xpiler.ir.nodes import Const, Declare, Expr, For, Kernel, Load, Module, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import assigned, buffers_written, fresh, subexpressions
from xpiler.passes.base import Context, Outcome, Pass
from xpiler.passes.dependence import leaves_early
from xpiler.passes.loops import LOOP, Illegal, Rewritten, names_of, rewrite_loop

__all__ = ["PASS", "fuse"]


def fuse(loop: For, kernel: Kernel) -> Rewritten | Illegal | None:
    """The single loop that replaces a perfect nest; None when `loop` is no such nest."""
    if len(loop.body) != 1 or not isinstance(loop.body[0], For):
        return None
    inner = loop.body[0]
    problem = _problem(loop, inner)
    if problem:
        return Illegal(problem)
    t = loop.type
    count, width = _trip(loop, t), _trip(inner, t)
    name = fresh(f"{loop.var}_{inner.var}", names_of(kernel))
    at = Var(name, t)
    i = Declare(loop.var, t, _start(loop.lo, binary("/", at, width)))
    j = Declare(inner.var, t, _start(inner.lo, binary("%", at, width)))
    zero, one = const(0, t), const(1, t)
    body = (i, j, *inner.body)
    fused = replace(loop, var=name, lo=zero, hi=binary("*", count, width), step=one, body=body)
    return Rewritten((fused,), f"{loop.var} and {inner.var} into {name}")


def _problem(outer: For, inner: For) -> str:
    one = const(1, outer.type)
    if outer.type != inner.type or outer.step != one or inner.step != one:
        return f"loops {outer.var!r} and {inner.var!r} do not both step by 1 in one type"
    if outer.axis != inner.axis or outer.axis not in ("serial", "parallel"):
        return f"loops {outer.var!r} and {inner.var!r} are bound to different things"
    if leaves_early(inner.body):
        return f"loop {inner.var!r} is left early"
    changes, written = assigned(inner.body) | {outer.var}, buffers_written(inner.body)
    for sub in (*subexpressions(inner.lo), *subexpressions(inner.hi)):
        if isinstance(sub, Var) and sub.name in changes:
            return f"the bounds of {inner.var!r} depend on {sub.name!r}"
        if isinstance(sub, Load) and sub.buffer in written:
            return f"the bounds of {inner.var!r} read {sub.buffer!r}, which the nest writes"
    return ""


def _trip(loop: For, t: Scalar) -> Expr:
    # a negative count must not meet another negative one in the product
    if isinstance(loop.lo, Const) and loop.lo.value == 0:
        span: Expr = loop.hi
    else:
        span = binary("-", loop.hi, loop.lo)
    if isinstance(span, Const):
        return const(max(int(span.value), 0), t)
    return call("max", span, const(0, t)) if t.is_signed else span


def _start(lo: Expr, offset: Expr) -> Expr:
    return offset if isinstance(lo, Const) and lo.value == 0 else binary("+", lo, offset)


def _rewrite(program: Module, context: Context) -> Outcome:
    return rewrite_loop(program, context, fuse, "perfect nest of two loops")


PASS = Pass(
    name="loop_fuse",
    group="loop",
    before="for (i = 0; i < n; i += 1) for (j = 0; j < m; j += 1) S(i, j);",
    after="for (k = 0; k < n * m; k += 1) S(k / m, k % m);",
    rewrite=_rewrite,
    knobs=(LOOP,),
    meta_prompt="loop_fuse",
)
