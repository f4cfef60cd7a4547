"""The table of cases: every operator's shapes, its styles in turn, sizes reduced to a cost cap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Final

from benchmarks.model import CI_CAP, FULL_CAP, Case, Dims, Operator
from benchmarks.operators import ALL

__all__ = ["SUITE", "all_cases", "ci_cases", "ci_work", "operator_cases", "reduced", "source"]

SUITE: Final = Path(__file__).parent / "suite"


def reduced(operator: Operator, dims: Dims, cap: int, ci: bool = False) -> Dims:
    """`dims` with derived sizes, halved in the operator's order until one run takes `cap` operations."""
    current = dict(dims)
    for floor in operator.floors:
        lowest = floor.ci if ci else floor.full
        while _work(operator, current) > cap and current[floor.dim] > lowest:
            halved = max(lowest, current[floor.dim] // 2)
            # Sizes that were a multiple of 16 stay one: tensor-core tiles are 16 wide.
            keep = current[floor.dim] % 16 == 0 and halved > 16
            current[floor.dim] = halved - halved % 16 if keep else halved
    return {**current, **operator.derived(current)}


def _work(operator: Operator, dims: Dims) -> int:
    return operator.work({**dims, **operator.derived(dims)})


def operator_cases(operator: Operator, cap: int = FULL_CAP, ci: bool = False) -> tuple[Case, ...]:
    """The operator's eight cases; shape `i` is written in style `i` modulo the number of styles."""
    return tuple(
        Case(
            operator,
            index,
            operator.styles[index % len(operator.styles)],
            shape,
            reduced(operator, shape.dims, cap, ci),
        )
        for index, shape in enumerate(operator.shapes)
    )


def all_cases(operators: Iterable[Operator] = ALL, cap: int = FULL_CAP) -> tuple[Case, ...]:
    """Every case of `operators`, 36 x 8 for all of them."""
    return tuple(case for operator in operators for case in operator_cases(operator, cap))


def ci_cases(operators: Iterable[Operator] = ALL) -> tuple[Case, ...]:
    """One case for each operator and style: the cheapest of its shapes, reduced further.

    Shapes with a size of one come last: they hide transposed operands and dropped rows.
    """
    chosen = []
    for operator in operators:
        cases = operator_cases(operator, CI_CAP, ci=True)
        for style in operator.styles:
            own = [case for case in cases if case.style == style]
            chosen.append(min(own, key=_plainness))
    return tuple(chosen)


def ci_work(operators: Iterable[Operator], targets: Sequence[str]) -> tuple[tuple[Case, str], ...]:
    """The subset for a commit: each operator on each target, its styles shared out among the targets.

    Every operator meets every target and every style at least one of them.
    """
    work = []
    for operator in operators:
        cases = ci_cases([operator])
        for turn in range(max(len(cases), len(targets))):
            work.append((cases[turn % len(cases)], targets[turn % len(targets)]))
    return tuple(work)


def _plainness(case: Case) -> tuple[bool, int]:
    return 1 in case.shape.dims.values(), _work(case.operator, case.dims)


def source(case: Case) -> str:
    """The CUDA file of a case: the style's text with the sizes filled in where they are baked in."""
    path = SUITE / case.operator.name / f"{case.style.name}.cu"
    values = {name: str(size) for name, size in case.dims.items()}
    return Template(path.read_text(encoding="utf-8")).substitute(values)
