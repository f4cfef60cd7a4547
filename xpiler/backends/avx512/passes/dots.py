"""Dot products of bytes, of 16-bit integers and of words of four bytes, onto VNNI.

before: for (i32 k = 0; k < n; k += 1) { acc += (i32)a[row * n + k] * (i32)b[col * n + k]; }      (bytes)
after:  for (...; k += 64) v = dpbusd(v, loadu(&a[...]) ^ bias, loadu(&b[...]));  rest by 16;  acc += reduce_add(v);

The instruction for bytes takes its first operand as unsigned. With 128 added to it (the highest bit flipped) each
sum is 128 times the sum of `b` too large, which is counted beside it and taken off once: exact modulo 2^32, where
sums wrap. Where several sums read the same operands, each is read, and counted, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from xpiler.backends.avx512.passes.instructions import register
from xpiler.backends.avx512.passes.lanes import call
from xpiler.backends.avx512.passes.memory import first_byte
from xpiler.backends.avx512.passes.reduction import Reduction, Sum, rounds, stride
from xpiler.backends.avx512.passes.shape import Shape, Shapes
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    AddressOf,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Declare,
    Expr,
    For,
    Load,
    Stmt,
    Var,
)
from xpiler.ir.types import I8, I16, I32, Pointer, Scalar
from xpiler.ir.walk import substituted, variables
from xpiler.passes.names import Names
from xpiler.records import dataclass

__all__ = ["dot_products"]

_REGISTER: Final = register(I32)
_BIAS: Final = -0x7F7F7F80
"""0x80 in each byte of a 32-bit word."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which operands: the instruction that loads a register of them, and how many iterations it holds."""

    load: str
    count: int
    bytes: bool


_BYTES: Final = _Kind("_mm512_loadu_epi8", 64, True)
_PAIRS: Final = _Kind("_mm512_loadu_epi16", 32, False)
_WORDS: Final = _Kind("_mm512_loadu_epi32", 16, True)
_PRODUCTS: Final = {I8: _BYTES, I16: _PAIRS}


@dataclass(frozen=True, slots=True)
class _Dot:
    """A sum of products of what lies side by side from `a` and from `b` on."""

    name: str
    kind: _Kind
    a: Load
    b: Load


def dot_products(
    reduction: Reduction, vectors: Mapping[str, str], names: Names
) -> tuple[Block, Expr] | None:
    """The loop over whole registers of the operands, its sums in `vectors`, and where the rest begins; None if it is
    no dot product of narrow integers."""
    loop = reduction.loop
    values: dict[str, Expr] = {}
    for stmt in loop.body:
        if isinstance(stmt, Declare) and stmt.init is not None:
            values[stmt.name] = substituted(stmt.init, values)
    found = [_dot(s, values, loop) for s in reduction.sums]
    dots = [d for d in found if d is not None]
    if len(dots) < len(found) or len({d.kind for d in dots}) > 1:
        return None
    count = dots[0].kind.count
    index = names.fresh(loop.var)
    before, body, after = _Rounds(vectors, names, Var(index, I32), loop.var).of(dots)
    last, rest = rounds(loop, count)
    main = For(index, I32, loop.lo, last, i32(count), body, axis="vector")
    return (*before, main, *after), rest


def _dot(sum_: Sum, values: Mapping[str, Expr], loop: For) -> _Dot | None:
    match substituted(sum_.value, values):
        case Binary(op="*", a=a, b=b) if sum_.function == "+":
            first, second = _narrow(a, loop), _narrow(b, loop)
            kind = _PRODUCTS.get(first.type) if first is not None else None
        case Call(function="dp4a", args=(a, b, _)):
            first, second = _word(a, loop), _word(b, loop)
            kind = _WORDS
        case _:
            return None
    if first is None or second is None or kind is None or first.type != second.type:
        return None
    return _Dot(sum_.name, kind, first, second)


