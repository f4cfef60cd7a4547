"""A real model, asked for single passes: `python -m benchmarks.real_model --base-url URL --model NAME`.

Each application (a program that the rules made, and the next pass) is asked for exactly as a translation with the
engine `llm` does: the same prompt, contract, check, repair and retry. An application runs in a process of its own
and is ended when it takes too long. Outcomes are appended to a file as they come; running again goes on where a run
was left. `--record` and `--replay` as in translations: a recording gives the same table without the model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from benchmarks.proposals.applications import FILES, Application, applications, spread
from benchmarks.proposals.outcome import Outcome, Request, append, load, markdown

__all__ = ["main", "run"]

EACH = 10
DIGESTED = ("model", "samples", "attempts", "temperature", "reply_tokens", "context")


class Processes:
    """Those that are running, so that an interrupt can end them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._stopped = False

    def ask(self, application: Application, llm: Mapping[str, object], limit: float) -> Outcome:
        """The outcome of one application, from a process group of its own."""
        command = [sys.executable, "-m", "benchmarks.proposals.ask"]
        pipe = subprocess.PIPE
        with self._lock:
            if self._stopped:
                return _broken(application, "interrupted", 0.0)
            process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
            )
            self._running.add(process.pid)
        request = json.dumps({"name": application.name, "llm": llm})
        try:
            out, err = process.communicate(request, timeout=limit)
        except subprocess.TimeoutExpired:
            _end(process.pid)
            process.communicate()
            return _broken(application, f"no result after {limit:.0f} s", limit)
        finally:
            with self._lock:
                self._running.discard(process.pid)
        if process.returncode:
            return _broken(application, " | ".join(err.strip().splitlines()[-2:]), 0.0)
        row = json.loads(out)
        return Outcome(**{**row, "requests": tuple(Request(**r) for r in row["requests"])})

    def stop(self) -> None:
        """End all that run; none starts any more."""
        with self._lock:
            self._stopped = True
            for pid in self._running:
                _end(pid)


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _broken(application: Application, reason: str, seconds: float) -> Outcome:
    request = Request("failed", "broken", reason[:300], 0, 0, 0.0)
    return Outcome(application.name, application.group, "broken", (request,), seconds)


def run(
    chosen: Sequence[Application],
    llm: Mapping[str, object],
    jobs: int,
    limit: float,
    done: Callable[[Outcome], None],
) -> None:
    """Ask for each application, `jobs` at a time; `done` is called in this thread as outcomes come."""
    processes = Processes()
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(processes.ask, a, llm, limit) for a in chosen]
        try:
            for future in as_completed(futures):
                done(future.result())
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop()
            raise


def key_of(llm: Mapping[str, object]) -> str:
    """What tells this model with these settings from others."""
    text = json.dumps([llm.get(name) for name in DIGESTED])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000/v1")
    parser.add_argument("--model", required=True)
    parser.add_argument("--jobs", type=int, default=1, help="applications at a time")
    parser.add_argument("--jsonl", type=Path, default=Path("real_model.jsonl"))
    parser.add_argument("--markdown", type=Path, help="where the tables go; default: the terminal")
    parser.add_argument("--subset", default="", help="parts of names (bang/cache), by commas")
    parser.add_argument("--files", default="", help="files (examples/softmax), by commas")
    parser.add_argument("--each", type=int, default=EACH, help="at most so many of a pass; 0: all")
    parser.add_argument(
        "--limit", type=float, default=900.0, help="seconds an application may take"
    )
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--attempts", type=int, default=2)
    parser.add_argument("--temperature", type=float, default=0.2)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds per request")
    parser.add_argument("--retries", type=int, default=3, help="of a request that failed")
    parser.add_argument("--context", type=int, default=6144, help="window: prompt and reply")
    parser.add_argument("--reply-tokens", type=int, default=2048)
    parser.add_argument("--record", default="", help="append every exchange to this file")
    parser.add_argument("--replay", default="", help="answer from such a file")
    parser.add_argument("--list", action="store_true", help="print the applications and end")
    return parser


def _settings(given: argparse.Namespace) -> dict[str, object]:
    names = (
        "base_url",
        "model",
        "samples",
        "attempts",
        "temperature",
        "timeout",
        "retries",
        "context",
    )
    found = {name: getattr(given, name) for name in (*names, "reply_tokens", "record", "replay")}
    for name in ("record", "replay"):
        found[name] = str(Path(found[name]).resolve()) if found[name] else ""
    return found


def _chosen(given: argparse.Namespace) -> tuple[Application, ...]:
    found = list(applications(tuple(given.files.split(",")) if given.files else FILES))
    parts = [p for p in given.subset.split(",") if p]
    return spread([a for a in found if not parts or any(p in a.name for p in parts)], given.each)


def main() -> int:
    """Exit status 0 when every application has an outcome, 1 when some broke, 130 when interrupted."""
    given = _parser().parse_args()
    chosen = _chosen(given)
    if given.list:
        print("\n".join(a.name for a in chosen))
        return 0
    llm = _settings(given)
    key = key_of(llm)
    outcomes = load(given.jsonl, key)
    left = [a for a in chosen if a.name not in outcomes]
    print(f"{len(chosen)} applications, {len(chosen) - len(left)} known already", file=sys.stderr)

    def done(outcome: Outcome) -> None:
        outcome = replace(outcome, key=key)
        outcomes[outcome.name] = outcome
        append(given.jsonl, outcome)
        count = sum(a.name in outcomes for a in chosen)
        line = f"{count:4}/{len(chosen)} {outcome.seconds:7.1f} s  {outcome.how:<23} {outcome.name}"
        print(line, file=sys.stderr, flush=True)

    interrupted = False
    try:
        run(left, llm, given.jobs, given.limit, done)
    except KeyboardInterrupt:
        interrupted = True
        print(f"interrupted; the same command goes on from {given.jsonl}", file=sys.stderr)
    mine = [outcomes[a.name] for a in chosen if a.name in outcomes]
    text = markdown(mine)
    if given.markdown is None:
        print(text, end="")
    else:
        given.markdown.write_text(text, encoding="utf-8")
    return 130 if interrupted else int(any(o.how == "broken" for o in mine))


if __name__ == "__main__":
    sys.exit(main())
