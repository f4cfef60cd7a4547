"""Attention: self attention, grouped-query attention of one token, multi-scale deformable attention."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

import numpy as np

from benchmarks.model import Array, Dims, Floor, Operator, Reference, Shape, Style, Tensor
from benchmarks.operators.matmul import named

__all__ = ["OPERATORS"]

LEVELS: Final = ((84, 117), (42, 59), (21, 30), (11, 15))
POINTS: Final = 4


def attend(q: Array, k: Array, v: Array) -> tuple[Array, Array]:
    """Softmax over the keys of scaled dot products, times the values; the magnitude of that."""
    scale = 1 / np.sqrt(q.shape[-1])
    keys = np.swapaxes(k, -1, -2)
    scores = np.matmul(q, keys) * scale
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    # A score's rounding error is a relative error of its weight.
    spread = 1 + (np.matmul(np.abs(q), np.abs(keys)) * scale).max(axis=-1, keepdims=True)
    return np.matmul(weights, v), np.matmul(weights, np.abs(v)) * spread


def self_attention(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    value, magnitude = attend(inputs["q"], inputs["k"], inputs["v"])
    return Reference(value, magnitude, dims["seq"] + dims["d"])


def gqa(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    batch, hkv, d = dims["batch"], dims["hkv"], dims["d"]
    q = inputs["q"].reshape(batch, hkv, dims["hq"] // hkv, d)
    value, magnitude = attend(q, inputs["k"], inputs["v"])
    shape = inputs["q"].shape
    return Reference(value.reshape(shape), magnitude.reshape(shape), dims["seq"] + d)


def corner(value: Array, weight: Array, x: Array, y: Array, level: tuple[int, int]) -> Array:
    """`weight * value[y, x]`, zero outside. value: (h, w, heads, d); x, y, weight: (queries, heads)."""
    height, width = level
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    heads = np.arange(value.shape[2])
    picked = value[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1), heads]
    return np.asarray(picked * np.where(inside, weight, 0)[..., None])


def deformable(dims: Dims, _style: Style, inputs: Mapping[str, Array]) -> Reference:
    """Bilinear samples at each head's points of each level, weighted and added up."""
    value, locations, weights = inputs["value"], inputs["locations"], inputs["weights"]
    batch, queries, heads, d = (dims[name] for name in ("batch", "queries", "heads", "d"))
    result = np.zeros((batch, queries, heads, d))
    for b, (number, level) in product(range(batch), enumerate(LEVELS)):
        height, width = level
        start = sum(h * w for h, w in LEVELS[:number])
        plane = value[b, start : start + height * width].reshape(height, width, heads, d)
        for point in range(POINTS):
            x = locations[b, :, :, number, point, 0] * width - 0.5
            y = locations[b, :, :, number, point, 1] * height - 0.5
            x0, y0 = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
            for dx, dy in product((0, 1), (0, 1)):
                area = (x - x0 if dx else 1 - (x - x0)) * (y - y0 if dy else 1 - (y - y0))
                weight = area * weights[b, :, :, number, point]
                result[b] += corner(plane, weight, x0 + dx, y0 + dy, level)
    # A sample's place carries the rounding error of a coordinate of up to 117 pixels.
    spread = np.abs(weights).sum(axis=(3, 4))[..., None] * np.abs(value).max() * 8
    return Reference(result, np.broadcast_to(spread, result.shape), 4 * POINTS * len(LEVELS))


def self_attention_shapes() -> tuple[Shape, ...]:
    sizes = (
        *((1, 2048, 6, 256), (1, 2048, 12, 512), (4, 4096, 6, 256), (8, 2048, 8, 512)),
        *((16, 3072, 12, 256), (16, 2048, 6, 384), (32, 4096, 8, 256), (64, 2048, 12, 512)),
    )
    return tuple(
        Shape(f"{b}x{s}x{h}x{d}", {"planes": b * h, "queries": s, "seq": s, "d": d})
        for b, s, h, d in sizes
    )


def deformable_shapes() -> tuple[Shape, ...]:
    return tuple(
        Shape(f"{b}x8x{e}x{q}x4x4", {"batch": b, "heads": 8, "d": e // 8, "queries": q})
        for b, e, q in product((1, 4), (256, 512), (100, 200))
    )


SELF_ATTENTION = Operator(
    name="self_attention",
    kind="LLM",
    shapes=self_attention_shapes(),
    styles=(Style("baked"), Style("online"), Style("half")),
    tensors=lambda dims, _style: (
        Tensor("q", (dims["planes"], dims["queries"], dims["d"])),
        Tensor("k", (dims["planes"], dims["seq"], dims["d"]), "small"),
        Tensor("v", (dims["planes"], dims["seq"], dims["d"])),
    ),
    output=lambda dims: (dims["planes"], dims["queries"], dims["d"]),
    reference=self_attention,
    work=lambda dims: 2 * dims["planes"] * dims["queries"] * dims["seq"] * dims["d"],
    floors=(
        Floor("planes", 2, 2),
        Floor("queries", 2, 2),
        Floor("seq", 4096, 33),
        Floor("d", 512, 64),
    ),
)

GQA = Operator(
    name="gqa",
    kind="further",
    shapes=named(
        ("batch", "hq", "hkv", "seq", "d"),
        *("1x32x8x512x128", "4x8x2x256x64", "2x16x4x300x64", "1x8x1x1024x128"),
        *("8x4x2x128x32", "1x28x4x200x128", "3x6x3x77x48", "2x12x2x512x96"),
    ),
    styles=(Style("baked"), Style("warp")),
    tensors=lambda dims, _style: (
        Tensor("q", (dims["batch"], dims["hq"], dims["d"])),
        Tensor("k", (dims["batch"], dims["hkv"], dims["seq"], dims["d"]), "small"),
        Tensor("v", (dims["batch"], dims["hkv"], dims["seq"], dims["d"])),
    ),
    output=lambda dims: (dims["batch"], dims["hq"], dims["d"]),
    reference=gqa,
    work=lambda dims: 2 * dims["batch"] * dims["hq"] * dims["seq"] * dims["d"],
    floors=(Floor("batch", 1, 1), Floor("seq", 128, 33)),
)

DEFORMABLE = Operator(
    name="deformable_attention",
    kind="LLM",
    shapes=deformable_shapes(),
    styles=(Style("baked"), Style("shared")),
    tensors=lambda dims, _style: (
        Tensor("value", (dims["batch"], 13101, dims["heads"], dims["d"])),
        Tensor("locations", (dims["batch"], dims["queries"], dims["heads"], 4, 4, 2), "place"),
        Tensor("weights", (dims["batch"], dims["queries"], dims["heads"], 4, 4), "positive"),
    ),
    output=lambda dims: (dims["batch"], dims["queries"], dims["heads"], dims["d"]),
    reference=deformable,
    work=lambda dims: 64 * dims["batch"] * dims["queries"] * dims["heads"] * dims["d"],
    floors=(Floor("batch", 1, 1), Floor("queries", 25, 3), Floor("heads", 8, 2), Floor("d", 32, 8)),
)

OPERATORS: Final = (DEFORMABLE, SELF_ATTENTION, GQA)
