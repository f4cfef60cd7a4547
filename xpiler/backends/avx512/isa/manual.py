"""The catalog as the words and manual entries that prompts, the parser and the documentation take."""

from __future__ import annotations

from functools import cache
from typing import Final

from xpiler.backends.avx512.emit.vector_math import VECTOR_MATH
from xpiler.backends.avx512.isa.catalog import Instruction, catalog
from xpiler.backends.base import ManualEntry, Vocabulary
from xpiler.ir.types import (
    BOOL,
    F16,
    F32,
    F64,
    I32,
    I64,
    U8,
    U16,
    U32,
    VOID,
    Mask,
    Scalar,
    Type,
    Vector,
)

__all__ = ["manual", "vocabulary"]

_MASK: Final = Mask(16)
_RESULTS: Final[dict[str, Type]] = {
    "__m512": Vector(F32, 16), "__m512d": Vector(F64, 8), "__m256": Vector(F32, 8),
    "__m128i": Vector(BOOL, 16), "__mmask16": _MASK, "__mmask8": _MASK, "void": VOID,
    "int": I32, "unsigned": U32, "long long": I64, "float": F32, "double": F64,
    "unsigned char": U8, "unsigned short": U16, "__m256bh": Vector(F16, 16), "__m512bh": Vector(F16, 32),
}  # fmt: skip
_HALVES: Final = ("loadu_si256", "maskz_loadu_epi16", "cvtps_ph", "epi32_epi16")


@cache
def manual() -> tuple[ManualEntry, ...]:
    """An entry per instruction."""
    return tuple(
        ManualEntry(i.name, i.signature, i.summary, i.requires, i.lane or i.body) for i in catalog()
    )


def _result(instruction: Instruction) -> Type:
    if instruction.result == "__m512i":
        wide = instruction.name.endswith(("epi64", "epu64", "castpd_si512"))
        return Vector(I64, 8) if wide else Vector(I32, 16)
    if instruction.result == "__m256i":
        return Vector(F16, 16) if instruction.name.endswith(_HALVES) else Vector(I32, 8)
    return _RESULTS.get(instruction.result, _MASK)


def _helper(name: str) -> Type:
    if name in ("xp_first_16", "xp_first_8", "xp_all_lanes"):
        return _MASK
    if name.startswith(("xp_scatter", "xp_fold", "xp_warp", "xp_columns", "xp_exchange")):
        return VOID
    if name.endswith("epi16"):
        return Vector(F16, 16)
    elem: Scalar = F32 if name.endswith("_ps") else F64 if name.endswith("_pd") else I32
    return Vector(elem, 512 // elem.bits)


@cache
def vocabulary() -> Vocabulary:
    """Result types of the instructions and of the vector functions that the emitted file may hold."""
    types = {i.name: _result(i) for i in catalog()}
    return Vocabulary({**types, **{name: _helper(name) for name in VECTOR_MATH}})
