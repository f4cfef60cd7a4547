"""Constant folding and clean-up with C's exact semantics.

before: i32 i = (i32)((u32)bx * blockDim.x + (u32)tx); if (true) { y[i] = x * 1; }
after:  i32 i = bx * 256 + tx; y[i] = x;

Launch facts replace builtins, integer expressions are simplified modulo 2^n (floats are never
reassociated), copies are propagated, branches that are never taken and values that are never read go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.ir.build import const
from xpiler.ir.functions import BUILTINS
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Atomic,
    Binary,
    Block,
    Builtin,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Invoke,
    Kernel,
    Load,
    Module,
    Ref,
    Stmt,
    Store,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import BOOL, I32, Scalar
from xpiler.ir.walk import (
    assigned,
    expressions,
    map_block,
    map_expr,
    map_exprs,
    statements,
    subexpressions,
    substitute,
    variables,
)
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.passes.bounds import Ranges, bounds, type_range, variable_ranges
from xpiler.passes.loop_recovery.jumps import has_jumps
from xpiler.passes.simplify import negated, simplify, simplify_stmt

__all__ = ["PASS", "fold_block"]

_ROUNDS = 12


def _rewrite(module: Module, context: Context) -> Outcome:
    del context
    (kernel,) = module.kernels
    facts = _facts(kernel)
    folded = replace(kernel, body=fold_block(kernel.body, facts))
    if folded == kernel:
        return NotApplicable("nothing to fold", kernel.span)
    return Applied(replace(module, kernels=(folded,)))


def fold_block(body: Block, facts: Mapping[str, Const] | None = None) -> Block:
    """`body` simplified until nothing changes. `facts` gives values of builtins."""
    known = facts or {}

    def value(expr: Expr) -> Expr:
        return known.get(expr.name, expr) if isinstance(expr, Builtin) else expr

    body = map_block(body, lambda s: (s,), value)
    for _ in range(_ROUNDS):
        new = _round(body)
        if new == body:
            break
        body = new
    return body


def _facts(kernel: Kernel) -> dict[str, Const]:
    """What the launch says; an index whose dimension has one element is 0."""
    facts = {n: const(v, BUILTINS[n]) for n, v in kernel.launch if n in BUILTINS}
    for name, value in kernel.launch:
        stem, _, axis = name.partition(".")
        if value == 1 and stem in ("blockDim", "gridDim"):
            index = f"{'threadIdx' if stem == 'blockDim' else 'blockIdx'}.{axis}"
            facts[index] = const(0, BUILTINS[index])
    return facts


def _round(body: Block) -> Block:
    body = _joined(body)
    body = _propagated(body)
    ranges = variable_ranges(body)
    values = _definitions(body)

    def through(expr: Expr) -> Expr:
        return _seen_through(expr, values, ranges)

    body = map_block(body, lambda s: _simplified(map_exprs(s, through), ranges))
    return _without_dead(body)


def _definitions(body: Block) -> dict[str, Expr]:
    """Arithmetic that a variable holds for good, over variables that do not change either."""
    changing = _reassigned(body)
    return {
        s.name: s.init
        for s in statements(body)
        if isinstance(s, Declare) and isinstance(s.init, Binary) and s.name not in changing
        if not variables(s.init) & changing and not _loads(s.init)
    }


def _seen_through(expr: Expr, values: Mapping[str, Expr], ranges: Ranges) -> Expr:
    """`t % 32` is `lane` where `t` holds `warp * 32 + lane`: only where that leaves nothing to compute."""
    match expr:
        case Binary(a=Var(name=name), b=Const()) if name in values:
            inner = simplify(replace(expr, a=values[name]), ranges)
            return inner if len(list(subexpressions(inner))) <= 3 else expr
        case _:
            return expr


# --- declarations ------------------------------------------------------------------------------


def _joined(block: Block) -> Block:
    """`f32 t; t = e;` becomes `f32 t = e;`"""
    out = [_with_joined(stmt) for stmt in block]
    for n, stmt in enumerate(out):
        if not isinstance(stmt, Declare) or stmt.init is not None:
            continue
        first = next((m for m in range(n + 1, len(out)) if _mentions(out[m], stmt.name)), None)
        if first is None:
            continue
        target = out[first]
        if not isinstance(target, Assign) or target.name != stmt.name:
            continue
        if stmt.name not in variables(target.value):
            out[first] = replace(stmt, init=target.value, span=target.span)
            out[n] = _NOTHING
    return tuple(s for s in out if s is not _NOTHING)


_NOTHING = Declare("", BOOL)


def _with_joined(stmt: Stmt) -> Stmt:
    match stmt:
        case If(then=then, orelse=orelse):
            return replace(stmt, then=_joined(then), orelse=_joined(orelse))
        case For(body=body) | While(body=body):
            return replace(stmt, body=_joined(body))
        case _:
            return stmt


def _mentions(stmt: Stmt, name: str) -> bool:
    for inner in statements((stmt,)):
        if name in assigned((inner,)) or any(name in variables(e) for e in expressions(inner)):
            return True
    return False


def _propagated(body: Block) -> Block:
    """Copies of constants and of values that never change replace the variables that hold them."""
    changing = _reassigned(body)
    copies: dict[str, Expr] = {}
    for stmt in statements(body):
        if isinstance(stmt, Declare) and stmt.init is not None and stmt.name not in changing:
            init = _through(stmt.init, copies)
            if _is_trivial(init) and not variables(init) & changing:
                copies[stmt.name] = init
    return substitute(body, copies) if copies else body


def _through(expr: Expr, copies: Mapping[str, Expr]) -> Expr:
    def one(e: Expr) -> Expr:
        return copies.get(e.name, e) if isinstance(e, Var) else e

    return map_expr(expr, one)


def _is_trivial(expr: Expr) -> bool:
    while isinstance(expr, Cast) and expr.type.is_int and _is_integer(expr.a):
        expr = expr.a
    return isinstance(expr, Const | Var)


def _is_integer(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def _reassigned(body: Block) -> frozenset[str]:
    names: set[str] = set()
    for stmt in statements(body):
        if isinstance(stmt, Declare):
            if stmt.init is None:
                names.add(stmt.name)
        elif not isinstance(stmt, For):
            names |= _set_here(stmt)
    return frozenset(names)


def _set_here(stmt: Stmt) -> frozenset[str]:
    match stmt:
        case Assign(name=name) | Atomic(result=str(name)) | WarpOp(result=name):
            return frozenset([name])
        case Invoke(args=args, result=result):
            refs = frozenset(a.name for a in args if isinstance(a, Ref))
            return refs if result is None else refs | {result}
        case _:
            return frozenset()


# --- statements --------------------------------------------------------------------------------


def _simplified(stmt: Stmt, ranges: Ranges) -> Block:
    stmt = _with_plain_indices(simplify_stmt(stmt, ranges), ranges)
    match stmt:
        case If(cond=Const(value=value), then=then, orelse=orelse):
            return then if value else orelse
        case If(then=(), orelse=()):
            return ()
        case If(then=(), orelse=orelse):
            return (If(negated(stmt.cond), orelse, span=stmt.span),)
        case While(cond=Const(value=False)):
            return ()
        case For():
            return _loop(stmt)
        case _:
            return (stmt,)


def _loop(loop: For) -> Block:
    if not loop.body and all(not _loads(e) for e in expressions(loop)):
        return ()
    lo, hi, step = loop.lo, loop.hi, loop.step
    if not (isinstance(lo, Const) and isinstance(hi, Const) and isinstance(step, Const)):
        return (loop,)
    if lo.value >= hi.value:
        return ()
    single = _single_iteration(loop, lo, hi, step)
    if single is not None:
        return single
    once = lo.value + step.value >= hi.value
    if once and not has_jumps(loop.body):
        return substitute(loop.body, {loop.var: lo})
    return (loop,)


def _single_iteration(loop: For, lo: Const, hi: Const, step: Const) -> Block | None:
    """`for (v ...) { T t = e; if (v == c) body }` runs its body once; what stands before has no effect."""
    if not loop.body or not all(isinstance(s, Declare | Alloc) for s in loop.body[:-1]):
        return None
    match loop.body[-1]:
        case If(cond=Binary(op="==", a=Var(name=name), b=Const(value=c)), then=then, orelse=()):
            reached = lo.value <= c < hi.value and (c - lo.value) % step.value == 0
            if name == loop.var and reached and not has_jumps(then):
                return substitute((*loop.body[:-1], *then), {name: Const(c, loop.type)})
        case _:
            pass
    return None


def _loads(expr: Expr) -> bool:
    return any(isinstance(e, Load) for e in subexpressions(expr))


def _with_plain_indices(stmt: Stmt, ranges: Ranges) -> Stmt:
    """`s[(u32)tx]` is `s[tx]`: an index is a number, whatever its type."""

    def one(expr: Expr) -> Expr:
        if isinstance(expr, Load):
            return replace(expr, index=tuple(_plain(i, ranges) for i in expr.index))
        return expr

    stmt = map_exprs(stmt, one)
    if isinstance(stmt, Store | Atomic):
        return replace(stmt, index=tuple(_plain(i, ranges) for i in stmt.index))
    return stmt


def _plain(index: Expr, ranges: Ranges) -> Expr:
    if index.type == I32 or not _is_integer(index):
        return index
    known, limits = bounds(index, ranges), type_range(I32)
    if isinstance(index, Cast) and _is_integer(index.a) and index.a.type == I32:
        inner = bounds(index.a, ranges)
        # a wider signed index keeps every value; an unsigned one those that are not negative
        if index.type.kind == "int" or (inner is not None and inner[0] >= 0):
            return index.a
    if known is None or known[0] < limits[0] or known[1] > limits[1]:
        return index
    narrow = simplify(Cast(I32, index), ranges)
    return narrow if _casts(narrow) <= _casts(index) else index


def _casts(expr: Expr) -> int:
    return sum(isinstance(e, Cast) for e in subexpressions(expr))


# --- what is never read ------------------------------------------------------------------------


def _without_dead(body: Block) -> Block:
    read: set[str] = set()
    for stmt in statements(body):
        for expr in expressions(stmt):
            names = variables(expr)
            # a variable that only feeds itself is not read
            read |= names - {stmt.name} if isinstance(stmt, Assign) else names
        if isinstance(stmt, WarpOp):
            read.add(stmt.result)
        if isinstance(stmt, Invoke):
            read |= {a.name for a in stmt.args if isinstance(a, Ref)}
            read |= {stmt.result} if stmt.result else set()
    own = {s.name for s in statements(body) if isinstance(s, Declare)}

    def keep(stmt: Stmt) -> Block:
        match stmt:
            case Declare(name=name) | Assign(name=name) if name in own and name not in read:
                return ()
            case Atomic(result=str(name)) if name in own and name not in read:
                return (replace(stmt, result=None),)
            case Assign(name=name, value=Var(name=same)) if name == same:
                return ()
            case If(then=(), orelse=()):
                return ()
            case _:
                return (stmt,)

    return map_block(body, keep)


PASS = Pass(
    name="fold",
    group="scalar",
    before="i32 i = (i32)((u32)bx * blockDim.x + (u32)tx) * 1;",
    after="i32 i = bx * 256 + tx;",
    rewrite=_rewrite,
)
