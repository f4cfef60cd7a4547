"""Is a translation the same program as its source? Evidence per kernel, by symbol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from xpiler.backends.base import KernelEntry
from xpiler.ir.nodes import Module
from xpiler.ir.types import F64, Scalar
from xpiler.verify.case import Case, ConcreteBuffer, ConcreteScalar
from xpiler.verify.dtypes import Array
from xpiler.verify.evidence import Evidence, Refuted, Unverified
from xpiler.verify.harness_runner import HarnessRunner, Side
from xpiler.verify.infer import NoCase
from xpiler.verify.judge import check_runners
from xpiler.verify.observe import Observed, Settings
from xpiler.verify.plan import KernelCheck
from xpiler.verify.promote import SHARED_GROWTH, CannotPromote, promote
from xpiler.verify.runner import BuildError, Job, Outcome, Runner

__all__ = ["Cases", "DoubleRunner", "Side", "check", "check_program", "check_programs"]

Cases = Mapping[str, "tuple[Case, ...] | NoCase"]
HERE = Path("program.c")


def _quiet(_message: str) -> None:
    return None


def check(
    source: Side,
    candidate: Side,
    entries: Sequence[KernelEntry],
    cases: Cases,
    programs: Mapping[str, Module],
    jobs: int = 2,
    say: Callable[[str], None] = _quiet,
    settings: Settings | None = None,
    observed: dict[int, Observed] | None = None,
) -> Mapping[str, Evidence]:
    """Evidence by symbol. `cases` and `programs` (as lifted) are by symbol too.

    `observed` keeps the source's runs for further candidates with the same entries and cases.
    """
    del jobs  # the two sides are built side by side, which is what two cores allow
    evidence: dict[str, Evidence] = {}
    checks: list[KernelCheck] = []
    for entry in entries:
        found = cases.get(entry.symbol, NoCase("there is no case for it"))
        if isinstance(found, NoCase):
            evidence[entry.symbol] = Unverified(found.reason)
        else:
            checks.append(KernelCheck(entry, programs[entry.symbol], found))
    runnable = tuple(check_.entry for check_ in checks)
    if checks:
        results = check_runners(
            HarnessRunner(source, runnable),
            HarnessRunner(candidate, runnable),
            checks,
            settings,
            references=double_reference,
            progress=lambda kernel, stage: say(f"{stage} {kernel}"),
            observed=observed,
        )
        for check_, result in zip(checks, results, strict=True):
            evidence[check_.entry.symbol] = result
    return {entry.symbol: evidence[entry.symbol] for entry in entries}


# --- programs of the IR ----------------------------------------------------------------------------


def _entry(program: Module) -> KernelEntry:
    kernel = program.kernels[0]
    return KernelEntry(0, kernel, kernel.name, kernel.name)


def program_runner(program: Module, entry: KernelEntry) -> Runner:
    """A runner of an IR program of one kernel, at any level."""
    from xpiler.ir.print_c import print_module
    from xpiler.verify.ir_executor import IrExecutor

    side = Side(IrExecutor((program,)), print_module(program), HERE)
    return HarnessRunner(side, (entry,))


@dataclass(slots=True)
class _Stage:
    """One of several programs that were built together: entry `index` of them."""

    inner: Runner
    index: int

    @property
    def name(self) -> str:
        return self.inner.name

    def prepare(self) -> BuildError | None:
        return self.inner.prepare()

    def run(self, jobs: Sequence[Job]) -> tuple[Outcome, ...]:
        return self.inner.run([replace(job, entry=self.index) for job in jobs])


def check_program(
    before: Module,
    after: Module,
    cases: tuple[Case, ...],
    settings: Settings | None = None,
    observed: dict[int, Observed] | None = None,
) -> Evidence:
    """Whether `after`, what a pass made of `before`, is the same program. Both hold one kernel.

    `observed` keeps the runs of `before` for further candidates.
    """
    entry = _entry(before)
    (evidence,) = check_runners(
        program_runner(before, entry),
        program_runner(after, entry),
        [KernelCheck(entry, before, cases)],
        settings,
        references=double_reference,
        observed=observed,
    )
    return evidence


def check_programs(
    programs: Sequence[Module], cases: tuple[Case, ...], settings: Settings | None = None
) -> int:
    """The first of successive programs that computes something else than the first one; 0 if none does."""
    from xpiler.verify.ir_executor import IrExecutor, entries_of

    # one translation unit for all of them: compiling costs more than running
    entries = entries_of(programs)
    together = HarnessRunner(Side(IrExecutor(tuple(programs)), "", HERE), entries)
    memory: dict[int, Observed] = {}
    check_ = KernelCheck(entries[0], programs[0], cases)
    for position in range(1, len(programs)):
        (evidence,) = check_runners(
            _Stage(together, 0),
            _Stage(together, position),
            [check_],
            settings,
            references=double_reference,
            observed=memory,
        )
        if isinstance(evidence, Refuted):
            return position
    return 0


# --- the reference in double -----------------------------------------------------------------------


def double_reference(check_: KernelCheck) -> Runner | None:
    """A runner of the kernel with all reals in double; None when it has no such form."""
    promoted = promote(check_.program)
    if isinstance(promoted, CannotPromote):
        return None
    entry = KernelEntry(
        check_.entry.index, promoted.kernels[0], check_.entry.source_name, promoted.kernels[0].name
    )
    return DoubleRunner(program_runner(promoted, entry))


@dataclass(slots=True)
class DoubleRunner:
    """Runs a promoted program on jobs of the original: reals are widened, shared memory grows with them."""

    inner: Runner
    name: str = field(default="double")

    def prepare(self) -> BuildError | None:
        return self.inner.prepare()

    def run(self, jobs: Sequence[Job]) -> tuple[Outcome, ...]:
        """The outcomes; buffers of reals hold doubles, others are as they were."""
        return self.inner.run([_widened(job) for job in jobs])


def _widened(job: Job) -> Job:
    arguments: list[ConcreteBuffer | ConcreteScalar] = []
    arrays: list[Array] = []
    for argument, array in zip(job.arguments, job.arrays, strict=True):
        scalar: Scalar = argument.elem if isinstance(argument, ConcreteBuffer) else argument.type
        if not scalar.is_float:
            arguments.append(argument)
            arrays.append(array)
            continue
        arrays.append(array.astype("f8"))
        if isinstance(argument, ConcreteBuffer):
            arguments.append(replace(argument, elem=F64))
        else:
            arguments.append(replace(argument, type=F64))
    return replace(
        job, arguments=tuple(arguments), arrays=tuple(arrays), shared=job.shared * SHARED_GROWTH
    )
