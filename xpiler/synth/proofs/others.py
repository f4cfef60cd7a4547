"""A second thread beside the one that is run: of the same block, of the same warp, or of another block.

It is the same thread with those of its symbols renamed that the two do not share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import z3

from xpiler.synth.proofs.integers import Bool, Value
from xpiler.synth.proofs.world import Level, World

__all__ = ["OF_BLOCK", "OF_GRID", "WARP", "apart", "other", "warp_of"]

Term = Any
WARP = 32
OF_BLOCK = frozenset({Level.THREAD})
"""What a thread does not share with others of its block."""
OF_GRID = frozenset({Level.THREAD, Level.BLOCK})
_MARKS = {OF_BLOCK: "@other", OF_GRID: "@far"}


def other(term: Bool, world: World, levels: frozenset[Level]) -> Bool:
    """The same of the second thread."""
    return term if isinstance(term, bool) else world.other(term, _MARKS[levels], levels)


def apart(path: Sequence[Bool], gone: Bool, world: World, levels: frozenset[Level]) -> list[Bool]:
    """That one thread gets where `path` holds, and the second, which is not `gone`, does not."""
    if gone is True:
        return [False]
    second = [other(p, world, levels) for p in path]
    left = z3.Or([z3.Not(p) for p in second if not isinstance(p, bool)] or [z3.BoolVal(False)])
    claims: list[Bool] = [*path, left]
    return claims if gone is False else [*claims, z3.Not(other(gone, world, levels))]


def warp_of(builtins: Mapping[str, Value]) -> Term:
    """The number of a thread's warp."""
    x, y, z = (builtins[f"threadIdx.{a}"].term for a in "xyz")
    dx, dy = (builtins[f"blockDim.{a}"].term for a in "xy")
    return z3.simplify((z * dy + y) * dx + x) / WARP
