"""Reductions that threads do together, halving the distance in each round, as one call.

before: while (s > 0) { parallel(thread.x) for (t) { if (t < s) part[t] += part[t + s]; } s /= 2; }
after:  xp_fold_add_ps(part, 128);

The same for lanes of a warp, which take the value of lane ^ s or of lane + s. The functions pair the values as the
source does, so that nothing rounds differently; all elements end as they do there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from xpiler.backends.avx512.emit.tree_math import TREES, fold_name, warp_name
from xpiler.backends.avx512.passes.instructions import suffix
from xpiler.backends.avx512.passes.lanes import call
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    AddressOf,
    Assign,
    Atomic,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Load,
    Select,
    Store,
    Var,
    While,
)
from xpiler.ir.types import F32, F64, I32, U32, VOID, Pointer, Scalar
from xpiler.ir.walk import expressions, statements, subexpressions, variables
from xpiler.records import dataclass

__all__ = ["Tree", "find_tree", "mentions"]

_WARP: Final = 32
_OPERATORS: Final = {"+": "add", "*": "mul"}
_CALLS: Final = frozenset({"fmin", "fmax", "min", "max"})


@dataclass(frozen=True, slots=True)
class Tree:
    """`call` in place of a loop; `note` says what the loop was."""

    call: Evaluate
    note: str


def mentions(block: Block) -> Counter[str]:
    """How often each variable and buffer stands in a block, its declaration not counted."""
    found: Counter[str] = Counter()
    for stmt in statements(block):
        match stmt:
            case Assign(name=name):
                found[name] += 1
            case Store(buffer=name) | Atomic(buffer=name):
                found[name] += 1
            case _:
                pass
        for expr in expressions(stmt):
            for e in subexpressions(expr):
                if isinstance(e, Var):
                    found[e.name] += 1
                elif isinstance(e, Load | AddressOf):
                    found[e.buffer] += 1
    return found


def find_tree(loop: While, before: Block, everywhere: Mapping[str, int]) -> Tree | None:
    """The tree that `loop` is. `before`: what stands before it in its block; `everywhere`: the kernel's mentions."""
    match loop.body:
        case (*body, Assign(name=s, value=value)) if _halves(s, value) and _positive(loop.cond, s):
            pass
        case _:
            return None
    start = _start(s, before)
    own = mentions((loop,))
    if start is None or everywhere[s] != own[s]:
        return None
    match body:
        case [For() as threads]:
            return _fold(threads, s, start)
        case [For() as copy, For() as combine]:
            return _across(copy, combine, s, start, {n for n in own if own[n] == everywhere[n]})
        case _:
            return None


def _halves(name: str, value: Expr) -> bool:
    match value:
        case Binary(op="/" | ">>" as op, a=Var(name=own), b=Const(value=by)):
            return own == name and by == (2 if op == "/" else 1)
        case _:
            return False


def _positive(cond: Expr, name: str) -> bool:
    match cond:
        case Binary(op=">" | "!=", a=Var(name=own), b=Const(value=0)):
            return own == name
        case Binary(op=">=", a=Var(name=own), b=Const(value=1)):
            return own == name
        case _:
            return False


def _start(name: str, before: Block) -> int | None:
    """The number that a variable starts with, declared in the same block."""
    for stmt in before:
        match stmt:
            case Declare(name=own, init=Const(value=int(value))) if own == name:
                return value
            case _:
                pass
    return None


def _plain(expr: Expr) -> Expr:
    """An index without conversions between 32-bit integers."""
    match expr:
        case Cast(type=to, a=a) if to in (I32, U32) and a.type in (I32, U32):
            return _plain(a)
        case Binary(op=op, a=a, b=b) if expr.type in (I32, U32):
            return Binary(op, _named(_plain(a)), _named(_plain(b)))
        case _:
            return _named(expr)


def _named(expr: Expr) -> Expr:
    """A variable of either signedness compares equal."""
    match expr:
        case Var(name=name) if expr.type == U32:
            return Var(name, I32)
        case Const(value=value) if expr.type == U32:
            return Const(value, I32)
        case _:
            return expr


def _is(expr: Expr, name: str) -> bool:
    return _plain(expr) == Var(name, I32)


def _is_sum(expr: Expr, a: str, b: str) -> bool:
    x, y = Var(a, I32), Var(b, I32)
    return _plain(expr) in (Binary("+", x, y), Binary("+", y, x))


