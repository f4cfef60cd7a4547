"""How many iterations a vector loop can have, the loop counted from zero, and what is known to be positive."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.bang.passes.index import conjuncts
from xpiler.ir.affine import Poly, poly, poly_to_expr
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    Assign,
    Assume,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Load,
    Stmt,
    Unary,
    Var,
    While,
)
from xpiler.ir.types import I32
from xpiler.ir.walk import assigned, blocks, statements, subexpressions, substitute, with_blocks
from xpiler.passes.bounds import bounds
from xpiler.records import dataclass

__all__ = ["Counted", "Signs", "block_size", "counted", "longest"]

_THREADS = 1024
_FAR = 1 << 24


@dataclass(frozen=True, slots=True)
class Counted:
    """A vector loop as a body over `var` in [0, count), where `count` is at most `longest`."""

    var: str
    count: Expr
    longest: int
    body: Block
    loop: For


def counted(loop: For, locals_: Mapping[str, Expr]) -> Counted | None:
    """`loop` from zero; None when no constant bounds its length. `locals_` are the integer locals in scope."""
    if loop.type != I32 or loop.step != i32(1):
        return None
    most = longest(loop, locals_)
    if most is None:
        return None
    if loop.lo == i32(0):
        return Counted(loop.var, loop.hi, most, loop.body, loop)
    body = substitute(loop.body, {loop.var: Binary("+", loop.lo, Var(loop.var, I32))})
    return Counted(loop.var, poly_to_expr(poly(loop.hi) - poly(loop.lo), I32), most, body, loop)


class Signs:
    """What is known to be positive where a pass is: conditions, assumptions and the loops around say it."""

    def __init__(self, body: Block) -> None:
        self._changed = _reassigned(body)
        self._known: list[Poly] = []
        self._counters: set[str] = set()  # never negative

    def enter(self, stmt: Stmt) -> int:
        """Learn what holds inside `stmt`; gives what `leave` needs."""
        mark = len(self._known)
        match stmt:
            case If(cond=cond, then=body, orelse=()) | While(cond=cond, body=body):
                # what the last statement changes holds up to there
                rest = body[:-1] if body and isinstance(body[-1], Assign) else body
                self._learn(conjuncts(cond), _reassigned(rest))
            case For(var=var, lo=lo, hi=hi, body=body, type=type_) if type_ == I32:
                changed = _reassigned(body)
                if self._counts(poly(lo)):
                    self._counters.add(var)
                counted_from_zero = (Binary("<", lo, hi),) if lo == i32(0) else ()
                self._learn((*counted_from_zero, Binary("<", Var(var, I32), hi)), changed)
            case _:
                pass
        return mark

    def leave(self, mark: int) -> None:
        """Forget what was learnt since."""
        del self._known[mark:]

    def note(self, stmt: Stmt) -> None:
        """Learn what a declaration or an assumption says of the statements after it."""
        match stmt:
            case Assume(cond=Binary(op=">=", a=Var(name=name), b=Const(value=0))):
                self._counters.add(name)
            case Assume(cond=cond):
                self._learn(conjuncts(cond), self._changed)
            case Declare(name=name, init=init, type=type_) if init is not None and type_ == I32:
                if name not in self._changed and self.positive(init):
                    self._known.append(poly(Var(name, I32)))
            case _:
                pass

    def positive(self, value: Expr) -> bool:
        """Whether an integer expression is known to be positive."""
        match value:
            case Const(value=number):
                return number > 0
            case Builtin() | Cast() if block_size(value):
                return True
            case Call(function="min", args=args):
                return all(map(self.positive, args))
            case Call(function="max", args=args):
                return any(map(self.positive, args))
            case _:
                return self.known(poly(value))

    def known(self, value: Poly) -> bool:
        """Whether a polynomial is positive: what is known to be, and something that is not negative."""
        return any(self._counts(value - fact) for fact in self._known)

    def _counts(self, value: Poly) -> bool:
        """Whether a polynomial of counters is never negative."""
        return all(
            factor > 0
            and all(
                isinstance(a, Builtin) or (isinstance(a, Var) and a.name in self._counters)
                for a in monomial
            )
            for monomial, factor in value.terms.items()
        )

    def _learn(self, conds: tuple[Expr, ...], changed: frozenset[str]) -> None:
        for cond in conds:
            if not isinstance(cond, Binary) or cond.a.type != I32 or cond.op not in ("<", ">"):
                continue
            less, more = (cond.a, cond.b) if cond.op == "<" else (cond.b, cond.a)
            loads = any(isinstance(s, Load) for e in (less, more) for s in subexpressions(e))
            difference = poly(more) - poly(less)
            if not loads and not difference.mentions(changed):
                self._known.append(difference)


def block_size(expr: Expr) -> bool:
    """Whether this is a number of threads or blocks, which is positive."""
    inner = expr.a if isinstance(expr, Cast) else expr
    return isinstance(inner, Builtin) and inner.name.startswith(("blockDim", "gridDim"))


def _reassigned(body: Block) -> frozenset[str]:
    """Variables that a statement other than their declaration sets."""
    later = (s for s in statements(body) if not isinstance(s, Declare | For))
    return frozenset().union(*(assigned((_own(s),)) for s in later))


def _own(stmt: Stmt) -> Stmt:
    """`stmt` without its nested blocks."""
    return with_blocks(stmt, tuple(() for _ in blocks(stmt)))


def longest(loop: For, locals_: Mapping[str, Expr]) -> int | None:
    """The largest possible `hi - lo`, by the operands of the minimum that `hi` is."""
    found = [
        bound
        for operand in _operands(loop.hi, locals_)
        for start in _starts(loop.lo)
        if (bound := _difference(operand, start, locals_)) is not None
    ]
    return min(found) if found else None


def _starts(lo: Expr) -> list[Expr]:
    """What `lo` is at least: the operands of a maximum."""
    if isinstance(lo, Call) and lo.function == "max":
        return [s for a in lo.args for s in _starts(a)]
    return [lo]


def _operands(expr: Expr, locals_: Mapping[str, Expr]) -> list[Expr]:
    if isinstance(expr, Call) and expr.function == "min":
        return [o for a in expr.args for o in _operands(a, locals_)]
    if isinstance(expr, Var) and expr.name in locals_:
        return [expr, *_operands(locals_[expr.name], locals_)]
    return [expr]


def _difference(hi: Expr, lo: Expr, locals_: Mapping[str, Expr]) -> int | None:
    rest = poly(hi) - poly(lo)
    if rest.value is not None:
        return max(rest.value, 0)
    if lo == i32(0):
        return _most(hi, locals_)
    if len(rest.terms) == 1:
        ((monomial, factor),) = rest.terms.items()
        if len(monomial) == 1 and factor == 1:
            return _most(monomial[0], locals_)
    return None


def _most(expr: Expr, locals_: Mapping[str, Expr]) -> int | None:
    """An upper bound of an integer expression, None if it is far too large to be of use."""
    match expr:
        case Const(value=value):
            return int(value)
        case Var(name=name) if name in locals_:
            return _most(locals_[name], locals_)
        case Cast(a=a):
            return _most(a, locals_)
        case Builtin(name=name) if name.startswith("blockDim"):
            return _THREADS
        case Call(function="min", args=(a, b)):
            known = [m for m in (_most(a, locals_), _most(b, locals_)) if m is not None]
            return min(known) if known else None
        case Call(function="max", args=(a, b)):
            x, y = _most(a, locals_), _most(b, locals_)
            return None if x is None or y is None else max(x, y)
        case Binary(op="*", a=a, b=Const(value=int(n))) if n > 0:
            inner = _most(a, locals_)
            return None if inner is None else inner * n
        case Binary(op="+", a=Unary(op="-", a=b), b=a):
            return _most(Binary("-", a, b), locals_)
        case Binary(op="-", a=a, b=b):
            found = [
                _difference(o, start, locals_)
                for o in _operands(a, locals_)
                for start in _starts(b)
            ]
            known = [f for f in found if f is not None]
            return min(known) if known else _limit(expr)
        case _:
            return _limit(expr)


def _limit(expr: Expr) -> int | None:
    limits = bounds(expr, {})
    return limits[1] if limits is not None and limits[1] < _FAR else None
