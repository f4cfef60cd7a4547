"""Where a texture's coordinates fall: texels along each axis, what lies outside, weights of linear filtering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from xpiler.frontends.lift import arith
from xpiler.frontends.lift.state import Lifter
from xpiler.ir import build
from xpiler.ir.nodes import Expr
from xpiler.ir.textures import Addressing, Sampler
from xpiler.ir.types import F32, I32
from xpiler.records import dataclass

__all__ = ["Axis", "along", "blend", "fetched", "layer_of", "points"]

_WEIGHTS = 256.0  # 8 bits of fraction


@dataclass(frozen=True, slots=True)
class Axis:
    """One texel along an axis, or the two of linear filtering with the second one's weight. `inside`: None where the index
    is within the texture at any rate."""

    index: tuple[Expr, ...]
    inside: tuple[Expr | None, ...]
    weight: Expr | None = None


def points(index: Expr, size: Expr) -> Expr:
    """Whether a texel of this number is one of the texture's."""
    return arith.binary(
        "&&", arith.binary(">=", index, build.i32(0)), arith.binary("<", index, size)
    )


def fetched(number: Expr, channels: int) -> Expr:
    """The first element of a texel."""
    return number if channels == 1 else arith.binary("*", number, build.i32(channels))


def layer_of(lf: Lifter, layer: Expr, layers: Expr) -> Expr:
    """A layer's number, kept within the texture's."""
    low = build.call("max", build.cast(I32, layer), build.i32(0))
    last = arith.binary("-", layers, build.i32(1))
    return lf.temporary(build.call("min", low, last), "layer")


def along(lf: Lifter, sampler: Sampler, axis: int, coordinate: Expr, size: Expr) -> Axis:
    """The texels that a coordinate on an axis of `size` texels reads."""
    scaled = arith.binary("*", coordinate, build.cast(F32, size))
    u = lf.temporary(scaled if sampler.normalized else coordinate, "u")
    mode = sampler.along(axis)
    if not sampler.linear:
        # a clamped coordinate is not negative, where the conversion rounds down
        whole = u if mode == "clamp" else build.call("floor", u)
        index, inside = _addressed(lf, mode, whole, size, 0)
        return Axis((index,), (inside,))
    shifted = lf.temporary(arith.binary("-", u, build.f32(0.5)), "u")
    below = lf.temporary(build.call("floor", shifted), "u")
    fraction = arith.binary("-", shifted, below)
    steps = build.call("rint", arith.binary("*", fraction, build.f32(_WEIGHTS)))
    weight = lf.temporary(arith.binary("*", steps, build.f32(1 / _WEIGHTS)), "weight")
    pairs = [_addressed(lf, mode, below, size, k) for k in (0, 1)]
    return Axis(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs), weight)


def _addressed(
    lf: Lifter, mode: Addressing, whole: Expr, size: Expr, offset: int
) -> tuple[Expr, Expr | None]:
    """Texel number `whole + offset`, and whether it is there where that is not sure. Coordinates far outside, and those that
    are no numbers, are brought near in floating point, before the conversion would overflow."""
    last = arith.binary("-", size, build.i32(1))
    if mode in ("clamp", "border"):
        low, high = (0 - offset, last) if mode == "clamp" else (-1 - offset, size)
        near = build.call("fmax", whole, build.f32(float(low)))
        near = build.call("fmin", near, build.cast(F32, high))
        index = arith.binary("+", build.cast(I32, near), build.i32(offset)) if offset else (
            build.cast(I32, near)
        )  # fmt: skip
        if mode == "border":
            kept = lf.temporary(index, "texel")
            return kept, points(kept, size)
        return lf.temporary(build.call("min", index, last) if offset else index, "texel"), None
    moved = build.cast(I32, whole)
    moved = arith.binary("+", moved, build.i32(offset)) if offset else moved
    period = size if mode == "wrap" else arith.binary("*", size, build.i32(2))
    rest = arith.binary("%", moved, period)
    rest = lf.temporary(arith.binary("%", arith.binary("+", rest, period), period), "texel")
    if mode == "wrap":
        return rest, None
    back = arith.binary("-", arith.binary("-", period, build.i32(1)), rest)
    return lf.temporary(arith.select(arith.binary("<", rest, size), rest, back), "texel"), None


def blend(
    lf: Lifter,
    axes: Sequence[Axis],
    texel: Callable[[tuple[int, ...]], list[Expr]],
    channels: int,
) -> list[Expr]:
    """Linear filtering: the corners' texels by the products of their weights, x the fastest."""
    sums: list[Expr] = [build.f32(0.0)] * channels
    for reverse in product((0, 1), repeat=len(axes)):
        corner = tuple(reversed(reverse))
        weight: Expr | None = None
        for axis, side in zip(axes, corner, strict=True):
            assert axis.weight is not None
            one = axis.weight if side else arith.binary("-", build.f32(1.0), axis.weight)
            weight = one if weight is None else arith.binary("*", weight, one)
        assert weight is not None
        kept = lf.temporary(weight, "weight")
        terms = [arith.binary("*", kept, t) for t in texel(corner)]
        first = not any(corner)
        sums = [t if first else arith.binary("+", s, t) for s, t in zip(sums, terms, strict=True)]
    return sums
