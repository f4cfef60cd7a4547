"""What a name stands for: locals, builtin variables, constants, data at file scope."""

from __future__ import annotations

from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CArray, CPointer, CScalar, CStruct, CType
from xpiler.frontends.lift.memory import dereference
from xpiler.frontends.lift.pointers import dynamic_view
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    ArrayPlace,
    BufferInfo,
    OpaqueValue,
    Place,
    PointerValue,
    StructValue,
    ValuePlace,
    homogeneous,
    scalars,
)
from xpiler.ir import build
from xpiler.ir.nodes import Const, GlobalBuffer
from xpiler.ir.types import I32, U8, U16, U32, U64, Scalar, Spaces

__all__ = ["element_type", "global_place", "name_place", "static_initialiser"]

_INDEX_VARIABLES: Final = frozenset({"threadIdx", "blockIdx", "blockDim", "gridDim"})


def name_place(lf: Lifter, node: Node, ref: Node) -> Place:
    """The place of the variable, constant or parameter that `node` names."""
    found = lf.places.get(ref.key)
    if found is not None:
        return found
    name = ref.spelling
    if ref.kind == "ENUM_CONSTANT_DECL":
        ctype = lf.ctype(node)
        type_ = ctype.type if isinstance(ctype, CScalar) else I32
        return ValuePlace(build.const(int(ref.cursor.enum_value), type_, node.span))
    if ref.in_headers:
        return _builtin(lf, node, ref, name)
    if ref.kind == "VAR_DECL":
        return global_place(lf, node, ref)
    raise lf.refuse("XP1111", f"{name} is not known in device code", node)


def _builtin(lf: Lifter, node: Node, ref: Node, name: str) -> Place:
    if name in _INDEX_VARIABLES:
        ctype = lf.ctype(ref)
        assert isinstance(ctype, CStruct)
        fields = tuple((c, build.builtin(f"{name}.{c}")) for c in "xyz")
        return ValuePlace(StructValue(ctype, fields))
    if name == "warpSize":
        return ValuePlace(build.builtin("warpSize"))
    found = ref.evaluate()
    ctype = lf.ctype(ref)
    if found is not None and isinstance(ctype, CScalar):
        return ValuePlace(build.const(found, ctype.type))
    raise lf.refuse("XP1112", f"{name} is not supported", node)


def element_type(lf: Lifter, ctype: CType, node: Node | None) -> Scalar:
    """The scalar as which memory of `ctype` is held: its own, or unsigned words for mixed structs."""
    while isinstance(ctype, CArray):
        ctype = ctype.elem
    same = homogeneous(ctype)
    if same is not None:
        return same
    parts = scalars(ctype)
    if isinstance(ctype, CStruct) and parts is None:
        parts = _padded(ctype)
    if not parts and holds_pointers(ctype):
        what, instead = "memory that holds pointers", "pass each pointer as a parameter of its own"
        raise lf.refuse("XP1110", what, node, instead)
    if not parts:
        raise lf.refuse("XP1110", "memory of a type that has no counterpart", node)
    if all(part == parts[0] for part in parts) and ctype.size % parts[0].size == 0:
        return parts[0]
    return {1: U8, 2: U16, 4: U32, 8: U64}[min(part.size for part in parts)]


def holds_pointers(ctype: CType) -> bool:
    """Whether a pointer is among what the type consists of."""
    match ctype:
        case CPointer():
            return True
        case CArray(elem=elem):
            return holds_pointers(elem)
        case CStruct(fields=fields):
            return any(holds_pointers(field) for _, field in fields)
        case _:
            return False


def _padded(ctype: CStruct) -> tuple[Scalar, ...] | None:
    """The scalars of a struct with padding, when it has no pointers."""
    found: list[Scalar] = []
    for _, field in ctype.fields:
        plain = field
        while isinstance(plain, CArray):
            plain = plain.elem
        inner = _padded(plain) if isinstance(plain, CStruct) else scalars(plain)
        if inner is None:
            return None
        found += inner
    return tuple(found)


def _attributes(ref: Node) -> frozenset[str]:
    return frozenset(c.kind for c in ref.children if c.kind.endswith("_ATTR"))


def global_place(lf: Lifter, node: Node, ref: Node) -> Place:
    """Data at file scope (or static members): constants, `__constant__`, `__device__`, `__shared__`."""
    attributes = _attributes(ref)
    ctype = lf.ctype(ref)
    device = attributes & {"CUDACONSTANT_ATTR", "CUDADEVICE_ATTR"}
    if "CUDASHARED_ATTR" in attributes:
        return shared_at_file_scope(lf, ref, ctype)
    if isinstance(ctype, CScalar) and not device:
        value = ref.evaluate()
        if value is not None and (ref.type.is_const_qualified() or "constexpr" in ref.text):
            return ValuePlace(build.const(value, ctype.type, node.span))
    if isinstance(ctype, CStruct) and not ctype.fields:
        return ValuePlace(StructValue(ctype, ()))
    table = _function_table(ref, ctype)
    if table:
        return ValuePlace(OpaqueValue("functions", table))
    if not device and not (ref.type.is_const_qualified() or isinstance(ctype, CArray)):
        raise lf.refuse("XP1112", f"{ref.spelling} is a host variable", node)
    return _device_data(lf, node, ref, ctype, "CUDACONSTANT_ATTR" in attributes or not device)


