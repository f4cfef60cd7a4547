"""Reductions over the last dimension: sum, mean, maximum, minimum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Style, Tensor
from benchmarks.operators.elementwise import rows

__all__ = ["OPERATORS"]

SHAPES = ("16x768", "4x12x197", "1x4096", "64x10", "32x1000", "2x3x5x7", "128x128", "9x2049")


def total(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x = inputs["x"]
    value = x.sum(axis=-1)
    if np.issubdtype(x.dtype, np.integer):
        return Reference(value, np.zeros_like(value), x.shape[-1], exact=True)
    return Reference(value, np.abs(x).sum(axis=-1), x.shape[-1])


def mean(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x = inputs["x"]
    return Reference(x.mean(axis=-1), np.abs(x).mean(axis=-1), x.shape[-1])


def maximum(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    value = inputs["x"].max(axis=-1)
    return Reference(value, np.zeros_like(value), 1, exact=True)


def minimum(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    value = inputs["x"].min(axis=-1)
    return Reference(value, np.zeros_like(value), 1, exact=True)


def reduction(
    name: str,
    styles: tuple[str, ...],
    reference: Callable[[Dims, Style, Mapping[str, Array]], Reference],
) -> Operator:
    return Operator(
        name=name,
        kind="further",
        shapes=tuple(rows(label) for label in SHAPES),
        styles=tuple(Style(style) for style in styles),
        tensors=lambda dims, _style: (Tensor("x", (dims["rows"], dims["cols"])),),
        output=lambda dims: (dims["rows"],),
        reference=reference,
        work=lambda dims: dims["rows"] * dims["cols"],
        floors=(Floor("rows", 64, 8),),
    )


OPERATORS: Final = (
    reduction("reduce_sum", ("baked", "shared", "int8"), total),
    reduction("reduce_mean", ("baked", "warp"), mean),
    reduction("reduce_max", ("baked", "shared"), maximum),
    reduction("reduce_min", ("baked", "shared"), minimum),
)
