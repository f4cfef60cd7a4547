"""Mend a candidate that departs from its predecessor: localise, open holes there, fill them, try the result.

The smallest change that makes the candidate agree on the inputs it was solved with is then tried on inputs
that the solver has not seen; a counterexample among them becomes one more input, and the search goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from xpiler.ir.check import check
from xpiler.ir.interpret import Fault, interpret
from xpiler.ir.nodes import Declare, Expr, For, Module, Stmt, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import blocks
from xpiler.synth.demands import demands_of
from xpiler.synth.localise import Location, Nothing, localise, same_value
from xpiler.synth.paths import at, enclosing, replace_at
from xpiler.synth.sketch import changes, structural
from xpiler.synth.slots import Template, holes, slots, templates
from xpiler.synth.solve import Query, fill, plug
from xpiler.synth.trace import STEPS, Inputs, Place, Recording, record

__all__ = ["NoRepair", "Repaired", "repair"]

SECONDS = 10.0
COUNTEREXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Repaired:
    """The mended program: what was changed, where, after how many candidates and in how many seconds."""

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


@dataclass(frozen=True, slots=True)
class _Candidate:
    program: Module
    what: str


class _Tests:
    """What the predecessor computes, and whether a candidate does too."""

    def __init__(self, before: Module, inputs: Sequence[Inputs]) -> None:
        self._before = before
        self._known: list[tuple[Inputs, dict[str, list[object]]]] = []
        self.tried = 0
        for given in inputs:
            self.add(given)

    def add(self, given: Inputs) -> None:
        expected = _results(self._before, given)
        if expected is not None:
            self._known.append((given, expected))

    def passes(self, program: Module) -> bool:
        """Whether the candidate gives the predecessor's results on every input."""
        self.tried += 1
        return all(_agrees(program, given, expected) for given, expected in self._known)

    def counterexample(self, program: Module, inputs: Sequence[Inputs]) -> Inputs | None:
        """One of `inputs` on which the candidate differs."""
        for given in inputs:
            expected = _results(self._before, given)
            if expected is not None and not _agrees(program, given, expected):
                return given
        return None


def _results(program: Module, given: Inputs) -> dict[str, list[object]] | None:
    args = given.fresh()
    try:
        interpret(
            program, args, given.grid, given.block, shared_bytes=given.shared_bytes, limit=STEPS
        )
    except (Fault, OverflowError, ValueError, TypeError):
        return None
    return {k: v for k, v in args.items() if isinstance(v, list)}


def _agrees(program: Module, given: Inputs, expected: dict[str, list[object]]) -> bool:
    got = _results(program, given)
    if got is None:
        return False
    return all(
        len(values) == len(got[name]) and all(map(same_value, values, got[name]))
        for name, values in expected.items()
    )


def repair(
    before: Module,
    after: Module,
    inputs: Sequence[Inputs],
    unseen: Sequence[Inputs],
    *,
    seconds: float = SECONDS,
    note: Callable[[Query], None] = lambda _: None,
) -> Repaired | NoRepair:
    """Mend `after` so that it computes what `before` does.

    `inputs` are what the search may look at, `unseen` what its result has to pass as well. Ends after
    `seconds` at the latest, between two candidates.
    """
    start = time.perf_counter()
    location = localise(before, after, inputs)
    if isinstance(location, Nothing):
        return NoRepair("the two agree on all inputs", None, 0, time.perf_counter() - start)
    tests = _Tests(before, [inputs[location.run]])
    for n, given in enumerate(inputs):
        if n != location.run:
            tests.add(given)
    left = COUNTEREXAMPLES
    shown = [inputs[location.run]]
    seen: set[Module] = set()
    for candidate in _candidates(before, after, location, shown, note):
        if time.perf_counter() - start > seconds:
            return NoRepair("out of time", location, tests.tried, time.perf_counter() - start)
        if candidate.program in seen:
            continue
        seen.add(candidate.program)
        if check(candidate.program) or not tests.passes(candidate.program):
            continue
        counter = tests.counterexample(candidate.program, unseen)
        if counter is None:
            took = time.perf_counter() - start
            return Repaired(candidate.program, candidate.what, location, tests.tried, took)
        tests.add(counter)
        shown.append(counter)
        left -= 1
        if not left:
            break
    return NoRepair("no small change helps", location, tests.tried, time.perf_counter() - start)


