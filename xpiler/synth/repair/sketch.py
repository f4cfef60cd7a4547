"""Changes of one statement that are no question of numbers: operators, buffers, values, barriers, types.

Each gives whole candidate programs, cheapest first; `repair` tests them. Index expressions are the business of
`slots` and `solve`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from xpiler.ir import build
from xpiler.ir.nodes import (
    COMPARISONS,
    Alloc,
    Assign,
    Barrier,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Kernel,
    Load,
    Module,
    Select,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import F32, Pointer, Scalar
from xpiler.ir.walk import (
    expressions,
    map_block,
    map_expr,
    map_exprs,
    statements,
    subexpressions,
)
from xpiler.synth.locate.trace import Place
from xpiler.synth.paths import at, block_of, insert, places, replace_at
from xpiler.synth.repair.change import Change

__all__ = ["barriers", "changes", "structural"]


_COMPARE_SWAPS = {
    "<": ("<=", ">", ">=", "!="),
    "<=": ("<", ">=", ">", "=="),
    ">": (">=", "<", "<=", "!="),
    ">=": (">", "<=", "<", "=="),
    "==": ("!=", "<=", ">="),
    "!=": ("==", "<", ">"),
}
_FLOAT_SWAPS = {"+": ("-", "*"), "-": ("+",), "*": ("+", "/"), "/": ("*",)}
_CALL_SWAPS = {
    "fmax": ("fmin",),
    "fmin": ("fmax",),
    "max": ("min",),
    "min": ("max",),
    "exp": ("exp2",),
    "sqrt": ("rsqrt",),
    "rsqrt": ("sqrt",),
}
_INITIAL = (0.0, 1.0, -math.inf, math.inf, -3.4028234663852886e38, 3.4028234663852886e38)


def changes(program: Module, path: Place) -> Iterator[Change]:
    """Changes of the statement at `path` itself."""
    stmt = at(program, path)
    for new, what in _statement(program.kernels[0], stmt):
        if new != stmt:
            yield Change(replace_at(program, path, new), what, path, 1)


def _statement(kernel: Kernel, stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    yield from _expressions(stmt)
    elems = _elements(kernel)
    if isinstance(stmt, Store):
        for name in sorted(n for n, e in elems.items() if e == elems.get(stmt.buffer)):
            yield replace(stmt, buffer=name), f"stores to {name}"
    match stmt:
        case (
            Declare(name=name, init=Const(type=type_))
            | Assign(name=name, value=Const(type=type_))
            | Store(buffer=name, value=Const(type=type_))
        ):
            for value in _INITIAL:
                if type_.is_float or (math.isfinite(value) and abs(value) < 2):
                    yield (
                        _with_value(stmt, build.const(value, type_)),
                        f"{name} starts at {value:g}",
                    )
        case _:
            pass
    for load in _loads(stmt):
        mine = elems.get(load.buffer)
        for name in sorted(n for n, e in elems.items() if e == mine and n != load.buffer):
            new = replace(load, buffer=name)
            for changed in _each(stmt, load, new):
                yield changed, f"reads {name}"


def _with_value(stmt: Declare | Assign | Store, value: Expr) -> Stmt:
    return replace(stmt, init=value) if isinstance(stmt, Declare) else replace(stmt, value=value)


def _elements(kernel: Kernel) -> Mapping[str, tuple[Scalar, int]]:
    """Element type and rank of each buffer."""
    out = {p.name: (p.type.elem, 1) for p in kernel.params if isinstance(p.type, Pointer)}
    for stmt in statements(kernel.body):
        if isinstance(stmt, Alloc):
            out[stmt.name] = (stmt.elem, 1 if stmt.dynamic else len(stmt.shape))
    return out


def _loads(stmt: Stmt) -> Iterator[Load]:
    seen: set[Load] = set()
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if isinstance(part, Load) and part not in seen:
                seen.add(part)
                yield part


def _swapped(stmt: Stmt, old: Expr, new: Expr) -> Stmt:
    return map_exprs(stmt, lambda e: new if e == old else e)


def _each(stmt: Stmt, old: Expr, new: Expr) -> Iterator[Stmt]:
    """`new` for every occurrence of `old`, then for each single one where there are several."""
    yield _swapped(stmt, old, new)
    count = sum(e == old for whole in expressions(stmt) for e in subexpressions(whole))
    for turn in range(count if count > 1 else 0):
        seen = -1

        def one(e: Expr, turn: int = turn) -> Expr:
            nonlocal seen
            if e != old:
                return e
            seen += 1
            return new if seen == turn else e

        yield map_exprs(stmt, one)


def _expressions(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    """Every operator, call and cast of the statement, changed one at a time."""
    seen: set[Expr] = set()
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if part in seen:
                continue
            seen.add(part)
            for new, what in _expression(part):
                yield _swapped(stmt, part, new), what


def _expression(e: Expr) -> Iterator[tuple[Expr, str]]:
    match e:
        case Binary(op=op) if op in COMPARISONS:
            for other in _COMPARE_SWAPS[op]:
                yield replace(e, op=other), f"{other} for {op}"
        case Binary(op="&&"):
            yield replace(e, op="||"), "|| for &&"
        case Binary(op="||"):
            yield replace(e, op="&&"), "&& for ||"
        case Binary(op=op, a=a, b=b) if op in _FLOAT_SWAPS:
            for other in _FLOAT_SWAPS[op]:
                yield replace(e, op=other), f"{other} for {op}"
            if op in "-/":
                yield replace(e, a=b, b=a), "operands exchanged"
        case Select(a=a, b=b):
            yield replace(e, a=b, b=a), "the two choices exchanged"
        case Call(function=function) if function in _CALL_SWAPS:
            for other in _CALL_SWAPS[function]:
                yield replace(e, function=other), f"{other} for {function}"
        case Cast(type=outer, a=Cast(type=inner, a=a)) if a.type == outer:
            yield a, f"without the narrowing to {inner}"
        case Cast(type=type_, a=Binary(op=op, a=Cast(a=a), b=Cast(a=b))) if (
            a.type == b.type == type_
        ):
            yield Binary(op, a, b), f"computed in {type_}"
        case _:
            pass


def structural(program: Module, suspects: Sequence[Place]) -> Iterator[Change]:
    """Remainders, guards and types: what is missing or too much."""
    yield from _remainders(program)
    yield from _unguarded(program, suspects)
    yield from _widened(program)


def barriers(program: Module, suspects: Sequence[Place], waits: Sequence[Stmt]) -> Iterator[Change]:
    """A barrier or one of `waits` beside each of the suspects; one that is there, one statement earlier or later."""
    simt = program.kernels[0].level == "simt"
    missing: list[Stmt] = [*([Barrier()] if simt else []), *waits]
    for path in suspects:
        stmt = at(program, path)
        if stmt in missing:
            yield from _moved(program, path, stmt)
        for new in missing:
            yield Change(insert(program, path, new), "a barrier", path, 3)
            yield Change(replace_at(program, path, stmt, new), "a barrier", path, 3)


def _moved(program: Module, path: Place, barrier: Stmt) -> Iterator[Change]:
    siblings = block_of(program, path)
    for by in (1, -1):
        other = (*path[:-1], path[-1] + by)
        if 0 <= other[-1] < len(siblings):
            swapped = replace_at(program, path, siblings[other[-1]])
            yield Change(replace_at(swapped, other, barrier), "the barrier elsewhere", path, 1)


def _remainders(program: Module) -> Iterator[Change]:
    """`n / T` trips of an outer loop leave the last, partly filled tile out."""
    for path, stmt in places(program.kernels[0].body):
        if not isinstance(stmt, For):
            continue
        hi = stmt.hi
        if isinstance(hi, Binary) and hi.op == "/" and isinstance(hi.b, Const):
            less = build.const(int(hi.b.value) - 1, hi.b.type)
            rounded = Binary("/", Binary("+", hi.a, less), hi.b)
            yield Change(
                replace_at(program, path, replace(stmt, hi=rounded)), "the remainder", path, 1
            )
            guarded = _guard_body(stmt, hi.a)
            if guarded is not None:
                new = replace(guarded, hi=rounded)
                yield Change(
                    replace_at(program, path, new), "the remainder, under a guard", path, 2
                )


def _guard_body(outer: For, limit: Expr) -> For | None:
    """The inner loop's body under `i < limit`, when it begins with `i32 i = ...`."""
    if len(outer.body) != 1 or not isinstance(outer.body[0], For):
        return None
    inner = outer.body[0]
    first = inner.body[0] if inner.body else None
    if not isinstance(first, Declare) or not isinstance(first.type, Scalar):
        return None
    cond = Binary("<", Var(first.name, first.type), build.cast(first.type, limit))
    body: Block = (first, If(cond, inner.body[1:]))
    return replace(outer, body=(replace(inner, body=body),))


