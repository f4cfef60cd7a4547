"""Integer intervals with C's arithmetic: what does not fit the type wraps, so it may be anything."""

from __future__ import annotations

from functools import lru_cache

from xpiler.ir.types import Scalar
from xpiler.records import dataclass

__all__ = ["ANY", "BIT", "Interval", "divided", "of_type", "product", "remainder", "wrapped"]

HUGE = 1 << 64


@dataclass(frozen=True, slots=True)
class Interval:
    """All integers from `lo` to `hi`, both included; empty when `lo > hi`."""

    lo: int
    hi: int

    @property
    def empty(self) -> bool:
        return self.lo > self.hi

    @property
    def single(self) -> bool:
        return self.lo == self.hi

    def join(self, other: Interval) -> Interval:
        """The smallest interval that holds both."""
        return Interval(min(self.lo, other.lo), max(self.hi, other.hi))

    def meet(self, other: Interval) -> Interval:
        return Interval(max(self.lo, other.lo), min(self.hi, other.hi))

    def within(self, other: Interval) -> bool:
        return other.lo <= self.lo and self.hi <= other.hi

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.lo + other.lo, self.hi + other.hi)

    def __sub__(self, other: Interval) -> Interval:
        return Interval(self.lo - other.hi, self.hi - other.lo)


ANY = Interval(-HUGE, HUGE)
BIT = Interval(0, 1)


@lru_cache(maxsize=64)
def of_type(type_: Scalar) -> Interval:
    """All values of an integer type; everything for a float."""
    if type_.kind == "bool":
        return BIT
    if type_.kind == "uint":
        return Interval(0, (1 << type_.bits) - 1)
    if type_.kind == "int":
        return Interval(-(1 << (type_.bits - 1)), (1 << (type_.bits - 1)) - 1)
    return ANY


def wrapped(value: Interval, type_: Scalar) -> Interval:
    """`value` in the type: itself when it fits, else anything (a single value wraps exactly)."""
    whole = of_type(type_)
    if value.within(whole):
        return value
    if not type_.is_int:
        return value.meet(whole)
    if value.single:
        number = value.lo & ((1 << type_.bits) - 1)
        number -= (1 << type_.bits) * (type_.kind == "int" and number >> (type_.bits - 1))
        return Interval(number, number)
    return whole


def product(a: Interval, b: Interval) -> Interval:
    corners = (a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi)
    return Interval(min(corners), max(corners))


def _truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def divided(a: Interval, b: Interval) -> Interval:
    """Truncating division; anything when the divisor may be zero or changes sign."""
    if b.lo <= 0 <= b.hi:
        positive = b.meet(Interval(1, HUGE))
        if b.lo < 0 or positive.empty:
            return ANY
        b = positive  # dividing by zero is undefined, so the source does not
    corners = [_truncated(x, y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return Interval(min(corners), max(corners))


def remainder(a: Interval, b: Interval) -> Interval:
    """`%` with the sign of the dividend."""
    largest = max(abs(b.lo), abs(b.hi)) - 1
    if largest < 0:
        return ANY
    if b.single and b.lo > 0 and a.lo >= 0 and a.lo // b.lo == a.hi // b.lo:
        return Interval(a.lo % b.lo, a.hi % b.lo)
    lo = 0 if a.lo >= 0 else max(a.lo, -largest)
    return Interval(lo, min(a.hi, largest) if a.hi >= 0 else 0)
