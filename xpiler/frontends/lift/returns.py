"""Remove `return` from a function body that is lifted in place."""

from __future__ import annotations

from collections.abc import Callable

from xpiler.ir.build import not_
from xpiler.ir.nodes import (
    Assign,
    Block,
    Break,
    Const,
    Declare,
    For,
    If,
    Return,
    Stmt,
    Var,
    While,
)
from xpiler.ir.types import BOOL
from xpiler.ir.walk import blocks, statements, with_blocks

__all__ = ["without_returns"]


def without_returns(block: Block, fresh: Callable[[str], str]) -> Block:
    """`block` with every `return` made a jump to its end (values were stored before).

    Where branches suffice the rest moves into the other branch; a return inside a loop sets a flag.
    """
    if not has_return(block):
        return block
    if _branches_suffice(block):
        return _by_branches(block)
    flag = Var(fresh("done"), BOOL)
    return (Declare(flag.name, BOOL, Const(False, BOOL)), *_by_flag(block, flag, False))


def has_return(block: Block) -> bool:
    return any(isinstance(s, Return) for s in statements(block))


def _always(block: Block) -> bool:
    for stmt in block:
        if isinstance(stmt, Return):
            return True
        if isinstance(stmt, If) and _always(stmt.then) and _always(stmt.orelse):
            return True
    return False


def _branches_suffice(block: Block) -> bool:
    for k, stmt in enumerate(block):
        if isinstance(stmt, Return):
            return True
        if not has_return((stmt,)):
            continue
        if not isinstance(stmt, If):
            return False
        rest = block[k + 1 :]
        if _always(stmt.then):
            return _branches_suffice(stmt.then) and _branches_suffice((*stmt.orelse, *rest))
        if _always(stmt.orelse):
            return _branches_suffice(stmt.orelse) and _branches_suffice((*stmt.then, *rest))
        if rest:
            return False
        return _branches_suffice(stmt.then) and _branches_suffice(stmt.orelse)
    return True


def _by_branches(block: Block) -> Block:
    out: list[Stmt] = []
    for k, stmt in enumerate(block):
        if isinstance(stmt, Return):
            break
        if not isinstance(stmt, If) or not has_return((stmt,)):
            out.append(stmt)
            continue
        rest = block[k + 1 :]
        then, orelse = stmt.then, stmt.orelse
        if _always(then):
            orelse = (*orelse, *rest)
        else:
            then = (*then, *rest)
        out.append(_if(stmt, _by_branches(then), _by_branches(orelse)))
        break
    return tuple(out)


def _if(stmt: If, then: Block, orelse: Block) -> If:
    if not then and orelse:
        return If(not_(stmt.cond), orelse, (), span=stmt.span)
    return If(stmt.cond, then, orelse, span=stmt.span)


def _by_flag(block: Block, flag: Var, in_loop: bool) -> Block:
    out: list[Stmt] = []
    for k, stmt in enumerate(block):
        if isinstance(stmt, Return):
            out.append(Assign(flag.name, Const(True, BOOL)))
            if in_loop:
                out.append(Break())
            break
        if not has_return((stmt,)):
            out.append(stmt)
            continue
        loop = isinstance(stmt, For | While)
        inner = tuple(_by_flag(b, flag, loop or in_loop) for b in blocks(stmt))
        out.append(with_blocks(stmt, inner))
        if in_loop:
            if loop:
                out.append(If(flag, (Break(),)))
            continue
        rest = _by_flag(block[k + 1 :], flag, False)
        if rest:
            out.append(If(not_(flag), rest))
        break
    return tuple(out)
