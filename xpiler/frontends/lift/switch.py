"""`switch` becomes a chain of ifs; fall-through repeats the statements of the next case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.dispatch import scalar
from xpiler.frontends.lift.state import Lifter
from xpiler.ir import build
from xpiler.ir.nodes import Block, Break, Const, Continue, Expr, For, If, Stmt, While
from xpiler.ir.walk import blocks
from xpiler.records import dataclass

__all__ = ["switch"]


@dataclass(slots=True)
class Group:
    """Labels that share statements; `default` when one of them is `default:`."""

    labels: list[Node] = field(default_factory=list)
    default: bool = False
    body: list[Node] = field(default_factory=list)


def switch(lf: Lifter, node: Node, lift: Callable[[Lifter, Node], None]) -> None:
    """Lift a switch statement."""
    chosen = scalar(lf, node.children[-2])
    if not isinstance(chosen, Const):
        chosen = lf.temporary(chosen, "chosen")
    groups = _groups(node.children[-1])
    bodies: list[Block] = []
    following: Block = ()
    for group in reversed(groups):
        with lf.block() as body:
            for child in group.body:
                lift(lf, child)
        following = _until_break((*body, *(() if _ends(body) else following)))
        bodies.insert(0, following)
    if isinstance(chosen, Const):
        _emit(lf, node, _selected(groups, bodies, int(chosen.value)))
        return
    chain: Block = next((b for g, b in zip(groups, bodies, strict=True) if g.default), ())
    for group, block in reversed(list(zip(groups, bodies, strict=True))):
        if group.default:
            continue
        chain = (If(_matches(lf, chosen, group), block, chain, span=node.span),)
    _emit(lf, node, chain)


def _emit(lf: Lifter, node: Node, chain: Block) -> None:
    if not _has(chain, Break):
        lf.out.extend(chain)
        return
    if _has(chain, Continue):
        raise lf.refuse("XP1111", "a switch with both an inner break and a continue", node)
    lf.emit(While(build.boolean(True), (*chain, Break()), span=node.span))


def _groups(body: Node) -> list[Group]:
    groups: list[Group] = []
    for child in body.children:
        if child.kind in ("CASE_STMT", "DEFAULT_STMT"):
            group = Group()
            groups.append(group)
            while child.kind in ("CASE_STMT", "DEFAULT_STMT"):
                if child.kind == "DEFAULT_STMT":
                    group.default = True
                else:
                    group.labels.append(child.children[0])
                child = child.children[-1]
            group.body.append(child)
        elif groups:
            groups[-1].body.append(child)
    return groups


def _value(lf: Lifter, label: Node) -> int:
    found = label.evaluate()
    if found is None:
        raise lf.refuse("XP1111", "a case label that is not constant", label)
    return int(found)


def _matches(lf: Lifter, chosen: Expr, group: Group) -> Expr:
    cond: Expr | None = None
    for label in group.labels:
        one = arith.binary("==", chosen, build.const(_value(lf, label), build.scalar_type(chosen)))
        cond = one if cond is None else arith.binary("||", cond, one)
    assert cond is not None
    return cond


def _selected(groups: list[Group], bodies: list[Block], value: int) -> Block:
    fallback: Block = ()
    for group, body in zip(groups, bodies, strict=True):
        if any(label.evaluate() == value for label in group.labels):
            return body
        if group.default:
            fallback = body
    return fallback


def _ends(body: list[Stmt]) -> bool:
    from xpiler.ir.nodes import Return

    return any(isinstance(s, Break | Return | Continue) for s in body)


def _until_break(body: Block) -> Block:
    for k, stmt in enumerate(body):
        if isinstance(stmt, Break):
            return body[:k]
    return body


def _has(block: Block, kind: type[Break] | type[Continue]) -> bool:
    for stmt in block:
        if isinstance(stmt, kind):
            return True
        if not isinstance(stmt, For | While) and any(_has(b, kind) for b in blocks(stmt)):
            return True
    return False
