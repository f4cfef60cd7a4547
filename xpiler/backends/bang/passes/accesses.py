"""The accesses of a vector loop to GDRAM: which of them are copies of tiles, and which stay where they are.

What every iteration reads or writes may be copied as a whole. A place that an iteration writes under a condition and
reads in any case is no other iteration's (they are independent), so the tile may go back with what was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from xpiler.backends.bang.passes.index import Affine, affine
from xpiler.backends.bang.passes.lengths import Counted
from xpiler.ir.affine import Poly
from xpiler.ir.nodes import (
    Binary,
    Block,
    Builtin,
    Cast,
    Declare,
    Expr,
    If,
    Load,
    Select,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import buffers_written, expressions, operands, statements, subexpressions
from xpiler.records import dataclass

__all__ = ["Accesses", "Key", "guarded", "key_of", "loads_of", "scan"]

Key = tuple[str, Poly, Poly]
"""Buffer, stride and first element of what a vector loop's iterations touch."""


@dataclass(slots=True)
class Accesses:
    """What is copied in before a loop, and out after it, with element types."""

    reads: dict[Key, Scalar] = field(default_factory=dict)
    writes: dict[Key, Scalar] = field(default_factory=dict)


def scan(loop: Counted, gdram: Mapping[str, Scalar]) -> Accesses | None:
    """The strided accesses to GDRAM; None where copies would not be the same, or there are none."""
    found = _Scan(loop, gdram)
    if not all(found.loads(s) and found.stores(s) for s in loop.body):
        return None
    return found.out if found.out.reads or found.out.writes else None


class _Scan:
    def __init__(self, loop: Counted, gdram: Mapping[str, Scalar]) -> None:
        self.loop, self.gdram = loop, gdram
        self.local = {s.name for s in statements(loop.body) if isinstance(s, Declare)}
        self.stored = buffers_written(loop.body)
        self.always = frozenset(self._always(loop.body))
        self.always_read = frozenset(self._always_read())
        self.out = Accesses()

    def loads(self, stmt: Stmt) -> bool:
        """Note what `stmt` reads; whether that can be copied or left."""
        return all(self._load(stmt, load) for load in loads_of(stmt) if load.buffer in self.gdram)

    def _load(self, stmt: Stmt, load: Load) -> bool:
        place = affine(load.index[0], self.loop.var, {})
        fixed = load.buffer not in self.stored
        if place is None or place.offset.mentions(self.local):
            return fixed and not guarded(stmt, load)  # a gather: left where it is
        if place.stride.is_zero:
            return all(k[0] != load.buffer for k in self.out.writes)
        key = None if place.stride.mentions(self.local) else key_of(load.buffer, place)
        if key is None:
            return fixed and not guarded(stmt, load)
        if key in self.out.writes:
            return True
        if any(k[0] == load.buffer for k in self.out.writes):
            return False  # after a store to another place of the array
        if key in self.always or key in self.always_read:
            self.out.reads[key] = load.type
            return True
        # under a condition: what lies between the first and the last that are read is fetched there
        return fixed and place.stride.value == 1

    def stores(self, stmt: Stmt) -> bool:
        """Note what `stmt` writes; whether that can be copied."""
        for inner in statements((stmt,)):
            if not isinstance(inner, Store) or inner.buffer not in self.gdram:
                continue
            key = self._place(inner)
            if key is None:
                return False
            if key not in self.always:
                if key not in self.always_read:
                    return False
                self.out.reads[key] = self.gdram[inner.buffer]
            self.out.writes[key] = self.gdram[inner.buffer]
        return True

    def _place(self, store: Store) -> Key | None:
        place = affine(store.index[0], self.loop.var, {})
        if place is None or place.offset.mentions(self.local) or place.stride.mentions(self.local):
            return None
        return key_of(store.buffer, place)

    def _always(self, body: Block) -> Iterator[Key]:
        """The places that every iteration writes."""
        for stmt in body:
            if isinstance(stmt, Store) and stmt.buffer in self.gdram:
                key = self._place(stmt)
                if key is not None:
                    yield key
            elif isinstance(stmt, If) and stmt.orelse:
                yield from set(self._always(stmt.then)) & set(self._always(stmt.orelse))

    def _always_read(self) -> Iterator[Key]:
        """The places that every iteration reads."""
        for stmt in self.loop.body:
            for load in loads_of(stmt):
                if load.buffer in self.gdram and not guarded(stmt, load):
                    place = affine(load.index[0], self.loop.var, {})
                    key = None if place is None else key_of(load.buffer, place)
                    if key is not None:
                        yield key


def key_of(buffer: str, place: Affine) -> Key | None:
    """What a strided copy can fetch: the stride is positive, or made of sizes so that it is if they are."""
    stride = place.stride
    atoms = {atom for term in stride.terms for atom in term}
    if stride.is_zero or any(c < 0 for c in stride.terms.values()):
        return None
    if not all(isinstance(_uncast(a), Var | Builtin) for a in atoms):
        return None
    return buffer, stride, place.offset


def _uncast(expr: Expr) -> Expr:
    return _uncast(expr.a) if isinstance(expr, Cast) else expr


def loads_of(stmt: Stmt) -> list[Load]:
    return [
        sub
        for inner in statements((stmt,))
        for expr in expressions(inner)
        for sub in subexpressions(expr)
        if isinstance(sub, Load)
    ]


def guarded(stmt: Stmt, load: Load) -> bool:
    """Whether some iteration may not reach this load: it stands under a condition."""

    def always(expr: Expr) -> bool:
        if expr == load:
            return True
        if isinstance(expr, Select):
            return always(expr.cond) or (always(expr.a) and always(expr.b))
        if isinstance(expr, Binary) and expr.op in ("&&", "||"):
            return always(expr.a)
        return any(always(o) for o in operands(expr))

    return not any(always(e) for e in expressions(stmt))
