"""The loop over threads whose neighbours read neighbouring memory becomes the innermost one.

before: parallel(thread.y) for (ty) { parallel(thread.x) for (tx) { c[tx * n + ty] = a[tx * n + ty]; } }
after:  parallel(thread.x) for (tx) { parallel(thread.y) for (ty) { c[tx * n + ty] = a[tx * n + ty]; } }

Lanes are made of the innermost loop: with `threadIdx.x` along a column each would gather. The interchange
itself, and the proof that it is legal, are `loop_reorder`'s.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.passes.shape import Shapes, analyse
from xpiler.ir.nodes import Atomic, Block, Const, Expr, For, Kernel, Load, Module, Stmt, Store
from xpiler.ir.walk import blocks, expressions, subexpressions, with_blocks
from xpiler.passes import loop_reorder
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.passes.loops import Rewritten

__all__ = ["PASS"]

_AXES: Final = frozenset({"thread.x", "thread.y", "thread.z"})
_LANES: Final = 8
"""A loop with fewer iterations would leave more than half of the lanes empty."""


def _spread(body: Block, shapes: Shapes) -> int:
    """Accesses that lanes spread over memory; those in an inner loop count more."""
    found = 0
    for stmt in body:
        weight = 8 if isinstance(stmt, For) else 1
        inner = sum(_spread(b, shapes) for b in blocks(stmt))
        own = sum(_scattered(i, shapes) for i in _indices(stmt))
        found += own + weight * inner
    return found


def _indices(stmt: Stmt) -> list[tuple[Expr, ...]]:
    found = [e.index for x in expressions(stmt) for e in subexpressions(x) if isinstance(e, Load)]
    return found + ([stmt.index] if isinstance(stmt, Store | Atomic) else [])


def _scattered(index: tuple[Expr, ...], shapes: Shapes) -> bool:
    strides = [shapes.of(i).stride for i in index]
    return any(s != 0 for s in strides[:-1]) or strides[-1] not in (0, 1)


def _better(outer: For, inner: For) -> bool:
    if outer.axis not in _AXES or inner.axis not in _AXES:
        return False
    lo, hi = outer.lo, outer.hi
    if not (isinstance(lo, Const) and isinstance(hi, Const)) or hi.value - lo.value < _LANES:
        return False
    now = _spread(inner.body, analyse(inner))
    then = _spread(inner.body, analyse(replace(outer, body=inner.body)))
    return then < now


def _search(block: Block, kernel: Kernel, done: list[str], reasons: list[str]) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        inner = tuple(_search(b, kernel, done, reasons) for b in blocks(stmt))
        new = with_blocks(stmt, inner) if inner else stmt
        out += _swapped(new, kernel, done, reasons)
    return tuple(out)


def _swapped(stmt: Stmt, kernel: Kernel, done: list[str], reasons: list[str]) -> Block:
    match stmt:
        case For(body=(For() as inner,)) if stmt.axis in _AXES and inner.axis in _AXES:
            pass
        case _:
            return (stmt,)
    if not _better(stmt, inner):
        reasons.append(f"lanes of loop {inner.var!r} read memory in pieces as large")
        return (stmt,)
    found = loop_reorder.interchange(stmt, kernel)
    if isinstance(found, Rewritten):
        done.append(found.note)
        return found.block
    reasons.append(found.reason if found is not None else "the loops are no perfect nest")
    return (stmt,)


def _rewrite(program: Module, context: Context) -> Outcome:
    del context
    kernel = program.kernels[0]
    if kernel.level != "loops":
        return NotApplicable("the kernel is not at the level of loops")
    done: list[str] = []
    reasons: list[str] = []
    body = _search(kernel.body, kernel, done, reasons)
    if not done:
        return NotApplicable("; ".join(dict.fromkeys(reasons)) or "there is one loop over threads")
    return Applied(replace(program, kernels=(replace(kernel, body=body),)), tuple(done))


PASS: Final = Pass(
    name="loop_reorder",
    group="loop",
    before="parallel(thread.y) for (ty) { parallel(thread.x) for (tx) y[tx * n + ty] = 0; }",
    after="parallel(thread.x) for (tx) { parallel(thread.y) for (ty) y[tx * n + ty] = 0; }",
    rewrite=_rewrite,
    meta_prompt="loop_reorder",
)
