"""Before loops are bound: counting `while` loops become `for`, `continue` a condition, values set again new ones,
and block-level values move to where they are used."""

from __future__ import annotations

from dataclasses import replace

from xpiler.ir.nodes import (
    Assign,
    Atomic,
    Binary,
    Block,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Stmt,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import (
    assigned,
    blocks,
    buffers_written,
    expressions,
    fresh,
    map_block,
    statements,
    subexpressions,
    substitute,
    with_blocks,
)
from xpiler.passes.simplify import negated

__all__ = ["counting_loops", "single_values", "structured", "sunk"]


def counting_loops(block: Block) -> Block:
    """`i32 i = a; while (i < n) { ...; i += s; }` as `for (i32 i = a; i < n; i += s)`, where that is the same.

    `i` is changed nowhere else and not read after the loop; `n` and `s` do not change in it; s is positive by the
    claim that the loop ends and never runs backwards: a literal, or made of sizes by + and *.
    """
    out: list[Stmt] = []
    for stmt in block:
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(counting_loops(b) for b in inner))
        if isinstance(stmt, While):
            made = _counting(out, stmt)
            if made is not None:
                declaration, loop = made
                out = [s for s in out if s is not declaration]
                stmt = loop
        out.append(stmt)
    for n, stmt in enumerate(out):
        if isinstance(stmt, For) and any(_reads(s, stmt.var) for s in out[n + 1 :]):
            return block  # the counter is read after its loop: leave it all as it was
    return tuple(out)


def _counting(before: list[Stmt], loop: While) -> tuple[Declare, For] | None:
    cond = loop.cond
    if (
        not isinstance(cond, Binary)
        or cond.op != "<"
        or not isinstance(cond.a, Var)
        or not loop.body
    ):
        return None
    name, last = cond.a.name, loop.body[-1]
    type_ = cond.a.type
    whole = isinstance(type_, Scalar) and type_.is_int
    if not whole or not isinstance(last, Assign) or last.name != name:
        return None
    step = last.value
    if not isinstance(step, Binary) or step.op != "+" or step.a != cond.a or not _positive(step.b):
        return None
    body = loop.body[:-1]
    changed = assigned(loop.body)
    fixed = not any(
        (isinstance(s, Var) and s.name in changed)
        or (isinstance(s, Load) and s.buffer in buffers_written(loop.body))
        for e in (cond.b, step.b)
        for s in subexpressions(e)
    )
    leaves = any(isinstance(s, Continue) for s in _own_level(body))
    declarations = [s for s in before if isinstance(s, Declare) and s.name == name]
    if name in assigned(body) or not fixed or leaves or len(declarations) != 1:
        return None
    declaration = declarations[0]
    between = before[before.index(declaration) + 1 :]
    if declaration.init is None or any(_touches(s, declaration) for s in between):
        return None
    assert isinstance(type_, Scalar)
    made = For(name, type_, declaration.init, cond.b, step.b, body, "serial", span=loop.span)
    return declaration, made


def structured(block: Block) -> Block:
    """`if (c) { a; continue; } b;` in a `for` as `if (c) { a; } else { b; }`."""
    out: list[Stmt] = []
    for stmt in block:
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(structured(b) for b in inner))
        if isinstance(stmt, For):
            stmt = replace(stmt, body=_skipping(stmt.body))
        out.append(stmt)
    return tuple(out)


def _skipping(body: Block) -> Block:
    for at, stmt in enumerate(body):
        if not isinstance(stmt, If) or stmt.orelse or not stmt.then:
            continue
        if not isinstance(stmt.then[-1], Continue):
            continue
        if any(isinstance(s, Continue) for s in _own_level(stmt.then[:-1])):
            return body
        rest = _skipping(body[at + 1 :])
        if not stmt.then[:-1]:
            return (*body[:at], If(negated(stmt.cond), rest, span=stmt.span)) if rest else body[:at]
        return (*body[:at], replace(stmt, then=stmt.then[:-1], orelse=rest))
    return body


