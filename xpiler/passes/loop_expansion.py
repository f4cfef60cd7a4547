"""Split the body of a loop over several loops (distribution).

Before::

    for (i32 i = 0; i < n; i += 1) { y[i] = f(x[i]); z[i] = g(w[i]); }

After::

    for (i32 i = 0; i < n; i += 1) { y[i] = f(x[i]); }
    for (i32 i_1 = 0; i_1 < n; i_1 += 1) { z[i_1] = g(w[i_1]); }

Legal at a point between two statements when nothing that the first part declares is used in the second, and no
instance of the second part in iteration i conflicts with one of the first in a later iteration j > i.
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Block, For, Kernel, Module
from xpiler.ir.walk import assigned, declared
from xpiler.passes.base import Context, Outcome, Pass
from xpiler.passes.dependence import Dependent, accesses, conflict, leaves_early
from xpiler.passes.loops import LOOP, Illegal, Rewritten, names_of, rewrite_loop
from xpiler.passes.names import names_used, rename, rename_locals

__all__ = ["PASS", "expand"]


def expand(loop: For, kernel: Kernel) -> Rewritten | Illegal | None:
    """Two loops for one; None when the body is a single statement."""
    if len(loop.body) < 2:
        return None
    if leaves_early(loop.body):
        return Illegal(f"loop {loop.var!r} is left early")
    reason = ""
    for cut in range(1, len(loop.body)):
        first, second = loop.body[:cut], loop.body[cut:]
        problem = _problem(loop, first, second)
        if not problem:
            return _apply(loop, kernel, first, second)
        reason = reason or problem
    return Illegal(reason)


def _problem(loop: For, first: Block, second: Block) -> str:
    shared = declared(first) & names_used(second)
    if shared:
        return f"{sorted(shared)[0]!r} is used on both sides"
    a, b = accesses(first), accesses(second)
    if a.opaque or b.opaque:
        return a.opaque or b.opaque
    crossing = (assigned(first) & names_used(second)) | (assigned(second) & names_used(first))
    if crossing:
        return f"{sorted(crossing)[0]!r} is assigned on one side and used on the other"
    found = conflict(loop, b, loop, a, lambda i, j: i < j)
    return found.reason if isinstance(found, Dependent) else ""


def _apply(loop: For, kernel: Kernel, first: Block, second: Block) -> Rewritten:
    taken = names_of(kernel)
    renamed = rename_locals((replace(loop, body=()),), taken)[0]
    assert isinstance(renamed, For)
    body = rename(second, {loop.var: renamed.var})
    pieces = (replace(loop, body=first), replace(renamed, body=body))
    return Rewritten(pieces, f"the body of {loop.var} after {len(first)} statements")


def _rewrite(program: Module, context: Context) -> Outcome:
    return rewrite_loop(program, context, expand, "loop of several statements")


PASS = Pass(
    name="loop_expansion",
    group="loop",
    before="for (i ...) { S(i); T(i); }",
    after="for (i ...) S(i); for (i ...) T(i);",
    rewrite=_rewrite,
    knobs=(LOOP,),
    meta_prompt="loop_expansion",
)
