"""Rename what a block declares, when a pass copies the block."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Block,
    Declare,
    Expr,
    For,
    Invoke,
    Load,
    Ref,
    Stmt,
    Store,
    Tile,
    TileOp,
    Var,
    WarpOp,
)
from xpiler.ir.walk import (
    assigned,
    buffers_read,
    buffers_written,
    declared,
    expressions,
    fresh,
    map_block,
    statements,
    variables,
)

__all__ = ["names_used", "rename", "rename_locals"]


def names_used(block: Block) -> frozenset[str]:
    """Names of the variables and buffers that a block reads, writes or declares."""
    names = set(assigned(block) | buffers_written(block) | buffers_read(block) | declared(block))
    for stmt in statements(block):
        for expr in expressions(stmt):
            names |= variables(expr)
    return frozenset(names)


def rename(block: Block, names: dict[str, str]) -> Block:
    """Replace every occurrence, declarations included, of the given variables and buffers."""

    def expression(expr: Expr) -> Expr:
        match expr:
            case Var(name=name) if name in names:
                return replace(expr, name=names[name])
            case Load(buffer=name) | AddressOf(buffer=name) if name in names:
                return replace(expr, buffer=names[name])
            case _:
                return expr

    return map_block(block, lambda s: (_statement(s, names),), expression)


def _statement(stmt: Stmt, names: dict[str, str]) -> Stmt:
    match stmt:
        case Declare(name=n) | Alloc(name=n) | Assign(name=n) | Tile(name=n):
            return replace(stmt, name=names.get(n, n))
        case Store(buffer=n):
            return replace(stmt, buffer=names.get(n, n))
        case Atomic(buffer=n, result=r):
            result = None if r is None else names.get(r, r)
            return replace(stmt, buffer=names.get(n, n), result=result)
        case For(var=n):
            return replace(stmt, var=names.get(n, n))
        case WarpOp(result=n):
            return replace(stmt, result=names.get(n, n))
        case TileOp(tiles=tiles):
            return replace(stmt, tiles=tuple(names.get(t, t) for t in tiles))
        case Invoke(args=args, result=r):
            moved = tuple(Ref(names.get(a.name, a.name)) if isinstance(a, Ref) else a for a in args)
            return replace(stmt, args=moved, result=None if r is None else names.get(r, r))
        case _:
            return stmt


def rename_locals(block: Block, taken: set[str]) -> Block:
    """A copy of `block` whose declarations have names outside `taken`, which grows by them."""
    names: dict[str, str] = {}
    for name in sorted(declared(block)):
        names[name] = fresh(name, taken)
        taken.add(names[name])
    return rename(block, names)
