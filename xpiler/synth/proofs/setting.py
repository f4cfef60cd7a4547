"""A case as symbols: sizes of which only the range is known, and what its formulas make of them.

Sizes are at least 1 (or the least that the case has, where that is less) and fit an `int`. Numbers that the inference of
cases could not relate to others (`blocks_x`, `n_value`, `out_elements`) are `loose`: that two of them go together in a
way which the host never gives is no counterexample.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import z3

from xpiler.ir.functions import given_name
from xpiler.ir.types import I64, U32
from xpiler.records import dataclass
from xpiler.synth.proofs.integers import Arithmetic, Bool, Value, both, constant, either, negated
from xpiler.synth.proofs.world import Level, World
from xpiler.verify.cases.case import BufferArgument, Case, ScalarArgument
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.formula import Formula
from xpiler.verify.cases.host_formulas import Overlap, Overlaps
from xpiler.verify.cases.optional import is_flag

__all__ = ["LARGEST", "Setting", "setting"]

LARGEST = (1 << 31) - 1
_LOOSE = re.compile(r"(blocks|threads)_[xyz]|.*_(value|elements)")
_GRID = {"x": LARGEST, "y": 65535, "z": 65535}
"""The largest grids (CUDA C++ Programming Guide, compute capability 3.0 and later)."""
_THREADS = 1024


@dataclass(frozen=True, slots=True)
class Setting:
    """What a case says of a launch. `builtins` are gridDim, blockDim, blockIdx and threadIdx by name, and whether pointers
    are given: one without elements is null; `positions` the interval [0, bound] of an integer buffer's values; `modest`
    what makes buffers and launches small enough to be counted by an `int`."""

    sizes: Mapping[str, Value]
    builtins: Mapping[str, Value]
    scalars: Mapping[str, Value]
    extents: Mapping[str, Value]
    positions: Mapping[str, tuple[Value, Value]]
    shared: Value
    modest: Modest
    loose: frozenset[str]
    overlaps: Mapping[str, tuple[str, Value]] = field(default_factory=dict)
    """Parameters that point into one buffer: its name, and the first element that each points to."""


Modest = Mapping[int, tuple[Bool, ...]]
"""By a number of bits: that buffers, the launch's axes and, where it is not the most, sizes are below its power of 2."""


def setting(case: Case, world: World, overlaps: Overlaps | None = None) -> Setting:
    """The symbols of a case; `overlaps` are the parameters that point into one buffer."""
    world.level = Level.LAUNCH
    sizes = {name: _size(world, name, values) for name, values in case.sizes}
    formulas = _Formulas(world, sizes)
    builtins = _geometry(case, world, formulas)
    scalars: dict[str, Value] = {}
    extents: dict[str, Value] = {}
    positions: dict[str, tuple[Value, Value]] = {}
    for argument in case.arguments:
        if isinstance(argument, BufferArgument):
            elements = world.named(formulas.value(argument.elements), f"elements({argument.name})")
            world.define(elements.term, elements.term >= 0)
            extents[argument.name] = elements
            given = z3.If(elements.term > 0, z3.IntVal(1), z3.IntVal(0))
            builtins[given_name(argument.name)] = Value(given, 0, 1)
            found = formulas.drawn(argument.values)
            if found is not None and argument.elem.is_int:
                positions[argument.name] = found
        elif argument.type.is_int:
            scalars[argument.name] = _scalar(argument, world, formulas)
    axes = [builtins[f"gridDim.{a}"].term * builtins[f"blockDim.{a}"].term for a in "xyz"]
    most = [*(e.term for e in extents.values()), *axes]
    fewer = [*most, *(s.term for s in sizes.values())]
    modest: Modest = {
        31: tuple(m <= LARGEST for m in most),
        30: tuple(m < 1 << 30 for m in fewer),
    }
    loose = frozenset(n for n in sizes if case.inferred and _LOOSE.fullmatch(n))
    shared = formulas.value(case.shared)
    found_at = {
        name: (at.buffer, _start(at, world, formulas)) for name, at in (overlaps or {}).items()
    }
    return Setting(sizes, builtins, scalars, extents, positions, shared, modest, loose, found_at)


def _start(at: Overlap, world: World, formulas: _Formulas) -> Value:
    if at.first is None:
        return world.fresh(f"start in {at.buffer}", Level.LAUNCH, 0)
    return formulas.value(at.first)


def _size(world: World, name: str, values: tuple[int, ...]) -> Value:
    most = 1 if is_flag(name) else LARGEST
    return world.fresh(name, Level.LAUNCH, min(1, *values, 1), most)


def _geometry(case: Case, world: World, formulas: _Formulas) -> dict[str, Value]:
    found: dict[str, Value] = {}
    threads: list[Value] = []
    for axis, blocks, size in zip("xyz", case.grid, case.block, strict=True):
        grid = formulas.value(blocks)
        if grid.known is None:
            grid = _bounded(world, grid, f"gridDim.{axis}", _GRID[axis])
        block = formulas.value(size)
        if block.known is None:
            block = _bounded(world, block, f"blockDim.{axis}", _THREADS)
        found[f"gridDim.{axis}"], found[f"blockDim.{axis}"] = grid, block
        found[f"blockIdx.{axis}"] = _below(world, f"blockIdx.{axis}", Level.BLOCK, grid)
        found[f"threadIdx.{axis}"] = _below(world, f"threadIdx.{axis}", Level.THREAD, block)
        threads.append(block)
    x, y, z = threads
    if any(t.known is None for t in threads):
        count = x.term * y.term * z.term
        for t in threads:
            world.define(t.term, count <= _THREADS)
    return found


