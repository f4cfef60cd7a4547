"""Which branches of a source its tests take: a program that remembers, and what none of its runs reached.

The lifted program gets a buffer with one element per *arm*: the two sides of an `if` and of `?:`, the body of a loop. It
is run on the inputs of the check. What stays zero was not tested: a translation that is wrong just there would not
be found out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import Final

import numpy as np

from xpiler.ir.build import boolean, i32
from xpiler.ir.nodes import (
    Assign,
    Binary,
    Block,
    Const,
    Declare,
    Expr,
    For,
    GlobalBuffer,
    If,
    Load,
    Module,
    Select,
    Span,
    Stmt,
    Store,
    Var,
    While,
)
from xpiler.ir.types import BOOL, Scalar, Spaces
from xpiler.ir.walk import blocks, expressions, operands, statements, subexpressions, with_blocks
from xpiler.records import dataclass
from xpiler.verify.cases.case import ConcreteBuffer
from xpiler.verify.cases.roles import bare
from xpiler.verify.run.dtypes import Array
from xpiler.verify.run.runner import Finished, Job, Runner

__all__ = ["Arm", "Instrumented", "instrumented", "unreached"]

BUFFER: Final = "xp_reached"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way that control can go. `what` says what did not happen if it was never taken."""

    what: str
    place: Span
    cond: Expr

    def __str__(self) -> str:
        file = self.place.file.rsplit("/", 1)[-1]
        return f"{file}:{self.place.line}:{self.place.column}: {self.what}"


@dataclass(frozen=True, slots=True)
class Instrumented:
    """A program whose `xp_reached[i]` is true after a run that took `arms[i]`."""

    program: Module
    arms: tuple[Arm, ...]


def instrumented(
    module: Module, *, always: bool = False, parts: bool = False
) -> Instrumented | None:
    """The program that remembers; None where nothing it decides on depends on more than indices and their bounds, unless
    it is to be told `always`. `parts`: what `&&` and `||` join are decisions of their own."""
    if not always and not any(_is_of_interest(b) for b in _bodies(module)):
        return None
    marks = _Marks(parts)
    kernels = tuple(replace(k, body=marks.block(k.body)) for k in module.kernels)
    functions = tuple(replace(f, body=marks.block(f.body)) for f in module.functions)
    if not marks.arms:
        return None
    buffer = GlobalBuffer(BUFFER, BOOL, (len(marks.arms),), Spaces.GLOBAL)
    return Instrumented(
        Module(kernels, functions, (*module.globals, buffer)),
        tuple(marks.arms),
    )


def _bodies(module: Module) -> list[Block]:
    return [k.body for k in module.kernels] + [f.body for f in module.functions]


# --- the marks ---------------------------------------------------------------------------------


@dataclass
class _Marks:
    parts: bool
    arms: list[Arm] = field(default_factory=list)
    switches: set[Span] = field(default_factory=set)

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            if not isinstance(stmt, While):
                for expr in expressions(stmt):
                    out += self._choices(expr)
            out.append(self._statement(stmt))
        return tuple(out)

    def _statement(self, stmt: Stmt) -> Stmt:
        match stmt:
            case If(cond=cond, then=then, orelse=orelse, span=Span() as place):
                further = any(isinstance(s, If) and s.span == place for s in orelse)
                if further:
                    self.switches.add(place)
                # all cases of a switch stand at one place
                case = _labels(cond) if place in self.switches else ""
                true = self._mark(case or "the condition is never true", place, cond)
                other = "only its cases come" if case else "the condition is never false"
                false = () if case and further else self._mark(other, place, cond)
                return replace(
                    stmt, then=(*true, *self.block(then)), orelse=(*false, *self.block(orelse))
                )
            case For(body=body, span=Span() as place):
                runs = Binary("<", stmt.lo, stmt.hi)
                mark = self._mark("the loop never runs", place, runs)
                return replace(stmt, body=(*mark, *self.block(body)))
            case While(cond=cond, body=body, span=Span() as place):
                mark = self._mark("the loop never runs", place, cond)
                return replace(stmt, body=(*mark, *self.block(body)))
            case _:
                return with_blocks(stmt, tuple(self.block(b) for b in blocks(stmt)))

    def _mark(self, what: str, place: Span, cond: Expr) -> Block:
        self.arms.append(Arm(what, place, cond))
        return (Store(BUFFER, (i32(len(self.arms) - 1),), boolean(True)),)

    def _part(self, cond: Expr) -> Block:
        """Marks of an operand of `&&` or `||`, which joins another to the decision."""
        if (
            not self.parts
            or cond.span is None
            or (isinstance(cond, Binary) and cond.op in ("&&", "||"))
        ):
            return ()
        true = self._mark("this part of the condition is never true", cond.span, cond)
        false = self._mark("this part of the condition is never false", cond.span, cond)
        return (If(cond, true, false),)

    def _choices(self, expr: Expr) -> Block:
        """Statements that mark what the `?:` of an expression will choose, evaluating only what it evaluates."""
        match expr:
            case Select(cond=cond, a=a, b=b, span=Span() as place):
                true = self._mark("the condition of ?: is never true", place, cond)
                false = self._mark("the condition of ?: is never false", place, cond)
                chosen = If(cond, (*true, *self._choices(a)), (*false, *self._choices(b)))
                return (*self._choices(cond), chosen)
            case Binary(op="&&", a=a, b=b):
                inner = (*self._choices(b), *self._part(b))
                return (*self._choices(a), *((If(a, inner),) if inner else ()))
            case Binary(op="||", a=a, b=b):
                inner = (*self._choices(b), *self._part(b))
                return (*self._choices(a), *((If(a, (), inner),) if inner else ()))
            case _:
                return tuple(s for operand in operands(expr) for s in self._choices(operand))


