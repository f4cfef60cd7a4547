"""Pointers and places: dereference, arithmetic, reads and writes, views of another type."""

from __future__ import annotations

from dataclasses import replace

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CArray, CPointer, CScalar, CStruct, CType
from xpiler.frontends.lift.pointers import (
    advance,
    assign_pointer,
    candidate_pointer,
    is_linear,
    is_null,
    offset_unit,
    retarget,
    stable,
)
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    ArrayPlace,
    BufferInfo,
    Choice,
    ChoicePlace,
    ElementPlace,
    Flatten,
    NeedsBase,
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
from xpiler.ir.nodes import Assign, Barrier, Const, Expr, If, Load, Store, Var
from xpiler.ir.types import BOOL, I32, I64, Scalar, Spaces

__all__ = [
    "advance",
    "convert",
    "dereference",
    "offset_unit",
    "read",
    "retarget",
    "stable",
    "write",
]


def dereference(lf: Lifter, pointer: PointerValue, node: Node | None = None) -> Place:
    """`*pointer`."""
    if pointer.choice is not None:
        first, second = replace(pointer, choice=None), pointer.choice.other
        if not first.buffer:  # a null pointer is not followed
            return dereference(lf, second, node)
        if not second.buffer and second.choice is None:
            return dereference(lf, first, node)
        return ChoicePlace(
            pointer.choice.cond, dereference(lf, first, node), dereference(lf, second, node)
        )
    if not pointer.buffer:
        raise lf.refuse("XP1109", "a null pointer is dereferenced", node)
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
            raise lf.refuse("XP1113", "an array inside a differently typed buffer", node)
        moved = arith.add(pointer.offset, build.i32(byte // unit))
        return ArrayPlace(PointerValue(pointer.buffer, pointer.prefix, moved, to.elem), to)
    if not isinstance(to, CScalar) or to.type.kind == "void":
        raise lf.refuse("XP1110", "memory of a type that has no counterpart", node)
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
        raise lf.refuse("XP1113", f"{stored} memory read as {type_}", node)
    return PackPlace(info.name, index, stored, type_)


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
        case ChoicePlace(cond=cond, a=a, b=b):
            return choose(lf, cond, read(lf, a), read(lf, b), None)
        case PointerPlace(variable=variable):
            if variable.selector:
                return candidate_pointer(variable)
            if variable.value is None:
                raise lf.refuse("XP1109", f"pointer {variable.name} is used before it is set", None)
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
        case ChoicePlace(cond=cond, a=a, b=b), _:
            value = snapshot(lf, value)
            with lf.block() as then:
                write(lf, a, value, node)
            with lf.block() as orelse:
                write(lf, b, value, node)
            lf.emit(If(cond, tuple(then), tuple(orelse), span=lf.span))
        case VarPlace(name=name), _ if isinstance(value, Expr):
            lf.emit(Assign(name, value, span=lf.span))
        case ElementPlace(buffer=buffer, index=index), _ if isinstance(value, Expr):
            _store(lf, place, buffer, index, value, node)
        case PackPlace(), _ if isinstance(value, Expr):
            _write_pack(lf, place, value)
        case StructPlace(ctype=ctype, fields=fields), StructValue():
            given = dict(value.fields)
            pairs = [(p, given[name]) for name, p in fields if name in given]
            if ctype.overlaps:
                pairs = _covering(ctype, dict(fields), given)
            if _overlap(pairs):
                pairs = [(p, snapshot(lf, v)) for p, v in pairs]
            for field, part in pairs:
                write(lf, field, part, node)
        case ArrayPlace(start=start), OpaqueValue(kind="array", data=parts):
            for k, held in enumerate(parts):
                element = dereference(lf, advance(lf, start, build.i32(k), node), node)
                assert isinstance(held, Expr | PointerValue | StructValue | OpaqueValue)
                write(lf, element, held, node)
        case ArrayPlace(ctype=ctype), PointerValue():
            copy_array(lf, place, value, ctype, node)
        case PointerPlace(), PointerValue():
            assign_pointer(lf, place, value, node)
        case _, OpaqueValue():
            return
        case _:
            raise lf.refuse("XP1111", "this assignment cannot be expressed", node)


def _covering(
    ctype: CStruct, places: dict[str, Place], given: dict[str, Value]
) -> list[tuple[Place, Value]]:
    """The largest members of a struct with a union in it: together they are all of its memory."""
    chosen: list[tuple[int, int, str]] = []
    spans = [
        (offset, offset + field.size, name)
        for (name, field), offset in zip(ctype.fields, ctype.offsets, strict=True)
        if name in given
    ]
    for start, end, name in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
        if all(end <= first or last <= start for first, last, _ in chosen):
            chosen.append((start, end, name))
    return [(places[name], given[name]) for _, _, name in sorted(chosen)]


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
        raise lf.refuse("XP1111", f"constant memory {buffer} is written", node)
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
    if isinstance(value, PointerValue):
        return snapshot_pointer(lf, value)
    if isinstance(value, OpaqueValue):
        if value.kind != "array":
            return value
        parts = (p for p in value.data if isinstance(p, Expr | StructValue | OpaqueValue))
        return OpaqueValue("array", tuple(snapshot(lf, part) for part in parts))
    return snapshot_scalar(lf, value)


def snapshot_pointer(lf: Lifter, pointer: PointerValue) -> PointerValue:
    """The pointer as it is now, with every pointer that it may be."""
    offset = snapshot_scalar(lf, pointer.offset)
    prefix = tuple(snapshot_scalar(lf, i) for i in pointer.prefix)
    choice = pointer.choice
    if choice is not None:
        cond = snapshot_scalar(lf, choice.cond)
        choice = Choice(cond, snapshot_pointer(lf, choice.other))
    return replace(pointer, prefix=prefix, offset=offset, choice=choice)


def snapshot_scalar(lf: Lifter, value: Expr) -> Expr:
    """`value` in a temporary unless it never changes."""
    if stable(lf, value):
        return value
    return lf.temporary(value)


def copy_array(
    lf: Lifter, place: ArrayPlace, source: PointerValue, ctype: CArray, node: Node | None
) -> None:
    """Element by element: arrays inside structs are short."""
    for k in range(ctype.count or 0):
        target = dereference(lf, advance(lf, place.start, build.i32(k), node), node)
        origin = dereference(lf, advance(lf, source, build.i32(k), node), node)
        write(lf, target, read(lf, origin), node)


# --- conversions -------------------------------------------------------------------------------


def convert(lf: Lifter, value: Value, to: CType, node: Node | None = None) -> Value:
    """`(to)value`."""
    if isinstance(value, OpaqueValue):
        return value
    if isinstance(value, StructValue):
        if isinstance(to, CStruct) and to != value.ctype:
            names = {name for name, _ in to.fields}
            if not names <= dict(value.fields).keys() and node is not None:
                require_base(lf, value.ctype, node)
            return StructValue(to, tuple(f for f in value.fields if f[0] in names))
        return value
    if isinstance(value, PointerValue):
        if isinstance(to, CPointer):
            return retarget(lf, value, to.to, node, to.volatile)
        if isinstance(to, CArray):  # a parameter that is written as an array
            return retarget(lf, value, to.elem, node, value.volatile)
        if isinstance(to, CScalar) and to.type == BOOL:
            return arith.unary("!", is_null(lf, value))
        if isinstance(to, CScalar) and to.type.bits == 64:
            return OpaqueValue("address", (value,))
        raise lf.refuse("XP1113", "a pointer is used as a number", node)
    if isinstance(to, CScalar):
        if to.type.kind == "void":
            return value
        return build.cast(to.type, value, lf.span)
    if isinstance(to, CPointer):
        if isinstance(value, Const) and value.value == 0:
            return PointerValue("", (), build.i32(0), to.to)
        raise lf.refuse("XP1113", "a number is used as a pointer", node)
    return value


def require_base(lf: Lifter, derived: CStruct, node: Node) -> None:
    """Lift again when a conversion to a base class shows one that libclang did not tell."""
    if lf.file.types.add_base(derived, node.type.get_canonical()):
        raise NeedsBase


def choose(lf: Lifter, cond: Expr, a: Value, b: Value, node: Node | None) -> Value:
    """`cond ? a : b` for any kind of value."""
    if isinstance(a, PointerValue) and isinstance(b, PointerValue):
        if a.choice or b.choice or a.buffer != b.buffer or a.prefix != b.prefix:
            if a.choice is not None:
                raise lf.refuse("XP1109", "a choice between more than two pointers", node)
            return replace(a, choice=Choice(lf.temporary(cond, "test"), b))
        offset = arith.select(cond, build.cast(I64, a.offset), build.cast(I64, b.offset))
        return PointerValue(a.buffer, a.prefix, offset, a.to, a.volatile)
    if isinstance(a, StructValue) and isinstance(b, StructValue):
        cond = lf.temporary(cond, "test")
        fields = tuple((n, choose(lf, cond, v, b.get(n), node)) for n, v in a.fields)
        return StructValue(a.ctype, fields)
    if isinstance(a, PointerValue | StructValue | OpaqueValue) or isinstance(
        b, PointerValue | StructValue | OpaqueValue
    ):
        raise lf.refuse("XP1111", "a choice between these values", node)
    return arith.select(cond, a, b, node.span if node is not None else None)
