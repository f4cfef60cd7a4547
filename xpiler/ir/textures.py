"""Textures in a kernel's parameters: a buffer of channels, its extents, and one word that says how it is sampled.

A `cudaTextureObject_t t` becomes up to six parameters with the origins `t.texels<word, mask>()`, `t.width`, `t.height`,
`t.depth`, `t.stride` and, where the host samples it in several ways, `t.way<mask, word, word, ...>()`, of which a kernel has
those that it uses. The word is what the code was made for; the mask says which of its bits matter to the kernel. A way is a
number in the list, the last one for what is beyond it. Texel (x, y, z) starts at element
`((z * height + y) * stride + x) * channels` of the buffer. Runtime and emitted host code read the word by the same layout
(`xpiler/texture.h`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from typing import Final, Literal

from xpiler.ir.nodes import Param
from xpiler.ir.types import F16, F32, I8, I16, I32, U8, U16, U32, Scalar
from xpiler.records import dataclass

__all__ = [
    "EXTENTS",
    "Addressing",
    "Sampler",
    "TextureFormat",
    "TexturePart",
    "references",
    "surface_part",
    "surface_side",
    "texture_of",
    "texture_part",
    "way_part",
]

Addressing = Literal["wrap", "clamp", "mirror", "border"]
ADDRESSING: Final[tuple[Addressing, ...]] = ("wrap", "clamp", "mirror", "border")
EXTENTS: Final = ("width", "height", "depth", "stride")

_CHANNELS: Final[dict[Scalar, int]] = {
    I8: 0, I16: 0, I32: 0, U8: 1, U16: 1, U32: 1, F16: 2, F32: 2,
}  # fmt: skip
"""What a channel may be, and its `cudaChannelFormatKind`."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """How host code has a texture sampled (`cudaTextureDesc`).

    `scaled`: integers are read as reals of [0, 1] or [-1, 1] (`cudaReadModeNormalizedFloat`). Wrapping and mirroring need
    normalised coordinates; without them the hardware clamps, and so does `along`.
    """

    linear: bool = False
    normalized: bool = False
    scaled: bool = False
    address: tuple[Addressing, Addressing, Addressing] = ("clamp", "clamp", "clamp")

    def along(self, axis: int) -> Addressing:
        """What becomes of coordinates outside, on axis 0 to 2."""
        mode = self.address[axis]
        return "clamp" if mode in ("wrap", "mirror") and not self.normalized else mode


@dataclass(frozen=True, slots=True)
class TextureFormat:
    """A sampler with what a texel is. `axes`: along how many coordinates it is sampled, 0 where texels are fetched by
    number. `several`: the sampler's modes are chosen at each launch."""

    elem: Scalar
    channels: int
    sampler: Sampler = field(default_factory=Sampler)
    axes: int = 0
    layered: bool = False
    several: bool = False

    @staticmethod
    def possible(elem: Scalar) -> bool:
        """Whether a texture may have channels of this type."""
        return elem in _CHANNELS

    @property
    def word(self) -> int:
        """Bits 0 linear, 1 normalised, 2 scaled, 3-8 addressing of three axes, 9-10 kind, 11-13 channels, 14-19 bits,
        20 layered, 21 a border that is not 0, 22 sRGB (neither has counterparts here)."""
        s = self.sampler
        address = sum(ADDRESSING.index(s.along(k)) << (3 + 2 * k) for k in range(3))
        modes = s.linear | s.normalized << 1 | s.scaled << 2 | address
        texel = _CHANNELS[self.elem] << 9 | self.channels << 11 | self.elem.bits << 14
        return modes | texel | self.layered << 20

    @property
    def mask(self) -> int:
        """The bits of the word on which the kernel counts."""
        whole = 0b111 << 20 if self.axes else 0
        modes = 0 if self.several else self.modes
        return 0b100 | modes | 0x7FF << 9 | whole

    @property
    def modes(self) -> int:
        """The bits of filter, coordinates and addressing."""
        return (0b11 if self.axes else 0) | ((1 << 2 * self.axes) - 1) << 3

    @property
    def part(self) -> str:
        """The path of the buffer in its texture."""
        return f".texels<{self.word & self.mask}, {self.mask}>()"


@dataclass(frozen=True, slots=True)
class TexturePart:
    """A parameter's part of a texture: `texels` with the word, or the `way` with those of which one is to be added; of a
    surface: `surface` with the bytes of a texel."""

    name: str
    word: int = 0
    ways: tuple[int, ...] = ()


def texture_part(path: str) -> TexturePart | None:
    """Reads a path of `Param.origin` behind the parameter's name; None for a member of an ordinary object."""
    found = re.fullmatch(r"\.texels<(\d+), \d+>\(\)", path)
    if found:
        return TexturePart("texels", int(found[1]))
    found = re.fullmatch(r"\.surface<(\d+)>\(\)", path)
    if found:
        return TexturePart("surface", int(found[1]))
    found = re.fullmatch(r"\.way<\d+((?:, \d+)+)>\(\)", path)
    return TexturePart("way", 0, tuple(map(int, found[1].split(",")[1:]))) if found else None


def surface_part(bytes_: int) -> str:
    """The path of a surface's buffer, whose texels have so many bytes. Rows are `stride` texels long, and as wide."""
    return f".surface<{bytes_}>()"


def way_part(formats: Sequence[TextureFormat]) -> str:
    """The path of the number of the format that a launch has."""
    mask = formats[0].modes
    return f".way<{', '.join(str(n) for n in (mask, *(f.word & mask for f in formats)))}>()"


def texture_of(param: Param, params: Sequence[Param]) -> str | None:
    """The source's texture of which a parameter is a part; None where it is of none."""
    stem, dot, part = param.origin.partition(".")
    if not dot or (part not in EXTENTS and texture_part(f".{part}") is None):
        return None
    has_texels = any(
        p.origin.startswith(f"{stem}.") and texture_part(p.origin[len(stem) :]) is not None
        for p in params
    )
    return stem if has_texels else None


def references(params: Sequence[Param], names: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """The textures at file scope: by their names the parts (a path, the number of a parameter). They stand behind the
    parameters of the source, whose `names` they do not have."""
    found: dict[str, list[tuple[str, int]]] = {}
    for k, param in enumerate(params):
        stem = texture_of(param, params)
        if stem is not None and stem not in names and param.name not in names:
            found.setdefault(stem, []).append((param.origin[len(stem) :], k))
    return found


_ROOM: Final = {"stride": 1024, "height": 256, "depth": 64}


def surface_side(param: Param, params: Sequence[Param]) -> int:
    """How far a test's surface reaches along an extent: what lies outside faults, so further than most kernels write. 0 for
    what is no extent of a surface."""
    stem = texture_of(param, params)
    if stem is None or not any(p.origin.startswith(f"{stem}.surface<") for p in params):
        return 0
    return _ROOM.get(param.origin.rpartition(".")[2], 0)
