"""The Python interface: what the command line, the notebook and the port call.

>>> import xpiler
>>> report = xpiler.translate("softmax.cu", "avx512", xpiler.Settings(out=Path("softmax.cpp")))
>>> report.exit_status
0
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xpiler.backends.base import Target
from xpiler.backends.registry import UnknownTarget, load_target
from xpiler.driver.knobs import wrong_knob
from xpiler.driver.output import Written, check_destination, not_written, write_whole
from xpiler.driver.pipeline import Stage, run_pipeline
from xpiler.driver.recording import Recording
from xpiler.driver.report import InputError, ModelUse, Report
from xpiler.driver.source import Source, lift_whole, read_source
from xpiler.driver.translate import Judge, Translation, Work, translate_file
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.ir.diagnostics import Diagnostic
from xpiler.ir.nodes import Module
from xpiler.passes.base import Applied, Context, Knob, KnobValue
from xpiler.passes.engine import Engine
from xpiler.records import dataclass
from xpiler.verify.evidence import Evidence, Refuted, Unverified, is_verified, summary

if TYPE_CHECKING:
    from xpiler.driver.memory import Checked, Unchecked
    from xpiler.driver.proofs import Proofs
    from xpiler.llm.client import Message

__all__ = [
    "Cases",
    "Planned",
    "Settings",
    "check",
    "infer_cases",
    "plan",
    "prompts_for",
    "translate",
    "verify_pair",
]

Observe = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to translate. `out` None writes beside the source, a folder takes a file of the source's
    name, `-` writes nothing (see `Report.text`).

    `options` are the target's own (`arch`); `case` a TOML file of cases; `engine` symbolic, llm or auto;
    `trace` a folder for everything that happened; `jobs` programs built and run at a time. `knobs` sets
    choices of passes by pass name; `llm` overrides entries of the model's configuration; `prove` tries to prove each pass
    for all sizes (`PassReport.evidence`), and that each kernel's memory accesses are right (`KernelReport.memory`).
    """

    out: Path | None = None
    case: Path | None = None
    verify: bool = True
    force: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    engine: str = "auto"
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    trace: Path | None = None
    jobs: int = 2
    knobs: Mapping[str, Mapping[str, KnobValue]] = field(default_factory=dict)
    llm: Mapping[str, object] = field(default_factory=dict)
    prove: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The stages of one kernel without verification, and the knobs of each pass."""

    name: str
    stages: tuple[Stage, ...]
    knobs: Mapping[str, tuple[Knob, ...]]
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Cases:
    """Inferred cases as TOML; `diagnostics` name the kernels that have none."""

    toml: str
    diagnostics: tuple[Diagnostic, ...] = ()


def translate(
    source: str | Path,
    target: str,
    settings: Settings | None = None,
    *,
    observe: Observe | None = None,
) -> Report | InputError:
    """Translate a CUDA file and verify the result.

    Gives a `Report`, or `InputError` when the file or the settings are wrong. A kernel that was refuted
    is not in the output; one that could not be verified is, under a comment that says so.
    """
    settings = settings or Settings()
    say = observe or (lambda _: None)
    start = time.perf_counter()
    prepared = _prepare(Path(source), target, settings)
    if isinstance(prepared, InputError):
        return prepared
    read, lifted, machine = prepared
    seconds = {"lift": time.perf_counter() - start}
    problem = _destination_problem(read, machine, settings.out, settings.force)
    if problem is not None:
        return problem
    recording = _recorder(read, target, settings)
    if isinstance(recording, InputError):
        return recording
    engine = _engine(read, lifted, settings, machine, recording)
    if isinstance(engine, InputError):
        return engine
    start = time.perf_counter()
    judge = _judge(read, lifted, machine, settings, say)
    if isinstance(judge, InputError):
        return judge
    seconds["cases"] = time.perf_counter() - start
    work = Work(read, lifted, machine, settings.options, engine, settings.knobs)
    proofs = _proofs(lifted, settings, recording, say)
    if isinstance(proofs, InputError):
        return proofs
    on_stage = recording.stage if proofs is None else proofs.stage
    done = translate_file(work, judge, observe=say, on_stage=on_stage)
    if proofs is not None:
        done = replace(done, kernels=tuple(map(proofs.added, done.kernels)))
    for kernel in done.kernels:
        recording.verdict(kernel)
    finished = _finish(read, target, done, settings, lifted.diagnostics, seconds)
    if isinstance(finished, InputError):
        return finished
    if done.emitted is not None:
        recording.output(finished.text, done.emitted.suffix)
    return _with_model(finished, engine)


def _proofs(
    lifted: LiftedFile, settings: Settings, recording: Recording, say: Observe
) -> Proofs | InputError | None:
    if not settings.prove:
        return None
    from xpiler.driver.judge import load_cases
    from xpiler.driver.proofs import Proofs

    cases = load_cases(lifted, settings.case)
    return cases if isinstance(cases, InputError) else Proofs(lifted, cases, recording, say)


def _with_model(report: Report, engine: Engine | None) -> Report:
    """The report with what was asked of a model, if one could be asked."""
    if engine is None:
        return report
    from xpiler.llm.client import Spent
    from xpiler.llm.engine import LlmEngine

    if not isinstance(engine, LlmEngine) or not isinstance(engine.client, Spent):
        return report
    spent, counts = engine.client, dict(engine.statistics.counts)
    use = ModelUse(spent.requests, spent.tokens_in, spent.tokens_out, spent.cost, counts)
    return replace(report, model=use)


def _prepare(
    path: Path, target: str, settings: Settings
) -> tuple[Source, LiftedFile, Target] | InputError:
    machine = load_target(target)
    if isinstance(machine, UnknownTarget):
        hint = f"did you mean {machine.close}?" if machine.close else ""
        known = ", ".join(machine.known)
        message = f"there is no target {target!r}; there are {known}"
        return InputError((Diagnostic("XP0010", "error", message, None, hint),))
    wrong = _wrong_option(machine, settings.options)
    if wrong is not None:
        return InputError((wrong,))
    read = read_source(path, settings.include_dirs, settings.defines)
    if isinstance(read, InputError):
        return read
    whole = lift_whole(read)
    if isinstance(whole, InputError):
        return whole
    problem = _knob_problem(whole[1], machine, settings)
    return (*whole, machine) if problem is None else problem


def _knob_problem(lifted: LiftedFile, target: Target, settings: Settings) -> InputError | None:
    if not settings.knobs:
        return None
    passes = [p for k in lifted.lifted for p in target.pipeline(k.program, settings.options)]
    wrong = wrong_knob(passes, settings.knobs)
    return InputError((Diagnostic("XP0015", "error", wrong),)) if wrong else None


def _wrong_option(target: Target, options: Mapping[str, str]) -> Diagnostic | None:
    known = {o.name: o for o in target.options}
    for name, value in options.items():
        option = known.get(name)
        if option is None:
            have = f"; it has {', '.join(known)}" if known else ", nor any other"
            return Diagnostic("XP0011", "error", f"{target.name} has no option {name!r}{have}")
        if option.choices and value not in option.choices:
            choices = ", ".join(option.choices)
            return Diagnostic("XP0012", "error", f"{name} is one of {choices}, not {value!r}")
    return None


def _destination_problem(
    source: Source, target: Target, out: Path | None, force: bool
) -> InputError | None:
    """What stands in the way of every file that the result could go to: found before the work, not after it."""
    if str(out) == "-":
        return None
    places = {_destination(source.path, out, suffix): None for suffix in target.suffixes}
    problems = [check_destination(place, force) for place in places]
    wrong = [p for p in problems if p is not None]
    return not_written(wrong[0]) if wrong and len(wrong) == len(places) else None


def _recorder(source: Source, target: str, settings: Settings) -> Recording | InputError:
    """What listens to the run: the trace folder, or nothing."""
    if settings.trace is None:
        return Recording(None)
    from xpiler.trace.record import CannotTrace, open_trace

    recorder = open_trace(settings.trace)
    if isinstance(recorder, CannotTrace):
        return InputError((Diagnostic("XP0021", "error", recorder.reason),))
    shown = {
        "options": dict(settings.options),
        "engine": settings.engine,
        "verify": settings.verify,
    }
    recorder.begin(str(source.path), source.text, target, shown)
    return Recording(recorder)


def _engine(
    source: Source, lifted: LiftedFile, settings: Settings, target: Target, recording: Recording
) -> Engine | InputError | None:
    if settings.engine not in ("symbolic", "llm", "auto"):
        message = f"there is no engine {settings.engine!r}; there are symbolic, llm and auto"
        return InputError((Diagnostic("XP0013", "error", message),))
    if settings.engine == "symbolic":
        return None
    from xpiler.llm.config import LlmConfigError, load_config

    config = load_config(settings.llm)
    if not isinstance(config, LlmConfigError) and not config.usable and settings.engine == "auto":
        return None
    from xpiler.driver.judge import load_cases
    from xpiler.driver.stages import StageChecker
    from xpiler.llm.engine import configured_engine
    from xpiler.synth.repair.mend import mend

    cases = load_cases(lifted, settings.case)
    if isinstance(cases, InputError):
        return cases
    checker = StageChecker(source, lifted, target, cases, settings.options)

    def checked(before: Module, after: Module) -> str:
        found = checker.compare(before, after)
        if isinstance(found, Refuted):
            recording.difference(found.difference, after)
        return "" if is_verified(found) else summary(found)

    def repaired(before: Module, after: Module) -> Module | None:
        found = cases.get(before.kernels[0].name, ())
        known = found if isinstance(found, tuple) else ()
        asked = partial(recording.query, "repair")
        return mend(before, after, known, asked, target.meaning())

    engine = configured_engine(
        settings.engine, target, checked, settings.llm, repair=repaired, observe=recording.exchange
    )
    if isinstance(engine, LlmConfigError):
        place = f"{engine.file}: " if engine.file else ""
        return InputError((Diagnostic("XP0014", "error", f"{place}{engine.message}"),))
    return engine


def _judge(
    source: Source, lifted: LiftedFile, target: Target, settings: Settings, say: Observe
) -> Judge | InputError | None:
    if not settings.verify:
        return None
    from xpiler.driver.judge import FileJudge, load_cases

    say("choosing test cases")
    cases = load_cases(lifted, settings.case)
    if isinstance(cases, InputError):
        return cases
    return FileJudge(source, lifted, target, cases, settings.jobs, say, settings.options)


def _finish(
    source: Source,
    target: str,
    done: Translation,
    settings: Settings,
    diagnostics: tuple[Diagnostic, ...],
    before: Mapping[str, float],
) -> Report | InputError:
    seconds = {**before, **done.seconds}
    report = Report(str(source.path), target, "", done.kernels, diagnostics, seconds)
    if done.emitted is None:
        return report
    text = _with_warnings(done.emitted.text, report)
    diagnostics = (*diagnostics, *done.emitted.diagnostics)
    out = settings.out
    if out is not None and str(out) == "-":
        return Report(str(source.path), target, "", done.kernels, diagnostics, seconds, text)
    path = _destination(source.path, out, done.emitted.suffix)
    diagnostics = (*diagnostics, *_misnamed(path, done.emitted.suffix, target))
    result = write_whole(path, text, settings.force)
    if not isinstance(result, Written):
        return not_written(result)
    return Report(str(source.path), target, str(path), done.kernels, diagnostics, seconds, text)


def _destination(source: Path, out: Path | None, suffix: str) -> Path:
    """Where the result goes: the file that `out` names, a file of the source's name in that folder, or beside it."""
    if out is not None and not out.is_dir():
        return out
    beside = source.with_suffix(suffix) if out is None else out / source.with_suffix(suffix).name
    return beside if beside.resolve() != source.resolve() else beside.with_suffix(f".out{suffix}")


