"""Traces: written as they go, read after a crash, shown as text and as a page that escapes everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.ir.parse_c import parse_module
from xpiler.llm.client import Message
from xpiler.llm.engine import Exchange
from xpiler.trace.html import render_html
from xpiler.trace.read import NoTrace, Trace, read_trace, stage_diff
from xpiler.trace.record import CannotTrace, Recorder, open_trace
from xpiler.trace.show import render_text
from xpiler.verify.evidence import Difference

BEFORE = parse_module("__global__ void k(f32 *y) { y[0] = 1.0f; }")
AFTER = parse_module("__global__ void k(f32 *y) { y[0] = 2.0f; }")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recorder = open_trace(tmp_path / "t")
    assert isinstance(recorder, Recorder)
    recorder.begin("k.cu", f"// {HOSTILE}\n", "avx512", {"engine": "llm"})
    exchange = Exchange(
        "tensorize", (Message("user", HOSTILE),), HOSTILE, "accepted", "", "m", 3, 4, 0.5
    )
    recorder.exchange("k", exchange)
    recorder.stage("k", "tensorize", "applied", BEFORE, AFTER, seconds=0.25, notes=("16 lanes",))
    recorder.query("k", "fill a hole", "(check-sat)", "sat", 0.01)
    wrong = Difference("sizes n=3", 1, "y", 2, "1.0", "2.0", HOSTILE)
    recorder.counterexample("k", "tensorize", wrong, AFTER)
    recorder.verdict("k", {"kind": "tested"}, "tested: 3 shapes")
    recorder.output(f"void k(float *y); // {HOSTILE}\n", ".c")
    return tmp_path / "t"


def test_it_reads_back(folder: Path) -> None:
    trace = read_trace(folder)
    assert isinstance(trace, Trace)
    assert trace.kernels == ("k",)
    (stage,) = trace.of("k", "stage")
    assert stage_diff(trace, stage)[1:] == (
        " __global__ void k(f32 *y) {",
        "-  y[0] = 1.0f;",
        "+  y[0] = 2.0f;",
        " }",
    )


def test_a_line_cut_short_is_left_out(folder: Path) -> None:
    path = folder / "events.jsonl"
    path.write_text(path.read_text()[:-15])
    trace = read_trace(folder)
    assert isinstance(trace, Trace)
    assert trace.cut
    assert len(trace.events) == 5
    assert "cut short" in render_text(trace)
    assert "cut short" in render_html(trace)


def test_text(folder: Path) -> None:
    trace = read_trace(folder)
    assert isinstance(trace, Trace)
    text = render_text(trace, diffs=True)
    for piece in (
        "k.cu to avx512",
        "tensorize",
        "16 lanes",
        "+  y[0] = 2.0f;",
        "counterexample for tensorize: y[2]: expected 1.0, got 2.0",
        "=> tested: 3 shapes",
        "the finished file: ",
        "output.c",
    ):
        assert piece in text


def test_the_page_escapes_what_it_shows(folder: Path) -> None:
    trace = read_trace(folder)
    assert isinstance(trace, Trace)
    page = render_html(trace)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert "(check-sat)" in page
    assert "expected 1.0, got 2.0" in page
    assert "tested: 3 shapes" in page
    assert 'id="output"' in page
    assert "1 of 1 passes applied" in page


def test_files_outside_the_folder_are_not_read(folder: Path) -> None:
    trace = read_trace(folder)
    assert isinstance(trace, Trace)
    (folder.parent / "secret").write_text("x")
    assert trace.text("../secret") == ""


def test_a_folder_in_use_is_refused(folder: Path, tmp_path: Path) -> None:
    assert isinstance(open_trace(folder), CannotTrace)
    assert isinstance(read_trace(tmp_path), NoTrace)
