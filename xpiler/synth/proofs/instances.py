"""A program as what it does, apart from the order: leaves, and the instances in which each is run.

A leaf is a store, or a run of statements that belong together (an accumulator and its loop). Its instances are the
iterations of the loops round it, the threads of the launch, the tasks of the machine, restricted by the conditions
that it stands under. Programs that cannot be taken apart like this are refused with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Assume,
    Binary,
    Block,
    Break,
    Builtin,
    Call,
    Cast,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Kernel,
    Load,
    Return,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
    While,
)
from xpiler.ir.types import BOOL, I32, U32, Scalar
from xpiler.ir.walk import assigned, blocks, expressions, statements, subexpressions
from xpiler.passes.dependence import leaves_early
from xpiler.records import dataclass

__all__ = ["Access", "Leaf", "Range", "Taken", "Tangled", "accesses", "is_pure", "take_apart"]

_AXES = ("x", "y", "z")
_IN_LEAVES = (Alloc, Assign, Break, Continue, Declare, For, If, Store, While)


@dataclass(frozen=True, slots=True)
class Range:
    """An instance variable (a loop's, or a builtin) and the values that it takes: lo <= v < hi by step."""

    name: str
    lo: Expr
    hi: Expr
    step: Expr


@dataclass(frozen=True, slots=True)
class Leaf:
    """`body` is run once for each instance: for the values of `ranges` under which `conditions` hold."""

    body: Block
    ranges: tuple[Range, ...]
    conditions: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A program taken apart. `definitions` are its single-assignment integer locals, `locals` all names it declares."""

    leaves: tuple[Leaf, ...]
    definitions: Mapping[str, Expr]
    locals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tangled:
    """Why the program cannot be taken apart."""

    reason: str


class _TangledError(Exception):
    pass


def take_apart(kernel: Kernel) -> Taken | Tangled:
    """The leaves of a kernel of any level."""
    names = _declared(kernel.body)
    mutable = _mutable(kernel.body)
    if mutable & {p.name for p in kernel.params}:
        return Tangled("it assigns a parameter")
    walker = _Walker(mutable, frozenset(p.name for p in kernel.params))
    try:
        walker.block(kernel.body, _outer(kernel), ())
    except _TangledError as tangled:
        return Tangled(str(tangled))
    return Taken(tuple(walker.leaves), walker.definitions, names | walker.bound)


def _outer(kernel: Kernel) -> tuple[Range, ...]:
    """What runs the whole body: threads, tasks, nothing."""
    zero, one = Const(0, U32), Const(1, U32)
    if kernel.level == "simt":
        return tuple(
            Range(f"{index}.{axis}", zero, Builtin(f"{size}.{axis}", U32), one)
            for index, size in (("blockIdx", "gridDim"), ("threadIdx", "blockDim"))
            for axis in _AXES
        )
    if kernel.level == "task":
        return (Range("taskId", Const(0, I32), Builtin("taskDim", I32), Const(1, I32)),)
    return ()


def _declared(body: Block) -> frozenset[str]:
    found: set[str] = set()
    for stmt in statements(body):
        match stmt:
            case Declare(name=name) | Alloc(name=name) | For(var=name):
                found.add(name)
            case _:
                pass
    return frozenset(found)


def _mutable(body: Block) -> frozenset[str]:
    """Scalars that change after their declaration, or have no value in it."""
    names = {s.name for s in statements(body) if isinstance(s, Assign)}
    return frozenset(
        names | {s.name for s in statements(body) if isinstance(s, Declare) and s.init is None}
    )


def is_pure(expr: Expr, known: Mapping[str, object] | frozenset[str]) -> bool:
    """An integer or truth made of constants, builtins and `known` names alone."""
    for sub in subexpressions(expr):
        if not isinstance(sub.type, Scalar) or not (sub.type.is_int or sub.type == BOOL):
            return False
        match sub:
            case Var(name=name) if name not in known:
                return False
            case Call(function=function) if function not in ("min", "max"):
                return False
            case Load():
                return False
            case Const() | Var() | Builtin() | Unary() | Binary() | Cast() | Select() | Call():
                pass
            case _:
                return False
    return True


@dataclass
class _Walker:
    mutable: frozenset[str]
    params: frozenset[str]
    leaves: list[Leaf] = field(default_factory=list)
    definitions: dict[str, Expr] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)

    def block(self, block: Block, ranges: tuple[Range, ...], conditions: tuple[Expr, ...]) -> None:
        """Add the leaves of a block. What follows the first statement that belongs to its successors is one leaf."""
        for at, stmt in enumerate(block):
            match stmt:
                case Declare(name=name, init=init) if init is not None and self._defines(stmt):
                    self.definitions[name] = init
                case Assume():
                    pass
                case If(cond=cond, then=(Return(value=None),), orelse=()) if self._pure(cond):
                    conditions = (*conditions, Unary("!", cond))
                case If(cond=cond, then=then, orelse=orelse) if self._separable(stmt, cond):
                    self.block(then, ranges, (*conditions, cond))
                    self.block(orelse, ranges, (*conditions, Unary("!", cond)))
                case For() if self._separable(stmt, stmt.lo, stmt.hi, stmt.step):
                    self.bound.add(stmt.var)
                    more = Range(stmt.var, stmt.lo, stmt.hi, stmt.step)
                    self.block(stmt.body, (*ranges, more), conditions)
                case Store():
                    self._leaf((stmt,), ranges, conditions)
                case _:
                    self._leaf(block[at:], ranges, conditions)
                    return

    def _pure(self, expr: Expr) -> bool:
        return is_pure(expr, self.params | frozenset(self.definitions) | frozenset(self.bound))

    def _defines(self, stmt: Declare) -> bool:
        """A name for an integer that never changes: it is expanded wherever it stands."""
        return (
            stmt.name not in self.mutable
            and stmt.init is not None
            and isinstance(stmt.type, Scalar)
            and self._pure(stmt.init)
        )

    def _separable(self, stmt: Stmt, *heads: Expr) -> bool:
        """Whether the parts of a loop or branch may be taken on their own: nothing flows between them in scalars."""
        if any(leaves_early(part) for part in blocks(stmt)):
            return False
        inside = {s.name for s in statements((stmt,)) if isinstance(s, Declare)}
        crossing = assigned((stmt,)) - inside - _loop_variables(stmt)
        return not crossing and all(self._pure(h) for h in heads)

    def _leaf(self, body: Block, ranges: tuple[Range, ...], conditions: tuple[Expr, ...]) -> None:
        for stmt in statements(body):
            if isinstance(stmt, Assume):
                continue
            if not isinstance(stmt, _IN_LEAVES):
                raise _TangledError(f"it holds a {type(stmt).__name__.lower()}")
            for expr in expressions(stmt):
                for sub in subexpressions(expr):
                    if isinstance(sub, Call) and sub.function not in FUNCTIONS:
                        raise _TangledError(f"it calls {sub.function}")
            if isinstance(stmt, Alloc) and (stmt.space.name != "local" or stmt.init):
                raise _TangledError(f"it declares {stmt.name!r} in {stmt.space.name} memory")
        self.leaves.append(Leaf(body, ranges, conditions))


def _loop_variables(stmt: Stmt) -> frozenset[str]:
    return frozenset(s.var for s in statements((stmt,)) if isinstance(s, For))


@dataclass(frozen=True, slots=True)
class Access:
    """`buffer[index]` in a leaf, inside further loops and conditions of its own."""

    buffer: str
    index: tuple[Expr, ...]
    writes: bool
    ranges: tuple[Range, ...] = ()
    conditions: tuple[Expr, ...] = ()


def accesses(leaf: Leaf) -> tuple[Access, ...]:
    """What a leaf touches beside its private arrays."""
    private = {s.name for s in statements(leaf.body) if isinstance(s, Alloc)}
    return tuple(a for a in _accesses(leaf.body, (), ()) if a.buffer not in private)


def _accesses(
    block: Block, ranges: tuple[Range, ...], conditions: tuple[Expr, ...]
) -> Iterator[Access]:
    for stmt in block:
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load):
                    yield Access(sub.buffer, sub.index, False, ranges, conditions)
        match stmt:
            case Store(buffer=buffer, index=index):
                yield Access(buffer, index, True, ranges, conditions)
            case If(cond=cond, then=then, orelse=orelse):
                yield from _accesses(then, ranges, (*conditions, cond))
                yield from _accesses(orelse, ranges, (*conditions, Unary("!", cond)))
            case For():
                more = Range(stmt.var, stmt.lo, stmt.hi, stmt.step)
                yield from _accesses(stmt.body, (*ranges, more), conditions)
            case _:
                for inner in blocks(stmt):
                    yield from _accesses(inner, ranges, conditions)
