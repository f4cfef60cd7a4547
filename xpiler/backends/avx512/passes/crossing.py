"""Whether a linear 32-bit value may pass an end of its type between two lanes.

A linear value is the scalar of lane 0 and a stride. At 32 bits that holds even where lanes pass an end of the type, since
lanes wrap as the source does. What is *widened* to 64 bits, used as an address or counted by lane 0 has to be the
same line there, and is not when `i - 3u` is below zero in the first lanes, or when a hash `i * 1664525u`
passes 2^32. Two facts say that this cannot happen: nothing below zero went into the value, and its stride is that
of an index, not of a hash (an index of stride 64 reaches 2^32 after 67 million elements).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Final

from xpiler.ir.nodes import (
    Binary,
    Block,
    Builtin,
    Cast,
    Const,
    Expr,
    For,
    Select,
    Unary,
    Var,
)
from xpiler.ir.types import U32, Scalar
from xpiler.ir.walk import statements, subexpressions
from xpiler.records import dataclass

__all__ = ["Crossing", "counters"]

STEEP: Final = 64
"""Strides of indices are not larger, as far as 32-bit arithmetic is concerned."""

StrideOf = Callable[[Expr], int | None]


@dataclass
class Crossing:
    """What is known of variables: `low` ones may be below zero as they are meant, `steep` ones come of unsigned
    arithmetic with a large stride; `counters` start at zero and count up."""

    low: set[str] = field(default_factory=set)
    steep: set[str] = field(default_factory=set)
    counters: frozenset[str] = frozenset()
    known: set[str] = field(default_factory=set)

    def define(self, name: str, value: Expr | None, stride: StrideOf) -> None:
        """A variable of the lanes gets a value."""
        self.known.add(name)
        if value is not None and self.below(value):
            self.low.add(name)
        if value is not None and self.is_steep(value, stride):
            self.steep.add(name)

    def same(self, name: str, other: str) -> None:
        """`other` is a variable that takes the values of `name`."""
        for names in (self.low, self.steep, self.known):
            if name in names:
                names.add(other)

    def widens(self, expr: Expr, stride: StrideOf) -> bool:
        """Whether the lanes of a linear 32-bit `expr` are on one line at 64 bits too."""
        return not (expr.type == U32 and self.below(expr)) and not self.is_steep(expr, stride)

    def is_steep(self, expr: Expr, stride: StrideOf) -> bool:
        """Whether unsigned arithmetic that made a linear `expr` has a stride beyond those of indices."""
        return any(
            (isinstance(e, Var) and e.name in self.steep)
            or (isinstance(e, Binary) and e.type == U32 and abs(stride(e) or 0) > STEEP)
            for e in subexpressions(expr)
        )

    def below(self, expr: Expr) -> bool:
        """Whether what an integer expression means may be below zero: then an unsigned one has wrapped."""
        match expr:
            case Const(value=value):
                return not 0 <= value < 2**31
            case Builtin():
                return False
            case Var(name=name):
                if name in self.known:
                    return name in self.low
                return _is_signed(expr) and name not in self.counters
            case Cast(a=a):
                return _is_wide(a) and self.below(a)
            case Binary(op="+" | "*" | "<<", a=a, b=b):
                return self.below(a) or self.below(b)
            case Binary(op="/" | "%" | ">>" | "&", a=a, b=b):
                return _is_signed(expr) and (self.below(a) or self.below(b))
            case Select(a=a, b=b):
                return self.below(a) or self.below(b)
            case Unary() | Binary(op="-"):
                return True
            case _:
                return _is_signed(expr)


def _is_signed(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_signed


def _is_wide(expr: Expr) -> bool:
    """Whether a value of the type can be below zero, or have wrapped to be far above it."""
    type_ = expr.type
    return isinstance(type_, Scalar) and type_.is_int and (type_.bits >= 32 or type_.is_signed)


def counters(body: Block) -> frozenset[str]:
    """Variables of loops that start at zero or above."""
    return frozenset(
        s.var
        for s in statements(body)
        if isinstance(s, For) and isinstance(s.lo, Const) and s.lo.value >= 0
    )
