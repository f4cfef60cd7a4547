"""A leaf's statements with the variables that cross leaves in arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import replace

from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Block,
    Const,
    Declare,
    Expr,
    For,
    Load,
    Stmt,
    Store,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import I32, Scalar
from xpiler.ir.walk import (
    assigned,
    blocks,
    buffers_written,
    expressions,
    map_block,
    statements,
    subexpressions,
    variables,
)
from xpiler.passes.loop_recovery.regions import read_names
from xpiler.passes.loop_recovery.storage import Storage, exposed
from xpiler.passes.names import Names
from xpiler.records import dataclass

__all__ = ["LeafRewriter"]

_NEAR = 64  # elements of an array that a thread may keep in registers


@dataclass(frozen=True, slots=True)
class LeafRewriter:
    """`array_of` names the array of an expanded variable, `index` says which element is this thread's."""

    storage: Storage
    array_of: Mapping[str, str]
    index: Expr
    names: Names
    keep_in_memory: bool

    def leaf(self, stmts: Block) -> Block:
        """The statements of one leaf, self-contained."""
        stmts = self._with_recomputed(stmts)
        prefix: list[Stmt] = []
        suffix: list[Stmt] = []
        direct: set[str] = set()
        touched = read_names(stmts) | assigned(stmts)
        for name, declare in self.storage.expanded.items():
            if name not in touched:
                continue
            if self.keep_in_memory or not _in_loop(stmts, name):
                direct.add(name)
            else:
                stmts = self._in_register(stmts, name, declare, prefix, suffix)
        for name, declare in self.storage.private.items():
            if name in touched and not _declares(stmts, name):
                prefix.append(replace(declare, init=None))
        near = self._near_arrays(stmts, prefix, suffix)
        body = map_block(stmts, self._redirect(direct, near), self._reads(direct, near))
        return (*prefix, *body, *suffix)

    def _with_recomputed(self, stmts: Block) -> Block:
        needed = set(read_names(stmts))
        chosen: list[Declare] = []
        for declare in reversed(self.storage.recomputed):
            if declare.name in needed and not _declares(stmts, declare.name):
                chosen.append(declare)
                needed |= read_names((declare,))
        return (*reversed(chosen), *stmts)

    def _element(self, name: str, type: Scalar) -> Load:
        return Load(self.array_of[name], (self.index,), type)

    def _in_register(
        self, stmts: Block, name: str, declare: Declare, prefix: list[Stmt], suffix: list[Stmt]
    ) -> Block:
        """Load before, store after: the loop between works on a scalar."""
        type = _scalar(declare)
        own = any(isinstance(s, Declare) and s.name == name for s in stmts)
        if not own:
            read = name in exposed(stmts) or not _surely_assigned(stmts, name)
            prefix.append(Declare(name, type, self._element(name, type) if read else None))

            def assign(stmt: Stmt) -> Block:
                if isinstance(stmt, Declare) and stmt.name == name:
                    return () if stmt.init is None else (Assign(name, stmt.init, span=stmt.span),)
                return (stmt,)

            stmts = map_block(stmts, assign)
        if name in assigned(stmts):
            suffix.append(Store(self.array_of[name], (self.index,), Var(name, type)))
        return stmts

    def _near_arrays(self, stmts: Block, prefix: list[Stmt], suffix: list[Stmt]) -> frozenset[str]:
        """Small arrays that a loop of the leaf works on get a copy that the thread has to itself meanwhile."""
        near: set[str] = set()
        for name, alloc in self.storage.arrays.items():
            declared_here = any(isinstance(s, Alloc) and s.name == name for s in statements(stmts))
            if self.keep_in_memory or declared_here or not _small(alloc):
                continue
            if not _array_in_loop(stmts, name):
                continue
            near.add(name)
            prefix.append(replace(alloc, init=(), span=None))
            prefix += self._copied(alloc, outwards=False)
            if name in buffers_written(stmts):
                suffix += self._copied(alloc, outwards=True)
        return frozenset(near)

    def _copied(self, alloc: Alloc, outwards: bool) -> Block:
        """All elements from or to the array of all threads."""
        counters = [Var(self.names.fresh("e"), I32) for _ in alloc.shape]
        far, index = self.array_of[alloc.name], (*counters, self.index)
        if outwards:
            copy = Store(far, index, Load(alloc.name, tuple(counters), alloc.elem))
        else:
            copy = Store(alloc.name, tuple(counters), Load(far, index, alloc.elem))
        body: Block = (copy,)
        for counter, size in zip(reversed(counters), reversed(alloc.shape), strict=True):
            body = (For(counter.name, I32, i32(0), size, i32(1), body),)
        return body

    def _reads(self, direct: set[str], near: frozenset[str]) -> Callable[[Expr], Expr]:
        arrays = self.storage.arrays.keys() - near

        def one(expr: Expr) -> Expr:
            if isinstance(expr, Var) and expr.name in direct and isinstance(expr.type, Scalar):
                return self._element(expr.name, expr.type)
            if isinstance(expr, Load | AddressOf) and expr.buffer in arrays:
                return replace(
                    expr, buffer=self.array_of[expr.buffer], index=(*expr.index, self.index)
                )
            return expr

        return one

    def _redirect(self, direct: set[str], near: frozenset[str]) -> Callable[[Stmt], Block]:
        arrays = self.storage.arrays.keys() - near

        def one(stmt: Stmt) -> Block:
            match stmt:
                case Declare(name=name, init=init) if name in direct:
                    return () if init is None else (self._store(name, init, stmt),)
                case Assign(name=name, value=value) if name in direct:
                    return (self._store(name, value, stmt),)
                case Atomic(result=str(name)) | WarpOp(result=str(name)) if name in direct:
                    return self._through_temporary(stmt, name)
                case _:
                    return self._array(stmt, arrays)

        return one

    def _array(self, stmt: Stmt, arrays: Set[str]) -> Block:
        match stmt:
            case Store(buffer=buffer) | Atomic(buffer=buffer) if buffer in arrays:
                index = (*stmt.index, self.index)
                return (replace(stmt, buffer=self.array_of[buffer], index=index),)
            case Alloc(name=name) if name in arrays:
                return self._initial(stmt)
            case _:
                return (stmt,)

    def _initial(self, stmt: Alloc) -> Block:
        """An array's initial values, one store each: it begins anew wherever it is declared."""
        sizes = [int(s.value) for s in stmt.shape if isinstance(s, Const)]
        out: list[Stmt] = []
        for n, value in enumerate(stmt.init):
            index: list[Expr] = []
            for size in reversed(sizes):
                n, at = divmod(n, size)
                index.insert(0, Const(at, I32))
            out.append(Store(self.array_of[stmt.name], (*index, self.index), value))
        return tuple(out)

    def _store(self, name: str, value: Expr, stmt: Stmt) -> Store:
        return Store(self.array_of[name], (self.index,), value, span=stmt.span)

    def _through_temporary(self, stmt: Atomic | WarpOp, name: str) -> Block:
        type = _scalar(self.storage.expanded[name])
        temporary = self.names.fresh(f"{name}_got")
        return (
            Declare(temporary, type),
            replace(stmt, result=temporary),
            Store(self.array_of[name], (self.index,), Var(temporary, type)),
        )


