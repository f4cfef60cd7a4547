"""A run in which a model's reply is wrong and the solver mends it: the trace tells what happened, and its page shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import z3

from benchmarks.mock_model import program_of, serve, text
from xpiler.api import Settings, translate
from xpiler.driver.report import Report
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes import loop_recovery
from xpiler.passes.base import Applied, Context
from xpiler.trace.html import render_html
from xpiler.trace.read import Trace, read_trace
from xpiler.trace.show import render_text

SOURCE = """\
__global__ void twice(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 2.0f * in[i];
}
void run(const float *in, float *out, int n) {
  float *a, *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  twice<<<(n + 63) / 64, 64>>>(a, b, n);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}
"""


def wrong_at_first(messages: list[dict[str, str]], count: int) -> Any:
    """The threads as a loop, which ends early: the other passes are left to the rules."""
    del count
    if not any("# The step: loop_recovery" in m["content"] for m in messages):
        return 200, text("I cannot help with that."), 0.0
    outcome = loop_recovery.PASS.rewrite(parse_module(program_of(messages)), Context())
    assert isinstance(outcome, Applied)
    right = print_module(outcome.program)
    assert right.count("< 64;") == 1
    return 200, text(f"```c\n{right.replace('< 64;', '< 61;')}```"), 0.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Trace]:
    folder = tmp_path_factory.mktemp("repair")
    source = folder / "twice.cu"
    source.write_text(SOURCE, encoding="utf-8")
    with serve(wrong_at_first) as server:
        llm = {"base_url": server.url, "model": "fake", "attempts": 1}
        settings = Settings(
            engine="llm", trace=folder / "trace", out=folder / "twice.c", llm=llm, verify=False
        )
        report = translate(source, "avx512", settings)
    assert isinstance(report, Report)
    trace = read_trace(folder / "trace")
    assert isinstance(trace, Trace)
    return report, trace


def test_the_reply_is_mended_and_the_report_says_so(run: tuple[Report, Trace]) -> None:
    report, _ = run
    (kernel,) = report.kernels
    mended = [p for p in kernel.passes if p.detail == "repaired by the solver"]
    assert [p.name for p in mended] == ["loop_recovery"]
    assert mended[0].origin == "fake"
    assert report.model is not None
    assert report.model.outcomes["repaired by the solver"] == 1


def test_the_counterexample_and_the_wrong_program_are_kept(run: tuple[Report, Trace]) -> None:
    _, trace = run
    (refuted,) = trace.of("twice", "counterexample")
    assert refuted["stage"] == "loop_recovery"
    assert "< 61;" in trace.text(str(refuted["program"]))
    assert json.loads(trace.text(str(refuted["file"])))["buffer"] == "out"
    stage = next(s for s in trace.of("twice", "stage") if s["name"] == "loop_recovery")
    assert "< 61;" not in trace.text(str(stage["after"]))


def test_the_questions_of_the_search_are_kept_and_can_be_asked_again(
    run: tuple[Report, Trace],
) -> None:
    _, trace = run
    asked = trace.of("twice", "query")
    assert asked
    assert {q["purpose"] for q in asked} == {"loop_recovery: repair"}
    assert any(q["answer"] == "sat" for q in asked)
    for query in asked:
        solver = z3.Solver()
        solver.set("timeout", 4000)
        solver.from_string(trace.text(str(query["file"])))
        assert str(solver.check()) in (query["answer"], "unknown")


def test_the_page_and_the_text_show_them(run: tuple[Report, Trace]) -> None:
    _, trace = run
    page, shown = render_html(trace), render_text(trace)
    assert "repaired by the solver" in page
    assert "Counterexamples" in page
    assert "&lt; 61;" in page
    assert "(check-sat)" in page
    assert "counterexample for loop_recovery" in shown
    assert "solver: loop_recovery: repair: sat" in shown
