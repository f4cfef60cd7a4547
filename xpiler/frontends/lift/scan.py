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
    _modification(lf, node)
    for child in node.children:
        _visit(lf, child)


def _modification(lf: Lifter, node: Node) -> None:
    kind = node.kind
    if kind == "UNARY_OPERATOR":
        if node.unary_operator in ("++", "--", "post++", "post--", "&"):
            _mark(lf, node.children[-1])
    elif kind == "COMPOUND_ASSIGNMENT_OPERATOR" or (
        kind == "BINARY_OPERATOR" and node.binary_operator == "="
    ):
        _mark(lf, node.children[0])
    elif kind == "CALL_EXPR":
        if node.ref is not None and node.ref.kind == "CXX_METHOD" and not _changes(node.ref):
            return
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


_STEPS = ("++", "--", "post++", "post--")


def _changes(method: Node) -> bool:
    """Whether a member function may change its object or a reference argument."""
    if method.in_headers or "&" in str(method.type.spelling).split("(", 1)[-1]:
        return True
    if method.cursor.is_const_method():
        return False
    definition = method.cursor.get_definition()
    if definition is None:
        return True
    for node in Node(definition, method.parsed).walk():
        target: Node | None = None
        if node.kind == "CALL_EXPR" and node.ref is not None and node.ref.kind == "CXX_METHOD":
            return True
        if node.kind == "UNARY_OPERATOR" and node.unary_operator in (*_STEPS, "&"):
            target = node.children[-1]
        elif node.kind == "COMPOUND_ASSIGNMENT_OPERATOR" or (
            node.kind == "BINARY_OPERATOR" and node.binary_operator == "="
        ):
            target = node.children[0]
        if target is not None and any(n.kind == "MEMBER_REF_EXPR" for n in target.walk()):
            return True
    return False


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
