"""Mend a candidate that departs from its predecessor: localise, open holes there, fill them, try the result.

The smallest change that makes the candidate agree on the inputs it was solved with is then tried on inputs
that the solver has not seen; a counterexample among them becomes one more input, and the search goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from xpiler.ir.check import check
from xpiler.ir.nodes import Expr, For, Module, Stmt
from xpiler.records import dataclass
from xpiler.synth.locate.localise import (
    FAULT,
    INSTRUCTION,
    RACE,
    Location,
    Nothing,
    confirmed,
    localise,
)
from xpiler.synth.locate.machine import Machine
from xpiler.synth.locate.novelty import UNGUARDED, axis_builtin, novelty
from xpiler.synth.locate.outcome import Tests
from xpiler.synth.locate.trace import Inputs, Place, Recording, record
from xpiler.synth.paths import at, enclosing, replace_at
from xpiler.synth.repair.calls import call_variants, calls_instructions, waits
from xpiler.synth.repair.change import Change
from xpiler.synth.repair.demands import demands_of, witness
from xpiler.synth.repair.guards import guarded, guarded_twice
from xpiler.synth.repair.likeness import Likeness
from xpiler.synth.repair.sketch import barriers, changes, structural
from xpiler.synth.repair.slots import Slot, Template, slots, templates
from xpiler.synth.repair.solve import Query, fill, guessed
from xpiler.synth.repair.transplant import regained_guards, transplants
from xpiler.synth.scope import integers

__all__ = ["NoRepair", "Repaired", "repair"]

SECONDS = 10.0
COUNTEREXAMPLES = 4
LIKELIER = 0.8  # seconds for which a likelier repair is looked for
RIVALS = 4  # statements, at each of which a change mends the program, are enough to choose among
HEAD = 8  # suspects that are looked at before any others
QUICK = 32  # suspects at which the smallest changes are tried before any others
NEAR = 4  # numbers tried in one place then: next to the old one, half and double


@dataclass(frozen=True, slots=True)
class Repaired:
    """The mended program: what was changed, after how many candidates and in how many seconds.

    `location` is what `localise` said, with the statement at which a change mends the program as its first suspect.
    """

    program: Module
    what: str
    location: Location
    tried: int
    seconds: float


@dataclass(frozen=True, slots=True)
class NoRepair:
    """Why there is none."""

    reason: str
    location: Location | None
    tried: int
    seconds: float


def repair(
    before: Module,
    after: Module,
    inputs: Sequence[Inputs],
    unseen: Sequence[Inputs],
    *,
    seconds: float = SECONDS,
    location: Location | None = None,
    borrow: bool = True,
    note: Callable[[Query], None] = lambda _: None,
) -> Repaired | NoRepair:
    """Mend `after` so that it computes what `before` does.

    `inputs` are what the search may look at, `unseen` what its result has to pass as well. `location` is
    what `localise` said of the two on `inputs`, if it was asked already. Ends after `seconds` of processor time at the
    latest, between two candidates. Without `borrow` no text is taken from the predecessor, only what it computes.
    """
    start = time.process_time()
    found = location or localise(before, after, inputs)
    if isinstance(found, Nothing):
        return NoRepair("the two agree on all inputs", None, 0, time.process_time() - start)
    first = inputs[found.run]
    tests = Tests(before, [first, *(given for given in inputs if given is not first)])
    trials = _Trials(tests, unseen, [first], start, seconds, {after})
    search = _search(before, after, first, borrow, note)
    found_one = next(trials.mending(_candidates(search, found, trials.shown)), None)
    if found_one is None:
        reason = "out of time" if trials.late else "no small change helps"
        return NoRepair(reason, found, tests.tried, trials.took)
    chosen = _likeliest(found_one, search, found, trials)
    where = confirmed(found, chosen.place)
    return Repaired(chosen.program, chosen.what, where, tests.tried, trials.took)


@dataclass(slots=True)
class _Trials:
    """Candidates are tried here, each once: on `tests`, then on `unseen`. `shown` are the inputs of the search."""

    tests: Tests
    unseen: Sequence[Inputs]
    shown: list[Inputs]
    start: float
    seconds: float
    seen: set[Module]

    @property
    def took(self) -> float:
        return time.process_time() - self.start

    @property
    def late(self) -> bool:
        return self.took > self.seconds

    def mending(self, candidates: Iterable[Change]) -> Iterator[Change]:
        """Those that pass; ends when it is late, and after too many that pass the search's inputs alone."""
        for candidate in candidates:
            if self.late or len(self.shown) > COUNTEREXAMPLES:
                return
            if candidate.program in self.seen:
                continue
            self.seen.add(candidate.program)
            if check(candidate.program) or not self.tests.passes(candidate.program):
                continue
            counter = self.tests.counterexample(candidate.program, self.unseen)
            if counter is None:
                yield candidate
            else:
                self.tests.add(counter)
                self.shown.append(counter)


def _likeliest(first: Change, search: _Search, location: Location, trials: _Trials) -> Change:
    """The likeliest of the repairs at different statements, where the first one does not leave the predecessor's work."""
    likeness = Likeness(search.before, search.after, trials.tests.inputs)
    chosen, least = first, likeness.of(first)
    if Likeness.settles(least):
        return first
    trials.seconds = min(trials.seconds, trials.took + LIKELIER)
    mended = {first.place: first.cost}

    def others() -> Iterator[Change]:
        for costs in (range(2), range(2, 4)):
            for change in search.small(location.suspects, costs):
                if change.cost < mended.get(change.place, 99):
                    yield change

    for change in trials.mending(others()):
        mended[change.place] = change.cost
        against = likeness.of(change)
        if against < least:
            chosen, least = change, against
        if Likeness.settles(against) or len(mended) >= RIVALS:
            break
    return chosen


