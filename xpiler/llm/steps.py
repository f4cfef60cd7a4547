"""Whether a reply took the step it was asked for; a program that merely stays right has not.

The rule's own result says what the step changes: the level, the instructions that are called, the arrays that
are declared, the axes of the loops, how many there are, in which order. The first of these that the
rule changes is what the candidate must change as well, in the same direction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import Alloc, Call, Evaluate, Expr, For, Kernel, Module, TileOp
from xpiler.ir.print_c import print_expr
from xpiler.ir.types import Space, Spaces
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.records import dataclass

__all__ = ["not_taken"]


@dataclass(frozen=True, slots=True)
class _Feature:
    """Something that a step changes. `count` for what has a direction, `shape` for what has none."""

    name: str
    count: Callable[[Kernel], int] | None = None
    shape: Callable[[Kernel], object] | None = None

    def same(self, a: Kernel, b: Kernel) -> bool:
        if self.count is not None:
            return self.count(a) == self.count(b)
        return self.shape is None or self.shape(a) == self.shape(b)

    def missing(self, before: Kernel, by_rule: Kernel, candidate: Kernel) -> str:
        """What the candidate lacks; empty if it moved as the rule did."""
        if self.count is None:
            return f"{self.name} are as before" if self.same(before, candidate) else ""
        old, rule, new = self.count(before), self.count(by_rule), self.count(candidate)
        if (new > old) == (rule > old) and new != old:
            return ""
        return f"there are {new} {self.name}, {old} before, and the step asks for {'more' if rule > old else 'fewer'}"


def not_taken(before: Module, by_rule: Module, candidate: Module) -> str:
    """Why `candidate` is not the step from `before` that `by_rule` is; empty when it is."""
    old, rule, new = before.kernels[0], by_rule.kernels[0], candidate.kernels[0]
    if new.level != rule.level:
        return f"the program is still of level {new.level}, and the step leads to {rule.level}"
    if old.level != rule.level:
        return ""
    for feature in _FEATURES:
        if not feature.same(old, rule):
            return feature.missing(old, rule, new)
    return ""


def _calls(kernel: Kernel) -> int:
    """Calls of declared instructions, wherever they stand."""
    found = 0
    for stmt in statements(kernel.body):
        found += isinstance(stmt, Evaluate)
        outer = stmt.call if isinstance(stmt, Evaluate) else None
        for expr in expressions(stmt):
            found += sum(_is_instruction(sub, outer) for sub in subexpressions(expr))
    return found


def _is_instruction(expr: Expr, outer: Call | None) -> bool:
    return isinstance(expr, Call) and expr is not outer and expr.function not in FUNCTIONS


def _near(kernel: Kernel) -> int:
    """Arrays in memories of the machine's own."""
    common: Mapping[Space, None] = dict.fromkeys((Spaces.LOCAL, Spaces.SHARED, Spaces.TILE))
    return sum(isinstance(s, Alloc) and s.space not in common for s in statements(kernel.body))


def _local(kernel: Kernel) -> int:
    return sum(isinstance(s, Alloc) for s in statements(kernel.body))


def _tiles(kernel: Kernel) -> int:
    return sum(isinstance(s, TileOp) for s in statements(kernel.body))


def _loops(kernel: Kernel) -> int:
    return sum(isinstance(s, For) for s in statements(kernel.body))


def _axes(kernel: Kernel) -> object:
    return sorted(s.axis for s in statements(kernel.body) if isinstance(s, For))


def _order(kernel: Kernel) -> object:
    return [print_expr(s.hi) for s in statements(kernel.body) if isinstance(s, For)]


_FEATURES = (
    _Feature("operations on tensor fragments", count=_tiles),
    _Feature("instructions of the machine", count=_calls),
    _Feature("arrays in the machine's memories", count=_near),
    _Feature("loops", count=_loops),
    _Feature("the axes of the loops", shape=_axes),
    _Feature("local arrays", count=_local),
    _Feature("the loops and their order", shape=_order),
)
