"""Convolutions: one-dimensional, 2 x 2 in both layouts, depthwise 3 x 3. No padding anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Shape, Style, Tensor

__all__ = ["OPERATORS"]


def accumulate(pairs: list[tuple[Array, Array]], formula: str) -> Reference:
    """The sum of `einsum(formula, a, b)` over `pairs`, with its magnitude."""
    value = sum(np.einsum(formula, a, b, optimize=True) for a, b in pairs)
    if np.issubdtype(pairs[0][0].dtype, np.integer):
        return Reference(np.asarray(value), np.zeros_like(value), 1, exact=True)
    magnitude = sum(np.einsum(formula, np.abs(a), np.abs(b), optimize=True) for a, b in pairs)
    return Reference(np.asarray(value), np.asarray(magnitude), len(pairs))


def conv1d(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x, w = inputs["x"], inputs["w"]
    return accumulate([(x[t : t + dims["n"]], w[t]) for t in range(3)], "i,->i")


def conv2d(dims: Dims, inputs: Mapping[str, Array], formula: str, nchw: bool) -> Reference:
    x, filters = inputs["x"], inputs["filters"]
    stride, oh, ow = dims["stride"], dims["oh"], dims["ow"]
    pairs = []
    for r, s in product(range(2), range(2)):
        rows, cols = (slice(t, t + stride * (o - 1) + 1, stride) for t, o in ((r, oh), (s, ow)))
        window = x[:, :, rows, cols] if nchw else x[:, rows, cols, :]
        pairs.append((window, filters[:, :, r, s] if nchw else filters[:, r, s, :]))
    result = accumulate(pairs, formula)
    return Reference(result.value, result.magnitude, 4 * dims["c"], result.exact)


def conv2d_nhwc(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    return conv2d(dims, inputs, "bijc,fc->bijf", nchw=False)


def conv2d_nchw(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    return conv2d(dims, inputs, "bcij,fc->bfij", nchw=True)


def depthwise(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    x, filters, oh, ow = inputs["x"], inputs["filters"], dims["oh"], dims["ow"]
    pairs = [
        (x[r : r + oh, s : s + ow, :], filters[r * 3 + s]) for r, s in product(range(3), range(3))
    ]
    return accumulate(pairs, "ijc,c->ijc")


def strided_out(dims: Dims) -> Dims:
    return {side: (dims[side[1:]] - 2) // dims["stride"] + 1 for side in ("oh", "ow")}


def conv2d_shapes(nchw: bool) -> tuple[Shape, ...]:
    shapes = []
    for batch, c, stride in product((16, 32), (128, 64), (2, 3)):
        f = 192 - c if nchw else 64
        size = f"{batch}x{c}x8x8" if nchw else f"{batch}x8x8x{c}"
        dims = {"batch": batch, "h": 8, "w": 8, "c": c, "f": f, "stride": stride}
        shapes.append(Shape(f"{size}, {f} filters, stride {stride}", dims))
    return tuple(shapes)


def conv2d_work(dims: Dims) -> int:
    return dims["batch"] * dims["oh"] * dims["ow"] * dims["f"] * dims["c"] * 4


CONV2D_FLOORS = (Floor("batch", 4, 2), Floor("f", 64, 16), Floor("c", 64, 16))

CONV1D = Operator(
    name="conv1d",
    kind="convolution",
    shapes=tuple(Shape(str(n), {"n": n}) for n in (126, 190, 222, 256, 25, 312, 44, 5)),
    styles=(Style("baked"), Style("shared"), Style("half")),
    tensors=lambda dims, _style: (Tensor("x", (dims["n"] + 2,)), Tensor("w", (3,))),
    output=lambda dims: (dims["n"],),
    reference=conv1d,
    work=lambda dims: 3 * dims["n"],
)

NHWC = Operator(
    name="conv2d_nhwc",
    kind="convolution",
    shapes=conv2d_shapes(nchw=False),
    styles=(Style("baked"), Style("half"), Style("shared")),
    tensors=lambda dims, _style: (
        Tensor("x", (dims["batch"], dims["h"], dims["w"], dims["c"])),
        Tensor("filters", (dims["f"], 2, 2, dims["c"])),
    ),
    output=lambda dims: (dims["batch"], dims["oh"], dims["ow"], dims["f"]),
    reference=conv2d_nhwc,
    work=conv2d_work,
    floors=CONV2D_FLOORS,
    derived=strided_out,
)

NCHW = Operator(
    name="conv2d_nchw",
    kind="convolution",
    shapes=conv2d_shapes(nchw=True),
    styles=(Style("baked"), Style("grid_stride"), Style("int8")),
    tensors=lambda dims, _style: (
        Tensor("x", (dims["batch"], dims["c"], dims["h"], dims["w"])),
        Tensor("filters", (dims["f"], dims["c"], 2, 2)),
    ),
    output=lambda dims: (dims["batch"], dims["f"], dims["oh"], dims["ow"]),
    reference=conv2d_nchw,
    work=conv2d_work,
    floors=CONV2D_FLOORS,
    derived=strided_out,
)

DEPTHWISE = Operator(
    name="depthwise_conv",
    kind="convolution",
    shapes=tuple(
        Shape(f"{h}x{h}x{c}", {"h": h, "w": h, "c": c})
        for h, c in product((128, 192, 256, 6), (128, 3))
    ),
    styles=(Style("baked"), Style("bfloat16"), Style("grid_stride")),
    tensors=lambda dims, _style: (
        Tensor("x", (dims["h"], dims["w"], dims["c"])),
        Tensor("filters", (9, dims["c"])),
    ),
    output=lambda dims: (dims["oh"], dims["ow"], dims["c"]),
    reference=depthwise,
    work=lambda dims: 9 * dims["oh"] * dims["ow"] * dims["c"],
    floors=(Floor("h", 32, 6), Floor("w", 32, 12), Floor("c", 128, 64)),
    derived=lambda dims: {"oh": dims["h"] - 2, "ow": dims["w"] - 2},
)

OPERATORS: Final = (CONV1D, NHWC, NCHW, DEPTHWISE)
