"""Top-down rewriting: whole expressions of statements, and the operands of an expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Binary,
    Block,
    Call,
    Cast,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Load,
    Select,
    Stmt,
    Store,
    Unary,
    While,
)
from xpiler.ir.walk import map_block

__all__ = ["map_tops", "with_operands"]


def with_operands(expr: Expr, new: Sequence[Expr]) -> Expr:
    """`expr` with its direct operands replaced, in the order of `walk.operands`."""
    match expr:
        case Load() | AddressOf():
            return replace(expr, index=tuple(new))
        case Unary() | Cast():
            return replace(expr, a=new[0])
        case Binary():
            return replace(expr, a=new[0], b=new[1])
        case Select():
            return replace(expr, cond=new[0], a=new[1], b=new[2])
        case Call():
            return replace(expr, args=tuple(new))
        case _:
            return expr


def map_tops(block: Block, f: Callable[[Expr], Expr]) -> Block:
    """Apply `f` to each whole expression of each statement, nested statements included."""
    return map_block(block, lambda stmt: (_tops(stmt, f),))


def _tops(stmt: Stmt, f: Callable[[Expr], Expr]) -> Stmt:
    match stmt:
        case Declare(init=init):
            return stmt if init is None else replace(stmt, init=f(init))
        case Alloc(shape=shape, offset=offset):
            moved = None if offset is None else f(offset)
            return replace(stmt, shape=tuple(map(f, shape)), offset=moved)
        case Assign(value=value):
            return replace(stmt, value=f(value))
        case Store(index=index, value=value):
            return replace(stmt, index=tuple(map(f, index)), value=f(value))
        case Atomic(index=index, operands=ops):
            return replace(stmt, index=tuple(map(f, index)), operands=tuple(map(f, ops)))
        case If(cond=cond) | While(cond=cond) | Assume(cond=cond):
            return replace(stmt, cond=f(cond))
        case For(lo=lo, hi=hi, step=step):
            return replace(stmt, lo=f(lo), hi=f(hi), step=f(step))
        case Evaluate(call=call):
            mapped = f(call)
            return replace(stmt, call=mapped) if isinstance(mapped, Call) else stmt
        case _:
            return stmt
