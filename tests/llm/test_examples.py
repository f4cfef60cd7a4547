"""The example in a prompt is a right step: it agrees with its predecessor and would be accepted."""

from __future__ import annotations

import pytest

from benchmarks.repair.corpus import LOOP_PASSES
from tests.llm.helpers import TARGET
from xpiler.backends.base import Target
from xpiler.backends.registry import load_target
from xpiler.ir.parse_c import parse_module
from xpiler.ir.plain import stands_alone
from xpiler.llm.contract import Accepted, read_reply
from xpiler.llm.examples import examples_of
from xpiler.passes.base import Pass
from xpiler.synth.locate.inputs import inputs_for
from xpiler.synth.locate.localise import Nothing, localise

PROGRAM = parse_module("__global__ void k(f32 *y) {\n  y[0] = 1.0f;\n}\n")


def asked(name: str) -> list[tuple[Pass, Target]]:
    target = load_target(name)
    assert isinstance(target, Target)
    return [(p, target) for p in target.pipeline(PROGRAM, {}) if p.meta_prompt]


# What these two apply to makes programs that are too long for a prompt.
WITHOUT = frozenset({"row_tiles", "matmul"})
ALL = [*asked("avx512"), *asked("bang"), *((p, TARGET) for p in LOOP_PASSES)]


@pytest.mark.parametrize(("pass_", "target"), ALL, ids=[f"{p.name}-{t.name}" for p, t in ALL])
def test_every_pass_has_examples_that_keep_the_contract(pass_: Pass, target: Target) -> None:
    examples = examples_of(pass_, target)
    assert examples or pass_.name in WITHOUT
    words = target.vocabulary()
    for example in examples:
        before = parse_module(example.before, instructions=words.instructions, spaces=words.spaces)
        read = read_reply(f"```c\n{example.after}```", before, words.instructions, words.spaces)
        assert isinstance(read, Accepted), read
        old, new = before.kernels[0], read.program.kernels[0]
        # tasks of a machine run on its simulator only
        if stands_alone(old) and stands_alone(new) and old.level != "task" != new.level:
            inputs = inputs_for(before, ())
            assert inputs
            assert isinstance(localise(before, read.program, inputs), Nothing)
