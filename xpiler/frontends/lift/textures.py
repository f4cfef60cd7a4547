"""Textures: a parameter is a buffer with extents; a fetch is index arithmetic, as the host's sampler says.

Sampling follows the appendix "Texture Fetching" of the CUDA C++ Programming Guide: a point is `floor(x)`; linear filtering
weighs the texels round `x - 0.5` in 9-bit fixed point with 8 bits of fraction; a fetch by number outside gives 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field, replace
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CScalar, CStruct
from xpiler.frontends.lift.dispatch import scalar, value
from xpiler.frontends.lift.filtering import Axis, along, blend, fetched, layer_of, points
from xpiler.frontends.lift.intrinsics import INTRINSICS, Handler
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import BufferInfo, OpaqueValue, StructValue, Value, homogeneous
from xpiler.ir import build
from xpiler.ir.nodes import Block, Expr, If, Param, Select, Span, Var
from xpiler.ir.textures import EXTENTS, Sampler, TextureFormat, way_part
from xpiler.ir.types import F32, I32, Pointer, Scalar, Spaces
from xpiler.records import dataclass

__all__ = ["Texture", "texture_parameter", "texture_params"]


@dataclass(slots=True, eq=False)
class Texture:
    """A texture parameter while its kernel is lifted: what of it is used shows as that goes on.

    `at`: its place among the kernel's parameters, None for a reference at file scope. `texels`: the name of its buffer,
    once texels are read.
    """

    stem: str
    origin: str
    at: int | None
    span: Span | None
    samplers: tuple[Sampler, ...]
    stored: Scalar | None
    problem: str = ""
    guessed: bool = False
    way: str = ""
    texels: str = ""
    format: TextureFormat | None = None
    extents: dict[str, str] = field(default_factory=dict)

    def params(self) -> list[Param]:
        """The parameters that the texture has become."""
        if self.format is None:
            return []
        buffer = Pointer(self.format.elem, const=True)
        base, span = self.origin, self.span
        texels = Param(self.texels, buffer, origin=base + self.format.part, span=span)
        order = [e for e in EXTENTS if e in self.extents]
        params = [
            texels,
            *(Param(self.extents[e], I32, origin=f"{base}.{e}", span=span) for e in order),
        ]
        if self.way:
            part = way_part([replace(self.format, sampler=s) for s in self.samplers])
            params.append(Param(self.way, I32, origin=base + part, span=span))
        return params


def texture_parameter(lf: Lifter, node: Node, stem: str, at: int) -> OpaqueValue:
    """The value of a `cudaTextureObject_t` parameter that is number `at` of those lifted so far."""
    chosen = lf.file.samplers.of(lf.kernel_key, node.spelling)
    samplers = tuple(c.sampler for c in chosen)
    texture = Texture(
        stem, node.spelling, at, node.span, samplers, chosen[0].stored, chosen[0].problem,
        chosen[0].guessed,
    )  # fmt: skip
    lf.textures.append(texture)
    return OpaqueValue("texture", (texture,))


def _reference(lf: Lifter, node: Node) -> Texture | None:
    """The texture reference that an argument names: a variable at file scope, bound by the host."""
    for below in node.walk():
        ref = below.ref if below.kind == "DECL_REF_EXPR" else None
        if ref is None or ref.kind != "VAR_DECL":
            continue
        found = re.fullmatch(r"(?:const )?texture<(.*)>", str(ref.type.get_canonical().spelling))
        if found is None:
            return None
        name = ref.spelling
        for known in lf.textures:
            if isinstance(known, Texture) and known.at is None and known.origin == name:
                return known
        chosen = lf.file.samplers.bound(name)
        made = Texture(name, name, None, ref.span, (chosen.sampler,), chosen.stored, chosen.problem)
        if ref.cursor.semantic_parent.kind.name != "TRANSLATION_UNIT":
            made.problem = "a reference that is not at file scope"
        mode = [part.strip() for part in found[1].split(",")][2:]
        if mode not in ([], ["0"], ["cudaReadModeElementType"]):
            made.problem = "a reference that is read as normalised floats"
        lf.textures.append(made)
        return made
    return None


def texture_params(lf: Lifter, params: list[Param]) -> tuple[Param, ...]:
    """`params` with those that the kernel's textures have become."""
    found: list[Param] = []
    for k in range(len(params) + 1):
        found += [p for t in lf.textures if t.at == k for p in t.params()]
        found += params[k : k + 1]
    return (*found, *(p for t in lf.textures if t.at is None for p in t.params()))


