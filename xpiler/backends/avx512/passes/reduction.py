"""Sums of integers, minima and maxima over an inner loop, onto lanes of that loop.

before: for (i32 k = 0; k < n; k += 1) { most = max(most, a[row * n + k]); }
after:  for (...; k += 16) v = max(v, loadu(&a[...]));  rest under a mask;  most = reduce_max(v);

Integer addition wraps and minimum and maximum round nothing, so that any order gives the same. A thread
that walks along a row reads memory in one piece this way; with a lane per thread it would gather. Products of
bytes, 16-bit integers and words of four bytes go on (`dots`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.passes.instructions import LANES, register, suffix
from xpiler.backends.avx512.passes.lanes import call
from xpiler.backends.avx512.passes.shape import Shapes, analyse
from xpiler.ir.build import binary, const, i32
from xpiler.ir.nodes import (
    Assign,
    Binary,
    Block,
    Call,
    Const,
    Declare,
    Expr,
    For,
    Load,
    Stmt,
    Var,
)
from xpiler.ir.types import F32, I32, U32, Scalar
from xpiler.ir.walk import expressions, map_block, statements, subexpressions
from xpiler.records import dataclass

__all__ = ["Reduction", "Sum", "find_reduction", "preferable", "rounds", "stride"]

_ORDERLESS: Final = {"min": "min", "max": "max", "fmin": "min", "fmax": "max"}


@dataclass(frozen=True, slots=True)
class Sum:
    """What combines one value per iteration into `name`; `op` is add, min or max.

    `value` is what is combined; for a dot product of bytes (`dp4a`) it is the call with its addend.
    """

    name: str
    type: Scalar
    op: str
    function: str
    value: Expr

    def start(self, vector: str) -> Stmt:
        """The accumulators: nothing yet for a sum, else the value so far in every lane."""
        kept = register(self.type)
        zero = const(0, self.type)
        first: Expr = zero if self.op == "add" else Var(self.name, self.type)
        return Declare(vector, kept, call(f"_mm512_set1_{suffix(self.type)}", kept, first))

    def finish(self, vector: str) -> Stmt:
        """The lanes come together."""
        lanes = Var(vector, register(self.type))
        together = call(f"_mm512_reduce_{self.op}_{suffix(self.type)}", self.type, lanes)
        if self.op == "add":
            return Assign(self.name, Binary("+", Var(self.name, self.type), together))
        return Assign(self.name, together)


@dataclass(frozen=True, slots=True)
class Reduction:
    """A loop that declares values and combines them into sums, and does nothing else."""

    loop: For
    sums: tuple[Sum, ...]

    @property
    def note(self) -> str:
        """What is combined, over which loop."""
        count = f"{len(self.sums)} times " if len(self.sums) > 1 else ""
        return f"{count}{self.sums[0].op} over {self.loop.var!r} on {LANES} lanes"

    def carried(self, vectors: Mapping[str, str]) -> Block:
        """The body with the lanes' own accumulators, by the names of the scalar ones, in place of these."""
        named = {s.name: Var(vectors[s.name], s.type) for s in self.sums}

        def assign(stmt: Stmt) -> Block:
            if isinstance(stmt, Assign) and stmt.name in named:
                return (Assign(named[stmt.name].name, stmt.value),)
            return (stmt,)

        def rename(expr: Expr) -> Expr:
            return named.get(expr.name, expr) if isinstance(expr, Var) else expr

        return map_block(self.loop.body, assign, rename)


def find_reduction(loop: For) -> Reduction | None:
    """The reduction that `loop` is, if it is nothing else."""
    if loop.axis not in ("serial", "unroll") or loop.type != I32 or loop.step != const(1, I32):
        return None
    if not loop.body or any(not isinstance(s, Declare | Assign) for s in loop.body):
        return None
    found = [_combined(s) for s in loop.body if isinstance(s, Assign)]
    sums = tuple(s for s in found if s is not None)
    mentions = Counter(
        e.name
        for s in loop.body
        for x in expressions(s)
        for e in subexpressions(x)
        if isinstance(e, Var)
    )
    once = all(mentions[s.name] == 1 for s in sums)
    return Reduction(loop, sums) if sums and len(sums) == len(found) and once else None


def _combined(stmt: Assign) -> Sum | None:
    name, value = stmt.name, stmt.value
    type_ = value.type
    if not isinstance(type_, Scalar):
        return None
    own = Var(name, type_)
    match value:
        case Binary(op="+", a=a, b=b) if type_ in (I32, U32) and own in (a, b):
            return Sum(name, type_, "add", "+", b if a == own else a)
        case Call(function="dp4a", args=(_, _, addend)) if addend == own:
            return Sum(name, type_, "add", "dp4a", value)
        case Call(function=("min" | "max") as f, args=(a, b)) if type_ == I32 and own in (a, b):
            return Sum(name, type_, f, f, b if a == own else a)
        case Call(function=("fmin" | "fmax") as f, args=(a, b)) if type_ == F32 and own in (a, b):
            return Sum(name, type_, _ORDERLESS[f], f, b if a == own else a)
        case _:
            return None


def preferable(reduction: Reduction, outer: Shapes) -> bool:
    """Whether lanes of the reduction's own loop read more of memory in one piece than those of the loop around."""
    if _is_short(reduction.loop):
        return False
    loop = reduction.loop
    inner = analyse(replace(loop, body=tuple(s for s in loop.body if isinstance(s, Declare))))
    threads = _scattered(loop.body, outer)
    own = _scattered(loop.body, inner)
    return threads > own


def rounds(loop: For, count: int) -> tuple[Expr, Expr]:
    """Of rounds of `count` iterations: below which index they are whole, and where the rest begins."""
    last, each = binary("-", loop.hi, i32(count - 1)), i32(count)
    if loop.lo == i32(0):
        return last, binary("*", binary("/", loop.hi, each), each)
    whole = binary("*", binary("/", binary("-", loop.hi, loop.lo), each), each)
    return last, binary("+", loop.lo, whole)


def _is_short(loop: For) -> bool:
    """Whether its iterations would not fill a register."""
    lo, hi = loop.lo, loop.hi
    return isinstance(lo, Const) and isinstance(hi, Const) and int(hi.value) - int(lo.value) < LANES


def _scattered(block: Block, shapes: Shapes) -> int:
    """Loads that lanes spread over memory."""
    loads = (
        e
        for s in statements(block)
        for x in expressions(s)
        for e in subexpressions(x)
        if isinstance(e, Load)
    )
    return sum(not _together(load, shapes) for load in loads)


def _together(load: Load, shapes: Shapes) -> bool:
    """One piece of memory, or the same for all; bytes may be those of words."""
    apart = stride(load, shapes)
    return apart in (0, 1) or (apart == 4 and load.type.bits == 8)


def stride(load: Load, shapes: Shapes) -> int | None:
    """How far apart neighbouring lanes load, in elements; None where that differs between them."""
    first = [shapes.of(i) for i in load.index[:-1]]
    if any(not s.uniform for s in first) or load.buffer in shapes.private:
        return None
    return shapes.of(load.index[-1]).stride
