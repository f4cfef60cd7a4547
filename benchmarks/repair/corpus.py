"""Programs to break: each is what a pass made of an example, beside what the pass was given.

The examples are taken at small block sizes, so that a whole launch is a few dozen threads: what an error does
is the same, and the reference interpreter runs it in milliseconds. Loop passes are applied to the recovered
program with its loops taken as serial ones, as they are before anything is bound to the machine.
A few programs are written in the IR (`written.py`), for passes that the examples give nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.repair.written import WRITTEN, Sizes
from xpiler.backends.base import Target
from xpiler.backends.registry import load_target
from xpiler.driver.source import Source, lift_source
from xpiler.frontends.results import LiftedFile
from xpiler.ir.check import check
from xpiler.ir.nodes import For, Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.walk import map_block, statements
from xpiler.passes import (
    detensorize,
    fold,
    inline,
    loop_contraction,
    loop_expansion,
    loop_fuse,
    loop_recovery,
    loop_reorder,
    loop_split,
)
from xpiler.passes.base import Applied, Context, Pass
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.infer_bare import NoCase, infer_bare

__all__ = ["LOOP_PASSES", "ROOT", "SOURCES", "Subject", "serial", "subjects"]

ROOT = Path(__file__).resolve().parents[2]

SOURCES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("examples/vector_add.cu", (("threads = 256", "threads = 8"),)),
    ("examples/saxpy.cu", (("<<<32, 128>>>", "<<<2, 8>>>"),)),
    ("examples/copy_scale.cu", (("127) / 128, 128", "7) / 8, 8"), ("<<<1, 32>>>", "<<<1, 8>>>"))),
    ("examples/map_functor.cu", (("threads = 192", "threads = 8"),)),
    ("examples/block_reduce.cu", (("kBlock = 256", "kBlock = 8"), ("kBlock = 128", "kBlock = 16"))),
    ("examples/inclusive_scan.cu", (("BLOCK_THREADS = 256", "BLOCK_THREADS = 8"),)),
    ("examples/layernorm.cu", (("BLOCK = 128", "BLOCK = 8"),)),
    ("examples/softmax.cu", (("threads = 128", "threads = 8"),)),
    ("examples/matmul_tiled.cu", (("TILE 16", "TILE 4"),)),
    ("examples/matmul_dp4a.cu", (("block(16, 16)", "block(4, 4)"), ("15) / 16", "3) / 4"))),
    ("examples/stencil2d.cu", (("BX 32", "BX 8"), ("BY 8", "BY 4"))),
    ("examples/transpose.cu", (("TILE_DIM = 32", "TILE_DIM = 8"), ("BLOCK_ROWS = 8", "BLOCK_ROWS = 4"))),
    ("examples/conv2d.cu", (("block(32, 8)", "block(8, 4)"),)),
    ("examples/gelu.cu", ()),
    ("benchmarks/suite/relu/float4.cu", (("128) / 128, 128", "8) / 8, 8"),)),
    ("benchmarks/suite/reduce_sum/int8.cu", (("64", "8"),)),
    ("benchmarks/suite/softmax/shared.cu", (("64", "8"),)),
)  # fmt: skip

TARGETS = ("avx512", "bang")
_PIPELINE = (inline.PASS, fold.PASS, detensorize.PASS, loop_recovery.PASS, fold.PASS)
LOOP_PASSES = (
    loop_split.PASS,
    loop_fuse.PASS,
    loop_reorder.PASS,
    loop_expansion.PASS,
    loop_contraction.PASS,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A correct application of a pass: `before` and `after` hold one kernel and compute the same.

    `target` is the machine that the pass belongs to, empty for those that all share.
    """

    name: str
    pass_name: str
    before: Module
    after: Module
    cases: tuple[Case, ...]
    target: str = ""


def subjects(names: tuple[str, ...] = ()) -> Iterator[Subject]:
    """All subjects, in a fixed order; with `names`, those whose name contains one of them.

    A name is `file:kernel/pass`; with the colon, files that it cannot mean are not even read.
    """
    for stem, made in _origins():
        heads = [name.partition(":")[0] for name in names if ":" in name]
        if len(heads) == len(names) and names and not any(stem.endswith(h) for h in heads):
            continue
        for subject in made():
            if not names or any(n in subject.name for n in names):
                yield subject


