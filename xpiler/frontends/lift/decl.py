"""Local declarations: scalars, arrays, shared memory, structs, pointers, references."""

from __future__ import annotations

from dataclasses import replace

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CArray, COpaque, CPointer, CScalar, CStruct, CType
from xpiler.frontends.lift.defaults import defaults, has_body, is_implicit, member_defaults
from xpiler.frontends.lift.dispatch import REFERENCES, place, value
from xpiler.frontends.lift.memory import convert, dereference, snapshot, write
from xpiler.frontends.lift.names import array_place, element_type, global_place, shape_of
from xpiler.frontends.lift.pointers import (
    all_stable,
    assign_pointer,
    dynamic_view,
    offset_unit,
    stable,
)
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.structs import array_constants, initialised
from xpiler.frontends.lift.values import (
    ArrayPlace,
    BufferInfo,
    ElementPlace,
    Flatten,
    NeedsChoice,
    OpaqueValue,
    PackPlace,
    Place,
    PointerPlace,
    PointerValue,
    PointerVariable,
    StructPlace,
    StructValue,
    Value,
    ValuePlace,
    VarPlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import Alloc, Const, Declare, Expr, Store, Var
from xpiler.ir.types import I32, I64, U64, Scalar, Space, Spaces

_POINTERS = 32  # the longest array of pointers that is held as one variable each

__all__ = [
    "declare",
    "declare_value",
    "fresh_place",
    "in_memory",
    "note_owner",
]


def declare(lf: Lifter, node: Node) -> None:
    """A local variable of the function being lifted."""
    lf.span = node.span or lf.span
    ctype = lf.ctype(node)
    init = node.initializer
    reference = node.type.get_canonical().kind.name in ("LVALUEREFERENCE", "RVALUEREFERENCE")
    attributes = {c.kind for c in node.children if c.kind.endswith("_ATTR")}
    if "CUDASHARED_ATTR" in attributes:
        _shared(lf, node, ctype)
    elif attributes & {"CUDADEVICE_ATTR", "CUDACONSTANT_ATTR"}:
        global_place(lf, node, node)  # `static __device__`: one for all calls
    elif reference and init is not None:
        lf.places[node.key] = aliased(lf, place(lf, init))
    elif _tile(lf, node, ctype):
        return
    elif isinstance(ctype, CArray):
        _array(lf, node, ctype, init)
    elif _is_constant(node, ctype, init):
        assert isinstance(ctype, CScalar)
        assert init is not None
        found = init.evaluate()
        assert found is not None
        lf.places[node.key] = ValuePlace(build.const(found, ctype.type))
    else:
        _variable(lf, node, ctype, init)


def _is_constant(node: Node, ctype: CType, init: Node | None) -> bool:
    return (
        isinstance(ctype, CScalar)
        and ctype.type.is_int
        and init is not None
        and bool(node.type.is_const_qualified())
        and init.evaluate() is not None
    )


def _tile(lf: Lifter, node: Node, ctype: CType) -> bool:
    from xpiler.frontends.lift.tiles import declare_tile

    return declare_tile(lf, node, ctype)


def aliased(lf: Lifter, found: Place) -> Place:
    """A place that keeps meaning the same memory while variables change."""
    match found:
        case ElementPlace(buffer=buffer, index=index, type=type_, volatile=volatile):
            return ElementPlace(buffer, _kept(lf, index), type_, volatile)
        case PackPlace(buffer=buffer, index=index, stored=stored, type=type_, byte=byte):
            byte = None if byte is None else _kept(lf, (byte,))[0]
            return PackPlace(buffer, _kept(lf, index), stored, type_, byte)
        case StructPlace(ctype=ctype, fields=fields):
            return StructPlace(ctype, tuple((n, aliased(lf, p)) for n, p in fields))
        case ArrayPlace(start=start, ctype=ctype):
            prefix = _kept(lf, start.prefix)
            offset = _kept(lf, (start.offset,))[0]
            moved = PointerValue(start.buffer, prefix, offset, start.to, start.volatile)
            return ArrayPlace(moved, ctype)
        case ValuePlace(value=found_value):
            return ValuePlace(snapshot(lf, found_value))
        case _:
            return found


def _kept(lf: Lifter, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(i if stable(lf, i) else lf.temporary(i, "at") for i in index)


# --- memory ------------------------------------------------------------------------------------


def _shared(lf: Lifter, node: Node, ctype: CType) -> None:
    if isinstance(ctype, CArray) and ctype.count is None:
        words = isinstance(
            ctype.elem, CPointer
        )  # declared so for its alignment, and seen as something else
        elem = U64 if words else element_type(lf, ctype, node)
        name = dynamic_view(lf, elem, node.spelling)
        start = PointerValue(name, (), build.i32(0), ctype.elem, _volatile(node))
        lf.places[node.key] = ArrayPlace(start, ctype)
        return
    if node.key in lf.shared:
        return  # one allocation, however often the function that declares it is lifted
    with lf.block() as allocation:
        _allocate(lf, node, ctype, Spaces.SHARED)
    lf.shared[node.key] = allocation[0]


def _volatile(node: Node) -> bool:
    return "volatile" in str(node.type.get_canonical().spelling)


def _allocate(
    lf: Lifter, node: Node, ctype: CType, space: Space, init: tuple[Const, ...] = ()
) -> str:
    elem = element_type(lf, ctype, node)
    shape, inner = shape_of(ctype, elem, node.key in lf.flat)
    name = lf.fresh(node.spelling)
    dims = tuple(build.i32(d) for d in shape)
    lf.emit(Alloc(name, elem, dims, space, init, span=node.span))
    rank = len(shape)
    lf.buffers[name] = BufferInfo(
        name, elem, rank, space, volatile=_volatile(node) and space == Spaces.SHARED, key=node.key
    )
    lf.places[node.key] = array_place(lf, name, ctype, rank, inner)
    return name


def _array(lf: Lifter, node: Node, ctype: CArray, init: Node | None) -> None:
    if isinstance(ctype.elem, CPointer):
        found = None if init is None else initialised(lf, ctype, init, node)
        lf.places[node.key] = pointer_array(lf, node.spelling, ctype, found, node)
        return
    if _holds_pointers(ctype):
        raise lf.refuse(
            "XP1109", "an array of pointers", node, "use one pointer per variable, or indices"
        )
    constants = _constants(lf, ctype, init)
    name = _allocate(lf, node, ctype, Spaces.LOCAL, constants or ())
    if init is None or constants is not None or init.kind == "CALL_EXPR":
        return
    start = lf.places[node.key]
    assert isinstance(start, ArrayPlace)
    info = lf.buffers[name]
    if info.rank == 1 and init.kind == "INIT_LIST_EXPR":
        _store_list(lf, name, ctype, init, 0)
        return
    raise lf.refuse("XP1111", "this array initialiser", init)


def _holds_pointers(ctype: CArray) -> bool:
    inner: CType = ctype
    while isinstance(inner, CArray):
        inner = inner.elem
    return isinstance(inner, CPointer)


def _constants(lf: Lifter, ctype: CArray, init: Node | None) -> tuple[Const, ...] | None:
    """The initialiser as literals in order of memory, () for none, None when it is not constant."""
    if init is None:
        return ()
    elem = element_type(lf, ctype, init)
    out: list[Const] = []
    if init.kind == "CALL_EXPR" or not _collect(init, ctype, elem, out):
        return None
    return tuple(out)


def _collect(init: Node, ctype: CType, elem: Scalar, out: list[Const]) -> bool:
    if isinstance(ctype, CScalar):
        found = init.evaluate()
        if found is None and init.kind == "INIT_LIST_EXPR":
            found = init.children[0].evaluate() if init.children else 0
        if found is None:
            return False
        out.append(build.const(found, elem))
        return True
    if init.kind != "INIT_LIST_EXPR":
        return False
    if isinstance(ctype, CArray):
        parts: list[CType] = [ctype.elem] * (ctype.count or 0)
    elif isinstance(ctype, CStruct):
        parts = [t for _, t in ctype.fields]
    else:
        return False
    given = init.children
    for k, part in enumerate(parts):
        if k < len(given):
            if not _collect(given[k], part, elem, out):
                return False
        else:
            out.extend([build.const(0, elem)] * max(1, part.size // elem.size))
    return True


def _store_list(lf: Lifter, name: str, ctype: CType, init: Node, at: int) -> int:
    """Store a list's values one by one from element `at`; gives the next element."""
    info = lf.buffers[name]
    if isinstance(ctype, CArray) and init.kind == "INIT_LIST_EXPR":
        given = init.children
        for k in range(ctype.count or 0):
            if k < len(given):
                at = _store_list(lf, name, ctype.elem, given[k], at)
            else:
                count = max(1, ctype.elem.size // info.elem.size)
                for _ in range(count):
                    zero = build.const(0, info.elem)
                    lf.emit(Store(name, (build.i32(at),), zero, span=lf.span))
                    at += 1
        return at
    found = convert(lf, value(lf, init), ctype, init)
    target = dereference(lf, PointerValue(name, (), build.i32(at), ctype), init)
    write(lf, target, found, init)
    return at + max(1, ctype.size // offset_unit(info, ctype))


# --- variables ---------------------------------------------------------------------------------


def _variable(lf: Lifter, node: Node, ctype: CType, init: Node | None) -> None:
    constant = node.key not in lf.modified
    if node.key in lf.in_memory and isinstance(ctype, CScalar | CStruct):
        in_memory(lf, node, ctype, _initial(lf, node, ctype, init))
        return
    found = _initial(lf, node, ctype, init)
    lf.places[node.key] = declare_value(lf, node.spelling, ctype, found, constant, node)
    note_owner(lf, lf.places[node.key], node.key)


def in_memory(lf: Lifter, node: Node, ctype: CType, init: Value | None) -> Place:
    """A variable held as a small local array, because something points at it."""
    name = _allocate(lf, node, ctype, Spaces.LOCAL)
    lf.buffers[name] = BufferInfo(name, lf.buffers[name].elem, 1, Spaces.LOCAL)
    if init is not None:
        write(lf, lf.places[node.key], init, node)
    return lf.places[node.key]


def note_owner(lf: Lifter, found: Place, key: int) -> None:
    """Remember which declaration the scalars of a variable belong to."""
    if isinstance(found, VarPlace):
        lf.owners[found.name] = key
    elif isinstance(found, StructPlace):
        for _, part in found.fields:
            note_owner(lf, part, key)


def _initial(lf: Lifter, node: Node, ctype: CType, init: Node | None) -> Value | None:
    if init is None or _default_constructed(init, ctype):
        return None
    if init.kind == "CALL_EXPR" and init.ref is not None and isinstance(ctype, CStruct):
        arguments = [c for c in init.children if c.kind not in REFERENCES]
        if not arguments and is_implicit(init.ref):
            return member_defaults(lf, ctype, init.ref, init)
    if init.kind == "INIT_LIST_EXPR":
        return initialised(lf, ctype, init, node)
    return convert(lf, value(lf, init), ctype, init)


def _default_constructed(init: Node, ctype: CType) -> bool:
    """`float4 v;` and `half h;` show a call of the default constructor."""
    if init.kind != "CALL_EXPR" or not isinstance(ctype, CStruct | CScalar):
        return False
    ref = init.ref
    if ref is None or ref.kind != "CONSTRUCTOR":
        return False
    arguments = [c for c in init.children if c.kind not in REFERENCES]
    if arguments:
        return False
    return ref.in_headers or not has_body(ref) or (is_implicit(ref) and not defaults(ref))


def declare_value(
    lf: Lifter, stem: str, ctype: CType, init: Value | None, constant: bool, node: Node | None
) -> Place:
    """Fresh variables for a value of `ctype`, initialised by `init`; `constant` ones never change."""
    if isinstance(ctype, COpaque) or isinstance(init, OpaqueValue):
        opaque = init if init is not None else OpaqueValue("object", (str(ctype),))
        return ValuePlace(opaque)
    if isinstance(ctype, CPointer):
        return _declare_pointer(lf, stem, ctype, init, constant, node)
    if isinstance(ctype, CStruct):
        return _declare_struct(lf, stem, ctype, init, constant, node)
    if isinstance(ctype, CArray):
        raise lf.refuse("XP1111", "an array passed or returned by value", node)
    if not (init is None or isinstance(init, Expr)):
        raise lf.refuse("XP1111", f"the initial value of {stem}", node)
    if constant and isinstance(init, Const) and not init.type.is_float:
        return ValuePlace(init)
    name = lf.fresh(stem)
    if constant and init is not None:
        lf.constants.add(name)
    lf.emit(Declare(name, ctype.type, init, span=lf.span))
    return VarPlace(name, ctype.type)


def _declare_struct(
    lf: Lifter, stem: str, ctype: CStruct, init: Value | None, constant: bool, node: Node | None
) -> Place:
    if ctype.overlaps:
        return _in_fresh_memory(lf, stem, ctype, init, node)
    given = dict(init.fields) if isinstance(init, StructValue) else {}
    fields: list[tuple[str, Place]] = []
    for name, field in ctype.fields:
        part = given.get(name)
        if isinstance(field, CArray):
            fields.append((name, _struct_array(lf, f"{stem}_{name}", field, part, node)))
        else:
            fields.append((name, declare_value(lf, f"{stem}_{name}", field, part, constant, node)))
    return StructPlace(ctype, tuple(fields))


def _in_fresh_memory(
    lf: Lifter, stem: str, ctype: CStruct, init: Value | None, node: Node | None
) -> Place:
    """A union: what one member writes another reads, so that it is memory."""
    elem = element_type(lf, ctype, node)
    name = lf.fresh(stem)
    count = max(1, ctype.size // elem.size)
    lf.emit(Alloc(name, elem, (build.i32(count),), span=lf.span))
    lf.buffers[name] = BufferInfo(name, elem, 1, Spaces.LOCAL)
    target = dereference(lf, PointerValue(name, (), build.i32(0), ctype), node)
    if init is not None:
        write(lf, target, init, node)
    return target


def _struct_array(
    lf: Lifter, stem: str, ctype: CArray, init: Value | None, node: Node | None
) -> Place:
    if isinstance(ctype.elem, CPointer):
        return pointer_array(lf, stem, ctype, init, node)
    elem = element_type(lf, ctype, node)
    shape, inner = shape_of(ctype, elem, False)
    name = lf.fresh(stem)
    known = array_constants(init, elem)
    lf.emit(Alloc(name, elem, tuple(build.i32(d) for d in shape), init=known or (), span=lf.span))
    lf.buffers[name] = BufferInfo(name, elem, len(shape), Spaces.LOCAL)
    target = array_place(lf, name, ctype, len(shape), inner)
    if init is not None and known is None:
        write(lf, target, init, node)
    return target


def pointer_array(
    lf: Lifter, stem: str, ctype: CArray, init: Value | None, node: Node | None
) -> Place:
    """An array of pointers: a variable for each."""
    if not isinstance(ctype.elem, CPointer) or not ctype.count or ctype.count > _POINTERS:
        what = "an array of many pointers, or of unknown length"
        raise lf.refuse("XP1109", what, node, "use one pointer per variable, or indices")
    given = init.data if isinstance(init, OpaqueValue) else ()
    fixed = node is None or node.key not in lf.modified
    places: list[Place] = []
    for k in range(ctype.count):
        part = given[k] if k < len(given) else None
        assert part is None or isinstance(part, PointerValue)
        places.append(
            _declare_pointer(lf, f"{stem}_{k}", ctype.elem, part, fixed and part is not None, None)
        )
    return ValuePlace(OpaqueValue("pointers", tuple(places)))


def _declare_pointer(
    lf: Lifter, stem: str, ctype: CPointer, init: Value | None, constant: bool, node: Node | None
) -> Place:
    key = node.key if node is not None else 0
    if key in lf.choices:
        return _choosing(lf, stem, ctype, init, key, node)
    if isinstance(init, PointerValue) and init.choice is not None:
        if constant and all_stable(lf, init):
            return ValuePlace(init)
        raise NeedsChoice(key, ("",))
    if isinstance(init, PointerValue) and init.buffer:
        volatile = init.volatile or ctype.volatile
        if constant:
            prefix = _kept(lf, init.prefix)
            offset = init.offset
            if not (stable(lf, offset) and arith.size(offset) <= 8):
                name = lf.fresh(stem)
                lf.constants.add(name)
                lf.emit(Declare(name, I64, build.cast(I64, offset), span=lf.span))
                offset = Var(name, I64)
            return ValuePlace(replace(init, prefix=prefix, offset=offset, volatile=volatile))
        if init.prefix and lf.buffers[init.buffer].key:
            raise Flatten(lf.buffers[init.buffer].key)  # a pointer that moves may leave its row
        name = lf.fresh(stem)
        prefix = _kept(lf, init.prefix)
        lf.emit(Declare(name, I64, build.cast(I64, init.offset), span=lf.span))
        moving = PointerValue(init.buffer, prefix, Var(name, I64), init.to, volatile)
        return PointerPlace(PointerVariable(name, ctype, moving, name, key, lf.out))
    if init is not None and constant:
        return ValuePlace(init)
    if isinstance(init, PointerValue) and key:
        raise NeedsChoice(key, ("",))
    name = lf.fresh(stem)
    lf.emit(Declare(name, I64, build.i64(0), span=lf.span))
    return PointerPlace(PointerVariable(name, ctype, None, name, key, lf.out))


def _choosing(
    lf: Lifter, stem: str, ctype: CPointer, init: Value | None, key: int, node: Node | None
) -> Place:
    """A pointer into one of several buffers: an offset and the buffer's number."""
    name, selector = lf.fresh(stem), lf.fresh(f"{stem}_buffer")
    lf.emit(Declare(name, I64, build.i64(0), span=lf.span))
    lf.emit(Declare(selector, I32, build.i32(0), span=lf.span))
    variable = PointerVariable(name, ctype, None, name, key, None, selector, lf.choices[key])
    if isinstance(init, PointerValue):
        assign_pointer(lf, PointerPlace(variable), init, node)
    return PointerPlace(variable)


def fresh_place(lf: Lifter, stem: str, ctype: CType, node: Node | None) -> Place:
    """Uninitialised variables for a value of `ctype`."""
    return declare_value(lf, stem, ctype, None, False, node)
