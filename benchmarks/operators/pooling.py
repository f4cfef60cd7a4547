"""Pooling: maximum, average, minimum, sum. NHWC, no padding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Shape, Style, Tensor

__all__ = ["OPERATORS"]

SIZES = (
    (16, 112, 112, 64),
    (16, 64, 64, 64),
    (1, 5, 5, 64),
    (4, 35, 35, 192),
    (4, 56, 56, 128),
    (4, 8, 8, 64),
    (5, 112, 112, 64),
    (5, 32, 32, 64),
)


def windows(dims: Dims, x: Array) -> Array:
    """All taps of the window, stacked first: (window squared, batch, oh, ow, c)."""
    stride, oh, ow = dims["stride"], dims["oh"], dims["ow"]
    taps = [
        x[:, r : r + stride * (oh - 1) + 1 : stride, s : s + stride * (ow - 1) + 1 : stride, :]
        for r, s in product(range(dims["window"]), range(dims["window"]))
    ]
    return np.stack(taps)


def maximum(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    value = windows(dims, inputs["x"]).max(axis=0)
    return Reference(value, np.zeros_like(value), 1, exact=True)


def minimum(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    value = windows(dims, inputs["x"]).min(axis=0)
    return Reference(value, np.zeros_like(value), 1, exact=True)


def total(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    taps = windows(dims, inputs["x"])
    return Reference(taps.sum(axis=0), np.abs(taps).sum(axis=0), len(taps))


def average(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    taps = windows(dims, inputs["x"])
    return Reference(taps.mean(axis=0), np.abs(taps).mean(axis=0), len(taps))


def shapes(windows_of: tuple[int, ...]) -> tuple[Shape, ...]:
    found = []
    for i, (batch, h, w, c) in enumerate(SIZES):
        window, stride = windows_of[i % len(windows_of)], 1 + i % 3
        dims = {"batch": batch, "h": h, "w": w, "c": c, "window": window, "stride": stride}
        found.append(Shape(f"{batch}x{h}x{w}x{c}, window {window}, stride {stride}", dims))
    return tuple(found)


def out_size(dims: Dims) -> Dims:
    return {s: (dims[s[1:]] - dims["window"]) // dims["stride"] + 1 for s in ("oh", "ow")}


def pool(
    name: str,
    second_style: str,
    reference: Callable[[Dims, Style, Mapping[str, Array]], Reference],
    windows_of: tuple[int, ...] = (5,),
) -> Operator:
    return Operator(
        name=name,
        kind="pooling",
        shapes=shapes(windows_of),
        styles=(Style("baked"), Style(second_style)),
        tensors=lambda dims, _style: (
            Tensor("x", (dims["batch"], dims["h"], dims["w"], dims["c"])),
        ),
        output=lambda dims: (dims["batch"], dims["oh"], dims["ow"], dims["c"]),
        reference=reference,
        work=lambda dims: dims["batch"] * dims["oh"] * dims["ow"] * dims["c"] * dims["window"] ** 2,
        floors=(Floor("batch", 1, 1), Floor("h", 32, 8), Floor("w", 32, 8), Floor("c", 64, 32)),
        derived=out_size,
    )


OPERATORS: Final = (
    pool("max_pool", "half", maximum),
    pool("avg_pool", "grid_stride", average),
    pool("min_pool", "int8", minimum),
    pool("sum_pool", "float4", total, (5, 3)),
)
