"""`void *` parameters: what the kernel, or a device function that gets the pointer, takes their memory for."""

from __future__ import annotations

from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CArray, CPointer, CScalar, CType
from xpiler.frontends.lift.dispatch import operand
from xpiler.frontends.lift.names import element_type
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import RefusedConstruct
from xpiler.ir.types import I32, VOID, Scalar

__all__ = ["innermost", "untyped_element"]

_CASTS: Final = frozenset(
    {"CSTYLE_CAST_EXPR", "CXX_REINTERPRET_CAST_EXPR", "CXX_STATIC_CAST_EXPR", "UNEXPOSED_EXPR"}
)


def innermost(ctype: CArray) -> CType:
    """What an array of arrays consists of."""
    elem = ctype.elem
    while isinstance(elem, CArray):
        elem = elem.elem
    return elem


def untyped_element(lf: Lifter, parameter: Node) -> Scalar:
    """The narrowest scalar of the types as which the memory behind a `void *` is seen; `int` where none is."""
    found = _views(lf, Node(parameter.cursor.semantic_parent, parameter.parsed), parameter.key, 0)
    return min(found, key=lambda scalar: scalar.size) if found else I32


def _views(lf: Lifter, function: Node, key: int, depth: int) -> list[Scalar]:
    definition = function.cursor.get_definition()
    if definition is None or depth > 4:
        return []
    found: list[Scalar] = []
    for node in Node(definition, function.parsed).walk():
        if node.kind in _CASTS and _names(operand(node), key):
            ctype = lf.ctype(node)
            if isinstance(ctype, CPointer) and ctype.to != CScalar(VOID):
                found += _element(lf, ctype.to)
        elif node.kind == "CALL_EXPR" and node.ref is not None and not node.ref.in_headers:
            found += _passed_on(lf, node, node.ref, key, depth)
    return found


def _passed_on(lf: Lifter, call: Node, callee: Node, key: int, depth: int) -> list[Scalar]:
    """The types as which a function sees the pointer that it is given."""
    definition = callee.cursor.get_definition()
    if definition is None:
        return []
    parameters = [c for c in Node(definition, callee.parsed).children if c.kind == "PARM_DECL"]
    found: list[Scalar] = []
    for parameter, argument in zip(parameters, call.cursor.get_arguments(), strict=False):
        if _names(Node(argument, call.parsed), key):
            found += _views(lf, callee, parameter.key, depth + 1)
    return found


def _names(node: Node, key: int) -> bool:
    while node.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR") and len(node.children) == 1:
        node = node.children[0]
    return node.kind == "DECL_REF_EXPR" and node.ref is not None and node.ref.key == key


def _element(lf: Lifter, ctype: CType) -> list[Scalar]:
    try:
        return [element_type(lf, ctype, None)]
    except RefusedConstruct:  # the access itself says so, where it is made
        return []
