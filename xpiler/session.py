"""Per-pass debugging: a translation that stops between any two passes, in a notebook or a script.

>>> s = xpiler.open("kernel.cu", target="bang")
>>> s.plan                      # the passes, done and to come
>>> s.step(); s.diff()          # run one pass, see what it changed
>>> s.check()                   # is the program still the same?
>>> s.edit(text)                # a hand-made candidate faces the same check
>>> s.run(until="tensorize"); s.save("kernel.mlu")
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from xpiler.backends.base import EmitRequest, Emitted, KernelEntry, Target, TranslatedKernel
from xpiler.backends.registry import UnknownTarget, load_target
from xpiler.driver.knobs import accepts
from xpiler.driver.output import NotWritten, write_whole
from xpiler.driver.pipeline import Stage, run_pipeline
from xpiler.driver.report import InputError
from xpiler.driver.source import Source, lift_whole, read_source
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.ir.nodes import Module
from xpiler.ir.plain import stands_alone
from xpiler.ir.print_c import print_module
from xpiler.llm.contract import Rejected, read_reply
from xpiler.passes.base import Applied, Context, Knob, KnobValue, Pass
from xpiler.records import dataclass
from xpiler.session_views import (
    CheckView,
    DiffView,
    MemoryView,
    PlanRow,
    PlanView,
    ProgramView,
    SavedView,
    StageView,
)
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.infer import NoCase, infer_cases
from xpiler.verify.evidence import Evidence, Refuted, Unverified, is_verified, summary

__all__ = ["Session", "SessionError", "open_session"]


class SessionError(ValueError):
    """What was asked for cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A program on the way, and how it came about."""

    program: Module
    stage: Stage | None


@dataclass
class Session:
    """One kernel between its source and its target."""

    source: Source
    lifted: LiftedFile
    kernel: LiftedKernel
    target: Target
    options: Mapping[str, str] = field(default_factory=dict)
    _history: list[_Step] = field(default_factory=list)
    _values: dict[str, dict[str, KnobValue]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._history = [_Step(self.kernel.program, None)]

    # --- what there is

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The target's pass list for this kernel."""
        return self.target.pipeline(self.kernel.program, self.options)

    @property
    def _done(self) -> list[Stage]:
        return [
            s.stage for s in self._history if s.stage is not None and s.stage.origin != "by hand"
        ]

    @property
    def plan(self) -> PlanView:
        """Passes done, with what they did or why they were skipped, and those to come."""
        done = self._done
        rows = []
        for n, p in enumerate(self.passes):
            stage = done[n] if n < len(done) else None
            verdict = stage.verdict if stage else "to come"
            why = (
                ("; ".join(stage.notes) or stage.reason) if stage else f"{p.before}  ->  {p.after}"
            )
            rows.append(PlanRow(p.name, verdict, why, stage.seconds if stage else None))
        return PlanView(self.kernel.source_name, self.target.name, tuple(rows))

    @property
    def module(self) -> Module:
        """The program as it stands."""
        return self._history[-1].program

    @property
    def program(self) -> ProgramView:
        """The program as it stands, as C."""
        return ProgramView(print_module(self.module))

    @property
    def knobs(self) -> Knobs:
        """Choices of the passes: `s.knobs["loop_split"]["factor"] = 32`."""
        return Knobs(self)

    # --- going on

    def step(self) -> StageView:
        """Run the next pass."""
        done = len(self._done)
        passes = self.passes
        if done >= len(passes):
            raise SessionError("all passes are done")
        run = run_pipeline(self.module, (passes[done],), self.target.facts, knobs=self._values)
        stage = run.stages[0]
        self._history.append(_Step(stage.after, stage))
        return StageView(
            stage.name, stage.verdict, "; ".join(stage.notes) or stage.reason, stage.seconds
        )

    def run(self, until: str = "") -> PlanView:
        """Run the passes up to and with `until`, or all that are left."""
        names = [p.name for p in self.passes]
        if until and until not in names[len(self._done) :]:
            raise SessionError(
                f"{until!r} is not among the passes to come: {names[len(self._done) :]}"
            )
        while len(self._done) < len(names):
            if self.step().name == until:
                break
        return self.plan

    def back(self) -> ProgramView:
        """Undo the last step or edit."""
        if len(self._history) == 1:
            raise SessionError("this is the source")
        self._history.pop()
        return self.program

    def edit(self, text: str) -> CheckView:
        """Put a program of your own in the place of this one, if it is one and agrees with it."""
        words = self.target.vocabulary()
        found = read_reply(text, self.module, words.instructions, words.spaces)
        if isinstance(found, Rejected):
            return CheckView(False, found.reason)
        view = self._compare(self.module, found.program)
        if view.agrees:
            before = self.module
            stage = Stage("edit", "applied", "", (), before, found.program, 0.0, "by hand")
            self._history.append(_Step(found.program, stage))
        return view

    # --- looking

    def diff(self, context: int = 3) -> DiffView:
        """What the last step changed."""
        if len(self._history) == 1:
            return DiffView("")
        before, after = (print_module(s.program).splitlines() for s in self._history[-2:])
        lines = difflib.unified_diff(before, after, "before", "after", lineterm="", n=context)
        return DiffView("\n".join(lines))

    def check(self) -> CheckView:
        """Whether the program still computes what the source does, on generated inputs."""
        return self._compare(self.kernel.program, self.module)

    def prove(self, seconds: float = 20.0) -> MemoryView:
        """Whether the source stays within its buffers, is free of races and reaches its barriers, for all sizes."""
        from xpiler.driver.memory import Checked, check_kernel, diagnostics_of
        from xpiler.synth.proofs.verdicts import lines

        cases = {self.kernel.symbol: self._cases()}
        found = check_kernel(self.kernel, cases, self.lifted.launches, seconds)
        if not isinstance(found, Checked):
            return MemoryView(False, (found.diagnostic.message,), ())
        wrong = tuple(d.message for d in diagnostics_of(found) if d.code != "XP4104")
        return MemoryView(found.verdict.shown, lines(found.verdict), wrong, found.verdict.notes)

    def prompt(self) -> str:
        """What a model would be asked for the next pass."""
        from xpiler.llm.prompts import render

        done, passes = len(self._done), self.passes
        if done >= len(passes):
            raise SessionError("all passes are done")
        context = Context(self._values.get(passes[done].name, {}), self.target.facts)
        possible = isinstance(passes[done].rewrite(self.module, context), Applied)
        messages = render(passes[done], self.target, self.module, possible=possible)
        if not isinstance(messages, tuple):
            raise SessionError(f"a model is not asked for {passes[done].name}")
        return "\n\n".join(f"[{m.role}]\n{m.content}" for m in messages)

    def save(self, path: str | Path, force: bool = False) -> SavedView:
        """Run what is left, emit, verify the file against the source, and write it to `path`.

        A file that differs is not written (SessionError says where); one that could not be verified says so in its first
        line.
        """
        self.run()
        entry = KernelEntry(
            0, self.kernel.program.kernels[0], self.kernel.source_name, self.kernel.symbol
        )
        translated = TranslatedKernel(entry, self.kernel.program, self.module)
        text = self.source.for_target(self.target)
        request = EmitRequest(text, self.source.path, (translated,), self.options)
        emitted = self.target.emit(request)
        evidence = self._verdict(translated, emitted)
        if isinstance(evidence, Refuted):
            raise SessionError(f"the emitted file differs from the source: {summary(evidence)}")
        verified = is_verified(evidence)
        name = self.kernel.source_name
        head = "" if verified else f"// xpiler: {name} is UNVERIFIED: {summary(evidence)}\n"
        result = write_whole(Path(path), head + emitted.text, force)
        if isinstance(result, NotWritten):
            raise SessionError(f"{result.path}: {result.reason}")
        return SavedView(result.path, verified, summary(evidence))

    # --- inside

    def _cases(self) -> tuple[Case, ...]:
        found = infer_cases(self.kernel, self.lifted.launches)
        if isinstance(found, NoCase):
            raise SessionError(f"there is no case to test on: {found.reason}")
        return found

    def _verdict(self, translated: TranslatedKernel, emitted: Emitted) -> Evidence:
        """What is known of an emitted file as a whole."""
        from xpiler.driver.judge import FileJudge

        cases = {self.kernel.symbol: infer_cases(self.kernel, self.lifted.launches)}
        judge = FileJudge(
            self.source, self.lifted, self.target, cases, 2, lambda _: None, self.options
        )
        found = judge.judge((translated,), emitted)
        return found.get(self.kernel.symbol, Unverified("it was not judged"))

    def _compare(self, before: Module, after: Module) -> CheckView:
        from xpiler.driver.stages import StageChecker

        cases = {self.kernel.symbol: self._cases()}
        checker = StageChecker(self.source, self.lifted, self.target, cases, self.options)
        evidence = checker.compare(before, after)
        if not isinstance(evidence, Refuted):
            return CheckView(is_verified(evidence), summary(evidence))
        return CheckView(False, summary(evidence), self._where(before, after))

    def _where(self, before: Module, after: Module) -> str:
        """The localised statement, as a sentence; empty if the interpreter cannot tell."""
        from xpiler.synth.locate.inputs import inputs_for
        from xpiler.synth.locate.localise import Location, localise
        from xpiler.synth.locate.machine import machine_for

        machine = machine_for(self.target.meaning())
        alone = stands_alone(before.kernels[0]) and stands_alone(after.kernels[0])
        if not alone and machine is None:
            return ""
        inputs = inputs_for(self.kernel.program, self._cases(), after=after, machine=machine)
        found = localise(before, after, inputs) if inputs else None
        return found.sentence if isinstance(found, Location) else ""


