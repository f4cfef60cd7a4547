"""A model on a GPU behind the OpenAI protocol, on loopback: `python -m benchmarks.serve_model DIR --gguf m.gguf`.

For machines with a GPU, PyTorch and transformers; elsewhere llama-cpp-python's server does the same (docs/llm.md).
Requests wait in a queue and are answered in batches: whatever waits when the model is free, at one temperature, is
generated side by side. `POST /v1/chat/completions` takes `messages`, `n`, `temperature`, `max_tokens` and `stop`;
`GET /v1/models` names the model. Nothing else of the protocol is there, and nobody but this machine can ask.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

__all__ = ["Generated", "Generator", "Queue", "Row", "TransformersModel", "serving"]

LONGEST_BODY = 8 << 20
DEFAULT_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One text to generate."""

    messages: tuple[tuple[str, str], ...]
    temperature: float
    max_tokens: int
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """`finish` is `stop`, or `length` when the limit cut it off."""

    text: str
    tokens_in: int
    tokens_out: int
    finish: str


class Generator(Protocol):
    """Generates texts side by side; all rows have the same temperature."""

    def __call__(self, rows: Sequence[Row]) -> list[Generated]: ...


@dataclass
class _Job:
    rows: tuple[Row, ...]
    done: threading.Event = field(default_factory=threading.Event)
    results: list[Generated] = field(default_factory=list)
    error: str = ""


