"""Surfaces: a parameter is a buffer of channels that is read and written; rows follow one another, and bytes count along x.

What lies outside is left to the launch in the mode `trap`, which is the default and faults; `zero` reads 0 and writes
nothing; `clamp` takes the texel at the edge.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CScalar, CStruct, CType
from xpiler.frontends.lift.dispatch import scalar, value
from xpiler.frontends.lift.intrinsics import INTRINSICS, VOID, Handler, pointee
from xpiler.frontends.lift.memory import convert, write
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import BufferInfo, OpaqueValue, StructValue, Value, homogeneous
from xpiler.ir import build
from xpiler.ir.nodes import Cast, Expr, If, Param, Select, Span, Stmt, Store, Var
from xpiler.ir.textures import surface_part
from xpiler.ir.types import I32, Pointer, Scalar, Spaces
from xpiler.records import dataclass

__all__ = ["Surface", "surface_parameter"]

_SIDES: Final = ("stride", "height", "depth")
_MODES: Final = ("zero", "clamp", "trap")  # numbered as `cudaSurfaceBoundaryMode`


@dataclass(slots=True, eq=False)
class Surface:
    """A surface parameter while its kernel is lifted. `at`: its place among the kernel's parameters; `elem`, `channels`:
    what its texels are taken for; `written`: whether the kernel stores into it."""

    stem: str
    at: int
    span: Span | None
    texels: str = ""
    elem: Scalar | None = None
    channels: int = 1
    written: bool = False
    extents: dict[str, str] = field(default_factory=dict)

    def params(self) -> list[Param]:
        """The parameters that the surface has become."""
        if self.elem is None:
            return []
        part = surface_part(self.elem.size * self.channels)
        buffer = Pointer(self.elem, const=not self.written)
        sides = [e for e in _SIDES if e in self.extents]
        return [
            Param(self.texels, buffer, origin=self.stem + part, span=self.span),
            *(
                Param(self.extents[e], I32, origin=f"{self.stem}.{e}", span=self.span)
                for e in sides
            ),
        ]


def surface_parameter(lf: Lifter, node: Node, at: int) -> OpaqueValue:
    """The value of a `cudaSurfaceObject_t` parameter that is number `at` of those lifted so far."""
    surface = Surface(node.spelling, at, node.span)
    lf.textures.append(surface)
    return OpaqueValue("surface", (surface,))


def _side(lf: Lifter, surface: Surface, name: str) -> Expr:
    if name not in surface.extents:
        surface.extents[name] = lf.fresh(f"{surface.stem}_{name}")
        lf.constants.add(surface.extents[name])
    return Var(surface.extents[name], I32)


def _opened(lf: Lifter, node: Node, ctype: CType, argument: Node) -> Surface:
    """The surface that an argument names, its texels taken for `ctype`."""
    found = value(lf, argument)
    surface = found.data[0] if isinstance(found, OpaqueValue) and found.kind == "surface" else None
    if not isinstance(surface, Surface):
        raise lf.refuse("XP1107", "a surface that is no parameter of the kernel itself", node)
    elem = ctype.type if isinstance(ctype, CScalar) else homogeneous(ctype)
    if elem is None or elem.kind == "void":
        raise lf.refuse("XP1107", "a texel of this type", node)
    channels = ctype.size // elem.size
    if surface.elem is None:
        surface.elem, surface.channels = elem, channels
        surface.texels = lf.fresh(f"{surface.stem}_texels")
        lf.buffers[surface.texels] = BufferInfo(surface.texels, elem, 1, Spaces.GLOBAL)
    elif (surface.elem, surface.channels) != (elem, channels):
        message = f"surface {surface.stem} is accessed as two types of texel"
        raise lf.refuse("XP1107", message, node)
    return surface


@dataclass(frozen=True, slots=True)
class _Access:
    """An access's first element, and whether it is there where that is not sure."""

    surface: Surface
    start: Expr
    inside: Expr | None


