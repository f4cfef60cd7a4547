"""Modes: parameters that a kernel only asks which of a few things they are, and the values that make all the difference.

A flag, an enumerator, a set of bits, the way in which a texture is sampled. What a decision makes of such a parameter is
computed for every value that may matter: each set of answers is a value to be tested, and so are the values beside those at
which an answer changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import field
from itertools import product
from typing import Final

from xpiler.frontends.host import Number, evaluate
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Atomic,
    Binary,
    Builtin,
    Const,
    Declare,
    Expr,
    For,
    Kernel,
    Load,
    Module,
    Param,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.textures import texture_of, texture_part
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import assigned, expressions, operands, statements, subexpressions
from xpiler.records import dataclass
from xpiler.verify.cases.roles import scalar_use, steering

__all__ = ["Closed", "Mode", "Modes", "combinations", "inlined", "modes"]

MOST_VALUES: Final = 24
"""Of one parameter; what tells more values apart is no choice among ways."""
MOST_BESIDE: Final = 4
MOST_TOGETHER: Final = 12
"""Up to here all values of several parameters meet, else each two."""
_TABLE: Final = 16
_RANGE: Final = 40
_BITS: Final = 31


@dataclass(frozen=True, slots=True)
class Mode:
    """`values`: one for each thing that the kernel makes of the parameter; `beside`: others that it should take for one
    of these."""

    values: tuple[int, ...]
    beside: tuple[int, ...] = ()


Modes = Mapping[str, Mode]
BOOLEAN: Final = Mode((1, 0))
FLAG: Final = Mode((1, 0), (2,))


def inlined(module: Module) -> Module:
    """The program with its device functions in the kernel, where that is possible."""
    from xpiler.passes.base import Applied, Context
    from xpiler.passes.inline import PASS

    if not module.functions:
        return module
    outcome = PASS.rewrite(module, Context())
    return outcome.program if isinstance(outcome, Applied) else module


def modes(module: Module) -> dict[str, Mode]:
    """The kernel's parameters that are modes, by their names."""
    whole = inlined(module)
    kernel = whole.kernels[0]
    tables = {g.name: g.shape[0] for g in whole.globals if len(g.shape) == 1} | _tables(kernel)
    changed = assigned(kernel.body)
    found: dict[str, Mode] = {}
    for param in kernel.params:
        if not isinstance(param.type, Scalar) or param.type.is_float:
            continue
        mode = _way(param, kernel) or _Reading(kernel, param, tables).mode()
        if mode is None and param.type == BOOL:
            mode = BOOLEAN
        elif mode is None and scalar_use(kernel, param.name) == "flag":
            mode = FLAG
        if mode is not None and param.name not in changed:
            found[param.name] = mode
    return found


def _way(param: Param, kernel: Kernel) -> Mode | None:
    """Of the number of a texture's sampler every value that there is."""
    stem = texture_of(param, kernel.params)
    part = texture_part(param.origin[len(stem) :]) if stem is not None else None
    return Mode(tuple(range(len(part.ways)))) if part is not None and part.ways else None


def _tables(kernel: Kernel) -> dict[str, int]:
    """Arrays of the kernel with a few elements."""
    found: dict[str, int] = {}
    for stmt in statements(kernel.body):
        if isinstance(stmt, Alloc) and len(stmt.shape) == 1 and isinstance(stmt.shape[0], Const):
            found[stmt.name] = int(stmt.shape[0].value)
    return {name: size for name, size in found.items() if size <= _TABLE}


# --- what is made of one parameter ----------------------------------------------------------------


