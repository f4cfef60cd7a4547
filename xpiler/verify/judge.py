"""Compare a candidate's runs with what the source was observed to do; the first difference ends it.

The double-precision reference is built only when some real number differs in its bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from xpiler.records import dataclass
from xpiler.verify.any_order import atomically_added, in_an_order_of_its_own
from xpiler.verify.branches.explore import Watch, explored
from xpiler.verify.cases.infer_other import MOST_CASES
from xpiler.verify.compare import Expected, Match, Mismatch, compare
from xpiler.verify.evidence import Difference, Evidence, Refuted, Tested, Unverified, WorstError
from xpiler.verify.observe import (
    Observed,
    ObservedShape,
    Settings,
    changed_on_some_input,
    expected_buffers,
    observe,
)
from xpiler.verify.plan import KernelCheck, PlannedRun, reduction_length
from xpiler.verify.run.dtypes import Array
from xpiler.verify.run.runner import BuildError, Failed, Finished, Outcome, Runner

__all__ = ["Progress", "References", "check_runners", "judge"]

Progress = Callable[[str, str], None]
References = Callable[[KernelCheck], Runner | None]


NOT_ITS_FAULT = frozenset({"unsupported", "not started", "not built", "missing entry", "symbol"})
"""Words of the harness for runs that say nothing about the program."""


def _silent(_kernel: str, _stage: str) -> None:
    return None


def _no_reference(_check: KernelCheck) -> Runner | None:
    return None


@dataclass(slots=True)
class _Judge:
    """Compares a candidate's runs with what was observed, fetching the double reference when needed."""

    observed: Observed
    references: References
    settings: Settings
    worst: WorstError | None = None
    runs: int = 0
    _runner: Runner | None = None
    _asked: bool = False

    def shape(self, candidate: Runner, shape: ObservedShape) -> Refuted | Unverified | None:
        check_ = self.observed.check
        count = len(shape.plan.runs)
        jobs = [
            replace(r, order=r.order + count * (i % 2)).job(check_.entry)
            for i, r in enumerate(shape.plan.runs)
        ]
        # the very first run goes alone: one that hangs or crashes would do so every time
        head = 1 if self.runs == 0 else count
        for start, stop in ((0, head), (head, count)):
            outcomes = candidate.run(jobs[start:stop]) if start < stop else ()
            for position, outcome in enumerate(outcomes, start):
                refuted = self.outcome(shape, position, outcome)
                if refuted is not None:
                    return refuted
        return None

    def outcome(
        self, shape: ObservedShape, position: int, outcome: Outcome
    ) -> Refuted | Unverified | None:
        self.runs += 1
        if isinstance(outcome, Failed):
            if outcome.kind in NOT_ITS_FAULT:
                return Unverified(f"it could not be run: {outcome}")
            run = shape.plan.runs[position]
            return Refuted(
                _difference(self.observed.check, run, "", -1, "", "", f"it fails: {outcome}")
            )
        return self.buffers(shape, position, outcome.buffers)

    def buffers(self, shape: ObservedShape, position: int, got: Sequence[Array]) -> Refuted | None:
        oracle = shape.outputs[position]
        run = shape.plan.runs[position]
        check_ = self.observed.check
        expected = expected_buffers(check_, run, oracle, 1, None)
        if all(_same(e, g) for e, g in zip(expected, got, strict=True)):
            return None
        length = reduction_length(check_.program, shape.plan.concrete)
        changed = changed_on_some_input(check_, shape)
        added = atomically_added(check_.program)

        def pairs(reference: Sequence[Array] | None) -> list[tuple[Expected, Array]]:
            found = expected_buffers(check_, run, oracle, length, reference)
            whole = [
                replace(e, elsewhere=c, atomic=e.name in added)
                for e, c in zip(found, changed, strict=True)
            ]
            return list(zip(*in_an_order_of_its_own(whole, got, shape.any_order), strict=True))

        # integers, inputs and gross errors need no reference
        coarse = [(e, compare(e, g).verdict()) for e, g in pairs(None)]
        wrong = [
            (e, v)
            for e, v in coarse
            if isinstance(v, Mismatch) and (e.role == "in" or not e.elem.is_float)
        ]
        if wrong:
            return self.refuted(run, *wrong[0])
        for e, g in pairs(self.reference(run)):
            verdict = compare(e, g).verdict()
            if isinstance(verdict, Mismatch):
                return self.refuted(run, e, verdict)
            self.note(e, verdict, run)
        return None

    def reference(self, run: PlannedRun) -> Sequence[Array] | None:
        """The buffers of the run in double, None when there is no such run."""
        if not self._asked and self.settings.reference:
            self._runner = self.references(self.observed.check)
        self._asked = True
        if self._runner is None or self._runner.prepare() is not None:
            return None
        (outcome,) = self._runner.run([run.job(self.observed.check.entry)])
        return outcome.buffers if isinstance(outcome, Finished) else None

    def note(self, expected: Expected, match: Match, run: PlannedRun) -> None:
        if match.index >= 0 and (self.worst is None or match.allowed > self.worst.allowed):
            self.worst = WorstError(
                match.absolute,
                match.relative,
                match.allowed,
                expected.name,
                match.index,
                run.inputs.label,
            )

    def refuted(self, run: PlannedRun, expected: Expected, wrong: Mismatch) -> Refuted:
        reason = wrong.reason if wrong.count == 1 else f"{wrong.reason}, {wrong.count} elements"
        return Refuted(
            _difference(
                self.observed.check,
                run,
                expected.name,
                wrong.index,
                wrong.expected,
                wrong.got,
                reason,
            )
        )


