"""Activations and element-wise operators."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Shape, Style, Tensor

__all__ = ["OPERATORS"]

ADD_SHAPES = ("100x2x10x1024", "18x128", "1x15x64", "21x192", "320", "3x3x256", "4x4x4x64", "64")
UNARY_SHAPES = (
    "12x3x128",
    "3x4x5",
    "45x25",
    "5x128",
    "5x12x23x128",
    "5x7x3x32",
    "7x1x6x7",
    "8x10x64",
)
BATCHED_SHAPES = (
    "1x768",
    "4x197x768",
    "2x1000",
    "16x3x33",
    "8x64x56",
    "1x4096",
    "3x5x7x11",
    "32x10x100",
)


def flat(label: str) -> Shape:
    return Shape(label, {"n": math.prod(int(size) for size in label.split("x"))})


def rows(label: str) -> Shape:
    sizes = [int(size) for size in label.split("x")]
    return Shape(label, {"rows": math.prod(sizes[:-1]), "cols": sizes[-1]})


Unary = Callable[[Array], tuple[Array, Array]]


def relu(x: Array) -> tuple[Array, Array]:
    return np.maximum(x, 0), np.zeros_like(x)


def sigmoid(x: Array) -> tuple[Array, Array]:
    value = 1 / (1 + np.exp(-x))
    return value, value * (1 + np.abs(x))


def gelu(x: Array) -> tuple[Array, Array]:
    erf = np.vectorize(math.erf, otypes=[np.float64])
    return x * 0.5 * (1 + erf(x / math.sqrt(2))), np.abs(x)


def sign(x: Array) -> tuple[Array, Array]:
    return np.sign(x), np.zeros_like(x)


def sine(x: Array) -> tuple[Array, Array]:
    return np.sin(x), np.ones_like(x)


def unary(
    name: str,
    kind: str,
    shapes: tuple[str, ...],
    styles: tuple[str, ...],
    function: Unary,
    exact: bool,
) -> Operator:
    def reference(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
        value, magnitude = function(inputs["x"])
        return Reference(value, magnitude, 1, exact)

    return Operator(
        name=name,
        kind=kind,
        shapes=tuple(flat(label) for label in shapes),
        styles=tuple(Style(style) for style in styles),
        tensors=lambda dims, _style: (Tensor("x", (dims["n"],)),),
        output=lambda dims: (dims["n"],),
        reference=reference,
        work=lambda dims: 4 * dims["n"],
        floors=(Floor("n", 1 << 22, 1 << 12),),
    )


def binary(
    name: str,
    kind: str,
    shapes: tuple[str, ...],
    styles: tuple[str, ...],
    function: Callable[[Array, Array], Array],
) -> Operator:
    def reference(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
        value = function(inputs["a"], inputs["b"])
        return Reference(value, np.abs(value))

    return Operator(
        name=name,
        kind=kind,
        shapes=tuple(flat(label) for label in shapes),
        styles=tuple(Style(style) for style in styles),
        tensors=lambda dims, _style: (Tensor("a", (dims["n"],)), Tensor("b", (dims["n"],))),
        output=lambda dims: (dims["n"],),
        reference=reference,
        work=lambda dims: dims["n"],
        floors=(Floor("n", 1 << 22, 1 << 12),),
    )


def softmax(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x = inputs["x"]
    below = x - x.max(axis=-1, keepdims=True)
    weights = np.exp(below)
    value = weights / weights.sum(axis=-1, keepdims=True)
    return Reference(value, value * (1 + np.abs(below)), x.shape[-1])


SOFTMAX = Operator(
    name="softmax",
    kind="activation",
    shapes=tuple(rows(label) for label in UNARY_SHAPES),
    styles=(Style("baked"), Style("shared"), Style("warp")),
    tensors=lambda dims, _style: (Tensor("x", (dims["rows"], dims["cols"])),),
    output=lambda dims: (dims["rows"], dims["cols"]),
    reference=softmax,
    work=lambda dims: 8 * dims["rows"] * dims["cols"],
    floors=(Floor("rows", 1 << 14, 32),),
)

OPERATORS: Final = (
    unary("relu", "activation", UNARY_SHAPES, ("baked", "float4", "half2"), relu, True),
    SOFTMAX,
    unary("gelu", "activation", UNARY_SHAPES, ("baked", "grid_stride", "float4"), gelu, False),
    unary(
        "sigmoid", "activation", UNARY_SHAPES, ("baked", "grid_stride", "functor"), sigmoid, False
    ),
    binary("add", "element-wise", ADD_SHAPES, ("baked", "float4", "bfloat16"), np.add),
    unary("sign", "element-wise", UNARY_SHAPES, ("baked", "grid_stride"), sign, True),
    binary("sub", "further", BATCHED_SHAPES, ("baked", "half2", "grid_stride"), np.subtract),
    unary("sin", "further", BATCHED_SHAPES, ("baked", "grid_stride"), sine, False),
)