def _search(
    before: Module, after: Module, first: Inputs, borrow: bool, note: Callable[[Query], None]
) -> _Search:
    if first.machine is not None:
        first.machine.knows(after)
    old, new = record(before, first), record(after, first)
    return _Search(before, after, old, new, first.machine, borrow, note)


def _candidates(search: _Search, location: Location, shown: Sequence[Inputs]) -> Iterator[Change]:
    """One changed statement at a time, at the likeliest places first; there the smallest change first."""
    before, after = search.before, search.after
    order = list(location.suspects)
    head, rest = order[:HEAD], order[HEAD:]
    waiting = tuple(dict.fromkeys((*waits(before), *waits(after))))
    if location.kind == RACE:
        yield from barriers(after, head, waiting)
    if location.kind == INSTRUCTION:
        # what an instruction refuses may be what nobody waited for
        yield from barriers(after, head[:1], waiting)
    yield from search.small(order[:1], range(4))
    if location.kind == FAULT and novelty(before, after).get(order[0]) == UNGUARDED:
        yield from search.guards_seen(narrow=True)
    yield from search.small(order[:QUICK], range(2))
    if location.kind == FAULT:
        yield from search.guards_seen(narrow=True)
    yield from search.small(order[:QUICK], range(2, 4))
    yield from search.guards_seen(narrow=False)
    if calls_instructions(after):
        yield from barriers(after, head[:3], waiting)
    yield from search.at_places(head[:3])
    yield from structural(after, tuple(head))
    for path in head[:3]:
        yield from guarded(after, path, integers(after, path))
    yield from search.at_places(head[3:])
    for path in head:
        yield from search.solved(path, range(4, 8))
    yield from barriers(after, order, waiting)
    for path in head[:2]:
        yield from guarded_twice(after, path, integers(after, path))
    yield from search.at_places(rest)


def _over_threads(stmt: Stmt) -> bool:
    return isinstance(stmt, For) and bool(axis_builtin(stmt))


@dataclass(frozen=True, slots=True)
class _Search:
    """What may be changed at a place, with both recorded runs at hand."""

    before: Module
    after: Module
    old: Recording
    new: Recording
    machine: Machine | None
    borrow: bool
    note: Callable[[Query], None]

    def small(self, paths: Sequence[Place], costs: range) -> Iterator[Change]:
        """What costs little, at every place, before much is tried at one."""
        for path in paths:
            yield from self._small(path, costs)

    def _small(self, path: Place, costs: range) -> Iterator[Change]:
        if 0 in costs and self.borrow:
            for program in transplants(self.before, self.after, path):
                yield Change(program, "as the predecessor has it", path, 0)
        yield from self.solved(path, costs, NEAR)
        yield from (c for c in changes(self.after, path) if c.cost in costs)
        if self.machine is not None:
            variants = call_variants(self.after, path, self.machine)
            yield from (c for c in variants if c.cost in costs)
        if 1 in costs:
            yield from self._guards(path)

    def guards_seen(self, narrow: bool) -> Iterator[Change]:
        """Guards that would have kept a statement from what it was seen to do wrong; unless `narrow`, also round what is
        around it."""
        seen = witness(self.old, self.new)
        if seen is None:
            return
        places = [
            p for p in (seen.path, *enclosing(seen.path)) if not _over_threads(at(self.after, p))
        ]
        for way in (guarded, guarded_twice):
            for place in places[: 1 if narrow else 3]:
                yield from way(self.after, place, integers(self.after, place), seen, narrow)

    def _guards(self, path: Place) -> Iterator[Change]:
        for program in regained_guards(self.before, self.after, path) if self.borrow else ():
            yield Change(program, "under the predecessor's guard", path, 1)

    def at_places(self, paths: Sequence[Place]) -> Iterator[Change]:
        for path in paths:
            for program in transplants(self.before, self.after, path) if self.borrow else ():
                yield Change(program, "as the predecessor has it", path, 0)
            if self.machine is not None:
                yield from call_variants(self.after, path, self.machine)
            yield from self.solved(path, range(2))
            yield from changes(self.after, path)
            yield from self.solved(path, range(2, 4))
            yield from self._guards(path)

    def solved(self, path: Place, costs: range, most: int = 99) -> Iterator[Change]:
        """The statement with one slot filled anew: by the solver if the runs demand something, else by trial.

        Of numbers that are tried, at most `most` in one place.
        """
        stmt = at(self.after, path)
        scope = integers(self.after, path)
        for slot in slots(stmt):
            demands = demands_of(path, stmt, slot, self.old, self.new)
            chosen = [t for t in templates(slot, scope) if t.cost in costs]
            for template in chosen:
                for expr in fill(template, demands, self.note) if demands else ():
                    yield self._change(path, slot, template, expr)
            for template in chosen:
                for expr in islice(guessed(template), most):
                    yield self._change(path, slot, template, expr)

    def _change(self, path: Place, slot: Slot, template: Template, expr: Expr) -> Change:
        what = f"{slot.role}: {template.what}"
        return Change(replace_at(self.after, path, slot.put(expr)), what, path, template.cost)
