"""Pointers and places: dereference, arithmetic, reads and writes, views of another type."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CArray, CPointer, CScalar, CStruct, CType
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    ArrayPlace,
    BufferInfo,
    ElementPlace,
    Flatten,
    OpaqueValue,
    PackPlace,
    Place,
    PointerPlace,
    PointerValue,
    StructPlace,
    StructValue,
    Value,
    ValuePlace,
    VarPlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import Alloc, Assign, Barrier, Const, Expr, Load, Store, Var
from xpiler.ir.types import BOOL, I32, I64, Scalar, Spaces

__all__ = [
    "advance",
    "convert",
    "decay",
    "dereference",
    "offset_unit",
    "read",
    "retarget",
    "stable",
    "write",
]


def is_linear(lf: Lifter, pointer: PointerValue) -> bool:
    """Whether `offset` counts in the last dimension of the buffer."""
    return len(pointer.prefix) == lf.buffers[pointer.buffer].rank - 1


def offset_unit(info: BufferInfo, to: CType) -> int:
    """Bytes that one step of a linear offset means."""
    size = to.size
    if size == 0 or (isinstance(to, CScalar) and to.type.kind == "void"):
        return info.elem.size
    return info.elem.size if size % info.elem.size == 0 else size


def advance(lf: Lifter, pointer: PointerValue, by: Expr, node: Node | None = None) -> PointerValue:
    """`pointer + by`."""
    if not pointer.buffer:
        lf.refuse("XP1109", "arithmetic on a null pointer", node)
    by = arith.ordinary_index(by)
    if is_linear(lf, pointer):
        unit = offset_unit(lf.buffers[pointer.buffer], pointer.to)
        by = arith.multiply(by, max(1, pointer.to.size // unit))
    return PointerValue(
        pointer.buffer,
        pointer.prefix,
        arith.add(pointer.offset, by),
        pointer.to,
        pointer.volatile,
    )


def dereference(lf: Lifter, pointer: PointerValue, node: Node | None = None) -> Place:
    """`*pointer`."""
    if not pointer.buffer:
        lf.refuse("XP1109", "a null pointer is dereferenced", node)
    info = lf.buffers[pointer.buffer]
    to = pointer.to
    if isinstance(to, CArray):
        if is_linear(lf, pointer):
            start = PointerValue(
                pointer.buffer, pointer.prefix, pointer.offset, to.elem, pointer.volatile
            )
        else:
            start = PointerValue(
                pointer.buffer,
                (*pointer.prefix, pointer.offset),
                build.i32(0),
                to.elem,
                pointer.volatile,
            )
        return ArrayPlace(start, to)
    if not is_linear(lf, pointer):
        raise Flatten(info.key)
    return _typed_place(lf, pointer, to, 0, node)


def _typed_place(
    lf: Lifter, pointer: PointerValue, to: CType, byte: int, node: Node | None
) -> Place:
    """A `to` that stands `byte` bytes after `pointer`."""
    if isinstance(to, CStruct):
        if not to.fields:
            return StructPlace(to, ())
        return StructPlace(
            to,
            tuple(
                (name, _typed_place(lf, pointer, field, byte + offset, node))
                for (name, field), offset in zip(to.fields, to.offsets, strict=True)
            ),
        )
    info = lf.buffers[pointer.buffer]
    unit = offset_unit(info, pointer.to)
    if isinstance(to, CArray):
        if byte % unit or unit != info.elem.size:
            lf.refuse("XP1113", "an array inside a differently typed buffer", node)
        moved = arith.add(pointer.offset, build.i32(byte // unit))
        return ArrayPlace(PointerValue(pointer.buffer, pointer.prefix, moved, to.elem), to)
    if not isinstance(to, CScalar) or to.type.kind == "void":
        lf.refuse("XP1110", "memory of a type that has no counterpart", node)
    return _scalar_place(lf, pointer, to.type, byte, info, unit, node)


def _scalar_place(
    lf: Lifter,
    pointer: PointerValue,
    type_: Scalar,
    byte: int,
    info: BufferInfo,
    unit: int,
    node: Node | None,
) -> Place:
    stored = info.elem
    if unit != stored.size:  # the pointer counts in pieces of an element
        position = arith.add(pointer.offset, build.i32(byte // unit))
        ratio = stored.size // unit
        whole = arith.binary("/", build.cast(I64, position), build.i64(ratio))
        part = arith.binary("%", build.cast(I64, position), build.i64(ratio))
        at = arith.multiply(part, unit)
        return PackPlace(info.name, (*pointer.prefix, whole), stored, type_, at)
    whole_elements, rest = divmod(byte, stored.size)
    index = (*pointer.prefix, arith.add(pointer.offset, build.i32(whole_elements)))
    if rest or type_.size < stored.size:
        return PackPlace(info.name, index, stored, type_, build.i32(rest))
    if type_ == stored:
        return ElementPlace(info.name, index, type_, pointer.volatile or info.volatile)
    if type_.size % stored.size:
        lf.refuse("XP1113", f"{stored} memory read as {type_}", node)
    return PackPlace(info.name, index, stored, type_)


def decay(place: ArrayPlace) -> PointerValue:
    return place.start


# --- reads -------------------------------------------------------------------------------------


def read(lf: Lifter, place: Place) -> Value:
    """The value at a place; loads stay expressions."""
    match place:
        case VarPlace(name=name, type=type_):
            return Var(name, type_, span=lf.span)
        case ElementPlace(buffer=buffer, index=index, type=type_):
            return Load(buffer, index, type_, span=lf.span)
        case PackPlace():
            return _read_pack(place)
        case StructPlace(ctype=ctype, fields=fields):
            return StructValue(ctype, tuple((name, read(lf, p)) for name, p in fields))
        case ArrayPlace(start=start):
            return start
        case PointerPlace(variable=variable):
            if variable.value is None:
                lf.refuse("XP1109", f"pointer {variable.name} is used before it is set", None)
            return variable.value
        case ValuePlace(value=value):
            return value


def _shifted(index: tuple[Expr, ...], by: int) -> tuple[Expr, ...]:
    return (*index[:-1], arith.add(index[-1], build.i32(by)))


def _read_pack(place: PackPlace) -> Expr:
    stored, type_ = place.stored, place.type
    if place.byte is not None:
        word = arith.bits_of(Load(place.buffer, place.index, stored))
        shift = arith.multiply(build.cast(I32, place.byte), 1)
        moved = arith.binary(">>", word, arith.binary("*", shift, build.i32(8)))
        return arith.from_bits(build.cast(arith.unsigned(type_.bits), moved), type_)
    wide = arith.unsigned(type_.bits)
    combined: Expr | None = None
    for k in range(type_.size // stored.size):
        piece = arith.bits_of(Load(place.buffer, _shifted(place.index, k), stored))
        piece = build.cast(wide, piece)
        if k:
            piece = arith.binary("<<", piece, build.i32(k * stored.bits))
        combined = piece if combined is None else arith.binary("|", combined, piece)
    assert combined is not None
    return arith.from_bits(combined, type_)


# --- writes ------------------------------------------------------------------------------------


def write(lf: Lifter, place: Place, value: Value, node: Node | None = None) -> None:
    """Store a value that was already converted to the place's type."""
    match place, value:
        case VarPlace(name=name), _ if isinstance(value, Expr):
            lf.emit(Assign(name, value, span=lf.span))
        case ElementPlace(buffer=buffer, index=index), _ if isinstance(value, Expr):
            _store(lf, place, buffer, index, value, node)
        case PackPlace(), _ if isinstance(value, Expr):
            _write_pack(lf, place, value)
        case StructPlace(fields=fields), StructValue():
            pairs = [(p, value.get(name)) for name, p in fields]
            if _overlap(pairs):
                pairs = [(p, snapshot(lf, v)) for p, v in pairs]
            for field, part in pairs:
                write(lf, field, part, node)
        case ArrayPlace(ctype=ctype), PointerValue():
            copy_array(lf, place, value, ctype, node)
        case PointerPlace(), PointerValue():
            assign_pointer(lf, place, value, node)
        case _, OpaqueValue():
            return
        case _:
            lf.refuse("XP1111", "this assignment cannot be expressed", node)


