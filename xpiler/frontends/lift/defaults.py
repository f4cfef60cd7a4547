"""What a default constructor that nobody wrote leaves in an object."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CArray, CStruct
from xpiler.frontends.lift.dispatch import value
from xpiler.frontends.lift.memory import convert
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.structs import initialised
from xpiler.frontends.lift.values import StructValue, Value

__all__ = ["defaults", "field_initialisers", "has_body", "is_implicit", "member_defaults"]


def is_implicit(ref: Node) -> bool:
    """Whether the compiler made this constructor: it stands where its class stands."""
    parent = ref.cursor.semantic_parent
    return (
        ref.kind == "CONSTRUCTOR"
        and parent is not None
        and ref.cursor.location.offset == parent.location.offset
    )


def defaults(ref: Node) -> dict[str, Node]:
    """The initialisers that fields of a constructor's class, or of its bases, declare themselves."""
    return field_initialisers(Node(ref.cursor.semantic_parent, ref.parsed))


def field_initialisers(record: Node) -> dict[str, Node]:
    """By name, what a class's fields are initialised with where they are declared."""
    found: dict[str, Node] = {}
    for child in record.members:
        if child.kind == "CXX_BASE_SPECIFIER":
            base = child.type.get_canonical().get_declaration()
            if base.kind.name != "NO_DECL_FOUND":
                found |= field_initialisers(Node(base, record.parsed))
        if child.kind == "FIELD_DECL":
            inner = [c for c in child.children if c.kind.endswith(("EXPR", "LITERAL", "OPERATOR"))]
            if inner and not isinstance(child.type.kind, int) and _initialises(child, inner[-1]):
                found[child.spelling] = inner[-1]
    return found


def _initialises(field: Node, found: Node) -> bool:
    """An expression behind the field's name is its initialiser; an array's size stands in its type."""
    text = field.text
    return "=" in text or "{" in text or found.kind == "INIT_LIST_EXPR"


def member_defaults(lf: Lifter, ctype: CStruct, ref: Node, node: Node) -> StructValue:
    """What an implicit default constructor leaves: the fields' own initialisers, else zero; arrays without
    initialiser are not among the fields, and stay as they are."""
    declared = defaults(ref)
    fields: list[tuple[str, Value]] = []
    for name, field in ctype.fields:
        if name in declared and isinstance(field, CArray):
            fields.append((name, initialised(lf, field, declared[name], node)))
        elif name in declared:
            fields.append((name, convert(lf, value(lf, declared[name]), field, node)))
        elif not isinstance(field, CArray):
            fields.append((name, initialised(lf, field, None, node)))
    return StructValue(ctype, tuple(fields))


def has_body(ref: Node) -> bool:
    """Whether the function is defined."""
    definition = ref.cursor.get_definition()
    return definition is not None and any(
        c.kind.name == "COMPOUND_STMT" for c in definition.get_children()
    )
