"""Localisation: the sentence, the statement, the index."""

from __future__ import annotations

import pytest

from tests.synth.programs import (
    GUARDED,
    LOOP,
    REVERSED,
    ROWS,
    guarded_inputs,
    loop_inputs,
    program,
    reversed_inputs,
    row_inputs,
)
from xpiler.ir.nodes import Module
from xpiler.ir.print_c import print_stmt
from xpiler.synth.locate.localise import COMPUTE, INDEX, MISSING, RACE, Location, Nothing, localise
from xpiler.synth.locate.trace import Inputs
from xpiler.synth.paths import at


def found(before: str, after: str, inputs: tuple[Inputs, ...]) -> tuple[Location, str]:
    """The location, and the first line of the first suspect."""
    broken: Module = program(after)
    location = localise(program(before), broken, inputs)
    assert isinstance(location, Location)
    return location, print_stmt(at(broken, location.suspects[0])).strip().splitlines()[0]


def test_equal_programs_differ_nowhere() -> None:
    assert localise(program(LOOP), program(LOOP), loop_inputs(5)) == Nothing()


def test_wrong_value_names_element_and_values() -> None:
    location, statement = found(LOOP, LOOP.replace("* 2.0f +", "* 2.0f -"), loop_inputs(5))
    assert (location.kind, location.buffer, location.index) == (COMPUTE, "y", 0)
    assert location.sentence == (
        "`y[i] = x[i] * 2.0f - w[i]` writes -99 to y[0], where 101 is expected"
    )
    assert statement == "y[i] = x[i] * 2.0f - w[i];"


def test_store_to_the_wrong_element() -> None:
    location, statement = found(
        ROWS, ROWS.replace("y[r] =", "y[rows - 1 - r] ="), row_inputs((3, 4))
    )
    assert location.kind == INDEX
    assert location.index == 2
    assert "the value that belongs to [0]" in location.sentence
    assert statement == "y[rows - 1 - r] = sum;"


def test_missing_elements_are_counted_and_blamed_on_the_loop() -> None:
    location, statement = found(LOOP, LOOP.replace("i < n;", "i < n - 2;"), loop_inputs(7))
    assert (location.kind, location.buffer, location.index) == (MISSING, "y", 5)
    assert location.sentence.startswith("2 elements of y are never written, the first one 5")
    assert statement.startswith("for (i32 i = 0; i < n - 2;")


def test_a_wrong_load_is_blamed_not_the_store_of_its_sum() -> None:
    broken = ROWS.replace("x[r * cols + c]", "x[c * cols + r]")
    location, statement = found(ROWS, broken, row_inputs((3, 3)))
    assert location.kind == COMPUTE
    assert statement == "sum += x[c * cols + r];"


def test_out_of_bounds_is_a_fault_at_its_statement() -> None:
    broken = GUARDED.replace("if (i < n)", "if (i <= n)")
    location, statement = found(GUARDED, broken, guarded_inputs(6))
    assert location.kind == "fault"
    assert "stops the program" in location.sentence
    assert statement.startswith("if (i <= n)")


def test_a_missing_barrier_is_a_race() -> None:
    broken = REVERSED.replace("  __syncthreads();\n", "")
    location, statement = found(REVERSED, broken, reversed_inputs())
    assert location.kind == RACE
    assert location.sentence.startswith("the order of threads matters")
    assert statement == "y[t] = s[7 - t];"


@pytest.mark.parametrize("size", [4, 5])
def test_the_run_that_shows_it_is_named(size: int) -> None:
    broken = LOOP.replace("i < n;", "i < (n < 5 ? n : 4);")
    inputs = loop_inputs(2, 3, size)
    result = localise(program(LOOP), program(broken), inputs)
    if size == 4:
        assert result == Nothing()
    else:
        assert isinstance(result, Location)
        assert result.run == 2
