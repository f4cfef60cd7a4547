"""Repair as engines use it: inputs from the predecessor's own bounds, a mended program or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xpiler.backends.base import Meaning
from xpiler.ir.nodes import Module
from xpiler.ir.plain import stands_alone
from xpiler.synth.locate.inputs import SEEN, UNSEEN, UNSEEN_SEEDS, inputs_for
from xpiler.synth.locate.machine import machine_for
from xpiler.synth.locate.trace import Inputs
from xpiler.synth.repair.search import Repaired, repair
from xpiler.synth.repair.solve import Query
from xpiler.verify.cases.case import Case

__all__ = ["mend"]


def mend(
    before: Module,
    after: Module,
    cases: Sequence[Case] = (),
    note: Callable[[Query], None] = lambda _: None,
    meaning: Meaning | None = None,
) -> Module | None:
    """`after` mended so that it computes what `before` does; None when no small change does it.

    `note` is told what the solver was asked. `meaning` is that of the target's instructions; without it programs
    that call some are left as they are.
    """
    machine = machine_for(meaning)
    alone = stands_alone(before.kernels[0]) and stands_alone(after.kernels[0])
    if not alone and machine is None:
        return None

    def drawn(seeds: Sequence[int], most: int, sizes: Sequence[int]) -> tuple[Inputs, ...]:
        return inputs_for(before, cases, seeds, most, sizes, after=after, machine=machine)

    inputs, unseen = drawn((0, 1, 2), 4, SEEN), drawn(UNSEEN_SEEDS, 6, UNSEEN)
    if not inputs:
        return None
    found = repair(before, after, inputs, unseen, note=note)
    return found.program if isinstance(found, Repaired) else None
