"""Places that expressions name: elements, members, references, and their addresses."""

from __future__ import annotations

from dataclasses import replace

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CPointer, CScalar, CType
from xpiler.frontends.lift.dispatch import PLACES, REFERENCES, place, scalar, value
from xpiler.frontends.lift.memory import dereference, read
from xpiler.frontends.lift.names import name_place
from xpiler.frontends.lift.pointers import advance
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.tiles import fragment_elements, subscript_fragments
from xpiler.frontends.lift.values import (
    ArrayPlace,
    Choice,
    ElementPlace,
    NeedsBase,
    NeedsMemory,
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
from xpiler.ir.nodes import Const, Expr
from xpiler.ir.types import I32

__all__ = ["address_of", "constant", "owner", "type_of"]


def constant(lf: Lifter, node: Node) -> Value:
    """The value of a constant expression."""
    found = node.evaluate()
    ctype = lf.ctype(node)
    if found is None or not isinstance(ctype, CScalar):
        raise lf.refuse("XP1111", "a constant expression is expected", node)
    return build.const(found, ctype.type, node.span)


def address_of(lf: Lifter, found: Place, node: Node) -> Value:
    """`&place` as a pointer into a buffer."""
    ctype = lf.ctype(node)
    match found:
        case ElementPlace(buffer=buffer, index=index, volatile=volatile):
            free = len(index) > 1
            return PointerValue(buffer, index[:-1], index[-1], ctype, volatile, None, free)
        case PackPlace(buffer=buffer, index=index, stored=stored, type=type_, byte=byte):
            if byte is None:
                return PointerValue(buffer, index[:-1], index[-1], ctype)
            offset = arith.multiply(index[-1], stored.size // type_.size)
            offset = arith.add(offset, arith.divide(byte, type_.size))
            return PointerValue(buffer, index[:-1], offset, ctype)
        case ArrayPlace(start=start):
            if start.prefix and not _linear(lf, start):
                return PointerValue(start.buffer, start.prefix[:-1], start.prefix[-1], ctype)
            if lf.buffers[start.buffer].rank > 1 and start.prefix and _zero(start.offset):
                return PointerValue(start.buffer, start.prefix[:-1], start.prefix[-1], ctype)
            return PointerValue(start.buffer, start.prefix, start.offset, ctype)
        case StructPlace(fields=((_, first), *_)):
            pointer = address_of(lf, first, node)
            if isinstance(pointer, PointerValue):
                return PointerValue(pointer.buffer, pointer.prefix, pointer.offset, ctype)
            return pointer
        case ValuePlace(value=OpaqueValue() as opaque):
            return opaque
        case _:
            if node.kind == "DECL_REF_EXPR" and node.ref is not None:
                raise NeedsMemory(node.ref.key)
            raise lf.refuse("XP1111", "the address of this is taken", node)


def _linear(lf: Lifter, pointer: PointerValue) -> bool:
    return len(pointer.prefix) == lf.buffers[pointer.buffer].rank - 1


def _zero(expr: Expr) -> bool:
    return isinstance(expr, Const) and expr.value == 0


def type_of(target: VarPlace | StructPlace) -> CType:
    return CScalar(target.type) if isinstance(target, VarPlace) else target.ctype


def owner(lf: Lifter, address: OpaqueValue) -> int:
    """The declaration whose address this is."""
    target = address.data[0]
    while isinstance(target, StructPlace) and target.fields:
        target = target.fields[0][1]
    if isinstance(target, VarPlace) and target.name in lf.owners:
        return lf.owners[target.name]
    key = address.data[1]
    assert isinstance(key, int)
    return key


def _member(lf: Lifter, node: Node) -> Place:
    ref = node.ref
    if ref is not None and ref.kind in ("VAR_DECL", "ENUM_CONSTANT_DECL"):
        return name_place(lf, node, ref)
    if ref is not None and ref.cursor.is_anonymous():
        return _owner_of_member(lf, node)  # its members are its record's
    return member_of(lf, _owner_of_member(lf, node), node.spelling, node)


def _owner_of_member(lf: Lifter, node: Node) -> Place:
    bases = [c for c in node.children if c.kind not in REFERENCES]
    if bases:
        return _object(lf, bases[0])
    if not lf.this:
        raise lf.refuse("XP1111", "a member of an unknown object", node)
    owner_ = lf.this[-1]
    found = owner_.value if isinstance(owner_, ValuePlace) else owner_
    if isinstance(found, OpaqueValue) and found.kind in ("closure", "object"):
        message = (
            f"the lambda reads {node.spelling} of the object that launches it, which is the host's"
        )
        hint = "capture [*this], or a local copy of the member"
        raise lf.refuse("XP1111", message, node, hint)
    return ValuePlace(owner_) if isinstance(owner_, OpaqueValue) else owner_


def _object(lf: Lifter, node: Node) -> Place:
    found = place(lf, node)
    ctype = lf.ctype(node)
    if isinstance(ctype, CPointer):
        pointer = read(lf, found)
        if isinstance(pointer, PointerValue):
            return dereference(lf, pointer, node)
        if isinstance(pointer, OpaqueValue) and pointer.kind == "address_of_variable":
            target = pointer.data[0]
            assert isinstance(target, VarPlace | StructPlace)
            return target
    return found


def member_of(lf: Lifter, base: Place, name: str, node: Node) -> Place:
    """`base.name`."""
    if isinstance(base, StructPlace):
        _require(lf, base, name, node)
        return base.get(name)
    if isinstance(base, ValuePlace):
        if isinstance(base.value, StructValue):
            _require(lf, base.value, name, node)
            return ValuePlace(base.value.get(name))
        if isinstance(base.value, OpaqueValue) and base.value.kind == "fragment" and name == "x":
            return fragment_elements(base.value)
        if isinstance(base.value, OpaqueValue):
            return ValuePlace(OpaqueValue("member", (base.value, name)))
    raise lf.refuse("XP1111", f"member {name} of this value", node)


def _require(lf: Lifter, struct: StructPlace | StructValue, name: str, node: Node) -> None:
    """Lift again when a member that the struct is not known to have shows a base class of it."""
    if name in dict(struct.fields):
        return
    ref = node.ref
    declared_in = None if ref is None else ref.cursor.semantic_parent
    if declared_in is not None and lf.file.types.add_base(struct.ctype, declared_in.type):
        raise NeedsBase
    raise lf.refuse("XP1110", f"member {name}: a base class of a class template", node)


def _subscript(lf: Lifter, node: Node) -> Place:
    base_node, index_node = node.children[-2:]
    base = value(lf, base_node)
    if isinstance(base, OpaqueValue) and base.kind == "fragments":
        return ValuePlace(subscript_fragments(lf, base, index_node))
    if isinstance(base, OpaqueValue) and base.kind == "functions":
        which = lf.temporary(scalar(lf, index_node), "which")
        if isinstance(which, Const) and 0 <= int(which.value) < len(base.data):
            return ValuePlace(OpaqueValue("function", (base.data[int(which.value)],)))
        return ValuePlace(OpaqueValue("chosen function", (which, *base.data)))
    if isinstance(base, OpaqueValue) and base.kind == "pointers":
        return _pointer_element(lf, base, index_node, node)
    index = value(lf, index_node)
    if isinstance(base, OpaqueValue) and base.kind == "address_of_variable":
        if isinstance(index, Const) and index.value == 0:
            target = base.data[0]
            assert isinstance(target, VarPlace | StructPlace)
            if lf.ctype(node) == type_of(target):
                return target
        raise NeedsMemory(owner(lf, base))
    if isinstance(index, PointerValue):
        base, index = index, base
    if not isinstance(base, PointerValue) or not isinstance(index, Expr):
        raise lf.refuse("XP1111", "a subscript of this value", node)
    return dereference(lf, advance(lf, base, index, node), node)


def _pointer_element(lf: Lifter, base: OpaqueValue, index_node: Node, node: Node) -> Place:
    """An element of an array of pointers: by a constant, or the pointer that a chain of tests chooses."""
    index = value(lf, index_node)
    places = [p for p in base.data if isinstance(p, ValuePlace | PointerPlace)]
    if isinstance(index, Const) and 0 <= index.value < len(places):
        return places[int(index.value)]
    if not isinstance(index, Expr):
        raise lf.refuse("XP1111", "a subscript of this value", node)
    chosen = lf.temporary(index, "which")
    found: PointerValue | None = None
    for k, held in reversed(list(enumerate(places))):
        here = read(lf, held)
        if not isinstance(here, PointerValue) or here.choice is not None:
            raise lf.refuse("XP1109", "a choice among pointers that are chosen themselves", node)
        if found is not None:
            cond = arith.binary("==", build.cast(I32, chosen), build.i32(k))
            here = replace(here, choice=Choice(cond, found))
        found = here
    assert found is not None
    return ValuePlace(found)


def _reference(lf: Lifter, node: Node) -> Place:
    inner = [c for c in node.children if c.kind not in REFERENCES]
    ref = node.ref
    if ref is None and inner and node.evaluate() is None:
        return place(lf, inner[-1])  # a template argument that is a function
    is_parameter = ref is None or ref.kind == "TEMPLATE_NON_TYPE_PARAMETER"
    if is_parameter and inner and not isinstance(lf.ctype(node), CScalar):
        return place(lf, inner[-1])
    if ref is None or is_parameter:
        return ValuePlace(constant(lf, node))
    if inner and ref.kind not in ("VAR_DECL", "PARM_DECL") and "FUNCTION" not in ref.kind:
        return ValuePlace(constant(lf, node))
    if "FUNCTION" in ref.kind or ref.kind == "CXX_METHOD":
        return ValuePlace(OpaqueValue("function", (ref,)))
    return name_place(lf, node, ref)


PLACES["DECL_REF_EXPR"] = _reference
PLACES["MEMBER_REF_EXPR"] = _member
PLACES["ARRAY_SUBSCRIPT_EXPR"] = _subscript
