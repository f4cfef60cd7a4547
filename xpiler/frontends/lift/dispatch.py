"""The entry points of expression lifting; modules register what they lift by kind of cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.memory import read
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    OpaqueValue,
    Place,
    PointerValue,
    StructValue,
    Value,
    ValuePlace,
)
from xpiler.ir.nodes import Expr

__all__ = ["PLACES", "REFERENCES", "VALUES", "operand", "place", "scalar", "scalar_of", "value"]

REFERENCES: Final = frozenset({"TYPE_REF", "TEMPLATE_REF", "NAMESPACE_REF"})

VALUES: Final[dict[str, Callable[[Lifter, Node], Value]]] = {}
PLACES: Final[dict[str, Callable[[Lifter, Node], Place]]] = {}


def value(lf: Lifter, node: Node) -> Value:
    """The value of an expression (an lvalue is read)."""
    handler = VALUES.get(node.kind)
    if handler is not None:
        return handler(lf, node)
    if node.kind in PLACES:
        return read(lf, place(lf, node))
    what = node.kind.lower().removesuffix("_expr").replace("_", " ")
    raise lf.refuse("XP1111", f"an expression of this kind ({what}) is not supported", node)


def scalar(lf: Lifter, node: Node) -> Expr:
    """The value of an expression that has scalar type."""
    return scalar_of(lf, value(lf, node), node)


def scalar_of(lf: Lifter, found: Value, node: Node | None) -> Expr:
    """`found`, which has to be a scalar."""
    if isinstance(found, PointerValue | StructValue | OpaqueValue):
        raise lf.refuse("XP1111", "a scalar is expected here", node)
    return found


def place(lf: Lifter, node: Node) -> Place:
    """What an lvalue stands for; a temporary for other expressions."""
    handler = PLACES.get(node.kind)
    return handler(lf, node) if handler is not None else ValuePlace(value(lf, node))


def operand(node: Node) -> Node:
    """The expression under a cast or parenthesis."""
    for child in reversed(node.children):
        if child.kind not in REFERENCES:
            return child
    return node
