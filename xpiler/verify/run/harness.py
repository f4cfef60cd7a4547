"""Runs entries of a built program on given arguments: one process for the program, a fork for each run.

The other side is `runtime/src/harness.cpp`. Buffers stand between guard pages and end at one, so that
reading or writing one element too far is a fault; faults, wrong launches and time-outs are values.
"""

from __future__ import annotations

import re
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from xpiler.records import dataclass
from xpiler.verify.run import sandbox
from xpiler.verify.run.sandbox import Limits, Sandbox

__all__ = [
    "Argument",
    "BufferArg",
    "Execution",
    "Run",
    "RunFailed",
    "RunOk",
    "RunResult",
    "ScalarArg",
    "SymbolArg",
    "execute",
    "execute_all",
]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class BufferArg:
    """A buffer of `nbytes`: holds `data` (any dtype, C order), or the byte `poison` everywhere.

    `read_only` maps it so: a write is a fault. It ends exactly at a guard page, so it starts aligned to `align`
    only if `nbytes` is a multiple of it or `align` is given (16 for vector accesses: then up to 15
    bytes before the guard page are checked after the run instead).
    """

    data: Array | None
    nbytes: int
    poison: int = 0xFF
    read_only: bool = False
    align: int = 1

    @staticmethod
    def of(data: Array, *, read_only: bool = False) -> BufferArg:
        return BufferArg(data, data.nbytes, read_only=read_only)

    @staticmethod
    def poisoned(nbytes: int, poison: int = 0xFF) -> BufferArg:
        return BufferArg(None, nbytes, poison)