def _extent(lf: Lifter, texture: Texture, name: str) -> Expr:
    if name not in texture.extents:
        texture.extents[name] = lf.fresh(f"{texture.stem}_{name}")
        lf.constants.add(texture.extents[name])
    return Var(texture.extents[name], I32)


# --- what is read ------------------------------------------------------------------------------


def _texture(lf: Lifter, node: Node) -> Texture:
    texture: object = _reference(lf, node)
    if texture is None:
        found = value(lf, node)
        if isinstance(found, OpaqueValue) and found.kind == "texture":
            texture = found.data[0]
    if not isinstance(texture, Texture):
        raise lf.refuse("XP1107", "a texture that is no parameter of the kernel itself", node)
    if texture.problem:
        raise lf.refuse("XP1107", f"texture {texture.stem}: {texture.problem}", node)
    return texture


def _element(lf: Lifter, node: Node) -> tuple[Scalar, int]:
    """The type of a channel as it is read, and how many there are."""
    ctype = lf.ctype(node)
    if isinstance(ctype, CScalar):
        return ctype.type, 1
    elem = homogeneous(ctype)
    if elem is None:
        raise lf.refuse("XP1107", "a texel of this type", node)
    return elem, ctype.size // elem.size


def _opened(lf: Lifter, texture: Texture, node: Node, axes: int, layered: bool) -> TextureFormat:
    """The format that the fetch at `node` needs; the buffer is made when it is the first."""
    elem, channels = _element(lf, node)
    sampler = texture.samplers[0]
    stored = texture.stored or elem
    if sampler.scaled and (texture.stored is None or stored.is_float):
        raise lf.refuse(
            "XP1107",
            f"texture {texture.stem} is read as normalised floats of an unknown type",
            node,
        )
    if not TextureFormat.possible(stored) or (not sampler.scaled and _differ(stored, elem)):
        message = f"texture {texture.stem} of {stored} is read as {elem}"
        raise lf.refuse("XP1107", message, node)
    if any(s.linear for s in texture.samplers) and axes and not elem.is_float:
        message = f"texture {texture.stem} is filtered, which gives floats, and read as {elem}"
        raise lf.refuse("XP1107", message, node)
    if axes and texture.guessed:
        message = f"no host code here says how texture {texture.stem} is sampled: taken as the nearest texel, clamped"
        lf.note("XP1107", message, node)
    several = len(texture.samplers) > 1
    new = TextureFormat(stored, channels, sampler, axes, layered, several)
    old = texture.format
    if old is None:
        texture.texels = lf.fresh(f"{texture.stem}_texels")
        lf.buffers[texture.texels] = BufferInfo(
            texture.texels, stored, 1, Spaces.GLOBAL, const=True
        )
    elif (old.elem, old.channels) != (stored, channels) or old.layered != layered:
        raise lf.refuse("XP1107", f"texture {texture.stem} is read as two types of texel", node)
    texture.format = replace(new, axes=max(axes, old.axes if old else 0))
    return new


def _differ(stored: Scalar, read: Scalar) -> bool:
    """Halves are read as floats; all else as what it is."""
    return stored != read and not (stored.is_float and read.is_float)


def _result(lf: Lifter, node: Node, channels: list[Expr]) -> Value:
    ctype = lf.ctype(node)
    kept = [lf.temporary(c, "texel") for c in channels]
    if isinstance(ctype, CScalar):
        return build.cast(ctype.type, kept[0])
    assert isinstance(ctype, CStruct)
    return StructValue(ctype, tuple((name, kept[k]) for k, (name, _) in enumerate(ctype.fields)))


def _channel(texture: Texture, made: TextureFormat, start: Expr, k: int) -> Expr:
    index = arith.binary("+", start, build.i32(k)) if k else start
    assert isinstance(build.scalar_type(index), Scalar)
    load: Expr = build.load(texture.texels, made.elem, index)
    if not made.sampler.scaled:
        return build.cast(F32, load) if made.elem.is_float else load
    bits = made.elem.bits - made.elem.is_signed
    real = arith.binary("/", build.cast(F32, load), build.f32(float((1 << bits) - 1)))
    return build.call("fmax", real, build.f32(-1.0)) if made.elem.is_signed else real


def _inside(test: Expr | None, found: Expr) -> Expr:
    if test is None:
        return found
    return Select(test, found, build.const(0, build.scalar_type(found)))


# --- fetches -----------------------------------------------------------------------------------


