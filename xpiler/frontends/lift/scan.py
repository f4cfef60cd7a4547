"""Which variables a function body changes: what is never changed may be used by name anywhere."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.state import Lifter

__all__ = ["count_modifications"]


def count_modifications(lf: Lifter, definition: Node) -> None:
    """Add to `lf.modified` how often each variable of the function is assigned or escapes."""
    if definition.key in lf.scanned:
        return
    lf.scanned.add(definition.key)
    _visit(lf, definition)


def _visit(lf: Lifter, node: Node) -> None:
    kind = node.kind
    if kind == "UNARY_OPERATOR":
        if node.unary_operator in ("++", "--", "post++", "post--", "&"):
            _mark(lf, node.children[-1])
    elif kind == "COMPOUND_ASSIGNMENT_OPERATOR" or (
        kind == "BINARY_OPERATOR" and node.binary_operator == "="
    ):
        _mark(lf, node.children[0])
    elif kind == "CALL_EXPR":
        for child in node.children:
            if child.kind in ("DECL_REF_EXPR", "MEMBER_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR"):
                _mark(lf, child)
    elif kind == "VAR_DECL" and node.type.kind.name == "LVALUEREFERENCE":
        init = node.initializer
        if init is not None:
            _mark(lf, init)
    elif kind in ("GCC_ASM_STMT", "ASM_STMT"):
        for child in node.walk():
            if child.kind == "DECL_REF_EXPR":
                _mark(lf, child)
    for child in node.children:
        _visit(lf, child)


def _through_pointer(node: Node, base: Node) -> bool:
    """Whether what is changed lies behind a pointer, which itself stays as it is."""
    if node.kind not in ("MEMBER_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR"):
        return False
    while base.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR") and len(base.children) == 1:
        base = base.children[0]
    return bool(base.type.get_canonical().kind.name == "POINTER")


def _mark(lf: Lifter, node: Node) -> None:
    while node.kind in ("PAREN_EXPR", "MEMBER_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "UNEXPOSED_EXPR"):
        inner = [c for c in node.children if c.kind not in ("TYPE_REF", "NAMESPACE_REF")]
        if not inner or _through_pointer(node, inner[0]):
            return
        node = inner[0]
    if node.kind == "CONDITIONAL_OPERATOR":
        for child in node.children[1:]:
            _mark(lf, child)
    if node.kind == "DECL_REF_EXPR" and node.ref is not None:
        key = node.ref.key
        lf.modified[key] = lf.modified.get(key, 0) + 1
