"""What differs between the lanes: uniform, linear or varying values of a loop that is to be vectorised.

A value is *uniform* when all lanes have the same, *linear* with stride s when lane l has s * l more than lane 0,
else *varying*. Linear variables stay scalars that hold lane 0's value.
"""

from __future__ import annotations

from dataclasses import field
from math import gcd
from typing import Final

from xpiler.backends.avx512.passes.crossing import Crossing
from xpiler.backends.avx512.passes.instructions import LANES
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Binary,
    Block,
    Break,
    Builtin,
    Cast,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Return,
    Stmt,
    Unary,
    Var,
    While,
)
from xpiler.ir.types import I32, I64, U32, Scalar
from xpiler.ir.walk import buffers_written, operands, statements
from xpiler.records import dataclass

__all__ = ["UNIFORM", "VARYING", "Shape", "Shapes", "analyse"]


_ANY: Final = 1 << 20
"""Zero is a multiple of anything; larger divisors than this are of no use."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`stride` per lane; None for varying."""

    stride: int | None

    @property
    def uniform(self) -> bool:
        return self.stride == 0

    @property
    def varying(self) -> bool:
        return self.stride is None


UNIFORM: Final = Shape(0)
VARYING: Final = Shape(None)


@dataclass
class Shapes:
    """Shapes of the variables of a loop body; what is not listed is uniform. `private` are arrays that each lane
    has its own of (an array that is only read is the same for all)."""

    variables: dict[str, Shape] = field(default_factory=dict)
    private: dict[str, Alloc] = field(default_factory=dict)
    diverging: set[int] = field(default_factory=set)
    """ids of the loops that some lanes leave before others."""
    crossing: Crossing = field(default_factory=Crossing)
    multiples: dict[str, int] = field(default_factory=dict)
    """What the values of variables, those of linear ones for lane 0, are multiples of."""
    count: int = LANES

    def of(self, expr: Expr) -> Shape:
        match expr:
            case Const() | Builtin():
                return UNIFORM
            case Var(name=name):
                return self.variables.get(name, UNIFORM)
            case Load(buffer=buffer) | AddressOf(buffer=buffer):
                if buffer in self.private:
                    return VARYING
                return self._all_uniform(expr)
            case Cast():
                return self._cast(expr)
            case Unary(op="-", a=a):
                inner = self.of(a)
                return Shape(-inner.stride) if _is_int(a) and inner.stride is not None else inner
            case Binary():
                return self._binary(expr)
            case _:
                return self._all_uniform(expr)

    def even(self, op: str, a: Expr, b: Expr) -> bool:
        """Whether `a op b` is the same for all lanes since they lie on one side of a multiple of their number."""
        if op not in ("<", ">=") or not isinstance(b, Const) or self.of(a).stride != 1:
            return False
        return int(b.value) % self.count == 0 and self.multiple(a) % self.count == 0

    def only_first(self, expr: Expr) -> bool:
        """Whether lane 0 is the only one for which `expr`, a comparison, can hold."""
        match expr:
            case Binary(op="==", a=a, b=Const(value=int(value))) if _is_int(a):
                aligned = value % self.count == 0 and self.multiple(a) % self.count == 0
                return aligned and self.of(a).stride == 1
            case _:
                return False

    def multiple(self, expr: Expr) -> int:
        """A number that divides the (lane 0's) value of an integer expression."""
        match expr:
            case Const(value=int(value)) if not isinstance(value, bool):
                return abs(value) or _ANY
            case Var(name=name):
                return self.multiples.get(name, 1)
            case Cast(a=a) if _is_int(expr) and _is_int(a):
                return gcd(self.multiple(a), _ANY)
            case Binary(op="+" | "-", a=a, b=b) if _is_int(expr):
                return gcd(self.multiple(a), self.multiple(b))
            case Binary(op="*", a=a, b=b) if _is_int(expr):
                return gcd(self.multiple(a) * self.multiple(b), _ANY)
            case _:
                return 1

    def counting(self, loop: For) -> Shape | None:
        """The shape of the variable of a loop whose lanes start side by side and go in equal steps: lane 0 is
        then the last to leave it."""
        lo = self.of(loop.lo)
        side = lo.stride is not None and lo.stride >= 0 and self._counts(loop.lo)
        return lo if side and self.of(loop.hi).uniform and self.of(loop.step).uniform else None

    def _counts(self, lo: Expr) -> bool:
        return isinstance(lo.type, Scalar) and (lo.type.is_signed or not self.crossing.below(lo))

    def leave_together(self, loop: For) -> bool:
        """Whether lanes that start side by side reach the end of the loop in the same round."""
        here = gcd(self.multiple(loop.lo), self.multiple(loop.step))
        sides = self.of(loop.lo).stride == 1 and here % self.count == 0
        return sides and isinstance(loop.hi, Const) and int(loop.hi.value) % self.count == 0

    def _all_uniform(self, expr: Expr) -> Shape:
        return UNIFORM if all(self.of(e).uniform for e in operands(expr)) else VARYING

    def _cast(self, cast: Cast) -> Shape:
        inner = self.of(cast.a)
        if inner.uniform or inner.varying:
            return inner
        source = cast.a.type
        if not isinstance(source, Scalar) or (
            cast.type not in (I32, U32, I64) and cast.type.name != "u64"
        ):
            return VARYING
        if source.bits == 32 and cast.type.bits == 64 and not self.widens(cast.a):
            return VARYING
        return inner

    def widens(self, expr: Expr) -> bool:
        """Whether the lanes of a linear 32-bit value are on one line at 64 bits too."""
        return self.crossing.widens(expr, lambda e: self.of(e).stride)

    def _same_side(self, expr: Binary) -> bool:
        return _is_int(expr.a) and self.even(expr.op, expr.a, expr.b)

    def _binary(self, expr: Binary) -> Shape:
        a, b = self.of(expr.a), self.of(expr.b)
        if (a.uniform and b.uniform) or (expr.op in ("<", ">=") and self._same_side(expr)):
            return UNIFORM
        if a.stride is None or b.stride is None or not _is_int(expr) or not _is_int(expr.a):
            return VARYING
        match expr.op:
            case "+":
                return Shape(a.stride + b.stride)
            case "-":
                return Shape(a.stride - b.stride)
            case "*":
                for x, shape in ((expr.a, b), (expr.b, a)):
                    if isinstance(x, Const) and shape.stride is not None:
                        return Shape(shape.stride * int(x.value))
            case "<<" if isinstance(expr.b, Const) and 0 <= expr.b.value < 31:
                return Shape(a.stride << int(expr.b.value))
            case _:
                pass
        return VARYING


