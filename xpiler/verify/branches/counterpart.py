"""The candidate as lifted, by the names of the source: what one of the two decides, the other may have overlooked."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import Module
from xpiler.ir.walk import declared
from xpiler.passes.names import rename

__all__ = ["counterpart_of"]


def counterpart_of(program: Module, candidate: Module) -> Module | None:
    """`candidate` with the parameters of `program`; None where the two are not called alike, or are the same program."""
    (ours,), (theirs,) = program.kernels, candidate.kernels
    if [p.type for p in ours.params] != [p.type for p in theirs.params]:
        return None
    shapes = {g.name: (g.elem, g.shape) for g in program.globals}
    if any(shapes.get(g.name) != (g.elem, g.shape) for g in candidate.globals):
        return None
    names = {
        b.name: a.name for a, b in zip(ours.params, theirs.params, strict=True) if a.name != b.name
    }
    if names.keys() & shapes.keys() or set(names.values()) & (
        declared(theirs.body) | shapes.keys()
    ):
        return None
    body = rename(theirs.body, names) if names else theirs.body
    kernel = replace(theirs, params=ours.params, body=body)
    if (kernel.body, candidate.functions) == (ours.body, program.functions):
        return None
    return replace(candidate, kernels=(kernel,))
