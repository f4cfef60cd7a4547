"""Ranges of integer expressions, in exact integers: what simplification and recovery may rely on."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.nodes import (
    Assign,
    Atomic,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    Invoke,
    Ref,
    Select,
    Stmt,
    Var,
    WarpOp,
)
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import statements, variables

__all__ = ["Range", "Ranges", "bounds", "type_range", "variable_ranges"]

Range = tuple[int, int]
Ranges = Mapping[str, Range]

# CUDA's own limits (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability")
_MAX_GRID_X = 2**31 - 1
_MAX_GRID_YZ = 65535
_MAX_THREADS = 1024


def type_range(type: Scalar) -> Range:
    """The least and the largest value of an integer type or of bool."""
    if type == BOOL:
        return 0, 1
    if type.kind == "int":
        return -(1 << (type.bits - 1)), (1 << (type.bits - 1)) - 1
    return 0, (1 << type.bits) - 1


def bounds(expr: Expr, ranges: Ranges) -> Range | None:
    """Inclusive bounds of an integer expression's value; None for what is not an integer.

    `ranges` bounds variables. Wrap-around is accounted for: an operation that may wrap has its type's range.
    """
    type = expr.type
    if not isinstance(type, Scalar) or not (type.is_int or type == BOOL):
        return None
    limits = type_range(type)
    found = _bounds(expr, ranges)
    if found is None or found[0] < limits[0] or found[1] > limits[1]:
        return limits
    return found


def _bounds(expr: Expr, ranges: Ranges) -> Range | None:
    match expr:
        case Const(value=value):
            return int(value), int(value)
        case Var(name=name):
            return ranges.get(name)
        case Builtin(name=name):
            return _builtin(name)
        case Cast(a=a):
            return bounds(a, ranges)
        case Select(a=a, b=b):
            return _union(bounds(a, ranges), bounds(b, ranges))
        case Call(function="min" | "max" as name, args=(a, b)):
            x, y = bounds(a, ranges), bounds(b, ranges)
            pick = min if name == "min" else max
            return None if x is None or y is None else (pick(x[0], y[0]), pick(x[1], y[1]))
        case Binary(op=op, a=a, b=b):
            x, y = bounds(a, ranges), bounds(b, ranges)
            return None if x is None or y is None else _binary(op, x, y)
        case _:
            return None


def _builtin(name: str) -> Range | None:
    stem, _, axis = name.partition(".")
    grid = _MAX_GRID_X if axis == "x" else _MAX_GRID_YZ
    match stem:
        case "threadIdx":
            return 0, _MAX_THREADS - 1
        case "blockDim":
            return 1, _MAX_THREADS
        case "blockIdx":
            return 0, grid - 1
        case "gridDim":
            return 1, grid
        case "warpSize":
            return 32, 32
        case _:
            return None


def _union(x: Range | None, y: Range | None) -> Range | None:
    return None if x is None or y is None else (min(x[0], y[0]), max(x[1], y[1]))


def _binary(op: str, x: Range, y: Range) -> Range | None:
    match op:
        case "+":
            return x[0] + y[0], x[1] + y[1]
        case "-":
            return x[0] - y[1], x[1] - y[0]
        case "*":
            corners = [a * b for a in x for b in y]
            return min(corners), max(corners)
        case "/" if x[0] >= 0 and y[0] > 0:
            return x[0] // y[1], x[1] // y[0]
        case "%" if x[0] >= 0 and y[0] > 0:
            return 0, min(x[1], y[1] - 1)
        case "&" if y[0] >= 0 or x[0] >= 0:
            return 0, min(v[1] for v in (x, y) if v[0] >= 0)
        case "|" | "^" if x[0] >= 0 and y[0] >= 0:
            return 0, (1 << max(x[1].bit_length(), y[1].bit_length())) - 1
        case ">>" if x[0] >= 0 and y[0] >= 0:
            return x[0] >> min(y[1], 64), x[1] >> y[0]
        case "<<" if x[0] >= 0 and y[0] >= 0 and y[1] < 32:
            return x[0] << y[0], x[1] << y[1]
        case _:
            return None


# --- variables ---------------------------------------------------------------------------------


def variable_ranges(body: Block) -> dict[str, Range]:
    """Bounds that hold for a variable wherever it is in scope: loop counters, constants, halving counters."""
    values: dict[str, list[Expr]] = {}
    loops: dict[str, For] = {}
    opaque: set[str] = set()
    order: list[str] = []
    for stmt in statements(body):
        for name, value in _definitions(stmt):
            order.append(name)
            if value is None:
                opaque.add(name)
            else:
                values.setdefault(name, []).append(value)
        if isinstance(stmt, For):
            loops[stmt.var] = stmt
            order.append(stmt.var)
    found: dict[str, Range] = {}
    for name in order:
        known = None
        if name in opaque:
            continue
        if name in loops:
            known = None if name in values else _counter(loops[name], found)
        elif name in values:
            known = _assigned(name, values[name], found)
        if known is not None:
            found[name] = known
    return found


def _definitions(stmt: Stmt) -> list[tuple[str, Expr | None]]:
    match stmt:
        case Declare(name=name, init=init):
            return [] if init is None else [(name, init)]
        case Assign(name=name, value=value):
            return [(name, value)]
        case Atomic(result=str(name)) | WarpOp(result=name):
            return [(name, None)]
        case Invoke(args=args, result=result):
            names = [a.name for a in args if isinstance(a, Ref)]
            return [(n, None) for n in ([*names, result] if result else names)]
        case _:
            return []


def _counter(loop: For, ranges: Ranges) -> Range | None:
    lo, hi = bounds(loop.lo, ranges), bounds(loop.hi, ranges)
    if lo is None or hi is None or lo[0] > hi[1] - 1:
        return None
    return lo[0], hi[1] - 1


def _assigned(name: str, values: list[Expr], ranges: Ranges) -> Range | None:
    """The union over all assigned values; `v / 2` and `v >> 1` never grow."""
    total: Range | None = None
    for value in values:
        if _shrinks(name, value):
            continue
        known = bounds(value, ranges) if name not in variables(value) else None
        if known is None:
            return None
        total = known if total is None else (min(total[0], known[0]), max(total[1], known[1]))
    if total is None:
        return None
    if len(values) > 1 and any(_shrinks(name, v) for v in values):
        return (0, total[1]) if total[0] >= 0 else None
    return total


def _shrinks(name: str, value: Expr) -> bool:
    match value:
        case Binary(op="/", a=Var(name=n), b=Const(value=c)):
            return n == name and c >= 1
        case Binary(op=">>", a=Var(name=n), b=Const(value=c)):
            return n == name and c >= 0
        case Cast(a=a):
            return _shrinks(name, a)
        case _:
            return False
