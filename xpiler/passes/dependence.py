"""Dependences between iterations: may two instances of statements touch the same element?

The test is exact for affine accesses and conservative for the rest: Z3 is asked for two iterations that
conflict; only `unsat` means independent, a time-out or "unknown" counts as a dependence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Barrier,
    Block,
    Break,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Invoke,
    Load,
    Return,
    Stmt,
    Store,
    TileOp,
    Unary,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.walk import (
    assigned,
    buffers_written,
    declared,
    expressions,
    statements,
    subexpressions,
)
from xpiler.records import dataclass

if TYPE_CHECKING:
    from xpiler.ir.smt import Encoder

__all__ = [
    "Access",
    "Accesses",
    "Dependent",
    "Independent",
    "accesses",
    "carried",
    "conflict",
    "conflict_between",
    "leaves_early",
]

TIMEOUT_MS = 500


@dataclass(frozen=True, slots=True)
class Independent:
    """No two instances conflict."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """Two instances may conflict, or it could not be excluded; `reason` says where."""

    reason: str


Dependence = Independent | Dependent


@dataclass(frozen=True, slots=True)
class Access:
    """A read or write of `buffer[index]` under `conditions`, inside the `loops` of the analysed block."""

    buffer: str
    index: tuple[Expr, ...]
    writes: bool
    atomic: bool
    conditions: tuple[Expr, ...]
    loops: tuple[For, ...]


@dataclass(frozen=True, slots=True)
class Accesses:
    """What a block touches. `opaque` is a reason why it cannot be analysed (empty: it can).

    `scalars` are variables from outside that it assigns, `reads` those from outside that it reads;
    `definitions` are its single-assignment locals, `changing` its other locals.
    """

    accesses: tuple[Access, ...]
    scalars: frozenset[str]
    reads: frozenset[str]
    definitions: Mapping[str, Expr]
    changing: frozenset[str]
    opaque: str = ""


@dataclass
class _Collector:
    found: list[Access] = field(default_factory=list)
    local_buffers: set[str] = field(default_factory=set)
    opaque: str = ""

    def block(self, block: Block, conditions: tuple[Expr, ...], loops: tuple[For, ...]) -> None:
        for stmt in block:
            self.stmt(stmt, conditions, loops)

    def stmt(self, stmt: Stmt, conditions: tuple[Expr, ...], loops: tuple[For, ...]) -> None:
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load):
                    self._add(sub.buffer, sub.index, False, False, conditions, loops)
                elif isinstance(sub, AddressOf):
                    self.opaque = f"the address of {sub.buffer!r} is handed on"
        match stmt:
            case Store(buffer=buffer, index=index):
                self._add(buffer, index, True, False, conditions, loops)
            case Atomic(buffer=buffer, index=index, result=result):
                self._add(buffer, index, True, result is None, conditions, loops)
            case Alloc(name=name):
                self.local_buffers.add(name)
            case If(cond=cond, then=then, orelse=orelse):
                self.block(then, (*conditions, cond), loops)
                self.block(orelse, (*conditions, Unary("!", cond)), loops)
            case For(body=body):
                self.block(body, conditions, (*loops, stmt))
            case While(body=body):
                self.block(body, conditions, loops)
            case Barrier() | WarpOp() | TileOp() | Invoke() | Evaluate() | Return():
                self.opaque = f"it holds a {type(stmt).__name__}"
            case _:
                pass

    def _add(
        self,
        buffer: str,
        index: tuple[Expr, ...],
        writes: bool,
        atomic: bool,
        conditions: tuple[Expr, ...],
        loops: tuple[For, ...],
    ) -> None:
        self.found.append(Access(buffer, index, writes, atomic, conditions, loops))


def accesses(block: Block) -> Accesses:
    """Collect what `block` touches."""
    collector = _Collector()
    collector.block(block, (), ())
    inside = declared(block)
    counts: dict[str, int] = {}
    definitions: dict[str, Expr] = {}
    for stmt in statements(block):
        match stmt:
            case Assign(name=name) | WarpOp(result=name):
                counts[name] = counts.get(name, 0) + 1
            case Atomic(result=str(name)):
                counts[name] = counts.get(name, 0) + 1
            case Declare(name=name, init=init) if init is not None:
                definitions[name] = init
            case _:
                pass
    changing = {n for n in inside if counts.get(n)}
    changing |= {s.name for s in statements(block) if isinstance(s, Declare) and s.init is None}
    written = buffers_written(block)
    stable = {
        name: init
        for name, init in definitions.items()
        if name not in changing
        and not any(isinstance(s, Load) and s.buffer in written for s in subexpressions(init))
        and not any(isinstance(s, Var) and counts.get(s.name) for s in subexpressions(init))
    }
    changing |= set(definitions) - set(stable)
    reads = frozenset(
        sub.name
        for stmt in statements(block)
        for expr in expressions(stmt)
        for sub in subexpressions(expr)
        if isinstance(sub, Var) and sub.name not in inside
    )
    found = tuple(a for a in collector.found if a.buffer not in collector.local_buffers)
    return Accesses(
        found,
        assigned(block) - inside,
        reads,
        stable,
        frozenset(changing),
        collector.opaque,
    )


def carried(loop: For) -> Dependence:
    """Whether some iteration of `loop` depends on a different one."""
    body = accesses(loop.body)
    if body.opaque:
        return Dependent(body.opaque)
    if body.scalars:
        return Dependent(f"it assigns {sorted(body.scalars)[0]!r}, which outlives an iteration")
    return conflict(loop, body, loop, body, lambda i, j: i != j)


def conflict(
    first_loop: For, first: Accesses, second_loop: For, second: Accesses, order: Any
) -> Dependence:
    """Whether iteration i of the first and j of the second, with `order(i, j)`, touch the same element and
    one of them writes it. Two atomic updates without result commute and are no conflict."""
    return conflict_between(
        (first_loop,), first, (second_loop,), second, lambda a, b: order(a[0], b[0])
    )


def conflict_between(
    first_nest: tuple[For, ...],
    first: Accesses,
    second_nest: tuple[For, ...],
    second: Accesses,
    order: Any,
) -> Dependence:
    """`conflict` for instances of two nests: `order` gets their iteration vectors, outermost first."""
    import z3

    for a in first.accesses:
        for b in second.accesses:
            if a.buffer != b.buffer or not (a.writes or b.writes) or (a.atomic and b.atomic):
                continue
            solver = z3.Solver()
            solver.set("timeout", TIMEOUT_MS)
            i, at_i = _instance("i", first_nest, first, a, solver)
            j, at_j = _instance("j", second_nest, second, b, solver)
            solver.add(order(i, j))
            for x, y in zip(at_i, at_j, strict=False):
                solver.add(x == y)
            if solver.check() != z3.unsat:
                kind = "writes" if a.writes and b.writes else "a write and a read"
                return Dependent(f"{kind} of {a.buffer!r} may meet in different iterations")
    return Independent()


def _instance(
    name: str, nest: tuple[For, ...], body: Accesses, access: Access, solver: Any
) -> tuple[list[Any], list[Any]]:
    """Constrain one execution of `access` and give its iteration vector and its index."""
    import z3

    from xpiler.ir.smt import Encoder

    encoder = Encoder(
        name,
        definitions=body.definitions,
        varying=body.changing | {a.buffer for a in body.accesses if a.writes} | body.scalars,
    )
    for loop in (*nest, *access.loops):
        value = z3.Int(f"{loop.var}@{name}")
        encoder.values[loop.var] = value
        _in_range(encoder, loop, value, solver)
    for condition in access.conditions:
        # one that reads what the body changes was true of another value than the index sees
        if not _unstable(condition, body):
            solver.add(encoder.boolean(condition))
    index = [encoder.integer(e) for e in access.index]
    for term, expr in encoder.unknowns:
        if getattr(expr.type, "kind", "") == "uint":
            solver.add(term >= 0)
    return [encoder.values[loop.var] for loop in nest], index


def _unstable(expr: Expr, body: Accesses) -> bool:
    written = {a.buffer for a in body.accesses if a.writes}
    return any(
        (isinstance(sub, Var) and sub.name in body.changing | body.scalars)
        or (isinstance(sub, Load) and sub.buffer in written)
        for sub in subexpressions(expr)
    )


def _in_range(encoder: Encoder, loop: For, value: Any, solver: Any) -> None:
    import z3

    lo, hi, step = encoder.integer(loop.lo), encoder.integer(loop.hi), encoder.integer(loop.step)
    solver.add(value >= lo, value < hi)
    count = z3.Int(f"{value}#")
    solver.add(count >= 0, value == lo + count * step)


def leaves_early(block: Block) -> bool:
    """Whether the block holds a break or continue of its own loop, or a return."""
    for stmt in block:
        match stmt:
            case Break() | Continue() | Return():
                return True
            case If(then=then, orelse=orelse):
                if leaves_early(then) or leaves_early(orelse):
                    return True
            case For(body=body) | While(body=body):
                if any(isinstance(s, Return) for s in statements(body)):
                    return True
            case _:
                pass
    return False
