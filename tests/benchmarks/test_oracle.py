"""The suite's judge accepts the right result and rejects the wrong ones, for every operator and style."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cases import ci_cases, source
from benchmarks.inputs import inputs
from benchmarks.model import Case, Reference
from benchmarks.oracle import Right, Wrong, expected, judge, mutants
from benchmarks.signature import read_signature

CASES = ci_cases()
ALWAYS = {"zeros", "ones", "shifted by one", "last element dropped"}


def result_type(case: Case) -> np.dtype[np.generic]:
    (result,) = (
        parameter
        for parameter in read_signature(source(case), case.symbol).parameters
        if parameter.pointer and not parameter.const
    )
    return result.dtype


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_judge_accepts_the_right_result_and_rejects_every_mutant(case: Case) -> None:
    values, dtype = inputs(case, 7), result_type(case)
    reference = expected(case, values)
    assert isinstance(judge(reference.value.astype(dtype), reference), Right)
    wrong = dict(mutants(case, values, dtype))
    assert set(wrong) >= ALWAYS
    assert any(name.startswith("copy of") for name in wrong)
    assert any(name.endswith("transposed") for name in wrong)
    accepted = [
        name for name, result in wrong.items() if isinstance(judge(result, reference), Right)
    ]
    assert accepted == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reference_is_sensitive_to_every_input(case: Case) -> None:
    values, dtype = inputs(case, 7), result_type(case)
    reference = expected(case, values)
    other = inputs(case, 8)
    for name in values:
        changed = expected(case, {**values, name: other[name]}).value.astype(dtype)
        assert isinstance(judge(changed, reference), Wrong), name


def test_inputs_depend_on_the_seed_only() -> None:
    case = CASES[0]
    first, again, other = inputs(case, 1), inputs(case, 1), inputs(case, 2)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)


def test_byte_inputs_reach_the_extremes() -> None:
    case = next(c for c in CASES if c.operator.name == "gemm" and c.style.name == "dp4a")
    values = inputs(case, 1)
    assert {array.min() for array in values.values()} == {-128}
    assert {array.max() for array in values.values()} == {127}


def test_not_a_number_is_never_right() -> None:
    reference = Reference(np.full(3, np.nan), np.zeros(3), 1, exact=True)
    assert isinstance(judge(np.full(3, np.nan, np.float32), reference), Wrong)


def test_small_outputs_are_held_to_their_own_scale() -> None:
    reference = Reference(np.full(4, 1e-6), np.full(4, 1e-6))
    assert isinstance(judge(np.full(4, 1.01e-6, np.float32), reference), Wrong)
    assert isinstance(judge(np.full(4, 1e-6, np.float32), reference), Right)


def test_wrong_shape_is_wrong() -> None:
    reference = Reference(np.zeros((2, 3)), np.zeros((2, 3)))
    assert isinstance(judge(np.zeros((3, 2), np.float32), reference), Wrong)