def _misnamed(path: Path, suffix: str, target: str) -> tuple[Diagnostic, ...]:
    """A warning where a compiler would take the file for another language by its name."""
    machine = load_target(target)
    others = () if isinstance(machine, UnknownTarget) else machine.suffixes
    if path.suffix == suffix or path.suffix not in others:
        return ()
    message = f"{path} holds what a compiler expects in a {suffix} file"
    hint = f"name it {path.with_suffix(suffix).name}"
    return (Diagnostic("XP0022", "warning", message, None, hint),)


def _with_warnings(text: str, report: Report) -> str:
    """The text under a comment that names what is not verified; nothing is added when all is."""
    lines = [
        f"// xpiler: {k.name} is UNVERIFIED: {_one_line(k.evidence)}"
        for k in report.kernels
        if k.status == "unverified"
    ]
    lines += [
        f"// xpiler: {k.name} was refused and is not in this file: {_one_line(k.evidence)}"
        for k in report.kernels
        if k.status == "refused"
    ]
    return "\n".join(lines) + "\n" + text if lines else text


def _one_line(evidence: Evidence) -> str:
    text = evidence.reason if isinstance(evidence, Unverified) else summary(evidence)
    return " ".join(text.replace("\\", "/").split())


def plan(
    source: str | Path, target: str, settings: Settings | None = None
) -> tuple[Planned, ...] | InputError:
    """Run the passes without verification: what applies to each kernel, and why the rest does not."""
    settings = settings or Settings()
    prepared = _prepare(Path(source), target, settings)
    if isinstance(prepared, InputError):
        return prepared
    _, lifted, machine = prepared
    out: list[Planned] = []
    for item in lifted.kernels:
        if not isinstance(item, LiftedKernel):
            out.append(Planned(item.name, (), {}, (item.diagnostic,)))
            continue
        passes = machine.pipeline(item.program, settings.options)
        run = run_pipeline(item.program, passes, machine.facts, knobs=settings.knobs)
        failure = run.failure
        problems: tuple[Diagnostic, ...] = ()
        if failure is not None:
            problems = (
                Diagnostic(failure.code, "error", failure.reason, failure.span, failure.hint),
            )
        knobs = {p.name: p.knobs for p in passes}
        out.append(Planned(item.source_name, run.stages, knobs, problems))
    return tuple(out)


