"""Each operator and style, on each target: everything computes that is not listed with its cause."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from rich.console import Console

import benchmarks
from benchmarks.operators import ALL
from benchmarks.report import Plan, UnknownOperator, run_plan

LISTED = tomllib.loads(
    (Path(benchmarks.__file__).parent / "known_failures.toml").read_text(encoding="utf-8")
)
KNOWN = {f"{name} on {target}" for target, names in LISTED.items() for name in names}
OPERATORS = [operator.name for operator in ALL]


@pytest.mark.slow
@pytest.mark.parametrize("operator", OPERATORS)
def test_subset_computes_and_no_verdict_is_false(operator: str, tmp_path: Path) -> None:
    plan = Plan((operator,), ("hip", "avx512", "bang"), 1, tmp_path / "log.jsonl", subset="ci")
    results = run_plan(plan, Console(quiet=True))
    assert not isinstance(results, UnknownOperator)
    assert len(results) >= 3
    assert [r.case for r in results if r.false_verdict] == []
    failed = {
        f"{r.operator}/{r.style} on {r.target}": f"{r.stage}: {r.reason}"
        for r in results
        if not r.computes
    }
    known = {name for name in KNOWN if name.startswith(f"{operator}/")}
    assert {name: why for name, why in failed.items() if name not in known} == {}
    # A listed failure that is none any more has to leave the list.
    assert known - set(failed) == set()


def test_what_is_listed_is_a_case_of_an_operator() -> None:
    assert {name.partition("/")[0] for name in KNOWN} <= set(OPERATORS)
