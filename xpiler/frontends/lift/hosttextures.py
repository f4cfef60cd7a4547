"""Textures in launches: their extents are those of the image that the kernel works on, or free variables of the host, since
a texture of any size can be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from xpiler.frontends.host import Argument, ScalarArgument, UnknownArgument
from xpiler.ir import build
from xpiler.ir.nodes import Expr, Param, Var
from xpiler.ir.textures import surface_side, texture_of
from xpiler.ir.types import I32

_NAMED: Final = {
    "width": re.compile(r"(?:.*_)?w|.*width|nx|(?:.*_)?cols", re.I),
    "height": re.compile(r"(?:.*_)?h|.*height|ny|(?:.*_)?rows", re.I),
    "depth": re.compile(r"(?:.*_)?d|.*depth|nz|(?:.*_)?layers", re.I),
}

__all__ = ["textures_apart", "with_textures"]


def textures_apart(
    params: Sequence[Param],
) -> tuple[tuple[tuple[int, Param], ...], tuple[Param, ...]]:
    """The parameters that textures have become, with their places, and the others."""
    mine = tuple((k, p) for k, p in enumerate(params) if texture_of(p, params) is not None)
    places = {k for k, _ in mine}
    return mine, tuple(p for k, p in enumerate(params) if k not in places)


def with_textures(
    plain: Sequence[Argument], sampled: Sequence[tuple[int, Param]]
) -> tuple[Argument, ...]:
    """The arguments of a launch, those of textures among them. A row is as long as the texture is wide."""
    found = list(plain)
    for place, param in sampled:
        stem, _, part = param.origin.partition(".")
        argument: Argument = UnknownArgument(
            param.name, "a texture's memory is as large as it is read"
        )
        if param.type == I32:
            part = "width" if part == "stride" else part.partition("<")[0]
            side = surface_side(param, [p for _, p in sampled])
            value = build.i32(side) if side else _extent(plain, stem, part)
            argument = ScalarArgument(param.name, value)
        found.insert(place, argument)
    return tuple(found)


def _extent(plain: Sequence[Argument], stem: str, part: str) -> Expr:
    """What an argument of the launch is that goes by the extent's name, else a variable."""
    names = _NAMED.get(part)
    for argument in plain:
        if not isinstance(argument, ScalarArgument) or names is None:
            continue
        value = argument.value
        if names.fullmatch(argument.param) and build.scalar_type(value).is_int:
            return build.cast(I32, value)
    return Var(f"{stem}_{part}", I32)
