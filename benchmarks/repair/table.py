"""Run the benchmark over the corpus and lay the outcomes out as a table."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.repair.corpus import subjects
from benchmarks.repair.measure import KINDS, Outcome, choose, measure, workload

__all__ = ["Plan", "markdown", "outcomes"]

RARE = frozenset({"missing barrier", "misplaced barrier", "dropped remainder"})
HEADER = (
    "error", "mutants", "equivalent", "detected", "localised", "in first 3", "repaired", "median s", "worst s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `most` mutants per kind and subject, of a `share` of these pairs drawn by `seed`;
    `limit` mutants in all (0: no limit). Of kinds that few subjects can have (RARE) four times as many are taken, of
    every subject. Without `borrow` repair takes nothing from the predecessor's text.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    subjects: tuple[str, ...] = ()
    most: int = 1
    share: float = 0.65
    limit: int = 0
    seed: int = 0
    seconds: float = 4.0
    borrow: bool = True


def outcomes(plan: Plan, note: Callable[[Outcome], None] = lambda _: None) -> Iterator[Outcome]:
    """Outcomes in a fixed order; `note` sees each as it comes in."""
    count = 0
    for subject in subjects(plan.subjects):
        work = workload(subject)
        for kind in plan.kinds:
            rare = kind in RARE and plan.share > 0
            draw = random.Random(f"{plan.seed}/{subject.name}/{kind}").random()
            if draw >= plan.share and not rare:
                continue
            for mutant in choose(subject, kind, 4 * plan.most if rare else plan.most, plan.seed):
                if plan.limit and count >= plan.limit:
                    return
                found = measure(mutant, work, plan.seconds, plan.borrow)
                count += 1
                note(found)
                yield found


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
    return "\n".join(lines) + "\n"


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
