"""What the solver is asked, and what refutes a candidate, reach a run's trace."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import z3

from xpiler.api import Settings, translate
from xpiler.driver.pipeline import Stage
from xpiler.driver.recording import Recording
from xpiler.driver.report import Report
from xpiler.ir.parse_c import parse_module
from xpiler.synth.proofs.prove import prove
from xpiler.trace.read import Trace, read_trace
from xpiler.trace.record import Recorder, open_trace
from xpiler.verify.evidence import Difference, Proved

SOURCE = """\
__global__ void twice(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 2.0f * in[i];
}
"""
BEFORE = parse_module(
    "__global__ void k(i32 *y, i32 n) { for (i32 i = 0; i < n; i += 1) { y[i] = i; } }"
)
AFTER = parse_module(
    "__global__ void k(i32 *y, i32 n) { for (i32 j = 0; j < n - 1; j += 1) { y[j + 1] = j + 1; } }"
)


def answers(trace: Trace, kernel: str) -> list[tuple[str, str]]:
    """Of each recorded question the answer that is written down, and the one that its text gives now."""
    out = []
    for event in trace.of(kernel, "query"):
        solver = z3.Solver()
        solver.set("timeout", 4000)
        text = trace.text(str(event["file"]))
        assert "(check-sat)" in text
        solver.from_string(text)
        out.append((str(event["answer"]), str(solver.check())))
    return out


def test_the_questions_of_a_proof_can_be_asked_again(tmp_path: Path) -> None:
    source = tmp_path / "twice.cu"
    source.write_text(SOURCE, encoding="utf-8")
    settings = Settings(verify=False, prove=True, trace=tmp_path / "trace", out=tmp_path / "out.c")
    report = translate(source, "avx512", settings)
    assert isinstance(report, Report)
    trace = read_trace(tmp_path / "trace")
    assert isinstance(trace, Trace)
    asked = answers(trace, "twice")
    assert asked
    assert all(written == again for written, again in asked if written != "unknown")
    assert any(written == "unsat" for written, _ in asked)
    purposes = {str(e["purpose"]).split(": ")[-1] for e in trace.of("twice", "query")}
    assert purposes == {"proof", "memory"}
    (memory,) = trace.of("twice", "memory")
    assert memory["verdict"]["shown"]
    assert memory["lines"][0] == "bounds: proved for all sizes (2 of 2 accesses)"
    proofs = trace.of("twice", "proof")
    assert any("proved" in str(e["summary"]) for e in proofs)


def test_a_stage_takes_its_questions_and_counterexamples_along(tmp_path: Path) -> None:
    recorder = open_trace(tmp_path / "trace")
    assert isinstance(recorder, Recorder)
    recorder.begin("k.cu", "", "avx512", {})
    recording = Recording(recorder)
    assert not isinstance(prove(BEFORE, AFTER, note=partial(recording.query, "repair")), Proved)
    recording.difference(Difference("sizes n=3", 0, "y", 0, "0", "7", "differs"), AFTER)
    recording.stage("k", Stage("loop_fuse", "applied", "", (), BEFORE, AFTER, 0.1))
    recording.stage("k", Stage("fold", "skipped", "", (), AFTER, AFTER, 0.1))
    trace = read_trace(tmp_path / "trace")
    assert isinstance(trace, Trace)
    asked = answers(trace, "k")
    assert any(answer == "sat" for answer, _ in asked)
    # each is told once, of the stage that it was asked for
    assert {e["purpose"] for e in trace.of("k", "query")} == {"loop_fuse: repair"}
    (refuted,) = trace.of("k", "counterexample")
    assert refuted["stage"] == "loop_fuse"
    facts = json.loads(trace.text(str(refuted["file"])))
    assert (facts["buffer"], facts["expected"], facts["got"]) == ("y", "0", "7")
