"""Matrix products: gemm, gemv, bmm, dense, gated MLP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Shape, Style, Tensor

__all__ = ["OPERATORS"]


def named(names: tuple[str, ...], *labels: str) -> tuple[Shape, ...]:
    """Shapes whose labels list the sizes of `names` in order."""
    return tuple(
        Shape(label, dict(zip(names, (int(size) for size in label.split("x")), strict=True)))
        for label in labels
    )


def product(a: Array, b: Array) -> Reference:
    """`a @ b`; exact for integers."""
    value = np.matmul(a, b)
    if np.issubdtype(value.dtype, np.integer):
        return Reference(value, np.zeros_like(value), a.shape[-1], exact=True)
    return Reference(value, np.matmul(np.abs(a), np.abs(b)), a.shape[-1])


def right_operand(style: Style, *shape: int) -> tuple[int, ...]:
    """The shape of `b` in memory: its last two sizes change places where it is stored transposed."""
    return (*shape[:-2], shape[-1], shape[-2]) if style.layout == "bt" else shape


def plain(style: Style, b: Array) -> Array:
    return np.swapaxes(b, -1, -2) if style.layout == "bt" else b


def gemm(_dims: Dims, style: Style, inputs: Mapping[str, Array]) -> Reference:
    return product(inputs["a"], plain(style, inputs["b"]))


def gemv(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    return product(inputs["a"], inputs["x"])


def dense(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    result = product(inputs["x"], inputs["w"].T)
    bias = inputs["bias"]
    return Reference(
        result.value + bias, result.magnitude + np.abs(bias), result.length + 1, result.exact
    )


def gated_mlp(_dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    gate = product(inputs["x"], inputs["wg"])
    up = product(inputs["x"], inputs["wu"])
    silu = gate.value / (1 + np.exp(-gate.value))
    hidden = product(silu * up.value, inputs["wd"])
    # An error of the gate passes silu with a slope below 1.1.
    spread = np.abs(silu) * up.magnitude + 1.1 * gate.magnitude * np.abs(up.value)
    magnitude = hidden.magnitude + np.matmul(spread, np.abs(inputs["wd"]))
    return Reference(hidden.value, magnitude, gate.length + hidden.length)


GEMM = Operator(
    name="gemm",
    kind="matmul",
    shapes=named(
        ("m", "k", "n"),
        *("1024x128x128", "1024x128x4096", "1024x16x1024", "1024x16x128"),
        *("32x128x1024", "32x128x128", "32x32x1024", "32x32x128"),
    ),
    styles=(Style("baked"), Style("tiled"), Style("wmma"), Style("dp4a", "bt")),
    tensors=lambda dims, style: (
        Tensor("a", (dims["m"], dims["k"])),
        Tensor("b", right_operand(style, dims["k"], dims["n"])),
    ),
    output=lambda dims: (dims["m"], dims["n"]),
    reference=gemm,
    work=lambda dims: dims["m"] * dims["n"] * dims["k"],
    floors=(Floor("m", 32, 16), Floor("n", 128, 64)),
)

GEMV = Operator(
    name="gemv",
    kind="matmul",
    shapes=named(
        ("m", "k"),
        *("112x128", "112x224", "125x128", "125x320", "32x512", "32x64", "3x16", "3x512"),
    ),
    styles=(Style("baked"), Style("warp"), Style("half2")),
    tensors=lambda dims, _style: (Tensor("a", (dims["m"], dims["k"])), Tensor("x", (dims["k"],))),
    output=lambda dims: (dims["m"],),
    reference=gemv,
    work=lambda dims: dims["m"] * dims["k"],
)

BMM = Operator(
    name="bmm",
    kind="matmul",
    shapes=named(
        ("batch", "m", "k", "n"),
        *("1x128x128x128", "1x128x256x512", "1x256x256x256", "1x512x512x512"),
        *("4x128x128x128", "4x128x256x512", "4x256x256x256", "4x512x512x512"),
    ),
    styles=(Style("tiled"), Style("wmma"), Style("wmma_int8", "bt")),
    tensors=lambda dims, style: (
        Tensor("a", (dims["batch"], dims["m"], dims["k"])),
        Tensor("b", right_operand(style, dims["batch"], dims["k"], dims["n"])),
    ),
    output=lambda dims: (dims["batch"], dims["m"], dims["n"]),
    reference=gemm,
    work=lambda dims: dims["batch"] * dims["m"] * dims["n"] * dims["k"],
    floors=(Floor("batch", 2, 2), Floor("m", 32, 16), Floor("n", 128, 64), Floor("k", 256, 32)),
)

DENSE = Operator(
    name="dense",
    kind="further",
    shapes=named(
        ("m", "k", "n"),
        *("1x768x1000", "4x512x512", "16x784x128", "8x1024x256"),
        *("32x128x10", "7x100x33", "64x256x256", "3x64x65"),
    ),
    styles=(Style("baked"), Style("warp"), Style("dp4a")),
    tensors=lambda dims, _style: (
        Tensor("x", (dims["m"], dims["k"])),
        Tensor("w", (dims["n"], dims["k"])),
        Tensor("bias", (dims["n"],)),
    ),
    output=lambda dims: (dims["m"], dims["n"]),
    reference=dense,
    work=lambda dims: dims["m"] * dims["n"] * dims["k"],
    floors=(Floor("m", 4, 2), Floor("n", 64, 32)),
)

GATED_MLP = Operator(
    name="gated_mlp",
    kind="further",
    shapes=named(
        ("m", "d", "h"),
        *("4x128x344", "1x256x688", "8x64x172", "16x128x512"),
        *("3x96x256", "2x512x1376", "5x40x100", "32x64x256"),
    ),
    styles=(Style("baked"), Style("shared")),
    tensors=lambda dims, _style: (
        Tensor("x", (dims["m"], dims["d"])),
        Tensor("wg", (dims["d"], dims["h"]), "small"),
        Tensor("wu", (dims["d"], dims["h"]), "small"),
        Tensor("wd", (dims["h"], dims["d"]), "small"),
    ),
    output=lambda dims: (dims["m"], dims["d"]),
    reference=gated_mlp,
    work=lambda dims: 3 * dims["m"] * dims["d"] * dims["h"],
    floors=(Floor("m", 1, 1), Floor("h", 256, 64), Floor("d", 128, 40)),
)

OPERATORS: Final = (GEMM, GEMV, BMM, DENSE, GATED_MLP)