@dataclass
class Closed:
    """Expressions of some parameters and constants alone, through variables that are such expressions."""

    params: frozenset[str]
    definitions: dict[str, Expr] = field(default_factory=dict)

    def learn(self, kernel: Kernel) -> None:
        """Find the variables that are declared once with such a value and stay so."""
        again = {s.name for s in statements(kernel.body) if isinstance(s, Assign)}
        for stmt in statements(kernel.body):
            if isinstance(stmt, Declare) and stmt.init is not None and stmt.name not in again:
                if self.holds(stmt.init) and self.mentions(stmt.init):
                    self.definitions[stmt.name] = stmt.init

    def holds(self, expr: Expr) -> bool:
        return all(
            not isinstance(e, Load | Builtin)
            and not (isinstance(e, Var) and e.name not in self.names)
            for e in subexpressions(expr)
        )

    def mentions(self, expr: Expr) -> bool:
        return any(isinstance(e, Var) and e.name in self.names for e in subexpressions(expr))

    @property
    def names(self) -> set[str]:
        return {*self.params, *self.definitions}

    def answers(
        self, exprs: Sequence[Expr], values: Mapping[str, Number]
    ) -> tuple[Number | None, ...]:
        """What the expressions are for these values of the parameters."""
        known = dict(values)
        for name, value in self.definitions.items():
            number = evaluate(value, known)
            if number is not None:
                known[name] = number
        return tuple(evaluate(e, known) for e in exprs)


