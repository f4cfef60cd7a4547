"""Runs a program in a fresh process that can do little: limits, no network, a read-only file system.

What could not be enforced is part of the result (`Sandbox.missing`), so that it can be said once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from xpiler.records import dataclass
from xpiler.verify.run.build import Built, build_sandbox

__all__ = ["Finished", "Limits", "NotStarted", "Sandbox", "TimedOut", "probe", "run"]


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` of wall-clock time (processor time is limited to the same per core), bytes, processes."""

    seconds: float = 60.0
    memory_bytes: int = 16 << 30
    file_bytes: int = 4 << 30
    processes: int = 512
    output_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What held during a run, in words: `network`, `read-only files`, `time`, ..."""

    enforced: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The process ended by itself: `code` is its exit status, negative for a signal."""

    code: int
    stdout: str
    stderr: str
    sandbox: Sandbox


@dataclass(frozen=True, slots=True)
class TimedOut:
    """It was killed, with all that it had started."""

    seconds: float
    stdout: str
    stderr: str
    sandbox: Sandbox


@dataclass(frozen=True, slots=True)
class NotStarted:
    reason: str


_WORDS = {
    "network": "no network",
    "read_only": "read-only files",
    "time": "processor time",
    "memory": "memory",
    "file_size": "file size",
    "processes": "number of processes",
    "privileges": "no new privileges",
}
_BARE = Sandbox(("wall-clock time", "own process group"), tuple(_WORDS.values()))


def run(
    command: Sequence[str],
    work: Path,
    limits: Limits | None = None,
    env: dict[str, str] | None = None,
) -> Finished | TimedOut | NotStarted:
    """Runs `command` (absolute program path first) in `work`, the only folder it may write."""
    limits = limits or Limits()
    helper = build_sandbox()
    read_end, write_end = os.pipe()
    try:
        wrapped = _wrapped(command, work, limits, helper, write_end)
        try:
            process = subprocess.Popen(
                wrapped,
                cwd=work,
                env=_environment(work, env or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(write_end,),
                start_new_session=True,
            )
        except OSError as error:
            return NotStarted(str(error))
        os.close(write_end)
        write_end = -1
        return _wait(process, limits, read_end)
    finally:
        os.close(read_end)
        if write_end >= 0:
            os.close(write_end)


def _wrapped(
    command: Sequence[str], work: Path, limits: Limits, helper: object, report: int
) -> list[str]:
    if not isinstance(helper, Built):
        return list(command)
    cores = os.cpu_count() or 1
    return [
        str(helper.path),
        str(report),
        str(int(limits.seconds * cores) + 1),
        str(limits.memory_bytes),
        str(limits.file_bytes),
        str(limits.processes),
        str(work.resolve()),
        *command,
    ]


def _environment(work: Path, extra: dict[str, str]) -> dict[str, str]:
    """Nothing of the caller's but what programs need; secrets in variables stay outside."""
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "LD_LIBRARY_PATH") if k in os.environ}
    return {**kept, "HOME": str(work), "TMPDIR": str(work), "OMP_NUM_THREADS": "2", **extra}


def _wait(
    process: subprocess.Popen[bytes], limits: Limits, report: int
) -> Finished | TimedOut | NotStarted:
    timed_out = False
    try:
        out, err = process.communicate(timeout=limits.seconds)
    except subprocess.TimeoutExpired:
        timed_out = True
        _kill_group(process)
        out, err = process.communicate()
    finally:
        _kill_group(process)
    sandbox = _sandbox(os.read(report, 4096).decode())
    stdout = out[: limits.output_bytes].decode(errors="replace")
    stderr = err[: limits.output_bytes].decode(errors="replace")
    if timed_out:
        return TimedOut(limits.seconds, stdout, stderr, sandbox)
    if process.returncode in (125, 126) and not stdout:
        return NotStarted(stderr.strip() or "the sandbox could not be set up")
    return Finished(process.returncode, stdout, stderr, sandbox)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _sandbox(report: str) -> Sandbox:
    if not report:
        return _BARE
    states = dict(item.split("=") for item in report.split())
    enforced = tuple(w for k, w in _WORDS.items() if states.get(k) == "1")
    missing = tuple(w for k, w in _WORDS.items() if states.get(k) != "1")
    return Sandbox(("wall-clock time", "own process group", *enforced), missing)


@functools.cache
def probe() -> Sandbox:
    """What this machine lets the sandbox enforce."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="xpiler-") as folder:
        done = run(("/bin/true",), Path(folder), Limits(seconds=10))
    return _BARE if isinstance(done, NotStarted) else done.sandbox
