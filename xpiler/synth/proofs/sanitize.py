"""Ask everything that can be asked of a kernel's memory without running it: bounds, races, integers, barriers.

Each case of the kernel is looked at in turn, its sizes as symbols; a verdict is the worst of all cases. What the answers
rest on is what docs/architecture.md assumes of programs, and what the verdict's notes say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from xpiler.ir.nodes import Module
from xpiler.passes import inline
from xpiler.passes.base import Applied, Context
from xpiler.synth.proofs.inside import Trials, accesses_of, joined, overflow_of
from xpiler.synth.proofs.races import barriers_of, races_of
from xpiler.synth.proofs.setting import setting
from xpiler.synth.proofs.thread import run_thread
from xpiler.synth.proofs.touches import Site
from xpiler.synth.proofs.verdicts import (
    Barriers,
    Bounds,
    Divergent,
    Fits,
    Free,
    KernelVerdict,
    MayWrap,
    NotShown,
    Overflow,
    Race,
    Races,
    Together,
)
from xpiler.synth.proofs.world import World
from xpiler.synth.repair.solve import Query
from xpiler.verify.cases.case import BufferArgument, Case
from xpiler.verify.cases.host_formulas import Overlaps

__all__ = ["SECONDS", "sanitize"]

SECONDS = 20.0
"""For one kernel."""

_Found = tuple[Sequence[tuple[Site, Bounds]], Races, Overflow, Barriers]


def sanitize(
    program: Module,
    cases: Sequence[Case],
    seconds: float = SECONDS,
    note: Callable[[Query], None] = lambda _: None,
    overlaps: Sequence[Overlaps] = (),
) -> KernelVerdict:
    """What is known of the memory accesses of the module's one kernel, for all sizes of its cases.

    `note` is told each question to the solver. What cannot be found out within `seconds` is `NotShown`. `overlaps` tells for
    each case the parameters that share a buffer; without it none do.
    """
    start = time.perf_counter()
    module = _inlined(program)
    kernel = module.kernels[0]
    if kernel.level != "simt":
        return _nothing("only a program of threads can be asked", start)
    if not cases:
        return _nothing("there is no case that says how it is launched", start)
    found = []
    for number, case in enumerate(cases):
        until = start + seconds * (number + 1) / len(cases)
        shared = overlaps[number] if overlaps else {}
        one = _of_case(module, case, shared, until, note)
        if isinstance(one, str):
            return _nothing(one, start)
        found.append(one)
    return KernelVerdict(
        joined([f[0] for f in found]),
        _worst_race([f[1] for f in found]),
        _worst_overflow([f[2] for f in found]),
        _worst_barrier([f[3] for f in found]),
        _notes(cases),
        time.perf_counter() - start,
    )


def _inlined(program: Module) -> Module:
    done = inline.PASS.rewrite(program, Context())
    return done.program if isinstance(done, Applied) else program


def _nothing(reason: str, start: float) -> KernelVerdict:
    why = NotShown(reason)
    return KernelVerdict((), why, why, why, (), time.perf_counter() - start)


def _of_case(
    module: Module, case: Case, overlaps: Overlaps, until: float, note: Callable[[Query], None]
) -> _Found | str:
    world = World(note, until)
    symbols = setting(case, world, overlaps)
    done = run_thread(module, symbols, world)
    if isinstance(done, str):
        return done
    trials = Trials(module, case, symbols, world)
    # what takes long must not keep the other questions from being asked
    world.until = (time.perf_counter() + until) / 2
    accesses = list(accesses_of(done, trials))
    world.until = until
    barriers = barriers_of(done, trials)
    races = races_of(done, trials)
    if isinstance(barriers, Divergent | NotShown) and isinstance(races, Free):
        # barriers separate only threads that meet at them
        races = NotShown("it is not shown that all threads reach the same barriers")
    return accesses, races, overflow_of(done, trials), barriers


def _notes(cases: Sequence[Case]) -> tuple[str, ...]:
    notes = []
    if any(case.inferred and "own bounds" in case.note for case in cases):
        notes.append("how long the buffers are was inferred from the kernel itself")
    if any(case.inferred and "guessed" in case.note for case in cases):
        notes.append("a buffer's length was guessed")
    if not any(len(case.sizes) for case in cases):
        notes.append("the launch has no sizes: it is shown for the numbers that it is made with")
    positions = sorted(
        {
            a.name
            for case in cases
            for a in case.arguments
            if isinstance(a, BufferArgument) and a.values.arguments
        }
    )
    if positions:
        notes.append(f"the values of {', '.join(positions)} lie where the case draws them")
    return tuple(notes)


def _worst_race(found: Sequence[Races]) -> Races:
    for kind in (Race, NotShown):
        for one in found:
            if isinstance(one, kind):
                return one
    free = [f for f in found if isinstance(f, Free)]
    return max(free, key=lambda f: f.pairs)


def _worst_overflow(found: Sequence[Overflow]) -> Overflow:
    for kind in (MayWrap, NotShown):
        for one in found:
            if isinstance(one, kind):
                return one
    return min((f for f in found if isinstance(f, Fits)), key=lambda f: (f.bits, -f.operations))


def _worst_barrier(found: Sequence[Barriers]) -> Barriers:
    for kind in (Divergent, NotShown):
        for one in found:
            if isinstance(one, kind):
                return one
    return max((f for f in found if isinstance(f, Together)), key=lambda f: f.barriers)
