"""Encode integer expressions of the IR for Z3.

Integers are mathematical ones, without wrap-around: for indices, loop bounds and guards, where signed overflow is
undefined in the source. Division and remainder truncate as C's do. What has no encoding (a load, a
float) becomes an unknown: shared by all instances of the program point when it cannot change between
them, else one unknown per instance. So an `unsat` answer holds whatever those values are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any

import z3

from xpiler.ir.nodes import Binary, Builtin, Call, Cast, Const, Expr, Load, Select, Unary, Var
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import subexpressions
from xpiler.records import dataclass

__all__ = ["Encoder", "c_div", "c_rem"]

Term = Any  # z3 expressions: the library has no useful types


def c_div(a: Term, b: Term) -> Term:
    """C's division: towards zero."""
    positive = z3.If(b > 0, a / b, -(a / -b))
    negative = z3.If(b > 0, -(-a / b), -a / -b)
    return z3.If(a >= 0, positive, negative)


def c_rem(a: Term, b: Term) -> Term:
    """C's remainder: the sign of the dividend."""
    return a - b * c_div(a, b)


@dataclass
class Encoder:
    """One instance of a program point (an iteration, a thread).

    `instance` is a suffix that keeps its unknowns apart. `values` gives terms of variables that differ
    between instances (loop variables); `definitions` expands single-assignment locals; `varying` names
    the variables and buffers whose value may differ between instances.
    """

    instance: str
    values: dict[str, Term] = field(default_factory=dict)
    definitions: Mapping[str, Expr] = field(default_factory=dict)
    varying: Collection[str] = ()
    unknowns: list[tuple[Term, Expr]] = field(default_factory=list)

    def integer(self, expr: Expr) -> Term:
        """The integer value of an expression (0 or 1 for a bool)."""
        if expr.type == BOOL:
            return z3.If(self.boolean(expr), z3.IntVal(1), z3.IntVal(0))
        match expr:
            case Const(value=value) if not isinstance(value, float):
                return z3.IntVal(int(value))
            case Var(name=name) if name in self.values:
                return self.values[name]
            case Var(name=name) if name in self.definitions:
                return self.integer(self.definitions[name])
            case Builtin(name=name) if name in self.values:
                return self.values[name]
            case Cast(type=type_, a=a) if _widening(type_, a):
                return self.integer(a)
            case Unary(op="-", a=a):
                return -self.integer(a)
            case Select(cond=cond, a=a, b=b):
                return z3.If(self.boolean(cond), self.integer(a), self.integer(b))
            case Binary() | Call():
                return self._arithmetic(expr)
            case _:
                return self._unknown(expr)

    def _arithmetic(self, expr: Binary | Call) -> Term:
        match expr:
            case Call(function="min", args=(a, b)):
                x, y = self.integer(a), self.integer(b)
                return z3.If(x < y, x, y)
            case Call(function="max", args=(a, b)):
                x, y = self.integer(a), self.integer(b)
                return z3.If(x > y, x, y)
            case Binary(op="+", a=a, b=b) if _is_int(expr):
                return self.integer(a) + self.integer(b)
            case Binary(op="-", a=a, b=b) if _is_int(expr):
                return self.integer(a) - self.integer(b)
            case Binary(op="*", a=a, b=b) if _is_int(expr):
                return self.integer(a) * self.integer(b)
            case Binary(op="/", a=a, b=b) if _is_int(expr):
                return c_div(self.integer(a), self.integer(b))
            case Binary(op="%", a=a, b=b) if _is_int(expr):
                return c_rem(self.integer(a), self.integer(b))
            case Binary(op="<<", a=a, b=Const(value=int(n))) if 0 <= n < 31:
                return self.integer(a) * (1 << n)
            case Binary(op=">>", a=a, b=Const(value=int(n))) if 0 <= n < 31:
                return self.integer(a) / (1 << n)
            case Binary(op="&", a=a, b=Const(value=int(n))) if n >= 0 and (n & (n + 1)) == 0:
                return self.integer(a) % (n + 1)
            case _:
                return self._unknown(expr)

    def boolean(self, expr: Expr) -> Term:
        """The truth of an expression."""
        match expr:
            case Const(value=value):
                return z3.BoolVal(bool(value))
            case Unary(op="!", a=a):
                return z3.Not(self.boolean(a))
            case Binary(op="&&", a=a, b=b):
                return z3.And(self.boolean(a), self.boolean(b))
            case Binary(op="||", a=a, b=b):
                return z3.Or(self.boolean(a), self.boolean(b))
            case Binary(op=op, a=a, b=b) if op in _COMPARE and _is_int(a):
                return _COMPARE[op](self.integer(a), self.integer(b))
            case Cast(a=a) if expr.type == BOOL and _is_int(a):
                return self.integer(a) != 0
            case Var(name=name) if name in self.definitions:
                return self.boolean(self.definitions[name])
            case _:
                return self._unknown(expr) != 0

    def _unknown(self, expr: Expr) -> Term:
        changes = any(
            isinstance(sub, Var | Builtin | Load) and self._varies(sub)
            for sub in subexpressions(expr)
        )
        name = repr(expr) + (f"@{self.instance}" if changes else "")
        term = z3.Int(name)
        self.unknowns.append((term, expr))
        return term

    def _varies(self, node: Var | Builtin | Load) -> bool:
        name = node.buffer if isinstance(node, Load) else node.name
        if name in self.varying or name in self.values:
            return True
        definition = self.definitions.get(name)
        return definition is not None and any(
            isinstance(sub, Var | Builtin | Load) and self._varies(sub)
            for sub in subexpressions(definition)
        )


_COMPARE: dict[str, Any] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def _widening(target: Scalar, a: Expr) -> bool:
    return isinstance(a.type, Scalar) and a.type.is_int and target.is_int and target.bits >= 32
