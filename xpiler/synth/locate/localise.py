"""Find where a candidate departs from its predecessor: the buffer, the element, the statement, the kind of error.

Both run on the same inputs with their stores recorded. The candidate's stores are walked in the order in
which they happened; the first one that the predecessor never makes (to that element, with that value) is to
blame, unless a value that it read was already wrong. A store that never happens is blamed on the statement
that should have made it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Declare,
    Evaluate,
    For,
    If,
    Module,
    Span,
    Stmt,
    Store,
)
from xpiler.ir.print_c import print_stmt
from xpiler.ir.walk import expressions, statements, variables
from xpiler.records import dataclass
from xpiler.synth.locate.novelty import CHANGED, MOVED, SAME, UNGUARDED, novelty
from xpiler.synth.locate.outcome import agrees, differs, outcome, same_value
from xpiler.synth.locate.trace import Inputs, Place, Recording, Write, record
from xpiler.synth.paths import at, enclosing, places
from xpiler.synth.repair.calls import arrays_read, called, calls_instructions, sources

__all__ = [
    "COMPUTE",
    "FAULT",
    "INDEX",
    "INSTRUCTION",
    "MISSING",
    "RACE",
    "Location",
    "Nothing",
    "confirmed",
    "localise",
]

INDEX, COMPUTE, MISSING, RACE = "index", "compute", "missing", "race"
INSTRUCTION, FAULT = "instruction", "fault"
BLAMED = 2.5  # after so many of those that the departure points at


@dataclass(frozen=True, slots=True)
class Location:
    """Where a candidate first goes wrong.

    `kind`: `index` (the wrong element: a bound, stride, offset, guard or the order of operands), `missing`
    (an element that is never written), `instruction` (what a declared instruction leaves or refuses: the wrong one, its
    length, direction, space, mask or an immediate), `compute` (the right element, a wrong value), `race` (the result
    depends on the order of threads), `fault` (it stopped). `suspects` are all places, most
    likely first; `run` is the number of the input on which it shows.
    """

    kind: str
    buffer: str
    index: int
    suspects: tuple[Place, ...]
    sentence: str
    run: int
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """The two agree on all inputs."""


def localise(
    before: Module,
    after: Module,
    inputs: Sequence[Inputs],
    buffers: Mapping[str, str] | None = None,
) -> Location | Nothing:
    """The first place where `after` departs from `before`, on the first of `inputs` on which it does.

    `buffers` maps a buffer of `after` to the one of `before` that it holds the values of.
    """
    for number, given in enumerate(inputs):
        expected = outcome(before, given)
        if expected is None or agrees(after, given, expected):
            continue
        old, new = record(before, given), record(after, given)
        old = _without(old, _resized(before, after))
        found = _compare(old, new, buffers or {}, number) or _undetermined(new, number)
        if not new.fault and found.kind != INDEX and _depends_on_order(before, after, given):
            found = replace(
                found, kind=RACE, sentence=f"the order of threads matters: {found.sentence}"
            )
        return replace(found, suspects=_ranked(before, after, found))
    return Nothing()


def _resized(before: Module, after: Module) -> frozenset[str]:
    """Arrays that both have, but not alike: their elements do not correspond."""
    shapes = [
        {s.name: s.shape for s in statements(p.kernels[0].body) if isinstance(s, Alloc)}
        for p in (before, after)
    ]
    return frozenset(n for n, shape in shapes[0].items() if shapes[1].get(n, shape) != shape)


def _without(recording: Recording, buffers: frozenset[str]) -> Recording:
    """The recording without the writes to some buffers."""
    kept = tuple(w for w in recording.writes if w.buffer not in buffers)
    return replace(recording, writes=kept)


def confirmed(location: Location, place: Place) -> Location:
    """The location, once a change at `place` alone is known to take the difference away."""
    others = tuple(p for p in location.suspects if p != place)
    return replace(location, suspects=(place, *others))


def _undetermined(new: Recording, run: int) -> Location:
    """The results differ, but not under observation."""
    suspects = tuple(s.path for s in new.sites)
    return Location(RACE, "", -1, suspects, "the results differ from run to run", run)


def _depends_on_order(before: Module, after: Module, given: Inputs) -> bool:
    """Whether the candidate gives other results when its threads run in another order, and only the candidate."""
    results = [[outcome(p, replace(given, order=n)) for n in (None, 3, 4)] for p in (before, after)]
    (first, *rest), (mine, *others) = results
    if first is None or mine is None or any(r is None or differs(first, r) for r in rest):
        return False
    return any(r is None or differs(mine, r) for r in others)


def _ranked(before: Module, after: Module, location: Location) -> tuple[Place, ...]:
    """All statements, most suspicious first.

    A statement that the predecessor has too, in the same surroundings, is the last to be wrong. Among the others
    those come first that the recorded departure points at: the blamed statement, what it reads, what is around.
    Where a pass put instructions in place of the predecessor's statements nearly all are new, and what the departure
    points at counts alone; but a variable that gets another value than before, without an instruction, is soon asked.
    """
    known = novelty(before, after)
    body = after.kernels[0].body
    everything = {p: n for n, (p, _) in enumerate(places(body))}
    arrays = {p for p, s in places(body) if isinstance(s, Alloc)}
    values = {
        p for p, s in places(body) if isinstance(s, Declare | Assign | For | If) and not called(s)
    }
    rewritten = calls_instructions(after)
    order = {p: n for n, p in reversed(list(enumerate(_pointed_at(location, rewritten))))}
    race = location.kind == RACE
    stopped = _unguarded_fault(after, location, known)

    def key(path: Place) -> tuple[bool, int, float, int]:
        news = known.get(path, SAME)
        nth: float = order.get(path, len(everything))
        if (race and news in (MOVED, UNGUARDED)) or (path == stopped and news == UNGUARDED):
            news = -1
        if rewritten:
            nth = min(nth, BLAMED) if news == CHANGED and path in values else nth
            news = int(news == SAME)
        return (path in arrays, news, nth, everything[path])

    return tuple(sorted(everything, key=key))


def _unguarded_fault(after: Module, location: Location, known: Mapping[Place, int]) -> Place | None:
    """What stops the program, if it has lost a guard: the one to ask first. A guard that is another one than before is
    itself what is wrong."""
    if location.kind != FAULT or not location.suspects:
        return None
    path = location.suspects[0]
    changed = any(known.get(p) == CHANGED and isinstance(at(after, p), If) for p in enclosing(path))
    return path if known.get(path) == UNGUARDED and not changed else None


def _pointed_at(location: Location, rewritten: bool) -> list[Place]:
    """The blamed statements, what they read and what is around them, in an order that fits the kind of error."""
    blamed = location.suspects if rewritten else location.suspects[:8]
    around = [place for suspect in blamed for place in enclosing(suspect)]
    # a wrong value comes from what is read, an element too many or too few from the loops around
    if location.kind == COMPUTE or (rewritten and location.kind != MISSING):
        return [*blamed, *around]
    first: list[Place] = []
    for suspect in blamed:
        own = enclosing(suspect)
        first += [*own, suspect] if location.kind == MISSING and not rewritten else [suspect, *own]
    return first


def _compare(
    old: Recording, new: Recording, buffers: Mapping[str, str], run: int
) -> Location | None:
    if new.fault and not old.fault:
        return _fault(new, run)
    wrong = _wrong_element(old, new)
    if wrong is None:
        return None
    buffer, index = wrong
    history = _history(old.writes)
    culprit = _first_unexpected(new, history, buffers, set(old.results))
    if culprit is not None:
        return _blame_write(new, culprit, history, buffers, run)
    return _blame_missing(old, new, buffer, index, run)


def _wrong_element(old: Recording, new: Recording) -> tuple[str, int] | None:
    for name, expected in old.results.items():
        got = new.results.get(name, [])
        for n, (a, b) in enumerate(zip(expected, got, strict=False)):
            if not same_value(a, b):
                return name, n
    return None


def _fault(new: Recording, run: int) -> Location:
    if new.last < 0:
        return Location(FAULT, "", -1, (), f"it stops before its first store: {new.fault}", run)
    site = new.sites[new.last]
    sentence = f"`{_text(site.stmt)}` stops the program: {new.fault}"
    suspects = (site.path, *_feeding(new, site.path, frozenset()))
    kind = INSTRUCTION if called(site.stmt) else FAULT
    return Location(kind, "", -1, suspects, sentence, run, site.stmt.span)


History = Mapping[str, Mapping[tuple[int, ...], list[float]]]


def _history(writes: Sequence[Write]) -> History:
    out: dict[str, dict[tuple[int, ...], list[float]]] = defaultdict(lambda: defaultdict(list))
    for w in writes:
        out[w.buffer][w.index].append(w.value)
    return out


def _first_unexpected(
    new: Recording, history: History, buffers: Mapping[str, str], outputs: set[str]
) -> Write | None:
    """The first store whose element and value the predecessor's buffer of that name never sees."""
    seen: dict[tuple[str, tuple[int, ...]], int] = defaultdict(int)
    for write in new.writes:
        name = buffers.get(write.buffer, write.buffer)
        if name not in history and name not in outputs:
            continue
        expected = history.get(name, {}).get(write.index)
        if expected is None:
            return write
        count = seen[write.buffer, write.index]
        seen[write.buffer, write.index] += 1
        position = min(count, len(expected) - 1)
        if same_value(expected[position], write.value):
            continue
        if not any(same_value(v, write.value) for v in expected):
            return write
    return None


