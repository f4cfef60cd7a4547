"""Struct values: initialisation, construction, fresh variables for each field."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CArray, COpaque, CPointer, CScalar, CStruct, CType
from xpiler.frontends.lift.dispatch import value
from xpiler.frontends.lift.memory import convert
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    OpaqueValue,
    PointerValue,
    StructValue,
    Value,
)
from xpiler.ir import build
from xpiler.ir.nodes import Const
from xpiler.ir.types import Scalar

__all__ = ["array_constants", "initialised", "struct_value"]

_LONGEST = 1024


def initialised(lf: Lifter, ctype: CType, init: Node | None, node: Node) -> Value:
    """The value that an initialiser list (or none: zero) gives to a `ctype`."""
    given = init.children if init is not None else ()
    if isinstance(ctype, CScalar):
        if given:
            return convert(lf, value(lf, given[0]), ctype, node)
        return build.const(0, ctype.type)
    if isinstance(ctype, CPointer):
        if given:
            return convert(lf, value(lf, given[0]), ctype, node)
        return PointerValue("", (), build.i32(0), ctype.to)
    if isinstance(ctype, COpaque):
        return OpaqueValue("object", (ctype.name,))
    if isinstance(ctype, CArray):
        return _array(lf, ctype, given, node)
    if len(given) == 1 and isinstance(lf.ctype(given[0]), CStruct):
        only = value(lf, given[0])
        if isinstance(only, StructValue) and only.ctype == ctype:
            return only
    fields: list[tuple[str, Value]] = []
    position = 0
    named = (
        ctype.fields[:1] if ctype.overlaps else ctype.fields
    )  # a list gives a union its first member
    for name, field in named:
        if position >= len(given):
            fields.append((name, initialised(lf, field, None, node)))
            continue
        child = given[position]
        position += 1
        if child.kind == "INIT_LIST_EXPR":
            fields.append((name, initialised(lf, field, child, node)))
        else:
            fields.append((name, convert(lf, value(lf, child), field, child)))
    return StructValue(ctype, tuple(fields))


def _array(lf: Lifter, ctype: CArray, given: tuple[Node, ...], node: Node) -> Value:
    """The values of an array's elements in order, as far as a list gives them, then zeros."""
    if ctype.count is None or ctype.count > _LONGEST:
        raise lf.refuse("XP1111", "a long array inside a struct value", node)
    values: list[Value] = []
    for k in range(ctype.count):
        child = given[k] if k < len(given) else None
        if child is None or child.kind == "INIT_LIST_EXPR":
            values.append(initialised(lf, ctype.elem, child, node))
        else:
            values.append(convert(lf, value(lf, child), ctype.elem, child))
    return OpaqueValue("array", tuple(values))


def array_constants(found: Value | None, elem: Scalar) -> tuple[Const, ...] | None:
    """The elements of an array value when all are constants, () for no value, None otherwise."""
    if found is None:
        return ()
    if not isinstance(found, OpaqueValue) or found.kind != "array":
        return None
    out: list[Const] = []
    for part in found.data:
        if isinstance(part, Const):
            if part.type != elem:
                return None
            out.append(part)
            continue
        inner = array_constants(part, elem) if isinstance(part, OpaqueValue) else None
        if inner is None:
            return None
        out += inner
    return tuple(out)


def struct_value(ctype: CStruct, values: list[Value]) -> StructValue:
    """A struct from the values of its fields in order."""
    pairs = zip((name for name, _ in ctype.fields), values, strict=True)
    return StructValue(ctype, tuple(pairs))
