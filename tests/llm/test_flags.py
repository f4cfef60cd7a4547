"""The command line's flags about the model, and what a run says of its use: report, summary, trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.engines import Model
from benchmarks.mock_model import serve
from xpiler.backends.base import Target
from xpiler.backends.registry import load_target
from xpiler.cli.main import app
from xpiler.trace.read import Trace, read_trace

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "saxpy.cu"


def translate(*arguments: str) -> tuple[int, str]:
    common = ["translate", str(EXAMPLE), "-t", "avx512", "-o", "-", "--engine", "llm"]
    done = CliRunner().invoke(app, [*common, *arguments])
    return done.exit_code, done.stderr


def manners(*names: str) -> Model:
    target = load_target("avx512")
    assert isinstance(target, Target)
    return Model(target, iter([*names, *["right"] * 20]))


@pytest.mark.slow
def test_flags_reach_the_model_and_the_report_says_what_was_used(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("xpiler.toml").write_text('[llm]\nmodel = "other"\nprice_in = 10.0\nattempts = 3\n')
    with serve(manners("garbage", "mutated")) as server:
        flags = ["--model", "flagged", "--base-url", server.url, "--attempts", "1"]
        files = ["--report", "r.json", "--record", "replies.jsonl", "--trace", "t"]
        status, said = translate(*flags, *files)
        assert status == 0, said
        assert {r["model"] for r in server.requests} == {"flagged"}
        requests = len(server.requests)
    used = json.loads(Path("r.json").read_text())["model"]
    assert used["requests"] == requests
    assert used["tokens_in"] == 100 * requests
    assert used["cost"] > 0
    assert f"model: {requests} requests, {100 * requests} + {50 * requests} tokens, cost" in said
    trace = read_trace(Path("t"))
    assert isinstance(trace, Trace)
    assert any(e["kind"] == "counterexample" for e in trace.events)
    status, _ = translate(*flags, "--base-url", "http://127.0.0.1:1", "--replay", "replies.jsonl")
    assert status == 0


def test_a_budget_on_the_command_line_ends_the_use_of_the_model(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    with serve(manners()) as server:
        flags = ["--model", "m", "--base-url", server.url, "--max-tokens", "100"]
        assert translate(*flags, "--report", str(report), "--no-verify")[0] == 1
        assert len(server.requests) == 1
    assert json.loads(report.read_text())["model"]["requests"] == 1
