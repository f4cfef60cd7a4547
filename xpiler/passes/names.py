"""Names: fresh ones, and making those of a rewritten body unique again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

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
    Kernel,
    Load,
    Module,
    Ref,
    Stmt,
    Store,
    Tile,
    TileOp,
    Var,
    WarpOp,
)
from xpiler.ir.walk import blocks, declared, fresh, map_exprs, with_blocks

__all__ = ["Names", "renamed", "reserved", "unique_names"]


@dataclass(slots=True)
class Names:
    """Hands out names that nothing else has."""

    taken: set[str]

    def fresh(self, stem: str) -> str:
        name = fresh(stem, self.taken)
        self.taken.add(name)
        return name


def reserved(module: Module, kernel: Kernel) -> frozenset[str]:
    """Names that a local of `kernel` must not take: parameters, data and functions of the module."""
    outer = [p.name for p in kernel.params] + [g.name for g in module.globals]
    return frozenset(
        [*outer, *(f.name for f in module.functions), *(k.name for k in module.kernels)]
    )


def unique_names(body: Block, taken: Iterable[str]) -> Block:
    """`body`, whose names may repeat in different (also nested) blocks, with each name declared once.

    The first declaration in textual order keeps the name; `taken` names are renamed everywhere.
    """
    return _Unique(Names(set(taken)), declared(body)).block(body, {})


class _Unique:
    def __init__(self, names: Names, original: Iterable[str]) -> None:
        self.names = names
        self.original = frozenset(original)

    def block(self, block: Block, scope: Mapping[str, str]) -> Block:
        inner = dict(scope)
        out: list[Stmt] = []
        for stmt in block:
            moved = renamed(stmt, inner)
            match stmt:
                case Declare(name=name) | Alloc(name=name) | Tile(name=name):
                    inner[name] = self._new(name)
                    assert isinstance(moved, Declare | Alloc | Tile)
                    out.append(replace(moved, name=inner[name]))
                case For(var=name):
                    loop = {**inner, name: self._new(name)}
                    assert isinstance(moved, For)
                    out.append(replace(moved, var=loop[name], body=self.block(stmt.body, loop)))
                case _:
                    nested = tuple(self.block(b, inner) for b in blocks(stmt))
                    out.append(with_blocks(moved, nested) if nested else moved)
        return tuple(out)

    def _new(self, name: str) -> str:
        if name not in self.names.taken:
            self.names.taken.add(name)
            return name
        new = fresh(name, self.names.taken | self.original)
        self.names.taken.add(new)
        return new


def renamed(stmt: Stmt, names: Mapping[str, str]) -> Stmt:
    """`stmt` with its uses of names replaced; declarations and nested blocks are left alone."""

    def one(expr: Expr) -> Expr:
        if isinstance(expr, Var) and expr.name in names:
            return replace(expr, name=names[expr.name])
        if isinstance(expr, Load | AddressOf) and expr.buffer in names:
            return replace(expr, buffer=names[expr.buffer])
        return expr

    if not names:
        return stmt
    moved = map_exprs(stmt, one)
    match moved:
        case Assign(name=name):
            return replace(moved, name=names.get(name, name))
        case Store(buffer=buffer):
            return replace(moved, buffer=names.get(buffer, buffer))
        case Atomic(buffer=buffer, result=result):
            new = names.get(result, result) if result is not None else None
            return replace(moved, buffer=names.get(buffer, buffer), result=new)
        case WarpOp(result=result):
            return replace(moved, result=names.get(result, result))
        case TileOp(tiles=tiles):
            return replace(moved, tiles=tuple(names.get(t, t) for t in tiles))
        case Invoke(args=args, result=result):
            new = names.get(result, result) if result is not None else None
            refs = tuple(
                replace(a, name=names.get(a.name, a.name)) if isinstance(a, Ref) else a
                for a in args
            )
            return replace(moved, args=refs, result=new)
        case _:
            return moved
