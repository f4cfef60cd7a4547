"""A right program that is not the step that was asked for is told apart from one that is."""

from __future__ import annotations

from tests.llm.helpers import PROGRAM, SOURCE
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.llm.steps import not_taken
from xpiler.passes import loop_recovery, loop_split
from xpiler.passes.base import Applied, Context, Pass

THREADS = parse_module(
    "__global__ void k(const f32 *x, f32 *y, i32 n) {\n"
    "  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);\n"
    "  if (i < n) {\n    y[i] = x[i];\n  }\n}\n"
)


def by_rule(pass_: Pass, program: Module) -> Module:
    outcome = pass_.rewrite(program, Context())
    assert isinstance(outcome, Applied)
    return outcome.program


def test_the_rules_own_result_is_the_step() -> None:
    for pass_, program in ((loop_split.PASS, PROGRAM), (loop_recovery.PASS, THREADS)):
        made = by_rule(pass_, program)
        assert not_taken(program, made, made) == ""


def test_another_way_to_split_is_the_step_too() -> None:
    body = "    y[i] = x[i] * 2.0f;"
    guarded = SOURCE.replace("i32 i = 0; i < n; i += 1", "i32 t = 0; t < n; t += 8").replace(
        body,
        f"    for (i32 i = t; i < min(t + 8, n); i += 1) {{\n  {body}\n    }}",
    )
    assert not_taken(PROGRAM, by_rule(loop_split.PASS, PROGRAM), parse_module(guarded)) == ""


def test_a_program_that_only_stays_right_is_not_the_step() -> None:
    idle = parse_module(SOURCE.replace("x[i] * 2.0f", "2.0f * x[i]"))
    assert "loops" in not_taken(PROGRAM, by_rule(loop_split.PASS, PROGRAM), idle)


def test_recovery_must_reach_the_level_of_loops() -> None:
    idle = parse_module(
        "__global__ void k(const f32 *x, f32 *y, i32 n) {\n"
        "  if ((i32)(blockIdx.x * blockDim.x + threadIdx.x) < n) {\n"
        "    y[(i32)(blockIdx.x * blockDim.x + threadIdx.x)] = "
        "x[(i32)(blockIdx.x * blockDim.x + threadIdx.x)];\n  }\n}\n"
    )
    assert "level simt" in not_taken(THREADS, by_rule(loop_recovery.PASS, THREADS), idle)
