"""Simplification of expressions with C's exact semantics: integers wrap, floats are never reassociated."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.build import boolean, cast, const, round_float, wrap
from xpiler.ir.nodes import (
    COMPARISONS,
    AddressOf,
    Binary,
    Builtin,
    Cast,
    Const,
    Expr,
    Load,
    Select,
    Stmt,
    Unary,
)
from xpiler.ir.types import BOOL, I32, I64, Scalar
from xpiler.ir.walk import map_expr, map_exprs, subexpressions
from xpiler.passes.bounds import Ranges, bounds, type_range

__all__ = ["negated", "simplify", "simplify_stmt", "speculatable"]

_NO_RANGES: Mapping[str, tuple[int, int]] = {}
_FLIPPED = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_DISTRIBUTES = frozenset({"+", "-", "*", "&", "|", "^"})


def simplify(expr: Expr, ranges: Ranges = _NO_RANGES) -> Expr:
    """An equal expression, never slower. `ranges` gives inclusive bounds of variables."""
    return map_expr(expr, lambda e: _step(e, ranges))


def simplify_stmt(stmt: Stmt, ranges: Ranges = _NO_RANGES) -> Stmt:
    """`stmt` with the expressions that stand directly in it simplified."""
    return map_exprs(stmt, lambda e: _step(e, ranges))


def negated(cond: Expr) -> Expr:
    """`!cond`, pushed inwards where that is exact (comparisons of floats stay as they are)."""
    match cond:
        case Const(value=value):
            return boolean(not value)
        case Unary(op="!", a=a):
            return a
        case Binary(op="&&", a=a, b=b):
            return Binary("||", negated(a), negated(b), span=cond.span)
        case Binary(op="||", a=a, b=b):
            return Binary("&&", negated(a), negated(b), span=cond.span)
        case Binary(op=op, a=a, b=b) if op in _FLIPPED and _is_int(a):
            return Binary(_FLIPPED[op], a, b, span=cond.span)
        case _:
            return Unary("!", cond, span=cond.span)


def speculatable(expr: Expr) -> bool:
    """May `expr` be evaluated where the source would not: no load, no integer division that can trap."""
    for sub in subexpressions(expr):
        if isinstance(sub, Load | AddressOf):
            return False
        if isinstance(sub, Binary) and sub.op in ("/", "%") and _is_int(sub) and _may_trap(sub.b):
            return False
    return True


def _may_trap(divisor: Expr) -> bool:
    return not isinstance(divisor, Const) or divisor.value in (0, -1)


def _is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def _again(expr: Expr, ranges: Ranges) -> Expr:
    return simplify(expr, ranges)


def _step(expr: Expr, ranges: Ranges) -> Expr:
    """One node whose operands are simple already."""
    known = bounds(expr, ranges) if not isinstance(expr, Const) else None
    named = isinstance(expr, Builtin) and expr.name != "warpSize"
    if known is not None and known[0] == known[1] and isinstance(expr.type, Scalar) and not named:
        return const(known[0], expr.type, expr.span)
    match expr:
        case Cast():
            return _cast(expr, ranges)
        case Unary():
            return _unary(expr)
        case Select(cond=Const(value=value), a=a, b=b):
            return a if value else b
        case Select(cond=cond, a=a, b=b):
            if a == b:
                return a
            if expr.type == BOOL and isinstance(a, Const) and isinstance(b, Const):
                return cond if a.value else negated(cond)
            return expr
        case Binary(op="&&" | "||"):
            return _logical(expr)
        case Binary(op=op) if op in COMPARISONS:
            return _comparison(expr, ranges)
        case Binary():
            return _integer(expr, ranges) if _is_int(expr) else _float(expr)
        case _:
            return expr


# --- casts -------------------------------------------------------------------------------------


def _cast(expr: Cast, ranges: Ranges) -> Expr:
    to, a = expr.type, expr.a
    if isinstance(a, Const) or a.type == to:
        return cast(to, a, expr.span)
    if not to.is_int or not isinstance(a.type, Scalar) or not a.type.is_int:
        if to == BOOL and isinstance(a, Cast) and a.a.type == BOOL:
            return a.a
        return expr
    if isinstance(a, Cast) and _is_int(a.a) and _composes(to, a, ranges):
        return _cast(Cast(to, a.a, span=expr.span), ranges) if a.a.type != to else a.a
    return _distributed(expr, a, ranges)


def _distributed(expr: Cast, a: Expr, ranges: Ranges) -> Expr:
    """The cast moved to the operands, where integers that wrap allow it."""
    to = expr.type
    if not isinstance(a.type, Scalar):
        return expr
    same_or_narrower = to.bits <= a.type.bits and to.bits >= 32
    if isinstance(a, Binary) and a.op in _DISTRIBUTES and same_or_narrower:
        x, y = _again(Cast(to, a.a), ranges), _again(Cast(to, a.b), ranges)
        return _integer(Binary(a.op, x, y, span=a.span), ranges)
    if isinstance(a, Binary) and a.op in ("/", "%", ">>") and same_or_narrower:
        p, q = _exact(to, a.a, ranges), _exact(to, a.b, ranges)
        if p is not None and q is not None:
            return _integer(Binary(a.op, p, q, span=a.span), ranges)
    if isinstance(a, Select) and same_or_narrower:
        x, y = _again(Cast(to, a.a), ranges), _again(Cast(to, a.b), ranges)
        return Select(a.cond, x, y, span=a.span)
    return expr


def _composes(to: Scalar, inner: Cast, ranges: Ranges) -> bool:
    """Is `(to)(S)x` the same as `(to)x`?"""
    if to.bits <= inner.type.bits:
        return True
    known = bounds(inner.a, ranges)
    limits = type_range(inner.type)
    return known is not None and limits[0] <= known[0] and known[1] <= limits[1]


def _exact(to: Scalar, a: Expr, ranges: Ranges) -> Expr | None:
    """`a` in type `to` when no value changes by that and the cast costs nothing, else None."""
    known = bounds(a, ranges)
    limits = type_range(to)
    if known is None or known[0] < limits[0] or known[1] > limits[1]:
        return None
    return _again(Cast(to, a), ranges)


# --- logic -------------------------------------------------------------------------------------


def _unary(expr: Unary) -> Expr:
    a = expr.a
    if expr.op == "!":
        inner = negated(a)
        return expr if isinstance(inner, Unary) else inner
    if isinstance(a, Const) and isinstance(expr.type, Scalar):
        value = -a.value if expr.op == "-" else ~int(a.value)
        return const(value, expr.type, expr.span)
    if isinstance(a, Unary) and a.op == expr.op:
        return a.a
    return expr


def _logical(expr: Binary) -> Expr:
    absorbing = expr.op == "||"
    if isinstance(expr.a, Const):
        return boolean(absorbing) if bool(expr.a.value) == absorbing else expr.b
    if isinstance(expr.b, Const) and bool(expr.b.value) != absorbing:
        return expr.a
    # the left side has no effect, but it may guard nothing any more: `x || true` is true
    if isinstance(expr.b, Const) and bool(expr.b.value) == absorbing:
        return boolean(absorbing)
    return expr.a if expr.a == expr.b else expr


_COMPARE = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}


def _comparison(expr: Binary, ranges: Ranges) -> Expr:
    op, a, b = expr.op, expr.a, expr.b
    if isinstance(a, Const) and isinstance(b, Const):
        return boolean(bool(_COMPARE[op](a.value, b.value)))
    if a.type == BOOL and isinstance(b, Const) and op in ("==", "!="):
        return a if bool(b.value) == (op == "==") else negated(a)
    is_zero = isinstance(b, Const) and b.value == 0
    if isinstance(a, Cast) and a.a.type == BOOL and is_zero and op in ("!=", "=="):
        return a.a if op == "!=" else negated(a.a)
    x, y = bounds(a, ranges), bounds(b, ranges)
    if x is None or y is None:
        return expr
    decided = _decide(op, x, y)
    if decided is not None:
        return boolean(decided)
    if a == b:
        return boolean(op in ("<=", ">=", "=="))
    return _narrow_comparison(expr, ranges) or _scaled_comparison(expr, ranges) or expr


def _decide(op: str, x: tuple[int, int], y: tuple[int, int]) -> bool | None:
    if op in (">", ">="):
        op, x, y = {">": "<", ">=": "<="}[op], y, x
    if op == "<":
        return True if x[1] < y[0] else False if x[0] >= y[1] else None
    if op == "<=":
        return True if x[1] <= y[0] else False if x[0] > y[1] else None
    if x[1] < y[0] or y[1] < x[0]:
        return op == "!="
    return None


def _narrow_comparison(expr: Binary, ranges: Ranges) -> Expr | None:
    """`(u32)i < (u32)n` is `i < n` where neither can be negative or too large."""
    type = expr.a.type
    if type == I32 or not isinstance(type, Scalar) or not type.is_int:
        return None
    if not any(isinstance(s, Cast) and _is_int(s) for e in (expr.a, expr.b) for s in _spine(e)):
        return None
    target = I32
    if type.bits == 64 and type != I64 and _exact(I32, expr.a, ranges) is None:
        target = I64
    a, b = _exact(target, expr.a, ranges), _exact(target, expr.b, ranges)
    if a is None or b is None or a.type == type:
        return None
    return _comparison(Binary(expr.op, a, b, span=expr.span), ranges)


def _spine(expr: Expr) -> tuple[Expr, ...]:
    return tuple(subexpressions(expr)) if isinstance(expr, Binary) else (expr,)


def _scaled_comparison(expr: Binary, ranges: Ranges) -> Expr | None:
    """`a * c + b < d` is `a < d / c` where `d` is a multiple of `c` and `0 <= b < c`."""
    if expr.op not in ("<", ">=") or not isinstance(expr.b, Const):
        return None
    parts = _scaled(expr.a, ranges, None)
    if parts is None:
        return None
    a, c, _ = parts
    d = int(expr.b.value)
    if d % c or not isinstance(a.type, Scalar):
        return None
    return _comparison(Binary(expr.op, a, const(d // c, a.type), span=expr.span), ranges)


def _scaled(expr: Expr, ranges: Ranges, by: int | None) -> tuple[Expr, int, Expr] | None:
    """`expr` as `a * c + b` with `0 <= b < c`, nothing negative and nothing wrapping; `by` asks for that c."""
    known = bounds(expr, ranges)
    if known is None or known[0] < 0 or not isinstance(expr.type, Scalar):
        return None
    zero = const(0, expr.type)
    match expr:
        case Binary(op="*", a=a, b=Const(value=c)) if by in (None, c):
            rest: Expr = zero
        case Binary(op="+", a=Binary(op="*", a=a, b=Const(value=c)), b=rest) if by in (None, c):
            pass
        case _:
            return None
    x, r = bounds(a, ranges), bounds(rest, ranges)
    c = int(c)
    if x is None or r is None or c <= 1 or x[0] < 0 or not (r[0] >= 0 and r[1] < c):
        return None
    return (a, c, rest) if x[1] * c + r[1] <= type_range(expr.type)[1] else None


# --- arithmetic --------------------------------------------------------------------------------


def _integer(expr: Binary, ranges: Ranges) -> Expr:
    op, a, b = expr.op, expr.a, expr.b
    type = expr.type
    assert isinstance(type, Scalar)
    if isinstance(a, Const) and isinstance(b, Const):
        folded = _fold(op, int(a.value), int(b.value), type)
        return expr if folded is None else const(folded, type, expr.span)
    commutes = op in ("+", "*", "&", "|", "^")
    if isinstance(a, Const) and commutes and (op != "+" or a.value == 0):
        a, b = b, a
        expr = Binary(op, a, b, span=expr.span)
    if isinstance(b, Const):
        reduced = _with_constant(expr, a, int(b.value), type, ranges)
        if reduced is not None:
            return reduced
    if (
        isinstance(a, Const)
        and a.value == 0
        and op in ("/", "%", "<<", ">>")
        and not isinstance(b, Const)
    ):
        return a if op in ("<<", ">>") else expr
    if a == b and op in ("-", "^"):
        return const(0, type, expr.span)
    if a == b and op in ("&", "|"):
        return a
    return expr


def _fold(op: str, x: int, y: int, type: Scalar) -> int | None:
    match op:
        case "+":
            return x + y
        case "-":
            return x - y
        case "*":
            return x * y
        case "&":
            return x & y
        case "|":
            return x | y
        case "^":
            return x ^ y
        case "<<" if 0 <= y < type.bits:
            return wrap(x << y, type)
        case ">>" if 0 <= y < type.bits:
            return x >> y
        case "/" | "%" if y != 0 and not (y == -1 and x == type_range(type)[0]):
            quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
            return quotient if op == "/" else x - quotient * y
        case _:
            return None


def _with_constant(expr: Binary, a: Expr, c: int, type: Scalar, ranges: Ranges) -> Expr | None:
    op = expr.op
    if c == 0:
        if op in ("+", "-", "|", "^", "<<", ">>"):
            return a
        if op in ("*", "&"):
            return const(0, type, expr.span)
    if c == 1 and op in ("*", "/"):
        return a
    if c == 1 and op == "%":
        return const(0, type, expr.span)
    if c == wrap(-1, type) and op == "&":
        return a
    if op in ("+", "-", "*") and isinstance(a, Binary) and isinstance(a.b, Const):
        merged = _merge(op, a, c, type)
        if merged is not None:
            return _integer(Binary(merged[0], a.a, const(merged[1], type), span=expr.span), ranges)
    if op in ("/", "%", ">>", "&"):
        return _divide(op, a, c, type, ranges)
    return None


def _merge(op: str, a: Binary, c: int, type: Scalar) -> tuple[str, int] | None:
    """`(x + c1) - c2` is `x + (c1 - c2)`: integers wrap, so their addition is associative."""
    assert isinstance(a.b, Const)
    c1 = int(a.b.value)
    if op == "*" and a.op == "*":
        return "*", wrap(c1 * c, type)
    if op in ("+", "-") and a.op in ("+", "-"):
        total = wrap((c1 if a.op == "+" else -c1) + (c if op == "+" else -c), type)
        return ("-", -total) if total < 0 else ("+", total)
    return None


def _divide(op: str, a: Expr, c: int, type: Scalar, ranges: Ranges) -> Expr | None:
    """Division and remainder of what is known not to be negative."""
    known = bounds(a, ranges)
    if known is None or known[0] < 0:
        return None
    if op == ">>":
        if not 0 < c < type.bits - 1:
            return None
        op, c = "/", 1 << c
    elif op == "&":
        if c <= 0 or c & (c + 1):
            return None
        op, c = "%", c + 1
    if c <= 0:
        return None
    if known[1] < c:
        return const(0, type) if op == "/" else a
    parts = _scaled(a, ranges, c)
    if parts is not None:
        return parts[0] if op == "/" else parts[2]
    return None


def _float(expr: Binary) -> Expr:
    type = expr.type
    if not isinstance(type, Scalar) or not type.is_float:
        return expr
    a, b = expr.a, expr.b
    if isinstance(b, Const):
        value = repr(b.value)
        if value == "1.0" and expr.op in ("*", "/"):
            return a
        if value == "0.0" and expr.op == "-":
            return a
    if isinstance(a, Const) and isinstance(b, Const) and expr.op in ("+", "-", "*"):
        # one operation in f64 rounds to the narrower types without double rounding (2p + 2 <= 53)
        x, y = float(a.value), float(b.value)
        exact = x + y if expr.op == "+" else x - y if expr.op == "-" else x * y
        return Const(round_float(exact, type), type, span=expr.span)
    if isinstance(a, Const) and repr(a.value) == "1.0" and expr.op == "*":
        return b
    return expr