class Queue:
    """Jobs in the order of their arrival; a thread of its own answers them in batches of at most `batch` rows."""

    def __init__(self, generate: Generator, batch: int, wait: float = 0.1) -> None:
        self._generate, self._batch, self._wait = generate, batch, wait
        self._jobs: list[_Job] = []
        self._changed = threading.Condition()
        self._open = True
        self.sizes: list[int] = []
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def ask(self, rows: Sequence[Row]) -> list[Generated] | str:
        """The texts, or what went wrong."""
        job = _Job(tuple(rows))
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()
        job.done.wait()
        return job.error or job.results

    def close(self) -> None:
        """Answer nothing more."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join(5)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._jobs) or not self._open)
                if not self._open:
                    return
            time.sleep(self._wait)  # others that ask at the same moment come along
            jobs = self._take()
            rows = [row for job in jobs for row in job.rows]
            self.sizes.append(len(rows))
            start = time.perf_counter()
            try:
                results = self._generate(rows)
            except (
                RuntimeError,
                ValueError,
            ) as error:  # out of memory, a prompt that cannot be read
                for job in jobs:
                    job.error = f"{type(error).__name__}: {str(error)[:300]}"
                    job.done.set()
                continue
            seconds = time.perf_counter() - start
            tokens = sum(r.tokens_out for r in results)
            print(
                f"{len(rows)} texts, {tokens} tokens in {seconds:.1f} s",
                file=sys.stderr,
                flush=True,
            )
            for job in jobs:
                job.results, results = results[: len(job.rows)], results[len(job.rows) :]
                job.done.set()

    def _take(self) -> list[_Job]:
        """The jobs of the next batch: the first, and those at its temperature that fit beside it."""
        with self._changed:
            first = self._jobs[0]
            taken, size = [first], len(first.rows)
            for job in self._jobs[1:]:
                fits = size + len(job.rows) <= self._batch
                if fits and job.rows[0].temperature == first.rows[0].temperature:
                    taken.append(job)
                    size += len(job.rows)
            self._jobs = [job for job in self._jobs if job not in taken]
            return taken


class TransformersModel:
    """A causal language model by transformers: bf16 on the GPU where there is one, from a folder or a GGUF file in it."""

    def __init__(self, folder: str, gguf: str = "", device: str = "cuda") -> None:
        self._torch: Any = importlib.import_module("torch")
        library: Any = importlib.import_module("transformers")
        more = {"gguf_file": gguf} if gguf else {}
        self._tokenizer = library.AutoTokenizer.from_pretrained(folder, padding_side="left", **more)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        kind = self._torch.bfloat16
        model = library.AutoModelForCausalLM.from_pretrained(folder, dtype=kind, **more)
        self._model = model.to(device).eval()
        self._stops = self._stop_tokens()

    def _stop_tokens(self) -> list[int]:
        known = self._tokenizer.get_vocab()
        names = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "</s>")
        found = [known[n] for n in names if n in known]
        return sorted({*found, self._tokenizer.eos_token_id})

    def _prompt(self, row: Row) -> str:
        messages = [{"role": role, "content": content} for role, content in row.messages]
        if self._tokenizer.chat_template:
            text: str = self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
            return text
        # ChatML, which the models that come without a template were trained on
        turns = [f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages]
        return "".join(turns) + "<|im_start|>assistant\n"

    def __call__(self, rows: Sequence[Row]) -> list[Generated]:
        prompts = [self._prompt(row) for row in rows]
        given = self._tokenizer(
            prompts, return_tensors="pt", padding=True, add_special_tokens=False
        ).to(self._model.device)
        width = given["input_ids"].shape[1]
        limits = self._torch.tensor([row.max_tokens for row in rows], device=self._model.device)

        def enough(ids: Any, scores: Any, **_: Any) -> Any:
            del scores
            return (ids.shape[1] - width) >= limits

        heat = rows[0].temperature
        sampling: dict[str, Any] = {"do_sample": False}
        if heat > 0:
            sampling = {"do_sample": True, "temperature": heat, "top_p": 0.95, "top_k": 0}
        with self._torch.inference_mode():
            out = self._model.generate(
                **given,
                max_new_tokens=max(row.max_tokens for row in rows),
                stopping_criteria=[enough],
                eos_token_id=self._stops,
                pad_token_id=self._tokenizer.pad_token_id,
                **sampling,
            )
        lengths = given["attention_mask"].sum(dim=1).tolist()
        new = out[:, width:].tolist()
        return [self._result(*r) for r in zip(rows, new, lengths, strict=True)]

    def _result(self, row: Row, ids: list[int], tokens_in: int) -> Generated:
        end = next((n for n, token in enumerate(ids) if token in self._stops), None)
        finish = "stop" if end is not None and end < row.max_tokens else "length"
        kept = ids[: row.max_tokens if end is None else min(end, row.max_tokens)]
        text: str = self._tokenizer.decode(kept, skip_special_tokens=True)
        return Generated(text, tokens_in, len(kept), finish)


def cut(made: Generated, stop: Sequence[str]) -> Generated:
    """The text up to the first stop string."""
    places = [made.text.find(s) for s in stop if s and s in made.text]
    return (
        Generated(made.text[: min(places)], made.tokens_in, made.tokens_out, "stop")
        if places
        else made
    )


@contextmanager
def serving(queue: Queue, name: str, port: int = 0) -> Iterator[str]:
    """The server on 127.0.0.1, in threads, until the block ends; gives its base URL. Port 0: a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, {"object": "list", "data": [{"id": name, "object": "model"}]})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            if self.path.rstrip("/") != "/v1/chat/completions" or length > LONGEST_BODY:
                self._say(404, {"error": {"message": f"there is no {self.path}"}})
                return
            read = _rows(self.rfile.read(length))
            if isinstance(read, str):
                self._say(400, {"error": {"message": read}})
                return
            made = queue.ask(read)
            if isinstance(made, str):
                self._say(500, {"error": {"message": made}})
                return
            self._say(200, _completion(name, [cut(m, read[0].stop) for m in made]))

        def _say(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

    class Many(ThreadingHTTPServer):
        request_queue_size = 256  # all processes of a benchmark ask at once
        daemon_threads = True

    server = Many(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        queue.close()


def _rows(body: bytes) -> list[Row] | str:
    """The rows that a request asks for, or why it is no request."""
    try:
        given = json.loads(body)
        messages = tuple((str(m["role"]), str(m["content"])) for m in given["messages"])
        stop = given.get("stop") or ()
        row = Row(
            messages,
            float(given.get("temperature", 1.0)),
            int(given.get("max_tokens") or DEFAULT_TOKENS),
            (stop,) if isinstance(stop, str) else tuple(stop),
        )
        return [row] * min(16, max(1, int(given.get("n") or 1)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"this is no chat completion request: {type(error).__name__}: {error}"


def _completion(name: str, made: Sequence[Generated]) -> dict[str, Any]:
    choices = [
        {
            "index": n,
            "finish_reason": m.finish,
            "message": {"role": "assistant", "content": m.text},
        }
        for n, m in enumerate(made)
    ]
    tokens_in, tokens_out = made[0].tokens_in, sum(m.tokens_out for m in made)
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    return {
        "id": f"chatcmpl-{time.time_ns()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": name,
        "choices": choices,
        "usage": {**usage, "total_tokens": tokens_in + tokens_out},
    }


def main() -> int:
    """Load the model and serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="folder of the model")
    parser.add_argument("--gguf", default="", help="a GGUF file in it (needs the package gguf)")
    parser.add_argument("--name", default="model")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=48, help="texts generated side by side")
    parser.add_argument(
        "--wait", type=float, default=0.1, help="seconds in which others may join a batch"
    )
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    model = TransformersModel(given.folder, given.gguf, given.device)
    queue = Queue(model, given.batch, given.wait)
    with serving(queue, given.name, given.port) as url:
        print(f"{given.name} at {url}", file=sys.stderr, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
