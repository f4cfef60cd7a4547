"""Guards that a statement may have lost: conditions over what is in scope, tried from the likeliest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from xpiler.ir import build
from xpiler.ir.nodes import (
    Assign,
    Barrier,
    Binary,
    Builtin,
    Const,
    Declare,
    Expr,
    If,
    Kernel,
    Load,
    Module,
    Select,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.synth.change import Change
from xpiler.synth.paths import at, block_of, replace_at
from xpiler.synth.trace import Place

__all__ = ["guarded", "guarded_twice"]

TERMS = 8  # expressions whose range a guard may limit
GROUP = 3  # statements that one guard may have held


def guarded(program: Module, path: Place, scope: Sequence[Var]) -> Iterator[Change]:
    """The statement at `path` (and some after it) under each of the simple conditions."""
    for cond in _conditions(program, path, scope):
        yield from _under(program, path, cond)


def guarded_twice(program: Module, path: Place, scope: Sequence[Var]) -> Iterator[Change]:
    """The same under two upper limits at once, `i < n && j < m`."""
    limits = [c for c in _conditions(program, path, scope) if c.op == "<"]
    for a, b in combinations(limits, 2):
        if a.a != b.a:
            yield from _under(program, path, Binary("&&", a, b))


def _under(program: Module, path: Place, cond: Expr) -> Iterator[Change]:
    stmt = at(program, path)
    if isinstance(stmt, Declare):
        yield from _selected(program, path, stmt, cond)
        return
    siblings = block_of(program, path)
    for count in range(1, GROUP + 1):
        group = siblings[path[-1] : path[-1] + count]
        if len(group) < count or any(isinstance(s, Barrier | Declare) for s in group):
            break
        smaller = program
        for _ in range(count - 1):
            smaller = replace_at(smaller, (*path[:-1], path[-1] + 1))
        yield Change(replace_at(smaller, path, If(cond, group)), "a guard", path, 4)
    yield from _selected(program, path, stmt, cond)


def _selected(program: Module, path: Place, stmt: Stmt, cond: Expr) -> Iterator[Change]:
    """A value that is read only under the condition, else zero."""
    match stmt:
        case Declare(init=value) if value is not None:
            name = "init"
        case Assign(value=value) | Store(value=value):
            name = "value"
        case _:
            return
    if not isinstance(value.type, Scalar) or not any(
        isinstance(s, Load) for s in subexpressions(value)
    ):
        return
    chosen = Select(cond, value, build.const(0, value.type))
    yield Change(replace_at(program, path, replace(stmt, **{name: chosen})), "a choice", path, 4)  # type: ignore[arg-type]


def _conditions(program: Module, path: Place, scope: Sequence[Var]) -> list[Binary]:
    """`i < n`, `i == 0`, `i >= j`, ... for integers in scope and terms of the statement, likeliest first."""
    kernel = program.kernels[0]
    params = [
        Var(p.name, p.type) for p in kernel.params if isinstance(p.type, Scalar) and p.type.is_int
    ]
    own = [v for v in scope if v not in params]
    mentioned = {s.name for s in _parts(at(program, path)) if isinstance(s, Var)}
    own.sort(key=lambda v: v.name not in mentioned)
    terms: list[Expr] = [*own, *_threads(kernel)]
    terms = [*terms[:TERMS], *_sums(at(program, path))[:TERMS]]
    out = [Binary("<", t, build.cast(t.type, p)) for t in terms for p in params]  # type: ignore[arg-type]
    zero = [Binary(op, t, build.const(0, t.type)) for t in terms for op in ("==", ">")]  # type: ignore[arg-type]
    among = [
        Binary(op, t, build.cast(t.type, v))  # type: ignore[arg-type]
        for t in terms
        for v in own[:TERMS]
        if t != v
        for op in ("<", ">=")
    ]
    return list(dict.fromkeys((*out, *zero, *among)))


def _int(type_: object) -> bool:
    return isinstance(type_, Scalar) and type_.is_int


def _parts(stmt: Stmt) -> Iterator[Expr]:
    for whole in expressions(stmt):
        yield from subexpressions(whole)


def _threads(kernel: Kernel) -> list[Expr]:
    """Places of the thread that the program asks for."""
    found: dict[Expr, None] = {}
    for stmt in statements(kernel.body):
        for part in _parts(stmt):
            if isinstance(part, Builtin) and part.name.startswith("threadIdx"):
                found[build.cast(build.const(0, part.type).type, part)] = None
    return list(found)


def _sums(stmt: Stmt) -> list[Expr]:
    """Integer terms of the statement that are more than a name and less than a whole index."""
    found = [
        part
        for part in _parts(stmt)
        if isinstance(part, Binary) and part.op in "+-*" and _int(part.type)
    ]
    found.sort(key=lambda e: sum(1 for _ in subexpressions(e)))
    return list(dict.fromkeys(e for e in found if not isinstance(e.a, Const)))
