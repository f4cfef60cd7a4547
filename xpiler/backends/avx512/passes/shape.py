"""What differs between the lanes: uniform, linear or varying values of a loop that is to be vectorised.

A value is *uniform* when all lanes have the same, *linear* with stride s when lane l has s * l more than lane 0,
else *varying*. Linear variables stay scalars that hold lane 0's value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

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
from xpiler.ir.walk import buffers_written, operands, subexpressions

__all__ = ["UNIFORM", "VARYING", "Shape", "Shapes", "analyse"]


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

    def counting(self, loop: For) -> Shape | None:
        """The shape of the variable of a loop whose lanes start side by side and go in equal steps: lane 0 is
        then the last to leave it."""
        lo = self.of(loop.lo)
        side = lo.stride is not None and lo.stride >= 0
        return lo if side and self.of(loop.hi).uniform and self.of(loop.step).uniform else None

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
        if source == U32 and cast.type.bits == 64 and _may_wrap(cast.a):
            return VARYING
        return inner

    def _binary(self, expr: Binary) -> Shape:
        a, b = self.of(expr.a), self.of(expr.b)
        if a.uniform and b.uniform:
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


def _may_wrap(expr: Expr) -> bool:
    """Unsigned arithmetic below zero; sums and products are taken to stay below 2^32 (they are indices)."""
    return any(
        (isinstance(e, Binary) and e.op == "-")
        or (isinstance(e, Unary) and e.op == "-")
        or (isinstance(e, Cast) and isinstance(e.a.type, Scalar) and e.a.type.kind == "int")
        or (isinstance(e, Const) and isinstance(e.value, int) and e.value >= 2**31)
        for e in subexpressions(expr)
    )


def analyse(loop: For, carried: frozenset[str] = frozenset()) -> Shapes:
    """Shapes in the body of `loop`, whose variable is linear with its step; `carried` variables differ."""
    step = loop.step.value if isinstance(loop.step, Const) else 1
    shapes = Shapes({loop.var: Shape(int(step)), **dict.fromkeys(carried, VARYING)})
    written = buffers_written(loop.body)
    while True:
        before = (dict(shapes.variables), dict(shapes.private), set(shapes.diverging))
        _Walk(shapes, written).block(loop.body, divergent=False)
        if before == (shapes.variables, shapes.private, shapes.diverging):
            return shapes


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
                self._set(name, UNIFORM if init is None else shapes.of(init), divergent, True)
            case Alloc(name=name):
                if not stmt.init or name in self.written:
                    shapes.private[name] = stmt
            case Assign(name=name, value=value):
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
        apart = not even or id(loop) in shapes.diverging
        self._meet(loop.var, UNIFORM if even else shapes.counting(loop) or VARYING)
        self._loop(loop, loop.body, divergent or apart, apart)

    def _loop(self, loop: For | While, body: Block, divergent: bool, apart: bool) -> None:
        if apart:
            self.shapes.diverging.add(id(loop))
        self.depth += apart
        self.loops.append((loop, self.depth))
        self.block(body, divergent)
        self.loops.pop()
        self.depth -= apart
