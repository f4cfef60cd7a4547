"""What the operators on declared instructions share: the calls of a statement and how to change one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

from benchmarks.repair.mutants import with_expression
from xpiler.backends.base import Meaning, Target
from xpiler.backends.registry import load_target
from xpiler.ir.nodes import AddressOf, Call, Expr, Stmt
from xpiler.ir.walk import expressions, subexpressions
from xpiler.synth.locate.machine import Machine
from xpiler.synth.repair.calls import called

__all__ = ["addresses", "arguments", "machine_of", "replaced"]


@cache
def machine_of(target: str) -> Machine | None:
    """The target's instructions; None for programs of no target's own."""
    found = load_target(target) if target else None
    meaning: Meaning | None = found.meaning() if isinstance(found, Target) else None
    return None if meaning is None else Machine(meaning)


def arguments(stmt: Stmt) -> Iterator[tuple[Call, int, Expr, Callable[[Expr], Stmt]]]:
    """Each argument of each instruction that the statement calls, with how to put another there."""
    for call in called(stmt):
        for n, arg in enumerate(call.args):

            def put(x: Expr, call: Call = call, n: int = n) -> Stmt:
                args = (*call.args[:n], x, *call.args[n + 1 :])
                return with_expression(stmt, call, replace(call, args=args))

            yield call, n, arg, put


def addresses(stmt: Stmt) -> Iterator[tuple[AddressOf, Callable[[AddressOf], Stmt]]]:
    """Each address that the statement passes to an instruction, with how to put another there."""
    seen: set[Expr] = set()
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if isinstance(part, AddressOf) and part not in seen:
                seen.add(part)
                yield part, lambda x, part=part: with_expression(stmt, part, x)  # type: ignore[misc]


def replaced(stmt: Stmt, call: Call, name: str) -> Stmt:
    """The statement with another instruction in the call's place."""
    return with_expression(stmt, call, replace(call, function=name))
