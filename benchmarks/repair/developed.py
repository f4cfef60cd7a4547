"""The operators that localisation and repair were developed against."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from benchmarks.repair.mutants import Made, Operator, at_each, indices, is_int, leaves
from xpiler.ir import build
from xpiler.ir.nodes import (
    COMPARISONS,
    Assign,
    Barrier,
    Binary,
    Const,
    Declare,
    Expr,
    For,
    If,
    Module,
    Select,
    Stmt,
    Store,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, subexpressions
from xpiler.synth.paths import places, replace_at

__all__ = ["DEVELOPED"]


def _shifted(expr: Expr, by: int) -> Expr:
    assert isinstance(expr.type, Scalar)
    return Binary("+" if by > 0 else "-", expr, build.const(abs(by), expr.type))


def _loop_bound(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    if isinstance(stmt, For):
        for by in (1, -1):
            yield replace(stmt, hi=_shifted(stmt.hi, by)), f"bound {by:+}"


def _load_offset(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    for index, put in indices(stmt, "load"):
        for by in (1, -1):
            yield put(_shifted(index, by)), f"load {by:+}"


_OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


def _guard_comparison(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    if isinstance(stmt, If):
        for part, put in leaves(stmt.cond):
            if isinstance(part, Binary) and part.op in COMPARISONS:
                other = _OTHER[part.op]
                yield replace(stmt, cond=put(replace(part, op=other))), f"{other} for {part.op}"


def _dropped_guard(program: Module) -> Iterator[Made]:
    for path, stmt in places(program.kernels[0].body):
        if isinstance(stmt, If) and not stmt.orelse and len(stmt.then) <= 3:
            now = tuple((*path[:-1], path[-1] + n) for n in range(len(stmt.then)))
            yield Made(replace_at(program, path, *stmt.then), now, "guard dropped")
        for whole in expressions(stmt):
            for part, put in leaves(whole):
                if isinstance(part, Select) and isinstance(part.b, Const):
                    new = put(part.a)
                    made = _with_whole(stmt, whole, new)
                    yield Made(replace_at(program, path, made), (path,), "selection dropped")


def _with_whole(stmt: Stmt, old: Expr, new: Expr) -> Stmt:
    from benchmarks.repair.mutants import with_expression

    return with_expression(stmt, old, new)


def _operand_order(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    for whole in expressions(stmt):
        for part, put in leaves(whole):
            if isinstance(part, Binary) and part.op in ("-", "/", "%") and part.a != part.b:
                new = put(replace(part, a=part.b, b=part.a))
                yield _with_whole(stmt, whole, new), f"operands of {part.op} exchanged"
            match part:
                # row * width + column the wrong way round
                case Binary(op="+", a=Binary(op="*", a=row, b=width), b=column) if is_int(part):
                    if column.type == row.type and column != row:
                        new = put(Binary("+", Binary("*", column, width), row))
                        yield _with_whole(stmt, whole, new), "row and column exchanged"
                case _:
                    pass


def _reduction_init(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    match stmt:
        case Declare(init=Const(value=old, type=type_)) if not isinstance(old, bool):
            for value in _starts(float(old), type_):
                yield replace(stmt, init=build.const(value, type_)), f"starts at {value}"
        case Store(value=Const(value=old, type=type_)) | Assign(value=Const(value=old, type=type_)):
            if not isinstance(old, bool):
                for value in _starts(float(old), type_):
                    yield replace(stmt, value=build.const(value, type_)), f"starts at {value}"
        case _:
            pass


def _starts(old: float, type_: Scalar) -> tuple[float, ...]:
    if not type_.is_float:
        return (1,) if old != 1 else (0,)
    return (0.0,) if math.isinf(old) or abs(old) > 1e30 else (1.0,)


def _missing_barrier(program: Module) -> Iterator[Made]:
    for path, stmt in places(program.kernels[0].body):
        if isinstance(stmt, Barrier):
            n = path[-1]
            around = tuple((*path[:-1], k) for k in (n - 1, n) if k >= 0)
            yield Made(replace_at(program, path), around, "barrier dropped")


def _stride(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    for whole in expressions(stmt):
        for part, put in leaves(whole):
            match part:
                case Binary(op="*" | "/" as op, b=Const(value=int(c), type=type_)) if is_int(part):
                    for other in (c + 1, c * 2):
                        new = put(replace(part, b=build.const(other, type_)))
                        yield _with_whole(stmt, whole, new), f"{op} {other} for {op} {c}"
                case Binary(op="*", a=a, b=b) if is_int(part):
                    new = put(Binary("*", a, _shifted(b, 1)))
                    yield _with_whole(stmt, whole, new), "one more than the stride"
                case _:
                    pass
    if isinstance(stmt, For) and not any(isinstance(s, Const) for s in subexpressions(stmt.step)):
        yield replace(stmt, step=build.const(1, stmt.type)), "step 1"


DEVELOPED: Mapping[str, Operator] = {
    "loop bound": at_each(_loop_bound),
    "load offset": at_each(_load_offset),
    "guard comparison": at_each(_guard_comparison),
    "missing guard": _dropped_guard,
    "operand order": at_each(_operand_order),
    "initial value": at_each(_reduction_init),
    "missing barrier": _missing_barrier,
    "stride": at_each(_stride),
}