class _Reading:
    """How a kernel reads one parameter."""

    def __init__(self, kernel: Kernel, param: Param, tables: Mapping[str, int]) -> None:
        self.kernel = kernel
        self.param = param
        self.tables = tables
        self.closed = Closed(frozenset({param.name}))
        self.closed.learn(kernel)
        self.asked: dict[Expr, None] = {}
        self.positions: dict[Expr, int] = {}
        self.numbers: set[int] = set()

    def mode(self) -> Mode | None:
        """The values that matter; None for what is no mode: a size, a limit, a pitch."""
        whole = [e for s in statements(self.kernel.body) for e in expressions(s)]
        for expr in whole:
            self._read(expr)
        if not (self.asked or self.positions) or self._steers():
            return None
        groups = self._groups()
        if not 1 < len(groups) <= MOST_VALUES:
            return None
        values = sorted((self._named(g) for g in groups), key=lambda v: (v == 0, v))
        far = {g[len(g) // 2] for g in groups if len(g) > 2 and not self.positions}
        beside = [v for v in sorted(far | self._edges(groups)) if v not in values]
        return Mode(tuple(values), tuple(beside[:MOST_BESIDE]))

    def _named(self, group: Sequence[int]) -> int:
        """One of a group, a number that the kernel itself names if there is one."""
        return next((v for v in group if v in self.numbers), group[0])

    def _edges(self, groups: Sequence[Sequence[int]]) -> set[int]:
        """The values beside which there is one of another group."""
        group_of = {v: k for k, group in enumerate(groups) for v in group}
        return {v for v, k in group_of.items() if any(group_of.get(v + d, k) != k for d in (-1, 1))}

    def _read(self, expr: Expr) -> None:
        """Note the decisions and positions in an expression that only this parameter makes."""
        if self.closed.holds(expr):
            if self.closed.mentions(expr) and expr.type == BOOL:
                self._ask(expr)
            return
        if isinstance(expr, Load) and expr.buffer in self.tables and len(expr.index) == 1:
            (index,) = expr.index
            if self.closed.holds(index) and self.closed.mentions(index):
                self.positions[index] = self.tables[expr.buffer]
                return
        for operand in operands(expr):
            self._read(operand)

    def _ask(self, expr: Expr) -> None:
        self.asked[expr] = None
        through = [expr, *self.closed.definitions.values()]
        parts = [e for whole in through for e in subexpressions(whole)]
        found = {
            int(e.value) for e in parts if isinstance(e, Const) and not isinstance(e.value, float)
        }
        if any(isinstance(e, Binary) and e.op in ("<<", ">>") for e in parts):
            found |= {1 << n for n in found if 0 <= n < _BITS}
        self.numbers |= found

    def _steers(self) -> bool:
        """Whether the parameter decides on more than by what was asked: it is part of an index, or bounds a loop."""
        reached = {self.param.name, *self.closed.definitions}
        before = 0
        while len(reached) > before:
            before = len(reached)
            for stmt in statements(self.kernel.body):
                to, value = _defined(stmt)
                if to and to not in self.closed.definitions and self._free(value, reached):
                    reached.add(to)
        return any(
            self._free((e,), reached)
            for stmt in statements(self.kernel.body)
            for e in self._decides(stmt)
        )

    def _decides(self, stmt: Stmt) -> list[Expr]:
        return [e for e in steering(stmt) if e not in self.positions]

    def _free(self, exprs: Iterable[Expr], reached: set[str]) -> bool:
        """Whether one of `reached` occurs in an expression, elsewhere than in what was asked."""
        stack = list(exprs)
        while stack:
            expr = stack.pop()
            if expr in self.asked or expr in self.positions:
                continue
            if isinstance(expr, Var) and expr.name in reached:
                return True
            stack += operands(expr)
        return False

    def _groups(self) -> list[list[int]]:
        """The values that may matter, those of the same answers together, each list in ascending order."""
        questions = [*self.asked, *self.positions]
        groups: dict[tuple[Number | None, ...], list[int]] = {}
        for value in self._pool():
            found = self.closed.answers(questions, {self.param.name: value})
            places = found[len(self.asked) :]
            if all(_within(p, n) for p, n in zip(places, self.positions.values(), strict=True)):
                groups.setdefault(found, []).append(value)
        return list(groups.values())

    def _pool(self) -> list[int]:
        type_ = self.param.type
        assert isinstance(type_, Scalar)
        if type_ == BOOL:
            return [1, 0]
        small = [n for n in self.numbers if abs(n) <= _RANGE]
        low = -1 if any(n < 0 for n in small) else 0
        pool = set(range(min([low, *(n + low for n in small)]), max([1, *small]) + 3))
        pool |= {n + d for n in self.numbers for d in (-1, 0, 1) if n + d >= low or n < 0}
        least = -(1 << (type_.bits - 1)) if type_.is_signed else 0
        most = (1 << (type_.bits - type_.is_signed)) - 1
        return sorted(v for v in pool if least <= v <= most)


def _within(position: Number | None, size: int) -> bool:
    return position is not None and 0 <= position < size


def _defined(stmt: Stmt) -> tuple[str, tuple[Expr, ...]]:
    """The variable that a statement sets, and from what."""
    match stmt:
        case Declare(name=to, init=value) if value is not None:
            return to, (value,)
        case Assign(name=to, value=value):
            return to, (value,)
        case For(var=to, lo=lo):
            return to, (lo,)
        case Store(buffer=to, value=value):
            return to, (value,)
        case Atomic(result=str(to)):
            return to, expressions(stmt)
        case _:
            return "", ()


# --- several of them ------------------------------------------------------------------------------


def combinations(found: Modes) -> tuple[dict[str, int], ...]:
    """What the modes are in one launch after another: all values meet where these are few, else each two of two
    parameters; then what stands beside the values, one at a time."""
    if not found:
        return ({},)
    whole = 1
    for mode in found.values():
        whole *= len(mode.values)
    names = list(found)
    if whole <= MOST_TOGETHER:
        chosen = [
            dict(zip(names, values, strict=True))
            for values in product(*(m.values for m in found.values()))
        ]
    else:
        chosen = _pairs(found)
    for name, mode in found.items():
        for position, value in enumerate(mode.beside):
            chosen.append({**chosen[position % len(chosen)], name: value})
    return tuple(chosen)


def _pairs(found: Modes) -> list[dict[str, int]]:
    """Launches in which each value of one parameter meets each of every other."""
    names = list(found)
    left = {
        ((a, x), (b, y))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        for x in found[a].values
        for y in found[b].values
    } or {((a, x), (a, x)) for a in names for x in found[a].values}
    chosen: list[dict[str, int]] = []
    while left:
        row = dict(min(left))
        for name in names:
            if name not in row:
                made = {v: _new(row, name, v, left) for v in found[name].values}
                row[name] = max(made, key=made.__getitem__)
        left -= {p for p in left if all(row[n] == v for n, v in p)}
        chosen.append({name: row[name] for name in names})
    return chosen


_Pair = tuple[tuple[str, int], tuple[str, int]]


def _new(row: Mapping[str, int], name: str, value: int, left: Set[_Pair]) -> int:
    """How many of the pairs that are left a value would make with those of a row."""
    mine = (name, value)
    return sum((mine, other) in left or (other, mine) in left for other in row.items())
