"""Ask a model: an OpenAI-compatible endpoint, a recording of one, with a budget around either."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xpiler.records import dataclass

if TYPE_CHECKING:
    from openai import OpenAI

from xpiler.llm.config import LlmConfig

__all__ = [
    "Client",
    "Exhausted",
    "Failed",
    "Message",
    "OpenAiClient",
    "Recorder",
    "Replayer",
    "Reply",
    "Spent",
    "make_client",
]

LONGEST_REPLY = 256 << 10
VARIED = 0.6  # temperature of all replies but the first


@dataclass(frozen=True, slots=True)
class Message:
    """`role`: system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's text. `complete` is False when it was cut off by a limit."""

    text: str
    model: str
    tokens_in: int
    tokens_out: int
    seconds: float
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """No reply, and why (never with the key in it)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The budget is used up; nothing was asked."""

    reason: str


Answer = Reply | Failed | Exhausted


class Client(Protocol):
    """`sample` tells apart several replies to one prompt."""

    def ask(self, messages: Sequence[Message], model: str, sample: int) -> Answer: ...


class OpenAiClient:
    """The `openai` library with our own bounded retries: backoff on 429, 5xx and broken connections."""

    def __init__(self, config: LlmConfig, sleep: Callable[[float], None] = time.sleep) -> None:
        self._config, self._sleep = config, sleep
        self._jitter = random.Random(0)
        self._library: OpenAI | None = None
        self._lock = threading.Lock()

    def _client(self) -> OpenAI:
        # importing takes a second: only when something is asked
        with self._lock:
            if self._library is None:
                from openai import OpenAI

                self._library = OpenAI(
                    base_url=self._config.base_url,
                    api_key=self._config.key.value or "none",
                    timeout=self._config.timeout,
                    max_retries=0,
                )
            return self._library

    def ask(self, messages: Sequence[Message], model: str, sample: int) -> Answer:
        """One reply, after up to `retries` further tries."""
        reason = ""
        for attempt in range(self._config.retries + 1):
            if attempt:
                self._sleep(min(30.0, 0.5 * 2**attempt) * (0.5 + self._jitter.random()))
            answer, again = self._once(messages, model, sample)
            if isinstance(answer, Reply) or not again:
                return answer
            reason = answer.reason
        return Failed(f"{reason} ({self._config.retries + 1} tries)")

    def _once(
        self, messages: Sequence[Message], model: str, sample: int
    ) -> tuple[Reply | Failed, bool]:
        import openai

        start = time.perf_counter()
        try:
            done = self._client().chat.completions.create(
                model=model,
                messages=[{"role": m.role, "content": m.content} for m in messages],  # type: ignore[misc]
                # at a low temperature a second reply would be the first one again
                temperature=max(self._config.temperature, VARIED if sample else 0.0),
                max_tokens=self._config.reply_tokens,
            )
        except openai.APIStatusError as error:
            again = error.status_code == 429 or error.status_code >= 500
            return self._failed(f"HTTP {error.status_code}", error), again
        except openai.APITimeoutError:
            return Failed(f"no reply within {self._config.timeout:g} s"), True
        except openai.APIConnectionError as error:
            return self._failed("the connection failed", error), True
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # a server that does not speak the protocol
            return self._failed("the reply could not be read", error), False
        return _reply(done, model, time.perf_counter() - start), False

    def _failed(self, what: str, error: Exception) -> Failed:
        detail = " ".join(self._config.key.scrub(str(error)).split())
        return Failed(f"{what}: {detail[:200]}")


def _reply(done: object, model: str, seconds: float) -> Reply | Failed:
    choices = getattr(done, "choices", None)
    text = getattr(getattr(choices[0], "message", None), "content", None) if choices else None
    if not isinstance(text, str):
        return Failed("the reply holds no text")
    if len(text) > LONGEST_REPLY:
        return Failed(f"the reply is longer than {LONGEST_REPLY >> 10} KiB")
    usage = getattr(done, "usage", None)
    tokens_in = getattr(usage, "prompt_tokens", 0) or 0
    tokens_out = getattr(usage, "completion_tokens", 0) or 0
    complete = getattr(choices[0], "finish_reason", "stop") != "length" if choices else True
    return Reply(text, model, tokens_in, tokens_out, seconds, complete)


def _digest(messages: Sequence[Message], model: str, sample: int) -> str:
    text = json.dumps([model, sample, *(asdict(m) for m in messages)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Recorder:
    """Appends every exchange to a JSON-lines file, which `Replayer` answers from."""

    def __init__(self, inner: Client, path: Path) -> None:
        self._inner, self._path = inner, path
        self._lock = threading.Lock()

    def ask(self, messages: Sequence[Message], model: str, sample: int) -> Answer:
        answer = self._inner.ask(messages, model, sample)
        kind = {Reply: "reply", Failed: "failed", Exhausted: "exhausted"}[type(answer)]
        row = {
            "key": _digest(messages, model, sample),
            "messages": [asdict(m) for m in messages],
            "kind": kind,
            "answer": asdict(answer),
        }
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        # one unbuffered write: processes that share a recording do not cut into each other's lines
        with self._lock, self._path.open("ab", buffering=0) as stream:
            stream.write(line)
        return answer


class Replayer:
    """Answers from a recording, bit for bit, without network."""

    def __init__(self, path: Path) -> None:
        self._answers: dict[str, Answer] = {}
        kinds: Mapping[str, type[Reply] | type[Failed] | type[Exhausted]] = {
            "reply": Reply,
            "failed": Failed,
            "exhausted": Exhausted,
        }
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            self._answers[row["key"]] = kinds[row["kind"]](**row["answer"])

    def ask(self, messages: Sequence[Message], model: str, sample: int) -> Answer:
        found = self._answers.get(_digest(messages, model, sample))
        return found if found is not None else Failed("the recording has no reply to this prompt")


class Spent:
    """A client with a budget: counts tokens and money, and stops asking when either is used up."""

    def __init__(self, inner: Client, config: LlmConfig) -> None:
        self._inner, self._config = inner, config
        self._lock = threading.Lock()
        self.tokens_in = 0
        self.tokens_out = 0
        self.requests = 0

    @property
    def cost(self) -> float:
        """Money spent, in the unit of the configured prices."""
        spent = self.tokens_in * self._config.price_in + self.tokens_out * self._config.price_out
        return spent / 1e6

    def ask(self, messages: Sequence[Message], model: str, sample: int) -> Answer:
        with self._lock:
            stop = self._stop()
            self.requests += not stop
        if stop:
            return Exhausted(stop)
        answer = self._inner.ask(messages, model, sample)
        if isinstance(answer, Reply):
            with self._lock:
                self.tokens_in += answer.tokens_in
                self.tokens_out += answer.tokens_out
        return answer

    def _stop(self) -> str:
        total, config = self.tokens_in + self.tokens_out, self._config
        if config.max_tokens and total >= config.max_tokens:
            return f"the budget of {config.max_tokens} tokens is used up"
        if config.max_cost and self.cost >= config.max_cost:
            return f"the budget of {config.max_cost:g} is used up"
        return ""


def make_client(config: LlmConfig) -> Spent:
    """The client that the configuration asks for."""
    inner: Client = Replayer(Path(config.replay)) if config.replay else OpenAiClient(config)
    if config.record:
        inner = Recorder(inner, Path(config.record))
    return Spent(inner, config)
