"""Buffers that a kernel fills in the order in which its threads come: stream compaction, the next frontier of a search.

Such a kernel takes places from a counter, `out[atomicAdd(&count, 1)] = x`, so that no two runs of it agree on where an
element is, and all on which elements there are. A hash table whose slots are claimed by `atomicCAS` is alike. Such
buffers are compared in an order of their own; those that are filled side by side stay side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from xpiler.ir.nodes import (
    Assign,
    Atomic,
    Declare,
    Expr,
    Function,
    Invoke,
    Load,
    Module,
    Stmt,
    Store,
    Var,
    WarpOp,
)
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.verify.compare import Expected
from xpiler.verify.run.dtypes import Array

__all__ = ["atomically_added", "in_an_order_of_its_own", "taken_places"]


def taken_places(program: Module) -> frozenset[str]:
    """Parameters of the kernel that it stores to at places that come from an atomic's result, or are claimed by one."""
    kernel = program.kernels[0]
    counting = {f.name for f in program.functions if _counts(f)}
    body = tuple(statements(kernel.body))
    taken: set[str] = set()
    for _ in range(8):
        before = len(taken)
        for stmt in body:
            taken |= _carried(stmt, taken, counting)
        if len(taken) == before:
            break
    slots = {s.index for s in body if isinstance(s, Atomic) and s.op == "cas"} - {()}
    parameters = {p.name for p in kernel.params}
    return frozenset(
        stmt.buffer
        for stmt in body
        if isinstance(stmt, Store | Atomic)
        and stmt.buffer in parameters
        and (any(_holds(part, taken) for part in stmt.index) or stmt.index in slots)
    )


def _counts(function: Function) -> bool:
    return any(isinstance(s, Atomic) and s.result is not None for s in statements(function.body))


def _carried(stmt: Stmt, taken: set[str], counting: set[str]) -> set[str]:
    """The variable or array that the statement leaves such a place in."""
    match stmt:
        case Atomic(result=str(name)):
            return {name}
        case Declare(name=name, init=value) if value is not None and _holds(value, taken):
            return {name}
        case Assign(name=name, value=value) if _holds(value, taken):
            return {name}
        case Store(buffer=buffer, value=value) if _holds(value, taken):
            return {buffer}
        case WarpOp(result=name) if any(_holds(e, taken) for e in expressions(stmt)):
            return {name}
        case Invoke(function=function, result=str(name)) if function in counting:
            return {name}
        case _:
            return set()


def _holds(expr: Expr, names: set[str]) -> bool:
    return any(
        (isinstance(sub, Var) and sub.name in names)
        or (isinstance(sub, Load) and sub.buffer in names)
        for sub in subexpressions(expr)
    )


def atomically_added(program: Module) -> frozenset[str]:
    """Buffers that terms are added to as threads come."""
    return frozenset(
        stmt.buffer
        for stmt in statements(program.kernels[0].body)
        if isinstance(stmt, Atomic) and stmt.op in ("add", "sub")
    )


def in_an_order_of_its_own(
    expected: Sequence[Expected], got: Sequence[Array], names: Collection[str]
) -> tuple[list[Expected], list[Array]]:
    """Both sides with the buffers of `names` sorted, each side by its own contents.

    Buffers of one length are sorted by the first, then the second, ...: what stands at one place stays at one. No
    reference in double is left for them, as it would have an order of its own.
    """
    wanted, found = list(expected), list(got)
    for size in {e.oracle.size for e in wanted if e.name in names}:
        group = [i for i, e in enumerate(wanted) if e.name in names and e.oracle.size == size]
        theirs = _order([wanted[i].oracle for i in group])
        if any(found[i].shape != wanted[i].oracle.shape for i in group):
            continue
        ours = _order([found[i] for i in group])
        for i in group:
            old = wanted[i]
            wanted[i] = replace(
                old,
                oracle=old.oracle[theirs],
                initial=old.initial[theirs],
                reference=None,
                elsewhere=None,
            )
            found[i] = found[i][ours]
    return wanted, found


def _order(arrays: Sequence[Array]) -> Array:
    bits = [a.view(f"<u{a.dtype.itemsize}") for a in arrays]
    order: Array = np.lexsort(bits[::-1])
    return order
