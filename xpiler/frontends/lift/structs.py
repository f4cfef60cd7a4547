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

__all__ = ["initialised", "struct_value"]


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
        raise lf.refuse("XP1111", "an array inside a struct value", node)
    if len(given) == 1 and isinstance(lf.ctype(given[0]), CStruct):
        only = value(lf, given[0])
        if isinstance(only, StructValue) and only.ctype == ctype:
            return only
    fields: list[tuple[str, Value]] = []
    position = 0
    for name, field in ctype.fields:
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


def struct_value(ctype: CStruct, values: list[Value]) -> StructValue:
    """A struct from the values of its fields in order."""
    pairs = zip((name for name, _ in ctype.fields), values, strict=True)
    return StructValue(ctype, tuple(pairs))
