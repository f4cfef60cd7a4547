"""Products of unknowns as symbols, and what is true of products.

row * cols + i stays below rows * cols because row + 1 <= rows gives row * cols + cols <= rows * cols: such facts, about two
products that share a factor, make a question about rows, columns and strides one of linear arithmetic.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import z3

__all__ = ["linear"]

MOST = 40  # products in one question: beyond, the pairs are too many
ROUNDS = 4
STEPS = (0, 1, 2)  # by how much one factor is known to be the smaller

Term = Any
Interval = tuple[int | None, int | None]
Monomial = tuple[str, ...]


class _Products:
    """Replaces products of unknowns by symbols."""

    def __init__(self) -> None:
        self.found: dict[Monomial, Term] = {}
        self._terms: dict[int, tuple[Term, Term]] = {}
        self._atoms: dict[str, Term] = {}

    def replaced(self, term: Term) -> Term:
        key = term.get_id()
        if key not in self._terms:
            self._terms[key] = (term, self._replaced(term))
        return self._terms[key][1]

    def _replaced(self, term: Term) -> Term:
        if not z3.is_app(term) or term.num_args() == 0:
            return term
        if z3.is_mul(term):
            return self._product(term)
        children = term.children()
        changed = [self.replaced(c) for c in children]
        if all(a is b or a.eq(b) for a, b in zip(children, changed, strict=True)):
            return term
        return z3.substitute(term, *zip(children, changed, strict=True))

    def _product(self, term: Term) -> Term:
        number, factors = 1, list[Term]()
        todo = list(term.children())
        while todo:
            factor = todo.pop()
            if z3.is_mul(factor):
                todo += factor.children()
            elif z3.is_int_value(factor):
                number *= factor.as_long()
            else:
                factors.append(self.replaced(factor))
        return number * self.monomial(tuple(sorted(map(self._atom, factors))))

    def _atom(self, factor: Term) -> str:
        name = str(factor.decl().name()) if z3.is_const(factor) else factor.sexpr()
        self._atoms[name] = factor
        return name

    def monomial(self, names: Monomial) -> Term:
        """The symbol of a product; 1 for none."""
        if not names:
            return z3.IntVal(1)
        if len(names) == 1:
            return self._atoms[names[0]]
        if names not in self.found:
            self.found[names] = z3.Int("*".join(names))
        return self.found[names]


def linear(claims: Sequence[Term], intervals: Mapping[str, Interval]) -> list[Term]:
    """The claims with products of unknowns as symbols, and the lemmas about those."""
    products = _Products()
    out = [products.replaced(c) for c in _with_one_name(claims)]
    lemmas: list[Term] = []
    done = set[tuple[Monomial, Monomial]]()
    for _ in range(ROUNDS):
        pairs = set(itertools.combinations(sorted(products.found), 2)) - done
        if len(products.found) > MOST:
            break
        # what is left of two products without their common factor may be products that nobody asked about
        lemmas += [lemma for a, b in sorted(pairs) for lemma in _compared(products, a, b)]
        done |= pairs
    for names in sorted(products.found):
        lemmas += _alone(products, names, intervals)
    return [*out, *lemmas]


def _with_one_name(claims: Sequence[Term]) -> list[Term]:
    """The claims with one symbol for those that are claimed to be equal: products of the one are products of the other."""
    names: dict[str, Term] = {}

    def root(symbol: Term) -> Term:
        while (found := names.get(symbol.decl().name())) is not None:
            symbol = found
        return symbol

    same = [c.children() for c in claims if z3.is_eq(c) and all(map(_is_number, c.children()))]
    symbols: dict[str, Term] = {}
    for a, b in same:
        symbols |= {a.decl().name(): a, b.decl().name(): b}
        one, other = sorted((root(a), root(b)), key=lambda s: str(s.decl().name()))
        if not one.eq(other):
            names[other.decl().name()] = one
    swaps = [(symbols[n], root(symbols[n])) for n in names]
    return [z3.substitute(c, *swaps) for c in claims] if swaps else list(claims)


def _is_number(term: Term) -> bool:
    uninterpreted = z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED
    return bool(uninterpreted and z3.is_int(term))


def _compared(products: _Products, a: Monomial, b: Monomial) -> list[Term]:
    """x + k <= y and z >= 0 give x z + k z <= y z, both ways round."""
    shared = Counter(a) & Counter(b)
    if not shared:
        return []
    common = tuple(sorted(shared.elements()))
    x = products.monomial(tuple(sorted((Counter(a) - shared).elements())))
    y = products.monomial(tuple(sorted((Counter(b) - shared).elements())))
    z, xz, yz = (products.monomial(m) for m in (common, a, b))
    found = []
    for k in STEPS:
        found.append(z3.Implies(z3.And(z >= 0, x + k <= y), xz + k * z <= yz))
        found.append(z3.Implies(z3.And(z >= 0, y + k <= x), yz + k * z <= xz))
    return found


def _alone(products: _Products, names: Monomial, intervals: Mapping[str, Interval]) -> list[Term]:
    """What a factor's sign and size tell of the product: x >= c and z >= 0 give x z >= c z."""
    found = []
    for name in sorted(set(names)):
        rest = list(names)
        rest.remove(name)
        x, z = products.monomial((name,)), products.monomial(tuple(rest))
        whole = products.monomial(names)
        lo, hi = intervals.get(name, (None, None))
        for c in sorted({0, 1, *(e for e in (lo, hi) if e is not None)}):
            found.append(z3.Implies(z3.And(z >= 0, x >= c), whole >= c * z))
            found.append(z3.Implies(z3.And(z >= 0, x <= c), whole <= c * z))
    return found
