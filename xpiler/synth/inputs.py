"""Small inputs for the interpreter, from the same cases that verification uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xpiler.ir.nodes import Module
from xpiler.synth.trace import Inputs
from xpiler.verify.case import Case, Concrete, ConcreteBuffer, concrete
from xpiler.verify.infer_bare import NoCase, infer_bare
from xpiler.verify.inputs import prepare

__all__ = ["inputs_for", "small_inputs"]

WORK = 6000  # threads and elements of a run, together: what the interpreter does in some hundredths of a second


def inputs_for(
    program: Module, cases: Sequence[Case], seeds: Sequence[int] = (0, 1)
) -> tuple[Inputs, ...]:
    """Small inputs for a program: from its cases, else from its own bounds."""
    found = small_inputs(cases, seeds)
    if found:
        return found
    bare = infer_bare(program, program.kernels[0])
    return () if isinstance(bare, NoCase) else small_inputs((bare,), seeds)


def small_inputs(
    cases: Sequence[Case], seeds: Sequence[int] = (0, 1), most: int = 3
) -> tuple[Inputs, ...]:
    """Inputs of the cheapest shapes of the cases, each with all `seeds`; empty if every shape is too large."""
    shapes = [
        found
        for case in cases
        for sizes in case.shapes
        if isinstance(found := concrete(case, sizes), Concrete) and _work(found) <= WORK
    ]
    shapes.sort(key=_work)
    # the smallest ones show little: one element has no neighbours
    chosen = [s for s in shapes if _work(s) >= 16][:most] or shapes[:most]
    return tuple(_inputs(shape, seed) for seed in seeds for shape in chosen)


def _work(shape: Concrete) -> int:
    threads = 1
    for n in (*shape.grid, *shape.block):
        threads *= n
    return threads + sum(b.elements for b in shape.buffers)


def _inputs(shape: Concrete, seed: int) -> Inputs:
    prepared = prepare(shape, seed)
    args: dict[str, Any] = {}
    for argument, array in zip(shape.arguments, prepared.arrays, strict=True):
        values = array.astype("f8").tolist() if array.dtype.kind not in "iub" else array.tolist()
        args[argument.name] = values if isinstance(argument, ConcreteBuffer) else values[0]
    return Inputs(args, shape.grid, shape.block, shape.shared)
