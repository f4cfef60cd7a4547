"""Whatever an endpoint does, a pass ends with a checked result or with the rules'."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mock_model import Behaviour, program_of, serve, text
from tests.llm.helpers import PROGRAM, SOURCE, engine
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.llm.engine import Exchange
from xpiler.passes.base import Applied, Context, NotApplicable
from xpiler.passes.loop_split import PASS

CONTEXT = Context()


def split(code: str) -> str:
    outcome = PASS.rewrite(parse_module(code), CONTEXT)
    assert isinstance(outcome, Applied)
    return print_module(outcome.program)


def right(messages: list[dict[str, str]], _: int) -> Any:
    return 200, text(f"```c\n{split(program_of(messages))}```"), 0.0


def mutated(messages: list[dict[str, str]], _: int) -> Any:
    wrong = split(program_of(messages)).replace("i_tile < n / 64", "i_tile < n / 64 - 1")
    return 200, text(f"```c\n{wrong}```"), 0.0


def better_the_second_time(messages: list[dict[str, str]], count: int) -> Any:
    return mutated(messages, count) if count == 1 else right(messages, count)


def test_a_right_answer_is_accepted_as_it_came() -> None:
    with serve(right) as server:
        asked = engine(server.url)
        proposal = asked.propose(PASS, PROGRAM, CONTEXT)
    assert isinstance(proposal.outcome, Applied)
    assert proposal.origin == "fake"
    assert asked.statistics.counts == {"accepted as it came": 1}
    assert print_module(proposal.outcome.program) == split(SOURCE)


def test_a_wrong_answer_is_told_why_and_may_be_corrected() -> None:
    with serve(better_the_second_time) as server:
        asked = engine(server.url)
        proposal = asked.propose(PASS, PROGRAM, CONTEXT)
    assert asked.statistics.counts == {"accepted after a retry": 1}
    assert isinstance(proposal.outcome, Applied)
    told = server.requests[1]["messages"][-1]["content"]
    assert "results differ" in told
    assert "never written" in told


def garbage(*_: Any) -> Any:
    return 200, text("I cannot help with that."), 0.0


def truncated(messages: list[dict[str, str]], _: int) -> Any:
    return 200, text(f"```c\n{split(program_of(messages))[:120]}", "length"), 0.0


def no_json(*_: Any) -> Any:
    return 200, b"<html>teapot</html>", 0.0


def no_choices(*_: Any) -> Any:
    return (
        200,
        {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": []},
        0.0,
    )


def slow(*_: Any) -> Any:
    return 200, text("late"), 3.0


def too_many(*_: Any) -> Any:
    return 429, {"error": {"message": "slow down sk-topsecret"}}, 0.0


def broken(*_: Any) -> Any:
    return 500, {"error": {"message": "oops"}}, 0.0


def dropped(*_: Any) -> Any:
    return 0, None, 0.0


def huge(*_: Any) -> Any:
    return 200, text("```c\n" + "x" * (2 << 20) + "\n```"), 0.0


@pytest.mark.parametrize(
    "behaviour",
    [mutated, garbage, truncated, no_json, no_choices, slow, too_many, broken, dropped, huge],
)
def test_the_rule_takes_over_when_no_reply_is_right(behaviour: Behaviour) -> None:
    with serve(behaviour) as server:
        asked = engine(server.url, attempts=1, retries=1 if behaviour is not slow else 0)
        seen: list[Exchange] = []
        asked.observe = seen.append
        proposal = asked.propose(PASS, PROGRAM, CONTEXT)
    assert isinstance(proposal.outcome, Applied)
    assert print_module(proposal.outcome.program) == split(SOURCE)
    assert proposal.origin == "rules"
    assert asked.statistics.counts == {"replaced by the rule": 1}
    assert "topsecret" not in proposal.detail + repr(seen) + repr(asked.config)


def test_requests_are_tried_again_on_429_and_5xx_only() -> None:
    with serve(broken) as server:
        engine(server.url, attempts=1, retries=2).propose(PASS, PROGRAM, CONTEXT)
        assert len(server.requests) == 3
    with serve(lambda *_: (400, {"error": {"message": "no"}}, 0.0)) as server:
        engine(server.url, attempts=1, retries=2).propose(PASS, PROGRAM, CONTEXT)
        assert len(server.requests) == 1


def test_auto_asks_only_where_no_rule_applies() -> None:
    with serve(right) as server:
        asked = engine(server.url, "auto")
        asked.propose(PASS, PROGRAM, CONTEXT)
        assert server.requests == []
        hopeless = replace(PASS, rewrite=lambda *_: NotApplicable("no rule"))
        proposal = asked.propose(hopeless, PROGRAM, CONTEXT)
        assert len(server.requests) == 1
    assert isinstance(proposal.outcome, Applied)
    assert asked.statistics.counts == {"rule": 1, "accepted as it came": 1}


def test_a_budget_stops_asking_cleanly() -> None:
    with serve(garbage) as server:
        asked = engine(server.url, attempts=3, max_tokens=200)
        asked.propose(PASS, PROGRAM, CONTEXT)
        asked.propose(PASS, PROGRAM, CONTEXT)
        assert len(server.requests) == 2
    assert asked.statistics.counts == {"replaced by the rule": 2}


def test_a_strong_model_is_asked_after_the_cheap_one() -> None:
    models: list[str] = []

    def by_model(messages: list[dict[str, str]], count: int) -> Any:
        models.append(server.requests[count - 1]["model"])
        return right(messages, count) if models[-1] == "strong" else garbage()

    with serve(by_model) as server:
        asked = engine(server.url, attempts=2, strong_model="strong")
        proposal = asked.propose(PASS, PROGRAM, CONTEXT)
    assert models == ["fake", "fake", "strong"]
    assert proposal.origin == "fake" or isinstance(proposal.outcome, Applied)


def test_samples_are_taken_side_by_side_and_one_right_one_is_enough() -> None:
    def sometimes(messages: list[dict[str, str]], count: int) -> Any:
        return right(messages, count) if count == 2 else garbage()

    with serve(sometimes) as server:
        asked = engine(server.url, attempts=1, samples=3)
        proposal = asked.propose(PASS, PROGRAM, CONTEXT)
        assert len(server.requests) == 3
    assert asked.statistics.counts == {"accepted as it came": 1}
    assert isinstance(proposal.outcome, Applied)


def test_a_recording_replays_bit_for_bit_without_network(tmp_path: Path) -> None:
    record = tmp_path / "replies.jsonl"
    with serve(right) as server:
        first = engine(server.url, record=str(record))
        first.client._inner._inner._sleep = lambda _: None  # type: ignore[attr-defined]
        live = first.propose(PASS, PROGRAM, CONTEXT)
    assert "topsecret" not in record.read_text()
    again = engine("http://127.0.0.1:1/v1", replay=str(record)).propose(PASS, PROGRAM, CONTEXT)
    assert again.outcome == live.outcome


def test_the_repair_is_asked_before_a_retry() -> None:
    with serve(mutated) as server:
        asked = engine(server.url, attempts=1)
        asked.repair = lambda before, _: parse_module(split(print_module(before)))
        proposal = asked.propose(PASS, PROGRAM, CONTEXT)
    assert proposal.detail == "repaired by the solver"
    assert asked.statistics.counts == {"repaired by the solver": 1}


def test_an_echo_is_not_shown_again_and_further_replies_are_varied() -> None:
    """A small model that had answered with the program as it was answered the same for ever."""

    def echo_first(messages: list[dict[str, str]], count: int) -> Any:
        echo = 200, text(f"```c\n{program_of(messages)}```"), 0.0
        return echo if count == 1 else right(messages, count)

    with serve(echo_first) as server:
        asked = engine(server.url)
        asked.propose(PASS, PROGRAM, CONTEXT)
        first, second = server.requests
    assert asked.statistics.counts == {"accepted after a retry": 1}
    assert second["messages"][:-1] == first["messages"][:-1]
    assert "the program is unchanged" in second["messages"][-1]["content"]
    assert (first["temperature"], second["temperature"]) == (0.2, 0.6)
