"""Integers of a program as terms of Z3, with C's types.

A `Value` is a term and an interval that it is known to lie in. A signed integer's term is its value, as long as nothing
wraps round; an unsigned one's is congruent to it modulo 2^bits, so that `(int)(threadIdx.x - 1u)` is what a person reads.
Wherever an operation may wrap, that is noted as an obligation (`Wrap`), which is a question of its own: what is shown
about the terms holds of the program as long as no obligation is broken.
"""

from __future__ import annotations

from typing import Any, Protocol

import z3

from xpiler.ir.smt import c_div, c_rem
from xpiler.ir.types import Scalar
from xpiler.records import dataclass

__all__ = ["Arithmetic", "Bool", "End", "Symbols", "Value", "both", "constant", "either", "negated"]

Term = Any  # z3 expressions: the library has no useful types
Bool = Any
"""A truth: a Python bool where it is known, else a term of Z3."""
End = int | None
"""A bound; None: there is none."""


@dataclass(frozen=True, slots=True)
class Value:
    """An integer. `lo` and `hi` are bounds of its term; None: not known."""

    term: Term
    lo: End = None
    hi: End = None

    @property
    def known(self) -> int | None:
        """The number, where it is one."""
        return self.lo if self.lo is not None and self.lo == self.hi else None

    def within(self, lo: int, hi: int) -> bool:
        """Whether it is known to lie in [lo, hi]."""
        return self.lo is not None and self.hi is not None and lo <= self.lo and self.hi <= hi


def constant(number: int) -> Value:
    return Value(z3.IntVal(number), number, number)


# --- truths ------------------------------------------------------------------------------------


def both(a: Bool, b: Bool) -> Bool:
    if a is False or b is False:
        return False
    if a is True:
        return b
    return a if b is True else z3.And(a, b)


def either(a: Bool, b: Bool) -> Bool:
    if a is True or b is True:
        return True
    if a is False:
        return b
    return a if b is False else z3.Or(a, b)


def negated(a: Bool) -> Bool:
    return (not a) if isinstance(a, bool) else z3.Not(a)


# --- intervals ---------------------------------------------------------------------------------


def _sum(a: End, b: End) -> End:
    return None if a is None or b is None else a + b


def _product(a: Value, b: Value) -> tuple[End, End]:
    if a.lo is None or b.lo is None:
        return None, None
    if a.hi is not None and b.hi is not None:
        corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
        return min(corners), max(corners)
    return (a.lo * b.lo, None) if a.lo >= 0 and b.lo >= 0 else (None, None)


def _hull(a: Value, b: Value) -> tuple[End, End]:
    lo = None if a.lo is None or b.lo is None else min(a.lo, b.lo)
    hi = None if a.hi is None or b.hi is None else max(a.hi, b.hi)
    return lo, hi


def _least(a: End, b: End) -> End:
    return b if a is None else a if b is None else min(a, b)


def _limits(type_: Scalar) -> tuple[int, int]:
    if type_.kind == "int":
        return -(1 << (type_.bits - 1)), (1 << (type_.bits - 1)) - 1
    return 0, (1 << type_.bits) - 1


class Symbols(Protocol):
    """Who names what comes up."""

    def oblige(self, term: Term, cond: Term) -> None:
        """`cond` has to hold so that the operation whose result is `term` does not wrap round, or divide by zero."""

    def unknown(self, lo: End, hi: End) -> Value:
        """A value between two bounds of which nothing else is known."""

    def named(self, value: Value) -> Value:
        """The value as a single symbol: what is multiplied by something unknown is to be one factor."""

    def define(self, symbol: Term, fact: Term) -> None:
        """What is true of a symbol by its making. It must be possible whatever the other symbols are: facts hold
        also where the program does not get to."""


