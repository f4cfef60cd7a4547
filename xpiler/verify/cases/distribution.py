"""How the values of an argument are drawn: the `values` key of a case file, as `index(n)`."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.records import dataclass
from xpiler.verify.cases.formula import Formula, FormulaError, parse_formula

__all__ = ["KINDS", "Distribution", "DistributionError", "parse_distribution"]

# kind: (smallest, largest number of arguments, what it draws)
KINDS: dict[str, tuple[int, int, str]] = {
    "auto": (0, 0, "mixed, extreme and small values in turn, by seed"),
    "mixed": (0, 0, "signed, asymmetric, of mixed magnitude"),
    "small": (0, 1, "integers in [-4, 4], or [-a, a]"),
    "extremes": (0, 0, "integers at both ends of the type, among others; floats as `mixed`"),
    "bits": (0, 0, "0 or 1"),
    "uniform": (2, 2, "integers (or reals) in [a, b]"),
    "unit": (0, 0, "reals in [0, 1)"),
    "positive": (0, 0, "reals above zero, of mixed magnitude"),
    "nonzero": (0, 0, "as `auto`, without 0 and -1: divisors"),
    "index": (1, 1, "integers in [0, a): positions in another buffer"),
    "permutation": (
        0,
        1,
        "each of 0 .. elements-1 once, shuffled; distinct in [0, a) when a is given",
    ),
    "sorted": (0, 1, "ascending; integers in [0, a) when a is given"),
    "forest": (
        1,
        1,
        "position i refers to one of 0 .. i, below a: parents, links that come to an end",
    ),
    "offsets": (1, 1, "ascending integers from 0 to a, both present: row starts"),
    "zeros": (0, 0, "zero: a fresh accumulator"),
    "ones": (0, 0, "one"),
}


@dataclass(frozen=True, slots=True)
class Distribution:
    """A kind of `KINDS` and its arguments, formulas over the sizes."""

    kind: str = "auto"
    arguments: tuple[Formula, ...] = ()

    def bounds(self, sizes: Mapping[str, int]) -> tuple[int, ...] | FormulaError:
        """The arguments' values."""
        values: list[int] = []
        for formula in self.arguments:
            value = formula.value(sizes)
            if isinstance(value, FormulaError):
                return value
            values.append(value)
        return tuple(values)

    def __str__(self) -> str:
        if not self.arguments:
            return self.kind
        return f"{self.kind}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class DistributionError:
    """Why a text names no distribution."""

    reason: str


def parse_distribution(text: str) -> Distribution | DistributionError:
    """A distribution from a case file's string."""
    kind, paren, rest = text.strip().partition("(")
    kind = kind.strip()
    if kind not in KINDS:
        return DistributionError(f"unknown distribution `{kind}` (there are {', '.join(KINDS)})")
    if paren and not rest.endswith(")"):
        return DistributionError(f"`{text}` lacks its closing parenthesis")
    arguments: list[Formula] = []
    for part in _split(rest[:-1]) if rest[:-1].strip() else []:
        formula = parse_formula(part)
        if isinstance(formula, FormulaError):
            return DistributionError(formula.reason)
        arguments.append(formula)
    low, high, _ = KINDS[kind]
    if not low <= len(arguments) <= high:
        wanted = str(low) if low == high else f"{low} to {high}"
        return DistributionError(f"`{kind}` takes {wanted} argument(s), not {len(arguments)}")
    return Distribution(kind, tuple(arguments))


def _split(text: str) -> list[str]:
    """Split at the commas that are in no parentheses."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part.strip() for part in parts]