def prompts_for(
    source: str | Path,
    target: str,
    pass_name: str,
    settings: Settings | None = None,
    folder: str = "",
) -> Mapping[str, tuple[Message, ...]] | InputError:
    """What a model would be asked for one pass of each kernel, by kernel name. The passes before it have
    been applied by their rules."""
    from xpiler.llm.prompts import render

    settings = settings or Settings()
    prepared = _prepare(Path(source), target, settings)
    if isinstance(prepared, InputError):
        return prepared
    _, lifted, machine = prepared
    out: dict[str, tuple[Message, ...]] = {}
    known: set[str] = set()
    for item in lifted.lifted:
        passes = machine.pipeline(item.program, settings.options)
        known |= {p.name for p in passes if p.meta_prompt}
        before = next((n for n, p in enumerate(passes) if p.name == pass_name), None)
        if before is None:
            continue
        program = run_pipeline(item.program, passes[:before], machine.facts).program
        context = Context(facts=machine.facts)
        possible = isinstance(passes[before].rewrite(program, context), Applied)
        messages = render(passes[before], machine, program, (), folder, possible=possible)
        if isinstance(messages, tuple):
            out[item.source_name] = messages
    if not out:
        listing = ", ".join(sorted(known)) or "none"
        message = f"{target} has no pass {pass_name!r} that a model is asked for; it has {listing}"
        return InputError((Diagnostic("XP0016", "error", message),))
    return out