def _unguarded(program: Module, suspects: Sequence[Place]) -> Iterator[Change]:
    """A guard round a suspect taken away."""
    for path in suspects[:2]:
        for n in range(len(path) - 2, 0, -2):
            around = at(program, path[:n])
            if isinstance(around, If) and not around.orelse:
                without = replace_at(program, path[:n], *around.then)
                yield Change(without, "without its guard", path[:n], 3)


def _widened(program: Module) -> Iterator[Change]:
    """A 16-bit float local that holds what the source keeps in 32 bits."""
    kernel = program.kernels[0]
    for path, stmt in places(kernel.body):
        if isinstance(stmt, Declare) and isinstance(stmt.type, Scalar) and stmt.type.bits == 16:
            if not stmt.type.is_float:
                continue
            yield Change(_retyped(program, path, stmt), f"{stmt.name} in f32", path)


def _retyped(program: Module, path: Place, decl: Declare) -> Module:
    narrow = decl.type

    def one(e: Expr) -> Expr:
        match e:
            case Var(name=name) if name == decl.name:
                return replace(e, type=F32)
            case Cast(type=type_, a=Var(name=name)) if name == decl.name and type_ == F32:
                return e.a
            case _:
                return e

    def stmt_of(s: Stmt) -> Block:
        match s:
            case Declare(name=name, init=init) if name == decl.name:
                value = None if init is None else _as_f32(init, narrow)
                return (replace(s, type=F32, init=value),)
            case Assign(name=name, value=value) if name == decl.name:
                return (replace(s, value=_as_f32(value, narrow)),)
            case _:
                return (s,)

    kernel = program.kernels[0]
    body = map_block(
        kernel.body, stmt_of, lambda e: map_expr(e, one) if isinstance(e, Var | Cast) else e
    )
    del path
    return replace(program, kernels=(replace(kernel, body=body),))


def _as_f32(value: Expr, narrow: object) -> Expr:
    if isinstance(value, Cast) and value.type == narrow and value.a.type == F32:
        return value.a
    return value if value.type == F32 else Cast(F32, value)
