"""Local variables in double as pairs of floats: an unevaluated sum of 48 bits, by exact sums and products.

`double s = 0; for (...) s += x[i];` is the usual case. A pair is normalised: its first part is what rounding the
value to float gives. Sums are Knuth's, products Dekker's with a fused multiply-add. Infinities end as NaN.
"""

from __future__ import annotations

import math
from dataclasses import field, replace
from typing import Final

from xpiler.ir.build import round_float
from xpiler.ir.nodes import (
    COMPARISONS,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Load,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
)
from xpiler.ir.types import F32, F64, I32, Scalar
from xpiler.ir.walk import blocks, expressions, fresh, subexpressions, with_blocks
from xpiler.records import dataclass

__all__ = ["in_pairs"]

Pair = tuple[Expr, Expr]
_ZERO: Final = Const(0.0, F32)


class _RefusedError(Exception):
    """Unwinds to `in_pairs`; never leaves it."""


def in_pairs(body: Block, taken: set[str]) -> Block | None:
    """`body` without doubles, where only local variables and expressions were double; else None."""
    try:
        return _Pairs(taken).block(body)
    except _RefusedError:
        return None


@dataclass
class _Pairs:
    taken: set[str]
    variables: dict[str, Pair] = field(default_factory=dict)
    before: list[Stmt] = field(default_factory=list)

    def block(self, body: Block) -> Block:
        out: list[Stmt] = []
        for stmt in body:
            outer, self.before = self.before, []
            made = self.stmt(stmt)
            out += [*self.before, *made]
            self.before = outer
        return tuple(out)

    def stmt(self, stmt: Stmt) -> list[Stmt]:
        match stmt:
            case Declare(name=name, type=type_, init=init) if type_ == F64:
                low = self.name(f"{name}_low")
                self.variables[name] = (Var(name, F32), Var(low, F32))
                high_init, low_init = (None, None) if init is None else self.pair(init)
                return [replace(stmt, type=F32, init=high_init), Declare(low, F32, low_init)]
            case Assign(name=name, value=value) if name in self.variables:
                high, low_ = (self.held(part) for part in self.pair(value))
                second = self.variables[name][1]
                assert isinstance(second, Var)
                return [replace(stmt, value=high), Assign(second.name, low_, span=stmt.span)]
            case Declare(init=init) if init is not None:
                return [replace(stmt, init=self.plain(init))]
            case Assign(value=value):
                return [replace(stmt, value=self.plain(value))]
            case Store(value=value, index=index):
                at = tuple(self.plain(i) for i in index)
                return [replace(stmt, index=at, value=self.plain(value))]
            case If(cond=cond, then=then, orelse=orelse):
                test = self.plain(cond)
                return [replace(stmt, cond=test, then=self.block(then), orelse=self.block(orelse))]
            case For(body=body):
                if any(_double(e) for e in expressions(stmt)):
                    raise _RefusedError
                return [replace(stmt, body=self.block(body))]
            case _:
                if any(_double(e) for e in expressions(stmt)):
                    raise _RefusedError
                inner = blocks(stmt)
                return [with_blocks(stmt, tuple(self.block(b) for b in inner)) if inner else stmt]

    def name(self, stem: str) -> str:
        name = fresh(stem, self.taken)
        self.taken.add(name)
        return name

    def held(self, value: Expr) -> Expr:
        """`value`, computed before the statement."""
        if isinstance(value, Const | Var) and not self.is_part(value):
            return value
        name = self.name("part")
        self.before.append(Declare(name, F32, value))
        return Var(name, F32)

    def is_part(self, value: Expr) -> bool:
        return any(value in pair for pair in self.variables.values())

    # --- expressions that are no doubles themselves

    def plain(self, expr: Expr) -> Expr:
        if not _double(expr):
            return expr
        match expr:
            case Cast(type=type_, a=a) if a.type == F64 and type_ == F32:
                return self.pair(a)[0]
            case Binary(op=op, a=a, b=b) if op in COMPARISONS and a.type == F64:
                return _compared(op, self.pair(a), self.pair(b))
            case Binary(op=op, a=a, b=b) if op not in ("&&", "||"):
                return replace(expr, a=self.plain(a), b=self.plain(b))
            case Unary(a=a) | Cast(a=a) if a.type != F64:
                return replace(expr, a=self.plain(a))
            case Call(args=args) if all(a.type != F64 for a in args):
                return replace(expr, args=tuple(self.plain(a) for a in args))
            case _:
                raise _RefusedError

    # --- doubles

    def pair(self, expr: Expr) -> Pair:
        match expr:
            case Const(value=value):
                high = round_float(float(value), F32)
                if not math.isfinite(high):
                    raise _RefusedError
                return Const(high, F32), Const(round_float(float(value) - high, F32), F32)
            case Var(name=name) if name in self.variables:
                return self.variables[name]
            case Cast(a=a) if a.type == F32:
                return self.held(self.plain(a)), _ZERO
            case Cast(a=a) if isinstance(a.type, Scalar) and not a.type.is_float:
                return self.whole(self.plain(a))
            case Unary(op="-", a=a):
                high_, low = self.pair(a)
                return Unary("-", high_), Unary("-", low)
            case Select(cond=cond, a=a, b=b) if not any(map(_reads_memory, (a, b))):
                test, x, y = self.plain(cond), self.pair(a), self.pair(b)
                return self.held(Select(test, x[0], y[0])), self.held(Select(test, x[1], y[1]))
            case Binary(op="+", a=a, b=b):
                return self.sum(self.pair(a), self.pair(b))
            case Binary(op="-", a=a, b=b):
                y = self.pair(b)
                return self.sum(self.pair(a), (Unary("-", y[0]), Unary("-", y[1])))
            case Binary(op="*", a=a, b=b):
                return self.product(self.pair(a), self.pair(b))
            case Binary(op="/", a=a, b=b):
                return self.quotient(self.pair(a), self.pair(b))
            case _:
                raise _RefusedError

    def whole(self, a: Expr) -> Pair:
        """An integer: what float cannot hold of it is the second part."""
        high = self.held(Cast(F32, a))
        if a.type != I32:
            return high, _ZERO
        return high, self.held(Cast(F32, Binary("-", a, Cast(I32, high))))

    def sum(self, a: Pair, b: Pair) -> Pair:
        s = self.held(Binary("+", a[0], b[0]))
        back = self.held(Binary("-", s, a[0]))
        lost = Binary("+", Binary("-", a[0], Binary("-", s, back)), Binary("-", b[0], back))
        for low in (a[1], b[1]):
            lost = lost if low == _ZERO else Binary("+", lost, low)
        return self.normal(s, lost)

    def product(self, a: Pair, b: Pair) -> Pair:
        p = self.held(Binary("*", a[0], b[0]))
        lost = Call("fma", (a[0], b[0], Unary("-", Binary("*", a[0], b[0]))), F32)
        if a[1] == b[1] == _ZERO:
            return p, self.held(lost)
        cross = Binary("+", Binary("*", a[0], b[1]), Binary("*", a[1], b[0]))
        return self.normal(p, Binary("+", lost, cross))

    def quotient(self, a: Pair, b: Pair) -> Pair:
        first = self.held(Binary("/", a[0], b[0]))
        whole = self.product((first, _ZERO), b)
        rest = self.sum(a, (Unary("-", whole[0]), Unary("-", whole[1])))
        return self.normal(first, Binary("/", rest[0], b[0]))

    def normal(self, high: Expr, low: Expr) -> Pair:
        """The same sum, its first part as close as a float can be; |low| is smaller than |high|."""
        low = self.held(low)
        first = self.held(Binary("+", high, low))
        return first, self.held(Binary("-", low, Binary("-", first, high)))


def _compared(op: str, a: Pair, b: Pair) -> Expr:
    same = Binary("==", a[0], b[0])
    if op == "==":
        return Binary("&&", same, Binary("==", a[1], b[1]))
    if op == "!=":
        return Binary("||", Binary("!=", a[0], b[0]), Binary("!=", a[1], b[1]))
    return Binary("||", Binary(op[0], a[0], b[0]), Binary("&&", same, Binary(op, a[1], b[1])))


def _double(expr: Expr) -> bool:
    return any(s.type == F64 for s in subexpressions(expr))


def _reads_memory(expr: Expr) -> bool:
    return any(isinstance(s, Load) for s in subexpressions(expr))
