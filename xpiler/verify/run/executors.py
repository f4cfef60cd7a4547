"""Who runs a file: the best executor that is able to here, of a target or of a file's suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xpiler.backends.base import Executor, OnRuntime, Target
from xpiler.backends.registry import load_target, target_names
from xpiler.records import dataclass
from xpiler.verify.run.oracle import CudaRuntime

__all__ = ["NoExecutor", "best_executor", "executor_of_file", "executor_of_target", "on_runtime"]

SOURCE_SUFFIXES = (".cu", ".cuh")
PREFERENCE = ("hardware", "simulator", "runtime")


@dataclass(frozen=True, slots=True)
class NoExecutor:
    """Why nothing here can run it."""

    reason: str


def best_executor(executors: Sequence[Executor | OnRuntime]) -> Executor | NoExecutor:
    """Of those that can run here: hardware, then a simulator, then the runtime."""
    able = [e for e in executors if not e.available()]
    if not able:
        reasons = "; ".join(f"{e.name}: {e.available()}" for e in executors)
        return NoExecutor(f"nothing here can run it: {reasons or 'no executor'}")
    best = min(able, key=lambda e: PREFERENCE.index(e.kind))
    return on_runtime(best) if isinstance(best, OnRuntime) else best


def on_runtime(spelling: OnRuntime, include_dirs: tuple[Path, ...] = ()) -> CudaRuntime:
    """The runtime that runs files of this spelling."""
    return CudaRuntime(spelling.warp, spelling.defines, include_dirs, spelling.name)


def executor_of_target(target: Target) -> Executor | NoExecutor:
    """Who runs what the target emits."""
    return best_executor(target.executors)


def executor_of_file(path: Path) -> Executor | NoExecutor:
    """Who runs a file with this suffix: the runtime for CUDA, else the targets that claim the suffix."""
    if path.suffix in SOURCE_SUFFIXES:
        return CudaRuntime()
    targets = [t for n in target_names() if isinstance(t := load_target(n), Target)]
    fitting = [t for t in targets if path.suffix in t.suffixes]
    if not fitting:
        known = sorted({*SOURCE_SUFFIXES, *(s for t in targets for s in t.suffixes)})
        return NoExecutor(f"unknown suffix `{path.suffix}` (there are {', '.join(known)})")
    return best_executor([e for t in fitting for e in t.executors])
