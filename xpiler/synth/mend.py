"""Repair as engines use it: inputs from the predecessor's own bounds, a mended program or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xpiler.ir.nodes import Module
from xpiler.ir.plain import stands_alone
from xpiler.synth.inputs import UNSEEN, UNSEEN_SEEDS, inputs_for
from xpiler.synth.repair import Repaired, repair
from xpiler.synth.solve import Query
from xpiler.verify.case import Case

__all__ = ["mend"]


def mend(
    before: Module,
    after: Module,
    cases: Sequence[Case] = (),
    note: Callable[[Query], None] = lambda _: None,
) -> Module | None:
    """`after` mended so that it computes what `before` does; None when no small change does it.

    `note` is told what the solver was asked.
    """
    if not (stands_alone(before.kernels[0]) and stands_alone(after.kernels[0])):
        return None
    inputs, unseen = inputs_for(before, cases), inputs_for(before, cases, UNSEEN_SEEDS, 6, UNSEEN)
    if not inputs:
        return None
    found = repair(before, after, inputs, unseen, note=note)
    return found.program if isinstance(found, Repaired) else None
