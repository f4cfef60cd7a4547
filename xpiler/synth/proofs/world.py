"""The symbols of one analysis: what is known of each, who shares it, and what the solver is asked about them.

A symbol belongs to the launch, to a block or to a thread. A second thread (of the same block, or of another) is the first
one with its symbols, and those of its block, under other names. A question takes along only what is known of the
symbols that it mentions, directly or through others.

Products of two unknowns are symbols too, to the solver: lemmas tell it how they grow. That is enough for rows and columns,
and quick, where the theory of non-linear integers is slow or endless. What the lemmas admit and products do not
is never taken for a counterexample: those are looked for with sizes that are numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from enum import IntEnum
from typing import Any

import z3

from xpiler.records import dataclass
from xpiler.synth.proofs.integers import Bool, End, Value
from xpiler.synth.proofs.lemmas import linear
from xpiler.synth.repair.solve import Query

__all__ = ["Level", "World"]

TIMEOUTS_MS = (800, 2000)
EXAMPLE_MS = 400
EFFORT = 4_000_000  # of the solver for one query: the same on a fast machine and a busy one

Term = Any
Note = Callable[[Query], None]


class Level(IntEnum):
    """Who shares a value."""

    LAUNCH = 0
    BLOCK = 1
    THREAD = 2


@dataclass
class World:
    """Symbols and what is known of them; `until` is the time (`time.perf_counter`) at which no more is asked."""

    note: Note
    until: float
    level: Level = Level.LAUNCH
    """Of the symbols that are made now, when nothing else says it."""
    obliged: Callable[[Term, Term], None] = lambda _, __: None
    levels: dict[str, Level] = field(default_factory=dict)
    intervals: dict[str, tuple[End, End]] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    """Symbols that stand for what memory holds, where nothing says which values those are."""
    _facts: dict[str, list[Term]] = field(default_factory=dict)
    _names: dict[int, tuple[Term, Value]] = field(default_factory=dict)
    _mentions: dict[int, tuple[Term, frozenset[str]]] = field(default_factory=dict)
    _copies: dict[str, tuple[str, str]] = field(default_factory=dict)
    _answers: dict[str, bool] = field(default_factory=dict)

    # --- symbols

    def fresh(self, stem: str, level: Level, lo: End = None, hi: End = None) -> Value:
        """A new symbol between two bounds."""
        name, turn = stem, 1
        while name in self.levels:
            turn += 1
            name = f"{stem}#{turn}"
        self.levels[name] = level
        self.intervals[name] = (lo, hi)
        term = z3.Int(name)
        facts = self._facts.setdefault(name, [])
        facts += [term >= lo] if lo is not None else []
        facts += [term <= hi] if hi is not None else []
        return Value(term, lo, hi)

    def unknown(self, lo: End, hi: End) -> Value:
        return self.fresh("?", self.level, lo, hi)

    def oblige(self, term: Term, cond: Term) -> None:
        self.obliged(term, cond)

    def define(self, symbol: Term, fact: Term) -> None:
        self._facts.setdefault(str(symbol), []).append(fact)

    def named(self, value: Value, stem: str = "t") -> Value:
        if value.known is not None or _is_symbol(value.term):
            return value
        key = value.term.get_id()
        if key not in self._names:
            level = self.level_of(value.term)
            # its interval may hold only where the program gets to: it is no fact
            found = Value(self.fresh(stem, level).term, value.lo, value.hi)
            self.intervals[str(found.term)] = (value.lo, value.hi)
            self.define(found.term, found.term == value.term)
            self._names[key] = (value.term, found)
        return self._names[key][1]

    def level_of(self, term: Bool) -> Level:
        """Who shares the value of a term."""
        levels = [self.levels.get(n, Level.THREAD) for n in self.mentions(term)]
        return max(levels, default=Level.LAUNCH)

    def mentions(self, term: Bool) -> frozenset[str]:
        """The symbols in a term."""
        if isinstance(term, bool):
            return frozenset()
        key = term.get_id()
        if key not in self._mentions:
            found: frozenset[str] = frozenset()
            if _is_symbol(term):
                found = frozenset({term.decl().name()})
            else:
                for child in term.children():
                    found |= self.mentions(child)
            # the term is kept too, so that no other one gets its number
            self._mentions[key] = (term, found)
        return self._mentions[key][1]

    # --- a second thread

    def other(self, term: Term, mark: str, levels: frozenset[Level]) -> Term:
        """The term of another thread: its symbols of these levels are marked."""
        swaps = []
        for name in self.mentions(term):
            if self.levels.get(name, Level.THREAD) in levels:
                copy = f"{name}{mark}"
                if copy not in self._copies:
                    self._copies[copy] = (name, mark)
                    self.levels[copy] = self.levels[name]
                    self.intervals[copy] = self.intervals.get(name, (None, None))
                    self._facts[copy] = []
                    self._facts[copy] = [
                        self.other(f, mark, levels) for f in self._facts.get(name, ())
                    ]
                swaps.append((z3.Int(name), z3.Int(copy)))
        return z3.substitute(term, *swaps) if swaps else term

    # --- questions

    def known(self, claims: Sequence[Term]) -> list[Term]:
        """The claims, and all that is known of what they mention."""
        return self._closure(claims)[0]

    def from_memory(self, terms: Sequence[Term]) -> bool:
        """Whether values depend on what memory holds."""
        names = {self._copies.get(n, (n, ""))[0] for n in self._closure(terms)[1]}
        return bool(names & self.loaded)

    def _closure(self, claims: Sequence[Term]) -> tuple[list[Term], set[str]]:
        found, seen = list(claims), set[str]()
        todo = [n for c in claims for n in self.mentions(c)]
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            for fact in self._facts.get(name, ()):
                found.append(fact)
                todo += self.mentions(fact) - seen
        return found, seen

    def impossible(self, claims: Iterable[Bool]) -> bool:
        """Whether nothing meets the claims; false too where that could not be found out."""
        asked = [c for c in claims if c is not True]
        if any(c is False for c in asked):
            return True
        whole = self.known(asked)
        text = " ".join(sorted(c.sexpr() for c in whole))
        if text not in self._answers:
            self._answers[text] = self._unsat(whole)
        return self._answers[text]

    def _unsat(self, claims: Sequence[Term]) -> bool:
        asked = linear(claims, self.intervals)
        answer = z3.unknown
        # what one procedure for linear integers does not end with, another may do at once
        for turn, most in enumerate(TIMEOUTS_MS):
            solver = self._solver(most, simple=turn > 0)
            solver.add(asked)
            answer = self._ask(solver)
            if answer != z3.unknown:
                break
        return bool(answer == z3.unsat)

    def example(self, claims: Iterable[Bool], numbers: Mapping[str, int]) -> Any | None:
        """A model of the claims in which these symbols are these numbers; None if there is none, or none was found."""
        asked = [c for c in claims if c is not True]
        if any(c is False for c in asked):
            return None
        swaps = [(z3.Int(n), z3.IntVal(v)) for n, v in numbers.items()]
        solver = self._solver(EXAMPLE_MS)
        for claim in self.known([*asked, *(s == v for s, v in swaps)]):
            solver.add(z3.simplify(z3.substitute(claim, *swaps)) if swaps else claim)
        return solver.model() if self._ask(solver) == z3.sat else None

    def _solver(self, most: int, simple: bool = False) -> Any:
        solver = z3.SimpleSolver() if simple else z3.Solver()
        if simple:
            solver.set("arith.solver", 2)
        left = max(1, round((self.until - time.perf_counter()) * 1000))
        solver.set("timeout", min(most, left))
        solver.set("rlimit", EFFORT)
        return solver

    def _ask(self, solver: Any) -> Any:
        if time.perf_counter() > self.until:
            return z3.unknown
        start = time.perf_counter()
        answer = solver.check()
        self.note(Query(solver.to_smt2(), str(answer), time.perf_counter() - start))
        return answer

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.perf_counter() > self.until


def _is_symbol(term: Term) -> bool:
    return bool(z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED)
