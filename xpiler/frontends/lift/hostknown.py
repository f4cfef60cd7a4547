"""What a branch of host code knows: in `if (threads == 256) k<256><<<blocks, threads>>>(...)` `threads` is 256."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xpiler.frontends.host import evaluate
from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.hostvalue import (
    Dim,
    Environment,
    HostValue,
    HostVector,
    Memory,
    Record,
    number,
)
from xpiler.ir import build
from xpiler.ir.nodes import Cast, Const, Expr, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import map_expr

__all__ = ["Known", "equalities", "equality", "with_known"]

Known = Mapping[str, Const]


def equalities(env: Environment, test: Node) -> dict[str, Const]:
    """Variables that are equal to constants where `test` holds."""
    while test.kind in ("PAREN_EXPR", "UNEXPOSED_EXPR") and test.children:
        test = test.children[-1]
    if test.kind != "BINARY_OPERATOR":
        return {}
    left, right = test.children[0], test.children[-1]
    if test.binary_operator == "&&":
        return equalities(env, left) | equalities(env, right)
    if test.binary_operator != "==":
        return {}
    a, b = number(env, left), number(env, right)
    return equality(a, b) | equality(b, a)


def equality(variable: Expr | None, value: Expr | None) -> dict[str, Const]:
    """`variable == value`, of a variable and a constant."""
    while isinstance(variable, Cast):
        variable = variable.a
    if isinstance(variable, Var) and isinstance(variable.type, Scalar) and isinstance(value, Const):
        return {variable.name: build.const(value.value, variable.type)}
    return {}


def with_known(value: HostValue, known: Known) -> HostValue:
    """`value` with what is known in the place of variables."""
    match value:
        case Dim(x=x, y=y, z=z):
            return Dim(_number(x, known), _number(y, known), _number(z, known))
        case Memory(bytes=offset):
            return replace(value, bytes=_replaced(offset, known))
        case Record(fields=fields):
            return Record(tuple((name, with_known(v, known)) for name, v in fields))
        case HostVector(count=count):
            return replace(value, count=_number(count, known))
        case None:
            return None
        case _:
            return _replaced(value, known)


def _number(expr: Expr | None, known: Known) -> Expr | None:
    return None if expr is None else _replaced(expr, known)


def _replaced(expr: Expr, known: Known) -> Expr:
    if not known:
        return expr

    def one(e: Expr) -> Expr:
        return known.get(e.name, e) if isinstance(e, Var) else e

    found = map_expr(expr, one)
    if found == expr or isinstance(found, Const) or not isinstance(found.type, Scalar):
        return found
    number_ = evaluate(found, {})
    return found if number_ is None else build.const(number_, found.type)
