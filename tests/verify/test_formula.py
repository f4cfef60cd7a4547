"""Formulas of case files: C's arithmetic, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xpiler.verify.cases.formula import Formula, FormulaError, parse_formula

SIZES = {"n": 1000, "m": 33, "rows": 7}


def value(text: str) -> int:
    formula = parse_formula(text)
    assert isinstance(formula, Formula), formula
    result = formula.value(SIZES)
    assert isinstance(result, int), result
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ceil_div(n, 256)", 4),
        ("(n + 255) / 256", 4),
        ("round_up(m, 16) * rows", 336),
        ("-7 / 2", -3),
        ("-7 % 4", -3),
        ("n if n > m else m", 1000),
        ("min(n, m, rows) + max(1, 2)", 9),
        ("next_pow2(m)", 64),
        ("1 << 4 | 3", 19),
        ("n >= 1000 and m == 33", 1),
        ("not n", 0),
    ],
)
def test_values(text: str, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n +",
        "n ** 9",
        "__import__('os')",
        "n.real",
        "[n]",
        "'x'",
        "1.5",
        "f(n)",
        "ceil_div(n)",
        "lambda: 1",
        "n if",
        "min()",
        "a" * 5000,
        "(" * 400 + "1" + ")" * 400,
    ],
)
def test_not_a_formula(text: str) -> None:
    assert isinstance(parse_formula(text), FormulaError)


@pytest.mark.parametrize(
    "text", ["n / 0", "n % 0", "q + 1", "1 << 99", "ceil_div(n, 0)", "1 << 62 << 9"]
)
def test_no_value(text: str) -> None:
    formula = parse_formula(text)
    assert isinstance(formula, Formula)
    assert isinstance(formula.value(SIZES), FormulaError)


def test_unknown_name_lists_the_sizes() -> None:
    formula = parse_formula("q")
    assert isinstance(formula, Formula)
    error = formula.value(SIZES)
    assert isinstance(error, FormulaError)
    assert "`q` is not a size (sizes: m, n, rows)" in error.reason


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(-(10**6), 10**6), st.integers(1, 10**4))
def test_division_is_c_division(a: int, b: int) -> None:
    quotient, rest = value(f"({a}) / {b}"), value(f"({a}) % {b}")
    assert quotient * b + rest == a
    assert abs(rest) < b
    assert rest == 0 or (rest < 0) == (a < 0)