def _access(lf: Lifter, surface: Surface, places: tuple[Node, ...], mode: str) -> _Access:
    """`places`: the byte along x, then the row, then the slice or layer."""
    elem, channels = surface.elem, surface.channels
    assert elem is not None
    byte = scalar(lf, places[0])
    across = lf.temporary(_elements(byte, elem.size), "texel_x")
    others = [lf.temporary(build.cast(I32, scalar(lf, p)), "texel_y") for p in places[1:]]
    test: Expr | None = None
    if mode != "trap":
        wide = arith.binary("*", _side(lf, surface, "stride"), build.i32(channels))
        limits = [wide, *(_side(lf, surface, e) for e in _SIDES[1 : len(places)])]
        at = [build.cast(I32, across), *others]
        if mode == "clamp":
            last = arith.binary("-", limits[0], build.i32(channels))
            ends = [last, *(arith.binary("-", n, build.i32(1)) for n in limits[1:])]
            at = [
                build.call("min", build.call("max", a, build.i32(0)), e)
                for a, e in zip(at, ends, strict=True)
            ]
            across, others = at[0], at[1:]
        else:
            for a, limit in zip(at, limits, strict=True):
                within = arith.binary(
                    "&&", arith.binary(">=", a, build.i32(0)), arith.binary("<", a, limit)
                )
                test = within if test is None else arith.binary("&&", test, within)
    row: Expr | None = None
    if len(others) == 2:
        row = arith.binary("*", others[1], _side(lf, surface, "height"))
        row = arith.binary("+", row, others[0])
    elif others:
        row = others[0]
    start = across
    if row is not None:
        before = arith.binary("*", row, _side(lf, surface, "stride"))
        before = arith.multiply(before, channels) if channels > 1 else before
        start = arith.binary("+", before, across)
    return _Access(surface, lf.temporary(start, "texel_at"), test)


def _elements(byte: Expr, size: int) -> Expr:
    """Bytes along a row as elements."""
    while isinstance(byte, Cast) and build.scalar_type(byte.a).is_int:
        byte = byte.a
    narrow = build.scalar_type(byte).bits < 32
    return build.cast(I32, arith.divide(build.cast(I32, byte) if narrow else byte, size))


def _mode(lf: Lifter, args: tuple[Node, ...], count: int) -> str:
    if len(args) <= count:
        return "trap"
    number = args[count].evaluate()
    if number is None:
        raise lf.refuse("XP1107", "a boundary mode that is no constant", args[count])
    return _MODES[int(number)]


def _reader(axes: int) -> Handler:
    """`surf2Dread<T>(s, x, y)` and `surf2Dread(&v, s, x, y)`."""

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        into = None
        ctype = lf.ctype(node)
        if isinstance(ctype, CScalar) and ctype.type.kind == "void":
            into, args = pointee(lf, args[0]), args[1:]
            ctype = lf.file.types.of(node.cursor.get_arguments().__next__().type.get_pointee())
        surface = _opened(lf, node, ctype, args[0])
        access = _access(lf, surface, args[1 : 1 + axes], _mode(lf, args, 1 + axes))
        found = _loaded(lf, access, ctype)
        if into is None:
            return found
        write(lf, into, found, node)
        return VOID

    return handler


def _loaded(lf: Lifter, access: _Access, ctype: CType) -> Value:
    surface = access.surface
    assert surface.elem is not None
    channels: list[Expr] = []
    for k in range(surface.channels):
        index = arith.binary("+", access.start, build.i32(k)) if k else access.start
        load: Expr = build.load(surface.texels, surface.elem, index)
        if access.inside is not None:
            load = Select(access.inside, load, build.const(0, surface.elem))
        channels.append(lf.temporary(load, "texel"))
    if not isinstance(ctype, CStruct):
        return channels[0]
    names = [name for name, _ in ctype.fields]
    return StructValue(ctype, tuple(zip(names, channels, strict=True)))


def _writer(axes: int) -> Handler:
    """`surf2Dwrite(v, s, x, y)`."""

    def handler(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
        ctype = lf.ctype(args[0])
        surface = _opened(lf, node, ctype, args[1])
        given = convert(lf, value(lf, args[0]), ctype, node)
        access = _access(lf, surface, args[2 : 2 + axes], _mode(lf, args, 2 + axes))
        surface.written = True
        stores: list[Stmt] = []
        for k, channel in enumerate(_channels(lf, given, node)):
            index = arith.binary("+", access.start, build.i32(k)) if k else access.start
            stores.append(Store(surface.texels, (index,), channel, span=lf.span))
        if access.inside is not None:
            stores = [If(access.inside, tuple(stores), span=lf.span)]
        for stmt in stores:
            lf.emit(stmt)
        return VOID

    return handler


def _channels(lf: Lifter, given: Value, node: Node) -> list[Expr]:
    if isinstance(given, StructValue):
        return [part for _, v in given.fields for part in _channels(lf, v, node)]
    if isinstance(given, Expr):
        return [given]
    raise lf.refuse("XP1107", "a texel of this type", node)


for _name, _axes in (("1D", 1), ("2D", 2), ("3D", 3), ("2DLayered", 3)):
    INTRINSICS[f"surf{_name}read"] = _reader(_axes)
    INTRINSICS[f"surf{_name}write"] = _writer(_axes)
