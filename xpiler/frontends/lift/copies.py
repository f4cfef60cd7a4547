"""`memcpy` and `memset` of a constant number of bytes: scalars are moved, or their bits."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CScalar
from xpiler.frontends.lift.dispatch import scalar, value
from xpiler.frontends.lift.intrinsics import INTRINSICS, VOID
from xpiler.frontends.lift.memory import dereference, read, write
from xpiler.frontends.lift.pointers import advance, retarget
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    ArrayPlace,
    ElementPlace,
    OpaqueValue,
    PackPlace,
    Place,
    PointerValue,
    StructPlace,
    Value,
    VarPlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import Const, Expr
from xpiler.ir.types import Scalar
from xpiler.records import dataclass

__all__ = ["scalar_places"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A scalar at a byte offset of the copied region."""

    at: int
    place: Place
    type: Scalar


def scalar_places(lf: Lifter, target: Place, at: int, node: Node) -> list[Piece]:
    """The scalars of a variable, in order of memory without padding."""
    match target:
        case VarPlace(type=type_) | ElementPlace(type=type_) | PackPlace(type=type_):
            return [Piece(at, target, type_)]
        case StructPlace(ctype=ctype, fields=fields):
            found: list[Piece] = []
            for (_, part), offset in zip(fields, ctype.offsets, strict=True):
                found += scalar_places(lf, part, at + offset, node)
            return found
        case ArrayPlace(start=start, ctype=ctype):
            found = []
            for k in range(ctype.count or 0):
                element = dereference(lf, advance(lf, start, build.i32(k), node), node)
                found += scalar_places(lf, element, at + k * ctype.elem.size, node)
            return found
        case _:
            raise lf.refuse("XP1111", "a copy of this object", node)


def _region(lf: Lifter, node: Node, size: int) -> list[Piece]:
    """The scalars that a pointer argument of memcpy covers."""
    while node.kind == "UNEXPOSED_EXPR" and len(node.children) == 1:
        node = node.children[0]
    found = value(lf, node)
    if isinstance(found, OpaqueValue) and found.kind == "address_of_variable":
        target = found.data[0]
        assert isinstance(target, VarPlace | StructPlace)
        return [p for p in scalar_places(lf, target, 0, node) if p.at < size]
    if not isinstance(found, PointerValue) or not found.buffer:
        raise lf.refuse("XP1111", "a copy of this memory", node)
    elem = lf.buffers[found.buffer].elem
    if found.prefix and len(found.prefix) < lf.buffers[found.buffer].rank - 1:
        raise lf.refuse("XP1111", "a copy across rows", node)
    start = retarget(lf, found, CScalar(elem), node)
    pieces = []
    for k in range(size // elem.size):
        element = dereference(lf, advance(lf, start, build.i32(k), node), node)
        pieces.append(Piece(k * elem.size, element, elem))
    return pieces


def _copy(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    size = scalar(lf, args[2])
    if not isinstance(size, Const) or int(size.value) > 256:
        raise lf.refuse("XP1112", "memcpy of a size that is not a small constant", node)
    count = int(size.value)
    target, source = _region(lf, args[0], count), _region(lf, args[1], count)
    values: list[tuple[Place, Expr]] = []
    for piece in target:
        found = _assembled(lf, source, piece, node)
        values.append((piece.place, lf.temporary(found)))
    for place, found in values:
        write(lf, place, found, node)
    return VOID


def _assembled(lf: Lifter, source: list[Piece], wanted: Piece, node: Node) -> Expr:
    """The value of `wanted` from the pieces of the source that cover it."""
    wide = arith.unsigned(wanted.type.bits)
    combined: Expr | None = None
    for piece in source:
        if piece.at + piece.type.size <= wanted.at or piece.at >= wanted.at + wanted.type.size:
            continue
        found = read(lf, piece.place)
        assert isinstance(found, Expr)
        if piece.at == wanted.at and piece.type == wanted.type:
            return found
        bits = arith.bits_of(found)
        shift = (piece.at - wanted.at) * 8
        if shift < 0:
            bits = build.cast(wide, arith.binary(">>", bits, build.i32(-shift)))
        else:
            bits = build.cast(wide, bits)
            bits = arith.binary("<<", bits, build.i32(shift)) if shift else bits
        combined = bits if combined is None else arith.binary("|", combined, bits)
    if combined is None:
        raise lf.refuse("XP1113", "a copy between these types", node)
    return arith.from_bits(combined, wanted.type)


def _fill(lf: Lifter, node: Node, args: tuple[Node, ...]) -> Value:
    byte, size = scalar(lf, args[1]), scalar(lf, args[2])
    if not isinstance(size, Const) or not isinstance(byte, Const) or int(size.value) > 1024:
        raise lf.refuse("XP1112", "memset of a value or size that is not a small constant", node)
    for piece in _region(lf, args[0], int(size.value)):
        pattern = int.from_bytes(bytes([int(byte.value) & 255]) * piece.type.size, "little")
        bits = build.const(pattern, arith.unsigned(piece.type.bits))
        zero = build.const(0, piece.type)
        write(lf, piece.place, zero if pattern == 0 else arith.from_bits(bits, piece.type), node)
    return VOID


for _name in ("memcpy", "__builtin_memcpy", "memmove"):
    INTRINSICS[_name] = _copy
INTRINSICS["memset"] = INTRINSICS["__builtin_memset"] = _fill
