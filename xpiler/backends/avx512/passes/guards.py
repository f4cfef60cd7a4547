"""Conditions of a loop body in the form that lanes run best: no jumps over the rest, what is the same for all first."""

from __future__ import annotations

from typing import Final

from xpiler.ir.build import boolean
from xpiler.ir.nodes import (
    COMPARISONS,
    Binary,
    Block,
    Break,
    Continue,
    Expr,
    For,
    If,
    Return,
    Stmt,
    Unary,
    While,
)
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import blocks, with_blocks

__all__ = ["conjunction", "conjuncts", "negated", "structured"]

_OPPOSITE: Final = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


def structured(block: Block) -> Block:
    """`if (c) { a; continue; } b` as `if (c) { a } else { b }`, in all loops inside as well."""
    out: list[Stmt] = []
    for number, stmt in enumerate(block):
        inner = blocks(stmt)
        new = with_blocks(stmt, tuple(structured(b) for b in inner)) if inner else stmt
        before = _skipping(new)
        rest = block[number + 1 :]
        if before is None or not rest or not isinstance(new, If):
            out.append(new)
            continue
        after = structured(rest)
        out.append(If(new.cond, before, after) if before else If(negated(new.cond), after))
        break
    return tuple(out)


def _skipping(stmt: Stmt) -> Block | None:
    """What stands before the `continue` that ends the one branch of an `if` without another jump."""
    match stmt:
        case If(then=(*before, Continue()), orelse=()) if not any(_jumps(s) for s in before):
            return tuple(before)
        case _:
            return None


def _jumps(stmt: Stmt) -> bool:
    if isinstance(stmt, Break | Continue | Return):
        return True
    nested = isinstance(stmt, For | While)
    return not nested and any(_jumps(s) for b in blocks(stmt) for s in b)


def negated(cond: Expr) -> Expr:
    """`!cond`, without a `!` where there is a way: a comparison with NaN has no opposite but for (in)equality."""
    match cond:
        case Unary(op="!", a=a):
            return a
        case Binary(op="&&" | "||" as op, a=a, b=b):
            return Binary("||" if op == "&&" else "&&", negated(a), negated(b))
        case Binary(op=op, a=a, b=b) if op in COMPARISONS:
            total = isinstance(a.type, Scalar) and a.type.is_int and a.type != BOOL
            if total or op in ("==", "!="):
                return Binary(_OPPOSITE[op], a, b)
        case _:
            pass
    return Unary("!", cond)


def conjuncts(cond: Expr) -> tuple[Expr, ...]:
    """The conditions that hold together, in the order of their evaluation."""
    match cond:
        case Binary(op="&&", a=a, b=b):
            return (*conjuncts(a), *conjuncts(b))
        case _:
            return (cond,)


def conjunction(parts: tuple[Expr, ...]) -> Expr:
    """All of `parts`; true where there is none."""
    if not parts:
        return boolean(True)
    whole = parts[0]
    for part in parts[1:]:
        whole = Binary("&&", whole, part)
    return whole