def _scalar(declare: Declare) -> Scalar:
    assert isinstance(declare.type, Scalar)
    return declare.type


def _declares(block: Block, name: str) -> bool:
    return any(isinstance(s, Declare) and s.name == name for s in statements(block))


def _small(alloc: Alloc) -> bool:
    total = 1
    for size in alloc.shape:
        total *= int(size.value) if isinstance(size, Const) else _NEAR + 1
    return total <= _NEAR


def _array_in_loop(block: Block, name: str, counters: frozenset[str] = frozenset()) -> bool:
    """Does a loop come back to an element: does the index not follow one of the counters around it?"""
    for stmt in block:
        inner = counters
        if isinstance(stmt, For | While):
            inner = counters | {stmt.var if isinstance(stmt, For) else ""}
        for index in _places(stmt, name):
            if not counters <= frozenset().union(*(variables(i) for i in index)):
                return True
        if any(_array_in_loop(b, name, inner) for b in blocks(stmt)):
            return True
    return False


def _places(stmt: Stmt, name: str) -> list[tuple[Expr, ...]]:
    """The indices at which `stmt` itself accesses the array."""
    places = [stmt.index] if isinstance(stmt, Store | Atomic) and stmt.buffer == name else []
    for expr in expressions(stmt):
        for sub in subexpressions(expr):
            if isinstance(sub, Load) and sub.buffer == name:
                places.append(sub.index)
    return places


def _in_loop(block: Block, name: str) -> bool:
    loops = [s for s in statements(block) if isinstance(s, For | While)]
    return any(name in read_names((s,)) | assigned((s,)) for s in loops)


def _surely_assigned(block: Block, name: str) -> bool:
    return any(isinstance(s, Assign) and s.name == name for s in block)
