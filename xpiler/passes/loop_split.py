"""Split a loop into an outer one over tiles and an inner one within a tile, with an exact remainder.

Before::

    for (i32 i = 0; i < n; i += 1) { y[i] = x[i]; }

After (factor 64)::

    for (i32 i_tile = 0; i_tile < (n - 0) / 64; i_tile += 1) {
      for (i32 i_in = 0; i_in < 64; i_in += 1) { i32 i = 0 + i_tile * 64 + i_in; y[i] = x[i]; }
    }
    for (i32 i_rest = 0 + (n - 0) / 64 * 64; i_rest < n; i_rest += 1) { y[i_rest] = x[i_rest]; }

Legal for every unit-stride loop that is not left early: the order of iterations stays the same.
"""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.build import binary, const
from xpiler.ir.nodes import Block, Const, Declare, Expr, For, Kernel, Module, Var
from xpiler.ir.walk import fresh
from xpiler.passes.base import Context, Knob, Outcome, Pass
from xpiler.passes.dependence import leaves_early
from xpiler.passes.loops import LOOP, Illegal, Rewritten, names_of, rewrite_loop
from xpiler.passes.names import rename, rename_locals

__all__ = ["FACTOR", "PASS", "split"]

FACTOR = Knob("factor", (8, 16, 32, 64, 128, 256), 64, "iterations of the inner loop")


def split(loop: For, kernel: Kernel, factor: int) -> Rewritten | Illegal:
    """The nest that replaces `loop`."""
    if loop.step != const(1, loop.type):
        return Illegal(f"loop {loop.var!r} does not step by 1")
    if leaves_early(loop.body):
        return Illegal(f"loop {loop.var!r} is left early")
    if loop.axis not in ("serial", "parallel"):
        return Illegal(f"loop {loop.var!r} is bound to {loop.axis}")
    taken = names_of(kernel)
    whole, rest = _pieces(loop, factor, taken)
    pieces: tuple[Block, str] = (whole, f"{loop.var} by {factor}, no remainder")
    if not _divides(loop, factor):
        pieces = (whole + rest, f"{loop.var} by {factor}, remainder apart")
    return Rewritten(*pieces)


def _divides(loop: For, factor: int) -> bool:
    lo, hi = loop.lo, loop.hi
    if isinstance(lo, Const) and isinstance(hi, Const):
        return (int(hi.value) - int(lo.value)) % factor == 0
    return False


def _pieces(loop: For, factor: int, taken: set[str]) -> tuple[Block, Block]:
    t = loop.type
    width, zero, one = const(factor, t), const(0, t), const(1, t)
    span = loop.hi if loop.lo == zero else binary("-", loop.hi, loop.lo)
    tiles = binary("/", span, width)
    outer, inner, rest = (_claim(f"{loop.var}_{s}", taken) for s in ("tile", "in", "rest"))
    done = _from(loop.lo, binary("*", tiles, width))
    place = _from(loop.lo, binary("+", binary("*", Var(outer, t), width), Var(inner, t)))
    body = (Declare(loop.var, t, place), *loop.body)
    within = replace(loop, var=inner, lo=zero, hi=width, step=one, body=body)
    whole = replace(loop, var=outer, lo=zero, hi=tiles, step=one, body=(within,))
    copied = rename(rename_locals(loop.body, taken), {loop.var: rest})
    tail = replace(loop, var=rest, lo=done, hi=loop.hi, step=one, body=copied)
    return (whole,), (tail,)


def _claim(name: str, taken: set[str]) -> str:
    chosen = fresh(name, taken)
    taken.add(chosen)
    return chosen


def _from(lo: Expr, offset: Expr) -> Expr:
    return offset if isinstance(lo, Const) and lo.value == 0 else binary("+", lo, offset)


def _rewrite(program: Module, context: Context) -> Outcome:
    factor = context.knob(FACTOR)

    def attempt(loop: For, kernel: Kernel) -> Rewritten | Illegal:
        return split(loop, kernel, int(factor))

    return rewrite_loop(program, context, attempt, "loop")


PASS = Pass(
    name="loop_split",
    group="loop",
    before="for (i = 0; i < n; i += 1) S(i);",
    after="for (t = 0; t < n / 64; t += 1) for (u = 0; u < 64; u += 1) S(t * 64 + u); rest",
    rewrite=_rewrite,
    knobs=(LOOP, FACTOR),
    meta_prompt="loop_split",
)
