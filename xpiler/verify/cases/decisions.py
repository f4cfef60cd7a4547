"""What a kernel decides by its parameters alone (`n % 4 == 0`, `stride == 1`, `mode == 2 && n > 64`), and sizes with
which it decides otherwise: each way is taken at a shape that is not tiny, where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, islice, product
from math import prod
from typing import Final

from xpiler.frontends.host import Number
from xpiler.ir.nodes import Binary, Block, Const, Expr, If, Module, Return, Var
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import assigned, blocks, expressions, operands, subexpressions
from xpiler.records import dataclass
from xpiler.verify.cases.modes import Closed, Modes, inlined
from xpiler.verify.cases.roles import bare
from xpiler.verify.cases.sizes import Row, ample

__all__ = ["Decisions", "decided", "decisions"]

_MOST_GOALS: Final = 64
_MOST_ROWS: Final = 6
_MOST_TRIES: Final = 600
_LARGEST: Final = 1 << 13
_SMALL: Final = 16
_MORE: Final = 259
_SOME: Final = frozenset({1, 2, 3, 7, 24})

Goal = tuple[tuple[Expr, bool], ...]
"""Conditions and what they have to be for control to come somewhere."""


@dataclass(frozen=True)
class Decisions:
    """Where parameters alone lead control to."""

    closed: Closed
    goals: tuple[Goal, ...]

    def met(self, goal: Goal, arguments: Mapping[str, Number]) -> bool:
        """Whether a launch with these arguments comes there."""
        found = self.closed.answers([e for e, _ in goal], arguments)
        return all(
            a is not None and bool(a) == want for a, (_, want) in zip(found, goal, strict=True)
        )

    def numbers(self, goal: Goal) -> set[int]:
        """The whole numbers that a goal mentions, through the variables in it."""
        return {
            int(e.value)
            for e in self._parts(goal)
            if isinstance(e, Const) and not isinstance(e.value, float | bool)
        }

    def names(self, goal: Goal) -> set[str]:
        """The parameters that a goal mentions, through the variables in it."""
        named = {e.name for e in self._parts(goal) if isinstance(e, Var)}
        return named & self.closed.params

    def _parts(self, goal: Goal) -> list[Expr]:
        parts: list[Expr] = []
        queue = [e for e, _ in goal]
        while queue:
            for part in subexpressions(queue.pop()):
                parts.append(part)
                if isinstance(part, Var) and part.name in self.closed.definitions:
                    queue.append(self.closed.definitions[part.name])
        return parts


def decisions(module: Module) -> Decisions:
    """What the kernel of a program decides by its integer parameters."""
    kernel = inlined(module).kernels[0]
    names = {p.name for p in kernel.params if isinstance(p.type, Scalar) and not p.type.is_float}
    closed = Closed(frozenset(names - assigned(kernel.body)))
    closed.learn(kernel)
    goals = dict.fromkeys(_goals(kernel.body, (), closed))
    edges = dict.fromkeys(edge for goal in goals for edge in _edges(goal))
    return Decisions(closed, tuple(islice({**goals, **edges}, _MOST_GOALS)))


def _edges(goal: Goal) -> Iterator[Goal]:
    """Goals just beside where the last condition of a goal changes: `n == 300` and `n == 299` of `n < 300`."""
    *path, (cond, want) = goal
    match cond:
        case Binary(op="<" | ">=" | "<=" | ">" as op, a=a, b=b) if want:
            for one, other in ((a, b), (b, a)):
                if isinstance(bare(other), Const) and isinstance(other.type, Scalar):
                    step = -1 if (op in ("<", ">=")) == (other is b) else 1
                    beside = Binary("+", other, Const(step, other.type))
                    yield (*path, (Binary("==", one, other), True))
                    yield (*path, (Binary("==", one, beside), True))
        case _:
            return


def _goals(block: Block, path: Goal, closed: Closed) -> Iterator[Goal]:
    for stmt in block:
        for whole in expressions(stmt):
            for cond in _conditions(whole, closed):
                yield (*path, (cond, True))
                yield (*path, (cond, False))
        if isinstance(stmt, If) and closed.holds(stmt.cond) and closed.mentions(stmt.cond):
            yield from _goals(stmt.then, (*path, (stmt.cond, True)), closed)
            yield from _goals(stmt.orelse, (*path, (stmt.cond, False)), closed)
            if stmt.then and isinstance(stmt.then[-1], Return):
                path = (*path, (stmt.cond, False))
        else:
            for inner in blocks(stmt):
                yield from _goals(inner, path, closed)


def _conditions(expr: Expr, closed: Closed) -> Iterator[Expr]:
    """Conditions of parameters alone, whole ones and those that they are made of."""
    if expr.type == BOOL and closed.holds(expr) and closed.mentions(expr):
        yield expr
    for operand in operands(expr):
        yield from _conditions(operand, closed)


Arguments = Callable[[Row], Mapping[str, Number]]


def _themselves(row: Row) -> Mapping[str, Number]:
    return row


def decided(
    found: Decisions, rows: Sequence[Row], modes: Modes, arguments: Arguments = _themselves
) -> list[Row]:
    """`rows`, and a few more for what the kernel does at none of them. `arguments` are the kernel's at a row; `modes` take
    no other values than theirs."""
    out = list(rows)
    for goal in found.goals:
        if len(out) >= len(rows) + _MOST_ROWS:
            break
        if any(found.met(goal, arguments(row)) for row in ample(out)):
            continue
        tried = islice(_varied(found, goal, ample(rows), modes), _MOST_TRIES)
        ways = [row for row in tried if found.met(goal, arguments(row))]
        if not ways:
            continue
        best = max(ways, key=lambda row: min(_volume(row), _volume(rows[0])))
        best = _enlarged(found, goal, best, _volume(rows[0]), arguments)
        if best not in out:
            out.append(best)
    return out


def _enlarged(found: Decisions, goal: Goal, row: Row, usual: int, arguments: Arguments) -> Row:
    """The row with more elements, where what leads to the goal has left few: another size is `_MORE`."""
    if _volume(row) * 4 >= usual:
        return row
    others = (n for n, size in row.items() if _SMALL <= size < _MORE)
    larger = ({**row, name: _MORE} for name in others)
    return next((r for r in larger if found.met(goal, arguments(r))), row)


def _volume(row: Row) -> int:
    return prod(max(1, n) for n in row.values())


def _varied(found: Decisions, goal: Goal, rows: Sequence[Row], modes: Modes) -> Iterator[Row]:
    """The rows with other values for one variable, then for two."""
    wanted = found.names(goal)
    beside = {n + d for n in found.numbers(goal) for d in (-1, 0, 1)}
    for count in (1, 2):
        for row in rows[:2]:
            near = {size * k + d for size in row.values() for k in (1, 2) for d in (0, 1, 2, 3)}
            values = sorted(v for v in near | beside | _SOME if 0 <= v <= _LARGEST)
            names = [n for n in row if n in wanted] or list(row)
            for chosen in combinations(names, count):
                choices = [
                    (*modes[n].values, *modes[n].beside) if n in modes else values for n in chosen
                ]
                for numbers in product(*choices):
                    yield {**row, **dict(zip(chosen, numbers, strict=True))}
