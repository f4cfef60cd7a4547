"""Iterations of a parallel loop onto vector lanes.

before: parallel(thread.x) for (i32 t = 0; t < 256; t += 1) { if (i + t < n) { c[i + t] = a[i + t] + b[i + t]; } }
after:  for (i32 t = 0; t < 256; t += 16) { mask16 m = ...; if (any(m)) { _mm512_mask_storeu_ps(...); } }

What is the same in all lanes stays scalar; branches and loops that lanes take differently run under masks.
Nothing is reassociated: each lane does what its thread did, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from xpiler.backends.avx512.passes.crossing import counters
from xpiler.backends.avx512.passes.dots import dot_products
from xpiler.backends.avx512.passes.instructions import LANES
from xpiler.backends.avx512.passes.lanes import NeedsEight, Refusal
from xpiler.backends.avx512.passes.reduction import Reduction, find_reduction, preferable, rounds
from xpiler.backends.avx512.passes.shape import analyse
from xpiler.backends.avx512.passes.trees import find_tree, mentions
from xpiler.backends.avx512.passes.vectorize import Buffers, vectorize
from xpiler.ir.build import const, i32
from xpiler.ir.nodes import (
    Alloc,
    Binary,
    Block,
    Break,
    Cast,
    Const,
    Continue,
    Expr,
    For,
    If,
    Kernel,
    Module,
    Return,
    Stmt,
    Var,
    While,
)
from xpiler.ir.types import I32, I64, U32, Pointer
from xpiler.ir.walk import blocks, declared, map_block, statements, with_blocks
from xpiler.passes.base import Applied, Context, Knob, NotApplicable, Outcome, Pass
from xpiler.passes.names import Names, rename_locals, reserved
from xpiler.records import dataclass

__all__ = ["FUSE", "PASS"]

AXES: Final = frozenset({"thread.x", "thread.y", "thread.z", "lane", "parallel"})
FUSE: Final = Knob(
    "fuse", (True, False), True, "a * b + c with one rounding, as CUDA compilers contract it"
)


_LARGE: Final = 24
"""Statements of a loop that is not worth having twice."""


# --- the pass ----------------------------------------------------------------------------------


def _buffers(module: Module, kernel: Kernel) -> Buffers:
    found: Buffers = {g.name: (g.elem, tuple(i32(n) for n in g.shape)) for g in module.globals}
    for param in kernel.params:
        if isinstance(param.type, Pointer):
            found[param.name] = (param.type.elem, (i32(0),))
    for stmt in statements(kernel.body):
        if isinstance(stmt, Alloc):
            found[stmt.name] = (stmt.elem, (i32(0),) if stmt.dynamic else stmt.shape)
    return found


@dataclass
class _Search:
    """Finds the innermost parallel loops and replaces those that can be."""

    buffers: Buffers
    names: Names
    fuse: bool
    counters: frozenset[str]
    mentions: Mapping[str, int]
    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for number, stmt in enumerate(block):
            tree = (
                find_tree(stmt, block[:number], self.mentions) if isinstance(stmt, While) else None
            )
            if tree is not None:
                self.done.append(tree.note)
                out.append(tree.call)
            else:
                out += self._statement(stmt)
        return tuple(out)

    def _statement(self, stmt: Stmt) -> Block:
        if isinstance(stmt, For) and stmt.axis in AXES and not _has_candidate(stmt.body):
            return self._try(stmt)
        inner = blocks(stmt)
        return (with_blocks(stmt, tuple(self.block(b) for b in inner)),) if inner else (stmt,)

    def _reductions(self, loop: For) -> Block | None:
        """The loop with its inner reductions on lanes of their own, where that reads memory in one piece."""
        shapes = analyse(loop)
        found: list[str] = []

        def reduce(stmt: Stmt) -> Block:
            reduction = find_reduction(stmt) if isinstance(stmt, For) else None
            if reduction is None or not preferable(reduction, shapes):
                return (stmt,)
            new = self._reduced(reduction)
            if new is None:
                return (stmt,)
            found.append(reduction.note)
            return new

        body = map_block(loop.body, reduce)
        self.done += found
        return (replace(loop, body=body),) if found else None

    def _reduced(self, reduction: Reduction) -> Block | None:
        taken = set(self.names.taken)
        vectors = {s.name: self.names.fresh(f"{s.name}_lanes") for s in reduction.sums}
        loop = replace(reduction.loop, body=reduction.carried(vectors), axis="parallel")
        carried = frozenset(vectors.values())
        try:
            main, rest = dot_products(reduction, vectors, self.names) or self._rounds(loop, carried)
            lanes = self._lanes(replace(loop, lo=rest), carried)
        except (Refusal, NeedsEight):
            self.names.taken = taken
            return None
        starts = [s.start(vectors[s.name]) for s in reduction.sums]
        ends = [s.finish(vectors[s.name]) for s in reduction.sums]
        return (*starts, *main, *lanes, *ends)

    def _rounds(self, loop: For, carried: frozenset[str]) -> tuple[Block, Expr]:
        """The rounds of a reduction that fill registers, without masks, and where the rest begins."""
        constant = isinstance(loop.lo, Const) and isinstance(loop.hi, Const)
        if constant or len(tuple(statements(loop.body))) > _LARGE:
            return (), loop.lo
        (copy,) = rename_locals((loop,), self.names.taken)
        assert isinstance(copy, For)
        last, rest = rounds(loop, LANES)
        return self._lanes(replace(copy, hi=last), carried, inside=True), rest

    def _lanes(self, loop: For, carried: frozenset[str], *, inside: bool = False) -> Block:
        return vectorize(
            loop, self.buffers, self.names, self.fuse, carried, self.counters, inside=inside
        )

    def _try(self, loop: For) -> Block:
        why = _pointless(loop)
        inner = None if why else self._reductions(loop)
        if inner is not None:
            return inner
        if not why:
            try:
                new = vectorize(loop, self.buffers, self.names, self.fuse, counters=self.counters)
            except Refusal as refusal:
                why = str(refusal)
            except NeedsEight:
                why = f"loop {loop.var!r} has lanes wider than a register"
            else:
                step = new[0].step if isinstance(new[0], For) else i32(LANES)
                width = step.value if isinstance(step, Const) else LANES
                self.done.append(f"{loop.axis} loop {loop.var!r} on {width} lanes")
                return _unrolled(new)
        self.refused.append(why)
        return (loop,)


def _unrolled(block: Block) -> Block:
    """What a loop over one register of lanes repeats, without the loop."""
    match block:
        case (For(lo=Const(value=lo), hi=Const(value=hi), step=Const(value=step)) as loop,) if (
            hi - lo <= step
        ):
            pass
        case _:
            return block
    if any(isinstance(s, Break | Continue | Return) for s in statements(loop.body)):
        return block
    return map_block(loop.body, lambda s: (s,), lambda e: _simpler(e, loop))


def _simpler(expr: Expr, loop: For) -> Expr:
    """An index with the loop's variable at its only value."""
    match expr:
        case Var(name=name) if name == loop.var:
            return loop.lo
        case Binary(op="+", a=a, b=Const(value=0)) if expr.type in (I32, U32, I64):
            return a
        case Binary(op="+", a=Const(value=0), b=b) if expr.type in (I32, U32, I64):
            return b
        case Binary(op="-", a=a, b=Const(value=0)) if expr.type in (I32, U32, I64):
            return a
        case Cast(type=to, a=Const(value=0)) if to in (I32, U32, I64):
            return const(0, to)
        case _:
            return expr


