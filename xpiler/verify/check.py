"""Is a translation the same program as its source? Evidence per kernel, by symbol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import chain
from pathlib import Path

from xpiler.backends.base import KernelEntry
from xpiler.frontends.device_part import with_one_kernel
from xpiler.frontends.host import Launch
from xpiler.ir.nodes import Module
from xpiler.ir.types import F64, Scalar
from xpiler.records import dataclass
from xpiler.verify.branches.counterpart import counterpart_of
from xpiler.verify.branches.lost import lost_updates
from xpiler.verify.cases.case import Case, ConcreteBuffer, ConcreteScalar
from xpiler.verify.cases.host_other import host_cases
from xpiler.verify.cases.infer import NoCase
from xpiler.verify.cases.infer_other import other_cases
from xpiler.verify.evidence import Evidence, Refuted, Unverified, is_verified
from xpiler.verify.judge import check_runners, judge
from xpiler.verify.observe import Observed, Settings, observe
from xpiler.verify.plan import KernelCheck
from xpiler.verify.promote import SHARED_GROWTH, CannotPromote, promote
from xpiler.verify.run.dtypes import Array
from xpiler.verify.run.harness_runner import HarnessRunner, Side
from xpiler.verify.run.runner import BuildError, Job, Outcome, Runner

__all__ = [
    "Cases",
    "DoubleRunner",
    "Side",
    "check",
    "check_program",
    "check_programs",
    "double_reference",
    "program_runner",
]

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
    launches: Sequence[Launch] = (),
    counterparts: Mapping[str, Module] | None = None,
) -> Mapping[str, Evidence]:
    """Evidence by symbol. `cases` and `programs` (as lifted) are by symbol too.

    `launches` are those of the file, for further cases where the source cannot serve under the first.
    `observed` keeps the source's runs for further candidates with the same entries and cases. `counterparts` are the
    candidate's kernels as lifted, by the source's symbols: where they decide otherwise is tested, too.
    """
    evidence: dict[str, Evidence] = {}
    checks: list[KernelCheck] = []
    for entry in entries:
        found = cases.get(entry.symbol, NoCase("there is no case for it"))
        if isinstance(found, NoCase):
            evidence[entry.symbol] = Unverified(found.reason)
        else:
            program = programs[entry.symbol]
            mine = [launch for launch in launches if launch.symbol == entry.symbol]
            others = _others(program, mine, found)
            given = (counterparts or {}).get(entry.symbol)
            counterpart = counterpart_of(program, given) if given is not None else None
            checks.append(KernelCheck(entry, program, found, others, counterpart))
    if checks:
        memory = observed if observed is not None else {}
        sides = _Sides(source, candidate, say, settings or Settings(jobs=jobs), memory)
        evidence |= sides.compared(checks)
    for check_ in checks:
        shown = evidence[check_.entry.symbol]
        if check_.counterpart is not None and is_verified(shown):
            why = lost_updates(check_.program, check_.counterpart)
            evidence[check_.entry.symbol] = Unverified(why) if why else shown
    return {entry.symbol: evidence[entry.symbol] for entry in entries}


@dataclass(frozen=True, slots=True)
class _Sides:
    """The source and a candidate, to be compared. `memory` keeps what the source does."""

    source: Side
    candidate: Side
    say: Callable[[str], None]
    settings: Settings
    memory: dict[int, Observed]

    def compared(self, checks: Sequence[KernelCheck]) -> dict[str, Evidence]:
        """Evidence by symbol. Where a side does not build, each kernel is tried with the bodies of the others empty:
        one that does not build says nothing about the others."""
        entries = tuple(check_.entry for check_ in checks)
        oracle = HarnessRunner(self.source, entries)
        together = HarnessRunner(self.candidate, entries)
        evidence = self.run(oracle, together, checks)
        broken, wrong = _broken(oracle), _broken(together)
        if not broken and (not wrong or len(checks) == 1):
            return evidence
        for check_ in checks:
            source = _alone(self.source, check_.entry) if broken else self.source
            candidate = _alone(self.candidate, check_.entry) if wrong else self.candidate
            if (source, candidate) == (self.source, self.candidate):
                continue
            entry = (check_.entry,)
            first = HarnessRunner(source, entry) if broken else oracle
            second = HarnessRunner(candidate, entry)
            if not _broken(first):
                evidence |= self.run(first, second, [check_])
        return evidence

    def run(
        self, oracle: HarnessRunner, candidate: HarnessRunner, checks: Sequence[KernelCheck]
    ) -> dict[str, Evidence]:
        results = check_runners(
            oracle,
            candidate,
            checks,
            self.settings,
            references=double_reference,
            watch=watched,
            progress=lambda kernel, stage: self.say(f"{stage} {kernel}"),
            observed=self.memory,
        )
        return {c.entry.symbol: r for c, r in zip(checks, results, strict=True)}


def _broken(runner: HarnessRunner) -> bool:
    error = runner.prepare()
    return error is not None and not error.absent


def _alone(side: Side, entry: KernelEntry) -> Side:
    return replace(side, text=with_one_kernel(side.text, entry))


def _others(
    program: Module, launches: Sequence[Launch], tried: tuple[Case, ...]
) -> Callable[[str], Iterator[tuple[Case, ...]]]:
    """Further cases, given why the source cannot serve under those that were `tried`."""

    def further(why: str) -> Iterator[tuple[Case, ...]]:
        return chain(host_cases(program, launches, tried, why), other_cases(program, tried, why))

    return further


# --- programs of the IR ----------------------------------------------------------------------------


def program_runner(
    programs: Sequence[Module], preamble: str = "", flags: tuple[str, ...] = ()
) -> HarnessRunner:
    """A runner of one-kernel programs at any level; program `i` is entry `i`.

    `preamble` declares a target's instructions, `flags` go to the compiler. Data at file scope is that
    of the first program.
    """
    from xpiler.verify.run.ir_executor import IrExecutor, entries_of

    side = Side(IrExecutor(tuple(programs), preamble, flags), "", HERE)
    return HarnessRunner(side, entries_of(programs))


def check_program(
    before: Module,
    after: Module,
    cases: tuple[Case, ...],
    settings: Settings | None = None,
    observed: dict[int, Observed] | None = None,
    *,
    preamble: str = "",
    flags: tuple[str, ...] = (),
) -> Evidence:
    """Whether `after`, what a pass made of `before`, is the same program. Both hold one kernel.

    `observed` keeps the runs of `before` for further candidates.
    """
    source = program_runner((before,), preamble, flags)
    (evidence,) = check_runners(
        source,
        program_runner((after,), preamble, flags),
        [KernelCheck(source.entries[0], before, cases)],
        settings,
        references=double_reference,
        observed=observed,
    )
    return evidence


def check_programs(
    programs: Sequence[Module],
    cases: tuple[Case, ...],
    settings: Settings | None = None,
    *,
    preamble: str = "",
    flags: tuple[str, ...] = (),
) -> int:
    """The first of successive programs that computes something else than the first one; 0 if none does.

    All are compiled at once; a program that does not compile is passed over.
    """
    settings = settings or Settings()
    runner = program_runner(programs, preamble, flags)
    if runner.prepare() is not None:
        return _one_by_one(programs, cases, settings, preamble, flags)
    check_ = KernelCheck(runner.entries[0], programs[0], cases)
    seen = observe(runner, check_, settings)
    for entry in runner.entries[1:]:
        theirs = replace(seen, check=replace(check_, entry=entry))
        if isinstance(judge(runner, theirs, double_reference, settings), Refuted):
            return entry.index
    return 0


def _one_by_one(
    programs: Sequence[Module],
    cases: tuple[Case, ...],
    settings: Settings,
    preamble: str,
    flags: tuple[str, ...],
) -> int:
    memory: dict[int, Observed] = {}
    for position, program in enumerate(programs[1:], 1):
        if program_runner((program,), preamble, flags).prepare() is not None:
            continue
        evidence = check_program(
            programs[0], program, cases, settings, memory, preamble=preamble, flags=flags
        )
        if isinstance(evidence, Refuted):
            return position
    return 0


def watched(program: Module) -> Runner:
    """A runner of an instrumented source."""
    return program_runner((program,))


# --- the reference in double -----------------------------------------------------------------------


def double_reference(check_: KernelCheck) -> Runner | None:
    """A runner of the kernel with all reals in double; None when it has no such form."""
    promoted = promote(check_.program)
    if isinstance(promoted, CannotPromote):
        return None
    return DoubleRunner(program_runner((promoted,)))


@dataclass(slots=True)
class DoubleRunner:
    """Runs a promoted program on jobs of the original: reals are widened, shared memory grows with them."""

    inner: Runner
    name: str = field(default="double")

    def prepare(self) -> BuildError | None:
        return self.inner.prepare()

    def run(self, jobs: Sequence[Job]) -> tuple[Outcome, ...]:
        """The outcomes; buffers of reals hold doubles, others are as they were."""
        return self.inner.run([replace(_widened(job), entry=0) for job in jobs])


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