def _counts(loop: For, least: int) -> bool:
    """A parallel loop from 0 in steps of 1 over `least` iterations or more."""
    whole = loop.lo == i32(0) and loop.step == i32(1) and loop.type == I32
    return whole and loop.axis != "serial" and isinstance(loop.hi, Const) and loop.hi.value >= least


def _operation(value: Expr, own: Load | Var) -> tuple[str, Expr] | None:
    """(operation, the other operand) of `own op other`."""
    type_ = value.type
    if type_ not in (F32, F64, I32, U32) or not isinstance(type_, Scalar):
        return None
    match value:
        case Binary(op=("+" | "*") as op, a=a, b=b) if own in (a, b):
            return _OPERATORS[op], b if a == own else a
        case Call(function=function, args=(a, b)) if function in _CALLS and a == own:
            unsigned = "u" if type_ == U32 else ""
            return unsigned + function, b
        case _:
            return None


# --- a block's tree ----------------------------------------------------------------------------


def _fold(loop: For, s: str, start: int) -> Tree | None:
    """`for (t) { if (t < s) part[t] = part[t] op part[t + s]; }`"""
    match loop.body:
        case (If(cond=Binary(op="<", a=t, b=end), then=(Store() as store,), orelse=()),):
            if not (_is(t, loop.var) and _is(end, s) and _counts(loop, start)):
                return None
        case _:
            return None
    *prefix, last = store.index
    if any(variables(p) & {loop.var, s} for p in prefix) or not _is(last, loop.var):
        return None
    elem = store.value.type
    if not isinstance(elem, Scalar):
        return None
    found = _operation(store.value, Load(store.buffer, store.index, elem))
    match found:
        case (op, Load(buffer=buffer, index=(*same, place))) if (
            buffer == store.buffer and same == prefix and _is_sum(place, loop.var, s)
        ):
            name = fold_name(op, suffix(elem))
        case _:
            return None
    if name not in TREES or any(_loads(p) for p in prefix):
        return None
    at = AddressOf(store.buffer, (*prefix, i32(0)), Pointer(elem))
    note = f"tree over {2 * start} elements of {store.buffer!r}"
    return Tree(Evaluate(call(name, VOID, at, i32(start))), note)


def _loads(expr: Expr) -> bool:
    return any(isinstance(e, Load) for e in subexpressions(expr))


# --- a warp's tree -----------------------------------------------------------------------------


def _across(copy: For, combine: For, s: str, start: int, own: set[str]) -> Tree | None:
    """`for (l) w[l] = v[l]; for (l) v[l] = v[l] op w[l ^ s];`, or with `l + s < 32 ? w[l + s] : w[l]`."""
    if start > _WARP // 2 or any(
        not _counts(x, _WARP) or x.hi != i32(_WARP) for x in (copy, combine)
    ):
        return None
    match copy.body:
        case (Store(buffer=w, index=(l,), value=Load(buffer=v, index=(m,), type=elem)),):
            if not (_is(l, copy.var) and _is(m, copy.var) and w in own and v != w):
                return None
        case _:
            return None
    match combine.body:
        case (Declare(name=peer, init=peers), Store(buffer=to, index=(l,), value=value)):
            pass
        case _:
            return None
    if to != v or not _is(l, combine.var) or peers is None:
        return None
    found = _operation(value, Load(v, (l,), elem))
    form = _shuffled(peers, w, combine.var, s)
    if found is None or form is None or found[1] != Var(peer, elem):
        return None
    name = warp_name(form, found[0], suffix(elem))
    if name not in TREES:
        return None
    at = AddressOf(v, (i32(0),), Pointer(elem))
    return Tree(Evaluate(call(name, VOID, at, i32(start))), f"tree over a warp's {v!r}")


def _shuffled(expr: Expr, w: str, lane: str, s: str) -> str | None:
    """Which lane's `w` is taken."""
    match expr:
        case Load(buffer=b, index=(Binary(op="^", a=x, b=y),)) if b == w:
            if (_is(x, lane) and _is(y, s)) or (_is(x, s) and _is(y, lane)):
                return "xor"
        case Select(
            cond=Binary(op="<", a=place, b=Const(value=32)),
            a=Load(buffer=b, index=(there,)),
            b=Load(buffer=c, index=(here,)),
        ) if b == w and c == w:
            if _is_sum(place, lane, s) and _is_sum(there, lane, s) and _is(here, lane):
                return "down"
        case _:
            pass
    return None
