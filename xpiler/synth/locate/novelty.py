"""Which statements of a candidate does its predecessor not have? A pass leaves most of them as they were.

Statements are compared without their nested blocks and up to what passes change without changing the meaning:
the order of terms in index expressions, casts between integer types, launch facts, and loops over blocks and
threads in place of `blockIdx` and `threadIdx`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import field

from xpiler.ir import build
from xpiler.ir.affine import Poly, poly
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Atomic,
    Binary,
    Block,
    Builtin,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    If,
    Load,
    Module,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
    While,
)
from xpiler.ir.types import U32, Scalar
from xpiler.ir.walk import blocks, expressions
from xpiler.records import dataclass
from xpiler.synth.locate.trace import Place
from xpiler.synth.paths import at

__all__ = ["CHANGED", "INTRODUCED", "MOVED", "SAME", "UNGUARDED", "axis_builtin", "novelty", "stem"]

WHOLE = "whole axis"
CHANGED, UNGUARDED, INTRODUCED, MOVED, SAME = range(5)
"""A statement that the predecessor has differently; that has lost or got a guard; that the pass brought in (it
declares a name that is new); that follows another one than before; that is as it was."""

_COPY = re.compile(r"(_\d+|_rest)+$")
_AXES = {"block": "blockIdx", "thread": "threadIdx"}


def axis_builtin(loop: For) -> str:
    """The builtin whose values the loop's variable takes (`threadIdx.x`), empty for an ordinary loop."""
    kind, _, axis = loop.axis.partition(".")
    return f"{_AXES[kind]}.{axis}" if kind in _AXES and axis else ""


def novelty(before: Module, after: Module) -> Mapping[Place, int]:
    """CHANGED, UNGUARDED, INTRODUCED, MOVED or SAME for every statement of `after`."""
    old, new = _Reader(before), _Reader(after)
    headers = {header for header, _, _ in old.found.values()}
    contexts = {(header, guards) for header, guards, _ in old.found.values()}
    pairs = {(previous, header) for header, _, previous in old.found.values()}
    targets = {_target(at(before, path)) for path in old.found}
    out: dict[Place, int] = {}
    for path, (header, guards, previous) in new.found.items():
        stmt = at(after, path)
        if header == WHOLE:
            out[path] = SAME
        elif header not in headers:
            out[path] = CHANGED if _target(stmt) in targets else INTRODUCED
        elif (header, guards) not in contexts:
            out[path] = UNGUARDED
        else:
            out[path] = SAME if (previous, header) in pairs else MOVED
    return out


def _target(stmt: Stmt) -> tuple[str, str]:
    """What kind of statement, and what it declares, assigns or stores to."""
    name = getattr(stmt, "name", "") or getattr(stmt, "buffer", "") or getattr(stmt, "var", "")
    # a loop over the rest is the work of a pass, though it takes the name of the loop that it is the rest of
    kind = f"{type(stmt).__name__} rest" if name.endswith("_rest") else type(stmt).__name__
    return kind, stem(name)


@dataclass
class _Reader:
    """Headers of the statements of a program, by place, with their guards and the statement before."""

    program: Module
    found: dict[Place, tuple[Hashable, Hashable, Hashable]] = field(default_factory=dict)
    known: dict[str, Poly] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kernel = self.program.kernels[0]
        for name, value in kernel.launch:
            self.known[name] = Poly({(): value} if value else {})
        self._block(kernel.body, (), ())

    def _block(self, block: Block, path: Place, guards: tuple[Hashable, ...]) -> None:
        previous: Hashable = "start"
        for n, stmt in enumerate(block):
            here = (*path, n)
            if isinstance(stmt, For) and axis_builtin(stmt):
                self.names[stmt.var] = axis_builtin(stmt)
                # a loop over threads is no statement of the source: look through it
                self.found[here] = (self._loop(stmt), guards, previous)
                self._block(stmt.body, (*here, 0), guards)
                previous = "axis"
                continue
            header = self._header(stmt)
            self.found[here] = (header, guards, previous)
            previous = header
            for k, inner in enumerate(blocks(stmt)):
                under = (*guards, (k, header)) if isinstance(stmt, If) else guards
                self._block(inner, (*here, k), under)

    def _loop(self, loop: For) -> Hashable:
        """WHOLE if the loop runs over all blocks or threads of its axis."""
        axis = axis_builtin(loop).replace("Idx", "Dim")
        axis = axis.replace("thread", "block") if loop.axis.startswith("thread") else axis
        axis = axis.replace("blockDim", "gridDim") if loop.axis.startswith("block") else axis
        whole: tuple[Expr, ...] = (build.const(0, U32), Builtin(axis, U32), build.const(1, U32))
        mine = tuple(self._expr(e) for e in (loop.lo, loop.hi, loop.step))
        return WHOLE if mine == tuple(map(self._expr, whole)) else ("axis", mine)

    def _header(self, stmt: Stmt) -> Hashable:
        values = tuple(self._expr(e) for e in expressions(stmt))
        match stmt:
            case Store(buffer=name) | Declare(name=name) | Alloc(name=name):
                return (type(stmt).__name__, stem(name), values)
            case Atomic(op=op, buffer=name):
                return ("Atomic", op, stem(name), values)
            case For(var=name):
                return ("For", stem(name), values)
            case If() | While():
                return (type(stmt).__name__, values)
            case _:
                return (type(stmt).__name__, stem(getattr(stmt, "name", "")), values, _rest(stmt))

    def _expr(self, e: Expr) -> Hashable:
        if isinstance(e.type, Scalar) and e.type.is_int:
            p = poly(e, self.known)
            terms = [(tuple(sorted(map(repr, map(self._atom, m)))), c) for m, c in p.terms.items()]
            return ("poly", tuple(sorted(terms)))
        return self._atom(e)

    def _atom(self, e: Expr) -> Hashable:
        match e:
            case Const(value=value):
                return ("const", repr(value))
            case Var(name=name):
                return ("name", self.names.get(name) or stem(name))
            case Builtin(name=name):
                return ("name", name)
            case Load(buffer=buffer, index=index) | AddressOf(buffer=buffer, index=index):
                return ("load", stem(buffer), tuple(map(self._expr, index)))
            case Unary(op=op, a=a):
                return (op, self._expr(a))
            case Binary(op=op, a=a, b=b):
                return (op, self._expr(a), self._expr(b))
            case Cast(type=type_, a=a):
                return ("cast", type_.name, self._expr(a))
            case Select(cond=cond, a=a, b=b):
                return ("select", self._expr(cond), self._expr(a), self._expr(b))
            case Call(function=function, args=args):
                return ("call", function, tuple(map(self._expr, args)))


def stem(name: str) -> str:
    """The name without what passes append to keep copies apart."""
    return _COPY.sub("", name)


def _rest(stmt: Stmt) -> Hashable:
    return (getattr(stmt, "op", ""), getattr(stmt, "scope", ""))