def infer_cases(source: str | Path, settings: Settings | None = None) -> Cases | InputError:
    """The cases that verification would use, as TOML.

    `settings` gives include directories and definitions. `InputError` when the file cannot be read or holds no kernel.
    """
    from xpiler.driver.judge import load_cases
    from xpiler.verify.cases.case_file import print_cases
    from xpiler.verify.cases.infer import NoCase

    settings = settings or Settings()
    read = read_source(Path(source), settings.include_dirs, settings.defines)
    if isinstance(read, InputError):
        return read
    whole = lift_whole(read)
    if isinstance(whole, InputError):
        return whole
    _, lifted = whole
    found = load_cases(lifted, settings.case)
    if isinstance(found, InputError):
        return found
    cases = [case for group in found.values() if not isinstance(group, NoCase) for case in group]
    missing = [(symbol, group) for symbol, group in found.items() if isinstance(group, NoCase)]
    problems = tuple(
        Diagnostic("XP4003", "warning", f"{symbol}: no case could be inferred: {group.reason}")
        for symbol, group in missing
    )
    return Cases(print_cases(cases), (*problems, *(r.diagnostic for r in lifted.refused)))


def check(
    source: str | Path,
    settings: Settings | None = None,
    *,
    seconds: float = 20.0,
    observe: Observe | None = None,
) -> tuple[Checked | Unchecked, ...] | InputError:
    """Whether the kernels of a CUDA file stay within their buffers, race, and reach their barriers, for all sizes.

    `seconds` is the time for one kernel. Of `settings`, `case`, `include_dirs` and `defines` count. `InputError` when the
    file cannot be read or holds no kernel.
    """
    from xpiler.driver.judge import load_cases
    from xpiler.driver.memory import check_file

    settings = settings or Settings()
    read = read_source(Path(source), settings.include_dirs, settings.defines)
    whole = read if isinstance(read, InputError) else lift_whole(read)
    if isinstance(whole, InputError):
        return whole
    cases = load_cases(whole[1], settings.case)
    if isinstance(cases, InputError):
        return cases
    return check_file(whole[1], cases, seconds, observe or (lambda _: None))


def verify_pair(
    first: str | Path, second: str | Path, settings: Settings | None = None
) -> Mapping[str, Evidence] | InputError:
    """Whether the kernels of two files compute the same; evidence by kernel name.

    The first file, CUDA, says what the kernels are; the suffix of the second (`.hip`, `.mlu`, `.c`, `.cpp`, `.cu`) says
    who runs it. Of `settings`, `case`, `jobs`, `include_dirs` and `defines` count. `InputError` when a file cannot be read
    or nothing here knows the suffix.
    """
    from xpiler.driver.pair import verify_files

    settings = settings or Settings()
    return verify_files(
        Path(first),
        Path(second),
        case=settings.case,
        jobs=settings.jobs,
        include_dirs=settings.include_dirs,
        defines=settings.defines,
    )
