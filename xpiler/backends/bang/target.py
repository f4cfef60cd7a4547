"""The target `bang`: BANG C for Cambricon MLUs."""

from __future__ import annotations

from typing import Final

from xpiler.backends.bang.emit import TASKS, emit
from xpiler.backends.bang.isa.catalog import manual
from xpiler.backends.bang.isa.meaning import meaning
from xpiler.backends.bang.pipeline import pipeline
from xpiler.backends.bang.toolchain import Simulator
from xpiler.backends.bang.words import vocabulary
from xpiler.backends.base import Option, Target

__all__ = ["FACTS", "TARGET"]

FACTS: Final = {
    "arch": 372,
    "nram_bytes": (768 - 128) * 1024,
    "wram_bytes": 1024 * 1024,
    "sram_bytes": (4096 - 128) * 1024,
    "cores_per_cluster": 4,
    "tasks": TASKS,
    "vector_alignment": 128,
}
"""Of mtp_372 (MLU370): 768 KB of NRAM per core, of which 128 KB are kept for the compiler's stack."""

TARGET: Final = Target(
    name="bang",
    title="Cambricon MLU (BANG C)",
    pipeline=pipeline,
    emit=emit,
    executors=(Simulator(),),
    facts=FACTS,
    manual=manual,
    vocabulary=vocabulary,
    meaning=meaning,
    options=(Option("arch", ("mtp_372",), "mtp_372", "the MLU architecture"),),
    suffixes=(".mlu",),
)