def _labels(cond: Expr) -> str:
    """Which case of a switch a condition is; empty where it is none."""
    match cond:
        case Binary(op="==", b=b) if isinstance(label := bare(b), Const):
            return f"case {label.value} never comes"
        case Binary(op="||", a=a, b=b):
            first, second = _labels(a), _labels(b)
            return f"{first}, {second}" if first and second else ""
        case _:
            return ""


# --- is there anything to see? -----------------------------------------------------------------


def _is_of_interest(body: Block) -> bool:
    """Whether some decision depends on data, or compares with a number that is not just the end of a range."""
    tainted = _tainted(body)
    conditions = [e for s in statements(body) for e in _conditions(s)]
    ends = [e for s in statements(body) if isinstance(s, For) for e in (s.lo, s.hi)]
    if any(_depends(e, tainted) for e in (*conditions, *ends)):
        return True
    return any(_asks_for_a_number(c) for c in conditions)


def _conditions(stmt: Stmt) -> Iterable[Expr]:
    if isinstance(stmt, If | While):
        yield stmt.cond
    for expr in expressions(stmt):
        for sub in subexpressions(expr):
            if isinstance(sub, Select) and sub.span is not None:
                yield sub.cond


def _tainted(body: Block) -> frozenset[str]:
    """Variables that hold data: what is loaded, and what is made of it."""
    found: set[str] = set()
    while True:
        before = len(found)
        for stmt in statements(body):
            match stmt:
                case Declare(name=name, init=value) | Assign(name=name, value=value):
                    if value is not None and _depends(value, found):
                        found.add(name)
                case _:
                    result = getattr(stmt, "result", None)
                    if isinstance(result, str):
                        found.add(result)
        if len(found) == before:
            return frozenset(found)


def _depends(expr: Expr, tainted: Iterable[str]) -> bool:
    names = frozenset(tainted)
    return any(
        isinstance(e, Load) or _is_real(e) or (isinstance(e, Var) and e.name in names)
        for e in subexpressions(expr)
    )


def _is_real(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_float


def _asks_for_a_number(cond: Expr) -> bool:
    """A comparison with a number above those of warps and small blocks: `n > 4096`, `i == 100000`."""
    return any(
        isinstance(e, Const) and isinstance(e.value, int) and abs(e.value) > 1
        for e in subexpressions(cond)
    )


# --- running it --------------------------------------------------------------------------------


def unreached(
    found: Instrumented, runner: Runner, jobs: Sequence[Sequence[Job]]
) -> tuple[Arm, ...] | None:
    """The arms that no run takes; None if no run came to its end. `jobs` are asked batch by batch, as long as
    something is left."""
    reached: Array = np.zeros(len(found.arms), bool)
    ran = False
    argument = ConcreteBuffer(BUFFER, BOOL, len(found.arms), "inout", "zeros", ())
    for batch in jobs:
        watched = [
            replace(
                job,
                entry=0,
                arguments=(*job.arguments, argument),
                arrays=(*job.arrays, np.zeros(len(found.arms), bool)),
            )
            for job in batch
        ]
        for outcome in runner.run(watched):
            if isinstance(outcome, Finished):
                ran = True
                reached |= outcome.buffers[-1].astype(bool)
        if reached.all():
            break
    return _merged(found.arms, reached) if ran else None


def _merged(arms: Sequence[Arm], reached: Array) -> tuple[Arm, ...]:
    """One arm per place: what was unrolled or inlined stands there several times."""
    taken = {str(arm) for arm, seen in zip(arms, reached, strict=True) if seen}
    left = {str(arm): arm for arm in arms if str(arm) not in taken}
    return tuple(left.values())
