"""The operators that localisation and repair were developed against."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from benchmarks.repair.calls import arguments, replaced
from benchmarks.repair.mutants import Made, Operator, at_each, indices, is_int, leaves
from xpiler.ir import build
from xpiler.ir.nodes import (
    COMPARISONS,
    AddressOf,
    Assign,
    Barrier,
    Binary,
    Call,
    Const,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Module,
    Select,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import I32, Mask, Scalar
from xpiler.ir.walk import expressions, subexpressions
from xpiler.synth.paths import places, replace_at
from xpiler.synth.repair.calls import called, in_scope

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


def _parameter(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    """A stride, scale, immediate or value that an instruction is given: the next one, the double."""
    for call, n, arg, put in arguments(stmt):
        if isinstance(arg, Const) and is_int(arg) and isinstance(arg.value, int):
            for other in (arg.value + 1, arg.value * 2):
                if other != arg.value:
                    new = put(build.const(other, arg.type))
                    yield new, f"{other} for {arg.value} in {call.function}, argument {n}"


def _length(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    """The number of elements or bytes that an instruction works on: one less, half, not in bytes."""
    if not isinstance(stmt, Evaluate):
        return
    for call, _, arg, put in arguments(stmt):
        if call != stmt.call or not is_int(arg) or isinstance(arg, Call | Const):
            continue
        assert isinstance(arg.type, Scalar)
        yield put(_shifted(arg, -1)), "one less"
        yield put(Binary("/", arg, build.const(2, arg.type))), "half of it"
        if isinstance(arg, Binary) and arg.op == "*":
            yield put(arg.a), "elements for bytes"


def _direction(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    """A copy the wrong way, between other memories, or with its ends exchanged."""
    for call in called(stmt):
        if not call.args and call.type == I32:
            one, _, other = call.function.partition("2")
            for name in (f"{other}2{one}", f"{one}2{one}"):
                yield replaced(stmt, call, name), f"{name} for {call.function}"
        ends = [n for n, a in enumerate(call.args) if isinstance(a, AddressOf)]
        if len(ends) == 2 and any(isinstance(a, Call) for a in call.args):
            args = list(call.args)
            args[ends[0]], args[ends[1]] = args[ends[1]], args[ends[0]]
            new = replace(call, args=tuple(args))
            yield _with_whole(stmt, call, new), "from and to exchanged"


def _mask(program: Module) -> Iterator[Made]:
    """Another mask, one lane more or less, a condition of a mask that is left out."""
    for path, stmt in places(program.kernels[0].body):
        for call, _, arg, put in arguments(stmt):
            if not isinstance(arg.type, Mask) or not isinstance(arg, Var):
                continue
            others = [v for v in in_scope(program, path) if v.type == arg.type and v != arg]
            for other in others[:2]:
                made = replace_at(program, path, put(other))
                yield Made(made, (path,), f"{other.name} for a mask of {call.function}")
        for call, _, arg, put in arguments(stmt):
            if isinstance(call.type, Mask) and is_int(arg) and len(call.args) == 1:
                for by in (1, -1):
                    made = replace_at(program, path, put(_shifted(arg, by)))
                    yield Made(made, (path,), f"{by:+} lane")
            if isinstance(call.type, Mask) and isinstance(arg.type, Mask):
                made = replace_at(program, path, _with_whole(stmt, call, arg))
                yield Made(made, (path,), f"without {call.function}")


DEVELOPED: Mapping[str, Operator] = {
    "loop bound": at_each(_loop_bound),
    "load offset": at_each(_load_offset),
    "guard comparison": at_each(_guard_comparison),
    "missing guard": _dropped_guard,
    "operand order": at_each(_operand_order),
    "initial value": at_each(_reduction_init),
    "missing barrier": _missing_barrier,
    "stride": at_each(_stride),
    "instruction parameter": at_each(_parameter),
    "instruction length": at_each(_length),
    "copy direction": at_each(_direction),
    "mask": _mask,
}
