"""What a vectorizer must not evaluate where no iteration does: reads that may lie outside their array, and integer
divisions by what may be zero. A value that is the same for all iterations is computed if the condition round it
holds for one at least; one that no instruction gives, where it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from xpiler.backends.bang.passes.accesses import guarded, loads_of
from xpiler.backends.bang.passes.emission import Emission, RefusedError
from xpiler.backends.bang.passes.operands import Slice, element
from xpiler.ir.build import const
from xpiler.ir.nodes import (
    Assign,
    Binary,
    Block,
    Const,
    Declare,
    Expr,
    If,
    Load,
    Select,
    Stmt,
    Var,
)
from xpiler.ir.types import BOOL, F32, I32, U32, Scalar
from xpiler.ir.walk import fresh, subexpressions
from xpiler.passes.bounds import bounds

__all__ = ["Guards"]

_COUNTER: Final = 32  # words, of which the first is used: arrays on the chip start at 128 bytes


class Guards(Emission):
    """Values under conditions."""

    certain: frozenset[Expr] = frozenset()
    _some: Expr | None = None

    def _note_certain(self, body: Block) -> None:
        """The reads that every iteration makes: they are in their arrays whatever the conditions."""
        reads = (load for stmt in body for load in loads_of(stmt) if not guarded(stmt, load))
        self.certain = frozenset(reads)

    # --- what may fault

    def _may_fault(self, expr: Expr) -> bool:
        """Whether evaluating `expr` in an iteration that the source does not evaluate it in could end the program."""
        return any(map(self._faulting, subexpressions(expr)))

    def _faulting(self, node: Expr) -> bool:
        match node:
            case Load():
                return not self._always_inside(node)
            case Binary(op="/" | "%", type=Scalar(is_int=True), b=Const(value=value)):
                return value in (0, -1)  # the least number by -1 overflows
            case Binary(op="/" | "%", type=Scalar(is_int=True), b=b):
                found = bounds(b, self.known.ranges)
                return found is None or found[0] <= 0 <= found[1] or found[0] <= -1 <= found[1]
            case _:
                return False

    def _always_inside(self, load: Load) -> bool:
        if load in self.certain:
            return True
        place = self._slice(load.buffer, load.index)
        if place is not None and not self._uniform(load):
            return self._inside(place)
        array = self.arrays.get(load.buffer)
        if array is not None:
            shape = [int(d.value) for d in array.shape if isinstance(d, Const)]
            if len(shape) != len(array.shape):
                return False
        elif load.buffer in self.known.sizes:
            shape = [self.known.sizes[load.buffer]]
        else:
            return False
        return len(shape) == len(load.index) and all(map(self._below, load.index, shape))

    def _below(self, index: Expr, size: int) -> bool:
        found = bounds(index, {**self.known.ranges, self.var: (0, self.longest - 1)})
        return found is not None and found[0] >= 0 and found[1] < size

    # --- guards

    def _guards(self, expr: Expr) -> bool:
        """Whether the condition round here must hold before `expr` is evaluated."""
        return self.mask is not None and self._may_fault(expr)

    def _outside(self, expr: Expr) -> Expr:
        """The value of an expression that is the same for all iterations, if one iteration evaluates it."""
        if not self._guards(expr):
            return expr
        name = fresh("value", self.temporaries.taken)
        self.temporaries.taken.add(name)
        type_ = expr.type
        assert isinstance(type_, Scalar)
        self._declare_guarded(name, type_, expr)
        return Var(name, type_)

    def _declare_guarded(self, name: str, type_: Scalar, value: Expr) -> None:
        """`T name = 0; if (some iteration gets here) name = value;`"""
        zero = const(0.0 if type_.is_float else 0, type_)
        self.out.append(Declare(name, type_, zero))
        self.out.append(If(self._some_iteration(), (Assign(name, value),)))

    def _some_iteration(self) -> Expr:
        """Whether the condition round here holds for any iteration; counted once for each condition."""
        assert self.mask is not None
        if self._some is None:
            counter = self.temporaries.take(U32, _COUNTER)
            if counter is None:
                raise RefusedError("NRAM is full")
            self.emit("__bang_count", counter, self.mask)
            name = fresh("any", self.temporaries.taken)
            self.temporaries.taken.add(name)
            count = Load(counter.buffer, counter.index, U32)
            self.out.append(Declare(name, BOOL, Binary("!=", count, const(0, U32))))
            self._some = Var(name, BOOL)
            self.temporaries.release(counter)
        return self._some

    def _where_it_holds(self, value: Expr, place: str, source: Expr) -> Expr:
        """The value of element `place` of `source`, computed only if the condition holds for it."""
        if self.mask is None or not self._may_fault(source):
            return value
        type_ = value.type
        assert isinstance(type_, Scalar)
        holds = Load(self.mask.buffer, element(self.mask, Var(place, I32)), F32)
        zero = const(0.0 if type_.is_float else 0, type_)
        return Select(Binary("!=", holds, const(0.0, F32)), value, zero)

    @contextmanager
    def _masked(self, mask: Slice | None, own: bool) -> Iterator[None]:
        """Translate under `mask`; where it is a temporary of this condition's own, it is free afterwards."""
        outer, some = self.mask, self._some
        self.mask, self._some = mask, (some if mask is outer else None)
        yield
        if own and mask is not None:
            self.temporaries.release(replace(mask, owned=True))
        self.mask, self._some = outer, some

    @contextmanager
    def _branch(self) -> Iterator[list[Stmt]]:
        """Translate into a list of its own, which runs where a condition of all iterations together holds."""
        out, some = self.out, self._some
        self.out = []
        yield self.out
        self.out, self._some = out, some
