"""Run cases: translate as a user would, build what came out, call it, judge it. Nothing stops the run."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.cases import source
from benchmarks.check import DoesNot, check
from benchmarks.emitted import Broken, build, executor_of
from benchmarks.model import Case
from benchmarks.results import Result

__all__ = ["DEFAULT_LIMITS", "Limits", "Translated", "key_of", "run_all", "run_case"]

STATUSES: Final = ("refused", "unverified", "verified")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a translation and a call of its result may take."""

    translate: float = 180
    call: float = 120


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Translated:
    """What `xpiler translate` left: a file or None, its verdict (the worst kernel's), what it said."""

    path: Path | None
    verdict: str
    reason: str
    seconds: float


def key_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def run_all(
    work: Iterable[tuple[Case, str]], jobs: int, limits: Limits, done: Callable[[Result], None]
) -> None:
    """Run each (case, target), `jobs` at a time; `done` is called in this thread as results come in."""
    with (
        tempfile.TemporaryDirectory(prefix="xpiler-bench-") as root,
        ThreadPoolExecutor(jobs) as pool,
    ):
        futures = [
            pool.submit(run_case, case, target, Path(root, str(number)), limits)
            for number, (case, target) in enumerate(work)
        ]
        try:
            for future in as_completed(futures):
                done(future.result())
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def run_case(case: Case, target: str, folder: Path, limits: Limits) -> Result:
    """One case on one target. `folder` is made and holds everything that is written."""
    folder.mkdir(parents=True)
    text = source(case)
    blank = Result(
        case=case.name,
        operator=case.operator.name,
        kind=case.operator.kind,
        style=case.style.name,
        shape=case.shape.label,
        reduction=case.reduction,
        target=target,
        key=key_of(text),
        compiles=False,
        computes=False,
        verdict="refused",
        stage="",
        reason="",
        translate_seconds=0.0,
        run_seconds=0.0,
    )
    translated = translate(text, case.symbol, target, folder, limits.translate)
    known = replace(blank, verdict=translated.verdict, translate_seconds=translated.seconds)
    if translated.path is None:
        return replace(known, stage="translate", reason=translated.reason)
    executor = executor_of(target)
    if isinstance(executor, Broken):
        return replace(known, stage="compile", reason=executor.reason)
    library = build(executor, translated.path)
    if isinstance(library, Broken):
        return replace(known, stage="compile", reason=library.reason)
    outcome = check(library, case, text, folder / "exchange", limit=limits.call)
    if isinstance(outcome, DoesNot):
        return replace(known, compiles=True, stage="run", reason=outcome.reason)
    return replace(
        known,
        compiles=True,
        computes=True,
        reason=translated.reason,
        run_seconds=outcome.seconds,
    )


def translate(text: str, name: str, target: str, folder: Path, limit: float) -> Translated:
    """`xpiler translate` in a process of its own."""
    files, report = folder / "files", folder / "report.json"
    files.mkdir()
    cuda = files / f"{name}.cu"
    cuda.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "xpiler", "translate", str(cuda), "--target", target]
    command += ["--report", str(report), "--quiet", "--jobs", "1"]
    start = time.perf_counter()
    failure = _run_group(command, limit)
    seconds = time.perf_counter() - start
    verdict, reason = _read_report(report)
    written = sorted(path for path in files.iterdir() if path != cuda)
    path = written[0] if written and not failure else None
    return Translated(path, verdict, failure or reason, seconds)


def _run_group(command: list[str], limit: float) -> str:
    """Run with its children as one group that a time-out ends; why it failed, else empty."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"no result after {limit:.0f} s"
    if process.returncode in (0, 1):
        return ""
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    return f"exit status {process.returncode}: {' | '.join(lines[-3:])[:400]}"


def _read_report(path: Path) -> tuple[str, str]:
    """The worst kernel's verdict, and what was said about each kernel that is not verified."""
    if not path.exists():
        return "refused", "no report was written"
    kernels = json.loads(path.read_text(encoding="utf-8"))["kernels"]
    if not kernels:
        return "refused", "no kernel was found"
    worst = min(kernels, key=lambda kernel: STATUSES.index(kernel["status"]))
    return worst["status"], "; ".join(_complaints(kernels))


def _complaints(kernels: list[dict[str, object]]) -> Iterator[str]:
    for kernel in kernels:
        if kernel["status"] != "verified":
            yield f"{kernel['name']}: {kernel['summary']}"
