"""Uniformity: which values are the same for all threads of a block, or for all lanes of a warp.

A load at a uniform index is uniform in a program without races: were one thread to write the place while
the others read it, no barrier would order them. Such a load must be evaluated where it stands.
"""

from __future__ import annotations

from dataclasses import field
from math import gcd

from xpiler.ir.nodes import (
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
    Stmt,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import Scalar, Spaces
from xpiler.ir.walk import map_expr, operands, statements, variables
from xpiler.passes.bounds import type_range
from xpiler.passes.loop_recovery.geometry import MAX_THREADS, WARP, Geometry
from xpiler.passes.loop_recovery.scope import BLOCK_OPS, Scope
from xpiler.passes.simplify import speculatable
from xpiler.records import dataclass

__all__ = ["Uniformity", "single_definitions"]


@dataclass(frozen=True, slots=True)
class _Form:
    """A value `U + coef * lane`: U is the same for the whole warp and a multiple of `align` (0: it is 0).

    `top` is a known upper bound of the value, which is then not negative.
    """

    coef: int
    align: int
    top: int | None = None

    @property
    def uniform(self) -> bool:
        return self.coef == 0


_UNIFORM = _Form(0, 1)


def single_definitions(body: Block) -> dict[str, Expr]:
    """Variables that are declared with a value and never assigned again."""
    values: dict[str, Expr] = {}
    changed: set[str] = set()
    for stmt in statements(body):
        match stmt:
            case Declare(name=name, init=init) if init is not None:
                values[name] = init
            case Assign(name=name) | WarpOp(result=name) | Atomic(result=str(name)):
                changed.add(name)
            case _:
                pass
    return {name: value for name, value in values.items() if name not in changed}


@dataclass
class Uniformity:
    """The analysis of one body at one scope. `lane` names the lane variable at warp scope."""

    body: Block
    scope: Scope
    geometry: Geometry
    lane: str = ""
    divergent: set[str] = field(default_factory=set)
    _single: dict[str, Expr] = field(default_factory=dict)
    _mutable: set[str] = field(default_factory=set)
    _own_arrays: set[str] = field(default_factory=set)
    _depth: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._single = single_definitions(self.body)
        for stmt in statements(self.body):
            if isinstance(stmt, Alloc) and stmt.space == Spaces.LOCAL:
                self._own_arrays.add(stmt.name)
            self._mutable.update(n for n in _results(stmt) if n not in self._single)
        while True:
            before = len(self.divergent)
            self._depth = {}
            self._block(self.body, 0)
            if len(self.divergent) == before:
                return

    # --- expressions

    def uniform(self, expr: Expr) -> bool:
        form = self._form(expr)
        return form is not None and form.uniform

    def stable(self, expr: Expr) -> bool:
        """Has `expr` the same value wherever its variables are in scope, and may it be evaluated anywhere?"""
        return speculatable(expr) and all(
            n not in self._mutable and (n not in self._single or self.stable(self._single[n]))
            for n in variables(expr)
        )

    def at_level(self, expr: Expr) -> Expr:
        """A uniform expression in terms of uniform variables only: what one thread evaluates for all."""

        def one(e: Expr) -> Expr:
            if isinstance(e, Var) and e.name in self.divergent:
                return self.at_level(self._single[e.name])
            return e

        return map_expr(expr, one)

    def _form(self, expr: Expr) -> _Form | None:
        match expr:
            case Const(value=value):
                number = int(value) if isinstance(value, int) else 1
                return _Form(0, abs(number), number if number >= 0 else None)
            case Var(name=name):
                return self._variable(name)
            case Builtin(name=name):
                return self._builtin(name)
            case Load():
                return self._load(expr)
            case Cast(type=type, a=a):
                form = self._form(a)
                return form if form is None or form.uniform else _cast(form, type)
            case Binary():
                return self._binary(expr)
            case _:
                inner = [self._form(o) for o in operands(expr)]
                return _UNIFORM if all(f is not None and f.uniform for f in inner) else None

    def _variable(self, name: str) -> _Form | None:
        if name == self.lane:
            return _Form(1, 0, WARP - 1)
        if name not in self.divergent:
            return _UNIFORM
        value = self._single.get(name)
        return self._form(value) if value is not None and self.stable(value) else None

    def _builtin(self, name: str) -> _Form | None:
        stem, _, axis = name.partition(".")
        if stem == "blockIdx":
            return None if self.scope is Scope.GRID else _UNIFORM
        if stem != "threadIdx":
            return _UNIFORM
        if self.geometry.size(f"blockDim.{axis}") == 1:
            return _Form(0, 0, 0)
        if self.scope is not Scope.WARP:
            return None
        dx = self.geometry.size("blockDim.x")
        whole_rows = dx is not None and dx % WARP == 0
        if axis == "x" and (self.geometry.flat or whole_rows):
            return _Form(1, WARP if dx != WARP else 0, MAX_THREADS - 1)
        return _UNIFORM if axis != "x" and whole_rows else None

    def _load(self, expr: Load) -> _Form | None:
        same_place = all(self.uniform(i) for i in expr.index)
        return _UNIFORM if same_place and expr.buffer not in self._own_arrays else None

    def _binary(self, expr: Binary) -> _Form | None:
        a, b = self._form(expr.a), self._form(expr.b)
        if a is None or b is None:
            return None
        if a.uniform and b.uniform:
            return _arith(expr, a, b) or _UNIFORM
        return _arith(expr, a, b)

    # --- statements

    def _mark(self, name: str) -> None:
        self.divergent.add(name)

    def _block(self, block: Block, depth: int) -> None:
        for stmt in block:
            self._stmt(stmt, depth)

    def _set(self, name: str, uniform: bool, depth: int) -> None:
        # Below a divergent construct only some threads assign: those that do not would keep another value,
        # unless the variable lives within the construct, where only threads that run it can see it.
        if not uniform or depth > self._depth.get(name, 0):
            self._mark(name)

    def _stmt(self, stmt: Stmt, depth: int) -> None:
        match stmt:
            case Declare(name=name, init=init):
                self._depth[name] = depth
                if init is not None:
                    self._set(name, self.uniform(init), depth)
            case Assign(name=name, value=value):
                self._set(name, self.uniform(value), depth)
            case Atomic(result=str(name)):
                self._mark(name)
            case WarpOp(result=name):
                self._set(name, self._exchanged(stmt), depth)
            case If(cond=cond, then=then, orelse=orelse):
                inner = depth + (not self.uniform(cond))
                self._block(then, inner)
                self._block(orelse, inner)
            case For():
                self._for(stmt, depth)
            case While(cond=cond, body=body):
                together = self.uniform(cond) and not self.divergent_jumps(body)
                self._block(body, depth + (not together))
            case _:
                pass

    def _for(self, loop: For, depth: int) -> None:
        same_bounds = all(self.uniform(e) for e in (loop.lo, loop.hi, loop.step))
        if not same_bounds:
            self._mark(loop.var)
        together = same_bounds and not self.divergent_jumps(loop.body)
        self._depth[loop.var] = depth + (not together)
        self._block(loop.body, depth + (not together))

    def divergent_jumps(self, body: Block, below: bool = False) -> bool:
        """May threads leave this loop, or its iteration, at different places?"""
        for stmt in body:
            if isinstance(stmt, Break | Continue) and below:
                return True
            if isinstance(stmt, If):
                inner = below or not self.uniform(stmt.cond)
                if any(self.divergent_jumps(b, inner) for b in (stmt.then, stmt.orelse)):
                    return True
        return False

    def _exchanged(self, op: WarpOp) -> bool:
        """Is the result of the operation the same for all?"""
        if op.op in BLOCK_OPS:
            return True
        if self.scope is not Scope.WARP or not self.uniform(op.mask):
            return False
        if op.op in ("any", "all", "ballot", "activemask") or op.op.startswith("reduce_"):
            return True
        if op.op == "shfl":
            whole = isinstance(op.args[2], Const) and op.args[2].value == WARP
            return whole and self.uniform(op.args[1])
        return False


def _results(stmt: Stmt) -> tuple[str, ...]:
    match stmt:
        case Assign(name=name) | WarpOp(result=name) | Atomic(result=str(name)):
            return (name,)
        case Declare(name=name, init=None):
            return (name,)
        case _:
            return ()


def _cast(form: _Form, type: Scalar) -> _Form | None:
    if not type.is_int or type.bits < 32:
        return None
    fits = form.top is not None and form.top <= type_range(type)[1]
    return _Form(form.coef, form.align, form.top if fits else None)


def _arith(expr: Binary, a: _Form, b: _Form) -> _Form | None:
    top = None if a.top is None or b.top is None else (a.top, b.top)
    unsigned = isinstance(expr.a.type, Scalar) and expr.a.type.kind == "uint"
    whole = a.coef == 1 and a.align % WARP == 0 and (unsigned or a.top is not None)
    c = int(expr.b.value) if isinstance(expr.b, Const) and isinstance(expr.b.value, int) else None
    match expr.op:
        case "+":
            total = top[0] + top[1] if top else None
            return _limited(expr, _Form(a.coef + b.coef, gcd(a.align, b.align), total))
        case "-":
            return _Form(a.coef - b.coef, gcd(a.align, b.align))
        case "*" if c is not None:
            return _limited(
                expr, _Form(a.coef * c, a.align * abs(c), top[0] * top[1] if top else None)
            )
        case "*" if isinstance(expr.a, Const) and isinstance(expr.a.value, int):
            k = expr.a.value
            return _limited(
                expr, _Form(b.coef * k, b.align * abs(k), top[0] * top[1] if top else None)
            )
        case "<<" if c is not None and 0 <= c < 31:
            return _limited(
                expr, _Form(a.coef << c, a.align << c, None if a.top is None else a.top << c)
            )
        case "/" if whole and c is not None and c > 0 and c % WARP == 0:
            return _Form(0, 1, a.top // c if a.top is not None else None)
        case ">>" if whole and c is not None and 5 <= c < 31:
            return _Form(0, 1, a.top >> c if a.top is not None else None)
        case "%" if whole and c is not None and c > 0 and c % WARP == 0:
            return _Form(1, 0 if c == WARP else WARP, c - 1)
        case "&" if whole and c == WARP - 1:
            return _Form(1, 0, WARP - 1)
        case "<" | ">=" if (
            whole and a.top is not None and c is not None and c >= 0 and c % WARP == 0
        ):
            return _UNIFORM
        case "<=" | ">" if whole and a.top is not None and c is not None and (c + 1) % WARP == 0:
            return _UNIFORM
        case _:
            return _UNIFORM if a.uniform and b.uniform else None


def _limited(expr: Binary, form: _Form) -> _Form:
    type = expr.type
    fits = isinstance(type, Scalar) and form.top is not None and form.top <= type_range(type)[1]
    return form if fits or form.top is None else _Form(form.coef, form.align)
