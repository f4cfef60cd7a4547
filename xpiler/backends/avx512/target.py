"""C with AVX-512 and VNNI for x86-64 CPUs."""

from __future__ import annotations

from typing import Final

from xpiler.backends.avx512.emit import emit
from xpiler.backends.avx512.isa.manual import manual, vocabulary
from xpiler.backends.avx512.isa.meaning import meaning
from xpiler.backends.avx512.pipeline import pipeline
from xpiler.backends.avx512.toolchain import EXECUTORS
from xpiler.backends.base import Target

__all__ = ["TARGET"]

TARGET: Final = Target(
    name="avx512",
    title="C with AVX-512 and VNNI (x86-64 CPUs)",
    pipeline=pipeline,
    emit=emit,
    executors=EXECUTORS,
    facts={"vector_bytes": 64, "vector_lanes": 16, "mask_registers": 8, "vector_registers": 32},
    manual=manual,
    vocabulary=vocabulary,
    meaning=meaning,
    suffixes=(".c", ".cpp", ".hpp"),
)
