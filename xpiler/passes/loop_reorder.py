"""Interchange a perfect nest of two loops.

Before::

    for (i32 i = 0; i < n; i += 1) { for (i32 j = 0; j < m; j += 1) { c[j] += a[i * m + j]; } }

After::

    for (i32 j = 0; j < m; j += 1) { for (i32 i = 0; i < n; i += 1) { c[j] += a[i * m + j]; } }

Legal when the nest is rectangular and no iteration (i, j) conflicts with an (i', j') that the
interchange would move to the other side of it: i < i' and j > j'. Each element keeps the order of its
own updates, so floating-point sums are unchanged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.ir.nodes import For, Kernel, Module, Var
from xpiler.ir.walk import subexpressions
from xpiler.passes.base import Context, Outcome, Pass
from xpiler.passes.dependence import Dependent, accesses, conflict_between, leaves_early
from xpiler.passes.loops import LOOP, Illegal, Rewritten, rewrite_loop

__all__ = ["PASS", "interchange"]

_IN_ORDER: Final = frozenset({"serial", "unroll"})
"""Axes that claim no independence of their iterations."""


def interchange(loop: For, kernel: Kernel) -> Rewritten | Illegal | None:
    """The interchanged nest; None when `loop` is no perfect nest."""
    del kernel
    if len(loop.body) != 1 or not isinstance(loop.body[0], For):
        return None
    inner = loop.body[0]
    for bound in (inner.lo, inner.hi, inner.step):
        if any(isinstance(s, Var) and s.name == loop.var for s in subexpressions(bound)):
            return Illegal(f"the bounds of {inner.var!r} depend on {loop.var!r}")
    if leaves_early(inner.body):
        return Illegal(f"loop {inner.var!r} is left early")
    body = accesses(inner.body)
    if body.opaque:
        return Illegal(body.opaque)
    if body.scalars:
        return Illegal(f"it assigns {sorted(body.scalars)[0]!r}, which outlives an iteration")
    swapped = replace(inner, body=(replace(loop, body=inner.body),))
    if not {loop.axis, inner.axis} & _IN_ORDER:
        # iterations of either are independent, by the axes' meaning
        return Rewritten((swapped,), f"{inner.var} outside {loop.var}")
    import z3

    found = conflict_between(
        (loop, inner), body, (loop, inner), body, lambda a, b: z3.And(a[0] < b[0], a[1] > b[1])
    )
    if isinstance(found, Dependent):
        return Illegal(found.reason)
    return Rewritten((swapped,), f"{inner.var} outside {loop.var}")


def _rewrite(program: Module, context: Context) -> Outcome:
    return rewrite_loop(program, context, interchange, "perfect nest of two loops")


PASS = Pass(
    name="loop_reorder",
    group="loop",
    before="for (i ...) for (j ...) S(i, j);",
    after="for (j ...) for (i ...) S(i, j);",
    rewrite=_rewrite,
    knobs=(LOOP,),
    meta_prompt="loop_reorder",
)