def _fetch(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    """`tex1Dfetch<T>(t, i)`."""
    texture = _texture(lf, args[0])
    made = _opened(lf, texture, node, 0, False)
    index = lf.temporary(build.cast(I32, scalar(lf, args[1])), "texel_at")
    width = _extent(lf, texture, "width")
    start = fetched(index, made.channels)
    test = points(index, width)
    return _result(
        lf, node, [_inside(test, _channel(texture, made, start, k)) for k in range(made.channels)]
    )


def _sample(axes: int, *, layered: bool = False) -> Handler:
    """`tex2D<T>(t, x, y)` and its kin."""

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        texture = _texture(lf, args[0])
        made = _opened(lf, texture, node, axes, layered)
        coordinates = [build.cast(F32, scalar(lf, args[1 + k])) for k in range(axes)]
        if made.several:
            coordinates = [lf.temporary(c, "u") for c in coordinates]
        depth: Expr | None = None
        if layered:
            layers = _extent(lf, texture, "depth")
            depth = layer_of(lf, scalar(lf, args[1 + axes]), layers)

        def sampled(sampler: Sampler) -> list[Expr]:
            form = replace(made, sampler=sampler)
            sizes = [_extent(lf, texture, e) for e in EXTENTS[:axes]]
            at = [
                along(lf, sampler, k, c, size)
                for k, (c, size) in enumerate(zip(coordinates, sizes, strict=True))
            ]
            return _sampled(lf, texture, form, at, depth)

        if not made.several:
            return _result(lf, node, sampled(made.sampler))
        return _result(lf, node, _either(lf, texture, made, sampled))

    return handler


def _either(
    lf: Lifter,
    texture: Texture,
    made: TextureFormat,
    sampled: Callable[[Sampler], list[Expr]],
) -> list[Expr]:
    """The texel as the launch's way of sampling gives it."""
    if not texture.way:
        texture.way = lf.fresh(f"{texture.stem}_way")
        lf.constants.add(texture.way)
    real = made.sampler.scaled or made.elem.is_float
    type_ = F32 if real else made.elem
    results = [lf.variable("texel", type_) for _ in range(made.channels)]
    rest: Block = ()
    for k, sampler in reversed(list(enumerate(texture.samplers))):
        with lf.block() as then:
            for variable, found in zip(results, sampled(sampler), strict=True):
                lf.assign(variable.name, found)
        test = arith.binary("==", Var(texture.way, I32), build.i32(k))
        last = k == len(texture.samplers) - 1
        rest = tuple(then) if last else (If(test, tuple(then), rest, span=lf.span),)
    for stmt in rest:
        lf.emit(stmt)
    return list(results)


def _sampled(
    lf: Lifter, texture: Texture, made: TextureFormat, axes: list[Axis], depth: Expr | None
) -> list[Expr]:
    def texel(corner: tuple[int, ...]) -> list[Expr]:
        at = [axis.index[side] for axis, side in zip(axes, corner, strict=True)]
        tests = [t for axis, side in zip(axes, corner, strict=True) if (t := axis.inside[side])]
        test: Expr | None = None
        for one in tests:
            test = one if test is None else arith.binary("&&", test, one)
        start = lf.temporary(_start(lf, texture, made.channels, at, depth), "texel_at")
        return [_inside(test, _channel(texture, made, start, k)) for k in range(made.channels)]

    if not made.sampler.linear:
        return texel((0,) * len(axes))
    return blend(lf, axes, texel, made.channels)


def _start(lf: Lifter, texture: Texture, channels: int, at: list[Expr], depth: Expr | None) -> Expr:
    """The first channel of texel `at` (x, y, z), of layer `depth`."""
    x, y = at[0], at[1] if len(at) > 1 else None
    z = at[2] if len(at) > 2 else depth
    row = y
    if z is not None:
        high = _extent(lf, texture, "height")
        row = arith.binary("*", z, high)
        row = row if y is None else arith.binary("+", row, y)
    number = x
    if row is not None:
        stride = _extent(lf, texture, "stride")
        number = arith.binary("+", arith.binary("*", row, stride), x)
    return fetched(number, channels)


_SAMPLED: Final[dict[str, Handler]] = {
    "tex1D": _sample(1),
    "tex2D": _sample(2),
    "tex3D": _sample(3),
    "tex1DLayered": _sample(1, layered=True),
    "tex2DLayered": _sample(2, layered=True),
}
INTRINSICS["tex1Dfetch"] = _fetch
INTRINSICS.update(_SAMPLED)
