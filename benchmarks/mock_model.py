"""A real HTTP server on loopback that speaks the OpenAI protocol and behaves as it is told."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Behaviour", "Server", "program_of", "serve", "text"]

# What to do with a request's messages: a status, a body (or bytes as they are), a delay in seconds.
Answer = tuple[int, Any, float]
Behaviour = Callable[[list[dict[str, str]], int], Answer]


def program_of(messages: list[dict[str, str]]) -> str:
    """The program that is to be rewritten: the last one asked for, those before it are examples."""
    heading = "## The program\n"
    request = [m["content"] for m in messages if m["role"] == "user" and heading in m["content"]][
        -1
    ]
    blocks: list[str] = re.findall(r"```c\n(.*?)```", request, re.DOTALL)
    return blocks[-1]


def text(content: str, finish: str = "stop") -> dict[str, Any]:
    """A chat completion that says `content`."""
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "fake",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content},
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }


class Server:
    """Counts requests and keeps what it was asked."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""


@contextmanager
def serve(behaviour: Behaviour) -> Iterator[Server]:
    """The server, on a free port of 127.0.0.1, until the block ends."""
    state = Server(behaviour)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = json.loads(body)
            state.requests.append(request)
            state.headers.append(dict(self.headers))
            status, answer, delay = state.behaviour(request["messages"], len(state.requests))
            time.sleep(delay)
            if status == 0:
                self.connection.close()
                return
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError, ValueError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
