"""Operators that move data: gather, scatter (adding), transpose, concat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Style, Tensor
from benchmarks.operators.matmul import named

__all__ = ["OPERATORS"]


def moved(value: Array) -> Reference:
    return Reference(value, np.zeros_like(value), 1, exact=True)


def gather(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    return moved(inputs["table"][inputs["index"].astype(np.int64)])


def scatter(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x, index = inputs["x"], inputs["index"].astype(np.int64)
    value = np.zeros((dims["rows"], dims["cols"]), x.dtype)
    magnitude = np.zeros_like(value)
    np.add.at(value, index, x)
    np.add.at(magnitude, index, np.abs(x))
    if np.issubdtype(x.dtype, np.integer):
        return moved(value)
    return Reference(value, magnitude, dims["n"])


def transpose(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    return moved(inputs["x"].T)


def concat(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    return moved(np.concatenate([inputs["a"], inputs["b"]], axis=-1))


GATHER = Operator(
    name="gather",
    kind="further",
    shapes=named(
        ("rows", "cols", "n"),
        *("1000x64x128", "32x768x77", "4096x32x512", "17x5x40"),
        *("100x256x9", "256x96x64", "50x33x200", "512x128x33"),
    ),
    styles=(Style("baked"), Style("grid_stride")),
    tensors=lambda dims, _style: (
        Tensor("table", (dims["rows"], dims["cols"])),
        Tensor("index", (dims["n"],), "index", dims["rows"]),
    ),
    output=lambda dims: (dims["n"], dims["cols"]),
    reference=gather,
    work=lambda dims: dims["n"] * dims["cols"],
    floors=(Floor("n", 64, 32),),
)

SCATTER = Operator(
    name="scatter",
    kind="further",
    shapes=named(
        ("rows", "cols", "n"),
        *("128x64x100", "77x256x40", "512x32x1000", "40x5x17"),
        *("9x128x64", "64x96x64", "200x33x50", "33x64x512"),
    ),
    styles=(Style("baked"), Style("grid_stride")),
    tensors=lambda dims, _style: (
        Tensor("x", (dims["n"], dims["cols"])),
        Tensor("index", (dims["n"],), "index", dims["rows"]),
    ),
    output=lambda dims: (dims["rows"], dims["cols"]),
    reference=scatter,
    work=lambda dims: dims["n"] * dims["cols"],
    floors=(Floor("n", 64, 32),),
)

TRANSPOSE = Operator(
    name="transpose",
    kind="further",
    shapes=named(
        ("rows", "cols"),
        *("1024x1024", "128x768", "197x64", "33x65", "512x77", "7x1000", "100x100", "31x3"),
    ),
    styles=(Style("baked"), Style("shared")),
    tensors=lambda dims, _style: (Tensor("x", (dims["rows"], dims["cols"])),),
    output=lambda dims: (dims["cols"], dims["rows"]),
    reference=transpose,
    work=lambda dims: 2 * dims["rows"] * dims["cols"],
    floors=(Floor("rows", 64, 48), Floor("cols", 64, 40)),
)

CONCAT = Operator(
    name="concat",
    kind="further",
    shapes=named(
        ("rows", "ca", "cb"),
        *("64x128x128", "197x768x64", "16x3x5", "100x33x64", "8x1000x24", "1x512x512"),
        *("77x256x256", "49x96x192"),
    ),
    styles=(Style("baked"), Style("grid_stride")),
    tensors=lambda dims, _style: (
        Tensor("a", (dims["rows"], dims["ca"])),
        Tensor("b", (dims["rows"], dims["cb"])),
    ),
    output=lambda dims: (dims["rows"], dims["ca"] + dims["cb"]),
    reference=concat,
    work=lambda dims: 2 * dims["rows"] * (dims["ca"] + dims["cb"]),
    floors=(Floor("rows", 64, 16),),
)

OPERATORS: Final = (GATHER, SCATTER, TRANSPOSE, CONCAT)
