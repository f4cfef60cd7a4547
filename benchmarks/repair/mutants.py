"""What a mutant is, and what its operators share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xpiler.ir.nodes import Binary, Call, Cast, Expr, Load, Module, Select, Stmt, Store, Unary
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, map_exprs, operands, subexpressions
from xpiler.synth.locate.trace import Place
from xpiler.synth.paths import places, replace_at

__all__ = [
    "Made",
    "Operator",
    "at_each",
    "indices",
    "is_float",
    "is_int",
    "leaves",
    "with_expression",
    "with_index",
]


@dataclass(frozen=True, slots=True)
class Made:
    """A broken program. `places` are the statements (by place in the broken program) that are wrong:
    one, or for an error of omission those whose order or guard was lost."""

    program: Module
    places: tuple[Place, ...]
    what: str


Operator = Callable[[Module], Iterator[Made]]


def at_each(rewrite: Callable[[Stmt], Iterator[tuple[Stmt, str]]]) -> Operator:
    """The operator that replaces one statement by each of the results of `rewrite`."""

    def operator(program: Module) -> Iterator[Made]:
        for path, stmt in places(program.kernels[0].body):
            for new, what in rewrite(stmt):
                if new != stmt:
                    yield Made(replace_at(program, path, new), (path,), what)

    return operator


def is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def is_float(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_float


def with_expression(stmt: Stmt, old: Expr, new: Expr) -> Stmt:
    """`stmt` with every occurrence of `old` replaced."""
    return map_exprs(stmt, lambda e: new if e == old else e)


def indices(stmt: Stmt, kind: str) -> Iterator[tuple[Expr, Callable[[Expr], Stmt]]]:
    """Index expressions of the loads or the store (`kind`: load, store), each with how to change it."""
    if kind == "store" and isinstance(stmt, Store):
        for n, index in enumerate(stmt.index):
            yield index, lambda x, n=n: with_index(stmt, n, x)  # type: ignore[misc]
    if kind == "load":
        loads = {s for e in expressions(stmt) for s in subexpressions(e) if isinstance(s, Load)}
        for load in sorted(loads, key=repr):
            for n, index in enumerate(load.index):

                def put(x: Expr, load: Load = load, n: int = n) -> Stmt:
                    new = (*load.index[:n], x, *load.index[n + 1 :])
                    return with_expression(stmt, load, replace(load, index=new))

                yield index, put


def with_index(stmt: Store, n: int, index: Expr) -> Store:
    return replace(stmt, index=(*stmt.index[:n], index, *stmt.index[n + 1 :]))


def leaves(expr: Expr) -> Iterator[tuple[Expr, Callable[[Expr], Expr]]]:
    """Each subexpression, not below loads, with how to put another in its place."""
    yield expr, lambda x: x
    if isinstance(expr, Load):
        return
    for n, child in enumerate(operands(expr)):
        for leaf, put in leaves(child):
            yield leaf, lambda x, n=n, put=put: _with_operand(expr, n, put(x))  # type: ignore[misc]


def _with_operand(expr: Expr, n: int, new: Expr) -> Expr:
    match expr:
        case Unary() | Cast():
            return replace(expr, a=new)
        case Binary():
            return replace(expr, a=new) if n == 0 else replace(expr, b=new)
        case Select(cond=cond, a=a, b=b):
            parts = [new if k == n else part for k, part in enumerate((cond, a, b))]
            return Select(parts[0], parts[1], parts[2], span=expr.span)
        case Call(args=args):
            return replace(expr, args=(*args[:n], new, *args[n + 1 :]))
        case _:
            return expr
