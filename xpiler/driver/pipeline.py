"""Run a kernel through a target's passes; who proposes a pass's result is the engine's business."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.passes.base import Applied, Context, KnobValue, NotApplicable, Pass, Unsupported
from xpiler.passes.engine import Engine, RuleEngine
from xpiler.records import dataclass

__all__ = ["PipelineRun", "Stage", "run_pipeline"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One pass of a run. `verdict`: applied, skipped, unsupported, ill-formed, disabled.

    `after` is the program that goes on: the candidate where it was applied, else the predecessor.
    """

    name: str
    verdict: str
    reason: str
    notes: tuple[str, ...]
    before: Module
    after: Module
    seconds: float
    origin: str = "rules"
    detail: str = ""
    buffers: tuple[tuple[str, str], ...] = ()
    refusal: Unsupported | None = None


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """All stages; `failure` is set when a required pass could not apply."""

    source: Module
    stages: tuple[Stage, ...]
    failure: Unsupported | None = None

    @property
    def program(self) -> Module:
        return self.stages[-1].after if self.stages else self.source


def run_pipeline(
    program: Module,
    passes: tuple[Pass, ...],
    facts: Mapping[str, int],
    *,
    engine: Engine | None = None,
    knobs: Mapping[str, Mapping[str, KnobValue]] | None = None,
    disabled: Collection[str] = (),
    observe: Callable[[Stage], None] | None = None,
) -> PipelineRun:
    """Apply `passes` in order. A pass that does not apply, or whose candidate is ill-formed, is skipped;
    a required one ends the run. `disabled` names passes (`tensorize`, or `tensorize#2` for a second use)
    that are left out, `knobs` sets values by pass name."""
    proposer = engine or RuleEngine()
    stages: list[Stage] = []
    current = program
    for label, pass_ in _labelled(passes):
        context = Context(knobs=(knobs or {}).get(pass_.name, {}), facts=facts)
        skip = label in disabled and not pass_.required
        stage = _stage(label, pass_, current, context, proposer, skip)
        stages.append(stage)
        if observe is not None:
            observe(stage)
        if stage.verdict in ("unsupported", "ill-formed") and pass_.required:
            failure = stage.refusal or Unsupported("XP2000", stage.reason)
            return PipelineRun(program, tuple(stages), failure)
        current = stage.after
    return PipelineRun(program, tuple(stages))


def _labelled(passes: tuple[Pass, ...]) -> list[tuple[str, Pass]]:
    seen: dict[str, int] = {}
    out = []
    for pass_ in passes:
        seen[pass_.name] = seen.get(pass_.name, 0) + 1
        n = seen[pass_.name]
        out.append((pass_.name if n == 1 else f"{pass_.name}#{n}", pass_))
    return out


def _stage(
    label: str, pass_: Pass, program: Module, context: Context, engine: Engine, skip: bool
) -> Stage:
    if skip:
        return Stage(label, "disabled", "left out", (), program, program, 0.0)
    start = time.perf_counter()
    proposal = engine.propose(pass_, program, context)
    seconds = time.perf_counter() - start
    origin, detail = proposal.origin, proposal.detail
    match proposal.outcome:
        case NotApplicable(reason=reason):
            return Stage(label, "skipped", reason, (), program, program, seconds, origin, detail)
        case Unsupported(reason=reason) as refusal:
            return Stage(
                label,
                "unsupported",
                reason,
                (),
                program,
                program,
                seconds,
                origin,
                detail,
                refusal=refusal,
            )
        case Applied(program=candidate, notes=notes, buffers=buffers):
            violations = check(candidate)
            if violations:
                reason = f"the candidate is ill-formed: {violations[0]}"
                return Stage(label, "ill-formed", reason, notes, program, program, seconds, origin)
            return Stage(
                label, "applied", "", notes, program, candidate, seconds, origin, detail, buffers
            )
