"""Loops of a symbolic run: an iteration that may be any, the one after it, and what is left behind.

A loop whose course is known (a halved stride, from 128 to 0) is run as it is. Of another, what its iterations have in common
is guessed and then shown: bounds of variables, and that one which grows by the same amount each time has grown by that
many times the amount. Of a loop with barriers the next iteration is run too: what follows the last barrier of one meets
what precedes the first one of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import z3

from xpiler.ir.nodes import (
    Assign,
    Barrier,
    Continue,
    Expr,
    For,
    WarpOp,
    While,
)
from xpiler.ir.walk import (
    assigned,
    declared,
    statements,
    variables,
)
from xpiler.passes.loop_recovery.scope import BLOCK_OPS, Scope, holds_collective
from xpiler.records import dataclass
from xpiler.synth.proofs.integers import Bool, Value, constant, either, negated
from xpiler.synth.proofs.loop_text import (
    certain,
    growth,
    may_leave,
    numbers_in,
    reads_memory,
    waits,
)
from xpiler.synth.proofs.touches import Meeting, Segments
from xpiler.synth.proofs.world import Level

if TYPE_CHECKING:
    from xpiler.synth.proofs.evaluate import Known
    from xpiler.synth.proofs.thread import Thread

__all__ = ["run_loop"]

TURNS = 40  # of a loop that is run as it is
SHORT = 8  # of a counted one
ROUNDS = 5

Env = dict[str, "Known"]
Term = Any
Claim = Callable[[Value], Bool]


def run_loop(thread: Thread, loop: For | While) -> None:
    """Run a loop. A thread that has left the loop round it changes nothing in this one."""
    flags = (thread.broken, thread.continued)
    left, before = either(*flags), dict(thread.eval.env)
    thread.broken = thread.continued = False
    if isinstance(loop, For):
        _for(thread, loop)
    elif not _course(thread, loop):
        _Any(thread, loop, loop.cond, None).run()
    thread.broken, thread.continued = flags
    if left is not False:
        for name, value in before.items():
            thread.eval.env[name] = thread.merged(left, value, thread.eval.env.get(name))


def _for(thread: Thread, loop: For) -> None:
    lo, hi, step = (thread.eval.integer(e) for e in (loop.lo, loop.hi, loop.step))
    lo, hi = (thread.eval.arithmetic.seen(v, loop.type) for v in (lo, hi))
    changed = assigned(loop.body) - declared(loop.body) - {loop.var}
    numbers = (lo.known, hi.known, step.known)
    moving = any(isinstance(thread.eval.env.get(n), Value) for n in changed)
    if None not in numbers and (moving or waits(loop)):
        first, end, by = (int(n or 0) for n in numbers)
        fits = thread.eval.arithmetic.fits(constant(end + by), loop.type)
        if fits and by > 0 and len(range(first, end, by)) <= SHORT:
            _counted(thread, loop, range(first, end, by))
            return
    counted = _Counted(loop, lo, hi, step)
    _Any(thread, loop, None, counted).run()


def _counted(thread: Thread, loop: For, values: range) -> None:
    """Each iteration in turn."""
    for value in values:
        thread.eval.env[loop.var] = constant(value)
        thread.block(loop.body)
        thread.continued = False
        if thread.dead is True:
            break


def _course(thread: Thread, loop: While) -> bool:
    """Run a loop whose condition is a known truth each time; False (and nothing done) when it is not."""
    start = _Snapshot(thread)
    for _ in range(TURNS):
        cond = thread.eval.truth(loop.cond)
        if cond is False:
            return True
        if cond is not True:
            break
        thread.block(loop.body)
        thread.continued = False
        if thread.broken is not False:
            break
    start.restore(thread)
    return False


class _Snapshot:
    """The state of a thread, to go back to."""

    def __init__(self, thread: Thread) -> None:
        self.env = dict(thread.eval.env)
        self.path = list(thread.eval.path)
        self.flags = (thread.gone, thread.broken, thread.continued)
        self.segments = {n: (list(s.open), list(s.closed)) for n, s in thread.segments.items()}
        self.lengths = (len(thread.touches), len(thread.wraps), len(thread.meetings))

    def restore(self, thread: Thread) -> None:
        thread.eval.env = dict(self.env)
        thread.eval.path[:] = self.path
        thread.gone, thread.broken, thread.continued = self.flags
        for name, (opened, closed) in self.segments.items():
            thread.segments[name].open = list(opened)
            thread.segments[name].closed = list(closed)
        touches, wraps, meetings = self.lengths
        del thread.touches[touches:]
        del thread.wraps[wraps:]
        del thread.meetings[meetings:]


@dataclass(frozen=True, slots=True)
class _Counted:
    loop: For
    lo: Value
    hi: Value
    step: Value


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What may hold of a variable in each iteration."""

    name: str
    claim: Claim


