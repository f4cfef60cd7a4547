"""Run jobs on one side of a check: what `check` needs of an executor, free of processes and compilers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Protocol

from xpiler.records import dataclass
from xpiler.verify.cases.case import ConcreteBuffer, ConcreteScalar
from xpiler.verify.run.dtypes import Array

__all__ = ["BuildError", "Failed", "Finished", "Job", "Outcome", "Runner"]

Dims = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Job:
    """One launch: the kernel's entry, its geometry, an array per argument, the thread order (0: in order), the
    byte that shared memory holds before the kernel writes it; `unchecked`: an index may leave one dimension of an
    array; `lockstep`: lanes wait for one another at volatile accesses of shared memory."""

    entry: int
    grid: Dims
    block: Dims
    shared: int
    arguments: tuple[ConcreteBuffer | ConcreteScalar, ...]
    arrays: tuple[Array, ...] = field(repr=False)
    order: int = 0
    cooperative: bool = False
    poison: int = 0xFF
    unchecked: bool = False
    lockstep: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The buffers after the launch, in argument order (scalars left out), with their dtypes."""

    buffers: tuple[Array, ...] = field(repr=False)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """The launch ended badly. `kind` is the harness's word (`out_of_bounds`, `timeout`, ...)."""

    reason: str
    kind: str = ""
    place: str = ""

    def __str__(self) -> str:
        at = "" if not self.place else " " if self.place.startswith("in ") else " at "
        return f"{self.reason}{at}{self.place}"


Outcome = Finished | Failed


@dataclass(frozen=True, slots=True)
class BuildError:
    """The program could not be built or cannot run here. `absent`: the executor is, not the program, at fault."""

    reason: str
    absent: bool = False


class Runner(Protocol):
    """A program that can be launched. `prepare` builds it (once; later calls give the same answer)."""

    @property
    def name(self) -> str: ...

    def prepare(self) -> BuildError | None: ...

    def run(self, jobs: Sequence[Job]) -> tuple[Outcome, ...]: ...
