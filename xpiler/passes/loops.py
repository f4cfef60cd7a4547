"""What the loop passes share: finding the loop to rewrite, and the outcome when there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xpiler.ir.nodes import Block, For, Kernel, Module, Stmt
from xpiler.ir.walk import blocks, declared, with_blocks
from xpiler.passes.base import Applied, Context, Knob, NotApplicable, Outcome
from xpiler.records import dataclass

__all__ = ["LOOP", "Illegal", "Rewritten", "names_of", "rewrite_block", "rewrite_loop"]

LOOP = Knob("loop", ("auto",), "auto", "variable of the loop to rewrite; auto: the first legal one")


@dataclass(frozen=True, slots=True)
class Illegal:
    """This loop cannot be rewritten, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The statements that take the place of the loop (or of the block), and a note for the reader."""

    block: Block
    note: str


Attempt = Rewritten | Illegal | None
LoopRewrite = Callable[[For, Kernel], Attempt]
BlockRewrite = Callable[[Block, Kernel], Attempt]


def names_of(kernel: Kernel) -> set[str]:
    """All names in use in a kernel."""
    return {p.name for p in kernel.params} | declared(kernel.body)


def rewrite_loop(program: Module, context: Context, rewrite: LoopRewrite, what: str) -> Outcome:
    """Apply `rewrite` to the loop that the knob names, or to the first one, outermost first, for which it
    is legal. `rewrite` gives None for a loop that is none of its business."""
    wanted = context.knob(LOOP)

    def on_block(block: Block, kernel: Kernel) -> Attempt:
        reason: Illegal | None = None
        for n, stmt in enumerate(block):
            if not isinstance(stmt, For) or wanted not in ("auto", stmt.var):
                continue
            attempt = rewrite(stmt, kernel)
            if isinstance(attempt, Rewritten):
                whole = (*block[:n], *attempt.block, *block[n + 1 :])
                return Rewritten(whole, attempt.note)
            reason = reason or attempt
        return reason

    return rewrite_block(program, on_block, what)


def rewrite_block(program: Module, rewrite: BlockRewrite, what: str) -> Outcome:
    """Apply `rewrite` to the first block, outermost first, for which it is legal."""
    kernel = program.kernels[0]
    found = _search(kernel.body, kernel, rewrite)
    match found:
        case Rewritten(block=body, note=note):
            new = replace(kernel, body=body)
            return Applied(replace(program, kernels=(new,)), (note,))
        case Illegal(reason=reason):
            return NotApplicable(reason)
        case None:
            return NotApplicable(f"no {what}")


def _search(block: Block, kernel: Kernel, rewrite: BlockRewrite) -> Attempt:
    attempt = rewrite(block, kernel)
    if isinstance(attempt, Rewritten):
        return attempt
    reason = attempt
    for n, stmt in enumerate(block):
        inner = _descend(stmt, kernel, rewrite)
        if isinstance(inner, tuple):
            changed, note = inner
            return Rewritten((*block[:n], changed, *block[n + 1 :]), note)
        reason = reason or inner
    return reason


def _descend(
    stmt: Stmt, kernel: Kernel, rewrite: BlockRewrite
) -> tuple[Stmt, str] | Illegal | None:
    nested = blocks(stmt)
    reason: Illegal | None = None
    for n, block in enumerate(nested):
        found = _search(block, kernel, rewrite)
        if isinstance(found, Rewritten):
            return with_blocks(stmt, (*nested[:n], found.block, *nested[n + 1 :])), found.note
        reason = reason or found
    return reason
