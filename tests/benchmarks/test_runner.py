"""The runner tells the stages apart, counts false verdicts, resumes, and never stops at a failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import runner
from benchmarks.cases import ci_cases
from benchmarks.model import Case
from benchmarks.operators import by_name
from benchmarks.report import (
    BEGIN,
    END,
    Plan,
    UnknownOperator,
    document,
    run_plan,
    write_document,
)
from benchmarks.results import Result, append, load
from benchmarks.runner import DEFAULT_LIMITS, Translated, run_case
from benchmarks.table import failures, markdown, reductions, totals
from xpiler.backends.base import KernelEntry, TranslationUnit

RIGHT = "void relu_baked(const float *x, float *y) { for (int i = 0; i < N; ++i) y[i] = x[i] > 0 ? x[i] : 0; }"
WRONG = RIGHT.replace("N; ++i", "N - 1; ++i")
BROKEN = "void relu_baked(const float *x {"


class Compiler:
    """An executor whose emitted files are plain C."""

    name = "gcc"
    kind = "hardware"

    def available(self) -> str:
        return ""

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        assert not entries
        return (TranslationUnit(path.name, text, "gcc"),)


@pytest.fixture
def relu() -> Case:
    operator = by_name("relu")
    assert operator is not None
    return next(case for case in ci_cases([operator]) if case.style.name == "baked")


def emitting(
    monkeypatch: pytest.MonkeyPatch, case: Case, text: str | None, verdict: str = "verified"
) -> None:
    def translate(_text: str, name: str, _target: str, folder: Path, _limit: float) -> Translated:
        if text is None:
            return Translated(None, verdict, "it said no", 0.5)
        path = folder / f"{name}.c"
        path.write_text(text.replace("N", str(case.dims["n"])))
        return Translated(path, verdict, "", 0.5)

    monkeypatch.setattr(runner, "translate", translate)
    monkeypatch.setattr(runner, "executor_of", lambda _target: Compiler())


@pytest.mark.parametrize(
    ("text", "stage", "compiles", "computes", "false"),
    [
        (RIGHT, "", True, True, False),
        (WRONG, "run", True, False, True),
        (BROKEN, "compile", False, False, True),
    ],
)
def test_stages_and_false_verdicts(
    relu: Case,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    stage: str,
    compiles: bool,
    computes: bool,
    false: bool,
) -> None:
    emitting(monkeypatch, relu, text)
    result = run_case(relu, "any", tmp_path / "case", DEFAULT_LIMITS)
    assert (result.stage, result.compiles, result.computes) == (stage, compiles, computes)
    assert result.false_verdict is false
    assert bool(result.reason) is not computes


def test_a_refusal_is_no_false_verdict(
    relu: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    emitting(monkeypatch, relu, None, "refused")
    result = run_case(relu, "any", tmp_path / "case", DEFAULT_LIMITS)
    assert (result.stage, result.reason, result.false_verdict) == ("translate", "it said no", False)


@pytest.mark.slow
def test_plan_writes_resumes_and_goes_on_after_failures(
    relu: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    emitting(monkeypatch, relu, WRONG)
    plan = Plan(("relu",), ("one", "two"), 1, tmp_path / "log.jsonl", subset="styles")
    quiet = Console(quiet=True)
    first = run_plan(plan, quiet)
    assert not isinstance(first, UnknownOperator)
    assert len(first) == len(load(plan.log)) == 6
    assert {result.stage for result in first} == {"run"}
    # Everything is in the log: nothing is run again.
    monkeypatch.setattr(runner, "run_case", None)
    again = run_plan(replace(plan, resume=True), quiet)
    assert again == first
    # Failures are run again when asked for.
    monkeypatch.undo()
    emitting(monkeypatch, relu, RIGHT)
    retried = run_plan(replace(plan, retry=True), quiet)
    assert not isinstance(retried, UnknownOperator)
    assert {r.case for r in retried if r.computes} == {relu.name}


def test_unknown_operator_is_named(tmp_path: Path) -> None:
    plan = Plan(("relux",), ("hip",), 1, tmp_path / "log.jsonl")
    outcome = run_plan(plan, Console(quiet=True))
    assert isinstance(outcome, UnknownOperator)
    assert outcome.name == "relux"
    assert "relu" in outcome.known


def result(case: str = "relu/0-baked", target: str = "hip", **changes: object) -> Result:
    base = Result(
        *(case, "relu", "activation", "baked", "3x4", "n 12 -> 6", target, "k"),
        *(True, True, "verified", "", "", 1.5, 0.1),
    )
    return replace(base, **changes)


def test_log_keeps_the_last_result_and_skips_a_cut_line(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    append(log, result(computes=False))
    append(log, result())
    with log.open("a") as stream:
        stream.write('{"case": "relu/1')
    assert load(log) == (result(),)
    assert load(tmp_path / "missing.jsonl") == ()


def test_tables_count_and_list() -> None:
    wrong = result("relu/1-baked", computes=False, stage="run", reason="a | b")
    refused = result(
        "relu/2-baked", compiles=False, computes=False, verdict="refused", stage="translate"
    )
    results = (result(), wrong, refused, result(target="bang"))
    assert "| relu | 2 / 1 / 2 of 3 | 1 / 1 / 1 of 1 | not run |" in markdown(
        results, ("hip", "bang", "avx512")
    )
    assert "| hip | 3 | 66.7 % | 33.3 % | 66.7 % | 1 | 1.5 s | 1.5 s |" in totals(results, ("hip",))
    assert "relu/1-baked on hip: run: a / b **(said verified)**" in failures(results)
    assert "relu/2-baked on hip: translate: " in failures(results)
    assert reductions(results).count("n 12 -> 6") == 3


def test_the_page_keeps_its_prose(tmp_path: Path) -> None:
    page = tmp_path / "accuracy.md"
    page.write_text(f"prose\n{BEGIN}\nold\n{END}\nmore\n")
    write_document(page, "new")
    write_document(page, "newer")
    assert page.read_text() == f"prose\n{BEGIN}\n\nnewer\n\n{END}\nmore\n"
    write_document(tmp_path / "bare.md", "new")
    assert (tmp_path / "bare.md").read_text() == "new\n"


def test_the_document_names_failures_and_what_was_not_verified() -> None:
    unsure = result("relu/1-baked", verdict="unverified", reason="no case")
    text = document((result(computes=False, stage="run", reason="NaN"), unsure), ("hip",))
    assert "relu/0-baked on hip: run: NaN **(said verified)**" in text
    assert "relu/1-baked on hip: unverified: no case" in text
