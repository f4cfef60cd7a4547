"""Who runs a ported file: the CPU runtime under HIP's names, at the architecture's wavefront."""

from __future__ import annotations

from xpiler.backends.base import Executor

__all__ = ["EXECUTORS"]

EXECUTORS: tuple[Executor, ...] = ()
