"""Warp matrix fragments (`nvcuda::wmma`) become tiles."""

from __future__ import annotations

import re
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CArray, COpaque, CScalar, CType
from xpiler.frontends.lift.dispatch import place, scalar, value
from xpiler.frontends.lift.intrinsics import INTRINSICS, VOID
from xpiler.frontends.lift.pointers import is_linear, retarget
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    ArrayPlace,
    BufferInfo,
    OpaqueValue,
    PointerValue,
    Value,
    ValuePlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import AddressOf, Const, Tile, TileOp
from xpiler.ir.types import (
    BF16,
    F16,
    F32,
    F64,
    I8,
    I32,
    U8,
    Pointer,
    Scalar,
    Spaces,
)
from xpiler.records import dataclass

__all__ = [
    "Fragment",
    "declare_tile",
    "fragment_elements",
    "parse_fragment",
    "picks_tiles",
    "subscript_fragments",
]

_ELEMENTS: Final[dict[str, Scalar]] = {
    "__half": F16,
    "__nv_bfloat16": BF16,
    "float": F32,
    "double": F64,
    "int": I32,
    "signed char": I8,
    "char": I8,
    "unsigned char": U8,
}
_ROLES: Final = {"matrix_a": "a", "matrix_b": "b", "accumulator": "acc"}
_FRAGMENT: Final = re.compile(
    r"nvcuda::wmma::fragment<nvcuda::wmma::(\w+), (\d+), (\d+), (\d+), ([\w: ]+?)(?:, ([\w:]+))?>$"
)


@dataclass(frozen=True, slots=True)
class Fragment:
    """The shape of a fragment type."""

    role: str
    m: int
    n: int
    k: int
    elem: str
    layout: str

    @property
    def elements(self) -> int:
        """Elements that one lane holds."""
        rows = self.k if self.role == "b" else self.m
        columns = self.k if self.role == "a" else self.n
        return rows * columns // 32


def parse_fragment(name: str) -> Fragment | None:
    """The fragment that a type's name tells, None for other types."""
    found = _FRAGMENT.search(name)
    if found is None or found[1] not in _ROLES:
        return None
    m, n, k = int(found[2]), int(found[3]), int(found[4])
    layout = "col" if (found[6] or "").endswith("col_major") else "row"
    return Fragment(_ROLES[found[1]], m, n, k, found[5], layout)


def declare_tile(lf: Lifter, node: Node, ctype: CType) -> bool:
    """Declare a fragment variable, or an array of them; false when `ctype` is none."""
    inner, count = ctype, 1
    while isinstance(inner, CArray):
        count *= inner.count or 0
        inner = inner.elem
    shape = parse_fragment(inner.name) if isinstance(inner, COpaque) else None
    if shape is None:
        return False
    if isinstance(ctype, CArray):
        tiles = tuple(_declare(lf, node, shape, f"{node.spelling}_{k}") for k in range(count))
        lf.places[node.key] = ValuePlace(OpaqueValue("fragments", (ctype, 0, *tiles)))
        lf.tile_arrays.add(node.key)
        return True
    lf.places[node.key] = ValuePlace(_declare(lf, node, shape, node.spelling))
    return True


def _declare(lf: Lifter, node: Node, shape: Fragment, stem: str) -> OpaqueValue:
    elem = _ELEMENTS.get(shape.elem)
    if elem is None:
        raise lf.refuse(
            "XP1110", f"fragments of {shape.elem.split('::')[-1]} are not supported", node
        )
    name = lf.fresh(stem)
    layout = "row" if shape.role == "acc" else shape.layout
    lf.emit(Tile(name, shape.role, shape.m, shape.n, shape.k, elem, layout, span=node.span))
    lf.buffers[name] = BufferInfo(name, elem, 1, Spaces.TILE)
    return OpaqueValue("fragment", (name, elem, shape))


def subscript_fragments(lf: Lifter, base: OpaqueValue, index: Node) -> OpaqueValue:
    """`fragments[i]` with an index that lifting knows (its loop is unrolled)."""
    ctype, start, *tiles = base.data
    assert isinstance(ctype, CArray)
    assert isinstance(start, int)
    found = scalar(lf, index)
    if not isinstance(found, Const):
        raise lf.refuse("XP1110", "an array of fragments with a variable index", index)
    position = int(found.value)
    inner = ctype.elem
    if isinstance(inner, CArray):
        per = 1
        below: CType = inner
        while isinstance(below, CArray):
            per *= below.count or 0
            below = below.elem
        return OpaqueValue("fragments", (inner, start + position * per, *tiles))
    chosen = tiles[start + position]
    assert isinstance(chosen, OpaqueValue)
    return chosen