def _blame_write(
    new: Recording, write: Write, history: History, buffers: Mapping[str, str], run: int
) -> Location:
    site = new.sites[write.site]
    name = buffers.get(write.buffer, write.buffer)
    elements = history.get(name, {})
    shown = ", ".join(map(str, write.index))
    flat = write.index[0] if write.index else 0
    # what instructions leave unwritten shows only where it is read
    known = frozenset() if called(site.stmt) else frozenset(history) | set(new.results)
    suspects = (site.path, *_feeding(new, site.path, known))
    if write.index not in elements:
        sentence = (
            f"`{_text(site.stmt)}` writes {write.buffer}[{shown}], which is never written before"
        )
        return Location(INDEX, write.buffer, flat, suspects, sentence, run, site.stmt.span)
    elsewhere = [
        i for i, values in elements.items() if any(same_value(v, write.value) for v in values)
    ]
    expected = elements[write.index][-1]
    if elsewhere and len(elsewhere) < max(2, len(elements) // 4):
        place = ", ".join(map(str, elsewhere[0]))
        sentence = f"`{_text(site.stmt)}` writes to {write.buffer}[{shown}] the value that belongs to [{place}]"
        return Location(INDEX, write.buffer, flat, suspects, sentence, run, site.stmt.span)
    sentence = (
        f"`{_text(site.stmt)}` writes {write.value:.6g} to {write.buffer}[{shown}], "
        f"where {expected:.6g} is expected"
    )
    kind = INSTRUCTION if called(site.stmt) else COMPUTE
    return Location(kind, write.buffer, flat, suspects, sentence, run, site.stmt.span)


def _feeding(new: Recording, path: Place, known: frozenset[str]) -> tuple[Place, ...]:
    """Sites that compute what the statement at `path` reads: scalars, and arrays not in `known`.

    What `known` arrays hold was compared with the predecessor when it was written. A statement that wrote fewer
    elements than its neighbours comes first, then the nearest.
    """
    numbers = [n for n, s in enumerate(new.sites) if s.path == path]
    if not numbers:
        return ()
    at, written = numbers[0], _written(new)
    # what stands before, the nearest first, then what a loop brings round
    nearest = [*new.sites[:at][::-1], *new.sites[at:][::-1]]
    found: dict[Place, float] = {}
    level = [new.sites[at].stmt]
    while level:
        names = {n for stmt in level for n in _read(stmt)}
        wanted = {n for stmt in level for n in sources(stmt)} - known
        level = []
        for site in nearest:
            mine = written.get(site.path, {})
            feeds = isinstance(site.stmt, Assign | Declare) and site.stmt.name in names
            if site.path == path or site.path in found or not (feeds or wanted & set(mine)):
                continue
            found[site.path] = max(mine.values(), default=0)
            level.append(site.stmt)
    most = max(found.values(), default=0)
    return tuple(sorted(found, key=lambda p: not 0 < found[p] < 0.9 * most))


def _written(new: Recording) -> Mapping[Place, Mapping[str, float]]:
    """How many elements of which arrays each site wrote each time, on the average."""
    out: dict[Place, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    times = Counter(number for number, _ in new.visits)
    for write in new.writes:
        out[new.sites[write.site].path][write.buffer] += 1 / max(1, times[write.site])
    return out


def _read(stmt: Stmt) -> set[str]:
    return {n for e in expressions(stmt) for n in variables(e)}


def _blame_missing(old: Recording, new: Recording, buffer: str, index: int, run: int) -> Location:
    """A statement of the candidate that stores to `buffer` should have written the element."""
    stores = [s for s in new.sites if _stores_to(s.stmt, buffer)]
    written = {w.index for w in new.writes if w.buffer == buffer}
    expected = {w.index for w in old.writes if w.buffer == buffer}
    lost = len(expected - written)
    if not stores:
        return Location(MISSING, buffer, index, (), f"nothing is stored to {buffer!r}", run)
    counts = {s.path: sum(new.sites[w.site].path == s.path for w in new.writes) for s in stores}
    ranked = sorted(stores, key=lambda s: counts[s.path])
    site = ranked[0]
    what = (
        f"{lost} elements of {buffer} are never written"
        if lost
        else f"{buffer}[{index}] is not final"
    )
    sentence = f"{what}, the first one {index}: see `{_text(site.stmt)}` and the loops and guards around it"
    suspects = tuple(s.path for s in ranked)
    if called(site.stmt):
        suspects += _feeding(new, site.path, frozenset(old.results))
    return Location(MISSING, buffer, index, suspects, sentence, run, site.stmt.span)


def _stores_to(stmt: Stmt, buffer: str) -> bool:
    match stmt:
        case Store(buffer=name):
            return name == buffer
        case Evaluate():
            return buffer in arrays_read(stmt)
        case _:
            return False


def _text(stmt: Any) -> str:
    return print_stmt(stmt).strip().splitlines()[0].rstrip(" {;")