def _bounded(world: World, value: Value, name: str, most: int) -> Value:
    """A launch that is none does not happen."""
    found = world.fresh(name, Level.LAUNCH, 1, most)
    world.define(found.term, found.term == value.term)
    return found


def _below(world: World, name: str, level: Level, bound: Value) -> Value:
    if bound.known == 1:
        return constant(0)
    found = world.fresh(name, level, 0, None if bound.hi is None else bound.hi - 1)
    if bound.known is None:
        world.define(found.term, found.term < bound.term)
    return found


def _scalar(argument: ScalarArgument, world: World, formulas: _Formulas) -> Value:
    """What a parameter may hold; it fits its type, or the case could not be launched."""
    type_ = argument.type
    lo = -(1 << (type_.bits - 1)) if type_.kind == "int" else 0
    hi = (1 << (type_.bits - (type_.kind == "int"))) - 1
    if isinstance(argument.value, Formula):
        value = formulas.value(argument.value)
        if value.within(lo, hi):
            return world.named(value, argument.name)
        low = lo if value.lo is None else max(lo, value.lo)
        high = hi if value.hi is None else min(hi, value.hi)
        found = world.fresh(f"argument({argument.name})", Level.LAUNCH, low, max(low, high))
        world.define(found.term, found.term == value.term)
        return found
    found = world.fresh(f"argument({argument.name})", Level.LAUNCH, lo, hi)
    drawn = formulas.drawn(argument.value) if isinstance(argument.value, Distribution) else None
    if drawn is not None:
        world.define(found.term, found.term >= drawn[0].term)
        world.define(found.term, found.term <= drawn[1].term)
    return found


class _Formulas:
    """Formulas of a case over its sizes, as values."""

    def __init__(self, world: World, sizes: Mapping[str, Value]) -> None:
        self._world, self._sizes = world, sizes
        self._arithmetic = Arithmetic(world)

    def value(self, formula: Formula) -> Value:
        return self._value(formula.syntax())

    def drawn(self, values: Distribution) -> tuple[Value, Value] | None:
        """The first and the last value that a distribution draws, if it says so."""
        given = [self.value(f) for f in values.arguments]
        less = [self._arithmetic.minus(g, constant(1)) for g in given]
        match values.kind:
            case "index" | "forest":
                return constant(0), less[0]
            case "permutation" | "sorted" if less:
                return constant(0), less[0]
            case "offsets":
                return constant(0), given[0]
            case "uniform":
                return given[0], given[1]
            case "zeros":
                return constant(0), constant(0)
            case "ones":
                return constant(1), constant(1)
            case _:
                return None

    def _value(self, node: ast.expr) -> Value:
        arithmetic = self._arithmetic
        match node:
            case ast.Constant(value=int(value)):
                return constant(int(value))
            case ast.Name(id=name) if name in self._sizes:
                return self._sizes[name]
            case ast.UnaryOp(op=ast.USub(), operand=a):
                return arithmetic.minus(constant(0), self._value(a))
            case ast.BinOp(left=a, op=op, right=b) if type(op) in _OPERATORS:
                return arithmetic.binary(_OPERATORS[type(op)], self._value(a), self._value(b), I64)
            case ast.IfExp(test=test, body=a, orelse=b):
                return arithmetic.chosen(self._truth(test), self._value(a), self._value(b))
            case ast.Compare() | ast.BoolOp():
                return arithmetic.chosen(self._truth(node), constant(1), constant(0))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, [self._value(a) for a in args])
            case _:
                return self._world.unknown(None, None)

    def _call(self, name: str, args: list[Value]) -> Value:
        arithmetic = self._arithmetic
        match name, args:
            case "ceil_div", [a, b]:
                return self._ceil(a, b)
            case "round_up", [a, b]:
                return arithmetic.times(self._ceil(a, b), b)
            case "min" | "max", [first, *rest]:
                for other in rest:
                    pick = arithmetic.least if name == "min" else arithmetic.most
                    first = pick(first, other)
                return first
            case "abs", [a]:
                return arithmetic.most(a, arithmetic.minus(constant(0), a))
            case "next_pow2", [a]:
                found = self._world.unknown(1, None)
                self._world.define(found.term, found.term >= a.term)
                self._world.define(found.term, z3.Or(found.term == 1, found.term < 2 * a.term))
                return found
            case _:
                return self._world.unknown(None, None)

    def _ceil(self, a: Value, b: Value) -> Value:
        arithmetic = self._arithmetic
        if b.known is not None and b.known > 0 and a.lo is not None and a.lo >= 0:
            return arithmetic.binary(
                "/", arithmetic.plus(a, constant(b.known - 1)), constant(b.known), U32
            )
        found = self._world.unknown(None, None)
        whole = arithmetic.times(found, b).term
        self._world.define(found.term, z3.And(whole >= a.term, whole - b.term < a.term))
        if a.lo is not None and a.lo >= 0:
            self._world.define(found.term, found.term >= 0)
        return found

    def _truth(self, node: ast.expr) -> Bool:
        match node:
            case ast.Compare(left=a, ops=[op], comparators=[b]):
                x, y = self._value(a).term, self._value(b).term
                return z3.simplify(_COMPARISONS[type(op)](x, y))
            case ast.BoolOp(op=op, values=values):
                join = both if isinstance(op, ast.And) else either
                found = self._truth(values[0])
                for value in values[1:]:
                    found = join(found, self._truth(value))
                return found
            case ast.UnaryOp(op=ast.Not(), operand=a):
                return negated(self._truth(a))
            case _:
                return self._value(node).term != 0


_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "/",
    ast.Mod: "%",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