class _Any:
    """One loop, of which the iterations are not known one by one."""

    def __init__(
        self, thread: Thread, loop: For | While, cond: Expr | None, counted: _Counted | None
    ) -> None:
        self.thread, self.loop, self.cond, self.counted = thread, loop, cond, counted
        eval_ = thread.eval
        names = assigned(loop.body) - declared(loop.body)
        self.changed = sorted(n for n in names if n in eval_.env)
        self.entry: Env = {n: eval_.env[n] for n in self.changed}
        self.together = holds_collective(loop.body, Scope.BLOCK) or holds_collective(
            loop.body, Scope.GRID
        )
        self.linear = dict(self._growing())
        self.claims: list[_Candidate] = []
        self._symbols: dict[str, set[str]] = {}
        self._carried: dict[str, list[Term]] = {}

    def run(self) -> None:
        thread = self.thread
        self.claims = self._shown() if not thread.dry else []
        if waits(self.loop) and not thread.dry:
            self._with_barriers()
        else:
            self._iteration(self._somewhere("any"))
            self._carry()
        self._leave(thread.broken is not False)

    # --- states

    def _somewhere(self, stem: str) -> Value:
        """The state at the start of an iteration that may be any; the number of the iteration."""
        thread = self.thread
        uniform = self.together and self._uniform_course()
        turn = thread.world.fresh(f"{stem} turn", Level.BLOCK if uniform else Level.THREAD, 0)
        for name in self.changed:
            held = thread.eval.env[name] = self._held(name, turn)
            self._symbols.setdefault(name, set()).update(_mentioned(thread, held))
        for candidate in self.claims:
            value = thread.eval.env[candidate.name]
            if isinstance(value, Value):
                held = [p for p in thread.eval.path if p is not True]
                claim = z3.Implies(z3.And(held), candidate.claim(value))
                thread.world.define(value.term, claim)
        return turn

    def _held(self, name: str, turn: Value) -> Known:
        """A variable's value in that iteration."""
        thread, entry = self.thread, self.entry[name]
        if entry is None:
            return None
        level = Level.THREAD
        if self.together and name not in thread.uniform.divergent:
            level = Level.BLOCK
        if not isinstance(entry, Value):
            return bool_unknown(thread, level)
        if name in self.linear:
            by = self.linear[name]
            grown = thread.eval.arithmetic.plus(entry, thread.eval.arithmetic.times(turn, by))
            return thread.world.named(grown, name)
        return thread.world.fresh(name, level, *_type_range(thread, name))

    def _uniform_course(self) -> bool:
        uniform = self.thread.uniform
        if isinstance(self.loop, For):
            return self.loop.var not in uniform.divergent
        return uniform.uniform(self.loop.cond)

    def _counter(self, turn: Value) -> Bool:
        """Set the loop's variable; under what there is such an iteration."""
        counted, thread = self.counted, self.thread
        assert counted is not None
        arithmetic = thread.eval.arithmetic
        grown = arithmetic.plus(counted.lo, arithmetic.times(turn, counted.step))
        hi = None if counted.hi.hi is None else counted.hi.hi - 1
        lo = counted.lo.lo if (counted.step.lo or 0) > 0 else None
        value = Value(grown.term, lo if grown.lo is None else max(grown.lo, lo or grown.lo), hi)
        named = thread.world.named(value, counted.loop.var)
        thread.eval.env[counted.loop.var] = named
        return named.term < counted.hi.term

    def _iteration(self, turn: Value) -> Bool:
        """Run the body once; under what it is run."""
        held = self._once(turn)
        self._advanced()
        self.thread.eval.path.pop()
        return held

    def _once(self, turn: Value) -> Bool:
        """Run the body and stay on its path; under what it is run."""
        thread = self.thread
        if self.counted is not None:
            held = self._counter(turn)
        else:
            assert self.cond is not None
            held = thread.eval.truth(self.cond)
        thread.eval.path.append(held)
        thread.block(self.loop.body)
        thread.continued = False
        return held

    def _advanced(self) -> None:
        """The variable of a counted loop takes one step beyond its end, where it still is of its type."""
        counted, eval_ = self.counted, self.thread.eval
        if counted is None or self.thread.dead is True:
            return
        value = eval_.env.get(counted.loop.var)
        if isinstance(value, Value):
            eval_.stmt = counted.loop
            moved = eval_.arithmetic.plus(value, counted.step)
            eval_.arithmetic.held(moved, counted.loop.type)
            eval_.arithmetic.relied.append(moved.term)

    def _carry(self) -> None:
        """Remember what the iteration leaves in the variables."""
        for name in self.changed:
            terms = _terms(self.thread.eval.env.get(name))
            self._carried.setdefault(name, []).extend(terms)

    def _leave(self, may_break: bool) -> None:
        """The state after the loop."""
        thread = self.thread
        turn = self._somewhere("last")
        for name, terms in self._carried.items():
            for symbol in self._symbols[name]:
                thread.carried.setdefault(symbol, []).extend(terms)
        if may_break:
            self._broken_off(turn)
        if self.counted is not None:
            thread.eval.env.pop(self.counted.loop.var, None)
        elif not may_break and self.cond is not None:
            thread.dry += 1
            held = thread.eval.truth(self.cond)
            thread.dry -= 1
            if held is not True:
                thread.eval.path.append(negated(held))

    def _broken_off(self, turn: Value) -> None:
        """Where a `break` stands below what makes a variable grow, it may have grown once more than the loop has turned."""
        thread = self.thread
        level = thread.world.level_of(turn.term)
        breaks = [n for n, s in enumerate(self.loop.body) if may_leave(s)]
        extra: dict[int, Value] = {}
        for name, by in self.linear.items():
            place = next(
                n for n, s in enumerate(self.loop.body) if isinstance(s, Assign) and s.name == name
            )
            after = sum(n > place for n in breaks)
            value = thread.eval.env[name]
            if after and isinstance(value, Value):
                more = extra.setdefault(after, thread.world.fresh("once more", level, 0, 1))
                grown = thread.eval.arithmetic.times(more, by)
                thread.eval.env[name] = thread.eval.arithmetic.plus(value, grown)

    # --- barriers

    def _with_barriers(self) -> None:
        """An iteration, and the next one, each between its neighbours."""
        thread = self.thread
        before = thread.segments
        thread.segments = {name: Segments() for name in before}
        turn = self._somewhere("any")
        start: Env = dict(thread.eval.env)
        held = self._iteration(turn)
        self._carry()
        left = thread.broken
        self._left_together(held)
        first = thread.segments
        thread.segments = {name: Segments() for name in before}
        thread.again += 1
        following = thread.eval.arithmetic.plus(turn, constant(1))
        thread.eval.path.append(held)
        more = self._iteration(following)
        thread.eval.path.pop()
        thread.again -= 1
        second, thread.segments = thread.segments, before
        entered = self._entered(start, turn)
        for name, group in before.items():
            if first[name].closed and not certain(self.loop, name):
                thread.unsure = "a barrier in a loop stands where it may be left out"
            _laid(group, first[name], second[name], entered, either(negated(more), left))

    def _left_together(self, held: Bool) -> None:
        """A thread that leaves the loop is missed at its barriers by those that do not."""
        thread = self.thread
        if thread.broken is False or thread.again:
            return
        path = (*(p for p in thread.eval.path if p is not True), held, thread.broken)
        for stmt in statements(self.loop.body):
            of_block = isinstance(stmt, Barrier) and stmt.scope != "warp"
            if of_block or (isinstance(stmt, WarpOp) and stmt.op in BLOCK_OPS):
                assert isinstance(stmt, Barrier | WarpOp)
                thread.meetings.append(Meeting(stmt, path, thread.gone))

    def _entered(self, start: Mapping[str, Known], turn: Value) -> list[Bool]:
        """That an iteration is the first one."""
        found: list[Bool] = [turn.term == 0]
        for name in self.changed:
            a, b = start[name], self.entry[name]
            if isinstance(a, Value) and isinstance(b, Value) and name not in self.linear:
                found.append(a.term == b.term)
        return found

    # --- what iterations have in common

    def _growing(self) -> Iterator[tuple[str, Value]]:
        """Variables that grow by the same amount in each iteration."""
        if any(isinstance(s, Continue) for s in statements(self.loop.body)):
            return
        changed = assigned(self.loop.body) | {getattr(self.loop, "var", "")}
        for name in self.changed:
            writes = [s for s in statements(self.loop.body) if name in assigned((s,))]
            top = [s for s in self.loop.body if isinstance(s, Assign) and s.name == name]
            if len(top) != 1 or len([w for w in writes if isinstance(w, Assign)]) != 1:
                continue
            by = growth(top[0])
            if by is not None and not variables(by[0]) & changed and not reads_memory(by[0]):
                self.thread.dry += 1
                amount = self.thread.eval.integer(by[0])
                self.thread.dry -= 1
                if by[1] < 0:
                    amount = self.thread.eval.arithmetic.minus(constant(0), amount)
                yield name, amount

    def _shown(self) -> list[_Candidate]:
        """The guesses that hold at first and, where all of them hold, after an iteration as well."""
        thread, world = self.thread, self.thread.world
        claims = [
            c
            for name in self.changed
            for c in self._guesses(name)
            if name not in self.linear and self._at_first(c)
        ]
        rounds = 0
        while claims and rounds < ROUNDS:
            rounds += 1
            self.claims = claims
            start = _Snapshot(thread)
            thread.dry += 1
            turn = self._somewhere("some")
            self._iteration_alive(turn)
            path = [*thread.eval.path, *self._went_on]
            after = {c.name: thread.eval.env.get(c.name) for c in claims}
            kept = [c for c in claims if self._kept(c, after[c.name], path)]
            thread.dry -= 1
            start.restore(thread)
            if len(kept) == len(claims):
                return kept
            claims = kept
            if world.late:
                return []
        return []

    def _iteration_alive(self, turn: Value) -> None:
        thread = self.thread
        held = self._once(turn)
        # what holds where the loop is left by a `break` holds after it too
        self._went_on = [held, negated(thread.gone)]
        thread.eval.path.pop()

    def _at_first(self, candidate: _Candidate) -> bool:
        entry = self.entry[candidate.name]
        if not isinstance(entry, Value):
            return False
        return self._holds(candidate.claim(entry), self.thread.eval.path)

    def _kept(self, candidate: _Candidate, after: Known, path: Sequence[Bool]) -> bool:
        return isinstance(after, Value) and self._holds(candidate.claim(after), path)

    def _holds(self, claim: Bool, path: Sequence[Bool]) -> bool:
        return claim is True or self.thread.world.impossible([*path, negated(claim)])

    def _guesses(self, name: str) -> Iterator[_Candidate]:
        entry = self.entry[name]
        if not isinstance(entry, Value):
            return
        yield _Candidate(name, lambda v: v.term >= entry.term)
        yield _Candidate(name, lambda v: v.term <= entry.term)
        for number in numbers_in(self.loop):
            yield _Candidate(name, partial(_at_least, number))
            yield _Candidate(name, partial(_at_most, number))


