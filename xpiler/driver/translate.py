"""Translate one file: lift, run the passes, emit, verify, and leave out the pass that a refutation names."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Protocol

from xpiler.backends.base import EmitRequest, Emitted, KernelEntry, Target, TranslatedKernel
from xpiler.driver.pipeline import PipelineRun, Stage, run_pipeline
from xpiler.driver.report import KernelReport, PassReport
from xpiler.driver.source import Source
from xpiler.frontends.results import LiftedFile, LiftedKernel, Refused
from xpiler.ir.diagnostics import Diagnostic
from xpiler.passes.base import KnobValue
from xpiler.passes.engine import Engine
from xpiler.records import dataclass
from xpiler.verify import evidence as ev

__all__ = ["Judge", "Translation", "Work", "translate_file"]

# A refuted kernel is tried again without the pass that broke it, this many times.
ATTEMPTS = 4

Observe = Callable[[str], None]
ObserveStage = Callable[[str, Stage], None]


class Judge(Protocol):
    """Verification as the driver needs it."""

    def judge(
        self, kernels: Sequence[TranslatedKernel], emitted: Emitted
    ) -> Mapping[str, ev.Evidence]:
        """Evidence by symbol for the emitted file as a whole."""
        ...

    def blame(self, run: PipelineRun) -> str:
        """The stage whose program first differs from the source; empty if none does (the emitter)."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What to do: the source, the target, its options, and who proposes."""

    source: Source
    lifted: LiftedFile
    target: Target
    options: Mapping[str, str] = field(default_factory=dict)
    engine: Engine | None = None
    knobs: Mapping[str, Mapping[str, KnobValue]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Translation:
    """The finished file and what is known about each kernel. `emitted` is None when nothing is left."""

    emitted: Emitted | None
    kernels: tuple[KernelReport, ...]
    seconds: Mapping[str, float]


@dataclass
class _Kernel:
    """One kernel on its way."""

    entry: KernelEntry
    lifted: LiftedKernel
    run: PipelineRun
    disabled: dict[str, str] = field(default_factory=dict)
    evidence: ev.Evidence | None = None


class _Clock:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def translate_file(
    work: Work,
    judge: Judge | None,
    *,
    observe: Observe = lambda _: None,
    on_stage: ObserveStage = lambda _, __: None,
) -> Translation:
    """Translate every kernel of the file. Without a `judge` the result is unverified.

    Verification is optimistic: the finished file is checked first. When a kernel is refuted, its stages
    are compared with the source to find the pass that broke it, and it is translated without that pass.
    """
    clock = _Clock()
    kernels = []
    with clock.phase("passes"):
        for index, lifted in enumerate(work.lifted.lifted):
            observe(f"{lifted.source_name}: passes")
            kernels.append(_start(work, index, lifted, on_stage))
    emitted: Emitted | None = None
    for _ in range(ATTEMPTS):
        with clock.phase("emit"):
            emitted = _emit(work, kernels)
        if emitted is None or judge is None:
            break
        with clock.phase("verify"):
            if not _verify(work, kernels, emitted, judge, observe, on_stage):
                break
    else:
        _give_up(kernels)
        emitted = _emit(work, kernels)
    return Translation(emitted, _reports(work, kernels), clock.seconds)


def _start(work: Work, index: int, lifted: LiftedKernel, on_stage: ObserveStage) -> _Kernel:
    kernel = lifted.program.kernels[0]
    entry = KernelEntry(index, kernel, lifted.source_name, lifted.symbol)
    return _Kernel(entry, lifted, _run(work, lifted, (), on_stage))


def _run(
    work: Work, lifted: LiftedKernel, disabled: Collection[str], on_stage: ObserveStage
) -> PipelineRun:
    return run_pipeline(
        lifted.program,
        work.target.pipeline(lifted.program, work.options),
        work.target.facts,
        engine=work.engine,
        knobs=work.knobs,
        disabled=disabled,
        observe=lambda stage: on_stage(lifted.symbol, stage),
    )


def _alive(kernel: _Kernel) -> bool:
    return kernel.run.failure is None and not isinstance(kernel.evidence, ev.Refused)


def _translated(kernels: Sequence[_Kernel]) -> tuple[TranslatedKernel, ...]:
    return tuple(
        TranslatedKernel(k.entry, k.lifted.program, k.run.program) for k in kernels if _alive(k)
    )


def _emit(work: Work, kernels: Sequence[_Kernel]) -> Emitted | None:
    translated = _translated(kernels)
    if not translated and not work.target.edits_source:
        return None
    text = work.source.for_target(work.target)
    request = EmitRequest(text, work.source.path, translated, work.options)
    return work.target.emit(request)


def _verify(
    work: Work,
    kernels: list[_Kernel],
    emitted: Emitted,
    judge: Judge,
    observe: Observe,
    on_stage: ObserveStage,
) -> bool:
    """Judge the file; give whether some kernel was refuted and the file has to be made again."""
    from xpiler.verify.run.build import runtime_is_built

    first = "" if runtime_is_built() else " (the runtime is built first, once on this machine)"
    observe(f"verifying{first}")
    translated = {t.entry.symbol: t for t in _translated(kernels)}
    verdicts = judge.judge(tuple(translated.values()), emitted)
    again = False
    for kernel in kernels:
        symbol = kernel.entry.symbol
        if symbol not in translated:
            continue
        kernel.evidence = verdicts.get(symbol, ev.Unverified("it was not judged"))
        if not isinstance(kernel.evidence, ev.Refuted):
            continue
        again = True
        observe(f"{kernel.entry.source_name}: finding the pass that broke it")
        culprit = judge.blame(kernel.run)
        labels = _undo(kernel, culprit, _required(work, kernel))
        if labels:
            kernel.disabled.update(dict.fromkeys(labels, str(kernel.evidence.difference)))
            kernel.run = _run(work, kernel.lifted, kernel.disabled, on_stage)
            kernel.evidence = None
        else:
            kernel.evidence = _wrong(kernel.evidence.difference)
    return again


def _wrong(difference: ev.Difference) -> ev.Refused:
    if difference.built:
        return ev.Refused(f"the translation differs from the source: {difference}", "XP4001")
    return ev.Refused(f"the translation {difference}", "XP4004")


def _required(work: Work, kernel: _Kernel) -> frozenset[str]:
    passes = work.target.pipeline(kernel.lifted.program, work.options)
    return frozenset(p.name for p in passes if p.required)


def _undo(kernel: _Kernel, culprit: str, required: Collection[str]) -> tuple[str, ...]:
    """The stages to leave out: the culprit, or all that can be when no single program is to blame."""
    applied = [s.name for s in kernel.run.stages if s.verdict == "applied"]
    usable = [n for n in applied if n.split("#")[0] not in required and n not in kernel.disabled]
    if culprit:
        return (culprit,) if culprit in usable else ()
    return tuple(usable)


def _give_up(kernels: Sequence[_Kernel]) -> None:
    for kernel in kernels:
        if kernel.evidence is None and kernel.run.failure is None:
            kernel.evidence = ev.Refused(
                "no combination of passes gave a right translation", "XP4002"
            )


def _reports(work: Work, kernels: Sequence[_Kernel]) -> tuple[KernelReport, ...]:
    done = {k.lifted.symbol: _report(k) for k in kernels}
    out: list[KernelReport] = []
    for item in work.lifted.kernels:
        if isinstance(item, LiftedKernel):
            out.append(done[item.symbol])
        else:
            out.append(_refused(item, work.target))
    return tuple(out)


def _refused(item: Refused, target: Target) -> KernelReport:
    d = item.diagnostic
    if target.edits_source:
        reason = f"it could not be analysed: {d.message}"
        softer = replace(d, severity="warning")
        return KernelReport(item.name, ev.Unverified(reason), (), (softer,), d.span, item.name)
    return KernelReport(item.name, ev.Refused(d.message, d.code), (), (d,), d.span, item.name)


def _report(kernel: _Kernel) -> KernelReport:
    passes = tuple(
        PassReport(
            s.name,
            "rejected" if s.name in kernel.disabled else s.verdict,
            kernel.disabled.get(s.name, s.reason),
            s.notes,
            s.seconds,
            s.origin,
            s.detail,
        )
        for s in kernel.run.stages
    )
    failure = kernel.run.failure
    if failure is not None:
        d = Diagnostic(failure.code, "error", failure.reason, failure.span, failure.hint)
        evidence: ev.Evidence = ev.Refused(failure.reason, failure.code)
        span = failure.span or kernel.lifted.span
        name, symbol = kernel.lifted.source_name, kernel.lifted.symbol
        return KernelReport(name, evidence, passes, (d,), span, symbol)
    evidence = kernel.evidence or ev.Unverified("verification was not asked for")
    name, symbol = kernel.lifted.source_name, kernel.lifted.symbol
    return KernelReport(name, evidence, passes, (), kernel.lifted.span, symbol)