def _is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int and expr.type.bits >= 32


def analyse(
    loop: For,
    carried: frozenset[str] = frozenset(),
    count: int = LANES,
    counters: frozenset[str] = frozenset(),
) -> Shapes:
    """Shapes in the body of `loop`, whose variable is linear with its step and goes onto `count` lanes;
    `carried` variables differ; `counters` are those of loops around it that count up from zero."""
    step = loop.step.value if isinstance(loop.step, Const) else 1
    shapes = Shapes({loop.var: Shape(int(step)), **dict.fromkeys(carried, VARYING)}, count=count)
    shapes.multiples = _multiples(loop, shapes)
    shapes.crossing.counters = counters
    shapes.crossing.define(loop.var, loop.lo, lambda e: shapes.of(e).stride)
    written = buffers_written(loop.body)
    while True:
        before = _state(shapes)
        _Walk(shapes, written).block(loop.body, divergent=False)
        if before == _state(shapes):
            return shapes


def _state(shapes: Shapes) -> tuple[object, ...]:
    crossing = shapes.crossing
    known = (set(shapes.diverging), set(crossing.low), set(crossing.steep))
    return (dict(shapes.variables), dict(shapes.private), *known)


def _multiples(loop: For, shapes: Shapes) -> dict[str, int]:
    """Of variables that are set once, in the order of the text."""
    changed = {s.name for s in statements(loop.body) if isinstance(s, Assign)}
    shapes.multiples[loop.var] = gcd(shapes.multiple(loop.lo), shapes.count)
    for stmt in statements(loop.body):
        match stmt:
            case Declare(name=name, init=init) if init is not None and name not in changed:
                shapes.multiples[name] = shapes.multiple(init)
            case For(var=name, lo=lo, step=step):
                shapes.multiples[name] = gcd(shapes.multiple(lo), shapes.multiple(step))
            case _:
                pass
    return shapes.multiples


