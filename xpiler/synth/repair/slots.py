"""Slots: the integer expressions of a statement that an index error can sit in, and how to change one.

A slot is an index of a store or load, a bound of a loop, a side of a comparison in a guard, an integer
argument of an instruction. A template is the slot's expression with holes (`xp_h0`, ...), cheapest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import (
    COMPARISONS,
    AddressOf,
    Assign,
    Atomic,
    Binary,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    Load,
    Stmt,
    Store,
    Unary,
    Var,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, map_exprs, operands, subexpressions
from xpiler.records import dataclass

__all__ = ["HOLE", "Slot", "Template", "holes", "slots", "templates"]

HOLE = "xp_h"
SIZES = (4, 2, 8)  # of elements in bytes: what is forgotten where bytes are counted


@dataclass(frozen=True, slots=True)
class Slot:
    """An expression of a statement. `role`: store, load, index, value, lo, hi, step, left, right,
    argument (of a declared instruction), address (of one's operand).

    `put` gives the statement with another expression there; `op` is the comparison for `left`, `right`.
    """

    role: str
    expr: Expr
    put: Callable[[Expr], Stmt]
    op: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """An expression with holes; `cost` orders templates by how much they change; `old` is the number that
    stands where the only hole is, `likely` the numbers to try there before others."""

    expr: Expr
    cost: int
    what: str
    old: int | None = None
    likely: tuple[int, ...] = ()


def _is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def slots(stmt: Stmt) -> tuple[Slot, ...]:
    """All slots of a statement."""
    found: list[Slot] = []
    match stmt:
        case Store(index=index):
            for n, e in enumerate(index):
                found.append(Slot("store", e, lambda x, n=n: _with_index(stmt, n, x)))  # type: ignore[misc]
        case For():
            for name in ("hi", "lo", "step"):
                expr = getattr(stmt, name)
                found.append(Slot(name, expr, lambda x, f=name: replace(stmt, **{f: x})))  # type: ignore[misc]
        case Declare(init=init) if init is not None:
            found.append(Slot("value", init, lambda x: replace(stmt, init=x)))
        case Assign(value=value):
            found.append(Slot("value", value, lambda x: replace(stmt, value=x)))
        case Atomic(index=(index,)):
            found.append(Slot("index", index, lambda x: replace(stmt, index=(x,))))
        case _:
            pass
    for whole in expressions(stmt):
        found += _guard_slots(stmt, whole)
    found += _load_slots(stmt)
    found += _instruction_slots(stmt)
    return tuple(s for s in found if _is_int(s.expr))


def _with_index(stmt: Store, n: int, expr: Expr) -> Stmt:
    return replace(stmt, index=(*stmt.index[:n], expr, *stmt.index[n + 1 :]))


def _guard_slots(stmt: Stmt, whole: Expr) -> Iterator[Slot]:
    """Both sides of every comparison of integers in an expression."""
    for part in subexpressions(whole):
        if isinstance(part, Binary) and part.op in COMPARISONS and _is_int(part.a):
            for side in ("b", "a"):

                def put(x: Expr, part: Binary = part, side: str = side) -> Stmt:
                    changed = replace(part, b=x) if side == "b" else replace(part, a=x)
                    return map_exprs(stmt, lambda e: changed if e == part else e)

                role = "right" if side == "b" else "left"
                yield Slot(role, getattr(part, side), put, part.op)


def _instruction_slots(stmt: Stmt) -> Iterator[Slot]:
    """Integer arguments of the declared instructions that a statement calls, and the places of their operands."""
    seen: set[Expr] = set()
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if part in seen:
                continue
            seen.add(part)
            match part:
                case Call(function=function, args=args) if function not in FUNCTIONS:
                    for n, arg in enumerate(args):
                        # a call inside is an instruction of its own
                        if _is_int(arg) and not isinstance(arg, Call):
                            yield Slot("argument", arg, _putter(stmt, part, "args", n))
                case AddressOf(index=index):
                    for n, arg in enumerate(index):
                        yield Slot("address", arg, _putter(stmt, part, "index", n))
                case _:
                    pass


def _putter(stmt: Stmt, part: Call | AddressOf, field: str, n: int) -> Callable[[Expr], Stmt]:
    """Gives the statement with another n-th expression in a field of one of its parts."""
    old: tuple[Expr, ...] = getattr(part, field)

    def put(x: Expr) -> Stmt:
        changed = replace(part, **{field: (*old[:n], x, *old[n + 1 :])})  # type: ignore[arg-type]
        return map_exprs(stmt, lambda e: changed if e == part else e)

    return put


def _load_slots(stmt: Stmt) -> Iterator[Slot]:
    seen: set[Expr] = set()
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if not isinstance(part, Load) or part in seen:
                continue
            seen.add(part)
            for n, e in enumerate(part.index):

                def put(x: Expr, part: Load = part, n: int = n) -> Stmt:
                    index = (*part.index[:n], x, *part.index[n + 1 :])
                    new = replace(part, index=index)

                    def swapped(node: Expr, part: Load = part, new: Load = new) -> Expr:
                        return new if node == part else node

                    return map_exprs(stmt, swapped)

                yield Slot("load", e, put)


def holes(expr: Expr) -> tuple[str, ...]:
    """Names of the holes in an expression."""
    names = (s.name for s in subexpressions(expr) if isinstance(s, Var) and s.name.startswith(HOLE))
    return tuple(dict.fromkeys(names))


def templates(slot: Slot, scope: Sequence[Var]) -> tuple[Template, ...]:
    """Ways in which the slot may have been meant, cheapest first.

    `scope` are the integer variables that may be used.
    """
    found = [*_constants(slot.expr), *_variables(slot.expr, scope), *_offset(slot.expr)]
    found += _operators(slot.expr)
    found += _linear(slot.expr, scope)
    unique = {t.expr: t for t in sorted(found, key=lambda t: -t.cost)}
    return tuple(sorted(unique.values(), key=lambda t: t.cost))


def _hole(type_: Scalar, n: int = 0) -> Var:
    return Var(f"{HOLE}{n}", type_)


def _leaves(expr: Expr) -> Iterator[tuple[Expr, Callable[[Expr], Expr]]]:
    """Each subexpression with a function that puts another in its place; not below loads."""
    yield expr, lambda x: x
    if isinstance(expr, Load):
        return
    for n, child in enumerate(operands(expr)):
        for leaf, put in _leaves(child):

            def outer(x: Expr, n: int = n, put: Callable[[Expr], Expr] = put) -> Expr:
                return _with_operand(expr, n, put(x))

            yield leaf, outer


def _with_operand(expr: Expr, n: int, new: Expr) -> Expr:
    match expr:
        case Unary() | Cast():
            return replace(expr, a=new)
        case Binary():
            return replace(expr, a=new) if n == 0 else replace(expr, b=new)
        case Call(args=args):
            return replace(expr, args=(*args[:n], new, *args[n + 1 :]))
        case _:
            return expr


def _constants(expr: Expr) -> Iterator[Template]:
    for leaf, put in _leaves(expr):
        if isinstance(leaf, Const) and _is_int(leaf):
            old = int(leaf.value)
            yield Template(put(_hole(leaf.type)), 1, f"another number than {old}", old)
        if isinstance(leaf, Binary) and isinstance(leaf.b, Const) and leaf.op in ("+", "-"):
            yield Template(put(leaf.a), 1, f"without {leaf.op} {leaf.b.value}")


def _variables(expr: Expr, scope: Sequence[Var]) -> Iterator[Template]:
    for leaf, put in _leaves(expr):
        if isinstance(leaf, Var) and _is_int(leaf):
            for other in scope:
                if other.name != leaf.name and other.type == leaf.type:
                    yield Template(put(other), 2, f"{other.name} for {leaf.name}")


def _offset(expr: Expr) -> Iterator[Template]:
    type_ = expr.type
    assert isinstance(type_, Scalar)
    yield Template(Binary("+", expr, _hole(type_)), 2, "an offset")
    if isinstance(expr, Binary) and expr.op in ("+", "-"):
        yield Template(expr.a, 3, f"without {expr.op}")
        if expr.op == "+":
            yield Template(expr.b, 3, "without +")
    yield Template(Binary("*", expr, _hole(type_)), 3, "a factor", likely=SIZES)


_SWAPS = {"+": "-*", "-": "+", "*": "+/", "/": "%*", "%": "/"}


def _operators(expr: Expr) -> Iterator[Template]:
    for leaf, put in _leaves(expr):
        match leaf:
            case Binary(op="+", a=Binary(op="*", a=row, b=width), b=column) if _is_int(leaf):
                if row.type == column.type and row != column:
                    other = Binary("+", Binary("*", column, width), row)
                    yield Template(put(other), 1, "row and column exchanged")
            case _:
                pass
        match leaf:
            # two halves take turns: `half` and `1 - half`
            case Binary(op="-", a=Const(value=1), b=Var() as half):
                yield Template(put(half), 1, "the other half")
            case Binary(op="*", a=Var() as half, b=Const() as size) if _is_int(leaf):
                other = Binary("-", Const(1, size.type), half)
                yield Template(put(replace(leaf, a=other)), 1, "the other half")
            case _:
                pass
        if isinstance(leaf, Binary) and leaf.op in _SWAPS and _is_int(leaf):
            for op in _SWAPS[leaf.op]:
                yield Template(put(replace(leaf, op=op)), 2, f"{op} for {leaf.op}")
            if leaf.op in ("-", "/", "%") and leaf.a != leaf.b:
                yield Template(put(replace(leaf, a=leaf.b, b=leaf.a)), 2, "operands exchanged")


def _linear(expr: Expr, scope: Sequence[Var]) -> Iterator[Template]:
    """A linear form over up to four variables of the expression and the scope."""
    type_ = expr.type
    assert isinstance(type_, Scalar)
    mine = [
        v
        for v in scope
        if any(isinstance(s, Var) and s.name == v.name for s in subexpressions(expr))
    ]
    rest = [v for v in scope if v not in mine and v.type == type_]
    chosen = [v for v in (*mine, *rest) if v.type == type_][:4]
    total: Expr = _hole(type_)
    for n, v in enumerate(chosen, 1):
        total = Binary("+", total, Binary("*", _hole(type_, n), v))
    if chosen:
        yield Template(total, 5, "a linear form")
        if len(chosen) > 1:
            for a in chosen[:3]:
                for b in chosen[:3]:
                    if a.name < b.name:
                        yield Template(
                            Binary("+", Binary("*", a, b), total), 6, "a row and a column"
                        )
