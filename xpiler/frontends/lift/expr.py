"""Expressions: one function per kind of cursor. Side effects become statements in C's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.assign import assignment, compound, step
from xpiler.frontends.lift.ctype import CPointer, CScalar, CStruct, CType
from xpiler.frontends.lift.dispatch import PLACES, REFERENCES, VALUES, operand, place, scalar, value
from xpiler.frontends.lift.memory import choose, convert, dereference, read, require_base
from xpiler.frontends.lift.places import address_of, constant, owner, type_of
from xpiler.frontends.lift.pointers import advance, difference, is_null, same_address
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.structs import initialised
from xpiler.frontends.lift.values import (
    ArrayPlace,
    ChoicePlace,
    ElementPlace,
    NeedsMemory,
    OpaqueValue,
    PackPlace,
    Place,
    PointerValue,
    StructPlace,
    StructValue,
    Value,
    ValuePlace,
    VarPlace,
)
from xpiler.ir import build
from xpiler.ir.nodes import Assign, Assume, Const, Expr, If, Stmt
from xpiler.ir.types import BOOL, I64

__all__ = ["effect"]

# --- literals and conversions ------------------------------------------------------------------


def _literal(lf: Lifter, node: Node) -> Value:
    found = node.evaluate()
    ctype = lf.ctype(node)
    if found is None or not isinstance(ctype, CScalar):
        raise lf.refuse("XP1111", "a literal that has no counterpart", node)
    return build.const(found, ctype.type, node.span)


def _null(lf: Lifter, node: Node) -> Value:
    return build.i32(0)


def _implicit(lf: Lifter, node: Node) -> Value:
    """An implicit conversion, a default argument, or a wrapper without meaning of its own."""
    inner = [c for c in node.children if c.kind not in REFERENCES]
    ctype = lf.ctype(node)
    if not inner:
        return default_value(lf, ctype, node)
    if node.type.kind.name == "FUNCTIONPROTO":
        return value(lf, inner[-1])
    return convert(lf, value(lf, inner[-1]), ctype, node)


def default_value(lf: Lifter, ctype: CType, node: Node) -> Value:
    """A default argument or `T()`: a constant, or zero."""
    if isinstance(ctype, CScalar):
        found = node.evaluate()
        return build.const(0 if found is None else found, ctype.type)
    return initialised(lf, ctype, None, node)


def _cast(lf: Lifter, node: Node) -> Value:
    inner = operand(node)
    ctype = lf.ctype(node)
    if node.type.kind.name in ("LVALUEREFERENCE", "RVALUEREFERENCE"):
        return read(lf, place(lf, node))
    if inner is node:
        return default_value(lf, ctype, node)
    return convert(lf, value(lf, inner), ctype, node)


def _cast_place(lf: Lifter, node: Node) -> Place:
    """`reinterpret_cast<float4 &>(x)`, and casts that only add const."""
    inner = operand(node)
    found = place(lf, inner)
    ctype = lf.ctype(node)
    if isinstance(found, ElementPlace | ArrayPlace | StructPlace | PackPlace):
        here = lf.ctype(inner)
        if here != ctype:
            pointer = convert(lf, address_of(lf, found, inner), CPointer(ctype), node)
            assert isinstance(pointer, PointerValue)
            return dereference(lf, pointer, node)
    return found


# --- operators ---------------------------------------------------------------------------------


def _binary(lf: Lifter, node: Node) -> Value:
    left, right = node.children[0], node.children[-1]
    op = node.binary_operator
    if op == "=":
        return assignment(lf, node, left, right)
    if op == ",":
        effect(lf, left)
        return value(lf, right)
    if op in ("&&", "||"):
        return _logical(lf, node, op, left, right)
    a, b = value(lf, left), value(lf, right)
    if isinstance(a, PointerValue) or isinstance(b, PointerValue):
        return _pointer_binary(lf, node, op, a, b)
    return arith.binary(op, _expect(lf, a, left), _expect(lf, b, right), node.span)


def _expect(lf: Lifter, found: Value, node: Node) -> Expr:
    if isinstance(found, OpaqueValue) and found.kind == "address":
        # alignment tests of a pointer: buffers are allocated with the largest alignment
        pointer = found.data[0]
        assert isinstance(pointer, PointerValue)
        info = lf.buffers[pointer.buffer]
        return arith.multiply(pointer.offset, info.elem.size)
    if isinstance(found, PointerValue | StructValue | OpaqueValue):
        raise lf.refuse("XP1111", "a scalar is expected here", node)
    return found


def _pointer_binary(lf: Lifter, node: Node, op: str, a: Value, b: Value) -> Value:
    if op == "+" and isinstance(a, PointerValue) and isinstance(b, Expr):
        return advance(lf, a, b, node)
    if op == "+" and isinstance(b, PointerValue) and isinstance(a, Expr):
        return advance(lf, b, a, node)
    if op == "-" and isinstance(a, PointerValue) and isinstance(b, Expr):
        return advance(lf, a, arith.unary("-", build.cast(I64, b)), node)
    if isinstance(a, PointerValue) and isinstance(b, PointerValue):
        if op == "-":
            return difference(lf, a, b, node)
        if op in ("==", "!="):
            same = same_address(lf, a, b, node)
            return same if op == "==" else arith.unary("!", same)
        difference(lf, a, b, node)  # the same buffer, or refused
        return arith.binary(op, a.offset, b.offset, node.span)
    raise lf.refuse("XP1111", f"`{op}` on these pointers", node)


def _logical(lf: Lifter, node: Node, op: str, left: Node, right: Node) -> Value:
    a = build.cast(BOOL, scalar(lf, left))
    if op == "&&" and _is_text(right):  # what an assertion says
        return a
    with lf.block() as effects:
        b = build.cast(BOOL, scalar(lf, right))
    if not effects:
        return arith.binary(op, a, b, node.span)
    result = lf.variable("test", BOOL, a)
    effects.append(Assign(result.name, b))
    cond = result if op == "&&" else arith.unary("!", result)
    lf.emit(If(cond, tuple(effects), span=node.span))
    return result


def _is_text(node: Node) -> bool:
    while node.kind in ("UNEXPOSED_EXPR", "PAREN_EXPR") and len(node.children) == 1:
        node = node.children[0]
    return node.kind == "STRING_LITERAL"


def _conditional(lf: Lifter, node: Node) -> Value:
    cond_node, then_node, else_node = node.children[-3:]
    cond = build.cast(BOOL, scalar(lf, cond_node))
    if isinstance(cond, Const):
        return value(lf, then_node if cond.value else else_node)
    with lf.block() as then:
        a = value(lf, then_node)
    with lf.block() as orelse:
        b = value(lf, else_node)
    if not then and not orelse:
        return choose(lf, cond, a, b, node)
    return _choose_with_effects(lf, cond, (then, a), (orelse, b), node)


def _choose_with_effects(
    lf: Lifter,
    cond: Expr,
    then: tuple[list[Stmt], Value],
    orelse: tuple[list[Stmt], Value],
    node: Node,
) -> Value:
    ctype = lf.ctype(node)
    first, second = then[1], orelse[1]
    if isinstance(ctype, CScalar) and ctype.type.kind == "void":
        lf.emit(If(cond, tuple(then[0]), tuple(orelse[0]), span=node.span))
        return build.i32(0)
    if (
        not isinstance(ctype, CScalar)
        or not isinstance(first, Expr)
        or not isinstance(second, Expr)
    ):
        raise lf.refuse("XP1111", "side effects in a choice between structs or pointers", node)
    result = lf.variable("choice", ctype.type)
    then[0].append(Assign(result.name, build.cast(ctype.type, first)))
    orelse[0].append(Assign(result.name, build.cast(ctype.type, second)))
    lf.emit(If(cond, tuple(then[0]), tuple(orelse[0]), span=node.span))
    return result


def _compound(lf: Lifter, node: Node) -> Value:
    return compound(lf, node, node.children[0], node.children[-1], node.binary_operator[:-1])


def _unary(lf: Lifter, node: Node) -> Value:
    op = node.unary_operator
    inner = node.children[-1]
    if op in ("++", "--", "post++", "post--"):
        return step(lf, node, inner, op, used=True)
    if op == "*":
        return read(lf, place(lf, node))
    if op == "&":
        return _address(lf, inner)
    if op in ("+", "__extension__"):
        return value(lf, inner)
    found = value(lf, inner)
    if isinstance(found, PointerValue) and op == "!":
        return is_null(lf, found)
    if isinstance(found, Expr):
        return arith.unary(op, found, node.span)
    raise lf.refuse("XP1111", f"`{op}` on this value", node)


def _address(lf: Lifter, inner: Node) -> Value:
    if inner.kind == "DECL_REF_EXPR" and inner.ref is not None and "FUNCTION" in inner.ref.kind:
        return value(lf, inner)
    found = place(lf, inner)
    if isinstance(found, VarPlace | StructPlace) and inner.kind == "DECL_REF_EXPR":
        if isinstance(found, VarPlace) and inner.ref is not None:
            return OpaqueValue("address_of_variable", (found, inner.ref.key))
        try:
            return address_of(lf, found, inner)
        except NeedsMemory:
            return OpaqueValue("address_of_variable", (found, inner.ref.key if inner.ref else 0))
    return address_of(lf, found, inner)


def _unary_place(lf: Lifter, node: Node) -> Place:
    op = node.unary_operator
    inner = node.children[-1]
    if op == "*":
        found = value(lf, inner)
        if isinstance(found, PointerValue):
            return dereference(lf, found, node)
        if isinstance(found, OpaqueValue) and found.kind == "address_of_variable":
            target = found.data[0]
            assert isinstance(target, VarPlace | StructPlace)
            if lf.ctype(node) != type_of(target):
                raise NeedsMemory(owner(lf, found))
            return target
        if isinstance(found, OpaqueValue):
            return ValuePlace(found)
        raise lf.refuse("XP1111", "a dereference of this value", node)
    if op in ("++", "--"):
        step(lf, node, inner, op, used=False)
        return place(lf, inner)
    return ValuePlace(_unary(lf, node))


def _binary_place(lf: Lifter, node: Node) -> Place:
    op = node.binary_operator
    if op == "=" or node.kind == "COMPOUND_ASSIGNMENT_OPERATOR":
        value(lf, node)
        return place(lf, node.children[0])
    if op == ",":
        effect(lf, node.children[0])
        return place(lf, node.children[-1])
    return ValuePlace(value(lf, node))


_LVALUES: Final = frozenset({"DECL_REF_EXPR", "ARRAY_SUBSCRIPT_EXPR", "MEMBER_REF_EXPR"})
_MEMORY = (VarPlace, ElementPlace, PackPlace)

# --- places ------------------------------------------------------------------------------------


def _this(lf: Lifter, node: Node) -> Value:
    if not lf.this:
        raise lf.refuse("XP1111", "`this` of an unknown object", node)
    found = lf.this[-1]
    if isinstance(found, OpaqueValue):
        return found
    if isinstance(found, StructPlace):
        return OpaqueValue("address_of_variable", (found, 0))
    raise lf.refuse("XP1111", "`this` of this object", node)


def _initialiser_list(lf: Lifter, node: Node) -> Value:
    return initialised(lf, lf.ctype(node), node, node)


def _paren(lf: Lifter, node: Node) -> Value:
    return value(lf, node.children[-1])


def _paren_place(lf: Lifter, node: Node) -> Place:
    return place(lf, node.children[-1])


def _implicit_place(lf: Lifter, node: Node) -> Place:
    inner = [c for c in node.children if c.kind not in REFERENCES]
    if len(inner) == 1 and not node.type.kind.name.startswith("FUNCTION"):
        ctype, below = lf.ctype(node), lf.ctype(inner[0])
        if ctype == below:
            return place(lf, inner[0])
        found = place(lf, inner[0])
        if isinstance(ctype, CStruct) and isinstance(found, StructPlace):
            names = {name for name, _ in ctype.fields}
            if not names <= dict(found.fields).keys():
                require_base(lf, found.ctype, node)
            return StructPlace(ctype, tuple(f for f in found.fields if f[0] in names))
        if isinstance(found, ValuePlace):
            return ValuePlace(convert(lf, found.value, ctype, node))
        return ValuePlace(convert(lf, read(lf, found), ctype, node))
    return ValuePlace(_implicit(lf, node))


def _conditional_place(lf: Lifter, node: Node) -> Place:
    cond_node, then_node, else_node = node.children[-3:]
    if (
        isinstance(lf.ctype(node), CScalar)
        and then_node.kind in _LVALUES
        and else_node.kind in _LVALUES
    ):
        cond = lf.temporary(build.cast(BOOL, scalar(lf, cond_node)), "test")
        with lf.block() as effects:
            a, b = place(lf, then_node), place(lf, else_node)
        if not effects and isinstance(a, _MEMORY) and isinstance(b, _MEMORY):
            return ChoicePlace(cond, a, b)
    return ValuePlace(_conditional(lf, node))


def _asserts(node: Node) -> bool:
    """Whether this is what `assert(condition)` expands to."""
    failing = node.children[-1]
    return any(n.kind == "CALL_EXPR" and n.spelling == "__assert_fail" for n in failing.walk())


def effect(lf: Lifter, node: Node) -> None:
    """Evaluate for side effects only."""
    while node.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR") and len(node.children) == 1:
        node = node.children[0]
    if node.kind == "UNARY_OPERATOR" and node.unary_operator.endswith(("++", "--")):
        step(lf, node, node.children[-1], node.unary_operator, used=False)
        return
    if node.kind == "BINARY_OPERATOR" and node.binary_operator == ",":
        effect(lf, node.children[0])
        effect(lf, node.children[-1])
        return
    if node.kind == "CONDITIONAL_OPERATOR" and _asserts(node):
        # what an assertion states holds in every run that ends well
        lf.emit(Assume(build.cast(BOOL, scalar(lf, node.children[-3])), span=node.span))
        return
    if node.kind == "CSTYLE_CAST_EXPR" and str(node.type.spelling) == "void":
        effect(lf, operand(node))
        return
    if node.kind == "CALL_EXPR":
        lf.unused.add(node.cursor.hash)
    value(lf, node)


def _lambda(lf: Lifter, node: Node) -> Value:
    return OpaqueValue("closure", (node,))


def _allocation(lf: Lifter, node: Node) -> Value:
    raise lf.refuse("XP1105", "new and delete in device code", node, "allocate on the host")


def _sizeof(lf: Lifter, node: Node) -> Value:
    return constant(lf, node)


_VALUES: Final[dict[str, Callable[[Lifter, Node], Value]]] = {
    "INTEGER_LITERAL": _literal,
    "FLOATING_LITERAL": _literal,
    "CHARACTER_LITERAL": _literal,
    "CXX_BOOL_LITERAL_EXPR": _literal,
    "CXX_NULL_PTR_LITERAL_EXPR": _null,
    "GNU_NULL_EXPR": _null,
    "UNEXPOSED_EXPR": _implicit,
    "PAREN_EXPR": _paren,
    "CSTYLE_CAST_EXPR": _cast,
    "CXX_STATIC_CAST_EXPR": _cast,
    "CXX_REINTERPRET_CAST_EXPR": _cast,
    "CXX_CONST_CAST_EXPR": _cast,
    "CXX_FUNCTIONAL_CAST_EXPR": _cast,
    "BINARY_OPERATOR": _binary,
    "COMPOUND_ASSIGNMENT_OPERATOR": _compound,
    "UNARY_OPERATOR": _unary,
    "CONDITIONAL_OPERATOR": _conditional,
    "INIT_LIST_EXPR": _initialiser_list,
    "LAMBDA_EXPR": _lambda,
    "CXX_THIS_EXPR": _this,
    "CXX_NEW_EXPR": _allocation,
    "CXX_DELETE_EXPR": _allocation,
    "CXX_UNARY_EXPR": _sizeof,
    "SIZE_OF_PACK_EXPR": _sizeof,
}

_PLACES: Final[dict[str, Callable[[Lifter, Node], Place]]] = {
    "PAREN_EXPR": _paren_place,
    "UNEXPOSED_EXPR": _implicit_place,
    "UNARY_OPERATOR": _unary_place,
    "BINARY_OPERATOR": _binary_place,
    "COMPOUND_ASSIGNMENT_OPERATOR": _binary_place,
    "CONDITIONAL_OPERATOR": _conditional_place,
    "CSTYLE_CAST_EXPR": _cast_place,
    "CXX_STATIC_CAST_EXPR": _cast_place,
    "CXX_REINTERPRET_CAST_EXPR": _cast_place,
    "CXX_CONST_CAST_EXPR": _cast_place,
}
VALUES.update(_VALUES)
PLACES.update(_PLACES)
