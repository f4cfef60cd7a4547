"""Build an emitted file as a shared library, through the toolchain of its own target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xpiler.backends.base import Executor
from xpiler.backends.registry import UnknownTarget, load_target
from xpiler.verify.run.build import BuildFailed, build_library
from xpiler.verify.run.executors import NoExecutor, executor_of_target

__all__ = ["Broken", "build", "executor_of"]


@dataclass(frozen=True, slots=True)
class Broken:
    """The file does not compile or there is nothing to run it with; `reason` holds the first error."""

    reason: str


def executor_of(target: str) -> Executor | Broken:
    """What runs the target's programs here: hardware, a simulator, the CPU runtime."""
    found = load_target(target)
    if isinstance(found, UnknownTarget):
        return Broken(f"no target {target}")
    executor = executor_of_target(found)
    return Broken(executor.reason) if isinstance(executor, NoExecutor) else executor


def build(executor: Executor, emitted: Path) -> Path | Broken:
    """The emitted file as a library whose host functions can be called by name.

    Only what runs on the CPU runtime may use it; any other file has to be complete in itself.
    """
    text = emitted.read_text(encoding="utf-8")
    units = executor.units(text, emitted, ())
    built = build_library(units, runtime=executor.kind == "runtime")
    return Broken(built.summary[:300]) if isinstance(built, BuildFailed) else built.path