def _candidates(
    before: Module,
    after: Module,
    location: Location,
    shown: Sequence[Inputs],
    note: Callable[[Query], None],
) -> Iterator[_Candidate]:
    """Changes at the suspects and round them: numbers by the solver first, then everything else."""
    old, new = record(before, shown[0]), record(after, shown[0])
    order = _order(after, location)
    for path in order:
        yield from _solved(after, path, old, new, note, cheap=True)
        yield from (_Candidate(c.program, c.what) for c in changes(after, path))
    yield from (_Candidate(c.program, c.what) for c in structural(after, location.suspects))
    for path in order:
        yield from _solved(after, path, old, new, note, cheap=False)
    rest = [p for p in _all_places(after) if p not in order]
    for path in rest:
        yield from _solved(after, path, old, new, note, cheap=True)
        yield from (_Candidate(c.program, c.what) for c in changes(after, path))


def _order(after: Module, location: Location) -> list[Place]:
    """Suspects, what encloses them, and the declarations that feed them; each once."""
    found: list[Place] = []
    for suspect in location.suspects[:6]:
        found += [suspect, *enclosing(suspect)]
    for path in _all_places(after):
        if isinstance(at(after, path), Declare):
            found.append(path)
    return list(dict.fromkeys(found))


def _all_places(program: Module) -> list[Place]:
    from xpiler.synth.paths import places

    return [path for path, _ in places(program.kernels[0].body)]


def _solved(
    after: Module,
    path: Place,
    old: Recording,
    new: Recording,
    note: Callable[[Query], None],
    cheap: bool,
) -> Iterator[_Candidate]:
    """The statement with one slot filled anew."""
    stmt = at(after, path)
    scope = _scope(after, path)
    for slot in slots(stmt):
        demands = demands_of(after, path, stmt, slot, old, new)
        for template in templates(slot, scope):
            if (template.cost <= 3) != cheap:
                continue
            filled = fill(template, demands, note) if demands else _guessed(template)
            for expr in filled:
                program = replace_at(after, path, slot.put(expr))
                yield _Candidate(program, f"{slot.role}: {template.what}")


GUESSES = (1, -1, 0, 2, -2, 3, 4, 8, 16, 32, 64, 128, 256)


def _guessed(template: Template) -> Iterator[Expr]:
    """Small numbers for one hole when the runs demand nothing."""
    names = holes(template.expr)
    if not names:
        yield template.expr
    elif len(names) == 1:
        for value in GUESSES:
            yield plug(template.expr, {names[0]: value})


def _scope(program: Module, path: Place) -> tuple[Var, ...]:
    """Integer variables visible at `path`, nearest first, then parameters."""
    out: list[Var] = []
    block = program.kernels[0].body
    for position in range(0, len(path), 2):
        here: list[Var] = []
        for stmt in block[: path[position]]:
            here += _declares(stmt)
        stmt = block[path[position]]
        if isinstance(stmt, For) and position + 1 < len(path):
            here.append(Var(stmt.var, stmt.type))
        out = [*reversed(here), *out]
        if position + 1 < len(path):
            block = blocks(stmt)[path[position + 1]]
    for p in program.kernels[0].params:
        if isinstance(p.type, Scalar) and p.type.is_int:
            out.append(Var(p.name, p.type))
    return tuple(out)


def _declares(stmt: Stmt) -> list[Var]:
    if isinstance(stmt, Declare) and isinstance(stmt.type, Scalar) and stmt.type.is_int:
        return [Var(stmt.name, stmt.type)]
    return []