def _overlap(pairs: list[tuple[Place, Value]]) -> bool:
    """Whether writing one field could change what a later one reads."""
    written: set[str] = set()
    for target, found in pairs:
        if not isinstance(found, Expr):
            return len(pairs) > 1
        if arith.reads(found) & written:
            return True
        match target:
            case VarPlace(name=name):
                written.add(name)
            case ElementPlace(buffer=buffer) | PackPlace(buffer=buffer):
                written.add(buffer)
            case _:
                return len(pairs) > 1
    return False


def _store(
    lf: Lifter,
    place: ElementPlace,
    buffer: str,
    index: tuple[Expr, ...],
    value: Expr,
    node: Node | None,
) -> None:
    info = lf.buffers[buffer]
    if info.space == Spaces.CONSTANT:
        lf.refuse("XP1111", f"constant memory {buffer} is written", node)
    if place.volatile and info.space == Spaces.SHARED:
        # volatile shared memory is how warp-synchronous code states its lockstep order
        kept = lf.temporary(value)
        lf.emit(Barrier("warp", span=lf.span))
        lf.emit(Store(buffer, index, kept, span=lf.span))
        lf.emit(Barrier("warp", span=lf.span))
        return
    lf.emit(Store(buffer, index, value, span=lf.span))


def _write_pack(lf: Lifter, place: PackPlace, value: Expr) -> None:
    stored = place.stored
    bits = arith.bits_of(value)
    if place.byte is None:
        count = place.type.size // stored.size
        if count > 1:
            bits = lf.temporary(bits, "bits")
        for k in range(count):
            piece = bits if k == 0 else arith.binary(">>", bits, build.i32(k * stored.bits))
            piece = build.cast(arith.unsigned(stored.bits), piece)
            target = _shifted(place.index, k)
            lf.emit(Store(place.buffer, target, arith.from_bits(piece, stored), span=lf.span))
        return
    wide = arith.unsigned(stored.bits)
    shift = lf.temporary(arith.binary("*", build.cast(I32, place.byte), build.i32(8)), "shift")
    hole = build.const((1 << place.type.bits) - 1, wide)
    old = arith.bits_of(Load(place.buffer, place.index, stored))
    kept = arith.binary("&", old, arith.unary("~", arith.binary("<<", hole, shift)))
    new = arith.binary("|", kept, arith.binary("<<", build.cast(wide, bits), shift))
    value = arith.from_bits(build.cast(wide, new), stored)
    lf.emit(Store(place.buffer, place.index, value, span=lf.span))