def _at_least(number: int, value: Value) -> Bool:
    return value.term >= number


def _at_most(number: int, value: Value) -> Bool:
    return value.term <= number


def _laid(
    group: Segments, first: Segments, second: Segments, entered: list[Bool], last: Bool
) -> None:
    """Lay the groups of a loop's iterations between what comes before and what will come after; `last` holds where
    the first of them is the last one."""
    if not first.closed:
        group.joined(first.open)
        return
    head, *middle = first.closed
    group.closed.append([*group.open, *(t.under(*entered) for t in head)])
    group.closed += [*middle, head]
    group.closed.append([*first.open, *(second.closed[0] if second.closed else second.open)])
    # after the loop: its last iteration's end, or what came before where it is not run at all
    end = [t.under(last) for t in first.open]
    group.open = [*group.open, *end]


def _terms(value: Known) -> list[Term]:
    if isinstance(value, Value):
        return [value.term]
    return [] if value is None or isinstance(value, bool) else [value]


def _mentioned(thread: Thread, value: Known) -> Iterator[str]:
    for term in _terms(value):
        yield from thread.world.mentions(term)


def bool_unknown(thread: Thread, level: Level) -> Bool:
    """A truth of which nothing is known."""
    return thread.world.fresh("?", level, 0, 1).term != 0


def _type_range(thread: Thread, name: str) -> tuple[int | None, int | None]:
    """The widest that a variable can be: an unsigned one's term is only congruent to its value."""
    type_ = thread.types.get(name)
    if type_ is None or type_.kind != "int":
        return None, None
    return -(1 << (type_.bits - 1)), (1 << (type_.bits - 1)) - 1
