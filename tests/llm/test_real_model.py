"""The benchmark of a real model, against a server that is none."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import real_model
from benchmarks.engines import Model
from benchmarks.mock_model import serve, text
from benchmarks.proposals.outcome import Outcome, Request, load, markdown
from xpiler.backends.base import Target
from xpiler.backends.registry import load_target

FILES = ["--files", "examples/vector_add", "--subset", "bang/loop_bind,loops/loop_split"]


def right(messages: list[dict[str, str]], _: int) -> Any:
    """The rules' own program for whichever machine is asked about."""
    asked = "\n".join(m["content"] for m in messages)
    found = re.search(r"## What (.*) offers", asked)
    for name in ("avx512", "bang"):
        target = load_target(name)
        if isinstance(target, Target) and found and target.title == found[1]:
            return 200, text(f"```c\n{Model(target).rewritten(messages)}```"), 0.0
    return 400, {}, 0.0


def bench(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["real_model", "--model", "m", *FILES, *arguments])
    return real_model.main()


@pytest.mark.slow
def test_right_replies_are_accepted_and_a_second_run_asks_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jsonl, table, record = (tmp_path / n for n in ("o.jsonl", "o.md", "replies.jsonl"))
    out = ["--jsonl", str(jsonl), "--markdown", str(table), "--jobs", "2"]
    with serve(right) as server:
        arguments = ["--base-url", server.url, *out, "--record", str(record)]
        assert bench(monkeypatch, *arguments) == 0
        asked = len(server.requests)
        assert bench(monkeypatch, *arguments) == 0
        assert (asked, len(server.requests)) == (2, 2)
    rows = jsonl.read_text().splitlines()
    assert len(rows) == 2
    assert "| **all** | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 200 | 100 |" in table.read_text()
    jsonl.unlink()
    assert (
        bench(monkeypatch, *out, "--replay", str(record), "--base-url", "http://127.0.0.1:1") == 0
    )
    assert "| **all** | 2 | 2 | 0 |" in table.read_text()


@pytest.mark.parametrize(
    ("behaviour", "rule"),
    [
        (lambda *_: (200, text("Lovely weather."), 0.0), "no-program"),
        pytest.param(lambda *_: (500, {}, 0.0), "failed", marks=pytest.mark.slow),
    ],
)
def test_wrong_replies_are_told_apart(
    behaviour: Callable[..., Any], rule: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jsonl = tmp_path / "o.jsonl"
    out = ["--jsonl", str(jsonl), "--subset", "loop_split", "--attempts", "1", "--retries", "0"]
    with serve(behaviour) as server:
        assert bench(monkeypatch, "--base-url", server.url, *out) == 0
    row = jsonl.read_text()
    assert f'"rule": "{rule}"' in row
    assert '"how": "replaced by the rule"' in row


@pytest.mark.slow
def test_an_application_that_hangs_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jsonl = tmp_path / "o.jsonl"
    out = ["--jsonl", str(jsonl), "--subset", "loop_split", "--limit", "3"]
    with serve(lambda *_: (200, text("late"), 60.0)) as server:
        assert bench(monkeypatch, "--base-url", server.url, *out) == 1
    assert "no result after 3 s" in jsonl.read_text()
    assert load(jsonl, "") == {}


def test_the_table_counts_what_happened() -> None:
    wrong = Request("refuted", "differs", "y[0]", 10, 5, 0.5)
    good = Request("accepted", "", "", 20, 6, 0.7)
    outcomes = [
        Outcome("a", "p", "accepted after a retry", (wrong, good), 2.0),
        Outcome("b", "q", "not asked", (Request("failed", "too-long", "", 0, 0, 0.0),), 1.0),
    ]
    table = markdown(outcomes)
    assert "| p | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 30 | 11 | 2.0 |" in table
    assert "| **all** | 2 | 0 | 1 | 0 | 0 | 1 | 0 | 30 | 11 | 1.5 |" in table
    assert "| other results than the predecessor | 1 |" in table
    assert "| **all** | 2 |" in table
