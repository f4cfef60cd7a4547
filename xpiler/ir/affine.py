"""Index expressions as polynomials: strides, offsets, differences.

A `Poly` is a sum of integer coefficients times monomials; a monomial is a sorted tuple of atoms. Atoms are
variables, builtins and whatever is no ring operation (a load, a quotient), compared by structure. Integer
casts between 32-bit and wider types are looked through: for signed index arithmetic overflow is
undefined in the source, and a product of launch quantities is a number of threads, which CUDA bounds by
2^31 per axis. A program that relies on the wrap-around of an index must not be reordered by these facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xpiler.ir import build
from xpiler.ir.nodes import Binary, Builtin, Cast, Const, Expr, Unary, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import subexpressions
from xpiler.records import dataclass

__all__ = ["Poly", "constant", "poly", "poly_to_expr"]

Monomial = tuple[Expr, ...]


def _key(atom: Expr) -> str:
    return repr(atom)


@dataclass(frozen=True, slots=True)
class Poly:
    """`terms` maps a monomial to its non-zero integer coefficient; `()` is the constant's monomial."""

    terms: Mapping[Monomial, int]

    def __add__(self, other: Poly) -> Poly:
        out = dict(self.terms)
        for monomial, c in other.terms.items():
            out[monomial] = out.get(monomial, 0) + c
        return Poly({m: c for m, c in out.items() if c})

    def __neg__(self) -> Poly:
        return Poly({m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Poly) -> Poly:
        return self + (-other)

    def __mul__(self, other: Poly) -> Poly:
        out: dict[Monomial, int] = {}
        for a, x in self.terms.items():
            for b, y in other.terms.items():
                monomial = tuple(sorted((*a, *b), key=_key))
                out[monomial] = out.get(monomial, 0) + x * y
        return Poly({m: c for m, c in out.items() if c})

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    @property
    def value(self) -> int | None:
        """The number, if this is one."""
        if not self.terms:
            return 0
        return self.terms[()] if set(self.terms) == {()} else None

    @property
    def is_zero(self) -> bool:
        return not self.terms

    def mentions(self, names: Iterable[str]) -> bool:
        """Whether a variable of `names` occurs anywhere, inside opaque atoms too."""
        wanted = frozenset(names)
        return any(
            isinstance(sub, Var | Builtin) and sub.name in wanted
            for monomial in self.terms
            for atom in monomial
            for sub in subexpressions(atom)
        )

    def coefficient(self, name: str) -> Poly | None:
        """The factor of variable or builtin `name`: its stride. None if it is not linear in it."""
        out: dict[Monomial, int] = {}
        for monomial, c in self.terms.items():
            hits = [a for a in monomial if isinstance(a, Var | Builtin) and a.name == name]
            rest = tuple(a for a in monomial if a not in hits)
            if any(_mentions(a, name) for a in rest) or len(hits) > 1:
                return None
            if hits:
                out[rest] = out.get(rest, 0) + c
        return Poly(out)

    def without(self, name: str) -> Poly:
        """The terms that do not mention `name`: the offset."""
        return Poly({m: c for m, c in self.terms.items() if not any(_mentions(a, name) for a in m)})


def _mentions(atom: Expr, name: str) -> bool:
    return any(isinstance(s, Var | Builtin) and s.name == name for s in subexpressions(atom))


def constant(value: int) -> Poly:
    return Poly({(): value} if value else {})


def poly(expr: Expr, values: Mapping[str, Poly] | None = None) -> Poly:
    """The polynomial of an integer expression. `values` expands variables (single-assignment locals)."""
    known = values or {}
    match expr:
        case Const(value=value) if not isinstance(value, float):
            return constant(int(value))
        case Var(name=name) | Builtin(name=name) if name in known:
            return known[name]
        case Cast(type=type_, a=a) if _transparent(type_, a):
            return poly(a, known)
        case Unary(op="-", a=a):
            return -poly(a, known)
        case Binary(op=op, a=a, b=b) if op in ("+", "-", "*"):
            x, y = poly(a, known), poly(b, known)
            return x + y if op == "+" else x - y if op == "-" else x * y
        case Binary(op="<<", a=a, b=Const(value=int(n))) if 0 <= n < 31:
            return poly(a, known) * constant(1 << n)
        case _:
            return Poly({(expr,): 1})


def _transparent(target: Scalar, a: Expr) -> bool:
    source = a.type
    return isinstance(source, Scalar) and source.is_int and target.is_int and target.bits >= 32


def poly_to_expr(p: Poly, type_: Scalar) -> Expr:
    """A readable expression of the polynomial in the given integer type."""
    total: Expr | None = None
    for monomial, c in sorted(p.terms.items(), key=lambda t: (len(t[0]) == 0, repr(t[0]))):
        product: Expr | None = None
        for atom in monomial:
            factor = build.cast(type_, atom)
            product = factor if product is None else Binary("*", product, factor)
        magnitude = build.const(abs(c), type_)
        if product is None:
            term: Expr = magnitude
        else:
            term = product if abs(c) == 1 else Binary("*", product, magnitude)
        if total is None:
            total = term if c > 0 else build.negate(term)
        else:
            total = Binary("+" if c > 0 else "-", total, term)
    return total if total is not None else build.const(0, type_)
