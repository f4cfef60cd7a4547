"""Applications of passes: a program that the rules made, and the pass that a model is asked to apply to it.

Each application stands for itself: its predecessor is what the rules give before the pass, whatever a model made of
earlier passes. Only places where the pass's own rules apply are taken, so that a step is there to be made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.cases import ci_cases
from benchmarks.cases import source as suite_text
from benchmarks.operators import ALL
from benchmarks.repair.corpus import LOOP_PASSES, ROOT, serial
from xpiler.backends.base import Target
from xpiler.backends.registry import load_target
from xpiler.driver.pipeline import run_pipeline
from xpiler.driver.source import Source, lift_source
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.ir.nodes import Module
from xpiler.passes.base import Applied, Context, Pass

__all__ = ["FILES", "Application", "applications", "of_file", "spread"]

TARGETS = ("avx512", "bang")
# Passes of the shared folder ask the same of both targets: once is enough.
SHARED = frozenset({"loop_recovery", "detensorize"})

EXAMPLES = tuple(sorted(p.stem for p in (ROOT / "examples").glob("*.cu")))
SUITE = (
    "avg_pool/grid_stride", "bmm/tiled", "bmm/wmma", "conv1d/shared", "dense/dp4a", "dense/warp",
    "gather/grid_stride", "gelu/float4", "gemm/dp4a", "gemm/tiled", "gemm/wmma", "gemv/warp",
    "layernorm/warp", "min_pool/int8", "reduce_max/shared", "reduce_sum/shared", "relu/half2",
    "rmsnorm/float4", "sigmoid/functor", "softmax/shared", "softmax/warp", "transpose/shared",
)  # fmt: skip
FILES = (*(f"examples/{name}" for name in EXAMPLES), *(f"suite/{name}" for name in SUITE))


@dataclass(frozen=True, slots=True)
class Application:
    """One place where a model is asked. `group` is the row of the table that it counts in.

    `name` is `file:kernel/target/pass`; the target `loops` stands for the loop passes, which no target's own
    list has, on the recovered program with serial loops.
    """

    name: str
    group: str
    source: Source
    lifted: LiftedFile
    target: Target
    pass_: Pass
    before: Module


def applications(files: Sequence[str] = FILES) -> Iterator[Application]:
    """All applications in the given files, in a fixed order."""
    for file in files:
        yield from of_file(file)


def of_file(file: str) -> Iterator[Application]:
    """The applications in one of `FILES`. LookupError when it holds no kernel."""
    source = _source(file)
    lifted = lift_source(source)
    if not isinstance(lifted, LiftedFile):
        raise LookupError(f"{file} holds no kernel")
    for kernel in lifted.lifted:
        for name in TARGETS:
            target = load_target(name)
            assert isinstance(target, Target)
            yield from _of_pipeline(file, source, lifted, kernel, target)
        yield from _of_loops(file, source, lifted, kernel)


def _source(file: str) -> Source:
    place, _, name = file.partition("/")
    if place == "examples":
        path = ROOT / f"{file}.cu"
        return Source(path, path.read_text(encoding="utf-8"))
    operator, style = name.split("/")
    cases = ci_cases([o for o in ALL if o.name == operator])
    case = next(c for c in cases if c.style.name == style)
    return Source(ROOT / "benchmarks" / f"{file}.cu", suite_text(case))


def _of_pipeline(
    file: str, source: Source, lifted: LiftedFile, kernel: LiftedKernel, target: Target
) -> Iterator[Application]:
    passes = target.pipeline(kernel.program, {})
    run = run_pipeline(kernel.program, passes, target.facts)
    for pass_, stage in zip(passes, run.stages, strict=False):
        again = pass_.name in SHARED and target.name != TARGETS[0]
        applied = stage.verdict == "applied" and stage.after != stage.before
        if pass_.meta_prompt and applied and not again:
            name = f"{file}:{kernel.symbol}/{target.name}/{stage.name}"
            group = pass_.name if pass_.name in SHARED else f"{pass_.name}, {target.name}"
            yield Application(name, group, source, lifted, target, pass_, stage.before)


def _of_loops(
    file: str, source: Source, lifted: LiftedFile, kernel: LiftedKernel
) -> Iterator[Application]:
    target = load_target(TARGETS[0])
    assert isinstance(target, Target)
    passes = target.pipeline(kernel.program, {})
    stages = run_pipeline(kernel.program, passes, target.facts).stages
    recovered = next((s.after for s in stages if s.name == "loop_recovery"), None)
    if recovered is None or recovered.kernels[0].level != "loops":
        return
    before = serial(recovered)
    for pass_ in LOOP_PASSES:
        outcome = pass_.rewrite(before, Context(facts=target.facts))
        if isinstance(outcome, Applied) and outcome.program != before:
            name = f"{file}:{kernel.symbol}/loops/{pass_.name}"
            yield Application(name, pass_.name, source, lifted, target, pass_, before)


def spread(found: Sequence[Application], each: int) -> tuple[Application, ...]:
    """At most `each` applications of a group, evenly over its files; all of them when `each` is 0."""
    groups: dict[str, list[Application]] = {}
    for application in found:
        groups.setdefault(application.group, []).append(application)
    chosen: Mapping[str, object] = {
        members[(n * len(members)) // each].name: None
        for members in groups.values()
        for n in range(each)
    }
    return tuple(a for a in found if not each or a.name in chosen)
