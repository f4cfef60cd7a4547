"""Races for all sizes: two threads touch one element, one of them writes it, and no barrier stands between.

Threads of one block are compared between two barriers of the block, threads of different blocks over the whole kernel
(between two barriers of the grid). Two threads of one warp do not race where a barrier of the warp stands between. Atomic
operations do not race among each other, nor do stores of one and the same number, which are counted apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import z3

from xpiler.ir.nodes import Barrier, Const, Return, Span, Store
from xpiler.ir.walk import statements
from xpiler.records import dataclass
from xpiler.synth.proofs.confirm import Met, Ran, Touched, thread_text
from xpiler.synth.proofs.inside import Trials
from xpiler.synth.proofs.integers import Bool
from xpiler.synth.proofs.others import OF_BLOCK, OF_GRID, WARP, apart, other, warp_of
from xpiler.synth.proofs.touches import Done, Meeting, Site, Touch
from xpiler.synth.proofs.verdicts import (
    Barriers,
    Divergent,
    Free,
    NotShown,
    Race,
    Races,
    Together,
    sizes_text,
)
from xpiler.synth.proofs.world import Level, World

__all__ = ["barriers_of", "may_meet", "races_of"]

Term = Any


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two accesses that may happen at the same time: by threads of one block (`near`) or of two. `warp`: they may also
    be by two threads of one warp."""

    first: Touch
    second: Touch
    near: bool
    warp: bool


def races_of(done: Done, trials: Trials) -> Races:
    """Whether any two threads race; the first race that a run confirms."""
    asked, alike = set[tuple[int, int]](), set[tuple[int, int]]()
    doubt = ""
    for pair in _pairs(done):
        if trials.world.late:
            return NotShown("out of time")
        key = (pair.first.site.number, pair.second.site.number)
        asked.add(key)
        claims = _claims(pair, trials)
        if claims is None or trials.world.impossible(claims):
            continue
        if _alike(pair.first.site, pair.second.site):
            alike.add(key)
            continue
        indices = [i.term for t in (pair.first, pair.second) for i in t.index]
        unsure = trials.world.from_memory(indices)
        race = None if unsure else _confirmed(pair, claims, trials)
        if isinstance(race, Race):
            return race
        doubt = doubt or (f"{_names(pair)} may meet in {pair.first.memory}, which no run has shown")
    if doubt or done.unsure:
        return NotShown(doubt or done.unsure)
    return Free(len(asked), len(alike))


def _pairs(done: Done) -> Iterator[_Pair]:
    """Each pair of accesses of one memory of which one writes, once for each way in which they may meet."""
    warps = _together(done.warps)
    seen = set[tuple[int, int, bool]]()
    for near, groups in ((True, done.blocks), (False, done.grids)):
        for group in groups:
            memories: dict[str, list[Touch]] = {}
            for touch in group:
                if touch.site.space == "global" or (near and touch.site.space == "shared"):
                    memories.setdefault(touch.memory, []).append(touch)
            for touches in memories.values():
                if all(t.site.kind == "read" for t in touches):
                    continue
                for a, b in itertools.combinations_with_replacement(touches, 2):
                    key = (id(a), id(b), near)
                    if key in seen or not _conflict(a.site, b.site):
                        continue
                    seen.add(key)
                    yield _Pair(a, b, near, bool(warps.get(id(a), set()) & warps.get(id(b), set())))


def _together(groups: Sequence[Sequence[Touch]]) -> Mapping[int, set[int]]:
    """For each touch the groups that it is in."""
    found: dict[int, set[int]] = {}
    for number, group in enumerate(groups):
        for touch in group:
            found.setdefault(id(touch), set()).add(number)
    return found


def _conflict(a: Site, b: Site) -> bool:
    kinds = {a.kind, b.kind}
    return "write" in kinds or kinds == {"read", "atomic"}


