"""Each operator and style, on each target: everything computes that is not listed with its cause."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from rich.console import Console

import benchmarks
from benchmarks.report import Plan, UnknownOperator, run_plan

KNOWN = Path(benchmarks.__file__).parent / "known_failures.toml"


@pytest.mark.slow
def test_subset_computes_and_no_verdict_is_false(tmp_path: Path) -> None:
    listed = tomllib.loads(KNOWN.read_text(encoding="utf-8"))
    known = {f"{name} on {target}" for target, names in listed.items() for name in names}
    plan = Plan((), ("hip", "avx512", "bang"), 2, tmp_path / "log.jsonl", subset="ci")
    results = run_plan(plan, Console(quiet=True))
    assert not isinstance(results, UnknownOperator)
    assert [r.case for r in results if r.false_verdict] == []
    failed = {
        f"{r.operator}/{r.style}": f"{r.stage}: {r.reason}" for r in results if not r.computes
    }
    assert {name: why for name, why in failed.items() if name not in known} == {}
    # A listed failure that is none any more has to leave the list.
    assert known - set(failed) == set()
