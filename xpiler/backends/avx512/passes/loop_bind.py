"""Loops over blocks onto CPU threads.

before: parallel(block.y) for (i32 by ...) { parallel(block.x) for (i32 bx ...) { body } }
after:  parallel(task) for (i32 by ...) { parallel(task) for (i32 bx ...) { body } }      (OpenMP, collapsed)

Blocks of a CUDA grid are independent, and shared memory is declared inside their loops. What they do to one
place in global memory has to be atomic in the source, and stays so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.ir.nodes import Block, For, Module, Stmt
from xpiler.ir.walk import assigned, declared
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass

__all__ = ["BLOCK_AXES", "BOUND", "PASS"]

BLOCK_AXES: Final = ("block.x", "block.y", "block.z")
BOUND: Final = "task"


def _bind(stmt: Stmt, bound: list[str]) -> Stmt:
    """The loop with its perfectly nested block loops bound."""
    if not isinstance(stmt, For) or stmt.axis not in BLOCK_AXES:
        return stmt
    if assigned(stmt.body) - declared(stmt.body):
        return stmt
    bound.append(stmt.var)
    body: Block = stmt.body
    if len(body) == 1:
        body = (_bind(body[0], bound),)
    return replace(stmt, axis=BOUND, body=body)


def _rewrite(program: Module, context: Context) -> Outcome:
    del context
    kernel = program.kernels[0]
    if kernel.level != "loops":
        return NotApplicable("the kernel is not at the level of loops")
    bound: list[str] = []
    body = tuple(_bind(stmt, bound) for stmt in kernel.body)
    if not bound:
        return NotApplicable("there is no loop over blocks")
    notes = (f"OpenMP over {', '.join(bound)}",)
    return Applied(replace(program, kernels=(replace(kernel, body=body),)), notes)


PASS: Final = Pass(
    name="loop_bind",
    group="parallel",
    before="parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) { ... }",
    after="#pragma omp parallel for",
    rewrite=_rewrite,
    meta_prompt="loop_bind",
)
