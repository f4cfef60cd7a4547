"""What a vectorizer writes with: operands as slices of NRAM, destinations, and the instructions so far."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from xpiler.backends.bang.passes.index import affine
from xpiler.backends.bang.passes.known import Known
from xpiler.backends.bang.passes.operands import (
    Operand,
    Slice,
    Temporaries,
    fill_type,
)
from xpiler.backends.bang.spaces import NRAM
from xpiler.ir.affine import poly, poly_to_expr
from xpiler.ir.build import address, cast, i32
from xpiler.ir.nodes import Alloc, Binary, Call, Const, Evaluate, Expr, Load, Stmt, Var
from xpiler.ir.types import F32, I32, VOID, Scalar, Spaces
from xpiler.ir.walk import subexpressions

__all__ = ["Emission", "RefusedError", "typed"]


class RefusedError(Exception):
    """Unwinds the translation of one loop; never leaves the vectorizer."""


def typed(expr: Expr, elem: Scalar) -> Expr:
    return cast(fill_type(elem), expr)


class Emission:
    """The state of one loop's translation. `arrays` are the on-chip arrays."""

    def __init__(
        self,
        var: str,
        count: Expr,
        longest: int,
        arrays: Mapping[str, Alloc],
        temporaries: Temporaries,
        arch: int,
        known: Known | None = None,
    ) -> None:
        self.known = known or Known()
        self.var, self.count, self.longest = var, count, longest
        self.arrays, self.temporaries, self.arch = arrays, temporaries, arch
        self.out: list[Stmt] = []
        self.env: dict[str, Operand] = {}
        self.written: frozenset[str] = frozenset()
        self.changed: frozenset[str] = frozenset()
        self.instructions = 0
        self.mask: Slice | None = None

    def _uniform(self, expr: Expr) -> bool:
        for sub in subexpressions(expr):
            if isinstance(sub, Var) and (
                sub.name == self.var or isinstance(self.env.get(sub.name), Slice)
            ):
                return False
            if isinstance(sub, Load) and sub.buffer in self.written:
                return False
        return True

    def _slice(self, buffer: str, index: tuple[Expr, ...]) -> Slice | None:
        """The consecutive elements that the iterations touch, if that is what they do."""
        if buffer not in self.arrays or not index:
            return None
        if not all(self._uniform(i) for i in index[:-1]):
            return None
        last = affine(index[-1], self.var, {})
        if last is None or last.stride.value != 1:
            return None
        varying = [n for n, o in self.env.items() if isinstance(o, Slice)]
        if last.offset.mentions(varying):
            return None
        start = poly_to_expr(last.offset, I32)
        if any(isinstance(s, Load) and s.buffer in self.written for s in subexpressions(start)):
            return None
        return Slice(buffer, (*index[:-1], start), self.arrays[buffer].elem, False)

    def _strided(self, buffer: str, index: tuple[Expr, ...]) -> tuple[Slice, int] | None:
        """The first of the elements that the iterations touch, where a constant number of elements, more than one,
        lies between theirs; that number."""
        array = self.arrays.get(buffer)
        if array is None or array.space not in (NRAM, Spaces.SHARED) or not index:
            return None
        places = [affine(i, self.var, {}) for i in index]
        varying = [n for n, o in self.env.items() if isinstance(o, Slice)]
        distance, size = 0, 1
        for place, dim in zip(reversed(places), (*reversed(array.shape[1:]), i32(1)), strict=False):
            if place is None or place.stride.value is None or place.offset.mentions(varying):
                return None
            distance += place.stride.value * size
            if not isinstance(dim, Const):
                return None
            size *= int(dim.value)
        start = tuple(poly_to_expr(p.offset, I32) for p in places if p is not None)
        if distance < 2 or not all(map(self._uniform, start)):
            return None
        return Slice(buffer, start, array.elem, False), distance

    def _apart(self, dst: Slice, to: int, source: Slice, by: int) -> None:
        """Copy elements that lie `by` apart to places that lie `to` apart, both in NRAM."""
        size = dst.elem.size
        last = (
            i32(int(self.count.value) - 1)
            if isinstance(self.count, Const)
            else Binary("-", self.count, i32(1))
        )
        ends = (self.address(dst), self.address(source))
        way = Call("NRAM2NRAM", (), I32)
        strides = (i32(to * size), i32(by * size))
        self.instruction("__memcpy", (*ends, i32(size), way, *strides, last))

    def _certain(self, place: Slice | None) -> None:
        """Under a condition only what starts at the array's beginning is known to lie inside it."""
        if place is None or not self._inside(place):
            raise RefusedError("a conditional access that may lie outside its array")

    def _inside(self, place: Slice) -> bool:
        """Whether all elements are known to lie inside the array: from its beginning, or by its size."""
        if place.index[-1] == i32(0):
            return True
        array = self.arrays.get(place.buffer)
        size = array.shape[-1] if array is not None and array.shape else None
        start = self._most(place.index[-1])
        if start is None or not isinstance(size, Const):
            return False
        return start + self.longest <= int(size.value)

    def _most(self, start: Expr) -> int | None:
        """An upper bound of an offset that is never negative: of a literal and powers of two."""
        total = 0
        for monomial, factor in poly(start).terms.items():
            names = [a.name if isinstance(a, Var) else "" for a in monomial]
            if factor < 0 or len(names) > 1 or any(n not in self.known.powers for n in names):
                return None
            total += factor * prod(self.known.powers[n] for n in names)
        return total

    def _vector(self, value: Operand, elem: Scalar) -> Slice:
        if isinstance(value, Slice):
            return value
        made = self.temporary(elem)
        self.emit("__bang_write_value", made, typed(value.expr, elem))
        return made

    def temporary(self, elem: Scalar) -> Slice:
        made = self.temporaries.take(elem, self.longest)
        if made is None:
            raise RefusedError("NRAM is full")
        return made

    def destination(self, elem: Scalar, target: Slice | None, *sources: Operand) -> Slice:
        """Where an instruction writes: the target, else a source that is used up, else a new array."""
        if target is not None and target.elem == elem:
            return target
        for source in sources:
            if isinstance(source, Slice) and source.owned and source.elem == elem:
                return source
        return self.temporary(elem)

    def free(self, dst: Slice, *sources: Operand) -> None:
        for source in sources:
            if isinstance(source, Slice) and source.owned and source.buffer != dst.buffer:
                self.temporaries.release(source)

    def blend(self, mask: Slice, a: Slice, b: Slice, target: Slice | None) -> Slice:
        """mask ? a : b by bits; `mask` is used up where it is a temporary."""
        scratch = (self.temporary(F32), self.temporary(F32))
        dst = target if target is not None else self.temporary(a.elem)
        self.emit("xp_select", dst, mask, a, b, *scratch)
        self.free(dst, a, b, mask, *scratch)
        return dst

    def _copied(self, source: Slice) -> Slice:
        made = self.temporary(source.elem)
        self.move(made, source)
        return made

    def move(self, dst: Slice, source: Slice) -> None:
        size = dst.elem.size
        bytes_ = Binary("*", self.count, i32(size))
        total: Expr = (
            bytes_ if not isinstance(self.count, Const) else i32(int(self.count.value) * size)
        )
        self.instruction("__bang_move", (self.address(dst), self.address(source), total))

    def address(self, place: Slice) -> Expr:
        return address(place.buffer, place.elem, *place.index)

    def emit(
        self, name: str, dst: Slice, *sources: Slice | Expr, extra: tuple[Expr, ...] = ()
    ) -> None:
        """`name(dst, sources, count, extra)`; a fill has its value after the count."""
        args = [self.address(s) if isinstance(s, Slice) else s for s in sources]
        tail = [*args, self.count] if name != "__bang_write_value" else [self.count, *args]
        self.instruction(name, (self.address(dst), *tail, *extra))

    def instruction(self, name: str, args: tuple[Expr, ...]) -> None:
        self.instructions += 1
        self.out.append(Evaluate(Call(name, args, VOID)))
