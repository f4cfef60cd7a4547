"""Tensorize: vector loops over NRAM arrays become `__bang_*` instructions.

Each operation of the loop's body becomes one instruction over all iterations, in the loop's order. Nothing is
reassociated and no approximate instruction is used. An operation that has no instruction stays a scalar loop
over NRAM between its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from xpiler.backends.bang.passes.distribute import INNERMOST
from xpiler.backends.bang.passes.exchanges import first_values, power_counted
from xpiler.backends.bang.passes.known import Known, known_of
from xpiler.backends.bang.passes.lengths import Signs, counted
from xpiler.backends.bang.passes.vector import Refusal, Temporaries, Vectorizer
from xpiler.backends.bang.spaces import on_chip
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Binary,
    Block,
    Const,
    Declare,
    Expr,
    For,
    If,
    Module,
    Stmt,
    Store,
    Var,
    While,
)
from xpiler.ir.types import I32
from xpiler.ir.walk import blocks, declared, fresh, statements, with_blocks
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass

__all__ = ["TENSORIZE"]

_SHORTEST: Final = 16


def _rewrite(module: Module, context: Context) -> Outcome:
    kernel = module.kernels[0]
    if kernel.level != "task":
        return NotApplicable(f"the program is at level {kernel.level}, not task")
    alignment = context.facts.get("vector_alignment", 1)
    if alignment > 1:
        return NotApplicable(f"lengths of vectors have to be divisible by {alignment} bytes there")
    names = {p.name for p in kernel.params} | set(declared(kernel.body))
    names |= {g.name for g in module.globals}
    room = context.facts.get("nram_bytes", 0) - _used(kernel.body)
    arch = context.facts.get("arch", 372)
    work = _Tensorizer(Temporaries(set(names), room), _arrays(kernel.body), arch)
    work.known = known_of(module)
    work.first, work.signs = first_values(kernel.body), Signs(kernel.body)
    body = work.block(kernel.body, {})
    if not work.done:
        why = work.refusals[0] if work.refusals else "no vector loop over NRAM arrays"
        return NotApplicable(why)
    made = replace(kernel, body=(*work.temporaries.declarations(), *body))
    left = tuple(f"left scalar: {r}" for r in dict.fromkeys(work.refusals))
    notes = (f"{work.done} loops as vector instructions", *left)
    return Applied(replace(module, kernels=(made,)), notes)


def _arrays(body: Block) -> dict[str, Alloc]:
    """The arrays on the chip."""
    return {
        s.name: s
        for s in statements(body)
        if isinstance(s, Alloc) and (on_chip(s.space) or s.dynamic)
    }


def _used(body: Block) -> int:
    total = 0
    for stmt in statements(body):
        if not isinstance(stmt, Alloc):
            continue
        if stmt.dynamic:
            total += 48 * 1024
        elif on_chip(stmt.space):
            size = stmt.elem.size
            for d in stmt.shape:
                size *= int(d.value) if isinstance(d, Const) else 1
            total += size
    return total


class _Tensorizer:
    def __init__(self, temporaries: Temporaries, arrays: Mapping[str, Alloc], arch: int) -> None:
        self.temporaries = temporaries
        self.arrays = arrays
        self.arch = arch
        self.done = 0
        self.refusals: list[str] = []
        self.signs = Signs(())
        self.first: Mapping[str, Expr] = {}
        self.powers: dict[str, int] = {}
        self.known = Known()

    def block(self, block: Block, locals_: dict[str, Expr]) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            self.signs.note(stmt)
            if isinstance(stmt, Declare) and stmt.init is not None and stmt.type == I32:
                locals_[stmt.name] = stmt.init
            if isinstance(stmt, For) and stmt.axis in INNERMOST:
                out += self._loop(stmt, locals_)
            elif blocks(stmt):
                power = power_counted(stmt, self.first) if isinstance(stmt, While) else None
                mark = self.signs.enter(stmt)
                self.powers.update([power] if power else [])
                out.append(with_blocks(stmt, tuple(self.block(b, locals_) for b in blocks(stmt))))
                self.signs.leave(mark)
                if power is not None:
                    del self.powers[power[0]]
            else:
                out.append(stmt)
        return tuple(out)

    def _loop(self, loop: For, locals_: Mapping[str, Expr]) -> list[Stmt]:
        if not all(isinstance(s, Declare | Assign | Store | If) for s in statements(loop.body)):
            self.refusals.append("a loop, an atomic or a call in a parallel loop")
            return [loop]
        most = {name: i32(value) for name, value in self.powers.items()}
        found = counted(loop, {**locals_, **most})
        if found is None:
            self.refusals.append(f"no constant bounds the length of the loop over {loop.var}")
            return [loop]
        if found.longest < _SHORTEST:
            return [loop]
        kept = self.temporaries.checkpoint()
        count, pre = found.count, []
        if not isinstance(count, Const | Var):
            name = fresh("length", self.temporaries.taken)
            self.temporaries.taken.add(name)
            pre = [Declare(name, I32, count)]
            count = Var(name, I32)
        vectorizer = Vectorizer(
            found.var,
            count,
            found.longest,
            self.arrays,
            self.temporaries,
            self.arch,
            replace(self.known, powers=self.powers),
        )
        result = vectorizer.body(found.body)
        self.temporaries.release_all()
        if isinstance(result, Refusal):
            self.temporaries.restore(kept)
            self.refusals.append(result.reason)
            return [loop]
        self.done += 1
        if self.signs.positive(found.count):
            return [*pre, *result]
        return [*pre, If(Binary(">", count, i32(0)), tuple(result))]


TENSORIZE: Final = Pass(
    name="tensorize",
    group="tensor",
    before="parallel(vector) for (i = 0; i < n; i += 1) y_nram[i] = x_nram[i] + 1.0f;",
    after="__bang_add_scalar(y_nram, x_nram, 1.0f, n);",
    rewrite=_rewrite,
    meta_prompt="tensorize",
)