def snapshot(lf: Lifter, value: Value) -> Value:
    """`value` with every scalar that could change kept in a temporary."""
    if isinstance(value, StructValue):
        kept = tuple((name, snapshot(lf, part)) for name, part in value.fields)
        return StructValue(value.ctype, kept)
    if isinstance(value, PointerValue | OpaqueValue) or stable(lf, value):
        return value
    return lf.temporary(value)


def stable(lf: Lifter, expr: Expr) -> bool:
    """Whether `expr` has the same value wherever it is in scope."""
    return not arith.has_load(expr) and all(name in lf.constants for name in arith.reads(expr))


def copy_array(
    lf: Lifter, place: ArrayPlace, source: PointerValue, ctype: CArray, node: Node | None
) -> None:
    """Element by element: arrays inside structs are short."""
    for k in range(ctype.count or 0):
        target = dereference(lf, advance(lf, place.start, build.i32(k), node), node)
        origin = dereference(lf, advance(lf, source, build.i32(k), node), node)
        write(lf, target, read(lf, origin), node)


def assign_pointer(
    lf: Lifter, place: PointerPlace, value: PointerValue, node: Node | None
) -> None:
    """Give a pointer variable a new value; its buffer may be fixed once only."""
    variable = place.variable
    if not value.buffer and variable.value is None:
        return
    known = variable.value
    if known is None:
        bind_pointer(lf, variable, value)
        return
    if known.buffer != value.buffer or known.prefix != value.prefix:
        lf.refuse(
            "XP1109",
            f"pointer {variable.name} may point into {known.buffer} or {value.buffer or 'nothing'}",
            node,
            "write one access per buffer, chosen by a condition",
        )
    offset = value.offset
    info = lf.buffers[known.buffer]
    here, there = offset_unit(info, value.to), offset_unit(info, known.to)
    if here != there:
        value = retarget(lf, value, known.to, node)
        offset = value.offset
    lf.emit(Assign(variable.offset, build.cast(I64, offset), span=lf.span))


def bind_pointer(lf: Lifter, variable: object, value: PointerValue) -> None:
    """Fix the buffer of a pointer variable declared without initialiser."""
    from xpiler.frontends.lift.values import PointerVariable

    assert isinstance(variable, PointerVariable)
    lf.emit(Assign(variable.offset, build.cast(I64, value.offset), span=lf.span))
    variable.value = PointerValue(
        value.buffer,
        value.prefix,
        Var(variable.offset, I64),
        variable.ctype.to,
        variable.ctype.volatile,
    )


# --- conversions -------------------------------------------------------------------------------


