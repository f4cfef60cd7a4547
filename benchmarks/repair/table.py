"""Run the benchmark over the corpus and lay the outcomes out as a table."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median

from benchmarks.repair.corpus import Subject, subjects
from benchmarks.repair.measure import KINDS, PROVED, Outcome, Workload, choose, measure, workload

__all__ = ["Plan", "markdown", "outcomes", "placed"]

BARRIERS = frozenset({"missing barrier", "misplaced barrier", "dropped remainder"})
RARE = frozenset(
    {"missing barrier", "misplaced barrier", "dropped remainder", "copy direction", "double buffer"}
)
HEADER = (
    "error", "mutants", "equivalent", "detected", "first guess", "localised", "in first 3", "repaired",
    "median s", "worst s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `most` mutants per kind and subject, of a `share` of these pairs drawn by `seed`;
    `limit` mutants in all (0: no limit). Kinds that few subjects can have (RARE) are taken of every subject,
    four times as many of BARRIERS. Without `borrow` repair takes nothing from the predecessor's text.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    subjects: tuple[str, ...] = ()
    most: int = 1
    share: float = 0.65
    limit: int = 0
    seed: int = 0
    seconds: float = 4.0
    borrow: bool = True
    jobs: int = 1


def outcomes(plan: Plan, note: Callable[[Outcome], None] = lambda _: None) -> Iterator[Outcome]:
    """Outcomes in a fixed order; `note` sees each as it comes in. With `plan.jobs`, so many subjects at a time."""
    batches = _batches(plan) if plan.jobs < 2 else _in_parallel(plan)
    count = 0
    for batch in batches:
        for found in batch:
            if plan.limit and count >= plan.limit:
                return
            count += 1
            note(found)
            yield found


def _batches(plan: Plan) -> Iterator[Iterator[Outcome]]:
    for subject in subjects(plan.subjects):
        yield _of_subject(plan, subject)


def _in_parallel(plan: Plan) -> Iterator[Sequence[Outcome]]:
    """A process measures all mutants of a subject; subjects are made here meanwhile."""
    with ProcessPoolExecutor(plan.jobs) as pool:
        waiting = [pool.submit(_measured, plan, subject) for subject in subjects(plan.subjects)]
        for future in waiting:
            yield future.result()


def _measured(plan: Plan, subject: Subject) -> list[Outcome]:
    return list(_of_subject(plan, subject))


def _of_subject(plan: Plan, subject: Subject) -> Iterator[Outcome]:
    work: Workload | None = None
    for kind in plan.kinds:
        rare = kind in RARE and plan.share > 0
        draw = random.Random(f"{plan.seed}/{subject.name}/{kind}").random()
        if draw >= plan.share and not rare:
            continue
        most = 4 * plan.most if kind in BARRIERS else plan.most
        for mutant in choose(subject, kind, most, plan.seed):
            work = work or workload(subject)
            yield measure(mutant, work, plan.seconds, plan.borrow)


def markdown(found: Sequence[Outcome]) -> str:
    """The table, by kind, with a sum for each half of the operators and for all."""
    lines = [_row(HEADER), _row(tuple("---" for _ in HEADER))]
    for half in ("developed", "held out"):
        mine = [o for o in found if o.half == half]
        for kind in dict.fromkeys(o.kind for o in mine):
            lines.append(_line(kind, [o for o in mine if o.kind == kind]))
        if mine:
            lines.append(_line(f"**{half}**", mine))
    lines.append(_line("**all**", found))
    return "\n".join([*lines, "", *_notes(found)]) + "\n"


def placed(page: str, name: str, table: str) -> str:
    """`page` with `table` between its comments `<!-- NAME -->` and `<!-- end -->`; the table alone if there are none."""
    head, start, rest = page.partition(f"<!-- {name} -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    return f"{head}{start}\n{table}\n{end}{tail}" if start and end else table


def _notes(found: Sequence[Outcome]) -> Iterator[str]:
    """What the table does not show, a line each."""
    real = [o for o in found if not o.equivalent]
    same = len(found) - len(real)
    proved = sum(o.change == PROVED for o in found)
    subjects = len({o.subject for o in found})
    passes = len({o.subject.rpartition("/")[2] for o in found})
    yield f"{len(found)} mutants of {subjects} subjects, {passes} passes; {len(real)} are not equivalent."
    yield f"Of the {same} equivalent ones {proved} are so by proof for all sizes, the others by small cases."
    borrowed = sum(o.repaired and "predecessor" in o.change for o in real)
    yield f"{borrowed} repairs took an expression or a guard from the predecessor's text."
    over = sum(o.change.startswith("over-fitted") for o in real)
    yield f"{over} repairs passed the search and failed the judge; they count as not repaired."
    for one in (o for o in real if not o.detected):
        yield f"Not detected: {one.kind}, `{one.subject}`, {one.what}."


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(name: str, found: Sequence[Outcome]) -> str:
    real = [o for o in found if not o.equivalent]
    times = [o.seconds for o in real if o.detected]
    return _row(
        (
            name,
            str(len(real)),
            str(len(found) - len(real)),
            _share(sum(o.detected for o in real), len(real)),
            _share(sum(o.guessed == 1 for o in real), len(real)),
            _share(sum(o.localised == 1 for o in real), len(real)),
            _share(sum(1 <= o.localised <= 3 for o in real), len(real)),
            _share(sum(o.repaired for o in real), len(real)),
            f"{median(times):.2f}" if times else "-",
            f"{max(times):.2f}" if times else "-",
        )
    )


def _share(part: int, whole: int) -> str:
    if not whole:
        return "-"
    # 100 % is said of all only
    percent = 100 if part == whole else min(99, round(100 * part / whole))
    return f"{part} ({percent} %)"