def _function_table(ref: Node, ctype: CType) -> tuple[Node, ...]:
    """The functions of `op_t ops[] = {add, mul};`, where nothing else is in it."""
    if not isinstance(ctype, CArray) or not isinstance(ctype.elem, CPointer):
        return ()
    init = ref.initializer
    if init is None or init.kind != "INIT_LIST_EXPR" or len(init.children) != ctype.count:
        return ()
    found = [
        next((n.ref for n in item.walk() if n.kind == "DECL_REF_EXPR"), None)
        for item in init.children
    ]
    named = tuple(f for f in found if f is not None and "FUNCTION" in f.kind)
    return named if len(named) == ctype.count else ()


def shared_at_file_scope(lf: Lifter, ref: Node, ctype: CType) -> Place:
    """`extern __shared__ T x[];` outside of a kernel."""
    if isinstance(ctype, CArray) and ctype.count is None:
        elem = element_type(lf, ctype, ref)
        name = dynamic_view(lf, elem, ref.spelling)
        start = PointerValue(name, (), build.i32(0), ctype.elem)
        lf.places[ref.key] = ArrayPlace(start, ctype)
        return lf.places[ref.key]
    raise lf.refuse("XP1111", f"shared variable {ref.spelling} outside of a kernel", ref)


def _device_data(lf: Lifter, node: Node, ref: Node, ctype: CType, constant: bool) -> Place:
    elem = element_type(lf, ctype, node)
    flat = ref.key in lf.flat
    shape, inner = _shape(ctype, elem, flat)
    # a scalar is a buffer of one element, so that it can be loaded
    name = lf.fresh(ref.spelling)
    space = Spaces.CONSTANT if constant else Spaces.GLOBAL
    init = static_initialiser(lf, ref, elem)
    lf.globals[ref.key] = GlobalBuffer(name, elem, shape, space, init, span=ref.span)
    rank = max(1, len(shape))
    lf.buffers[name] = BufferInfo(name, elem, rank, space, key=ref.key)
    lf.places[ref.key] = array_place(lf, name, ctype, rank, inner)
    return lf.places[ref.key]


def array_place(lf: Lifter, name: str, ctype: CType, rank: int, inner: CType) -> Place:
    """The place of a variable that the whole buffer `name` holds."""
    if isinstance(ctype, CArray):
        return ArrayPlace(PointerValue(name, (), build.i32(0), ctype.elem), ctype)
    return dereference(lf, PointerValue(name, (), build.i32(0), ctype))


def _shape(ctype: CType, elem: Scalar, flat: bool) -> tuple[tuple[int, ...], CType]:
    """Dimensions in elements; structs widen the last one."""
    dims: list[int] = []
    while isinstance(ctype, CArray):
        dims.append(ctype.count or 0)
        ctype = ctype.elem
    per = max(1, ctype.size // elem.size)
    if not dims:
        return (per,), ctype
    if flat or per > 1:
        total = per
        for d in dims:
            total *= d
        return (total,), ctype
    return tuple(dims), ctype


shape_of = _shape


def static_initialiser(lf: Lifter, ref: Node, elem: Scalar) -> tuple[Const, ...]:
    """The initialiser's constants, flattened in order of memory; () when there is none."""
    init = ref.initializer
    if init is None or init.kind == "CALL_EXPR":
        return ()
    found: list[Const] = []
    _flatten(lf, init, lf.ctype(ref), elem, found)
    return tuple(found)


def _flatten(lf: Lifter, init: Node, ctype: CType, elem: Scalar, out: list[Const]) -> None:
    while init.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR") and len(init.children) == 1:
        if init.evaluate() is not None:
            break
        init = init.children[0]
    if init.kind == "INIT_LIST_EXPR" and isinstance(ctype, CArray | CStruct):
        parts = _parts(ctype)
        given = init.children
        for k, part in enumerate(parts):
            if k < len(given):
                _flatten(lf, given[k], part, elem, out)
            else:
                out.extend([build.const(0, elem)] * max(1, part.size // elem.size))
        return
    if isinstance(ctype, CScalar):
        value = init.evaluate()
        if value is None and init.kind == "INIT_LIST_EXPR":
            value = init.children[0].evaluate() if init.children else 0
        if value is not None:
            out.append(build.const(value, elem))
            return
    raise lf.refuse("XP1111", "an initialiser that is not constant", init)


def _parts(ctype: CArray | CStruct) -> list[CType]:
    if isinstance(ctype, CArray):
        return [ctype.elem] * (ctype.count or 0)
    return [t for _, t in ctype.fields]
