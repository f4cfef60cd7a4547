"""Which instruction does what: found in the catalog by its meaning, not listed a second time."""

from __future__ import annotations

from functools import cache
from typing import Final

from xpiler.backends.avx512.isa.catalog import catalog
from xpiler.ir.types import F32, F64, I32, I64, U32, U64, Scalar, Vector

__all__ = ["LANES", "comparison", "lane_instruction", "register", "suffix"]

LANES: Final = 16
"""Lanes of a mask and of a 32-bit register; 64-bit values use the low 8."""

_VIEWS: Final = {
    F32: ("f32x16",), F64: ("f64x8",), I32: ("i32x16", "u32x16"), U32: ("u32x16", "i32x16"),
    I64: ("i64x8", "u64x8"), U64: ("u64x8", "i64x8"),
}  # fmt: skip
_SUFFIX: Final = {F32: "ps", F64: "pd", I32: "epi32", U32: "epu32", I64: "epi64", U64: "epu64"}
_FLOAT: Final = {"==": 0, "<": 1, "<=": 2, "!=": 4, ">=": 13, ">": 14}
_INT: Final = {"==": "eq", "!=": "neq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def register(elem: Scalar) -> Vector:
    """The register that holds one value of `elem` per lane: narrow integers as i32, narrow floats as f32."""
    if elem.is_float:
        return Vector(F64, 8) if elem == F64 else Vector(F32, 16)
    return Vector(I64, 8) if elem.bits == 64 else Vector(I32, 16)


def suffix(elem: Scalar) -> str:
    """`ps`, `epi32`, ...: the register's kind, signed for integers."""
    return _SUFFIX[register(elem).elem]


@cache
def _by_meaning() -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    for instruction in catalog():
        if instruction.lane and instruction.tolerance == 0:
            table.setdefault((instruction.lane, instruction.view), instruction.name)
    return table


def lane_instruction(meaning: str, elem: Scalar) -> str | None:
    """The instruction whose lane i is `meaning` (`a[i] + b[i]`) for lanes of `elem`; None if there is none."""
    for view in _VIEWS.get(elem, ()):
        name = _by_meaning().get((meaning, view))
        if name is not None:
            return name
    return None


def comparison(op: str, elem: Scalar) -> tuple[str, int | None]:
    """The instruction that compares lanes, and its predicate if it takes one."""
    if elem.is_float:
        return f"_mm512_cmp_{_SUFFIX[elem]}_mask", _FLOAT[op]
    return f"_mm512_cmp{_INT[op]}_{_SUFFIX[elem]}_mask", None
