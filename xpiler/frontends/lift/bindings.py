"""Names for the parts of a value (`auto [a, b] = f(x)`) and loops over an array (`for (float v : a)`)."""

from __future__ import annotations

from collections.abc import Callable

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CArray, CStruct
from xpiler.frontends.lift.decl import aliased, declare_value, note_owner
from xpiler.frontends.lift.dispatch import place, value
from xpiler.frontends.lift.memory import convert, dereference, read
from xpiler.frontends.lift.pointers import advance
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import ArrayPlace, Place, StructPlace, StructValue, ValuePlace
from xpiler.ir import build
from xpiler.ir.nodes import Expr, For, Var
from xpiler.ir.types import I32

__all__ = ["bindings", "range_loop"]


def bindings(lf: Lifter, node: Node) -> None:
    """A structured binding: each name stands for a field or an element."""
    names = [c for c in node.children if c.kind == "UNEXPOSED_DECL"]
    init = node.children[-1]
    reference = node.type.get_canonical().kind.name in ("LVALUEREFERENCE", "RVALUEREFERENCE")
    ctype = lf.ctype(node)
    found: Place
    if reference:
        found = aliased(lf, place(lf, init))
    elif isinstance(ctype, CStruct):
        found = declare_value(
            lf, "bound", ctype, convert(lf, value(lf, init), ctype, init), False, init
        )
    else:
        raise lf.refuse("XP1111", "a structured binding that copies this", node)
    for name, part in zip(names, _parts(lf, found, node), strict=False):
        lf.places[name.key] = part
        note_owner(lf, part, name.key)


def _parts(lf: Lifter, found: Place, node: Node) -> list[Place]:
    match found:
        case StructPlace(fields=fields):
            return [part for _, part in fields]
        case ValuePlace(value=StructValue(fields=values)):
            return [ValuePlace(part) for _, part in values]
        case ArrayPlace(start=start, ctype=CArray(count=int(count))):
            return [
                dereference(lf, advance(lf, start, build.i32(k), node), node) for k in range(count)
            ]
        case _:
            raise lf.refuse("XP1111", "a structured binding of this value", node)


def range_loop(lf: Lifter, node: Node, lift: Callable[[Lifter, Node], None]) -> None:
    """`for (T v : array) body` over an array of known length."""
    variable, over, body = node.children[0], node.children[-2], node.children[-1]
    found = place(lf, over)
    if not isinstance(found, ArrayPlace) or found.ctype.count is None:
        what = "a loop over something else than an array of known length"
        raise lf.refuse("XP1111", what, node, "write the loop with an index")
    name = lf.fresh(f"{variable.spelling}_at")
    lf.constants.add(name)
    with lf.block() as lifted:
        element = dereference(lf, advance(lf, found.start, Var(name, I32), node), node)
        ctype = lf.ctype(variable)
        if variable.type.get_canonical().kind.name in ("LVALUEREFERENCE", "RVALUEREFERENCE"):
            lf.places[variable.key] = element
        else:
            given = convert(lf, read(lf, element), ctype, node)
            constant = variable.key not in lf.modified
            target = declare_value(lf, variable.spelling, ctype, given, constant, variable)
            lf.places[variable.key] = target
            note_owner(lf, target, variable.key)
        lift(lf, body)
    bounds: tuple[Expr, Expr, Expr] = (build.i32(0), build.i32(found.ctype.count), build.i32(1))
    lf.emit(For(name, I32, *bounds, tuple(lifted), span=node.span))