def _origins() -> Iterator[tuple[str, Callable[[], Iterator[Subject]]]]:
    """Where subjects come from: a name, and what makes them."""
    for file, edits in SOURCES:
        stem = file.removeprefix("benchmarks/").removesuffix(".cu").replace("examples/", "")
        yield stem, partial(_of_file, file, edits, stem)
    for name, text, sizes in WRITTEN:
        yield name, partial(_of_text, name, text, sizes)


def _of_text(name: str, text: str, sizes: Sizes) -> Iterator[Subject]:
    """What the shared passes make of a program of the IR. Bounds are inferred where its functions are inlined."""
    program = parse_module(text)
    inlined = inline.PASS.rewrite(program, Context())
    plain = inlined.program if isinstance(inlined, Applied) else program
    case = infer_bare(plain, plain.kernels[0])
    if isinstance(case, NoCase):
        raise LookupError(f"{name}: {case.reason}")
    cases = (replace(case, sizes=sizes or case.sizes),)
    yield from _shared(f"{name}:{program.kernels[0].name}", program, cases)


def _of_file(file: str, edits: tuple[tuple[str, str], ...], stem: str) -> Iterator[Subject]:
    text = (ROOT / file).read_text(encoding="utf-8")
    for old, new in edits:
        text = text.replace(old, new)
    lifted = lift_source(Source(ROOT / file, text))
    if not isinstance(lifted, LiftedFile):
        raise LookupError(f"{file} holds no kernel")
    for kernel in lifted.lifted:
        yield from _of_kernel(f"{stem}:{kernel.program.kernels[0].name}", kernel.program)


def _of_kernel(name: str, program: Module) -> Iterator[Subject]:
    case = infer_bare(program, program.kernels[0])
    cases = () if isinstance(case, NoCase) else (case,)
    common = list(_shared(name, program, cases))
    yield from common
    current = common[-1].after if common else program
    for target in TARGETS:
        yield from _of_target(name, target, program, cases)
    looped = serial(current)
    for pass_ in LOOP_PASSES:
        # a short factor, so that whole tiles and remainders both occur
        subject = _apply(name, pass_, looped, cases, Context(knobs={"factor": 4}))
        if subject is not None:
            yield subject


def _shared(name: str, program: Module, cases: tuple[Case, ...]) -> Iterator[Subject]:
    """What the passes that all targets share make of the kernel, one after the other."""
    current = program
    for pass_ in _PIPELINE:
        subject = _apply(name, pass_, current, cases)
        if subject is not None:
            yield subject
            current = subject.after


def _of_target(
    name: str, target: str, program: Module, cases: tuple[Case, ...]
) -> Iterator[Subject]:
    """What the target's own passes make of the kernel, one after the other."""
    found = load_target(target)
    assert isinstance(found, Target)
    context = Context(knobs={"tile": 256}, facts=found.facts)
    current = program
    for pass_ in found.pipeline(program, {}):
        subject = _apply(name, pass_, current, cases, context)
        if subject is None:
            outcome = pass_.rewrite(current, context)
            current = outcome.program if isinstance(outcome, Applied) else current
            continue
        current = subject.after
        if pass_ not in _PIPELINE:
            title = f"{target}.{pass_.name}"
            yield replace(subject, name=f"{name}/{title}", pass_name=title, target=target)


def _apply(
    name: str,
    pass_: Pass,
    program: Module,
    cases: tuple[Case, ...],
    context: Context | None = None,
) -> Subject | None:
    outcome = pass_.rewrite(program, context or Context())
    if not isinstance(outcome, Applied) or check(outcome.program) or outcome.program == program:
        return None
    if sum(1 for _ in statements(outcome.program.kernels[0].body)) > 60:
        return None
    return Subject(f"{name}/{pass_.name}", pass_.name, program, outcome.program, cases)


def serial(program: Module) -> Module:
    """The program with every claim of independence taken back."""
    kernel = program.kernels[0]
    body = map_block(
        kernel.body, lambda s: (replace(s, axis="serial") if isinstance(s, For) else s,)
    )
    return replace(program, kernels=(replace(kernel, body=body),))
