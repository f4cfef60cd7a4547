"""Values that a kernel compares its data with: `if (x[i] > 1e6f)`, `m[i] == 12345`, `isnan(v)`.

Random inputs hardly ever meet them, so that what stands behind goes untested. A comparison of something made of loaded
values with a number is solved for the loaded value, step by step back through definitions; what a solution
cannot be is harmless, since it is only an input like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Final

from xpiler.ir.nodes import (
    COMPARISONS,
    Assign,
    Atomic,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    Load,
    Module,
    Param,
    Select,
    Store,
    Unary,
    Var,
    WarpOp,
)
from xpiler.ir.types import Pointer, Scalar
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.passes.base import Applied, Context
from xpiler.records import dataclass

__all__ = ["Threshold", "thresholds"]

_DEPTH: Final = 12
_MOST: Final = 24
"""Solutions for one buffer; more are a table, which random values meet."""


_TO_WHOLE: Final = frozenset({"rint", "nearbyint", "round", "roundeven"})
_TIES: Final = (0.5, 1.5, 2.5, -0.5, -1.5)
"""Half way between two whole numbers, where functions that round to the nearest differ."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value at which the kernel decides otherwise. `exact`: the loaded value itself is compared with it; otherwise
    something computed from it, which may round, so that values at the threshold itself tell nothing."""

    value: float
    exact: bool


def thresholds(module: Module) -> Mapping[str, tuple[Threshold, ...]]:
    """By the name of a parameter (a buffer or a scalar) or of file-scope data: what its values are compared with.

    NaN and infinities where the kernel asks for them.
    """
    kernel = _inlined(module).kernels[0]
    solver = _Solver(kernel.params, kernel.body, frozenset(g.name for g in module.globals))
    for stmt in statements(kernel.body):
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                solver.look(sub)
    return {
        name: tuple(dict.fromkeys(values))
        for name, values in solver.found.items()
        if 0 < len(set(values)) <= _MOST
    }


def _inlined(module: Module) -> Module:
    from xpiler.passes.inline import PASS

    if not module.functions:
        return module
    outcome = PASS.rewrite(module, Context())
    return outcome.program if isinstance(outcome, Applied) else module


@dataclass
class _Solver:
    params: tuple[Param, ...]
    body: Block
    symbols: frozenset[str]
    found: dict[str, list[Threshold]] = field(default_factory=dict)
    only_exact: bool = False

    def __post_init__(self) -> None:
        self.values: dict[str, list[Expr]] = {}
        self.stored: dict[str, list[Expr]] = {}
        for stmt in statements(self.body):
            match stmt:
                case Declare(name=name, init=value) | Assign(name=name, value=value):
                    if value is not None:
                        self.values.setdefault(name, []).append(value)
                case Store(buffer=buffer, value=value):
                    self.stored.setdefault(buffer, []).append(value)
                case WarpOp(result=name, args=args):
                    self.values.setdefault(name, []).extend(args[:1])
                case Atomic(buffer=buffer, operands=operands, result=result):
                    self.stored.setdefault(buffer, []).extend(operands)
                    if result is not None:
                        self.stored.setdefault(buffer, [])
                case _:
                    pass
        self.inputs = {p.name for p in self.params if isinstance(p.type, Pointer)} | self.symbols
        self.scalars = {p.name for p in self.params if isinstance(p.type, Scalar)}

    def look(self, expr: Expr) -> None:
        """Solve a comparison."""
        match expr:
            case Call(function="isnan", args=(a,)):
                self.solve(a, math.nan, True)
            case Call(function="isinf", args=(a,)):
                self.solve(a, math.inf, True)
                self.solve(a, -math.inf, True)
            case Call(function="isfinite", args=(a,)):
                for value in (math.nan, math.inf, -math.inf):
                    self.solve(a, value, True)
            case Call(function=name, args=(a,)) if name in _TO_WHOLE:
                self.only_exact = True  # beside a tie all ways of rounding agree
                for value in _TIES:
                    self.solve(a, value, True)
                self.only_exact = False
            case Binary(op="!=" | "==", a=a, b=b) if a == b:
                self.solve(a, math.nan, True)
            case Binary(op=op, a=a, b=b) if op in COMPARISONS:
                for side, other in ((a, b), (b, a)):
                    number = _number(other)
                    if number is not None:
                        self.solve(side, number, True)
            case _:
                pass

    def solve(self, expr: Expr, value: float, exact: bool, depth: int = 0) -> None:
        """Values of inputs for which `expr` may be `value`."""
        if depth > _DEPTH or (self.only_exact and not exact):
            return
        match expr:
            case Load(buffer=buffer) if buffer in self.inputs:
                self.found.setdefault(buffer, []).append(Threshold(value, exact))
                if buffer not in self.stored:
                    return
                self._each(self.stored[buffer], value, exact, depth)
            case Load(buffer=buffer):
                self._each(self.stored.get(buffer, ()), value, exact, depth)
            case Var(name=name) if name in self.scalars:
                self.found.setdefault(name, []).append(Threshold(value, exact))
            case Var(name=name):
                self._each(self.values.get(name, ()), value, exact, depth)
            case _:
                for part, wanted, same in _inverse(expr, value):
                    self.solve(part, wanted, exact and same, depth + 1)

    def _each(self, exprs: Iterable[Expr], value: float, exact: bool, depth: int) -> None:
        # several definitions, as of a sum, take turns: look less far into each
        some = tuple(exprs)
        for expr in some:
            self.solve(expr, value, exact, depth + max(1, len(some)))


def _number(expr: Expr) -> float | None:
    match expr:
        case Const(value=value):
            return float(value)
        case Cast(a=a):
            return _number(a)
        case Unary(op="-", a=a):
            inner = _number(a)
            return None if inner is None else -inner
        case _:
            return None


_Inverse = Callable[[float], float]

_FUNCTIONS: Final[dict[str, _Inverse]] = {
    "sqrt": lambda y: y * y,
    "exp": lambda y: math.log(y),
    "exp2": lambda y: math.log2(y),
    "log": lambda y: math.exp(y),
    "log2": lambda y: 2.0**y,
    "log10": lambda y: 10.0**y,
    "tanh": lambda y: math.atanh(y),
    "rsqrt": lambda y: 1 / (y * y),
}
_ROUNDING: Final = frozenset({"floor", "ceil", "trunc", "rint", "round"})


def _inverse(expr: Expr, value: float) -> Iterator[tuple[Expr, float, bool]]:
    """Parts of an expression, what they would have to be, and whether that is so without rounding."""
    match expr:
        case Cast(a=a):
            yield a, value, _is_int(a) == _is_int(expr) or _is_int(a)
        case Unary(op="-", a=a):
            yield a, -value, True
        case Call(function="fabs" | "abs", args=(a,)):
            yield a, value, True
            yield a, -value, True
        case Call(function="fmin" | "fmax" | "min" | "max", args=args):
            for a in args:
                yield a, value, True
        case Select(a=a, b=b):
            yield a, value, True
            yield b, value, True
        case Call(function=name, args=(a,)) if name in _ROUNDING:
            yield a, value, False
        case Call(function=name, args=(a,)) if name in _FUNCTIONS:
            try:
                yield a, _FUNCTIONS[name](value), False
            except (ValueError, OverflowError, ZeroDivisionError):
                return
        case Call(args=args):
            for a in args:
                yield a, value, False
        case Binary(op=op, a=a, b=b):
            yield from _operator(op, a, b, value, _is_int(expr))
        case _:
            return


def _operator(
    op: str, a: Expr, b: Expr, value: float, whole: bool
) -> Iterator[tuple[Expr, float, bool]]:
    left, right = _number(a), _number(b)
    match op:
        case "+":
            yield a, value - (right or 0.0), whole
            yield b, value - (left or 0.0), whole
        case "-":
            yield a, value + (right or 0.0), whole
            yield b, (left or 0.0) - value, whole
        case "*" if a == b:
            yield a, math.sqrt(abs(value)) if math.isfinite(value) else value, False
        case "*":
            yield a, value / right if right else value, _is_power_of_two(right)
            yield b, value / left if left else value, _is_power_of_two(left)
        case "/" if right:
            yield a, value * right, False
        case "/" | "%" | "&" | "|" | "^":
            yield a, value, False
            yield b, value, False
        case _:
            return


def _is_power_of_two(factor: float | None) -> bool:
    """Whether a product with it is not rounded."""
    return factor is not None and math.isfinite(factor) and math.frexp(abs(factor))[0] == 0.5


def _is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and not expr.type.is_float