def fragment_elements(fragment: OpaqueValue) -> ArrayPlace:
    """`fragment.x`: the elements that this lane holds."""
    name, elem, shape = fragment.data
    assert isinstance(name, str)
    assert isinstance(elem, Scalar)
    assert isinstance(shape, Fragment)
    ctype = CArray(CScalar(elem), shape.elements)
    return ArrayPlace(PointerValue(name, (), build.i32(0), CScalar(elem)), ctype)


def _fragment(lf: Lifter, node: Node) -> tuple[str, Scalar]:
    found = place(lf, node)
    inner = found.value if isinstance(found, ValuePlace) else None
    if not isinstance(inner, OpaqueValue) or inner.kind != "fragment":
        raise lf.refuse("XP1111", "a fragment is expected here", node)
    name, elem = inner.data[0], inner.data[1]
    assert isinstance(name, str)
    assert isinstance(elem, Scalar)
    return name, elem


def _fill(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    name, elem = _fragment(lf, args[0])
    given = build.cast(elem, scalar(lf, args[1]))
    lf.emit(TileOp("fill", (name,), (given,), span=node.span))
    return VOID


def _address(lf: Lifter, node: Node, elem: Scalar, const: bool) -> AddressOf:
    found = value(lf, node)
    if not isinstance(found, PointerValue) or not found.buffer:
        raise lf.refuse("XP1111", "the memory of a fragment", node)
    found = retarget(lf, found, CScalar(elem), node)
    info = lf.buffers[found.buffer]
    if info.elem != elem or not is_linear(lf, found):
        raise lf.refuse("XP1113", f"a fragment of {elem} in {info.elem} memory", node)
    index = (*found.prefix, found.offset)
    return AddressOf(found.buffer, index, Pointer(elem, const), span=node.span)


def _own_layout(lf: Lifter, node: Node) -> str:
    found = place(lf, node)
    assert isinstance(found, ValuePlace)
    assert isinstance(found.value, OpaqueValue)
    shape = found.value.data[2]
    assert isinstance(shape, Fragment)
    return shape.layout


def _layout(node: Node | None) -> str:
    if node is None:
        return "row"
    return "col" if node.evaluate() == 1 else "row"


def _load(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    name, elem = _fragment(lf, args[0])
    address = _address(lf, args[1], elem, True)
    stride = build.cast(I32, scalar(lf, args[2]))
    layout = _layout(args[3]) if len(args) > 3 else _own_layout(lf, args[0])
    lf.emit(TileOp("load", (name,), (address, stride), layout, span=node.span))
    return VOID


def _store(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    name, elem = _fragment(lf, args[1])
    address = _address(lf, args[0], elem, False)
    stride = build.cast(I32, scalar(lf, args[2]))
    layout = _layout(args[3]) if len(args) > 3 else "row"
    lf.emit(TileOp("store", (name,), (address, stride), layout, span=node.span))
    return VOID


def _multiply(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    names = tuple(_fragment(lf, a)[0] for a in args[:4])
    lf.emit(TileOp("mma", names, (), span=node.span))
    return VOID


INTRINSICS["fill_fragment"] = _fill
INTRINSICS["load_matrix_sync"] = _load
INTRINSICS["store_matrix_sync"] = _store
INTRINSICS["mma_sync"] = _multiply


def picks_tiles(lf: Lifter, body: Node, variable: Node) -> bool:
    """Whether the loop's number, or what is computed from it, says which fragment of an array is meant; loops inside that
    do so are unrolled themselves."""
    numbers = {variable.key}
    for node in body.walk():
        if node.kind == "VAR_DECL" and _references(node) & numbers:
            numbers.add(node.key)
    return any(
        node.kind == "ARRAY_SUBSCRIPT_EXPR"
        and bool(_references(node) & set(lf.tile_arrays))
        and bool(_references(node) & numbers)
        for node in body.walk()
    )


def _references(node: Node) -> set[int]:
    """What the names in it refer to."""
    found = (n.ref for n in node.walk() if n.kind == "DECL_REF_EXPR")
    return {target.key for target in found if target is not None}
