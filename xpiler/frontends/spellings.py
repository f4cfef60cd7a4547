"""Spellings of CUDA that nvcc takes and clang does not, as others of the same length."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["alignment_first"]

_ALIGNED: Final = re.compile(
    r"(?P<words>\b(?:(?:extern|static)\s+)*__shared__\s+(?:(?:extern|static)\s+)*)"
    r"(?P<aligned>alignas\s*\((?:[^()]|\([^()]*\))*\)\s+)"
)


def alignment_first(text: str) -> str:
    """`__shared__ alignas(16) T x` as `alignas(16) __shared__ T x`: where `__shared__` is an attribute, the other order is
    a list of attributes at the wrong place."""
    return _ALIGNED.sub(r"\g<aligned>\g<words>", text) if "alignas" in text else text
