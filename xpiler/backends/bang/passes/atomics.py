"""Atomics of a task: on memory of its own they are plain statements, on GDRAM what `__bang_atomic_*` offers.

A block's shared memory belongs to the one task that runs the block, so nothing else can come between.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.ir.build import binary, call, cast, const, negate, select
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Atomic,
    Block,
    Declare,
    Expr,
    Load,
    Module,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import F16, F32, F64, U32, U64, Scalar
from xpiler.ir.walk import declared, fresh, map_block, statements
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass, Unsupported

__all__ = ["ATOMICS"]


def _rewrite(module: Module, context: Context) -> Outcome:
    del context
    kernel = module.kernels[0]
    atomics = [s for s in statements(kernel.body) if isinstance(s, Atomic)]
    if not atomics or kernel.level != "task":
        return NotApplicable("no atomic operation")
    own = {s.name: s.elem for s in statements(kernel.body) if isinstance(s, Alloc)}
    taken = {p.name for p in kernel.params} | set(declared(kernel.body))
    taken |= {g.name for g in module.globals}
    for atomic in atomics:
        wide = any(
            isinstance(o.type, Scalar) and o.type.size not in (2, 4) for o in atomic.operands
        )
        if atomic.buffer not in own and wide:
            reason = f"atomic {atomic.op} on 64-bit (or 8-bit) data in GDRAM"
            hint = "MLU370 has 16- and 32-bit atomics"
            return Unsupported("XP3102", reason, atomic.span, hint)

    def one(stmt: Stmt) -> Block:
        if not isinstance(stmt, Atomic):
            return (stmt,)
        if stmt.buffer in own:
            name = fresh("old", taken)
            taken.add(name)
            return _plain(stmt, own[stmt.buffer], name)
        return (_on_gdram(stmt),)

    body = map_block(kernel.body, one)
    if body == kernel.body:
        return NotApplicable("every atomic is one of GDRAM that the device has")
    private = sum(a.buffer in own for a in atomics)
    notes = (f"{private} atomics on memory of the task alone are plain statements",)
    return Applied(replace(module, kernels=(replace(kernel, body=body),)), notes)


def _on_gdram(stmt: Atomic) -> Atomic:
    if stmt.op != "sub":
        return stmt
    (value,) = stmt.operands
    return replace(stmt, op="add", operands=(negate(value),))


def _plain(stmt: Atomic, elem: Scalar, name: str) -> Block:
    """`old = b[i]; b[i] = old op value; result = old;`"""
    old = Var(name, elem)
    after = cast(elem, _after(stmt.op, old, stmt.operands))
    out: list[Stmt] = [
        Declare(name, elem, Load(stmt.buffer, stmt.index, elem), span=stmt.span),
        Store(stmt.buffer, stmt.index, after, span=stmt.span),
    ]
    if stmt.result is not None:
        out.append(Assign(stmt.result, old, span=stmt.span))
    return tuple(out)


def _after(op: str, old: Expr, operands: tuple[Expr, ...]) -> Expr:
    value = operands[-1]
    elem = old.type
    assert isinstance(elem, Scalar)
    match op:
        case "add" | "sub":
            return binary("+" if op == "add" else "-", old, value)
        case "and" | "or" | "xor":
            return binary({"and": "&", "or": "|", "xor": "^"}[op], old, value)
        case "min" | "max":
            name = f"f{op}" if elem in (F16, F32) else op
            return call(name, old, value)
        case "exch":
            return value
        case "cas":
            return select(binary("==", _bits(old), _bits(operands[0])), value, old)
        case "inc":
            more = binary("+", old, const(1, elem))
            return select(binary(">=", old, value), const(0, elem), more)
        case _:
            zero = binary("==", old, const(0, elem))
            above = binary(">", old, value)
            less = binary("-", old, const(1, elem))
            return select(binary("||", zero, above), value, less)


def _bits(value: Expr) -> Expr:
    """What compare-and-swap compares: two zeros of different sign are not the same, a NaN is."""
    words = {F32: U32, F64: U64}
    word = words.get(value.type) if isinstance(value.type, Scalar) else None
    return value if word is None else call(f"bits_{word}", value)


ATOMICS: Final = Pass(
    name="atomics",
    group="scalar",
    before="__nram__ u32 bins[256]; atomicAdd(&bins[b], 1u);",
    after="u32 old = bins[b]; bins[b] = old + 1u;",
    rewrite=_rewrite,
    required=True,
)
