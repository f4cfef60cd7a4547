"""Say numbers, one per shape, as a formula over the sizes; keep them as a size of their own otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import combinations, permutations

from xpiler.records import dataclass
from xpiler.verify.cases.formula import Formula

__all__ = ["Fitter"]


@dataclass(slots=True)
class Fitter:
    """`sizes` are the symbols so far, each with its value at every shape; `hints` are likely divisors.

    `fit` may add symbols: a list of numbers that no formula explains becomes one.
    """

    shapes: int
    sizes: dict[str, list[int]] = field(default_factory=dict)
    hints: tuple[int, ...] = ()
    divisors: list[str] = field(default_factory=list)

    def fit(self, values: Sequence[int], name: str, *, divisor: bool = False) -> Formula:
        """A formula whose value at shape `i` is `values[i]`. A new `divisor` is one that others are divided by."""
        if len(set(values)) == 1:
            return Formula(str(values[0]))
        for text, found in self._candidates(values):
            if list(found) == list(values):
                return Formula(text)
        while name in self.sizes:
            name += "_"
        self.sizes[name] = list(values)
        if divisor:
            self.divisors.append(name)
        return Formula(name)

    def _candidates(self, values: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
        for name, size in self.sizes.items():
            yield name, size
        for first, second in permutations(self.sizes, 2):
            if second in self.divisors:
                quotients = zip(self.sizes[first], self.sizes[second], strict=True)
                yield f"ceil_div({first}, {second})", [-(-a // max(1, b)) for a, b in quotients]
        for name, size in self.sizes.items():
            for d in self.hints:
                yield f"ceil_div({name}, {d})", [-(-v // d) for v in size]
                yield f"{name} / {d}", [v // d for v in size]
                yield f"max({name} / {d}, 1)", [max(1, v // d) for v in size]
        yield from self._products(values)
        for name, size in self.sizes.items():
            delta = values[0] - size[0]
            if delta:
                sign = "+" if delta > 0 else "-"
                yield f"{name} {sign} {abs(delta)}", [v + delta for v in size]

    def _products(self, values: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
        for count in (1, 2, 3, 4):
            for names in combinations(self.sizes, count):
                product = [1] * self.shapes
                for name in names:
                    product = [p * v for p, v in zip(product, self.sizes[name], strict=True)]
                text = " * ".join(names)
                if count > 1:
                    yield text, product
                if product[0] and values[0] % product[0] == 0 and values[0] // product[0] > 1:
                    factor = values[0] // product[0]
                    yield f"{text} * {factor}", [p * factor for p in product]
                if values[0] and product[0] % values[0] == 0 and product[0] // values[0] > 1:
                    divisor = product[0] // values[0]
                    yield f"{text} / {divisor}", [p // divisor for p in product]
