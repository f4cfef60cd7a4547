"""Run the source on every case and see whether it can serve as an oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from xpiler.ir.nodes import AddressOf, Load, Var
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.records import dataclass
from xpiler.verify.any_order import in_an_order_of_its_own, taken_places
from xpiler.verify.branches.directed import pointed, single, turns, worth_pointing
from xpiler.verify.branches.thresholds import Threshold, thresholds
from xpiler.verify.cases.case import ConcreteBuffer
from xpiler.verify.compare import Expected, Mismatch, compare
from xpiler.verify.discriminate import indifferent, non_discriminating, perturbations
from xpiler.verify.evidence import Unverified
from xpiler.verify.exactness import exact_on_integers
from xpiler.verify.plan import KernelCheck, PlannedRun, ShapePlan, plan_shapes, reduction_length
from xpiler.verify.run.dtypes import Array
from xpiler.verify.run.runner import Failed, Finished, Outcome, Runner

__all__ = [
    "INDEX",
    "Observed",
    "ObservedShape",
    "Settings",
    "changed_on_some_input",
    "expected_buffers",
    "observe",
    "observe_shape",
]

INDEX = "index out of range"
"""The harness's word for an index beyond one dimension of an array: `tile[0][i]` for all of `tile` is one."""

RACE = "the source's results depend on the order of threads"

LOCKSTEP = (
    "the source relies on the lanes of a warp being in lock step at volatile accesses of shared memory, which holds "
    "before Volta only: both sides are run so"
)

AS_THEY_COME = "compared as a set of elements, whose places threads take as they come"

POINTED = 100
"""The first seed of inputs at the values that the kernel compares its data with."""

OTHER_ORDER = 7919  # of the source's second run, to see whether it depends on the order of threads


@dataclass(frozen=True, slots=True)
class Settings:
    """`seeds` at least 3 (fewer are raised to 3); `reference`: judge reals against a run in double.

    Another `salt` gives other inputs: what was repaired on one has to be accepted on another.
    `jobs`: kernels that are run at a time.
    """

    seeds: int = 3
    reference: bool = True
    salt: int = 0
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class ObservedShape:
    """What the source left in its buffers, per planned run; those of `any_order` as the threads came."""

    plan: ShapePlan
    outputs: tuple[tuple[Array, ...], ...] = field(repr=False)
    any_order: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Observed:
    """The source's side of a kernel's check. `unusable` says why it is no oracle; empty when it is. `unreached`: what
    of the source no run has come to."""

    check: KernelCheck
    shapes: tuple[ObservedShape, ...]
    notes: tuple[str, ...] = ()
    unusable: str = ""
    seeds: int = 3
    unreached: tuple[str, ...] = ()


def observe(source: Runner, check_: KernelCheck, settings: Settings) -> Observed:
    """Run the source on every case and shape, and see whether it can serve as an oracle.

    Shapes at which it faults itself are left out with a note. `unusable` when none is left, when its
    results depend on the order of threads, or when its outputs would not tell programs apart. Where they depend on
    it, the source is watched again with warps in lock step at volatile accesses of shared memory.
    """
    found = _observe(source, check_, settings, lockstep=False)
    if not found.unusable.startswith(RACE):
        return found
    together = _observe(source, check_, settings, lockstep=True)
    return found if together.unusable else replace(together, notes=(*together.notes, LOCKSTEP))


def _observe(
    source: Runner, check_: KernelCheck, settings: Settings, *, lockstep: bool
) -> Observed:
    seeds = max(3, settings.seeds)
    notes: list[str] = []
    shapes: list[ObservedShape] = []
    outside: list[tuple[ShapePlan, Failed]] = []
    for case in check_.cases:
        plans, impossible = plan_shapes(case, seeds, settings.salt)
        notes += [f"{_label(i.shape)}: {i.reason}" for i in impossible]
        for planned in plans:
            plan = _in_lockstep(planned) if lockstep else planned
            found = observe_shape(source, check_, plan)
            if isinstance(found, Unverified):
                return Observed(check_, (), tuple(notes), found.reason, seeds)
            if isinstance(found, Failed) and found.kind == INDEX:
                outside.append((plan, found))
            elif isinstance(found, Failed):
                notes.append(f"{plan.concrete.label}: the source itself fails ({found})")
            else:
                shapes.append(found)
    if outside and shapes:
        # an array that is too small for some shapes; what leaves a row of an array on purpose does so at all
        notes += [f"{p.concrete.label}: the source itself fails ({f})" for p, f in outside]
    elif outside:
        again = _unchecked_shapes(source, check_, outside, notes)
        if isinstance(again, Unverified):
            return Observed(check_, (), tuple(notes), again.reason, seeds)
        shapes = again
    if not shapes:
        reason = "; ".join(notes) or "no case"
        return Observed(check_, (), tuple(notes), f"no shape can be tested: {reason}", seeds)
    shapes += _pointed_shapes(source, check_, shapes, settings, notes)
    unusable = _indiscriminate(source, check_, shapes)
    loose = frozenset[str]().union(*(shape.any_order for shape in shapes))
    if loose:
        shapes = [replace(shape, any_order=loose) for shape in shapes]
        notes.append(f"{', '.join(sorted(loose))}: {AS_THEY_COME}")
    return Observed(check_, tuple(shapes), tuple(notes), unusable, seeds)


