"""Check the programs between passes: by themselves where the IR alone can run, else as the target would emit them.

A program that calls a target's instructions needs the target's emitter and executor; it is then compared with
the source, which every earlier stage was compared with too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from xpiler.backends.base import EmitRequest, KernelEntry, Target, TranslatedKernel
from xpiler.driver.source import Source
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.ir.nodes import Module
from xpiler.ir.plain import stands_alone
from xpiler.records import dataclass
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.infer import NoCase
from xpiler.verify.evidence import Evidence, Refuted, Unverified, is_verified, summary
from xpiler.verify.observe import Observed

__all__ = ["StageChecker"]


@dataclass
class StageChecker:
    """Checks stages of the kernels of one file; remembers what the source did."""

    source: Source
    lifted: LiftedFile
    target: Target
    cases: Mapping[str, tuple[Case, ...] | NoCase]
    options: Mapping[str, str] = field(default_factory=dict)
    _observed: dict[str, dict[int, Observed]] = field(default_factory=dict)

    def __call__(self, before: Module, after: Module) -> str:
        """Empty when `after` may take the place of `before`, else why not."""
        evidence = self.compare(before, after)
        return "" if is_verified(evidence) else summary(evidence)

    def compare(self, before: Module, after: Module) -> Evidence:
        """Evidence that `after` is the same program as `before`, or as the source where it has to be emitted."""
        symbol = after.kernels[0].name
        cases = self.cases.get(symbol, NoCase(f"there is no kernel {symbol!r} in the file"))
        if isinstance(cases, NoCase):
            return Unverified(cases.reason)
        if stands_alone(before.kernels[0]) and stands_alone(after.kernels[0]):
            from xpiler.verify.check import check_program

            return check_program(before, after, cases)
        return self._emitted(symbol, after)

    def first_wrong(self, programs: Sequence[Module]) -> int:
        """The first of successive programs, the source first, that computes something else; 0 if none does."""
        from xpiler.verify.check import check_programs

        symbol = programs[0].kernels[0].name
        cases = self.cases.get(symbol)
        if cases is None or isinstance(cases, NoCase):
            return 0
        alone = [n for n, p in enumerate(programs) if stands_alone(p.kernels[0])]
        found = check_programs([programs[n] for n in alone], cases)
        if found:
            return alone[found]
        for n, program in enumerate(programs):
            if n not in alone and isinstance(self._emitted(symbol, program), Refuted):
                return n
        return 0

    def _emitted(self, symbol: str, program: Module) -> Evidence:
        from xpiler.driver.sides import candidate_side, kernels_alone, source_side
        from xpiler.verify.check import check
        from xpiler.verify.run.executors import NoExecutor, executor_of_target

        kernel = next(k for k in self.lifted.lifted if k.symbol == symbol)
        executor = executor_of_target(self.target)
        if isinstance(executor, NoExecutor):
            return Unverified(executor.reason)
        entry = entry_of(kernel)
        translated = TranslatedKernel(entry, kernel.program, program)
        text = kernels_alone(self.source, self.lifted)
        request = EmitRequest(text, self.source.path, (translated,), self.options)
        emitted = self.target.emit(request)
        path = self.source.path.with_suffix(emitted.suffix)
        memory = self._observed.setdefault(symbol, {})
        found = check(
            source_side(self.source, text),
            candidate_side(self.source, executor, emitted.text, path),
            [entry],
            self.cases,
            {symbol: kernel.program},
            observed=memory,
            launches=self.lifted.launches,
        )
        return found[symbol]


def entry_of(kernel: LiftedKernel) -> KernelEntry:
    """A kernel as the only entry of a program."""
    return KernelEntry(0, kernel.program.kernels[0], kernel.source_name, kernel.symbol)