def _narrow(expr: Expr, loop: For) -> Load | None:
    """A signed byte or 16-bit integer whose index goes up by one with the loop's variable."""
    match expr:
        case Cast(type=to, a=Load(type=elem) as load) if to == I32 and elem in _PRODUCTS:
            return load if _steps(load, 1, loop) else None
        case _:
            return None


def _word(expr: Expr, loop: For) -> Load | None:
    """Words side by side, or four bytes each."""
    if isinstance(expr, Load):
        return expr if expr.type == I32 and _steps(expr, 1, loop) else None
    first = first_byte(expr)
    return first if first is not None and _steps(first, 4, loop) else None


def _steps(load: Load, by: int, loop: For) -> bool:
    moving = any(loop.var in variables(i) for i in load.index)
    return moving and stride(load, Shapes({loop.var: Shape(1)})) == by


class _Rounds:
    """The statements of one round over registers, and those before and after all of them."""

    def __init__(self, vectors: Mapping[str, str], names: Names, index: Var, old: str) -> None:
        self._vectors = vectors
        self._names = names
        self._at = {old: index}
        self._before: list[Stmt] = []
        self._body: list[Stmt] = []
        self._after: list[Stmt] = []

    def of(self, dots: list[_Dot]) -> tuple[Block, Block, Block]:
        kind = dots[0].kind
        if not kind.bytes:
            often = Counter(x for d in dots for x in (d.a, d.b))
            regs = {x: self._loaded(x, kind, often[x] > 1) for x in often}
            for dot in dots:
                self._add(dot, "_mm512_dpwssd_epi32", regs[dot.a], regs[dot.b])
        else:
            self._biased(dots, kind)
        return tuple(self._before), tuple(self._body), tuple(self._after)

    def _biased(self, dots: list[_Dot], kind: _Kind) -> None:
        bias = self._declared(
            "bias", call("_mm512_set1_epi32", _REGISTER, i32(_BIAS)), self._before
        )
        often = Counter(d.a for d in dots)
        first: dict[Load, Expr] = {}
        for load in often:
            flipped = call("_mm512_xor_si512", _REGISTER, self._loaded(load, kind, False), bias)
            named = often[load] > 1
            first[load] = self._declared(load.buffer, flipped, self._body) if named else flipped
        second = {x: self._loaded(x, kind, True) for x in dict.fromkeys(d.b for d in dots)}
        excess: dict[Load, Var] = {}
        for load, reg in second.items():
            zero = call("_mm512_set1_epi32", _REGISTER, i32(0))
            excess[load] = self._declared(f"{load.buffer}_excess", zero, self._before)
            self._step(excess[load], "_mm512_dpbusd_epi32", bias, reg)
        for dot in dots:
            self._add(dot, "_mm512_dpbusd_epi32", first[dot.a], second[dot.b])
            own = Var(self._vectors[dot.name], _REGISTER)
            right = call("_mm512_sub_epi32", _REGISTER, own, excess[dot.b])
            self._after.append(Assign(own.name, right))

    def _loaded(self, load: Load, kind: _Kind, named: bool) -> Expr:
        index = tuple(substituted(i, self._at) for i in load.index)
        elem = load.type
        if not isinstance(elem, Scalar):
            raise TypeError(f"an operand of type {elem}")
        place = AddressOf(load.buffer, index, Pointer(elem, const=True))
        value = call(kind.load, _REGISTER, place)
        return self._declared(load.buffer, value, self._body) if named else value

    def _declared(self, stem: str, value: Expr, out: list[Stmt]) -> Var:
        name = self._names.fresh(stem)
        out.append(Declare(name, _REGISTER, value))
        return Var(name, _REGISTER)

    def _add(self, dot: _Dot, instruction: str, a: Expr, b: Expr) -> None:
        self._step(Var(self._vectors[dot.name], _REGISTER), instruction, a, b)

    def _step(self, into: Var, instruction: str, a: Expr, b: Expr) -> None:
        self._body.append(Assign(into.name, call(instruction, _REGISTER, into, a, b)))