def _same(expected: Expected, got: Array) -> bool:
    if expected.role == "scratch":
        return True
    wanted = expected.initial if expected.role == "in" else expected.oracle
    return got.dtype == wanted.dtype and got.tobytes() == wanted.tobytes()


def _difference(
    check_: KernelCheck,
    run: PlannedRun,
    buffer: str,
    index: int,
    expected: str,
    got: str,
    reason: str,
) -> Difference:
    case = f"{check_.entry.source_name}: {run.inputs.concrete.label}"
    return Difference(case, run.inputs.seed, buffer, index, expected, got, reason)


def judge(
    candidate: Runner, observed: Observed, references: References, settings: Settings
) -> Evidence:
    """Compare a prepared candidate with what the source was observed to do."""
    judge_ = _Judge(observed, references, settings)
    for shape in observed.shapes:
        against = judge_.shape(candidate, shape)
        if against is not None:
            return against
    if observed.unusable:
        return Unverified(observed.unusable)
    return Tested(
        cases=len(observed.check.cases),
        shapes=tuple(dict.fromkeys(shape.plan.concrete.label for shape in observed.shapes)),
        seeds=observed.seeds,
        runs=judge_.runs,
        executor=candidate.name,
        worst_error=judge_.worst,
        notes=observed.notes,
        unreached=observed.unreached,
    )


def check_runners(
    source: Runner,
    candidate: Runner,
    checks: Sequence[KernelCheck],
    settings: Settings | None = None,
    *,
    references: References = _no_reference,
    watch: Watch | None = None,
    progress: Progress = _silent,
    observed: dict[int, Observed] | None = None,
) -> tuple[Evidence, ...]:
    """Evidence for each kernel, in order.

    `references` gives a runner of the kernel in double, or None; `watch` one of a program of the IR, to see which branches
    the source takes. `observed` (by entry index) carries the
    source's runs over to checks of other candidates: it is read and filled.
    """
    settings = settings or Settings()
    memory = observed if observed is not None else {}
    with ThreadPoolExecutor(2) as pool:
        building = pool.submit(candidate.prepare)
        watching = pool.submit(_observe_all, source, checks, settings, memory, progress, watch)
        broken, trouble = building.result(), watching.result()
    if isinstance(trouble, BuildError):
        return tuple(Unverified(f"the source does not build: {trouble.reason}") for _ in checks)
    if broken is not None:
        return tuple(_unbuilt(check_, broken) for check_ in checks)

    def one(check_: KernelCheck) -> Evidence:
        progress(check_.entry.source_name, "compare")
        return judge(candidate, memory[check_.entry.index], references, settings)

    with ThreadPoolExecutor(max(1, settings.jobs)) as pool:
        return tuple(pool.map(one, checks))


def _unbuilt(check_: KernelCheck, error: BuildError) -> Evidence:
    if error.absent:
        return Unverified(error.reason)
    reason = f"does not build: {error.reason}"
    return Refuted(Difference(check_.entry.source_name, 0, "", -1, "", "", reason, built=False))


def _observed(source: Runner, check_: KernelCheck, settings: Settings) -> Observed:
    """The source under its cases, or under the first other ones that it can serve under."""
    first = observe(source, check_, settings)
    if not first.unusable or check_.others is None:
        return first
    for cases in islice(check_.others(first.unusable), MOST_CASES):
        found = observe(source, replace(check_, cases=cases), settings)
        if not found.unusable:
            return found
    return first


def _observe_all(
    source: Runner,
    checks: Sequence[KernelCheck],
    settings: Settings,
    memory: dict[int, Observed],
    progress: Progress,
    watch: Watch | None,
) -> BuildError | None:
    missing = [c for c in checks if c.entry.index not in memory]
    if not missing:
        return None
    error = source.prepare()
    if error is not None:
        return error

    def one(check_: KernelCheck) -> None:
        progress(check_.entry.source_name, "observe")
        seen = _observed(source, check_, settings)
        if watch is not None:
            seen = explored(source, seen, settings, watch)
        memory[check_.entry.index] = seen

    with ThreadPoolExecutor(max(1, settings.jobs)) as pool:
        list(pool.map(one, missing))
    return None