class Knobs:
    """Mapping-like view: pass name to its knobs and their values."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getitem__(self, name: str) -> PassKnobs:
        for p in self._session.passes:
            if p.name == name:
                return PassKnobs(p.knobs, self._session._values.setdefault(name, {}))
        raise SessionError(f"there is no pass {name!r} in the plan")

    def __repr__(self) -> str:
        rows = [f"{p.name}: {self[p.name]!r}" for p in self._session.passes if p.knobs]
        return "\n".join(rows) or "no pass has a knob"


class PassKnobs:
    """The knobs of one pass; setting one checks its domain."""

    def __init__(self, knobs: tuple[Knob, ...], values: dict[str, KnobValue]) -> None:
        self._knobs, self._values = {k.name: k for k in knobs}, values

    def __getitem__(self, name: str) -> KnobValue:
        return self._values.get(name, self._knob(name).default)

    def __setitem__(self, name: str, value: KnobValue) -> None:
        knob = self._knob(name)
        if not accepts(knob, value):
            raise SessionError(f"{name} is one of {knob.domain}, not {value!r}")
        self._values[name] = value

    def _knob(self, name: str) -> Knob:
        if name not in self._knobs:
            raise SessionError(f"there is no knob {name!r}; there are {sorted(self._knobs)}")
        return self._knobs[name]

    def __repr__(self) -> str:
        return ", ".join(f"{k.name} = {self[k.name]} of {k.domain}" for k in self._knobs.values())


def open_session(
    path: str | Path,
    target: str,
    kernel: str = "",
    options: Mapping[str, str] | None = None,
    *,
    include_dirs: Sequence[Path] = (),
    defines: Sequence[str] = (),
) -> Session:
    """A session on one kernel of a file: the one named, or the first.

    `options` are the target's (`arch`), `include_dirs` and `defines` what the preprocessor is given. Raises
    `SessionError`, which says what is wrong with the file, the target or the kernel's name.
    """
    machine = load_target(target)
    if isinstance(machine, UnknownTarget):
        raise SessionError(f"there is no target {target!r}; there are {', '.join(machine.known)}")
    read = read_source(Path(path), tuple(include_dirs), tuple(defines))
    if isinstance(read, InputError):
        raise SessionError(read.diagnostics[0].message)
    whole = lift_whole(read)
    if isinstance(whole, InputError):
        raise SessionError(whole.diagnostics[0].message)
    source, lifted = whole
    for found in lifted.lifted:
        if kernel in ("", found.name, found.source_name, found.symbol):
            return Session(source, lifted, found, machine, options or {})
    for refused in lifted.refused:
        if kernel in ("", refused.name):
            raise SessionError(refused.diagnostic.message)
    known = ", ".join(k.name for k in lifted.kernels)
    raise SessionError(f"there is no kernel {kernel!r}; there are {known}")
