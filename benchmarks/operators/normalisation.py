"""Normalisations: layernorm, RMSNorm, batchnorm (given statistics), instancenorm. Epsilon is 1e-5."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Shape, Style, Tensor

__all__ = ["OPERATORS"]

EPSILON: Final = 1e-5


def standardised(x: Array) -> tuple[Array, Array]:
    """`x` with mean 0 and variance 1 along its last axis, and the magnitude of that."""
    mean = x.mean(axis=-1, keepdims=True)
    rstd = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON)
    return (x - mean) * rstd, (np.abs(x) + np.abs(x).mean(axis=-1, keepdims=True)) * rstd


def layernorm(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    value, magnitude = standardised(inputs["x"])
    gamma, beta = inputs["gamma"], inputs["beta"]
    return Reference(
        value * gamma + beta, magnitude * np.abs(gamma) + np.abs(beta), inputs["x"].shape[-1]
    )


def rmsnorm(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x = inputs["x"]
    value = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + EPSILON) * inputs["weight"]
    return Reference(value, np.abs(value), x.shape[-1])


def batchnorm(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x = inputs["x"]
    mean, var, gamma, beta = (inputs[name][:, None] for name in ("mean", "var", "gamma", "beta"))
    scale = gamma / np.sqrt(var + EPSILON)
    magnitude = (np.abs(x) + np.abs(mean)) * np.abs(scale) + np.abs(beta)
    return Reference((x - mean) * scale + beta, magnitude)


def instancenorm(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    value, magnitude = standardised(inputs["x"])
    gamma, beta = inputs["gamma"][:, None], inputs["beta"][:, None]
    return Reference(
        value * gamma + beta, magnitude * np.abs(gamma) + np.abs(beta), inputs["x"].shape[-1]
    )


def matrix(dims: Dims) -> tuple[int, ...]:
    return dims["rows"], dims["cols"]


def planes(dims: Dims) -> tuple[int, ...]:
    return dims["batch"], dims["c"], dims["hw"]


def images(*sizes: tuple[int, int, int, int]) -> tuple[Shape, ...]:
    return tuple(
        Shape(f"{b}x{c}x{h}x{w}", {"batch": b, "c": c, "hw": h * w}) for b, c, h, w in sizes
    )


LAYERNORM = Operator(
    name="layernorm",
    kind="LLM",
    shapes=tuple(
        Shape(f"{b}x{r}x{c}", {"rows": b * r, "cols": c})
        for b, r, c in product((1, 2), (4, 8), (128, 32))
    ),
    styles=(Style("baked"), Style("shared"), Style("warp")),
    tensors=lambda dims, _style: (
        Tensor("x", matrix(dims)),
        Tensor("gamma", (dims["cols"],)),
        Tensor("beta", (dims["cols"],)),
    ),
    output=matrix,
    reference=layernorm,
    work=lambda dims: 4 * dims["rows"] * dims["cols"],
)

RMSNORM = Operator(
    name="rmsnorm",
    kind="LLM",
    shapes=tuple(
        Shape(f"{r}x{c}", {"rows": r, "cols": c})
        for r, c in (*product((2048, 4096), (2048, 4096, 8192)), *product((8192,), (4096, 8192)))
    ),
    styles=(Style("baked"), Style("bfloat16"), Style("float4")),
    tensors=lambda dims, _style: (Tensor("x", matrix(dims)), Tensor("weight", (dims["cols"],))),
    output=matrix,
    reference=rmsnorm,
    work=lambda dims: 4 * dims["rows"] * dims["cols"],
    floors=(Floor("rows", 64, 4),),
)

BATCHNORM = Operator(
    name="batchnorm",
    kind="further",
    shapes=images(
        *((1, 64, 56, 56), (4, 32, 28, 28), (2, 128, 14, 14), (8, 16, 7, 7)),
        *((1, 3, 33, 31), (16, 64, 8, 8), (3, 256, 7, 7), (5, 12, 5, 9)),
    ),
    styles=(Style("baked"), Style("plane"), Style("grid_stride")),
    tensors=lambda dims, _style: (
        Tensor("x", planes(dims)),
        Tensor("mean", (dims["c"],)),
        Tensor("var", (dims["c"],), "positive"),
        Tensor("gamma", (dims["c"],)),
        Tensor("beta", (dims["c"],)),
    ),
    output=planes,
    reference=batchnorm,
    work=lambda dims: 4 * dims["batch"] * dims["c"] * dims["hw"],
    floors=(Floor("batch", 1, 1), Floor("c", 16, 8)),
)

INSTANCENORM = Operator(
    name="instancenorm",
    kind="further",
    shapes=images(
        *((1, 64, 32, 32), (2, 32, 56, 56), (4, 16, 28, 28), (8, 8, 14, 14)),
        *((1, 3, 33, 31), (3, 12, 17, 19), (2, 128, 7, 7), (6, 5, 9, 11)),
    ),
    styles=(Style("baked"), Style("warp")),
    tensors=lambda dims, _style: (
        Tensor("x", planes(dims)),
        Tensor("gamma", (dims["c"],)),
        Tensor("beta", (dims["c"],)),
    ),
    output=planes,
    reference=instancenorm,
    work=lambda dims: 4 * dims["batch"] * dims["c"] * dims["hw"],
    floors=(Floor("batch", 1, 1), Floor("c", 8, 4)),
)

OPERATORS: Final = (LAYERNORM, RMSNORM, BATCHNORM, INSTANCENORM)
