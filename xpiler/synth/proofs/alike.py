"""Whether two leaves do the same, given what their instance variables stand for: structure, and equations for the rest.

Statements must correspond one to one. Variables that a leaf changes are paired by where they are declared; loops
inside it run in step. Where two integers are written differently (an index, a bound), their equality becomes an
obligation for the solver.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

import z3

from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Assume,
    Binary,
    Block,
    Break,
    Builtin,
    Call,
    Cast,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
    While,
)
from xpiler.ir.smt import Encoder
from xpiler.ir.types import BOOL
from xpiler.records import dataclass
from xpiler.synth.proofs.instances import is_pure

__all__ = ["Alike", "Different", "Side"]

Term = Any

# builtins that tell instances apart; the others are the same for all
INSTANCES = frozenset({*(f"{n}.{a}" for n in ("threadIdx", "blockIdx") for a in "xyz"), "taskId"})


class DifferentError(Exception):
    """The two do not correspond."""


Different = DifferentError


@dataclass
class Side:
    """One of the two: its encoder, and the names whose value is known (parameters, instance variables)."""

    encoder: Encoder
    known: set[str]
    mutable: frozenset[str]

    def expand(self, expr: Expr) -> Expr:
        """A local that only names an expression gives way to it."""
        while isinstance(expr, Var) and expr.name in self.encoder.definitions:
            if expr.name in self.encoder.values:
                break
            expr = self.encoder.definitions[expr.name]
        return expr

    def pure(self, expr: Expr) -> bool:
        return is_pure(expr, frozenset(self.known | set(self.encoder.definitions)))


@dataclass
class Alike:
    """Collects obligations while two leaves are walked side by side. `Different` is raised where they do not match."""

    left: Side
    right: Side
    parameters: frozenset[str]
    obligations: list[Term] = field(default_factory=list)
    _instances: frozenset[str] = INSTANCES
    _assumed: list[Term] = field(default_factory=list)
    _buffers: dict[str, str] = field(default_factory=dict)
    _fresh: int = 0

    def blocks(self, a: Block, b: Block) -> None:
        """Two blocks statement by statement, their pure definitions expanded."""
        mine, other = self._plain(self.left, a), self._plain(self.right, b)
        if len(mine) != len(other):
            raise DifferentError("one has more statements")
        for x, y in zip(mine, other, strict=True):
            self._stmt(x, y)

    def _plain(self, side: Side, block: Block) -> list[Stmt]:
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, Assume):
                continue
            defines = isinstance(stmt, Declare) and stmt.name not in side.mutable
            if defines and isinstance(stmt, Declare) and stmt.init and side.pure(stmt.init):
                side.encoder.definitions = {**side.encoder.definitions, stmt.name: stmt.init}
            else:
                out.append(stmt)
        return out

    def _stmt(self, a: Stmt, b: Stmt) -> None:
        match a, b:
            case Store(), Store():
                self._place(a.buffer, a.index, b.buffer, b.index)
                self.values(a.value, b.value)
            case Declare(), Declare() if a.type == b.type and bool(a.init) == bool(b.init):
                if a.init is not None and b.init is not None:
                    self.values(a.init, b.init)
                self._pair(a.name, b.name)
            case Assign(), Assign():
                self._same_variable(a.name, b.name)
                self.values(a.value, b.value)
            case Alloc(), Alloc() if (a.elem, a.space) == (b.elem, b.space) and a.shape == b.shape:
                self._buffers[a.name] = b.name
            case If(), If():
                self.values(a.cond, b.cond)
                self.blocks(a.then, b.then)
                self.blocks(a.orelse, b.orelse)
            case While(), While():
                self.values(a.cond, b.cond)
                self.blocks(a.body, b.body)
            case For(), For():
                self._loops(a, b)
            case (Break(), Break()) | (Continue(), Continue()):
                pass
            case _:
                raise DifferentError("other statements")

    def _loops(self, a: For, b: For) -> None:
        for x, y in ((a.lo, b.lo), (a.hi, b.hi), (a.step, b.step)):
            self.values(x, y)
        term = self._pair(a.var, b.var)
        before = len(self._assumed)
        for side in (self.left, self.right):
            side.known.add(a.var if side is self.left else b.var)
        if self.left.pure(a.lo) and self.left.pure(a.hi):
            encode = self.left.encoder.integer
            self._assumed += [term >= encode(a.lo), term < encode(a.hi)]
        self.blocks(a.body, b.body)
        del self._assumed[before:]

    def _pair(self, a: str, b: str) -> Term:
        self._fresh += 1
        term = z3.Int(f"both{self._fresh}:{a}")
        self.left.encoder.values[a] = term
        self.right.encoder.values[b] = term
        return term

    def _same_variable(self, a: str, b: str) -> None:
        left, right = self.left.encoder.values.get(a), self.right.encoder.values.get(b)
        if left is None or right is None or not left.eq(right):
            raise DifferentError("other variables are assigned")

    def _place(self, a: str, at: tuple[Expr, ...], b: str, bt: tuple[Expr, ...]) -> None:
        if self._buffers.get(a, a) != b or len(at) != len(bt):
            raise DifferentError("other buffers")
        for x, y in zip(at, bt, strict=True):
            self._integers(x, y)

    def values(self, a: Expr, b: Expr) -> None:
        """Two values: the same operations on the same things, or two names of one integer."""
        a, b = self.left.expand(a), self.right.expand(b)
        if a.type != b.type:
            raise DifferentError("other types")
        mark = len(self.obligations)
        pairs = self._operands(a, b)
        if pairs is not None:
            try:
                for x, y in pairs:
                    self.values(x, y)
            except DifferentError:
                del self.obligations[mark:]
            else:
                return
        self._integers(a, b)

    def _operands(self, a: Expr, b: Expr) -> list[tuple[Expr, Expr]] | None:
        """What has to agree for one operation on both sides to give one value; None where the operations differ."""
        match a, b:
            case Const(), Const() if repr(a.value) == repr(b.value):
                return []
            case Builtin(), Builtin() if a.name == b.name and a.name not in self._instances:
                return []
            case Var(), Var() if a.name == b.name and a.name in self.parameters:
                return []
            case Unary(), Unary() if a.op == b.op:
                return [(a.a, b.a)]
            case Cast(), Cast():
                return [(a.a, b.a)]
            case Binary(), Binary() if a.op == b.op:
                return [(a.a, b.a), (a.b, b.b)]
            case Call(), Call() if a.function == b.function and len(a.args) == len(b.args):
                return list(zip(a.args, b.args, strict=True))
            case Select(), Select():
                return [(a.cond, b.cond), (a.a, b.a), (a.b, b.b)]
            case _:
                return None

    def _integers(self, a: Expr, b: Expr) -> None:
        """Equal by structure with loads in it, else by the solver."""
        if self.left.pure(a) and self.right.pure(b):
            x, y = self.left.encoder, self.right.encoder
            same = x.boolean(a) == y.boolean(b) if a.type == BOOL else x.integer(a) == y.integer(b)
            self._oblige(same)
            return
        a, b = self.left.expand(a), self.right.expand(b)
        match a, b:
            case Load(), Load():
                self._place(a.buffer, a.index, b.buffer, b.index)
            case Cast(), Cast() if a.type == b.type:
                self._integers(a.a, b.a)
            case Binary(), Binary() if a.op == b.op and a.type == b.type:
                self._integers(a.a, b.a)
                self._integers(a.b, b.b)
            case Var(), Var():
                left, right = (
                    self.left.encoder.values.get(a.name),
                    self.right.encoder.values.get(b.name),
                )
                if left is None or right is None:
                    raise DifferentError("a variable whose value is not known")
                self._oblige(left == right)
            case _:
                raise DifferentError("other expressions")

    def _oblige(self, same: Term) -> None:
        self.obligations.append(z3.Implies(z3.And(self._assumed), same) if self._assumed else same)
