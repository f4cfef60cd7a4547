"""Merge a producer loop into the loop of its consumer.

Before::

    for (i32 i = 0; i < n; i += 1) { t[i] = f(x[i]); }
    for (i32 j = 0; j < n; j += 1) { y[j] = g(t[j]); }

After::

    for (i32 i = 0; i < n; i += 1) { t[i] = f(x[i]); y[i] = g(t[i]); }

Legal for adjacent loops over the same range when no instance of the first in iteration i conflicts with one of
the second in an earlier iteration j < i.
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.affine import poly
from xpiler.ir.nodes import Block, For, Kernel, Module
from xpiler.ir.walk import assigned, declared
from xpiler.passes.base import Context, Outcome, Pass
from xpiler.passes.dependence import Dependent, accesses, conflict, leaves_early
from xpiler.passes.loops import LOOP, Illegal, Rewritten, rewrite_block
from xpiler.passes.names import names_used, rename

__all__ = ["PASS", "contract"]


def contract(first: For, second: For) -> Rewritten | Illegal | None:
    """One loop for two adjacent ones; None when their ranges differ."""
    if (first.type, first.step, first.axis) != (second.type, second.step, second.axis):
        return None
    if (
        not (poly(first.lo) - poly(second.lo)).is_zero
        or not (poly(first.hi) - poly(second.hi)).is_zero
    ):
        return None
    if leaves_early(first.body) or leaves_early(second.body):
        return Illegal(f"loop {first.var!r} or {second.var!r} is left early")
    a, b = accesses(first.body), accesses(second.body)
    if a.opaque or b.opaque:
        return Illegal(a.opaque or b.opaque)
    crossing = (assigned(first.body) - declared(first.body)) & names_used((second,))
    crossing |= (assigned(second.body) - declared(second.body)) & names_used((first,))
    if crossing:
        return Illegal(f"{sorted(crossing)[0]!r} is assigned in one loop and used in the other")
    found = conflict(first, a, second, b, lambda i, j: i > j)
    if isinstance(found, Dependent):
        return Illegal(found.reason)
    body = (*first.body, *rename(second.body, {second.var: first.var}))
    return Rewritten((replace(first, body=body),), f"{second.var} into {first.var}")


def _rewrite(program: Module, context: Context) -> Outcome:
    wanted = context.knob(LOOP)

    def attempt(block: Block, kernel: Kernel) -> Rewritten | Illegal | None:
        del kernel
        reason: Illegal | None = None
        for n in range(len(block) - 1):
            a, b = block[n], block[n + 1]
            if not isinstance(a, For) or not isinstance(b, For):
                continue
            if wanted not in ("auto", a.var):
                continue
            merged = contract(a, b)
            if isinstance(merged, Rewritten):
                return Rewritten((*block[:n], *merged.block, *block[n + 2 :]), merged.note)
            reason = reason or merged
        return reason

    return rewrite_block(program, attempt, "two adjacent loops over one range")


PASS = Pass(
    name="loop_contraction",
    group="loop",
    before="for (i ...) t[i] = f(i); for (j ...) y[j] = g(t[j]);",
    after="for (i ...) { t[i] = f(i); y[i] = g(t[i]); }",
    rewrite=_rewrite,
    knobs=(LOOP,),
    meta_prompt="loop_contraction",
)
