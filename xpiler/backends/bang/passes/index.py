"""Index arithmetic on loop variables: strides, flattening of a block and a thread axis, splitting by a modulus."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.bang.passes.rewrite import map_tops, with_operands
from xpiler.ir.affine import Poly, constant, poly, poly_to_expr
from xpiler.ir.build import cast, const, i32
from xpiler.ir.nodes import Binary, Block, Call, Const, Declare, Expr, For, Stmt, Var
from xpiler.ir.types import I32, I64, Scalar
from xpiler.ir.walk import assigned, blocks, operands, statements, subexpressions, with_blocks
from xpiler.records import dataclass

__all__ = [
    "Affine",
    "affine",
    "conjuncts",
    "derived",
    "flatten",
    "least",
    "lower_bound",
    "most",
    "product",
    "upper_bound",
    "used",
]


@dataclass(frozen=True, slots=True)
class Affine:
    """`stride * variable + offset`; neither part mentions the variable."""

    stride: Poly
    offset: Poly


def derived(block: Block) -> dict[str, Poly]:
    """Integer locals that are set once, by their declaration, as polynomials of what they stand for."""
    changed: list[str] = []
    for stmt in statements(block):
        changed += [n for n in assigned((_own(stmt),)) if not isinstance(stmt, Declare)]
    values: dict[str, Poly] = {}
    for stmt in statements(block):
        if not isinstance(stmt, Declare) or stmt.init is None or stmt.name in changed:
            continue
        if isinstance(stmt.type, Scalar) and stmt.type.is_int:
            values[stmt.name] = poly(stmt.init, values)
    return values


def _own(stmt: Stmt) -> Stmt:
    """`stmt` without its nested blocks."""
    return with_blocks(stmt, tuple(() for _ in blocks(stmt)))


def affine(expr: Expr, variable: str, values: Mapping[str, Poly]) -> Affine | None:
    """`expr` as stride and offset in `variable`; None when it is not linear in it."""
    whole = poly(expr, values)
    stride = whole.coefficient(variable)
    if stride is None or stride.mentions([variable]):
        return None
    offset = whole.without(variable)
    # an opaque atom may hide the variable
    rest = whole - stride * poly(Var(variable, I32)) - offset
    return Affine(stride, offset) if rest.is_zero else None


def used(expr: Expr, name: str) -> bool:
    """Whether the expression reads variable `name`."""
    return any(isinstance(s, Var) and s.name == name for s in subexpressions(expr))


def conjuncts(cond: Expr) -> tuple[Expr, ...]:
    """The operands of a chain of `&&`."""
    if isinstance(cond, Binary) and cond.op == "&&":
        return (*conjuncts(cond.a), *conjuncts(cond.b))
    return (cond,)


def least(a: Expr, b: Expr) -> Expr:
    """`min(a, b)` of two i32."""
    if a == b:
        return a
    if isinstance(a, Const) and isinstance(b, Const):
        return a if a.value <= b.value else b
    return Call("min", (a, b), I32)


def most(a: Expr, b: Expr) -> Expr:
    """`max(a, b)` of two i32."""
    if a == b:
        return a
    if isinstance(a, Const) and isinstance(b, Const):
        return a if a.value >= b.value else b
    return Call("max", (a, b), I32)


def product(factors: list[Expr]) -> Expr:
    """The product of i32 expressions, literals folded."""
    known = 1
    total: Expr | None = None
    for factor in factors:
        if isinstance(factor, Const):
            known *= int(factor.value)
        else:
            total = factor if total is None else Binary("*", total, factor)
    if total is None:
        return i32(known)
    return total if known == 1 else Binary("*", total, i32(known))


def upper_bound(cond: Expr, variable: str, values: Mapping[str, Poly]) -> Expr | None:
    """The i32 expression `h` with `cond` equal to `variable < h` for a variable that is never negative.

    None if `cond` is no such bound.
    """
    if not isinstance(cond, Binary) or cond.op not in ("<", "<=", ">", ">="):
        return None
    left, right = (cond.a, cond.b) if cond.op[0] == "<" else (cond.b, cond.a)
    type_ = left.type
    if not isinstance(type_, Scalar) or not type_.is_int:
        return None
    low, high = affine(left, variable, values), affine(right, variable, values)
    stride = None if low is None else low.stride.value
    if low is None or high is None or stride is None or stride < 1 or not high.stride.is_zero:
        return None
    if type_.kind == "uint" and any(c < 0 for p in (low, high) for c in p.offset.terms.values()):
        return None  # below zero an unsigned value is a large one
    bound = high.offset - low.offset
    if "=" in cond.op:
        bound = bound + constant(1)
    if bound.mentions([variable]) or bound.mentions(values):
        return None
    if type_ == I32:
        return _rounded_up(poly_to_expr(bound, I32), stride)
    wide = _rounded_up(poly_to_expr(bound, I64), stride)
    # beyond the range of i32 the loop's own end is what counts
    limit = Call("min", (wide, const(2**31 - 1, I64)), I64)
    return cast(I32, limit)


def _rounded_up(bound: Expr, stride: int) -> Expr:
    """`bound / stride`, rounded up where it is positive; else something not positive, as good for a bound."""
    if stride == 1:
        return bound
    type_ = bound.type
    assert isinstance(type_, Scalar)
    above = Binary("+", bound, const(stride - 1, type_))
    return Binary("/", above, const(stride, type_))


def lower_bound(cond: Expr, variable: str, values: Mapping[str, Poly]) -> Expr | None:
    """The i32 expression `l` with `cond` equal to `variable >= l`; None if `cond` is no such bound."""
    if not isinstance(cond, Binary) or cond.op not in _COMPLEMENT:
        return None
    return upper_bound(Binary(_COMPLEMENT[cond.op], cond.a, cond.b), variable, values)


_COMPLEMENT = {">=": "<", ">": "<=", "<": ">=", "<=": ">"}


def flatten(body: Block, outer: For, inner: For, flat: str) -> Block | None:
    """`body` with `outer * extent(inner) + inner` replaced by `flat` wherever the two variables occur.

    None when one of them occurs in another way.
    """
    extent = poly(inner.hi)
    names = [outer.var, inner.var]
    variable = poly(Var(flat, I32))
    failed = False

    def rewrite(expr: Expr) -> Expr:
        nonlocal failed
        if not any(used(expr, n) for n in names):
            return expr
        type_ = expr.type
        if isinstance(type_, Scalar) and type_.is_int and type_.bits >= 32:
            whole = poly(expr)
            a, b = whole.coefficient(outer.var), whole.coefficient(inner.var)
            if a is not None and b is not None and not b.mentions(names) and a == b * extent:
                rest = whole.without(outer.var).without(inner.var)
                if not rest.mentions(names):
                    return poly_to_expr(b * variable + rest, type_)
        if isinstance(expr, Var):
            failed = True
            return expr
        parts = operands(expr)
        return with_operands(expr, tuple(rewrite(p) for p in parts))

    new = map_tops(body, rewrite)
    return None if failed else new
