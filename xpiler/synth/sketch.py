"""Changes of one statement that are no question of numbers: operators, buffers, values, barriers, types.

Each gives whole candidate programs, cheapest first; `repair` tests them. Index expressions are the business of
`slots` and `solve`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
    Evaluate,
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
from xpiler.ir.walk import map_expr, map_exprs, statements
from xpiler.synth.paths import at, block_of, insert, places, replace_at
from xpiler.synth.trace import Place

__all__ = ["Change", "barriers", "changes", "structural"]


@dataclass(frozen=True, slots=True)
class Change:
    """A candidate and what was changed, as a phrase."""

    program: Module
    what: str


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
            yield Change(replace_at(program, path, new), what)


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
            yield _swapped(stmt, load, new), f"reads {name}"
    if isinstance(stmt, Evaluate):
        args = stmt.call.args
        for n in range(len(args) - 1):
            exchanged = (*args[:n], args[n + 1], args[n], *args[n + 2 :])
            yield replace(stmt, call=replace(stmt.call, args=exchanged)), "operands exchanged"


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
    from xpiler.ir.walk import expressions, subexpressions

    seen: set[Load] = set()
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if isinstance(part, Load) and part not in seen:
                seen.add(part)
                yield part


def _swapped(stmt: Stmt, old: Expr, new: Expr) -> Stmt:
    return map_exprs(stmt, lambda e: new if e == old else e)


def _expressions(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    """Every operator, call and cast of the statement, changed one at a time."""
    from xpiler.ir.walk import expressions, subexpressions

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
    """Barriers, whole loops and guards: what is missing or in the wrong place."""
    yield from _remainders(program)
    yield from _guards(program, suspects)
    yield from _widened(program)


def barriers(program: Module, suspects: Sequence[Place]) -> Iterator[Change]:
    """A barrier beside each of the suspects; a barrier that is there, one statement earlier or later."""
    if program.kernels[0].level != "simt":
        return
    for path in suspects:
        stmt = at(program, path)
        if isinstance(stmt, Barrier):
            yield from _moved(program, path, stmt)
        else:
            yield Change(insert(program, path, Barrier()), "a barrier")
            yield Change(replace_at(program, path, stmt, Barrier()), "a barrier")


def _moved(program: Module, path: Place, barrier: Barrier) -> Iterator[Change]:
    siblings = block_of(program, path)
    for by in (1, -1):
        other = (*path[:-1], path[-1] + by)
        if 0 <= other[-1] < len(siblings):
            swapped = replace_at(program, path, siblings[other[-1]])
            yield Change(replace_at(swapped, other, barrier), "the barrier elsewhere")


def _remainders(program: Module) -> Iterator[Change]:
    """`n / T` trips of an outer loop leave the last, partly filled tile out."""
    for path, stmt in places(program.kernels[0].body):
        if not isinstance(stmt, For):
            continue
        hi = stmt.hi
        if isinstance(hi, Binary) and hi.op == "/" and isinstance(hi.b, Const):
            less = build.const(int(hi.b.value) - 1, hi.b.type)
            rounded = Binary("/", Binary("+", hi.a, less), hi.b)
            yield Change(replace_at(program, path, replace(stmt, hi=rounded)), "the remainder")
            guarded = _guard_body(stmt, hi.a)
            if guarded is not None:
                new = replace(guarded, hi=rounded)
                yield Change(replace_at(program, path, new), "the remainder, under a guard")


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


def _guards(program: Module, suspects: Sequence[Place]) -> Iterator[Change]:
    """A guard `v < n` round a suspect, for integers in scope; or a guard taken away."""
    kernel = program.kernels[0]
    limits = [p for p in kernel.params if isinstance(p.type, Scalar) and p.type.is_int]
    for path in suspects[:2]:
        stmt = at(program, path)
        for name, type_ in _scope(program, path):
            for limit in limits:
                if limit.type == type_ and limit.name != name:
                    guard = If(Binary("<", Var(name, type_), Var(limit.name, type_)), (stmt,))
                    what = f"a guard {name} < {limit.name}"
                    yield Change(replace_at(program, path, guard), what)
        for n in range(len(path) - 2, 0, -2):
            around = at(program, path[:n])
            if isinstance(around, If) and not around.orelse:
                yield Change(replace_at(program, path[:n], *around.then), "without its guard")


def _scope(program: Module, path: Place) -> list[tuple[str, Scalar]]:
    """Integer locals and loop variables visible at `path`, nearest first."""
    out: list[tuple[str, Scalar]] = []
    block = program.kernels[0].body
    position = 0
    while True:
        for stmt in block[: path[position]]:
            if isinstance(stmt, Declare) and isinstance(stmt.type, Scalar) and stmt.type.is_int:
                out.append((stmt.name, stmt.type))
        stmt = block[path[position]]
        if position + 2 >= len(path):
            return out[::-1]
        if isinstance(stmt, For):
            out.append((stmt.var, stmt.type))
        from xpiler.ir.walk import blocks

        block = blocks(stmt)[path[position + 1]]
        position += 2


def _widened(program: Module) -> Iterator[Change]:
    """A 16-bit float local that holds what the source keeps in 32 bits."""
    kernel = program.kernels[0]
    for path, stmt in places(kernel.body):
        if isinstance(stmt, Declare) and isinstance(stmt.type, Scalar) and stmt.type.bits == 16:
            if not stmt.type.is_float:
                continue
            yield Change(_retyped(program, path, stmt), f"{stmt.name} in f32")


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

    from xpiler.ir.walk import map_block

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
