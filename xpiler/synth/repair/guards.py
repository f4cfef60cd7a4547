"""Guards that a statement may have lost: conditions over what is in scope, tried from the likeliest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from xpiler.ir import build
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Barrier,
    Binary,
    Block,
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
from xpiler.ir.walk import expressions, statements, subexpressions, variables
from xpiler.synth.locate.trace import Place
from xpiler.synth.paths import at, block_of, replace_at
from xpiler.synth.repair.calls import arrays_read
from xpiler.synth.repair.change import Change
from xpiler.synth.repair.demands import Witness, number_at

__all__ = ["guarded", "guarded_twice"]

TERMS = 8  # expressions whose range a guard may limit
GROUP = 3  # statements that one guard may have held


def guarded(
    program: Module,
    path: Place,
    scope: Sequence[Var],
    seen: Witness | None = None,
    narrow: bool = False,
) -> Iterator[Change]:
    """The statement at `path` (and some beside it) under each of the simple conditions.

    With `seen`, under those alone that keep it from what it must not do and let it do what it must; `narrow`: the
    statement, or all from it on.
    """
    for cond in _conditions(program, path, scope):
        if seen is None or (not _holds(cond, seen.wrong) and _admits(cond, seen)):
            yield from _under(program, path, cond, narrow)


def guarded_twice(
    program: Module,
    path: Place,
    scope: Sequence[Var],
    seen: Witness | None = None,
    narrow: bool = False,
) -> Iterator[Change]:
    """The same under two upper limits at once, `i < n && j < m`."""
    limits = [c for c in _conditions(program, path, scope) if c.op == "<"]
    if seen is not None:
        limits = [c for c in limits if _admits(c, seen)]
    pairs = sorted(combinations(range(len(limits)), 2), key=sum)
    for a, b in ((limits[n], limits[m]) for n, m in pairs):
        if a.a != b.a and not (seen and _holds(a, seen.wrong) and _holds(b, seen.wrong)):
            yield from _under(program, path, Binary("&&", a, b), narrow)


def _admits(cond: Binary, seen: Witness) -> bool:
    return all(_truth(cond, env) is not False for env in seen.right)


def _holds(cond: Binary, known: Mapping[str, int]) -> bool:
    return _truth(cond, known) is True


def _truth(cond: Binary, known: Mapping[str, int]) -> bool | None:
    """Whether a comparison holds at these values; None if they do not tell."""
    a, b = number_at(cond.a, known), number_at(cond.b, known)
    if a is None or b is None:
        return None
    return {"<": a < b, ">=": a >= b, "==": a == b, ">": a > b}[cond.op]


def _under(program: Module, path: Place, cond: Expr, narrow: bool = False) -> Iterator[Change]:
    siblings = block_of(program, path)
    groups = _groups(path[-1], len(siblings))
    for start, end in groups[:2] if narrow else groups:
        group = siblings[start:end]
        if any(isinstance(s, Barrier) for s in group) or _declares(group) & _named(siblings[end:]):
            continue
        smaller = program
        for _ in range(end - start - 1):
            smaller = replace_at(smaller, (*path[:-1], start + 1))
        first = (*path[:-1], start)
        yield Change(replace_at(smaller, first, If(cond, group)), "a guard", first, 4)
    yield from _selected(program, path, at(program, path), cond)


def _declares(group: Block) -> set[str]:
    return {s.name for s in group if isinstance(s, Declare | Alloc)}


def _named(block: Block) -> set[str]:
    """Every name that a block mentions."""
    return {
        name
        for stmt in statements(block)
        for name in (
            *(n for e in expressions(stmt) for n in variables(e)),
            *arrays_read(stmt),
            getattr(stmt, "name", ""),
            getattr(stmt, "buffer", ""),
        )
    }


def _groups(n: int, count: int) -> list[tuple[int, int]]:
    """Runs of statements that hold the n-th: it and those after it, then with one or two before it."""
    runs = [(s, e) for s in range(n, max(-1, n - GROUP), -1) for e in range(n + 1, s + GROUP + 1)]
    whole = [(s, count) for s in range(n, max(-1, n - GROUP), -1)]
    return [(s, e) for s, e in dict.fromkeys((*runs[:1], *whole, *runs[1:])) if e <= count]


def _selected(program: Module, path: Place, stmt: Stmt, cond: Expr) -> Iterator[Change]:
    """A value that is read only under the condition, else zero."""
    new: Stmt | None = None
    match stmt:
        case Declare(init=value) if value is not None:
            new = replace(stmt, init=_chosen(cond, value))
        case Assign(value=value):
            new = replace(stmt, value=_chosen(cond, value))
        case Store(value=value):
            new = replace(stmt, value=_chosen(cond, value))
        case _:
            pass
    if new is not None and new != stmt:
        yield Change(replace_at(program, path, new), "a choice", path, 4)


def _chosen(cond: Expr, value: Expr) -> Expr:
    """A value that is read from memory, only under the condition; any other as it is."""
    type_ = value.type
    if isinstance(type_, Scalar) and any(isinstance(s, Load) for s in subexpressions(value)):
        return Select(cond, value, build.const(0, type_))
    return value


def _conditions(program: Module, path: Place, scope: Sequence[Var]) -> list[Binary]:
    """`i < n`, `i == 0`, `i >= j`, ... for integers in scope and terms of the statement, likeliest first."""
    kernel = program.kernels[0]
    params = [
        Var(p.name, p.type) for p in kernel.params if isinstance(p.type, Scalar) and p.type.is_int
    ]
    own = [v for v in scope if v not in params]
    mentioned = {s.name for s in _parts(at(program, path)) if isinstance(s, Var)}
    near = [v for v in own if v.name in mentioned][:TERMS]
    others: list[Expr] = [*(v for v in own if v.name not in mentioned), *_threads(kernel)]
    terms: list[Expr] = [*near, *_sums(at(program, path))[:TERMS], *others[: TERMS - len(near)]]
    typed = [(t, build.scalar_type(t)) for t in terms]
    out = [Binary("<", t, build.cast(type_, p)) for t, type_ in typed for p in params]
    zero = [Binary(op, t, build.const(0, type_)) for t, type_ in typed for op in ("==", ">")]
    among = [
        Binary(op, t, build.cast(type_, v))
        for t, type_ in typed
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