def _alike(one: Site, two: Site) -> bool:
    """Stores of one and the same number: whichever comes last, the element holds it."""
    a, b = one.stmt, two.stmt
    if one.kind != "write" or two.kind != "write":
        return False
    if not isinstance(a, Store) or not isinstance(b, Store):
        return False
    return isinstance(a.value, Const) and a.value == b.value


def _claims(pair: _Pair, trials: Trials) -> list[Bool] | None:
    """That the two meet; None where they cannot, whatever the sizes."""
    world, builtins = trials.world, trials.setting.builtins
    levels = OF_BLOCK if pair.near else OF_GRID
    a, b = pair.first, pair.second
    claims: list[Bool] = [*a.path, *(other(p, world, levels) for p in b.path)]
    prefix = "threadIdx" if pair.near else "blockIdx"
    axes = [v.term for n, v in builtins.items() if n.startswith(f"{prefix}.") and v.known is None]
    if not axes:
        return None
    claims.append(z3.Or([t != other(t, world, levels) for t in axes]))
    if pair.near and (not pair.warp or (a.site.wide and b.site.wide)):
        warp = warp_of(builtins)
        claims.append(warp != other(warp, world, levels))
    if len(a.index) != len(b.index) or a.offset is not None or b.offset is not None:
        claims += _overlap(a, b, world, levels)
    else:
        pairs = zip(a.index, b.index, strict=True)
        claims += [x.term == other(y.term, world, levels) for x, y in pairs]
    return claims


def _overlap(a: Touch, b: Touch, world: World, levels: frozenset[Level]) -> list[Bool]:
    """Two views of one memory (dynamic shared memory, a buffer passed twice): their bytes overlap."""
    if a.size == b.size and a.offset is not None and b.offset is not None:
        if a.offset.term.eq(b.offset.term):
            return [a.index[-1].term == other(b.index[-1].term, world, levels)]
    x, y = _start(a), other(_start(b), world, levels)
    return [x < y + b.size, y < x + a.size]


def _start(touch: Touch) -> Term:
    """The first byte that is touched."""
    offset = 0 if touch.offset is None else touch.offset.term
    return offset + touch.size * touch.index[-1].term


def _names(pair: _Pair) -> str:
    a, b = pair.first.site, pair.second.site
    return f"{a.text} of two threads" if a.text == b.text else f"{a.text} and {b.text}"


# --- runs --------------------------------------------------------------------------------------


def _confirmed(pair: _Pair, claims: Sequence[Bool], trials: Trials) -> Race | None:
    """A run in which the two accesses meet."""
    sites = tuple(dict.fromkeys((pair.first.site, pair.second.site)))
    for sizes in trials.rows():
        if trials.world.late:
            return None
        if trials.world.example(claims, sizes) is None:
            continue
        run = trials.run(sizes, sites, 0)
        met = None if run is None else _met(run, sites, pair)
        if run is not None and met is not None:
            race = _race(run, sites, met, tuple(sizes.items()))
            return replace(race, own=dict(sizes) in trials.case.shapes)
    return None


def _met(run: Ran, sites: Sequence[Site], pair: _Pair) -> Met | None:
    """Two touches of the run that are of one element and of two threads, with no barrier between."""
    shared = pair.first.site.space == "shared"
    if pair.first.site.buffer != pair.second.site.buffer:
        return None
    seen: dict[tuple[object, ...], list[Touched]] = {}
    for touched in run.touched:
        place = (touched.block, *touched.index) if shared else touched.index
        for old in seen.setdefault(place, []):
            if may_meet(old, touched, sites):
                return Met(old, touched)
        if len(seen[place]) < 64:
            seen[place].append(touched)
    return None


def may_meet(a: Touched, b: Touched, sites: Sequence[Site]) -> bool:
    """Whether two touches of one element, as a run has logged them, are a race."""
    one, two = sites[a.site], sites[b.site]
    if not _conflict(one, two) or _alike(one, two):
        return False
    if a.block != b.block:
        return True
    if a.thread == b.thread or a.since != b.since:
        return False
    return a.thread // WARP != b.thread // WARP or a.of_warp == b.of_warp