def single_values(block: Block, taken: set[str]) -> Block:
    """`i32 r = a; ...; r = r / c; ...` as `i32 r = a; ...; i32 r_1 = r / c; ...` where no branch or loop sets it."""
    out: list[Stmt] = []
    rest = list(block)
    while rest:
        stmt = rest.pop(0)
        inner = blocks(stmt)
        if inner:
            stmt = with_blocks(stmt, tuple(single_values(b, taken) for b in inner))
        if isinstance(stmt, Assign) and _set_here(stmt.name, out, rest):
            (declaration,) = (s for s in out if isinstance(s, Declare) and s.name == stmt.name)
            name = fresh(stmt.name, taken)
            taken.add(name)
            assert isinstance(declaration.type, Scalar)
            rest = list(_renamed(tuple(rest), stmt.name, Var(name, declaration.type)))
            stmt = Declare(name, declaration.type, stmt.value, span=stmt.span)
        out.append(stmt)
    return tuple(out)


def _set_here(name: str, before: list[Stmt], after: list[Stmt]) -> bool:
    """Whether `name` is declared in this block with a value, and no nested statement sets it."""
    declared_here = [
        s for s in before if isinstance(s, Declare) and s.name == name and s.init is not None
    ]
    nested = [s for s in (*before, *after) if blocks(s) or isinstance(s, Atomic | WarpOp)]
    return len(declared_here) == 1 and not any(name in assigned((s,)) for s in nested)


def _renamed(block: Block, old: str, new: Var) -> Block:
    """`block` with `old` called `new`, up to where it is set again."""
    for at, stmt in enumerate(block):
        if isinstance(stmt, Assign) and stmt.name == old:
            (value,) = substitute((Assign(old, stmt.value, span=stmt.span),), {old: new})
            return (*substitute(block[:at], {old: new}), value, *block[at + 1 :])
    return substitute(block, {old: new})


def _positive(step: Expr) -> bool:
    if isinstance(step, Const):
        return int(step.value) > 0
    return not any(
        (isinstance(s, Binary) and s.op not in ("+", "*")) or isinstance(s, Load)
        for s in subexpressions(step)
    )


def _own_level(body: Block) -> list[Stmt]:
    """The statements that a `continue` of this loop could be among."""
    out: list[Stmt] = []
    for stmt in body:
        out.append(stmt)
        if not isinstance(stmt, For | While):
            for b in blocks(stmt):
                out += _own_level(b)
    return out


def _reads(stmt: Stmt, name: str) -> bool:
    return any(
        isinstance(s, Var) and s.name == name
        for inner in statements((stmt,))
        for e in expressions(inner)
        for s in subexpressions(e)
    )


def _touches(stmt: Stmt, declaration: Declare) -> bool:
    """Whether the start of the counter would differ, or be read, if it were set after `stmt`."""
    assert declaration.init is not None
    used = {s.name for s in subexpressions(declaration.init) if isinstance(s, Var)}
    loads = any(isinstance(s, Load) for s in subexpressions(declaration.init))
    changes = bool(assigned((stmt,)) & used) or (loads and bool(buffers_written((stmt,))))
    return changes or _reads(stmt, declaration.name)


def sunk(block: Block, axes: frozenset[str]) -> Block:
    """Values computed once per block move into the only loop over threads, so that the nest is perfect."""

    def one(stmt: Stmt) -> Block:
        if not isinstance(stmt, For) or stmt.axis not in axes or len(stmt.body) < 2:
            return (stmt,)
        *before, last = stmt.body
        if not isinstance(last, For) or last.axis not in axes:
            return (stmt,)
        changed = {s.name for s in statements((last,)) if isinstance(s, Assign)}
        if not all(_pure(s, changed) for s in before):
            return (stmt,)
        names = {s.name for s in before if isinstance(s, Declare)}
        bounds = [
            s.name for e in (last.lo, last.hi) for s in subexpressions(e) if isinstance(s, Var)
        ]
        if names & set(bounds):
            return (stmt,)
        return sunk((replace(stmt, body=(replace(last, body=(*before, *last.body)),)),), axes)

    return map_block(block, one)


def _pure(stmt: Stmt, changed: set[str]) -> bool:
    return (
        isinstance(stmt, Declare)
        and stmt.init is not None
        and stmt.name not in changed
        and not any(isinstance(s, Load) for s in subexpressions(stmt.init))
    )
