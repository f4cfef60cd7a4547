"""Statements: blocks, branches, loops, switch, return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.bindings import bindings, range_loop
from xpiler.frontends.lift.decl import declare
from xpiler.frontends.lift.dispatch import scalar, value
from xpiler.frontends.lift.expr import effect
from xpiler.frontends.lift.loops import do_loop, for_loop, while_loop
from xpiler.frontends.lift.memory import convert, write
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.switch import switch
from xpiler.ir import build
from xpiler.ir.nodes import Break, Const, Continue, Expr, If, Return
from xpiler.ir.types import BOOL

__all__ = ["statement"]


def statement(lf: Lifter, node: Node) -> None:
    """Lift one statement into `lf.out`."""
    outer = lf.span
    lf.span = node.span or outer
    handler = _STATEMENTS.get(node.kind)
    if handler is not None:
        handler(lf, node)
    else:
        effect(lf, node)
    lf.span = outer


def _compound(lf: Lifter, node: Node) -> None:
    for child in node.children:
        statement(lf, child)


def _declarations(lf: Lifter, node: Node) -> None:
    for child in node.children:
        if child.kind == "VAR_DECL":
            declare(lf, child)
        elif child.kind == "UNEXPOSED_DECL" and child.spelling.startswith("["):
            bindings(lf, child)


def _nothing(lf: Lifter, node: Node) -> None:
    return


def _if(lf: Lifter, node: Node) -> None:
    children = list(node.children)
    while children and children[0].kind in ("DECL_STMT", "VAR_DECL"):
        first = children.pop(0)
        if first.kind == "VAR_DECL":
            declare(lf, first)
        else:
            statement(lf, first)
    cond = build.cast(BOOL, scalar(lf, children[0]))
    branches = children[1:]
    if isinstance(cond, Const):
        chosen = branches[:1] if cond.value else branches[1:2]
        for branch in chosen:
            statement(lf, branch)
        return
    with lf.block() as then:
        statement(lf, branches[0])
    with lf.block() as orelse:
        for branch in branches[1:2]:
            statement(lf, branch)
    if not then and not orelse:
        return
    if not then:
        cond, then, orelse = arith.unary("!", cond), orelse, then
    lf.emit(If(cond, tuple(then), tuple(orelse), span=node.span))


def _return(lf: Lifter, node: Node) -> None:
    frame = lf.frames[-1]
    frame.returns = True
    if not node.children:
        lf.emit(Return(span=node.span))
        return
    if frame.result is None and frame.ctype is None:
        effect(lf, node.children[0])
        lf.emit(Return(span=node.span))
        return
    assert frame.ctype is not None
    found = convert(lf, value(lf, node.children[0]), frame.ctype, node)
    if frame.result is None:
        assert isinstance(found, Expr)
        lf.emit(Return(found, span=node.span))
        return
    write(lf, frame.result, found, node)
    lf.emit(Return(span=node.span))


def _break(lf: Lifter, node: Node) -> None:
    lf.emit(Break(span=node.span))


def _continue(lf: Lifter, node: Node) -> None:
    lf.emit(Continue(span=node.span))


def _goto(lf: Lifter, node: Node) -> None:
    raise lf.refuse("XP1103", "goto is not supported", node, "write a loop or an if")


def _label(lf: Lifter, node: Node) -> None:
    for child in node.children:
        statement(lf, child)


def _assembly(lf: Lifter, node: Node) -> None:
    from xpiler.frontends.lift.ptx import assembly

    assembly(lf, node)


def _for(lf: Lifter, node: Node) -> None:
    for_loop(lf, node, statement)


def _range(lf: Lifter, node: Node) -> None:
    range_loop(lf, node, statement)


def _while(lf: Lifter, node: Node) -> None:
    while_loop(lf, node, statement)


def _do(lf: Lifter, node: Node) -> None:
    do_loop(lf, node, statement)


def _switch(lf: Lifter, node: Node) -> None:
    switch(lf, node, statement)


_STATEMENTS: Final[dict[str, Callable[[Lifter, Node], None]]] = {
    "COMPOUND_STMT": _compound,
    "DECL_STMT": _declarations,
    "NULL_STMT": _nothing,
    "IF_STMT": _if,
    "FOR_STMT": _for,
    "CXX_FOR_RANGE_STMT": _range,
    "WHILE_STMT": _while,
    "DO_STMT": _do,
    "SWITCH_STMT": _switch,
    "RETURN_STMT": _return,
    "BREAK_STMT": _break,
    "CONTINUE_STMT": _continue,
    "GOTO_STMT": _goto,
    "INDIRECT_GOTO_STMT": _goto,
    "LABEL_STMT": _label,
    "UNEXPOSED_STMT": _label,
    "ASM_STMT": _assembly,
    "GCC_ASM_STMT": _assembly,
    "MS_ASM_STMT": _assembly,
}
