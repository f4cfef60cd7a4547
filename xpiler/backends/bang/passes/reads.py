"""What a vectorizer reads: consecutive elements, elements that lie apart, those that a condition reaches, and scalar
loops for the values that no instruction gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from xpiler.backends.bang.passes.conversions import convert
from xpiler.backends.bang.passes.emission import RefusedError
from xpiler.backends.bang.passes.exchanges import distance_of_swap
from xpiler.backends.bang.passes.guards import Guards
from xpiler.backends.bang.passes.index import affine
from xpiler.backends.bang.passes.operands import Operand, Slice, Uniform, element
from xpiler.backends.bang.passes.rewrite import with_operands
from xpiler.backends.bang.spaces import NRAM
from xpiler.ir.affine import poly_to_expr
from xpiler.ir.build import cast, const, i32
from xpiler.ir.nodes import LOGICAL, Binary, Call, Expr, For, If, Load, Select, Store, Var
from xpiler.ir.types import BOOL, F16, F32, I32, U32, Scalar
from xpiler.ir.walk import fresh, operands, subexpressions

__all__ = ["Reads"]


class Reads(Guards, ABC):
    """The reads of one loop's translation."""

    @abstractmethod
    def _value(self, expr: Expr, target: Slice | None) -> Operand:
        """`expr` for all iterations; into `target` where the last operation can write there."""

    def _load(self, load: Load, target: Slice | None) -> Operand:
        found = self._slice(load.buffer, load.index)
        if self.mask is not None and not self._always_inside(load):
            return self._reached(load, found)
        if found is None:
            return self._load_apart(load, target)
        return convert(self, found, F32, None) if found.elem == BOOL else found

    # --- under conditions

    def _part(self, mask: Slice, inverted: bool, outer: Slice | None, last: bool) -> Slice:
        """Where the condition holds, or does not, within `outer`; of a temporary's own elements at its `last` use."""
        mine = mask if last and mask.owned else self.temporary(F32)
        if inverted:
            self.emit("__bang_not", mine, mask)
        elif mine.buffer != mask.buffer and outer is not None:
            self.emit("__bang_and", mine, mask, outer)
            return mine.kept()
        elif mine.buffer != mask.buffer:
            self.move(mine, mask)
        if outer is not None:
            self.emit("__bang_and", mine, mine, outer)
        return mine.kept()

    @contextmanager
    def _under(self, mask: Slice, inverted: bool, expr: Expr) -> Iterator[None]:
        """Translate `expr`, which is only evaluated where the condition holds (or, inverted, does not)."""
        if not self._may_fault(expr):
            narrowed, own = self.mask, False
        elif self.mask is None and not inverted:
            narrowed, own = mask.kept(), False
        else:
            narrowed, own = self._part(mask, inverted, self.mask, False), True
        with self._masked(narrowed, own):
            yield

    def _whole_choice(
        self, cond: Expr, values: tuple[Expr, Expr], elem: Scalar, target: Slice | None
    ) -> Slice:
        """A choice that is the same for all iterations."""
        read = {s.buffer for v in values for s in subexpressions(v) if isinstance(s, Load)}
        fits = target is not None and target.elem == elem and target.buffer not in read
        dst = target if target is not None and fits else self.temporary(elem)
        cond, branches = self._outside(cond), []
        for value in values:
            with self._branch() as out:
                made = self._vector(self._value(value, dst), elem)
                if made.buffer != dst.buffer:
                    self.move(dst, made)
                    self.temporaries.release(made)
            branches.append(tuple(out))
        self.out.append(If(cond, branches[0], branches[1]))
        return dst

    # --- what has no instruction

    def _scalar_loop(self, expr: Expr, target: Slice | None) -> Slice:
        """`for (i ...) dst[i] = expr`, float operands computed by instructions before."""
        elem = expr.type
        if not isinstance(elem, Scalar) or elem == BOOL:
            raise RefusedError(f"no vectors of {elem}")
        used: list[Slice] = []
        name = fresh(self.var, self.temporaries.taken)
        self.temporaries.taken.add(name)

        def rewrite(node: Expr, top: bool, lazy: bool) -> Expr:
            if self._uniform(node):
                return node
            if isinstance(node, Var):
                if node.name == self.var:
                    return Var(name, I32)
                return self._element(self.env[node.name], node, name)
            by_vectors = not top and node.type in (F32, F16) and not isinstance(node, Load)
            if by_vectors and not (lazy and self._may_fault(node)):
                value = self._value(node, None)
                if isinstance(value, Uniform):
                    return value.expr
                used.append(value)
                return self._element(value, node, name)
            if (
                isinstance(node, Load)
                and node.buffer not in self.arrays
                and not self._free_to_read(node)
            ):
                raise RefusedError(f"{node.buffer} is not read at consecutive places")
            first, *rest = operands(node)
            lazily = (
                lazy
                or isinstance(node, Select)
                or (isinstance(node, Binary) and node.op in LOGICAL)
            )
            parts = (rewrite(first, False, lazy), *(rewrite(o, False, lazily) for o in rest))
            return with_operands(node, parts)

        value = self._where_it_holds(rewrite(expr, True, False), name, expr)
        fits = target is not None and target.elem == elem
        dst = target if target is not None and fits else self.temporary(elem)
        place = element(dst, Var(name, I32))
        body = (Store(dst.buffer, place, value),)
        self.out.append(For(name, I32, i32(0), self.count, i32(1), body, "parallel"))
        self.free(dst, *used)
        return dst

    def _free_to_read(self, load: Load) -> bool:
        """Whether no iteration writes this read's array."""
        return load.buffer not in self.written

    def _reached(self, load: Load, place: Slice | None) -> Operand:
        """Consecutive elements under a condition: from the first to the last that it reaches."""
        assert self.mask is not None
        place = place or self._far(load)
        if place is None:
            return self._gathered(load, None)
        if load.buffer in self.written and load.buffer not in self.arrays:
            raise RefusedError(f"{load.buffer} is not read at consecutive places on the chip")
        way = "NRAM2NRAM" if load.buffer in self.arrays else "GDRAM2NRAM"
        dst, ends = self.temporary(place.elem), self.temporary(U32)
        far, near = self.address(place), self.address(dst)
        self.instruction(
            "xp_reach",
            (
                near,
                far,
                Call(way, (), I32),
                self.address(self.mask),
                self.address(ends),
                self.count,
            ),
        )
        self.temporaries.release(ends)
        return convert(self, dst, F32, None) if place.elem == BOOL else dst

    def _far(self, load: Load) -> Slice | None:
        """The consecutive elements of GDRAM that the iterations read, if that is what they do."""
        elem = load.type
        start = None if len(load.index) != 1 else affine(load.index[0], self.var, {})
        if load.buffer in self.arrays or not isinstance(elem, Scalar):
            return None
        if start is None or start.stride.value != 1:
            return None
        offset = poly_to_expr(start.offset, I32)
        if not self._uniform(offset):
            return None
        return Slice(load.buffer, (offset,), elem, False)

    def _fetched(self, place: Slice) -> Operand:
        """A copy of elements of GDRAM, which every iteration reads."""
        dst, size = self.temporary(place.elem), i32(place.elem.size)
        ends = (self.address(dst), self.address(place))
        way = Call("GDRAM2NRAM", (), I32)
        self.instruction("__memcpy", (*ends, Binary("*", self.count, size), way))
        return convert(self, dst, F32, None) if place.elem == BOOL else dst

    def _load_apart(self, load: Load, target: Slice | None) -> Operand:
        far = self._far(load)
        if far is not None and self._free_to_read(load):
            return self._fetched(far)
        swap = distance_of_swap(load, self.var, self.count, self.known.powers)
        if swap is not None and load.buffer in self.arrays and load.buffer not in self.written:
            return self._swapped(load, *swap)
        place = self._strided(load.buffer, load.index)
        if place is None:
            return self._gathered(load, target)
        first, distance = place
        fits = target is not None and target.elem == first.elem and target.buffer != first.buffer
        dst = target if target is not None and fits else self.temporary(first.elem)
        self._apart(dst, 1, first, distance)
        return convert(self, dst, F32, None) if first.elem == BOOL else dst

    def _swapped(self, load: Load, outer: tuple[Expr, ...], distance: Expr) -> Slice:
        array = self.arrays[load.buffer]
        if array.space != NRAM or not all(map(self._uniform, outer)) or array.elem == BOOL:
            return self._gathered(load, None)
        dst = self.temporary(array.elem)
        source = Slice(load.buffer, (*outer, i32(0)), array.elem, False)
        ends = (self.address(dst), self.address(source))
        self.instruction("xp_swap", (*ends, cast(I32, distance), self.count))
        return dst

    def _gathered(self, load: Load, target: Slice | None) -> Slice:
        """Elements that lie apart, one after another into a vector."""
        if not self._free_to_read(load):
            raise RefusedError(f"{load.buffer} is not read at consecutive places on the chip")
        return self._scalar_loop(load, target)

    def _element(self, operand: Operand, node: Expr, name: str) -> Expr:
        if isinstance(operand, Uniform):
            return operand.expr
        assert isinstance(node.type, Scalar)
        array = self.arrays.get(operand.buffer)
        stored = self.temporaries.elem(operand.buffer) or (array.elem if array else None)
        if node.type == BOOL:
            load = Load(operand.buffer, element(operand, Var(name, I32)), F32)
            return Binary("!=", load, const(0.0, F32))
        if stored in (I32, U32) and node.type in (I32, U32):
            return cast(node.type, Load(operand.buffer, element(operand, Var(name, I32)), stored))
        if stored != node.type:
            raise RefusedError("a temporary of another type in a scalar loop")
        return Load(operand.buffer, element(operand, Var(name, I32)), node.type)