class Arithmetic:
    """C's operations on values."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._named, self._unknown = symbols.named, symbols.unknown
        self.relied: list[Term] = []
        """Terms on whose interval something was decided: the course depends on them, though no condition shows it."""

    # --- types

    def fitted(self, value: Value, type_: Scalar) -> Value:
        """A signed result, which must be a number of its type; unsigned ones are congruent as they are."""
        if type_.kind != "int":
            return value
        return self._in(value, *_limits(type_))

    def held(self, value: Value, type_: Scalar) -> Value:
        """A result that must be a number of its type, also of an unsigned one."""
        return self._in(value, *_limits(type_))

    def fits(self, value: Value, type_: Scalar) -> bool:
        """Whether it is known to be a number of a type."""
        return value.within(*_limits(type_))

    def _in(self, value: Value, lo: int, hi: int) -> Value:
        if value.within(lo, hi):
            return value
        if value.known is not None:
            return constant((value.known - lo) % (hi - lo + 1) + lo)
        self._symbols.oblige(value.term, z3.And(value.term >= lo, value.term <= hi))
        low = lo if value.lo is None or value.lo < lo else value.lo
        high = hi if value.hi is None or value.hi > hi else value.hi
        if low == high:
            self.relied.append(value.term)
        return Value(value.term, low, high) if low <= high else value

    def seen(self, value: Value, type_: Scalar) -> Value:
        """The number that a comparison, a division or a wider type sees."""
        if type_.kind != "uint":
            return value
        top = 1 << type_.bits
        if value.lo is not None and value.lo >= 0:
            return self._in(value, 0, top - 1)
        self._in(value, -top, top - 1)
        return self._named(Value(z3.If(value.term < 0, value.term + top, value.term), 0, top - 1))

    def converted(self, value: Value, source: Scalar, target: Scalar) -> Value:
        """C's conversion between integers."""
        if target.bits < 32:
            return self._narrowed(value, target)
        if target.kind == "uint":
            return value if source.bits >= target.bits else self.seen(value, source)
        if source.kind == "uint" and source.bits < target.bits:
            return self.seen(value, source)
        return self._in(value, *_limits(target))

    def _narrowed(self, value: Value, target: Scalar) -> Value:
        lo, hi = _limits(target)
        if value.within(lo, hi):
            return value
        top = 1 << target.bits
        rest = self._named(Value(value.term % top, 0, top - 1))
        if target.kind != "int":
            return rest
        return self._named(Value(z3.If(rest.term > hi, rest.term - top, rest.term), lo, hi))

    # --- operations

    def binary(self, op: str, a: Value, b: Value, type_: Scalar) -> Value:
        """`a op b` in a type of at least 32 bits."""
        match op:
            case "+":
                return self.fitted(self.plus(a, b), type_)
            case "-":
                return self.fitted(self.minus(a, b), type_)
            case "*":
                return self.fitted(self.times(a, b), type_)
            case "/" | "%":
                return self._divided(op, self.seen(a, type_), self.seen(b, type_), type_)
            case "<<":
                by = b.known
                if by is not None and 0 <= by < type_.bits:
                    return self.fitted(self.times(a, constant(1 << by)), type_)
            case ">>":
                by = b.known
                if by is not None and 0 <= by < type_.bits:
                    return self._floor(self.seen(a, type_), 1 << by)
            case _:
                return self._bits(op, self.seen(a, type_), self.seen(b, type_), type_)
        return self._unknown(*_limits(type_))

    def plus(self, a: Value, b: Value) -> Value:
        if a.known is not None and b.known is not None:
            return constant(a.known + b.known)
        if b.known == 0:
            return a
        if a.known == 0:
            return b
        return Value(a.term + b.term, _sum(a.lo, b.lo), _sum(a.hi, b.hi))

    def minus(self, a: Value, b: Value) -> Value:
        if a.known is not None and b.known is not None:
            return constant(a.known - b.known)
        if b.known == 0:
            return a
        lo = None if a.lo is None or b.hi is None else a.lo - b.hi
        hi = None if a.hi is None or b.lo is None else a.hi - b.lo
        return Value(a.term - b.term, lo, hi)

    def times(self, a: Value, b: Value) -> Value:
        """A product. Sums of a product that no number is a factor of get names, so that it is one monomial."""
        if a.known is not None and b.known is not None:
            return constant(a.known * b.known)
        if 0 in (a.known, b.known):
            return constant(0)
        if a.known == 1:
            return b
        if b.known == 1:
            return a
        lo, hi = _product(a, b)
        if a.known is None and b.known is None:
            a, b = self._factor(a), self._factor(b)
        return Value(a.term * b.term, lo, hi)

    def _factor(self, a: Value) -> Value:
        """A symbol or a product of symbols: of a sum its name."""
        return a if z3.is_mul(a.term) else self._named(a)

    def _floor(self, a: Value, by: int) -> Value:
        if a.known is not None:
            return constant(a.known // by)
        lo = None if a.lo is None else a.lo // by
        hi = None if a.hi is None else a.hi // by
        return self._named(Value(a.term / by, lo, hi))

    def _divided(self, op: str, a: Value, b: Value, type_: Scalar) -> Value:
        x, y = a.known, b.known
        if x is not None and y:
            whole = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
            return constant(whole if op == "/" else x - y * whole)
        if a.lo is not None and a.lo >= 0 and y is not None and y >= 1:
            if op == "/":
                return self._floor(a, y)
            if a.hi is not None and a.hi < y:
                return a
            return self._named(Value(a.term % y, 0, _least(y - 1, a.hi)))
        if b.lo is not None and b.lo >= 1 and y is None:
            return self._by_size(op, a, b)
        self._symbols.oblige(b.term, b.term != 0)
        if y is not None and y != 0:
            term = c_div(a.term, b.term) if op == "/" else c_rem(a.term, b.term)
            bound = abs(y) - 1
            if op == "%":
                least = 0 if a.lo is not None and a.lo >= 0 else -bound
                return self._named(Value(term, least, bound))
            lo = None if a.lo is None or y < 0 else -(-a.lo // y) if a.lo < 0 else a.lo // y
            hi = None if a.hi is None or y < 0 else a.hi // y if a.hi >= 0 else -(-a.hi // y)
            return self._named(Value(term, lo, hi))
        return self._unknown(*_limits(type_))

    def _by_size(self, op: str, a: Value, b: Value) -> Value:
        """Quotient and rest by an unknown that is at least 1, by what defines them: products, which lemmas tell about."""
        least = 0 if a.lo is not None and a.lo >= 0 else a.lo
        most = None if a.hi is None else max(a.hi, 0)
        # its interval holds only where the program gets to: it is no fact
        quotient = Value(self._unknown(None, None).term, least, most)
        rest = a.term - self.times(quotient, b).term
        below = z3.And(rest <= 0, rest > -b.term, quotient.term <= 0, quotient.term >= a.term)
        inside = z3.And(rest >= 0, rest < b.term, quotient.term >= 0, quotient.term <= a.term)
        made = z3.If(a.term >= 0, inside, below)
        self._symbols.define(quotient.term, z3.Implies(b.term >= 1, made))
        if op == "/":
            return quotient
        top = None if b.hi is None else b.hi - 1
        return self._named(Value(rest, 0 if least == 0 else None, _least(top, most)))

    def _bits(self, op: str, a: Value, b: Value, type_: Scalar) -> Value:
        if a.known is not None and b.known is not None:
            found = {"&": a.known & b.known, "|": a.known | b.known, "^": a.known ^ b.known}[op]
            return constant(found)
        if a.known is not None:
            a, b = b, a
        mask = b.known
        if op == "&" and mask is not None:
            if mask >= 0 and mask & (mask + 1) == 0:
                if a.within(0, mask):
                    return a
                return self._named(Value(a.term % (mask + 1), 0, _least(mask, None)))
            below = (-mask if mask < 0 else (1 << type_.bits) - mask) if mask else 0
            if below > 0 and below & (below - 1) == 0 and type_.bits >= below.bit_length():
                rest = self._named(Value(a.term % below, 0, below - 1))
                return self.minus(a, rest)
        if op == "^" and mask is not None and mask > 0 and mask & (mask - 1) == 0:
            # one bit flipped
            bit = self._named(Value((a.term / mask) % 2, 0, 1))
            lo = 0 if a.lo is not None and a.lo >= 0 else None
            hi = None if a.hi is None or lo is None else (1 << max(a.hi, mask).bit_length()) - 1
            return self._named(Value(a.term + mask - 2 * mask * bit.term, lo, hi))
        if a.lo is not None and b.lo is not None and a.lo >= 0 and b.lo >= 0:
            return self._natural_bits(op, a, b)
        return self._unknown(*_limits(type_))

    def _natural_bits(self, op: str, a: Value, b: Value) -> Value:
        natural = z3.And(a.term >= 0, b.term >= 0)
        found = self._unknown(0, None)
        if op == "&":
            less = z3.And(found.term <= a.term, found.term <= b.term)
            self._symbols.define(found.term, z3.Implies(natural, less))
            return Value(found.term, 0, _least(a.hi, b.hi))
        top = None
        self._symbols.define(found.term, z3.Implies(natural, found.term <= a.term + b.term))
        if a.hi is not None and b.hi is not None:
            top = (1 << max(a.hi, b.hi).bit_length()) - 1
            small = z3.And(natural, a.term <= a.hi, b.term <= b.hi)
            self._symbols.define(found.term, z3.Implies(small, found.term <= top))
        if op == "|":
            more = z3.And(found.term >= a.term, found.term >= b.term)
            self._symbols.define(found.term, z3.Implies(natural, more))
        return Value(found.term, 0, top)

    # --- choices

    def chosen(self, cond: Bool, a: Value, b: Value) -> Value:
        """`cond ? a : b`."""
        if isinstance(cond, bool):
            return a if cond else b
        if a.term.eq(b.term):
            return Value(a.term, *_hull(a, b))
        return self._named(Value(z3.If(cond, a.term, b.term), *_hull(a, b)))

    def least(self, a: Value, b: Value) -> Value:
        if a.known is not None and b.known is not None:
            return constant(min(a.known, b.known))
        lo = None if a.lo is None or b.lo is None else min(a.lo, b.lo)
        return self._named(Value(z3.If(a.term < b.term, a.term, b.term), lo, _least(a.hi, b.hi)))

    def most(self, a: Value, b: Value) -> Value:
        if a.known is not None and b.known is not None:
            return constant(max(a.known, b.known))
        ends = [e for e in (a.lo, b.lo) if e is not None]
        hi = None if a.hi is None or b.hi is None else max(a.hi, b.hi)
        return self._named(
            Value(z3.If(a.term > b.term, a.term, b.term), max(ends, default=None), hi)
        )
