"""Fill a template's holes: Z3 finds numbers that satisfy what the recorded runs demand.

Demands are equations and inequalities at observed values of the variables in scope. The smallest numbers are
taken first. "unknown" and a time-out are no solution.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import z3

from xpiler.ir import build
from xpiler.ir.nodes import Binary, Const, Expr, Var
from xpiler.ir.smt import Encoder
from xpiler.ir.types import Scalar
from xpiler.ir.walk import map_expr, variables
from xpiler.records import dataclass
from xpiler.synth.repair.slots import Template, holes

__all__ = ["Demand", "Query", "fill", "guessed", "plug"]

TIMEOUT_MS = 400
RANGES = (1, 2, 8, 64, 4096)
SOLUTIONS = 3
GUESSES = (1, -1, 0, 2, -2, 3, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Demand:
    """At these values of the variables the expression must stand in `relation` to `value`.

    `relation` is one of ==, !=, <, <=, > and >=.
    """

    env: Mapping[str, int]
    relation: str
    value: int


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the solver, for the trace."""

    smt: str
    answer: str
    seconds: float


_RELATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def fill(
    template: Template, demands: Sequence[Demand], note: Callable[[Query], None] = lambda _: None
) -> Iterator[Expr]:
    """Expressions of the template that meet all demands, smallest numbers first; none if it cannot."""
    names = holes(template.expr)
    if not names:
        if _holds(template.expr, demands):
            yield template.expr
        return
    if not demands:
        return
    solver = z3.Solver()
    solver.set("timeout", TIMEOUT_MS)
    unknowns = {name: z3.Int(name) for name in names}
    for number, demand in enumerate(demands):
        solver.add(_constraint(template.expr, demand, unknowns, number))
    yield from _solutions(template.expr, solver, unknowns, note)


def guessed(template: Template) -> Iterator[Expr]:
    """Numbers near what stands there, and small ones, for one hole when the runs demand nothing."""
    names = holes(template.expr)
    if not names:
        yield template.expr
    elif len(names) == 1:
        near = () if template.old is None else (template.old - 1, template.old + 1)
        scaled = () if template.old is None else (template.old // 2, template.old * 2)
        for value in dict.fromkeys((*template.likely, *near, *scaled, *GUESSES)):
            plugged = plug(template.expr, {names[0]: value})
            # a number that makes a variable vanish is no small change
            if variables(plugged) >= variables(template.expr) - {names[0]}:
                yield plugged


def _solutions(
    expr: Expr, solver: Any, unknowns: Mapping[str, Any], note: Callable[[Query], None]
) -> Iterator[Expr]:
    found = 0
    for reach in RANGES:
        solver.push()
        solver.add([z3.And(h >= -reach, h <= reach) for h in unknowns.values()])
        while found < SOLUTIONS:
            start = time.perf_counter()
            answer = solver.check()
            note(Query(solver.to_smt2(), str(answer), time.perf_counter() - start))
            if answer != z3.sat:
                break
            model = solver.model()
            values = {
                n: model.eval(h, model_completion=True).as_long() for n, h in unknowns.items()
            }
            found += 1
            yield plug(expr, values)
            solver.add(z3.Or([h != values[n] for n, h in unknowns.items()]))
        solver.pop()
        if found:
            return


def _constraint(expr: Expr, demand: Demand, unknowns: Mapping[str, Any], number: int) -> Any:
    values: dict[str, Any] = {name: z3.IntVal(v) for name, v in demand.env.items()}
    values.update(unknowns)
    encoder = Encoder(str(number), values)
    return _RELATIONS[demand.relation](encoder.integer(expr), z3.IntVal(demand.value))


def _holds(expr: Expr, demands: Sequence[Demand]) -> bool:
    for number, demand in enumerate(demands):
        truth = z3.simplify(_constraint(expr, demand, {}, number))
        if not z3.is_true(truth):
            return False
    return True


def plug(expr: Expr, values: Mapping[str, int]) -> Expr:
    """The expression with numbers in its holes, written as a person would."""

    def one(e: Expr) -> Expr:
        if isinstance(e, Var) and e.name in values and isinstance(e.type, Scalar):
            return build.const(values[e.name], e.type)
        return e

    return tidy(map_expr(expr, one))


def tidy(expr: Expr) -> Expr:
    """Drop additions of 0 and multiplications by 0 and 1, as a person would write it."""

    def one(e: Expr) -> Expr:
        match e:
            case (
                Binary(op="*", a=Const(value=0) as zero, b=_)
                | Binary(op="*", a=_, b=Const(value=0) as zero)
            ):
                return zero
            case Binary(op="*", a=Const(value=1), b=x) | Binary(op="*", a=x, b=Const(value=1)):
                return x
            case Binary(op="+", a=Const(value=0), b=x) | Binary(op="+", a=x, b=Const(value=0)):
                return x
            case Binary(op="+", a=x, b=Const(value=int(v)) as c) if v < 0:
                return Binary("-", x, build.const(-v, c.type))
            case _:
                return e

    return map_expr(expr, one)