def _pointed_shapes(
    source: Runner,
    check_: KernelCheck,
    shapes: Sequence[ObservedShape],
    settings: Settings,
    notes: list[str],
) -> list[ObservedShape]:
    """The two largest shapes again, on values at which the kernel decides otherwise; those that the source bears."""
    found = _thresholds(check_)
    largest = sorted(shapes, key=lambda s: -sum(b.elements for b in s.plan.concrete.buffers))[:2]
    first = largest[0].plan.concrete
    if not worth_pointing(found, single(first)):
        return []
    extra: list[ObservedShape] = []
    each = max(2, -(-turns(first, found) // len(largest)))  # runs of a shape
    for position, shape in enumerate(largest):
        seed = POINTED + 2 * settings.salt
        runs = tuple(
            replace(run, inputs=pointed(run.inputs, found, seed + number, each * position + number))
            for number, run in enumerate(shape.plan.runs[:each])
        )
        observed = observe_shape(source, check_, replace(shape.plan, runs=runs))
        if isinstance(observed, ObservedShape):
            extra.append(observed)
        else:
            why = observed.reason if isinstance(observed, Unverified) else str(observed)
            notes.append(f"values that the kernel compares its data with are left out: {why}")
            break
    return extra


def _thresholds(check_: KernelCheck) -> Mapping[str, tuple[Threshold, ...]]:
    """Where the source decides otherwise, and where its counterpart does."""
    found = dict(thresholds(check_.program))
    if check_.counterpart is not None:
        for name, values in thresholds(check_.counterpart).items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *values)))
    return found


def _label(shape: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in shape) or "the launch"


def _in_lockstep(plan: ShapePlan) -> ShapePlan:
    return replace(plan, runs=tuple(replace(run, lockstep=True) for run in plan.runs))


def _unchecked(plan: ShapePlan) -> ShapePlan:
    return replace(plan, runs=tuple(replace(run, unchecked=True) for run in plan.runs))


def _unchecked_shapes(
    source: Runner,
    check_: KernelCheck,
    outside: Sequence[tuple[ShapePlan, Failed]],
    notes: list[str],
) -> list[ObservedShape] | Unverified:
    """The shapes of a source that leaves a dimension of an array at every one, run without that check."""
    shapes: list[ObservedShape] = []
    for plan, failed in outside:
        note = f"array indices are not checked, the source's own leave an array: {failed}"
        notes += [] if note in notes else [note]
        found = observe_shape(source, check_, _unchecked(plan))
        if isinstance(found, Unverified):
            return found
        if isinstance(found, Failed):
            notes.append(f"{plan.concrete.label}: the source itself fails ({found})")
        else:
            shapes.append(found)
    return shapes


def observe_shape(
    source: Runner, check_: KernelCheck, plan: ShapePlan
) -> ObservedShape | Failed | Unverified:
    """What the source does at one shape, with two orders of threads; how it fails, or that the two disagree."""
    again = [replace(run, order=OTHER_ORDER + run.order) for run in plan.runs]
    outcomes = source.run([run.job(check_.entry) for run in (*plan.runs, *again)])
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            return outcome
    buffers = [outcome.buffers for outcome in outcomes if isinstance(outcome, Finished)]
    count = len(plan.runs)
    shape = ObservedShape(plan, tuple(buffers[:count]))
    places = taken_places(check_.program)
    for run, first, second in zip(plan.runs, buffers[:count], buffers[count:], strict=True):
        wrong = _disagreement(check_, plan, run, first, second, frozenset())
        if wrong is not None and places:
            shape = replace(shape, any_order=places)
            wrong = _disagreement(check_, plan, run, first, second, places)
        if wrong is not None:
            return wrong
    return shape