def _race(run: Ran, sites: Sequence[Site], met: Met, sizes: tuple[tuple[str, int], ...]) -> Race:
    a, b = met.first, met.second
    one, two = sites[a.site], sites[b.site]
    element = one.buffer + "".join(f"[{i}]" for i in a.index)
    block = run.concrete.block
    if a.block == b.block:
        first, second = (_thread(t.thread, block) for t in (a, b))
        who = f"threads {first} and {second} of a block"
    else:
        who = " and ".join(thread_text(run.concrete, t.block, t.thread) for t in (a, b))
    how = {"read": "reads", "write": "writes", "atomic": "changes"}
    first, second = _lines(one.span, two.span)
    what = f"one {how[one.kind]} it{first}, the other {how[two.kind]} it{second}"
    wall = " with no barrier between" if a.block == b.block else ""
    sentence = f"{who} both touch {element}{wall}: {what}{sizes_text(sizes)}"
    return Race(sentence, sizes, (one.span, two.span), a.block == b.block)


def _thread(linear: int, block: tuple[int, int, int]) -> str:
    x, y, z = block
    if y == z == 1:
        return str(linear)
    parts = [linear % x, linear // x % y] + ([linear // (x * y)] if z > 1 else [])
    return f"({', '.join(map(str, parts))})"


def _lines(one: Span | None, two: Span | None) -> tuple[str, str]:
    """Where two accesses stand: lines of one file, or of two."""
    if one is None or two is None:
        return "", ""
    if one.file == two.file:
        return f" in line {one.line}", f" in line {two.line}"
    return f" at {one.file}:{one.line}", f" at {two.file}:{two.line}"


# --- barriers ----------------------------------------------------------------------------------


def barriers_of(done: Done, trials: Trials) -> Barriers:
    """Whether the threads of a block that still run reach each barrier together."""
    places = {id(m.stmt) for m in done.meetings}
    for meeting, levels in _ways(done):
        if trials.world.late:
            return NotShown("out of time")
        claims = apart(meeting.path, meeting.gone, trials.world, levels)
        if not trials.world.impossible(claims):
            found = _stuck(meeting, claims, trials)
            if found is not None:
                return found
            place = f" at {meeting.stmt.span}" if meeting.stmt.span else ""
            return NotShown(f"whether all threads reach the barrier{place} depends on values")
    return Together(len(places))


def _ways(done: Done) -> Iterator[tuple[Meeting, frozenset[Level]]]:
    """Each barrier with those that have to meet there: threads of a block, for one of the grid those of all."""
    for meeting in done.meetings:
        yield meeting, OF_BLOCK
        if isinstance(meeting.stmt, Barrier) and meeting.stmt.scope == "grid":
            yield meeting, OF_GRID


def _parted(run: Ran, trials: Trials) -> bool:
    """Whether threads of a block waited at different barriers, or not all as often though none ends early."""
    if run.fault:
        return "different barriers" in run.fault
    if any(isinstance(s, Return) for s in statements(trials.module.kernels[0].body)):
        return False
    x, y, z = run.concrete.block
    blocks = {block for block, _ in run.waited}
    return any(
        len({run.waited.get((block, t), 0) for t in range(x * y * z)}) > 1 for block in blocks
    )


def _stuck(meeting: Meeting, claims: Sequence[Bool], trials: Trials) -> Divergent | None:
    for sizes in trials.rows():
        if trials.world.late:
            return None
        if trials.world.example(claims, sizes) is None:
            continue
        run = trials.run(sizes, (), 0)
        if run is not None and _parted(run, trials):
            place = f" at {meeting.stmt.span}" if meeting.stmt.span else ""
            text = f"only some threads of a block reach the barrier{place}"
            shape = tuple(sizes.items())
            own = dict(sizes) in trials.case.shapes
            return Divergent(f"{text}{sizes_text(shape)}", shape, meeting.stmt.span, own)
    return None
