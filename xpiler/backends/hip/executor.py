"""Who runs a ported file: the CPU runtime under HIP's names, with wavefronts of 64 lanes.

The emitted text holds on either width (a warp stays 32 lanes), so the wider one is the test of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xpiler.backends.base import Executor, KernelEntry, TranslationUnit

__all__ = ["EXECUTORS", "HipOnCpu"]


@dataclass(frozen=True, slots=True)
class HipOnCpu:
    """HIP text on the CPU runtime at `warp` lanes a wavefront."""

    warp: int = 64

    @property
    def name(self) -> str:
        return f"HIP on the CPU, {self.warp} lanes"

    @property
    def kind(self) -> str:
        return "runtime"

    def available(self) -> str:
        return "" if shutil.which("g++") else "g++ is not installed"

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        """One unit, made as the oracle makes the source's."""
        # The oracle lives above the backends; only this call needs it.
        from xpiler.verify.oracle import HipRuntime

        return HipRuntime(self.warp).units(text, path, entries)


EXECUTORS: tuple[Executor, ...] = (HipOnCpu(64),)
