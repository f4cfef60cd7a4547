"""Expressions of a thread as terms, and the accesses that evaluating them makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

import z3

from xpiler.ir.nodes import (
    COMPARISONS,
    LOGICAL,
    AddressOf,
    Binary,
    Builtin,
    Call,
    Cast,
    Const,
    Expr,
    Load,
    Select,
    Stmt,
    Unary,
    Var,
)
from xpiler.ir.print_c import print_expr
from xpiler.ir.types import BOOL, I32, Scalar
from xpiler.ir.walk import operands
from xpiler.records import dataclass
from xpiler.synth.proofs.integers import Arithmetic, Bool, Value, both, constant, either, negated
from xpiler.synth.proofs.touches import Site, Touch
from xpiler.synth.proofs.world import Level, World

__all__ = ["Array", "Evaluator"]

Known = Value | Bool | None
"""What is known of a variable: an integer, a truth; None for what is neither."""

_RANGES = {"popc": (0, 64), "clz": (0, 64), "ffs": (0, 64)}


@dataclass(frozen=True, slots=True)
class Array:
    """Where elements lie. `constant_values`: nothing in the kernel writes it, so an element has one value."""

    name: str
    elem: Scalar
    shape: tuple[Value | None, ...]
    space: str
    memory: str
    offset: Value | None = None
    fixed: bool = False
    values: tuple[Value, Value] | None = None


@dataclass
class Evaluator:
    """Evaluates for one thread: `env` are its variables, `path` what holds where it stands."""

    world: World
    builtins: Mapping[str, Value]
    env: dict[str, Known] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    path: list[Bool] = field(default_factory=list)
    stmt: Stmt | None = None
    touched: Callable[[Touch], None] = lambda _: None
    sites: dict[tuple[int, int, str], Site] = field(default_factory=dict)
    _guards: list[tuple[Expr, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.arithmetic = Arithmetic(self.world)

    # --- integers

    def integer(self, expr: Expr) -> Value:
        """The value of an expression of an integer type (0 or 1 of a truth)."""
        type_ = expr.type
        assert isinstance(type_, Scalar)
        if type_ == BOOL:
            return self.arithmetic.chosen(self.truth(expr), constant(1), constant(0))
        match expr:
            case Const(value=value):
                return constant(int(value))
            case Var(name=name):
                found = self.env.get(name)
                return found if isinstance(found, Value) else self.unknown(type_)
            case Builtin(name=name):
                return self._builtin(name, type_)
            case Load():
                return self._load(expr)
            case Unary(op="-", a=a):
                return self.arithmetic.binary("-", constant(0), self.integer(a), type_)
            case Unary(op="~", a=a):
                return self.arithmetic.binary("-", constant(-1), self.integer(a), type_)
            case Binary(op=op, a=a, b=b):
                return self.arithmetic.binary(op, self.integer(a), self.integer(b), type_)
            case Cast(a=a):
                return self._cast(type_, a)
            case Select(cond=cond, a=a, b=b):
                return self._select(cond, a, b)
            case Call():
                return self._call(expr, type_)
            case _:
                self._parts(expr)
                return self.unknown(type_)

    def unknown(self, type_: Scalar, level: Level = Level.THREAD, stem: str = "?") -> Value:
        """A value of which only the type is known."""
        signed = type_.kind == "int"
        lo = -(1 << (type_.bits - 1)) if signed else 0
        return self.world.fresh(stem, level, lo, (1 << (type_.bits - signed)) - 1)

    def _builtin(self, name: str, type_: Scalar) -> Value:
        if name == "warpSize":
            return constant(32)
        found = self.builtins.get(name)
        return self.unknown(type_) if found is None else found

    def _cast(self, type_: Scalar, a: Expr) -> Value:
        source = a.type
        if isinstance(source, Scalar) and (source.is_int or source == BOOL):
            of = I32 if source == BOOL else source
            return self.arithmetic.converted(self.integer(a), of, type_)
        self.look(a)
        return self.unknown(type_)

    def _select(self, cond: Expr, a: Expr, b: Expr) -> Value:
        truth = self.truth(cond)
        x: Value | None = self._guarded(cond, truth, True, a, self.integer)
        y: Value | None = self._guarded(cond, truth, False, b, self.integer)
        if x is not None and y is not None:
            return self.arithmetic.chosen(truth, x, y)
        found = y if x is None else x
        assert found is not None
        return found

    def _guarded(
        self, cond: Expr, truth: Bool, side: bool, expr: Expr, use: Callable[[Expr], Any]
    ) -> Any:
        """What `use` makes of an expression that is evaluated only where `cond` is `side`; None where it never is."""
        held = truth if side else negated(truth)
        if held is False:
            return None
        self.path.append(held)
        self._guards.append((cond, side))
        found = use(expr)
        self.path.pop()
        self._guards.pop()
        return found

    def _call(self, expr: Call, type_: Scalar) -> Value:
        if expr.function in ("min", "max") and len(expr.args) == 2:
            a, b = (self.arithmetic.seen(self.integer(e), type_) for e in expr.args)
            pick = self.arithmetic.least if expr.function == "min" else self.arithmetic.most
            return pick(a, b)
        if expr.function == "abs":
            a = self.integer(expr.args[0])
            # the least number of a type has no opposite
            return self.arithmetic.most(a, self.arithmetic.binary("-", constant(0), a, type_))
        for given in expr.args:
            self.look(given)
        if expr.function in _RANGES:
            return self.world.fresh(expr.function, Level.THREAD, *_RANGES[expr.function])
        return self.unknown(type_)

    # --- truths

    def truth(self, expr: Expr) -> Bool:
        """Whether an expression is true."""
        match expr:
            case Const(value=value):
                return bool(value)
            case Unary(op="!", a=a):
                return negated(self.truth(a))
            case Binary(op=op, a=a, b=b) if op in LOGICAL:
                first = self.truth(a)
                second = self._guarded(a, first, op == "&&", b, self.truth)
                if second is None:
                    return first
                return both(first, second) if op == "&&" else either(first, second)
            case Binary(op=op, a=a, b=b) if op in COMPARISONS and _whole(a):
                return self._compared(op, a, b)
            case Cast(a=a) if expr.type == BOOL and _whole(a):
                return self._compared("!=", a, None)
            case Builtin(name=name) if name in self.builtins:
                return self.builtins[name].term != 0
            case Var(name=name) if expr.type == BOOL:
                found = self.env.get(name)
                if found is not None and not isinstance(found, Value):
                    return found
                return self._unknown_truth()
            case Select(cond=cond, a=a, b=b):
                truth = self.truth(cond)
                x = self._guarded(cond, truth, True, a, self.truth)
                y = self._guarded(cond, truth, False, b, self.truth)
                if x is None or y is None:
                    return y if x is None else x
                return either(both(truth, x), both(negated(truth), y))
            case _:
                self._parts(expr)
                return self._unknown_truth()

    def _unknown_truth(self) -> Bool:
        return self.world.fresh("?", Level.THREAD, 0, 1).term != 0

    def _compared(self, op: str, a: Expr, b: Expr | None) -> Bool:
        x = self.integer(a)
        y = constant(0) if b is None else self.integer(b)
        type_ = I32 if a.type == BOOL else a.type
        assert isinstance(type_, Scalar)
        x, y = self.arithmetic.seen(x, type_), self.arithmetic.seen(y, type_)
        decided = _decided(op, x, y)
        if decided is None:
            return _COMPARE[op](x.term, y.term)
        self.arithmetic.relied += [v.term for v in (x, y) if not z3.is_int_value(v.term)]
        return decided

    # --- memory

    def look(self, expr: Expr) -> None:
        """Evaluate what is no integer, for the accesses in it."""
        match expr:
            case Load():
                self._load(expr)
            case Select(cond=cond, a=a, b=b):
                truth = self.truth(cond)
                self._guarded(cond, truth, True, a, self.look)
                self._guarded(cond, truth, False, b, self.look)
            case AddressOf(index=index):
                for i in index:
                    self.integer(i)
            case _ if expr.type == BOOL:
                self.truth(expr)
            case _ if _whole(expr):
                self.integer(expr)
            case _:
                self._parts(expr)

    def _parts(self, expr: Expr) -> None:
        """Evaluate the operands of what has no encoding."""
        if isinstance(expr, Load):
            self._load(expr)
            return
        for part in operands(expr):
            self.look(part)

    def any(self, expr: Expr) -> Known:
        """What is known of any expression."""
        if expr.type == BOOL:
            return self.truth(expr)
        if _whole(expr):
            return self.integer(expr)
        self.look(expr)
        return None

    def _load(self, expr: Load) -> Value:
        index = self.touch(expr, expr.buffer, expr.index, "read")
        array = self.arrays.get(expr.buffer)
        if array is None or not _whole(expr) or array.elem == BOOL:
            return self.unknown(I32)
        return self._element(array, index)

    def _element(self, array: Array, index: Sequence[Value]) -> Value:
        """An element's value: of an array that the kernel leaves alone the same whenever it is read."""
        signed = array.elem.kind == "int"
        lo = -(1 << (array.elem.bits - 1)) if signed else 0
        hi = (1 << (array.elem.bits - signed)) - 1
        levels = [self.world.level_of(i.term) for i in index]
        level = max(levels, default=Level.LAUNCH)
        if array.space == "local":
            level = Level.THREAD
        elif not array.fixed:
            level = max(level, Level.BLOCK)
        found = self.world.fresh(f"{array.name}[]", level, lo, hi)
        if array.values is None and array.space != "constant":
            self.world.loaded.add(str(found.term))
        if array.fixed and index:
            signature = [z3.IntSort()] * (len(index) + 1)
            content = z3.Function(f"values of {array.name}", *signature)
            self.world.define(found.term, found.term == content(*(i.term for i in index)))
        if array.fixed and array.values is not None:
            first, last = (v.term for v in array.values)
            inside = z3.And(found.term >= first, found.term <= last)
            self.world.define(found.term, z3.Implies(first <= last, inside))
        return found

    def touch(
        self, node: object, buffer: str, index: Sequence[Expr], kind: str, wide: bool = False
    ) -> tuple[Value, ...]:
        """Note an access; the values of its index."""
        values = tuple(self._index(i) for i in index)
        array = self.arrays.get(buffer)
        if array is not None:
            self.touched(self._touch(array, node, index, values, kind, wide))
        return values

    def _index(self, expr: Expr) -> Value:
        type_ = expr.type
        assert isinstance(type_, Scalar)
        return self.arithmetic.seen(self.integer(expr), type_)

    def _touch(
        self,
        array: Array,
        node: object,
        index: Sequence[Expr],
        values: tuple[Value, ...],
        kind: str,
        wide: bool,
    ) -> Touch:
        assert self.stmt is not None
        key = (id(self.stmt), id(node), kind)
        site = self.sites.get(key)
        if site is None:
            text = print_expr(Load(array.name, tuple(index), array.elem))
            span = getattr(node, "span", None) or self.stmt.span
            site = self.sites[key] = Site(
                len(self.sites),
                self.stmt,
                array.name,
                tuple(index),
                kind,
                array.space,
                text,
                span,
                tuple(self._guards),
                wide,
            )
        path = tuple(p for p in self.path if p is not True)
        size = array.elem.size
        return Touch(site, array.memory, values, array.shape, path, size, array.offset)


def _whole(expr: Expr) -> bool:
    type_ = expr.type
    return isinstance(type_, Scalar) and (type_.is_int or type_ == BOOL)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _decided(op: str, a: Value, b: Value) -> bool | None:
    """What the intervals alone tell of a comparison."""
    if op in (">", ">="):
        return _decided({">": "<", ">=": "<="}[op], b, a)
    if op in ("==", "!="):
        apart = _decided("<", a, b) or _decided("<", b, a)
        same = a.known is not None and a.known == b.known
        if apart or same:
            return (op == "==") == same
        return (op == "==") if a.term.eq(b.term) else None
    slack = 1 if op == "<" else 0
    if a.hi is not None and b.lo is not None and a.hi + slack <= b.lo:
        return True
    if a.lo is not None and b.hi is not None and a.lo + slack > b.hi:
        return False
    return None
