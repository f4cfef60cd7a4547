"""Names: fresh ones, renaming, and making those of a rewritten body unique again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xpiler.ir.functions import given_buffer, given_name
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Block,
    Builtin,
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
from xpiler.ir.walk import (
    assigned,
    blocks,
    buffers_read,
    buffers_written,
    declared,
    expressions,
    fresh,
    map_block,
    map_exprs,
    statements,
    variables,
    with_blocks,
)
from xpiler.records import dataclass

__all__ = [
    "Names",
    "names_used",
    "rename",
    "rename_locals",
    "renamed",
    "reserved",
    "unique_names",
    "with_unique_names",
]


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


def with_unique_names(module: Module) -> Module:
    """`module` with each name of its kernels declared once, as the IR asks; C lets scopes repeat names.

    Before: `for (i32 i = ..) { i32 row = ..; }  for (i32 i = ..) { i32 row = ..; }`
    After:  `for (i32 i = ..) { i32 row = ..; }  for (i32 i_1 = ..) { i32 row_1 = ..; }`
    """
    kernels = [replace(k, body=unique_names(k.body, reserved(module, k))) for k in module.kernels]
    return replace(module, kernels=tuple(kernels))


def names_used(block: Block) -> frozenset[str]:
    """Names of the variables and buffers that a block reads, writes or declares."""
    names = set(assigned(block) | buffers_written(block) | buffers_read(block) | declared(block))
    for stmt in statements(block):
        for expr in expressions(stmt):
            names |= variables(expr)
    return frozenset(names)


def rename(block: Block, names: Mapping[str, str]) -> Block:
    """Replace every occurrence, declarations included, of the given variables and buffers."""
    return map_block(block, lambda stmt: (_redeclared(renamed(stmt, names), names),))


def rename_locals(block: Block, taken: set[str]) -> Block:
    """A copy of `block` whose declarations have names outside `taken`, which grows by them."""
    names: dict[str, str] = {}
    for name in sorted(declared(block)):
        names[name] = fresh(name, taken)
        taken.add(names[name])
    return rename(block, names)


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
        if isinstance(expr, Builtin) and given_buffer(expr.name) in names:
            return replace(expr, name=given_name(names[given_buffer(expr.name)]))
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


def _redeclared(stmt: Stmt, names: Mapping[str, str]) -> Stmt:
    match stmt:
        case Declare(name=name) | Alloc(name=name) | Tile(name=name) if name in names:
            return replace(stmt, name=names[name])
        case For(var=name) if name in names:
            return replace(stmt, var=names[name])
        case _:
            return stmt
