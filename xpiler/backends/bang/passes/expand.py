"""Values of a loop body: which differ between iterations, and arrays in their place (loop expansion)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.ir.nodes import (
    Assign,
    Atomic,
    Block,
    Break,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Stmt,
    Store,
    Var,
    While,
)
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import (
    blocks,
    expressions,
    map_block,
    statements,
    subexpressions,
    substitute,
    substituted,
)

__all__ = ["expanded", "names", "rematerialise", "varying"]


def varying(body: Block, variable: str) -> set[str]:
    """Locals whose value may differ between iterations, to a fixed point.

    A value assigned under a condition that varies does, unless its variable lives only there. What a loop assigns that an
    iteration may leave before the others is under such a condition, however its own condition reads.
    """
    found: set[str] = set()

    def varies(expr: Expr) -> bool:
        return any(
            (isinstance(s, Var) and (s.name == variable or s.name in found)) or isinstance(s, Load)
            for s in subexpressions(expr)
        )

    def parts(block: Block) -> bool:
        """Whether some iterations leave the block by `break` or `continue` where others go on."""
        return any(
            isinstance(s, If)
            and (
                (any(varies(e) for e in expressions(s)) and any(map(_jumps, blocks(s))))
                or any(map(parts, blocks(s)))
            )
            for s in block
        )

    def mark(block: Block, own: frozenset[str] | None) -> None:
        for stmt in block:
            divergent = bool(blocks(stmt)) and any(varies(e) for e in expressions(stmt))
            divergent = divergent or (isinstance(stmt, For | While) and parts(stmt.body))
            match stmt:
                case Declare(name=name, init=init):
                    own = own if own is None else own | {name}
                    if init is not None and varies(init):
                        found.add(name)
                case Assign(name=name, value=value):
                    if varies(value) or (own is not None and name not in own):
                        found.add(name)
                case Atomic(result=str(name)):
                    found.add(name)
                case For(var=name) if divergent:
                    found.add(name)
                case _:
                    pass
            for b in blocks(stmt):
                mark(b, frozenset() if divergent else own)

    before = -1
    while len(found) != before:
        before = len(found)
        mark(body, None)
    return found


def _jumps(block: Block) -> bool:
    """Whether the block leaves the loop that it stands in, or goes on to its next iteration."""
    return any(
        isinstance(s, Break | Continue) or (isinstance(s, If) and any(map(_jumps, blocks(s))))
        for s in block
    )


def names(stmt: Stmt) -> set[str]:
    """Scalars and arrays that a statement mentions."""
    found: set[str] = set()
    for inner in statements((stmt,)):
        for expr in expressions(inner):
            for sub in subexpressions(expr):
                if isinstance(sub, Var):
                    found.add(sub.name)
        if isinstance(inner, Declare | Assign):
            found.add(inner.name)
        if isinstance(inner, Atomic) and inner.result is not None:
            found.add(inner.result)
    return found


def expanded(body: Block, scalars: Mapping[str, Scalar], arrays: frozenset[str], at: Expr) -> Block:
    """`body` with an element of an array for each scalar of `scalars`, one more index on each of `arrays`."""

    def expr(e: Expr) -> Expr:
        if isinstance(e, Var) and e.name in scalars:
            return Load(e.name, (at,), scalars[e.name])
        if isinstance(e, Load) and e.buffer in arrays:
            return replace(e, index=(*e.index, at))
        return e

    def stmt(s: Stmt) -> Block:
        match s:
            case Declare(name=name, init=init) if name in scalars:
                return () if init is None else (Store(name, (at,), init, span=s.span),)
            case Assign(name=name, value=value) if name in scalars:
                return (Store(name, (at,), value, span=s.span),)
            case Store(buffer=buffer, index=index) if buffer in arrays:
                return (replace(s, index=(*index, at)),)
            case _:
                return (s,)

    return map_block(body, stmt, expr)


def rematerialise(body: Block) -> Block:
    """Put integer locals that are set once and load nothing in place of their names."""
    changed = [s.name for s in statements(body) if isinstance(s, Assign)]
    changed += [s.result for s in statements(body) if isinstance(s, Atomic) and s.result]
    values: dict[str, Expr] = {}

    def known(stmt: Stmt) -> Block:
        if not isinstance(stmt, Declare) or stmt.init is None or stmt.name in changed:
            return (stmt,)
        type_ = stmt.type
        index = isinstance(type_, Scalar) and (type_.is_int or type_ == BOOL)
        pure = not any(isinstance(e, Load) for e in subexpressions(stmt.init))
        fixed = not any(isinstance(e, Var) and e.name in changed for e in subexpressions(stmt.init))
        if not (index and pure and fixed):
            return (stmt,)
        values[stmt.name] = substituted(stmt.init, values)
        return ()

    kept = map_block(body, known)
    return substitute(kept, values) if values else body
