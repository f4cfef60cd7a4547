"""Operands of vector instructions: slices of NRAM arrays, uniform values, temporaries in the room that is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from xpiler.backends.bang.spaces import NRAM
from xpiler.ir.build import address, i32
from xpiler.ir.nodes import Alloc, Binary, Call, Const, Evaluate, Expr, Stmt
from xpiler.ir.types import BOOL, F32, I32, VOID, Scalar
from xpiler.ir.walk import fresh
from xpiler.records import dataclass

__all__ = [
    "Operand",
    "Refusal",
    "Scalars",
    "Slice",
    "Temporaries",
    "Uniform",
    "element",
    "fill_type",
]

Scalars = Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a loop stays scalar."""

    reason: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive elements of an array from `index` on; `owned`: a temporary that its user may overwrite."""

    buffer: str
    index: tuple[Expr, ...]
    elem: Scalar
    owned: bool

    def over(self, *others: Slice) -> bool:
        """Whether an instruction may write here and read the others: each is apart, or the same elements."""
        return all(o.buffer != self.buffer or o.index == self.index for o in others)

    def kept(self) -> Slice:
        """The same elements, not to be overwritten or released by who reads them."""
        return replace(self, owned=False)


@dataclass(frozen=True, slots=True)
class Uniform:
    """A value that is the same for all iterations."""

    expr: Expr


Operand = Slice | Uniform


def element(place: Slice, i: Expr) -> tuple[Expr, ...]:
    """The index of element `i` of a slice."""
    last = place.index[-1]
    at = i if isinstance(last, Const) and last.value == 0 else Binary("+", last, i)
    return (*place.index[:-1], at)


def fill_type(elem: Scalar) -> Scalar:
    """The type of a scalar operand beside vectors of `elem`."""
    return F32 if elem == BOOL else elem


@dataclass
class Temporaries:
    """Scratch arrays, shared by all loops of a kernel. `room` is what NRAM has left, in bytes."""

    taken: set[str]
    room: int
    sizes: dict[str, tuple[Scalar, int]] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)
    ramp: str | None = None

    def numbers(self, count: int) -> Slice | None:
        """The array of 0, 1, 2, ..., filled once for the whole kernel; None when NRAM is full."""
        size = 0 if self.ramp is None else self.sizes[self.ramp][1]
        grown = max(0, count - size) * I32.size
        if grown > self.room:
            return None
        self.room -= grown
        if self.ramp is None:
            self.ramp = fresh("iota", self.taken)
            self.taken.add(self.ramp)
        self.sizes[self.ramp] = (I32, max(size, count))
        return Slice(self.ramp, (i32(0),), I32, False)

    def take(self, elem: Scalar, count: int) -> Slice | None:
        """An array of at least `count` elements; None when NRAM is full."""
        for name in self.free:
            kind, size = self.sizes[name]
            if kind != elem:
                continue
            grown = max(0, count - size) * elem.size
            if grown > self.room:
                return None
            self.room -= grown
            self.sizes[name] = (elem, max(size, count))
            self.free.remove(name)
            return Slice(name, (i32(0),), elem, True)
        if count * elem.size > self.room:
            return None
        self.room -= count * elem.size
        name = fresh("t", self.taken)
        self.taken.add(name)
        self.sizes[name] = (elem, count)
        return Slice(name, (i32(0),), elem, True)

    def release(self, used: Slice) -> None:
        if used.owned and used.buffer in self.sizes and used.buffer not in self.free:
            self.free.append(used.buffer)

    def release_all(self) -> None:
        """Nothing lives from one loop to the next."""
        self.free = [name for name in self.sizes if name != self.ramp]

    def elem(self, name: str) -> Scalar | None:
        found = self.sizes.get(name)
        return None if found is None else found[0]

    def checkpoint(self) -> tuple[int, dict[str, tuple[Scalar, int]], set[str]]:
        return self.room, dict(self.sizes), set(self.taken)

    def restore(self, kept: tuple[int, dict[str, tuple[Scalar, int]], set[str]]) -> None:
        self.room, self.sizes = kept[0], dict(kept[1])
        self.taken.clear()
        self.taken.update(kept[2])
        if self.ramp not in self.sizes:
            self.ramp = None
        self.release_all()

    def declarations(self) -> list[Stmt]:
        """The arrays, and the fill of those that are filled once."""
        made: list[Stmt] = [
            Alloc(name, elem, (i32(size),), NRAM) for name, (elem, size) in self.sizes.items()
        ]
        if self.ramp is not None:
            start = address(self.ramp, I32, i32(0))
            size = i32(self.sizes[self.ramp][1])
            made.append(Evaluate(Call("xp_iota", (start, size), VOID)))
        return made
