"""What makes a program of the IR with registers compile: the descriptions, the register types, the helpers."""

from __future__ import annotations

from typing import Final

from xpiler.backends.avx512.emit.helpers import needed
from xpiler.backends.avx512.emit.vector_math import VECTOR_MATH
from xpiler.backends.avx512.isa.catalog import SIMULATOR

__all__ = ["PREAMBLE_FLAGS", "preamble"]

PREAMBLE_FLAGS: Final = (f"-I{SIMULATOR}", "-flax-vector-conversions", "-Wno-psabi")
"""Registers of integers are one type in C, whatever their lanes."""


def preamble() -> str:
    """C++ to stand before programs whose instructions are those of the target's vocabulary."""
    helpers = "\n".join(needed(" ".join(VECTOR_MATH)).values())
    return (
        "#include <immintrin.h>\n#include <math.h>\n"
        "typedef __mmask16 mask16;\n"
        "typedef unsigned short f16x16 __attribute__((vector_size(32)));\n"
        f"{helpers}\n"
    )