def _has_candidate(block: Block) -> bool:
    return any(isinstance(s, For) and s.axis in AXES for s in statements(block))


def _pointless(loop: For) -> str:
    """Why lanes would not pay: one iteration, or work for a single one."""
    match loop.lo, loop.hi:
        case Const(value=lo), Const(value=hi) if int(hi) - int(lo) <= 1:
            return f"loop {loop.var!r} runs once"
        case _:
            pass
    match loop.body:
        case (If(cond=Binary(op="==", a=Var(name=a), b=b), orelse=()),) if (
            a == loop.var and isinstance(b, Const)
        ):
            return f"only one iteration of loop {loop.var!r} does anything"
        case _:
            return ""


def _without_unused(body: Block) -> Block:
    """Without the arrays that only trees needed."""
    used = mentions(body)

    def kept(stmt: Stmt) -> Block:
        gone = isinstance(stmt, Alloc) and not stmt.dynamic and not used[stmt.name]
        return () if gone else (stmt,)

    return map_block(body, kept)


def _rewrite(program: Module, context: Context) -> Outcome:
    kernel = program.kernels[0]
    if kernel.level != "loops":
        return NotApplicable("the kernel is not at the level of loops")
    taken = set(reserved(program, kernel)) | declared(kernel.body)
    search = _Search(
        _buffers(program, kernel),
        Names(taken),
        bool(context.knob(FUSE)),
        counters(kernel.body),
        mentions(kernel.body),
    )
    body = search.block(kernel.body)
    if not search.done:
        reasons = "; ".join(dict.fromkeys(search.refused))
        return NotApplicable(reasons or "there is no parallel loop")
    body = _without_unused(body)
    notes = tuple(search.done) + tuple(
        f"left scalar: {why}" for why in dict.fromkeys(search.refused)
    )
    return Applied(replace(program, kernels=(replace(kernel, body=body),)), notes)


PASS: Final = Pass(
    name="tensorize",
    group="tensor",
    before="parallel(thread.x) for (i32 t = 0; t < 256; t += 1) c[t] = a[t] + b[t];",
    after="for (i32 t = 0; t < 256; t += 16) _mm512_storeu_ps(&c[t], _mm512_add_ps(...));",
    rewrite=_rewrite,
    knobs=(FUSE,),
    meta_prompt="tensorize",
)