def _disagreement(
    check_: KernelCheck,
    plan: ShapePlan,
    run: PlannedRun,
    first: Sequence[Array],
    second: Sequence[Array],
    any_order: frozenset[str],
) -> Unverified | None:
    """How two runs of the source differ that only the order of their threads tells apart."""
    expected = expected_buffers(check_, run, first, 1, None)
    for wanted, got in zip(*in_an_order_of_its_own(expected, second, any_order), strict=True):
        if got.tobytes() == wanted.oracle.tobytes():
            continue
        verdict = compare(_loosely(check_, plan, wanted), got).verdict()
        if isinstance(verdict, Mismatch):
            return Unverified(
                f"{RACE}, or on shared memory that it has not written (a data race?): "
                f"{wanted.name}[{verdict.index}] is {verdict.expected} or {verdict.got} at {run.inputs.label}"
            )
    return None


def _loosely(check_: KernelCheck, plan: ShapePlan, expected: Expected) -> Expected:
    """Atomic additions of reals come in any order: allow what a reduction of that length allows."""
    if not expected.elem.is_float:
        return expected
    length = reduction_length(check_.program, plan.concrete)
    return Expected(
        expected.name,
        expected.elem,
        expected.role,
        expected.initial,
        expected.oracle,
        None,
        length,
    )


def expected_buffers(
    check_: KernelCheck,
    run: PlannedRun,
    outputs: Sequence[Array],
    reduction: int,
    reference: Sequence[Array] | None,
) -> list[Expected]:
    """What each buffer should hold after a run."""
    exact = run.inputs.exact and exact_on_integers(check_.program)
    found: list[Expected] = []
    for argument, initial in zip(run.inputs.concrete.arguments, run.inputs.arrays, strict=True):
        if isinstance(argument, ConcreteBuffer):
            position = len(found)
            double = reference[position] if reference is not None else None
            found.append(
                Expected(
                    argument.name,
                    argument.elem,
                    argument.role,
                    initial,
                    outputs[position],
                    double if argument.elem.is_float else None,
                    reduction,
                    exact,
                )
            )
    return found


def changed_on_some_input(check_: KernelCheck, shape: ObservedShape) -> list[Array]:
    """For each buffer, the elements that the source changed in some run of this shape."""
    found: list[Array] = []
    for run, outputs in zip(shape.plan.runs, shape.outputs, strict=True):
        written = [e.written for e in expected_buffers(check_, run, outputs, 1, None)]
        found = [a | b for a, b in zip(found, written, strict=True)] if found else written
    return found


def _indiscriminate(source: Runner, check_: KernelCheck, shapes: Sequence[ObservedShape]) -> str:
    """Why the source's outputs are no evidence; empty when they are."""
    found = [
        [
            expected_buffers(check_, run, outputs, 1, None)
            for run, outputs in zip(shape.plan.runs, shape.outputs, strict=True)
        ]
        for shape in shapes
    ]
    reason = non_discriminating(found)
    if reason:
        return f"the test tells nothing: {reason}"
    silent = _unfelt(source, check_, shapes)
    if silent:
        listing = ", ".join(silent)
        return f"the test tells nothing about {listing}: the outputs do not depend on it"
    return ""


def _unfelt(
    source: Runner, check_: KernelCheck, shapes: Sequence[ObservedShape]
) -> tuple[str, ...]:
    """Arguments that no shape's outputs depend on, of those that the kernel mentions at all.

    Each is changed in the first run; what is not felt there (a flag: hardly any is 0) in the last, of small integers.
    """
    open_: dict[str, None] = {}
    felt: set[str] = set()
    largest = sorted(shapes, key=lambda s: -sum(b.elements for b in s.plan.concrete.buffers))
    for shape, position in ((s, p) for p in (0, -1) for s in largest):
        run = shape.plan.runs[position]
        wanted = [p for p in perturbations(run.inputs) if p.argument not in felt]
        if not wanted:
            break
        jobs = [replace(run, inputs=p.inputs).job(check_.entry) for p in wanted]
        for perturbed, outcome in zip(wanted, source.run(jobs), strict=True):
            open_[perturbed.argument] = None
            if _feels(shape, position, outcome):
                felt.add(perturbed.argument)
        if not open_.keys() - felt:
            break
    mentioned = _mentioned(check_)
    return tuple(name for name in open_ if name not in felt and name in mentioned)


def _feels(shape: ObservedShape, position: int, outcome: Outcome) -> bool:
    if isinstance(outcome, Failed):
        return True
    buffers = shape.plan.concrete.buffers
    kept = [i for i, b in enumerate(buffers) if b.role in ("out", "inout")]
    before = [shape.outputs[position][i] for i in kept]
    return not indifferent(before, [outcome.buffers[i] for i in kept])


def _mentioned(check_: KernelCheck) -> frozenset[str]:
    names: set[str] = set()
    for stmt in statements(check_.program.kernels[0].body):
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load | AddressOf):
                    names.add(sub.buffer)
                elif isinstance(sub, Var):
                    names.add(sub.name)
    return frozenset(names)
