"""Bounds for all sizes: no index is below 0 or beyond its array's end wherever the program gets to.

What the solver cannot exclude is looked for at small sizes, and run; an index that does not leave its array in the run is
"not shown".
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import z3

from xpiler.ir.nodes import Module, Span
from xpiler.records import dataclass
from xpiler.synth.proofs.confirm import Ran, ran, thread_text
from xpiler.synth.proofs.integers import Bool
from xpiler.synth.proofs.setting import LARGEST, Setting
from xpiler.synth.proofs.touches import Done, Site, Touch, Wrap
from xpiler.synth.proofs.verdicts import (
    AccessVerdict,
    Bounds,
    Fits,
    Inside,
    MayWrap,
    NotShown,
    Outside,
    Overflow,
)
from xpiler.synth.proofs.world import World
from xpiler.verify.cases.case import Case

__all__ = ["Trials", "accesses_of", "overflow_of"]

SMALL = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100, 255, 257)
ROWS = 24
SEARCH = 2.0  # seconds, for a counterexample to one access
LARGE = (LARGEST, LARGEST // 2 + 1)
ROOT = 46341  # the least number whose square is beyond 2^31


@dataclass
class Trials:
    """One case of a kernel: its symbols, the sizes at which counterexamples are looked for, and how they are run."""

    module: Module
    case: Case
    setting: Setting
    world: World
    runs: dict[tuple[tuple[tuple[str, int], ...], tuple[int, ...], int], Ran | None] = field(
        default_factory=dict
    )

    def rows(self) -> Iterator[dict[str, int]]:
        """Sizes to try: the case's own, then small ones. Where some are loose, only the case's own go together."""
        names = [n for n, _ in self.case.sizes]
        seen = set[tuple[int, ...]]()
        shapes = sorted(self.case.shapes, key=lambda s: sum(s.values()))
        tried: list[dict[str, int]] = list(shapes)
        if not self.setting.loose:
            tried += [dict.fromkeys(names, v) for v in (1, 2)]
            for turn in range(ROWS):
                tried.append(
                    {
                        n: SMALL[(turn * (7 + 4 * k) + 3 * k) % len(SMALL)]
                        for k, n in enumerate(names)
                    }
                )
        for row in tried:
            key = tuple(row.values())
            if key not in seen:
                seen.add(key)
                yield row

    def run(self, sizes: Mapping[str, int], sites: Sequence[Site], seed: int) -> Ran | None:
        """The kernel at these sizes."""
        key = (tuple(sizes.items()), tuple(s.number for s in sites), seed)
        if key not in self.runs:
            self.runs[key] = ran(self.module, self.case, sizes, sites, seed)
        return self.runs[key]


def accesses_of(done: Done, trials: Trials) -> Iterator[tuple[Site, Bounds]]:
    """A verdict for each access of the text."""
    groups: dict[Site, list[Touch]] = {}
    for touch in done.touches:
        groups.setdefault(touch.site, []).append(touch)
    for site, touches in groups.items():
        yield site, _of_site(site, touches, trials)


def _of_site(site: Site, touches: Sequence[Touch], trials: Trials) -> Bounds:
    for touch in touches:
        if None in touch.shape or not touch.shape:
            return NotShown(f"how many elements {site.buffer} has is not known")
        if trials.world.late:
            return NotShown("out of time")
        if not _is_inside(touch, trials.world):
            return _counterexample(touch, trials)
    return Inside()


def _is_inside(touch: Touch, world: World) -> bool:
    for value, extent in zip(touch.index, touch.shape, strict=True):
        assert extent is not None
        if extent.lo is not None and value.within(0, extent.lo - 1):
            continue
        outside = z3.Or(value.term < 0, value.term >= extent.term)
        if not world.impossible([*touch.path, outside]):
            return False
    return True


def _counterexample(touch: Touch, trials: Trials) -> Bounds:
    """A run in which the access leaves its array."""
    outside = z3.Or(
        [
            z3.Or(i.term < 0, i.term >= e.term)
            for i, e in zip(touch.index, touch.shape, strict=True)
            if e is not None
        ]
    )
    if trials.world.from_memory([i.term for i in touch.index]):
        return NotShown("it depends on values in memory")
    possible, until = False, time.perf_counter() + SEARCH
    for sizes in trials.rows():
        if trials.world.late or time.perf_counter() > until:
            break
        if trials.world.example([*touch.path, outside], sizes) is None:
            continue
        possible = True
        found = _outside(touch, trials, sizes)
        if found is not None:
            return found
    if not possible:
        return NotShown("the solver could neither prove it nor find sizes at which it fails")
    return NotShown("it depends on values that no run has shown to be wrong")


def _outside(touch: Touch, trials: Trials, sizes: Mapping[str, int]) -> Outside | None:
    for seed in (0, 1):
        run = trials.run(sizes, (touch.site,), seed)
        if run is None or not run.fault or not run.touched:
            continue
        last = run.touched[-1]
        extents = [
            run.extents.get(touch.site.buffer) if e is None or e.known is None else e.known
            for e in touch.shape
        ]
        for index, extent in zip(last.index, extents, strict=True):
            if extent is not None and not 0 <= index < extent:
                thread = thread_text(run.concrete, last.block, last.thread)
                own = dict(sizes) in trials.case.shapes
                return Outside(tuple(sizes.items()), thread, index, extent, own)
    return None


# --- integers ----------------------------------------------------------------------------------


def overflow_of(done: Done, trials: Trials) -> Overflow:
    """Whether an integer on which an index or a condition depends may wrap round."""
    world = trials.world
    needed = _terms_of(done, world)
    wraps = list(_each(done.wraps, needed))
    beyond: MayWrap | None = None
    for wrap in wraps:
        if world.late:
            return NotShown("out of time")
        claims = [*wrap.path, z3.Not(wrap.fits)]
        if world.impossible([*claims, *trials.setting.modest[31]]):
            continue
        if not world.impossible([*claims, *trials.setting.modest[30]]):
            return _wraps_at(wrap, claims, trials)
        if beyond is None:
            found = _wraps_at(wrap, claims, trials)
            beyond = found if isinstance(found, MayWrap) else MayWrap((), _place(wrap))
    if beyond is not None:
        return Fits(len(wraps), 30, beyond)
    return Fits(len(wraps))


def _each(wraps: Sequence[Wrap], needed: set[int]) -> Iterator[Wrap]:
    """Each obligation once."""
    seen = set[str]()
    for wrap in wraps:
        if wrap.term.get_id() in needed:
            text = " ".join(c.sexpr() for c in (wrap.fits, *wrap.path))
            if text not in seen:
                seen.add(text)
                yield wrap


def _place(wrap: Wrap) -> Span | None:
    return wrap.stmt.span if wrap.stmt is not None else None


def _wraps_at(wrap: Wrap, path: Sequence[Bool], trials: Trials) -> MayWrap | NotShown:
    span, claims = _place(wrap), [*path, *trials.setting.modest[31]]
    names = [n for n, _ in trials.case.sizes]
    place = f" at {span}" if span else ""
    if trials.setting.loose or not names:
        return NotShown(f"an operation{place} could not be shown to fit its type")
    alone = [{n: large if n == name else 1 for n in names} for name in names for large in LARGE]
    pairs = itertools.permutations(names, 2)
    two = [{n: ROOT if n in pair else 1 for n in names} for pair in pairs]
    for row in (*alone, *two):
        if trials.world.example(claims, row) is not None:
            return MayWrap(tuple(row.items()), span)
    return NotShown(f"an operation{place} could not be shown to fit its type")


def _terms_of(done: Done, world: World) -> set[int]:
    """All terms that indices, and what leads to them, are made of."""
    carried = dict(done.carried)
    claims = [c for t in done.touches for c in (*t.path, *(i.term for i in t.index))]
    claims = [c for c in (*claims, *done.decided) if not isinstance(c, bool)]
    todo = list[Any]()
    while claims:
        todo = world.known([*todo, *claims])
        names = {n for t in todo for n in world.mentions(t)} & carried.keys()
        claims = [t for n in sorted(names) for t in carried.pop(n)]
    seen = set[int]()
    while todo:
        term = todo.pop()
        if term.get_id() not in seen:
            seen.add(term.get_id())
            todo += term.children()
    return seen


def joined(found: Sequence[Sequence[tuple[Site, Bounds]]]) -> tuple[AccessVerdict, ...]:
    """One verdict for each access, from those of all cases: the worst."""
    worst: dict[tuple[str, str, str], AccessVerdict] = {}
    for case in found:
        for site, verdict in case:
            place = str(site.span) if site.span else str(site.number)
            key = (site.text, site.kind, place)
            old = worst.get(key)
            if old is None or _rank(verdict) > _rank(old.verdict):
                worst[key] = AccessVerdict(site.text, site.kind, site.space, site.span, verdict)
    return tuple(worst.values())


def _rank(verdict: Bounds) -> int:
    return 0 if isinstance(verdict, Inside) else 2 if isinstance(verdict, Outside) else 1
