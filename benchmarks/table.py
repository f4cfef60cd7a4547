"""The accuracy table, as Markdown: per operator and target, totals, times, and every failure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from benchmarks.results import Result

__all__ = ["complaints", "failures", "markdown", "reductions", "totals"]


def markdown(results: Sequence[Result], targets: Sequence[str]) -> str:
    """`compiles | computes | false verdicts` per operator and target."""
    operators = list(dict.fromkeys(result.operator for result in results))
    header = ["operator", *(f"{t}: compiles / computes / verified" for t in targets)]
    rows = [header, ["---", *("---" for _ in targets)]]
    for operator in operators:
        own = [result for result in results if result.operator == operator]
        rows.append([operator, *(_cell(own, target) for target in targets)])
    rows.append(["**all**", *(f"**{_cell(results, target)}**" for target in targets)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _of(results: Iterable[Result], target: str) -> list[Result]:
    return [result for result in results if result.target == target]


def _cell(results: Iterable[Result], target: str) -> str:
    own = _of(results, target)
    if not own:
        return "not run"
    counts = (
        sum(result.compiles for result in own),
        sum(result.computes for result in own),
        sum(result.verdict == "verified" for result in own),
    )
    return " / ".join(str(count) for count in counts) + f" of {len(own)}"


def totals(results: Sequence[Result], targets: Sequence[str]) -> str:
    """Percentages, false verdicts and translation times per target."""
    lines = [
        "| target | cases | compiles | computes | verified | false verdicts | "
        "translation, median | worst |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for target in targets:
        own = _of(results, target)
        if not own:
            continue
        times = [result.translate_seconds for result in own]
        cells = [
            target,
            str(len(own)),
            *(
                f"{100 * count / len(own):.1f} %"
                for count in (
                    sum(result.compiles for result in own),
                    sum(result.computes for result in own),
                    sum(result.verdict == "verified" for result in own),
                )
            ),
            str(sum(result.false_verdict for result in own)),
            f"{statistics.median(times):.1f} s",
            f"{max(times):.1f} s",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def failures(results: Iterable[Result]) -> str:
    """A line for each case that does not compute, or whose verdict is false."""
    lines = []
    for result in results:
        if not result.computes:
            mark = " **(said verified)**" if result.false_verdict else ""
            what = f"{result.case} on {result.target}: {result.stage}: {result.reason}"
            lines.append(f"- {what.replace('|', '/')}{mark}")
    return "\n".join(lines)


def complaints(results: Iterable[Result]) -> str:
    """A line for each case that computes although the translator could not show it."""
    return "\n".join(
        f"- {result.case} on {result.target}: {result.verdict}: {result.reason.replace('|', '/')}"
        for result in results
        if result.computes and result.verdict != "verified"
    )


def reductions(results: Iterable[Result]) -> str:
    """The cases that ran on less than the published sizes, once each."""
    found = {r.case: f"| {r.case} | {r.shape} | {r.reduction} |" for r in results if r.reduction}
    return "\n".join(["| case | published | reduced |", "| --- | --- | --- |", *found.values()])
