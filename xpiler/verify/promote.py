"""A program with every real number in double: run beside the oracle, it tells the oracle's own error."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from xpiler.ir import build
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Atomic,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Evaluate,
    Expr,
    Function,
    GlobalBuffer,
    Invoke,
    Kernel,
    Load,
    Module,
    Param,
    Stmt,
    Tile,
    TileOp,
    Var,
)
from xpiler.ir.types import F64, Pointer, Scalar
from xpiler.ir.walk import expressions, map_block, statements, subexpressions
from xpiler.records import dataclass

__all__ = ["SHARED_GROWTH", "CannotPromote", "promote"]

SHARED_GROWTH = 4  # a half becomes a double: dynamic shared memory and offsets in it grow with it

AnyType = TypeVar("AnyType")


@dataclass(frozen=True, slots=True)
class CannotPromote:
    """Why a program has no form in double (it looks at the bits of its reals, uses tensor fragments)."""

    reason: str


def promote(module: Module) -> Module | CannotPromote:
    """`module` with f16, bf16 and f32 as f64. Literals keep the values that they were rounded to.

    A launch has to give `SHARED_GROWTH` times as much dynamic shared memory.
    """
    blocks = [k.body for k in module.kernels] + [f.body for f in module.functions]
    reason = next((r for block in blocks if (r := _obstacle(block))), "")
    if reason:
        return CannotPromote(reason)
    return Module(
        tuple(_kernel(k) for k in module.kernels),
        tuple(_function(f) for f in module.functions),
        tuple(_global(g) for g in module.globals),
    )


def _obstacle(block: Block) -> str:
    for stmt in statements(block):
        if isinstance(stmt, Tile | TileOp):
            return "tensor fragments"
        if isinstance(stmt, Evaluate):
            return "target instructions"
        if isinstance(stmt, Alloc) and stmt.dynamic and stmt.elem.is_int and _has_offset(stmt):
            return "dynamic shared memory of several types"
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Call) and "bits_" in sub.function:
                    return f"{sub.function} looks at the bits of a real number"
                if isinstance(sub, AddressOf) and not isinstance(stmt, Invoke):
                    return "an address is taken"
    return ""


def _has_offset(stmt: Alloc) -> bool:
    return stmt.offset is not None


def _is_narrow(type_: object) -> bool:
    return isinstance(type_, Scalar) and type_.is_float and type_ != F64


def _type(type_: AnyType) -> AnyType:
    """The promoted form of any IR type, itself when it holds no narrow real."""
    if _is_narrow(type_):
        return F64  # type: ignore[return-value]
    if isinstance(type_, Pointer) and _is_narrow(type_.elem):
        return replace(type_, elem=F64)
    return type_


def _expr(expr: Expr) -> Expr:
    match expr:
        case Cast(type=type_, a=a):
            promoted = _type(type_)
            return a if a.type == promoted else replace(expr, type=promoted)
        case Const(type=type_, value=value) if _is_narrow(type_):
            return Const(float(value), F64, span=expr.span)
        case Load():
            return replace(expr, type=_type(expr.type))
        case Var():
            return replace(expr, type=_type(expr.type))
        case Call():
            return replace(expr, type=_type(expr.type))
        case AddressOf():
            return replace(expr, type=_type(expr.type))
        case _:
            return expr


def _stmt(stmt: Stmt) -> Block:
    match stmt:
        case Declare(type=type_):
            return (replace(stmt, type=_type(type_)),)
        case Alloc(elem=elem, init=init, offset=offset):
            values = tuple(_constant(c) for c in init)
            if offset is not None:
                offset = build.binary("*", offset, build.i32(SHARED_GROWTH))
            return (replace(stmt, elem=_type(elem), init=values, offset=offset),)
        case Atomic():
            return (stmt,)
        case _:
            return (stmt,)


def _constant(value: Const) -> Const:
    return Const(float(value.value), F64) if _is_narrow(value.type) else value


def _block(block: Block) -> Block:
    return map_block(block, _stmt, _expr)


def _param(param: Param) -> Param:
    return replace(param, type=_type(param.type))


def _kernel(kernel: Kernel) -> Kernel:
    return replace(kernel, params=tuple(_param(p) for p in kernel.params), body=_block(kernel.body))


def _function(function: Function) -> Function:
    return replace(
        function,
        params=tuple(_param(p) for p in function.params),
        result=_type(function.result),
        body=_block(function.body),
    )


def _global(buffer: GlobalBuffer) -> GlobalBuffer:
    return replace(buffer, elem=_type(buffer.elem), init=tuple(_constant(c) for c in buffer.init))
