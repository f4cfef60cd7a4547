"""Verification as the driver uses it: cases of a file, evidence for an emitted file, blame for a pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from xpiler.backends.base import EmitRequest, Emitted, Target, TranslatedKernel
from xpiler.driver.pipeline import PipelineRun
from xpiler.driver.report import InputError
from xpiler.driver.source import Source
from xpiler.driver.stages import StageChecker
from xpiler.frontends.results import LiftedFile
from xpiler.ir.diagnostics import Diagnostic
from xpiler.records import dataclass
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.infer import NoCase, infer_cases, select_cases
from xpiler.verify.evidence import Evidence, Unverified
from xpiler.verify.observe import Observed

__all__ = ["FileCases", "FileJudge", "load_cases"]

FileCases = Mapping[str, "tuple[Case, ...] | NoCase"]


def load_cases(lifted: LiftedFile, case_file: Path | None) -> FileCases | InputError:
    """The cases of every lifted kernel, by symbol: from the file if one is given, else inferred."""
    if case_file is None:
        return {k.symbol: infer_cases(k, lifted.launches) for k in lifted.lifted}
    from xpiler.verify.cases.case_file import CaseFileError, read_cases

    given = read_cases(case_file)
    if isinstance(given, CaseFileError):
        hint = "xpiler cases prints what a case file looks like"
        return InputError((Diagnostic("XP0030", "error", str(given), None, hint),))
    names = frozenset(n for k in lifted.lifted for n in (k.source_name, k.name, k.symbol))
    unknown = {case.kernel for case in given} - names - {k.name for k in lifted.refused}
    if unknown:
        listing = ", ".join(dict.fromkeys(k.source_name for k in lifted.lifted))
        message = f"{case_file}: there is no kernel {min(unknown)!r}; there are {listing}"
        return InputError((Diagnostic("XP0032", "error", message),))
    return {k.symbol: select_cases(given, k, names) for k in lifted.lifted}


@dataclass(frozen=True, slots=True)
class FileJudge:
    """Judges translations of one source file against the source on the CUDA-on-CPU runtime.

    `observed` keeps what the source did, for the next attempt on the same file.
    """

    source: Source
    lifted: LiftedFile
    target: Target
    cases: FileCases
    jobs: int
    say: Callable[[str], None]
    options: Mapping[str, str] = field(default_factory=dict)
    observed: dict[int, Observed] = field(default_factory=dict)

    def judge(
        self, kernels: Sequence[TranslatedKernel], emitted: Emitted
    ) -> Mapping[str, Evidence]:
        """Evidence by symbol for the emitted file."""
        from xpiler.driver.sides import candidate_side, kernels_alone, source_side
        from xpiler.verify.check import check
        from xpiler.verify.run.executors import NoExecutor, executor_of_target

        executor = executor_of_target(self.target)
        if isinstance(executor, NoExecutor):
            return {k.entry.symbol: Unverified(executor.reason) for k in kernels}
        text = kernels_alone(self.source, self.lifted)
        if text != self.source.for_target(self.target):
            # host code that cannot be built here, or a lambda: the kernels are judged by themselves
            emitted = self.target.emit(
                EmitRequest(text, self.source.path, tuple(kernels), self.options)
            )
        oracle = source_side(self.source, text)
        path = self.source.path.with_suffix(emitted.suffix)
        candidate = candidate_side(self.source, executor, emitted.text, path)
        programs = {k.entry.symbol: k.source for k in kernels}
        entries = [k.entry for k in kernels]
        return check(
            oracle,
            candidate,
            entries,
            self.cases,
            programs,
            self.jobs,
            self.say,
            observed=self.observed,
            launches=self.lifted.launches,
        )

    def blame(self, run: PipelineRun) -> str:
        """The first applied stage whose program differs from the source; empty: the emitter, or unknown."""
        stages = [s for s in run.stages if s.verdict == "applied"]
        programs = [run.source, *(s.after for s in stages)]
        checker = StageChecker(self.source, self.lifted, self.target, self.cases, self.options)
        first = checker.first_wrong(programs)
        return stages[first - 1].name if first else ""
