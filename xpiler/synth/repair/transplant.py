"""Take a statement's expressions back from the predecessor, in the candidate's names.

A predecessor that is a program of threads says `threadIdx.x` where the candidate has the variable of a loop
over threads; everything else keeps its name, and what is not in scope in the candidate is not taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xpiler.ir import build
from xpiler.ir.nodes import (
    Assign,
    Atomic,
    Barrier,
    Block,
    Builtin,
    Declare,
    Expr,
    For,
    If,
    Module,
    Stmt,
    Store,
    Var,
    While,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import blocks, expressions, map_exprs, subexpressions, with_blocks
from xpiler.synth.locate.novelty import axis_builtin, stem
from xpiler.synth.locate.trace import Place
from xpiler.synth.paths import at, block_of, enclosing, places, replace_at

__all__ = ["regained_guards", "transplants"]


def transplants(before: Module, after: Module, path: Place) -> Iterator[Module]:
    """`after` with the statement at `path` as one of the predecessor's statements of its kind has it."""
    stmt = at(after, path)
    visible = _visible(after, path)
    for _, theirs in places(before.kernels[0].body):
        if type(theirs) is not type(stmt) or not _same_target(theirs, stmt):
            continue
        mine = _in_names_of(theirs, after, path)
        if isinstance(mine, For) and isinstance(stmt, For):
            mine = replace(mine, axis=stmt.axis, span=stmt.span)
        mine = _renamed(mine, stmt)
        if blocks(stmt):
            mine = with_blocks(mine, blocks(stmt))
        if mine != stmt and _names(mine) <= visible:
            yield replace_at(after, path, mine)


def regained_guards(before: Module, after: Module, path: Place) -> Iterator[Module]:
    """`after` with the statement at `path` (and those after it) under a guard of the predecessor."""
    visible = _visible(after, path)
    stmt = at(after, path)
    for _, theirs in places(before.kernels[0].body):
        if not isinstance(theirs, If) or theirs.orelse:
            continue
        guard = _in_names_of(replace(theirs, then=()), after, path)
        if not isinstance(guard, If) or not _names(guard) <= visible:
            continue
        count = len(theirs.then)
        yield replace_at(after, path, replace(guard, then=(stmt,)))
        if count > 1:
            yield from _wrapped(after, path, guard, count)


def _wrapped(after: Module, path: Place, guard: If, count: int) -> Iterator[Module]:
    siblings = block_of(after, path)
    n = path[-1]
    group = siblings[n : n + count]
    if len(group) < count or any(isinstance(s, Barrier) for s in group):
        return
    smaller = after
    for _ in range(count - 1):
        smaller = replace_at(smaller, (*path[:-1], n + 1))
    yield replace_at(smaller, path, replace(guard, then=group))


def _same_target(a: Stmt, b: Stmt) -> bool:
    match a, b:
        case (Store(buffer=x), Store(buffer=y)) | (Atomic(buffer=x), Atomic(buffer=y)):
            return stem(x) == stem(y)
        case (Declare(name=x), Declare(name=y)) | (Assign(name=x), Assign(name=y)):
            return stem(x) == stem(y)
        case (For(var=x), For(var=y)):
            return stem(x) == stem(y) and not y.endswith("_rest")
        case (If(), If()) | (While(), While()):
            return True
        case _:
            return False


def _renamed(theirs: Stmt, mine: Stmt) -> Stmt:
    """`theirs`, with the target of `mine`."""
    match theirs, mine:
        case Store(), Store(buffer=name):
            return replace(theirs, buffer=name)
        case Atomic(), Atomic(buffer=name):
            return replace(theirs, buffer=name)
        case Declare(), Declare(name=name):
            return replace(theirs, name=name)
        case Assign(), Assign(name=name):
            return replace(theirs, name=name)
        case For(), For(var=name):
            return replace(theirs, var=name)
        case _:
            return theirs


def _in_names_of(stmt: Stmt, after: Module, path: Place) -> Stmt:
    """The statement without its blocks, builtins replaced by the candidate's loop variables and numbers."""
    kernel = after.kernels[0]
    values: dict[str, Expr] = {}
    for place in enclosing(path):
        loop = at(after, place)
        if isinstance(loop, For) and axis_builtin(loop):
            values[axis_builtin(loop)] = Var(loop.var, loop.type)
    facts = dict(kernel.launch)
    visible = _visible(after, path)
    copies = {stem(name): name for name in sorted(visible)}

    def one(e: Expr) -> Expr:
        if isinstance(e, Var) and e.name not in visible:
            # a copy of the statement speaks of copies of the variables
            return replace(e, name=copies.get(stem(e.name), e.name))
        if not isinstance(e, Builtin) or not isinstance(e.type, Scalar):
            return e
        if e.name in values:
            return build.cast(e.type, values[e.name])
        known = e.name in facts and kernel.level != "simt"
        return build.const(facts[e.name], e.type) if known else e

    bare = with_blocks(stmt, tuple(() for _ in blocks(stmt))) if blocks(stmt) else stmt
    return map_exprs(bare, one)


def _names(stmt: Stmt) -> frozenset[str]:
    return frozenset(
        s.name for e in expressions(stmt) for s in subexpressions(e) if isinstance(s, Var)
    )


def _visible(program: Module, path: Place) -> frozenset[str]:
    kernel = program.kernels[0]
    names = {p.name for p in kernel.params}
    block: Block = kernel.body
    for n in range(0, len(path), 2):
        names |= {s.name for s in block[: path[n]] if isinstance(s, Declare)}
        if n + 1 < len(path):
            outer = block[path[n]]
            if isinstance(outer, For):
                names.add(outer.var)
            block = blocks(outer)[path[n + 1]]
    return frozenset(names)
