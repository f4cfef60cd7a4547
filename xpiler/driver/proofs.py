"""Proofs of a translation: of each pass that it is right, of each kernel that its memory accesses are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from xpiler.driver.judge import FileCases
from xpiler.driver.memory import Checked, check_kernel
from xpiler.driver.pipeline import Stage
from xpiler.driver.recording import Recording
from xpiler.driver.report import KernelReport
from xpiler.frontends.results import LiftedFile
from xpiler.verify.evidence import Proved, Unverified

if TYPE_CHECKING:
    from xpiler.synth.repair.solve import Query

__all__ = ["Proofs"]

SECONDS = 20.0  # for the memory accesses of one kernel


class Proofs:
    """Tries to prove each pass that was applied and what each source kernel touches, and adds it to the report."""

    def __init__(
        self,
        lifted: LiftedFile,
        cases: FileCases,
        recording: Recording,
        say: Callable[[str], None],
    ) -> None:
        self._lifted, self._cases = lifted, cases
        self._recording, self._say = recording, say
        self._found: dict[tuple[str, str], Proved | Unverified] = {}

    def stage(self, kernel: str, stage: Stage) -> None:
        """A pass that was run on a kernel."""
        self._recording.stage(kernel, stage)
        if stage.verdict != "applied" or stage.before == stage.after:
            return
        from xpiler.synth.proofs.prove import prove

        self._say(f"{kernel}: proving {stage.name}")
        note = partial(self._recording.query, "proof")
        found = prove(stage.before, stage.after, note=note)
        evidence = found if isinstance(found, Proved) else Unverified(found.reason)
        self._recording.proof(kernel, stage.name, evidence)
        self._found[kernel, stage.name] = evidence

    def added(self, kernel: KernelReport) -> KernelReport:
        """The report with the proofs of the passes that are in the final program, and of its memory accesses."""
        passes = tuple(
            replace(p, evidence=self._found.get((kernel.symbol, p.name)))
            if p.verdict == "applied"
            else p
            for p in kernel.passes
        )
        return replace(self._memory(kernel), passes=passes)

    def _memory(self, kernel: KernelReport) -> KernelReport:
        for item in self._lifted.lifted:
            if item.symbol == kernel.symbol:
                self._say(f"{item.source_name}: bounds, races, barriers")
                asked: list[Query] = []
                found = check_kernel(
                    item, self._cases, self._lifted.launches, SECONDS, asked.append
                )
                if isinstance(found, Checked):
                    self._recording.memory(kernel.symbol, found.verdict, asked)
                    return replace(kernel, memory=found.verdict)
        return kernel