@dataclass(frozen=True, slots=True)
class ScalarArg:
    """A value of a scalar parameter, as its bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class SymbolArg:
    """Data at file scope (`__constant__`, `__device__`) by its name: set to `data` first, read back afterwards.

    It is no parameter: it takes no place among the entry's arguments.
    """

    name: str
    data: bytes | None
    nbytes: int


Argument = BufferArg | ScalarArg | SymbolArg


@dataclass(frozen=True, slots=True)
class Run:
    """One call of entry `entry`. `seed` 0 runs threads in order, another one shuffles them.

    `poison` fills shared memory before each block; `seconds` of processor time is the run's limit; `unchecked` lets
    indices beyond one dimension of an array pass; `lockstep` makes lanes wait for one another at volatile accesses of
    shared memory.
    """

    entry: int
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int = 0
    args: tuple[Argument, ...] = ()
    seed: int = 0
    warp_size: int = 32
    cooperative: bool = False
    poison: int = 0xFF
    seconds: int = 20
    unchecked: bool = False
    lockstep: bool = False


@dataclass(frozen=True, slots=True)
class RunOk:
    """`buffers` has one array (the input's dtype and shape, or bytes) per buffer and symbol, in order.

    Read-only buffers come back as they were given. `seconds` is the time of the call alone.
    """

    buffers: tuple[Array, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFailed:
    """`kind` is a stable word (`out-of-bounds access`, `divergence`, `time-out`, ...), `place` says where."""

    reason: str
    kind: str
    place: str = ""


RunResult = RunOk | RunFailed


@dataclass(frozen=True, slots=True)
class Execution:
    """What `execute_all` gives: results in the order of the runs, and what the sandbox enforced."""

    results: tuple[RunResult, ...]
    sandbox: Sandbox | None
    stdout: str = ""


def execute(
    binary: Path, runs: Sequence[Run], limits: Limits | None = None
) -> tuple[RunResult, ...]:
    """The results of `runs`, in order. A run that fails says why and disturbs no other."""
    return execute_all(binary, runs, limits).results


def execute_all(binary: Path, runs: Sequence[Run], limits: Limits | None = None) -> Execution:
    """As `execute`, with the sandbox's state and what the program printed.

    A run that fails only because a vector access is not aligned is repeated with all buffers aligned to
    16 bytes, as device allocations are.
    """
    first = _execute_once(binary, runs, limits)
    again = [
        i
        for i, r in enumerate(first.results)
        if isinstance(r, RunFailed) and r.kind == "misaligned access" and not _aligned(runs[i])
    ]
    if not again:
        return first
    second = _execute_once(binary, [_align(runs[i]) for i in again], limits)
    results = list(first.results)
    for i, result in zip(again, second.results, strict=True):
        results[i] = result
    return replace(first, results=tuple(results))


def _aligned(run: Run) -> bool:
    return all(a.align % 16 == 0 for a in run.args if isinstance(a, BufferArg))


def _align(run: Run) -> Run:
    return replace(
        run,
        args=tuple(replace(a, align=16) if isinstance(a, BufferArg) else a for a in run.args),
    )


PATIENCE: Final = 8
"""A run's seconds are of processor time; on the clock it may take this many times as long (harness.cpp)."""


def _execute_once(binary: Path, runs: Sequence[Run], limits: Limits | None) -> Execution:
    if not runs:
        return Execution((), None)
    limits = limits or Limits(seconds=PATIENCE * sum(r.seconds for r in runs) + 5.0)
    with tempfile.TemporaryDirectory(prefix="xpiler-") as folder:
        work = Path(folder)
        with (work / "runs").open("wb") as file:
            for part in _encode(runs):
                file.write(part)
        done = sandbox.run((str(binary), str(work / "runs"), str(work / "results")), work, limits)
        try:
            reply = (work / "results").read_bytes()
        except OSError:
            reply = b""
    if isinstance(done, sandbox.NotStarted):
        failed = RunFailed(done.reason, "not started")
        return Execution(tuple(failed for _ in runs), None)
    results = _decode(reply, runs)
    if len(results) < len(runs):
        results += [_unfinished(done)] * (len(runs) - len(results))
    return Execution(tuple(results), done.sandbox, done.stdout)


def _unfinished(done: sandbox.Finished | sandbox.TimedOut) -> RunFailed:
    if isinstance(done, sandbox.TimedOut):
        return RunFailed(f"took more than {done.seconds:.0f} s", "time-out")
    return _describe(done.code, done.stderr)


# --- the run file ------------------------------------------------------------------------------


def _pad(n: int) -> bytes:
    return bytes(-n % 8)


def _encode(runs: Sequence[Run]) -> list[bytes]:
    parts: list[bytes] = [b"XPRUN002" + struct.pack("<Q", len(runs))]
    for run in runs:
        parts.append(
            struct.pack(
                "<8IQ6I",
                run.entry,
                *run.grid,
                *run.block,
                run.warp_size,
                run.shared_bytes,
                run.seed,
                int(run.cooperative),
                run.poison,
                run.seconds,
                len(run.args),
                int(run.unchecked) | int(run.lockstep) << 1,
            )
        )
        for arg in run.args:
            parts += _encode_arg(arg)
    return parts


def _encode_arg(arg: Argument) -> list[bytes]:
    if isinstance(arg, ScalarArg):
        n = len(arg.data)
        return [struct.pack("<2IQ4I", 0, 1, n, 0, 1, 0, 0), arg.data, _pad(n)]
    if isinstance(arg, SymbolArg):
        name = arg.name.encode() + b"\0"
        flags = 1 if arg.data is not None else 0
        head = struct.pack("<2IQ4I", 2, flags, arg.nbytes, 0, 1, len(name), 0)
        data = arg.data or b""
        return [head, name, _pad(len(name)), data, _pad(len(data))]
    flags = (1 if arg.data is not None else 0) | (2 if arg.read_only else 0)
    head = struct.pack("<2IQ4I", 1, flags, arg.nbytes, arg.poison, arg.align, 0, 0)
    if arg.data is None:
        return [head]
    raw = np.ascontiguousarray(arg.data).tobytes()
    if len(raw) != arg.nbytes:
        raise ValueError(f"a buffer of {arg.nbytes} bytes is given {len(raw)}")
    return [head, raw, _pad(arg.nbytes)]


# --- the result file ---------------------------------------------------------------------------


def _decode(reply: bytes, runs: Sequence[Run]) -> list[RunResult]:
    results: list[RunResult] = []
    at = 0
    for run in runs:
        if at + 32 > len(reply):
            break
        status, code, seconds, size = struct.unpack_from("<QqdQ", reply, at)
        at += 32
        if at + size > len(reply):
            break
        if status == 0:
            results.append(RunOk(_buffers(reply, at, run), seconds))
        elif status == 3:
            results.append(RunFailed(f"the program has no entry {run.entry}", "missing entry"))
        else:
            results.append(_describe(code, reply[at : at + size].decode(errors="replace"), run))
        at += size + (-size % 8)
    return results


def _buffers(reply: bytes, at: int, run: Run) -> tuple[Array, ...]:
    buffers: list[Array] = []
    for arg in run.args:
        if isinstance(arg, ScalarArg):
            continue
        if isinstance(arg, BufferArg) and arg.read_only and arg.data is not None:
            buffers.append(arg.data)
            continue
        if isinstance(arg, BufferArg) and arg.read_only:
            buffers.append(np.full(arg.nbytes, arg.poison, np.uint8))
            continue
        raw = np.frombuffer(reply, np.uint8, arg.nbytes, at).copy()
        at += arg.nbytes + (-arg.nbytes % 8)
        if isinstance(arg, BufferArg) and arg.data is not None:
            raw = raw.view(arg.data.dtype).reshape(arg.data.shape)
        buffers.append(raw)
    return tuple(buffers)


_FAULT = re.compile(r"^xpiler: (?!in |launch of)(?P<kind>[a-z -]+): (?P<reason>.*)$", re.M)
_PLACE = re.compile(r"^xpiler: (?P<place>(?:in|launch of) .*)$", re.M)
_SIGNALS = {-14: "time-out", -9: "killed", -24: "time-out", -25: "file size"}


def _describe(code: int, stderr: str, run: Run | None = None) -> RunFailed:
    fault = _FAULT.search(stderr)
    place = _PLACE.search(stderr)
    where = place["place"] if place else ""
    if fault:
        return RunFailed(fault["reason"], fault["kind"], where)
    if code in _SIGNALS:
        kind = _SIGNALS[code]
        limit = f" after {run.seconds} s" if run and kind == "time-out" else ""
        return RunFailed(f"{kind}{limit}", kind, where)
    text = stderr.strip().splitlines()
    reason = text[-1] if text else (f"signal {-code}" if code < 0 else f"exit status {code}")
    return RunFailed(reason, "crash", where)