def convert(lf: Lifter, value: Value, to: CType, node: Node | None = None) -> Value:
    """`(to)value`."""
    if isinstance(value, OpaqueValue):
        return value
    if isinstance(value, StructValue):
        if isinstance(to, CStruct) and to != value.ctype:
            names = {name for name, _ in to.fields}
            return StructValue(to, tuple(f for f in value.fields if f[0] in names))
        return value
    if isinstance(value, PointerValue):
        if isinstance(to, CPointer):
            return retarget(lf, value, to.to, node, to.volatile)
        if isinstance(to, CScalar) and to.type == BOOL:
            return Const(bool(value.buffer), BOOL)
        if isinstance(to, CScalar) and to.type.bits == 64:
            return OpaqueValue("address", (value,))
        lf.refuse("XP1113", "a pointer is used as a number", node)
    if isinstance(to, CScalar):
        if to.type.kind == "void":
            return value
        return build.cast(to.type, value, lf.span)
    if isinstance(to, CPointer):
        if isinstance(value, Const) and value.value == 0:
            return PointerValue("", (), build.i32(0), to.to)
        lf.refuse("XP1113", "a number is used as a pointer", node)
    return value


def retarget(
    lf: Lifter, pointer: PointerValue, to: CType, node: Node | None, volatile: bool = False
) -> PointerValue:
    """The same address seen as a pointer to `to`."""
    volatile = volatile or pointer.volatile
    if not pointer.buffer or pointer.to == to:
        return PointerValue(pointer.buffer, pointer.prefix, pointer.offset, to, volatile)
    info = lf.buffers[pointer.buffer]
    if not is_linear(lf, pointer):
        if isinstance(pointer.to, CArray) and isinstance(to, CArray):
            return PointerValue(pointer.buffer, pointer.prefix, pointer.offset, to, volatile)
        raise Flatten(info.key)
    if pointer.buffer in lf.dynamic and isinstance(to, CScalar | CStruct | CArray):
        return _dynamic_view(lf, pointer, to, volatile, node)
    here, there = offset_unit(info, pointer.to), offset_unit(info, to)
    offset = pointer.offset
    if here > there:
        offset = arith.multiply(offset, here // there)
    elif there > here:
        offset = arith.divide(offset, there // here)
    return PointerValue(pointer.buffer, pointer.prefix, offset, to, volatile)


def _dynamic_view(
    lf: Lifter, pointer: PointerValue, to: CType, volatile: bool, node: Node | None
) -> PointerValue:
    """Dynamic shared memory has one view per element type, all starting at byte 0."""
    from xpiler.frontends.lift.values import homogeneous

    info = lf.buffers[pointer.buffer]
    elem = homogeneous(to)
    if elem is None or elem.kind == "void":
        elem = info.elem
    size = offset_unit(info, pointer.to)
    if elem == info.elem:
        return PointerValue(pointer.buffer, (), pointer.offset, to, volatile)
    name = dynamic_view(lf, elem)
    offset = arith.divide(arith.multiply(pointer.offset, size), elem.size)
    if size % elem.size == 0:
        offset = arith.multiply(pointer.offset, size // elem.size)
    return PointerValue(name, (), offset, to, volatile)


def dynamic_view(lf: Lifter, elem: Scalar, stem: str = "") -> str:
    """The name of the view of dynamic shared memory with elements of type `elem`."""
    for name, alloc in lf.dynamic.items():
        if alloc.elem == elem:
            return name
    if not stem:
        stem = f"{next(iter(lf.dynamic))}_{elem}" if lf.dynamic else f"shared_{elem}"
    name = lf.fresh(stem)
    lf.dynamic[name] = Alloc(name, elem, (), Spaces.SHARED, dynamic=True, span=lf.span)
    lf.buffers[name] = BufferInfo(name, elem, 1, Spaces.SHARED)
    return name


def difference(lf: Lifter, a: PointerValue, b: PointerValue, node: Node | None) -> Expr:
    """`a - b` in elements of their pointee."""
    if a.buffer != b.buffer or a.prefix != b.prefix or not a.buffer:
        lf.refuse("XP1109", "pointers into different buffers are subtracted or compared", node)
    delta = arith.binary("-", build.cast(I64, a.offset), build.cast(I64, b.offset))
    unit = offset_unit(lf.buffers[a.buffer], a.to)
    return arith.divide(delta, max(1, a.to.size // unit)) if is_linear(lf, a) else delta


def address_number(value: Value) -> PointerValue | None:
    """The pointer behind `(uintptr_t)p`, used in alignment tests."""
    if isinstance(value, OpaqueValue) and value.kind == "address":
        pointer = value.data[0]
        assert isinstance(pointer, PointerValue)
        return pointer
    return None

