"""Exchanges between the lanes of a warp: `x[lane ^ d]`, where d is a power of two, swaps neighbouring runs of d."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.nodes import Assign, Binary, Const, Declare, Expr, Load, Stmt, Var, While
from xpiler.ir.walk import assigned, statements

__all__ = ["distance_of_swap", "first_values", "power_counted"]


def power_counted(loop: While, before: Mapping[str, Expr]) -> tuple[str, int] | None:
    """The variable that is a power of two in all of the body but its last statement, and the most that it is.

    `before` holds the first values of the variables that only loops of this form change:
    `d = 16; while (d > 0) { ...; d = d / 2; }` or `d = 1; while (d < 32) { ...; d = d * 2; }`.
    """
    cond, last = loop.cond, loop.body[-1] if loop.body else None
    if not isinstance(cond, Binary) or not isinstance(cond.a, Var) or not isinstance(cond.b, Const):
        return None
    name, limit = cond.a.name, int(cond.b.value)
    first = before.get(name)
    if not isinstance(last, Assign) or last.name != name or name in assigned(loop.body[:-1]):
        return None
    if not isinstance(first, Const) or not _power(int(first.value)):
        return None
    if _steps(last.value, name, ((">>", 1), ("/", 2))) and (cond.op, limit) in _NOT_ZERO:
        return name, int(first.value)
    if _steps(last.value, name, (("<<", 1), ("*", 2))) and cond.op == "<" and _power(limit):
        return name, limit // 2
    return None


_NOT_ZERO = ((">", 0), (">=", 1), ("!=", 0))


def _power(value: int) -> bool:
    return value > 0 and value & (value - 1) == 0


def _steps(value: Expr, name: str, ways: tuple[tuple[str, int], ...]) -> bool:
    return (
        isinstance(value, Binary)
        and isinstance(value.a, Var)
        and value.a.name == name
        and isinstance(value.b, Const)
        and (value.op, int(value.b.value)) in ways
    )


def first_values(body: tuple[Stmt, ...]) -> dict[str, Expr]:
    """What variables are declared as that one statement in one loop changes, and no other."""
    counts: dict[str, int] = {}
    for stmt in statements(body):
        if isinstance(stmt, Assign):
            counts[stmt.name] = counts.get(stmt.name, 0) + 1
    return {
        s.name: s.init
        for s in statements(body)
        if isinstance(s, Declare) and s.init is not None and counts.get(s.name) == 1
    }


def distance_of_swap(
    load: Load, var: str, count: Expr, powers: Mapping[str, int]
) -> tuple[tuple[Expr, ...], Expr] | None:
    """For `x[.., var ^ d]` over a whole number of pairs of runs: the outer index and d."""
    if not load.index or not isinstance(count, Const):
        return None
    last = load.index[-1]
    if not isinstance(last, Binary) or last.op != "^":
        return None
    for lane, d in ((last.a, last.b), (last.b, last.a)):
        if not isinstance(lane, Var) or lane.name != var:
            continue
        most = _most(d, powers)
        if most is not None and int(count.value) % (2 * most) == 0:
            return load.index[:-1], d
    return None


def _most(d: Expr, powers: Mapping[str, int]) -> int | None:
    if isinstance(d, Const):
        return int(d.value) if _power(int(d.value)) else None
    return powers.get(d.name) if isinstance(d, Var) else None
