"""Pass lists: skipped passes, ill-formed candidates, required passes, labels, knobs."""

from __future__ import annotations

from dataclasses import replace

from xpiler.driver.pipeline import run_pipeline
from xpiler.ir import build
from xpiler.ir.nodes import Assign, Module, Store
from xpiler.ir.parse_c import parse_module
from xpiler.passes.base import Applied, Context, Knob, NotApplicable, Outcome, Pass, Unsupported

PROGRAM = parse_module("__global__ void k(f32 *y, i32 n) { y[0] = 1.0f; }")


def make(name: str, outcome: Outcome, required: bool = False) -> Pass:
    return Pass(name, "scalar", "a", "b", lambda _p, _c: outcome, required=required)


def with_body(*stmts: object) -> Module:
    kernel = replace(PROGRAM.kernels[0], body=stmts)  # type: ignore[arg-type]
    return replace(PROGRAM, kernels=(kernel,))


GOOD = with_body(Store("y", (build.i32(0),), build.f32(2)))
BAD = with_body(Assign("nowhere", build.i32(0)))


def test_a_pass_that_does_not_apply_leaves_the_program() -> None:
    run = run_pipeline(PROGRAM, (make("a", NotApplicable("no loop")), make("b", Applied(GOOD))), {})
    assert [(s.verdict, s.reason) for s in run.stages] == [("skipped", "no loop"), ("applied", "")]
    assert run.program == GOOD


def test_an_ill_formed_candidate_is_never_taken() -> None:
    run = run_pipeline(PROGRAM, (make("a", Applied(BAD)),), {})
    assert run.stages[0].verdict == "ill-formed"
    assert "nowhere" in run.stages[0].reason
    assert run.program == PROGRAM
    assert run.failure is None


def test_a_required_pass_that_fails_ends_the_run() -> None:
    refusal = Unsupported("XP2001", "a barrier in divergent code")
    passes = (make("a", refusal, required=True), make("b", Applied(GOOD)))
    run = run_pipeline(PROGRAM, passes, {})
    assert run.failure == refusal
    assert len(run.stages) == 1
    ill = run_pipeline(PROGRAM, (make("a", Applied(BAD), required=True),), {})
    assert ill.failure is not None


def test_a_pass_may_be_left_out_by_its_label() -> None:
    passes = (make("a", Applied(GOOD)), make("a", Applied(GOOD)))
    run = run_pipeline(PROGRAM, passes, {}, disabled=["a#2"])
    assert [(s.name, s.verdict) for s in run.stages] == [("a", "applied"), ("a#2", "disabled")]


def test_knobs_reach_the_pass() -> None:
    knob = Knob("factor", (8, 16), 8, "")
    seen: list[object] = []

    def rewrite(_: Module, context: Context) -> Outcome:
        seen.append((context.knob(knob), context.facts["lanes"]))
        return NotApplicable("")

    pass_ = Pass("a", "loop", "", "", rewrite, (knob,))
    run_pipeline(PROGRAM, (pass_,), {"lanes": 4})
    run_pipeline(PROGRAM, (pass_,), {"lanes": 4}, knobs={"a": {"factor": 16}})
    assert seen == [(8, 4), (16, 4)]
