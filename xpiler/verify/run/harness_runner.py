"""A runner that compiles an executor's translation units and runs them in the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path

from xpiler.backends.base import Executor, KernelEntry, TranslationUnit
from xpiler.records import dataclass
from xpiler.verify.cases.case import ConcreteBuffer
from xpiler.verify.run.build import BuildFailed, Built, build
from xpiler.verify.run.dtypes import Array
from xpiler.verify.run.harness import (
    Argument,
    BufferArg,
    Run,
    RunOk,
    RunResult,
    ScalarArg,
    SymbolArg,
    execute,
)
from xpiler.verify.run.runner import BuildError, Failed, Finished, Job, Outcome

__all__ = ["HarnessRunner", "Side"]

SECONDS = 10  # for one launch; a case's shapes are chosen to take far less


@dataclass(frozen=True, slots=True)
class Side:
    """One of two programs: who runs it, its text, where it stands (for its local includes), the user's own flags."""

    executor: Executor
    text: str
    path: Path
    flags: tuple[str, ...] = ()


@dataclass(slots=True)
class HarnessRunner:
    """Runs the `entries` of a side. Safe to prepare from two threads at once."""

    side: Side
    entries: tuple[KernelEntry, ...]
    seconds: int = SECONDS
    opt: str = "-O1"
    _built: Built | BuildError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return self.side.executor.name

    def prepare(self) -> BuildError | None:
        with self._lock:
            if self._built is None:
                self._built = self._build()
        return self._built if isinstance(self._built, BuildError) else None

    def _build(self) -> Built | BuildError:
        executor = self.side.executor
        absent = executor.available()
        if absent:
            return BuildError(f"{executor.name} cannot run here: {absent}", absent=True)
        units: tuple[TranslationUnit, ...] = executor.units(
            self.side.text, self.side.path, self.entries
        )
        units = tuple(replace(u, flags=(*u.flags, *self.side.flags)) for u in units)
        built = build(units, [e.index for e in self.entries], opt=self.opt)
        if isinstance(built, BuildFailed):
            return BuildError(built.summary)
        return built

    def run(self, jobs: Sequence[Job]) -> tuple[Outcome, ...]:
        """The outcomes in order; every job fails when the program could not be built."""
        error = self.prepare()
        if error is not None or not isinstance(self._built, Built):
            reason = error.reason if error is not None else "not built"
            return tuple(Failed(reason, "not built") for _ in jobs)
        runs = [self._run(job) for job in jobs]
        results = execute(self._built.path, runs)
        return tuple(_outcome(job, r) for job, r in zip(jobs, results, strict=True))

    def _run(self, job: Job) -> Run:
        entry = next(e for e in self.entries if e.index == job.entry)
        parameters = len(entry.kernel.params)
        arguments: list[Argument] = []
        for position, (argument, array) in enumerate(zip(job.arguments, job.arrays, strict=True)):
            if not isinstance(argument, ConcreteBuffer):
                arguments.append(ScalarArg(array.tobytes()))
            elif position >= parameters:
                arguments.append(SymbolArg(argument.name, array.tobytes(), array.nbytes))
            else:
                arguments.append(BufferArg.of(_bytes(array), read_only=argument.role == "in"))
        warp = getattr(self.side.executor, "warp", 32)
        return Run(
            job.entry,
            job.grid,
            job.block,
            job.shared,
            tuple(arguments),
            seed=job.order,
            warp_size=int(warp),
            cooperative=job.cooperative,
            poison=job.poison,
            seconds=self.seconds,
            unchecked=job.unchecked,
            lockstep=job.lockstep,
        )


def _bytes(array: Array) -> Array:
    return array.view("u1")


def _outcome(job: Job, result: RunResult) -> Outcome:
    if not isinstance(result, RunOk):
        return Failed(result.reason, result.kind, result.place)
    arrays = [
        array
        for argument, array in zip(job.arguments, job.arrays, strict=True)
        if isinstance(argument, ConcreteBuffer)
    ]
    buffers = tuple(
        raw.reshape(-1).view("u1").view(array.dtype)
        for raw, array in zip(result.buffers, arrays, strict=True)
    )
    return Finished(buffers, result.seconds)