class _Walk:
    def __init__(self, shapes: Shapes, written: frozenset[str]) -> None:
        self.shapes = shapes
        self.written = written
        self.level: dict[str, int] = {}
        self.depth = 0
        self.loops: list[tuple[For | While, int]] = []

    def block(self, block: Block, divergent: bool) -> None:
        for stmt in block:
            self._statement(stmt, divergent)

    def _meet(self, name: str, shape: Shape) -> None:
        old = self.shapes.variables.get(name)
        if old is None or (old.uniform and shape.uniform):
            self.shapes.variables[name] = shape
        elif old != shape:
            self.shapes.variables[name] = VARYING

    def _define(self, name: str, value: Expr | None) -> None:
        shapes = self.shapes
        shapes.crossing.define(name, value, lambda e: shapes.of(e).stride)

    def _set(self, name: str, value: Shape, divergent: bool, declares: bool) -> None:
        """An assignment where lanes may be off, or of anything but a uniform value, makes a varying variable."""
        if declares:
            self.level[name] = self.depth
            self._meet(name, value)
            return
        outside = divergent and self.level.get(name, -1) < self.depth
        self._meet(name, UNIFORM if value.uniform and not outside else VARYING)

    def _statement(self, stmt: Stmt, divergent: bool) -> None:
        shapes = self.shapes
        match stmt:
            case Declare(name=name, init=init):
                self._define(name, init)
                self._set(name, UNIFORM if init is None else shapes.of(init), divergent, True)
            case Alloc(name=name):
                if not stmt.init or name in self.written:
                    shapes.private[name] = stmt
            case Assign(name=name, value=value):
                self._define(name, value)
                self._set(name, shapes.of(value), divergent, False)
            case Atomic(result=str(name)):
                self._meet(name, VARYING)
            case If(cond=cond, then=then, orelse=orelse):
                apart = not shapes.of(cond).uniform
                for inner in (then, orelse):
                    self._nested(inner, divergent or apart, apart)
            case For():
                self._for(stmt, divergent)
            case While(cond=cond, body=body):
                apart = not shapes.of(cond).uniform or id(stmt) in shapes.diverging
                self._loop(stmt, body, divergent or apart, apart)
            case Break() | Continue() if divergent and self.loops:
                self._leave(self.loops[-1:])
            case Return():
                self.shapes.diverging.update(id(loop) for loop, _ in self.loops)
            case _:
                pass

    def _nested(self, block: Block, divergent: bool, apart: bool) -> None:
        self.depth += apart
        self.block(block, divergent)
        self.depth -= apart

    def _leave(self, reached: list[tuple[For | While, int]]) -> None:
        for loop, depth in reached:
            if self.depth > depth:
                self.shapes.diverging.add(id(loop))

    def _for(self, loop: For, divergent: bool) -> None:
        shapes = self.shapes
        bounds = (loop.lo, loop.hi, loop.step)
        even = all(shapes.of(e).uniform for e in bounds)
        counting = shapes.counting(loop)
        together = even or (counting is not None and shapes.leave_together(loop))
        apart = not together or id(loop) in shapes.diverging
        self._define(loop.var, loop.lo)
        self._meet(loop.var, UNIFORM if even else counting or VARYING)
        self._loop(loop, loop.body, divergent or apart, apart)

    def _loop(self, loop: For | While, body: Block, divergent: bool, apart: bool) -> None:
        if apart:
            self.shapes.diverging.add(id(loop))
        self.depth += apart
        self.loops.append((loop, self.depth))
        self.block(body, divergent)
        self.loops.pop()
        self.depth -= apart
