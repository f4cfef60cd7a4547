"""Break the subjects, and measure whether each error is found, placed and mended."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from benchmarks.repair.calls import machine_of
from benchmarks.repair.corpus import Subject
from benchmarks.repair.developed import DEVELOPED
from benchmarks.repair.held_out import HELD_OUT
from benchmarks.repair.mutants import Made
from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.synth.locate.inputs import SEEN, UNSEEN, UNSEEN_SEEDS, inputs_for
from xpiler.synth.locate.localise import Location, localise
from xpiler.synth.locate.outcome import Tests
from xpiler.synth.locate.trace import Inputs
from xpiler.synth.proofs.prove import prove
from xpiler.synth.repair.calls import waits
from xpiler.synth.repair.search import Repaired, repair
from xpiler.synth.repair.sketch import barriers
from xpiler.verify.evidence import Proved

__all__ = ["KINDS", "Mutant", "Outcome", "Workload", "choose", "measure", "workload"]

KINDS: Mapping[str, str] = {
    **dict.fromkeys(DEVELOPED, "developed"),
    **dict.fromkeys(HELD_OUT, "held out"),
}
_OPERATORS = {**DEVELOPED, **HELD_OUT}
PROOF_SECONDS = 3.0
PROVED = "equivalent by proof"
OMITTED = frozenset({"barrier dropped", "barrier one statement early", "wait dropped"})
"""Errors that have no statement of their own: a place counts as right when a barrier there mends the program."""
BARRIER_CHANGES = frozenset({"a barrier", "the barrier elsewhere"})
EXHAUSTIVE = 10  # shapes that an undetected mutant has to agree on to count as equivalent


@dataclass(frozen=True, slots=True)
class Mutant:
    """One error in one subject."""

    kind: str
    subject: Subject
    made: Made


@dataclass(frozen=True, slots=True)
class Workload:
    """The inputs of a subject: what the search sees, and what only a finished repair meets."""

    seen: tuple[Inputs, ...]
    unseen: tuple[Inputs, ...]
    wide: tuple[Inputs, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant.

    `equivalent` mutants agree with the original on every small case; `change` says of which it is proved.
    `localised` is the rank of a wrong statement among the suspects of the finished search, 0 if it is not among them:
    the statement at which one change took the difference away comes first there. `guessed` is the rank before any
    change was tried. `seconds` is processor time of localisation and repair.
    """

    kind: str
    half: str
    subject: str
    what: str
    equivalent: bool
    detected: bool
    localised: int
    guessed: int
    repaired: bool
    change: str
    tried: int
    seconds: float


def workload(subject: Subject) -> Workload:
    """Inputs with different seeds and, for the judgement of equivalence, more shapes."""
    machine = machine_of(subject.target)

    def drawn(seeds: tuple[int, ...], most: int, sizes: tuple[int, ...]) -> tuple[Inputs, ...]:
        return inputs_for(
            subject.before,
            subject.cases,
            seeds,
            most,
            sizes,
            after=subject.after,
            machine=machine,
        )

    seen = drawn((0, 1, 2), 4, SEEN)
    unseen = drawn(UNSEEN_SEEDS, 6, UNSEEN)
    wide = drawn((12, 13), EXHAUSTIVE, (*SEEN, *UNSEEN))
    shuffled = tuple(replace(given, order=7 + n) for n, given in enumerate(wide))
    return Workload(seen, unseen, (*wide, *shuffled))


def choose(subject: Subject, kind: str, most: int, seed: int) -> Iterator[Mutant]:
    """At most `most` well-formed mutants of a kind, drawn by `seed`."""
    rng = random.Random(f"{seed}/{subject.name}/{kind}")
    made = list(dict.fromkeys(_OPERATORS[kind](subject.after)))
    rng.shuffle(made)
    count = 0
    for one in made:
        if count < most and one.program != subject.after and not check(one.program):
            count += 1
            yield Mutant(kind, subject, one)


def measure(mutant: Mutant, work: Workload, seconds: float, borrow: bool = True) -> Outcome:
    """Localise and repair one mutant; `borrow` as in `repair`."""
    subject, broken = mutant.subject, mutant.made.program
    head = (mutant.kind, KINDS[mutant.kind], subject.name, mutant.made.what)
    start = time.process_time()
    location = localise(subject.before, broken, work.seen)
    if not isinstance(location, Location):
        differs = not Tests(subject.before, work.wide).passes(broken)
        proof = "" if differs or not proved(subject.after, broken) else PROVED
        return Outcome(*head, not differs, False, 0, 0, False, proof, 0, 0.0)
    guessed = _rank(location, mutant.made)
    found = repair(
        subject.before,
        broken,
        work.seen,
        work.unseen,
        seconds=seconds,
        location=location,
        borrow=borrow,
    )
    took = time.process_time() - start
    fixed = isinstance(found, Repaired)
    # the verdict is a third party's: inputs that neither the search nor its last test has seen
    right = isinstance(found, Repaired) and Tests(subject.before, work.wide).passes(found.program)
    change = found.what if isinstance(found, Repaired) else found.reason
    note = change if right or not fixed else f"over-fitted: {change}"
    localised = _rank(found.location or location, mutant.made) if right else guessed
    if mutant.made.what in OMITTED:
        guessed = guessed or _barrier_rank(location, broken, subject, work)
        localised = 1 if right and change in BARRIER_CHANGES else localised or guessed
    return Outcome(*head, False, True, localised, guessed, right, note, found.tried, took)


def proved(right: Module, mutant: Module) -> bool:
    """Whether the solver shows that the mutant computes the same for all sizes."""
    return isinstance(prove(right, mutant, PROOF_SECONDS), Proved)


def _barrier_rank(location: Location, broken: Module, subject: Subject, work: Workload) -> int:
    """The first of three suspects beside which a barrier makes the program right, 0 if there is none.

    Between the two accesses that race every place is as good as the one that it was taken from.
    """
    tests = Tests(subject.before, work.wide)
    waiting = waits(subject.after)
    for n, place in enumerate(location.suspects[:3], 1):
        if any(tests.passes(c.program) for c in barriers(broken, (place,), waiting)):
            return n
    return 0


def _rank(location: Location, made: Made) -> int:
    """The place of the first wrong statement among the suspects, from 1; 0 if there is none."""
    ranks = [n for n, place in enumerate(location.suspects, 1) if place in made.places]
    return ranks[0] if ranks else 0
