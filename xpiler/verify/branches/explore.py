"""See which branches the source's runs took, lead further ones there by other sizes, and say what stays untested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from xpiler.ir.nodes import Expr, Module
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.records import dataclass
from xpiler.verify.branches.coverage import Arm, Instrumented, instrumented, unreached
from xpiler.verify.branches.directed import further_sizes
from xpiler.verify.cases.case import Case, ConcreteScalar
from xpiler.verify.cases.decisions import decisions
from xpiler.verify.observe import Observed, ObservedShape, Settings, observe_shape
from xpiler.verify.plan import KernelCheck, ShapePlan, plan_shapes
from xpiler.verify.run.runner import Runner

__all__ = ["Watch", "explored"]

Watch = Callable[[Module], Runner | None]
"""A runner of a program of the IR, whose entry is number 0; None where there is none."""

_ATTEMPTS: Final = 12
_SHAPES: Final = 3
_ELEMENTS: Final = 1 << 22


def explored(source: Runner, observed: Observed, settings: Settings, watch: Watch) -> Observed:
    """What was observed, with shapes at which the source takes further branches, and with what stays unreached.

    Of a counterpart the branches at conditions that the source does not have.
    """
    if observed.unusable:
        return observed
    program, other = observed.check.program, observed.check.counterpart
    found = instrumented(program, always=not _decided(observed))
    if found is not None:
        observed = _explored(source, observed, program, found, found.arms, settings, watch)
    theirs = instrumented(other, always=True, parts=True) if other is not None else None
    if other is None or theirs is None:
        return observed
    known = set(_parts(program))
    new = tuple(arm for arm in theirs.arms if arm.cond not in known)
    return _explored(source, observed, other, theirs, new, settings, watch) if new else observed


def _parts(module: Module) -> Iterator[Expr]:
    for body in (*(k.body for k in module.kernels), *(f.body for f in module.functions)):
        for stmt in statements(body):
            for expr in expressions(stmt):
                yield from subexpressions(expr)


def _explored(
    source: Runner,
    observed: Observed,
    program: Module,
    found: Instrumented,
    arms: Sequence[Arm],
    settings: Settings,
    watch: Watch,
) -> Observed:
    """With shapes that lead into `arms` of `found`, which `program` became."""
    runner = watch(found.program)
    if runner is None or runner.prepare() is not None:
        return observed
    explorer = _Explorer(observed.check, program, found, runner, settings)
    left = explorer.left([shape.plan for shape in observed.shapes], arms)
    if not left:
        return observed
    shapes: list[ObservedShape] = []
    for case in observed.check.cases:
        for plan in explorer.plans(case, left):
            rest = explorer.left([plan], left)
            if rest is None or len(rest) == len(left):
                continue
            seen = observe_shape(source, observed.check, plan)
            if isinstance(seen, ObservedShape):
                shapes.append(seen)
                left = rest
            if not left or len(shapes) == _SHAPES:
                break
    return replace(
        observed,
        shapes=(*observed.shapes, *shapes),
        unreached=(*observed.unreached, *(str(arm) for arm in left)),
    )


def _decided(observed: Observed) -> bool:
    """Whether all that parameters alone decide was decided both ways."""
    found = decisions(observed.check.program)
    launched = [_scalars(shape.plan) for shape in observed.shapes]
    return all(any(found.met(goal, values) for values in launched) for goal in found.goals)


def _scalars(plan: ShapePlan) -> dict[str, int]:
    return {
        a.name: int(a.value)
        for a in plan.concrete.arguments
        if isinstance(a, ConcreteScalar) and isinstance(a.value, int | bool)
    }


@dataclass(frozen=True, slots=True)
class _Explorer:
    check: KernelCheck
    program: Module
    found: Instrumented
    runner: Runner
    settings: Settings

    def left(self, plans: Sequence[ShapePlan], arms: Sequence[Arm]) -> tuple[Arm, ...] | None:
        """Those of `arms` that no run of the plans takes; None if none comes to its end."""
        entry = self.check.entry
        jobs = [
            [run.job(entry) for run in {r.inputs.seed: r for r in plan.runs}.values()]
            for plan in plans
        ]
        missing = unreached(self.found, self.runner, jobs)
        if missing is None:
            return None
        places = {str(arm) for arm in missing}
        return tuple(arm for arm in arms if str(arm) in places)

    def plans(self, case: Case, arms: Sequence[Arm]) -> Iterator[ShapePlan]:
        """Shapes of the case that may lead into one of `arms`."""
        tried = further_sizes(self.program, case, arms)
        for sizes in islice(tried, _ATTEMPTS):
            one = replace(case, sizes=tuple((name, (value,)) for name, value in sizes.items()))
            plans, _ = plan_shapes(one, self.settings.seeds, self.settings.salt)
            for plan in plans:
                if sum(b.elements for b in plan.concrete.buffers) <= _ELEMENTS:
                    yield plan
