"""Integer formulas of a case file: `ceil_div(n, 256)`, evaluated without `eval`.

Division `/` truncates and `%` takes the sign of the dividend, as in C, so that a formula can be copied
from host code. Comparisons give 0 or 1.
"""

from __future__ import annotations

import ast
import copy
import keyword
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from xpiler.records import dataclass

__all__ = ["Formula", "FormulaError", "parse_formula"]

LIMIT = 1 << 63
MAX_LENGTH = 2000

# `in` is a fine name in C; a word of Python that means nothing in a formula is a size like any other
_OPERATORS = {"if", "else", "and", "or", "not", "True", "False"}
_WORDS = re.compile(rf"\b({'|'.join(sorted(set(keyword.kwlist) - _OPERATORS))})\b")
_MARK = "__size"


@dataclass(frozen=True, slots=True)
class FormulaError:
    """Why a text is no formula, or why it has no value here."""

    reason: str


class _RejectedError(Exception):
    """Leaves the recursive evaluation; never leaves this module."""


def _c_div(a: int, b: int) -> int:
    if b == 0:
        raise _RejectedError("division by zero")
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _c_mod(a: int, b: int) -> int:
    return a - b * _c_div(a, b)


def _shift(a: int, b: int, *, left: bool) -> int:
    if not 0 <= b < 64:
        raise _RejectedError(f"shift by {b}")
    return a << b if left else a >> b


def _ceil_div(a: int, b: int) -> int:
    if b <= 0:
        raise _RejectedError(f"ceil_div by {b}")
    return -(-a // b)


def _next_pow2(a: int) -> int:
    return 1 if a <= 1 else 1 << (a - 1).bit_length()


FUNCTIONS: dict[str, tuple[int, Callable[..., int]]] = {
    "ceil_div": (2, _ceil_div),
    "round_up": (2, lambda a, b: _ceil_div(a, b) * b),
    "next_pow2": (1, _next_pow2),
    "abs": (1, abs),
    "min": (-1, min),
    "max": (-1, max),
}

_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: _c_div,
    ast.FloorDiv: _c_div,
    ast.Mod: _c_mod,
    ast.LShift: lambda a, b: _shift(a, b, left=True),
    ast.RShift: lambda a, b: _shift(a, b, left=False),
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
}

_COMPARE: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


@lru_cache(maxsize=4096)
def _tree(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise _RejectedError("the formula is too long")
    try:
        tree = ast.parse(_WORDS.sub(rf"\1{_MARK}", text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _RejectedError(f"`{text}` is not a formula") from error
    _allow(tree)
    return tree


def _allow(node: ast.expr) -> None:
    """Reject whatever is not a formula, so that a file is refused when read and not when run."""
    match node:
        case ast.Constant(value=bool() | int()) | ast.Name():
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert() | ast.Not(), operand=a):
            _allow(a)
        case ast.BinOp(left=a, op=op, right=b) if type(op) in _BINARY:
            _allow(a)
            _allow(b)
        case ast.Compare(left=a, ops=[op], comparators=[b]) if type(op) in _COMPARE:
            _allow(a)
            _allow(b)
        case ast.BoolOp(values=values):
            for value in values:
                _allow(value)
        case ast.IfExp(test=c, body=a, orelse=b):
            for part in (c, a, b):
                _allow(part)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS:
                known = ", ".join(sorted(FUNCTIONS))
                raise _RejectedError(f"unknown function `{name}` (there are {known})")
            arity = FUNCTIONS[name][0]
            if (arity >= 0 and len(args) != arity) or not args:
                raise _RejectedError(f"`{name}` takes {max(arity, 1)} argument(s), not {len(args)}")
            for arg in args:
                _allow(arg)
        case _:
            raise _RejectedError(f"`{ast.unparse(node)}` is not allowed in a formula")


def _value(node: ast.expr, symbols: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(value)):
            result = int(value)
        case ast.Name(id=spelled):
            name = spelled.removesuffix(_MARK)
            if name not in symbols:
                known = ", ".join(sorted(symbols)) or "none"
                raise _RejectedError(f"`{name}` is not a size (sizes: {known})")
            result = symbols[name]
        case ast.UnaryOp(op=op, operand=operand):
            a = _value(operand, symbols)
            result = {ast.USub: -a, ast.UAdd: a, ast.Invert: ~a, ast.Not: int(not a)}[type(op)]
        case ast.BinOp(left=left, op=binary, right=right):
            result = _BINARY[type(binary)](_value(left, symbols), _value(right, symbols))
        case ast.Compare(left=left, ops=[compare], comparators=[right]):
            result = int(_COMPARE[type(compare)](_value(left, symbols), _value(right, symbols)))
        case ast.BoolOp(op=ast.And(), values=values):
            result = int(all(_value(v, symbols) for v in values))
        case ast.BoolOp(values=values):
            result = int(any(_value(v, symbols) for v in values))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            result = _value(body if _value(test, symbols) else orelse, symbols)
        case ast.Call(func=ast.Name(id=name), args=args):
            result = FUNCTIONS[name][1](*(_value(arg, symbols) for arg in args))
        case _:
            raise _RejectedError("not a formula")
    if abs(result) >= LIMIT:
        raise _RejectedError(f"`{ast.unparse(node)}` does not fit 64 bits")
    return result


@dataclass(frozen=True, slots=True)
class Formula:
    """An integer formula over the sizes of a case; made by `parse_formula`."""

    text: str

    def value(self, symbols: Mapping[str, int]) -> int | FormulaError:
        """Its value, or why it has none (unknown name, division by zero, more than 64 bits)."""
        try:
            return _value(_tree(self.text), symbols)
        except _RejectedError as error:
            return FormulaError(str(error))

    def syntax(self) -> ast.expr:
        """Its tree, for whoever computes with something other than numbers: names, constants, the operators of C
        and calls of `FUNCTIONS`."""
        tree = copy.deepcopy(_tree(self.text))
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = node.id.removesuffix(_MARK)
        return tree

    def names(self) -> frozenset[str]:
        """The sizes that it mentions."""
        nodes = ast.walk(_tree(self.text))
        found = (n.id.removesuffix(_MARK) for n in nodes if isinstance(n, ast.Name))
        return frozenset(found) - FUNCTIONS.keys()

    def __str__(self) -> str:
        return self.text


def parse_formula(source: str | int) -> Formula | FormulaError:
    """A formula from a file's string or integer."""
    text = str(source)
    try:
        _tree(text)
    except _RejectedError as error:
        return FormulaError(str(error))
    return Formula(text)
