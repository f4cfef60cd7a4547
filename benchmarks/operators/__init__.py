"""The 36 operators. One module per kind; ALL lists them in the order of the table."""

from __future__ import annotations

from typing import Final

from benchmarks.model import Operator
from benchmarks.operators import (
    attention,
    convolution,
    elementwise,
    matmul,
    movement,
    normalisation,
    pooling,
    reduction,
)

__all__ = ["ALL", "by_name"]

ALL: Final[tuple[Operator, ...]] = (
    *matmul.OPERATORS,
    *convolution.OPERATORS,
    *elementwise.OPERATORS,
    *pooling.OPERATORS,
    *normalisation.OPERATORS,
    *attention.OPERATORS,
    *reduction.OPERATORS,
    *movement.OPERATORS,
)


def by_name(name: str) -> Operator | None:
    """The operator of this name, if there is one."""
    return next((operator for operator in ALL if operator.name == name), None)
