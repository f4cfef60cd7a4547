"""What the suite is made of: operators, their shapes, their tensors, a case to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy.typing as npt

__all__ = [
    "CI_CAP",
    "FULL_CAP",
    "Array",
    "Case",
    "Dims",
    "Floor",
    "Operator",
    "Reference",
    "Shape",
    "Style",
    "Tensor",
]

Array = npt.NDArray[Any]
Dims = Mapping[str, int]

FULL_CAP: Final = 1 << 24
"""Inner operations that one run of a case may take; a larger shape is reduced until it fits."""
CI_CAP: Final = 1 << 15
"""The same for the subset that runs on each commit."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A published shape. `label` is how the literature writes it, `dims` its sizes by name."""

    label: str
    dims: Dims


@dataclass(frozen=True, slots=True)
class Style:
    """One way in which an operator's kernel is written: suite/<operator>/<name>.cu.

    `layout` says what the kernel expects of its operands beside the plain row-major order; `bt`: the right
    operand of a product is stored transposed.
    """

    name: str
    layout: str = ""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An operand. `values` names the distribution its elements are drawn from (benchmarks/inputs.py).

    `limit` is the number of rows that an index may name.
    """

    name: str
    shape: tuple[int, ...]
    values: str = "mixed"
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """The right result in float64 (integers: int64).

    `magnitude` is, per element, the sum of the absolute values of the terms that were added up, which is
    what rounding errors scale with; `length` how many there were. `exact` results only move or
    choose values.
    """

    value: Array
    magnitude: Array
    length: int = 1
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """How far a size may be reduced for cost: `full` in the whole suite, `ci` in its subset."""

    dim: str
    full: int
    ci: int


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator: what it computes, on which shapes, in which styles.

    `tensors` gives the inputs, `output` the result's shape; `reference` computes it from inputs by name.
    `work` estimates the inner operations of a shape, `floors` says what is reduced, in this order,
    when they are too many. `derived` gives the sizes that follow from others (an output's height).
    """

    name: str
    kind: str
    shapes: tuple[Shape, ...]
    styles: tuple[Style, ...]
    tensors: Callable[[Dims, Style], tuple[Tensor, ...]]
    output: Callable[[Dims], tuple[int, ...]]
    reference: Callable[[Dims, Style, Mapping[str, Array]], Reference]
    work: Callable[[Dims], int]
    floors: tuple[Floor, ...] = ()
    derived: Callable[[Dims], Dims] = dict


@dataclass(frozen=True, slots=True)
class Case:
    """A shape of an operator in a style. `dims` are the sizes that are run, `published` those of the shape."""

    operator: Operator
    index: int
    style: Style
    shape: Shape
    dims: Dims

    @property
    def name(self) -> str:
        return f"{self.operator.name}/{self.index}-{self.style.name}"

    @property
    def symbol(self) -> str:
        return f"{self.operator.name}_{self.style.name}"

    @property
    def reduction(self) -> str:
        """Which sizes were reduced and from what (`m 1024 -> 512`), empty when none was."""
        return ", ".join(
            f"{name} {size} -> {self.dims[name]}"
            for name, size in self.shape.dims.items()
            if self.dims[name] != size
        )
