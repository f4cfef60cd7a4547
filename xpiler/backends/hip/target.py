"""HIP for AMD GPUs, by edits of the source."""

from __future__ import annotations

from xpiler.backends.base import Option, Target
from xpiler.backends.hip.emit import emit
from xpiler.backends.hip.executor import EXECUTORS, tools
from xpiler.backends.hip.options import ARCHITECTURES, MATRIX
from xpiler.backends.hip.pipeline import pipeline

__all__ = ["TARGET"]

TARGET = Target(
    name="hip",
    title="HIP (AMD GPUs)",
    pipeline=pipeline,
    emit=emit,
    executors=EXECUTORS,
    facts={"wavefront": 64, "warp": 32, "shared_bytes": 65536, "threads_per_block": 1024},
    options=(
        Option("arch", tuple(ARCHITECTURES), "gfx90a", "the GPU; decides the width of a wavefront"),
        Option(
            "matrix", MATRIX, "loops", "wmma fragments: shuffles, MFMA builtins (CDNA), or rocWMMA"
        ),
        Option(
            "rocm", (), "", "the oldest ROCm release to run on; names that are newer are reported"
        ),
    ),
    suffixes=(".hip",),
    tools=tools,
)
