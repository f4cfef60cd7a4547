"""Elementary functions on sixteen floats, as C with AVX-512 intrinsics."""

from __future__ import annotations

from typing import Final

__all__ = ["VECTOR_MATH"]

VECTOR_MATH: Final[dict[str, str]] = {}
