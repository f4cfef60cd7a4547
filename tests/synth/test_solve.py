"""Demands and the solver."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.synth.programs import ROWS, program, row_inputs
from xpiler.ir.nodes import Binary, Const, Expr, Store, Var
from xpiler.ir.parse_c import parse_expr
from xpiler.ir.types import I32
from xpiler.synth.locate.trace import record
from xpiler.synth.paths import at
from xpiler.synth.repair import solve
from xpiler.synth.repair.demands import demands_of
from xpiler.synth.repair.slots import HOLE, Template, slots
from xpiler.synth.repair.solve import Demand, Query, fill, guessed

I = Var("i", I32)
HOLE_0, HOLE_1 = Var(f"{HOLE}0", I32), Var(f"{HOLE}1", I32)
LINEAR = Template(Binary("+", Binary("*", HOLE_0, I), HOLE_1), 5, "a linear form")


def at_i(i: int, relation: str, value: int) -> Demand:
    return Demand({"i": i}, relation, value)


def test_two_points_give_a_line() -> None:
    (first, *_) = fill(LINEAR, [at_i(0, "==", 5), at_i(3, "==", 11)])
    assert first == parse_expr("2 * i + 5", {"i": I32})


def test_demands_that_cannot_be_met_give_nothing() -> None:
    demands = [at_i(0, "==", 0), at_i(1, "==", 1), at_i(2, "==", 4)]
    assert list(fill(LINEAR, demands)) == []


def test_small_numbers_come_first() -> None:
    template = Template(Binary("+", I, HOLE_0), 2, "an offset")
    (first, *_) = fill(template, [at_i(0, ">", -100)])
    assert first in (I, parse_expr("i + 1", {"i": I32}), parse_expr("i - 1", {"i": I32}))


@pytest.mark.parametrize("a", [-7, -1, 0, 5, 9])
def test_division_and_remainder_are_those_of_c(a: int) -> None:
    for op, value in (("/", int(a / 4)), ("%", a - 4 * int(a / 4))):
        fixed = Template(Binary(op, I, Const(4, I32)), 1, op)
        assert list(fill(fixed, [at_i(a, "==", value)])) == [fixed.expr]
        assert list(fill(fixed, [at_i(a, "!=", value)])) == []


def test_unknown_is_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that gives up must not be taken for one that found something."""

    class GivesUp(solve.z3.Solver):  # type: ignore[misc]
        def check(self, *_: Any) -> Any:
            return solve.z3.unknown

        def model(self) -> Any:
            raise AssertionError("there is no model")

    real = solve.z3
    stand_in = SimpleNamespace(**{n: getattr(real, n) for n in dir(real)})
    stand_in.Solver = GivesUp
    monkeypatch.setattr(solve, "z3", stand_in)
    asked: list[Query] = []
    assert list(fill(LINEAR, [at_i(0, "==", 5)], asked.append)) == []
    assert {q.answer for q in asked} == {"unknown"}


def test_guesses_keep_every_variable() -> None:
    found: list[Expr] = list(guessed(Template(Binary("*", I, HOLE_0), 1, "another number", 4)))
    assert parse_expr("i * 3", {"i": I32}) in found
    assert all(any(e == I for e in _parts(expr)) for expr in found)


def _parts(expr: Expr) -> list[Expr]:
    from xpiler.ir.walk import subexpressions

    return list(subexpressions(expr))


def test_a_store_demands_the_element_that_has_its_value() -> None:
    before = program(ROWS)
    broken = program(ROWS.replace("y[r] = sum", "y[rows - r - 1] = sum"))
    given = row_inputs((3, 4))[0]
    place = (0, 0, 2)
    stmt = at(broken, place)
    assert isinstance(stmt, Store)
    (slot,) = (s for s in slots(stmt) if s.role == "store")
    demands = demands_of(place, stmt, slot, record(before, given), record(broken, given))
    assert [(d.env["r"], d.relation, d.value) for d in demands] == [
        (0, "==", 0),
        (1, "==", 1),
        (2, "==", 2),
    ]
