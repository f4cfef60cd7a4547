"""Run the suite with a progress bar and print the table; `xpiler bench` and `python -m benchmarks`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.cases import all_cases, ci_cases, ci_work, source
from benchmarks.model import FULL_CAP, Case
from benchmarks.operators import ALL, by_name
from benchmarks.results import Result, append, load
from benchmarks.runner import DEFAULT_LIMITS, Limits, key_of, run_all
from benchmarks.table import failures, markdown, reductions, totals

__all__ = ["Plan", "UnknownOperator", "document", "run_plan"]


@dataclass(frozen=True, slots=True)
class UnknownOperator:
    """There is no operator of this name; `known` are those there are."""

    name: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. Empty `operators` means all. `log` is the file of results; `resume` reads it first."""

    operators: tuple[str, ...]
    targets: tuple[str, ...]
    jobs: int
    log: Path
    resume: bool = False
    subset: str = "all"
    cap: int = FULL_CAP
    limits: Limits = DEFAULT_LIMITS


Work = tuple[tuple[Case, str], ...]


def chosen_work(plan: Plan) -> Work | UnknownOperator:
    """The cases of the plan with their targets. `styles` is the subset of one small case per style."""
    operators = []
    for name in plan.operators or tuple(operator.name for operator in ALL):
        found = by_name(name)
        if found is None:
            return UnknownOperator(name, tuple(operator.name for operator in ALL))
        operators.append(found)
    if plan.subset == "ci":
        return ci_work(operators, plan.targets)
    cases = ci_cases(operators) if plan.subset == "styles" else all_cases(operators, plan.cap)
    return tuple((case, target) for case in cases for target in plan.targets)


def run_plan(plan: Plan, console: Console) -> tuple[Result, ...] | UnknownOperator:
    """Run what the log does not hold yet, append as results come in, print the table."""
    wanted = chosen_work(plan)
    if isinstance(wanted, UnknownOperator):
        return wanted
    if not plan.resume:
        plan.log.unlink(missing_ok=True)
    keys = {case.name: key_of(source(case)) for case, _ in wanted}
    old = {
        (r.case, r.target): r
        for r in load(plan.log)
        if keys.get(r.case) == r.key and r.target in plan.targets
    }
    left = [(case, target) for case, target in wanted if (case.name, target) not in old]
    with _bar(console) as progress:
        task = progress.add_task("cases", total=len(wanted), completed=len(old))

        def done(result: Result) -> None:
            append(plan.log, result)
            old[result.case, result.target] = result
            progress.advance(task)
            if not result.computes or result.verdict != "verified":
                progress.console.print(escape(_line(result)), highlight=False, soft_wrap=True)

        run_all(left, plan.jobs, plan.limits, done)
    results = tuple(old[case.name, target] for case, target in wanted if (case.name, target) in old)
    _show(results, plan.targets, console)
    return results


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console)


def _line(result: Result) -> str:
    what = f"{result.stage or 'verify'}: {result.reason}"
    false = " (said verified)" if result.false_verdict else ""
    return f"{result.target:7} {result.case:34} {result.verdict}{false}; {what}"


def _show(results: Sequence[Result], targets: Sequence[str], console: Console) -> None:
    table = Table("operator", *targets, title="compiles / computes / verified")
    for line in markdown(results, targets).splitlines()[2:]:
        cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
        table.add_row(*cells)
    console.print(table)
    summary = Table(*(c.strip() for c in totals(results, targets).splitlines()[0].split("|")[1:-1]))
    for line in totals(results, targets).splitlines()[2:]:
        summary.add_row(*(cell.strip() for cell in line.split("|")[1:-1]))
    console.print(summary)


def document(results: Sequence[Result], targets: Sequence[str]) -> str:
    """The generated part of docs/accuracy.md."""
    failed = failures(results) or "None."
    return "\n\n".join(
        [
            "## Totals",
            totals(results, targets),
            "## By operator",
            markdown(results, targets),
            "## Cases that do not compute",
            failed,
            "## Reduced sizes",
            reductions(results),
        ]
    )
