"""What the interval analysis knows at a point of a program, and what it finds out once about an expression."""

from __future__ import annotations

from dataclasses import field
from typing import NamedTuple

from xpiler.ir.nodes import Binary, Expr
from xpiler.ir.walk import variables
from xpiler.records import dataclass
from xpiler.verify.cases.interval import ANY, Interval

__all__ = ["Env", "Known", "Notes"]


class Known(NamedTuple):
    """Of one expression: itself (so that its identity stays its own), a number that equal ones share, the variables that
    it reads, the numbers and the expressions of the sum that it is."""

    expr: Expr
    number: int
    names: frozenset[str]
    term_numbers: tuple[int, ...]
    terms: tuple[Expr, ...]


@dataclass(slots=True)
class Notes:
    """`Known` by the identity of an expression: comparing and hashing trees again and again is what takes time.

    `reals`: whether ranges of reals matter to the program.
    """

    reals: bool = True
    found: dict[int, Known] = field(default_factory=dict)
    numbers: dict[Expr, int] = field(default_factory=dict)
    differences: dict[tuple[int, int], Expr] = field(default_factory=dict)

    def difference(self, a: Expr, b: Expr) -> Expr:
        """`a - b`, always the same object."""
        key = (self.of(a).number, self.of(b).number)
        return self.differences.setdefault(key, Binary("-", a, b))

    def of(self, expr: Expr) -> Known:
        known = self.found.get(id(expr))
        if known is None:
            terms = _terms(expr)
            numbers = tuple([self.numbers.setdefault(t, len(self.numbers)) for t in terms])
            number = self.numbers.setdefault(expr, len(self.numbers))
            known = Known(expr, number, variables(expr), numbers, tuple(terms))
            self.found[id(expr)] = known
        return known


def _terms(expr: Expr) -> list[Expr]:
    if isinstance(expr, Binary) and expr.op == "+":
        return _terms(expr.a) + _terms(expr.b)
    return [expr]


@dataclass(slots=True)
class Env:
    """A range per variable, what it was defined as, ranges of other expressions (by their number).

    `pinned` variables keep their range whatever is assigned (an induction variable in its loop). `memo` holds what was
    evaluated since something changed last; `notes` are shared by all states of an analysis.
    """

    builtins: dict[str, Interval]
    values: dict[str, Interval] = field(default_factory=dict)
    definitions: dict[str, Known] = field(default_factory=dict)
    facts: dict[int, tuple[Known, Interval]] = field(default_factory=dict)
    pinned: dict[str, Interval] = field(default_factory=dict)
    depth: int = 0
    memo: dict[tuple[int, int, int], tuple[Expr, Interval]] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)

    def copy(self) -> Env:
        return Env(
            dict(self.builtins),
            dict(self.values),
            dict(self.definitions),
            dict(self.facts),
            dict(self.pinned),
            self.depth,
            memo=dict(self.memo),
            notes=self.notes,
        )

    def set(self, name: str, value: Interval) -> None:
        self.define(name, value, None)

    def pin(self, name: str, value: Interval) -> None:
        self.set(name, value)
        self.pinned[name] = value

    def define(self, name: str, value: Interval, definition: Expr | None) -> None:
        self.forget(frozenset((name,)))
        self.values[name] = self.pinned.get(name, value)
        if definition is not None:
            known = self.notes.of(definition)
            if name not in known.names:
                self.definitions[name] = known

    def forget(self, names: frozenset[str]) -> None:
        """Drop what was derived from variables that change."""
        self.memo.clear()
        for name in names:
            self.definitions.pop(name, None)
        for name in [n for n, e in self.definitions.items() if not e.names.isdisjoint(names)]:
            del self.definitions[name]
        for number in [n for n, (e, _) in self.facts.items() if not e.names.isdisjoint(names)]:
            del self.facts[number]

    def limit(self, name: str, limit: Interval) -> None:
        """`name` is known to lie in `limit` too."""
        self.memo.clear()
        self.values[name] = self.values.get(name, ANY).meet(limit)

    def limit_builtin(self, name: str, limit: Interval) -> None:
        self.memo.clear()
        self.builtins[name] = self.builtins.get(name, ANY).meet(limit)

    def fact(self, expr: Expr, limit: Interval) -> None:
        """Whatever `expr` is, it lies in `limit`."""
        self.memo.clear()
        known = self.notes.of(expr)
        if known.number in self.facts:
            limit = self.facts[known.number][1].meet(limit)
        self.facts[known.number] = (known, limit)

    def join(self, other: Env) -> Env:
        """What holds on both ways here."""
        values = {
            name: value.join(other.values[name])
            for name, value in self.values.items()
            if name in other.values
        }
        definitions = {
            n: e
            for n, e in self.definitions.items()
            if n in other.definitions and other.definitions[n].number == e.number
        }
        facts = {
            n: (e, v.join(other.facts[n][1]))
            for n, (e, v) in self.facts.items()
            if n in other.facts
        }
        builtins = {n: v.join(other.builtins[n]) for n, v in self.builtins.items()}
        pinned = {n: v for n, v in self.pinned.items() if other.pinned.get(n) == v}
        return Env(builtins, values, definitions, facts, pinned, notes=self.notes)

    def same(self, other: Env) -> bool:
        return self.values == other.values

    def widened(self, names: frozenset[str]) -> Env:
        """Give up on variables that kept changing."""
        values = {n: self.pinned.get(n, ANY) if n in names else v for n, v in self.values.items()}
        return Env(self.builtins, values, {}, {}, self.pinned, notes=self.notes)
