"""What loop bind and distribution ask about a body: what it reads, what it divides by, how it ends, whether its
iterations are independent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xpiler.backends.bang.passes.index import derived, product
from xpiler.ir.affine import Poly, poly, poly_to_expr
from xpiler.ir.build import cast, i32
from xpiler.ir.nodes import (
    Assign,
    Binary,
    Block,
    Break,
    Builtin,
    Call,
    Cast,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    Load,
    Return,
    Store,
    Var,
    While,
)
from xpiler.ir.types import I32, Scalar
from xpiler.ir.walk import (
    assigned,
    blocks,
    buffers_written,
    declared,
    expressions,
    map_block,
    map_expr,
    statements,
    subexpressions,
)

__all__ = [
    "SHORTEST",
    "breaks",
    "chained",
    "escapes",
    "from_nonzero",
    "independent",
    "inner_loops",
    "leaves",
    "loads",
    "meanings",
    "mentions",
    "modulus_of",
    "put",
    "put_block",
    "reads",
    "replace_division",
    "start_of_division",
    "uses",
    "without_unused",
]

SHORTEST: Final = 16  # below this many elements a vector instruction costs more than it saves


def meanings(body: Block) -> dict[str, Expr]:
    """The locals of a body that are set once, by what their declarations say."""
    changed = {s.name for s in statements(body) if isinstance(s, Assign)}
    values: dict[str, Expr] = {}
    for stmt in body:
        if isinstance(stmt, Declare) and stmt.init is not None and stmt.name not in changed:
            values[stmt.name] = put(stmt.init, values)
    return values


def inner_loops(body: Block) -> list[For]:
    return [s for s in statements(body) if isinstance(s, For)]


def from_nonzero(loop: For) -> bool:
    return loop.lo != Const(0, loop.type) or loop.step != Const(1, loop.type)


def escapes(body: Block) -> bool:
    return any(isinstance(s, Return) for s in statements(body))


def leaves(body: Block) -> bool:
    """Whether an iteration may end early, outside inner loops of its own."""

    def found(block: Block, inside: bool) -> bool:
        for stmt in block:
            if isinstance(stmt, Return) or (isinstance(stmt, Break | Continue) and not inside):
                return True
            deeper = inside or isinstance(stmt, For | While)
            if any(found(b, deeper) for b in blocks(stmt)):
                return True
        return False

    return found(body, False)


def breaks(body: Block) -> bool:
    return any(isinstance(s, Break | Continue | Return) for s in statements(body))


def put(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """`expr` with variables replaced."""
    return map_expr(expr, lambda e: values.get(e.name, e) if isinstance(e, Var) else e)


def loads(expr: Expr) -> bool:
    return any(isinstance(s, Load) for s in subexpressions(expr))


def mentions(expr: Expr, names: frozenset[str] | set[str]) -> bool:
    return any(isinstance(s, Var) and s.name in names for s in subexpressions(expr))


def reads(expr: Expr, name: str, values: Mapping[str, Poly]) -> bool:
    return poly(expr, values).mentions([name])


def uses(body: Block, name: str, values: Mapping[str, Poly]) -> bool:
    """Whether `name`, or a local computed from it, is read in `body`."""
    hidden = {n for n, p in values.items() if p.mentions([name])} | {name}
    inside = {s.name for s in statements(body) if isinstance(s, Declare)}
    return any(mentions(e, hidden - inside) for s in statements(body) for e in expressions(s))


def without_unused(body: Block, name: str) -> Block:
    return tuple(
        s for s in body if not (isinstance(s, Declare) and s.init and mentions(s.init, {name}))
    )


def independent(loop: For, values: Mapping[str, Poly]) -> bool:
    """No iteration touches what another writes: each written buffer is only accessed at one index that moves."""
    values = {**values, **derived(loop.body)}
    for name in buffers_written(loop.body):
        places = set()
        for stmt in statements(loop.body):
            if isinstance(stmt, Store) and stmt.buffer == name:
                places.add(tuple(poly(i, values) for i in stmt.index))
            for expr in expressions(stmt):
                for sub in subexpressions(expr):
                    if isinstance(sub, Load) and sub.buffer == name:
                        places.add(tuple(poly(i, values) for i in sub.index))
        if len(places) != 1:
            return False
        (index,) = places
        stride = index[0].coefficient(loop.var) if len(index) == 1 else None
        if stride is None or not stride.value or index[0].without(loop.var).mentions([loop.var]):
            return False
    return assigned(loop.body) <= declared(loop.body)


def modulus_of(vector: For, values: Mapping[str, Poly]) -> Expr | None:
    """What the body divides v by: the divisor of the first `v % divisor`, else the least of `v / divisor`.

    Of several remainders the one that divides all others. It has to be the same for all iterations and long enough.
    """
    local = declared(vector.body)
    target = poly(Var(vector.var, I32))
    found: dict[str, list[Expr]] = {"%": [], "/": []}
    for stmt in statements(vector.body):
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if not isinstance(sub, Binary) or sub.op not in found or not is_int(sub):
                    continue
                if poly(sub.a, values) == target:
                    found[sub.op].append(sub.b.a if isinstance(sub.b, Cast) else sub.b)
    literals = [d for d in found["/"] if isinstance(d, Const)]
    quotients = sorted(literals, key=lambda d: int(d.value)) or found["/"]
    remainders = [d for d in found["%"] if all(rest_factor(e, d) for e in found["%"])]
    for divisor in (*remainders[:1], *found["%"][:1], *quotients[:1]):
        known = isinstance(divisor, Const)
        if known and int(divisor.value) < SHORTEST:
            return None
        if mentions(divisor, local) or loads(divisor) or not is_int(divisor):
            return None
        size = cast(I32, divisor)
        return size if known else Call("max", (size, i32(1)), I32)
    return None


def start_of_division(loop: For, counters: frozenset[str]) -> Poly | None:
    """The `A` of the first `(A + v) % literal` of a body, where A is not zero and, made of counters, not negative."""
    values = derived(loop.body)
    target = poly(Var(loop.var, I32))
    for stmt in statements(loop.body):
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if not isinstance(sub, Binary) or sub.op != "%" or not isinstance(sub.b, Const):
                    continue
                rest = poly(sub.a, values) - target
                atoms = {atom for term in rest.terms for atom in term}
                counting = all(
                    isinstance(a, Builtin) or (isinstance(a, Var) and a.name in counters)
                    for a in map(_uncast, atoms)
                )
                if not rest.is_zero and counting and all(c > 0 for c in rest.terms.values()):
                    return rest
    return None


def _uncast(expr: Expr) -> Expr:
    return _uncast(expr.a) if isinstance(expr, Cast) else expr


def put_block(body: Block, value: Expr, name: str) -> Block:
    """`body` with integer expressions simplified that contain `value`, called `name`: `value + (v - name)` is v."""
    whole = poly(value)
    near = poly(Var(name, I32))

    def one(expr: Expr) -> Expr:
        if not isinstance(expr, Binary) or expr.type != I32 or expr.op not in ("+", "-"):
            return expr
        found = poly(expr)
        shorter = found - whole + near
        return poly_to_expr(shorter, I32) if len(shorter.terms) < len(found.terms) else expr

    return map_block(body, lambda s: (s,), one)


def is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def replace_division(
    body: Block, name: str, modulus: Expr, q: Expr, r: Expr, values: Mapping[str, Poly]
) -> Block:
    """`v % modulus` becomes r, `v / modulus` q, `v / (modulus * m)` q / m; in the type of what they replace."""
    target = poly(Var(name, I32))
    plain = modulus.args[0] if isinstance(modulus, Call) else modulus

    def one(expr: Expr) -> Expr:
        if not isinstance(expr, Binary) or expr.op not in ("/", "%") or not is_int(expr):
            return expr
        rest = rest_factor(expr.b, plain) if poly(expr.a, values) == target else None
        if rest is None or not isinstance(expr.type, Scalar):
            return expr
        whole = isinstance(rest, Const) and rest.value == 1
        if expr.op == "/":
            return cast(expr.type, q if whole else Binary("/", q, rest))
        if whole:
            return cast(expr.type, r)
        inner = Binary("*", Binary("%", q, rest), cast(I32, plain))
        return cast(expr.type, Binary("+", inner, r))

    return map_block(body, lambda s: (s,), one)


def rest_factor(divisor: Expr, modulus: Expr) -> Expr | None:
    """The i32 `m` with `divisor` = `modulus * m`, found by its form; None if it has none."""
    if poly(divisor) == poly(modulus):
        return i32(1)
    if isinstance(divisor, Const) and isinstance(modulus, Const):
        a, b = int(divisor.value), int(modulus.value)
        return i32(a // b) if a % b == 0 else None
    if isinstance(divisor, Cast):
        return rest_factor(divisor.a, modulus)
    if isinstance(divisor, Binary) and divisor.op == "*":
        for one, other in ((divisor.a, divisor.b), (divisor.b, divisor.a)):
            part = rest_factor(one, modulus)
            if part is not None and is_int(other):
                return product([part, cast(I32, other)])
    return _quotient(poly(divisor), poly(modulus))


def _quotient(a: Poly, b: Poly) -> Expr | None:
    """The `m` with `a` = `b * m` for two products of factors."""
    if len(a.terms) != 1 or len(b.terms) != 1:
        return None
    ((factors, x),), ((divisors, y),) = a.terms.items(), b.terms.items()
    rest = list(factors)
    for d in divisors:
        if d not in rest:
            return None
        rest.remove(d)
    return poly_to_expr(Poly({tuple(rest): x // y}), I32) if x % y == 0 and x * y > 0 else None


def chained(body: Block, name: str) -> Block:
    """Remainders of remainders of v as those of v: `v % (a * b) % b` is `v % b`, `v % (a * b) / b` is `v / b % a`,
    `v - v / b * b` is `v % b`. v is not negative, and a divisor of an index is positive."""
    target = poly(Var(name, I32))

    def one(expr: Expr) -> Expr:
        if not isinstance(expr, Binary) or not is_int(expr) or not isinstance(expr.type, Scalar):
            return expr
        if expr.op == "-" and isinstance(expr.b, Binary) and expr.b.op == "*":
            return remainder(expr, expr.b)
        inner = _uncast(expr.a)
        if expr.op not in ("%", "/") or not isinstance(inner, Binary) or inner.op != "%":
            return expr
        rest = rest_factor(inner.b, expr.b) if poly(inner.a) == target else None
        if rest is None:
            return expr
        value = cast(expr.type, inner.a)
        if expr.op == "%":
            return Binary("%", value, expr.b, span=expr.span)
        return Binary("%", Binary("/", value, expr.b), cast(expr.type, rest), span=expr.span)

    def remainder(expr: Binary, whole: Binary) -> Expr:
        for quotient, divisor in ((whole.a, whole.b), (whole.b, whole.a)):
            found = _uncast(quotient)
            if not isinstance(found, Binary) or found.op != "/" or poly(found.a) != target:
                continue
            type_ = expr.a.type
            if not isinstance(type_, Scalar):
                continue
            if poly(expr.a) == target and poly(found.b) == poly(divisor):
                return Binary("%", expr.a, cast(type_, divisor), span=expr.span)
        return expr

    return map_block(body, lambda s: (s,), one)
