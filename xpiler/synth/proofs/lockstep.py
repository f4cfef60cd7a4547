"""Two programs of one shape run in step: statement for statement the same, but for expressions that have one value.

Whatever the statements are (barriers, instructions, arrays of any memory): where both are in one state, and each expression
of the one has in it the value of its counterpart, they are in one state again. That two integers or truths are the same is
asked of the solver, for all values of parameters, threads and loops that get there; a loop may end elsewhere if it makes
the same iterations, a condition that always holds may be left out, and what nothing gets to may be anything.

Numbers of unsigned types are what C makes of negative ones; that signed ones do not wrap is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import z3

from xpiler.ir.nodes import (
    Assume,
    Binary,
    Block,
    Break,
    Builtin,
    Cast,
    Const,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Kernel,
    Return,
    Select,
    Stmt,
    Var,
    While,
)
from xpiler.ir.smt import Encoder
from xpiler.ir.types import BOOL, I32, U32, Scalar
from xpiler.ir.walk import assigned, statements
from xpiler.synth.proofs.instances import is_pure

__all__ = ["in_step"]

Term = Any
COMMUTATIVE = frozenset({"+", "*", "&", "|", "^", "==", "!="})
LEAVES = (Return, Break, Continue)
_INDEX = {"threadIdx": "blockDim", "blockIdx": "gridDim"}
_THREADS = 1024  # of a block, at most


class _ApartError(Exception):
    """The two are not shown to be the same."""


class _Exact(Encoder):
    """With the wrapping of unsigned numbers and of conversions to and from them."""

    def integer(self, expr: Expr) -> Term:
        found = super().integer(expr)
        match expr:
            case Cast(type=Scalar() as target, a=a) if _may_change(a, target):
                return _fitted(found, target)
            case Binary(op="+" | "-" | "*" | "<<") if not _counts_threads(expr):
                if isinstance(expr.type, Scalar) and expr.type.kind == "uint":
                    return _fitted(found, expr.type)
        return found


def _may_change(a: Expr, target: Scalar) -> bool:
    """Whether a conversion between integers may give another number."""
    source = a.type
    if not isinstance(source, Scalar) or not source.is_int or target.bits < 32:
        return False
    wider = target.bits > source.bits and (source.kind == "uint" or target.kind == "int")
    return source != target and not wider and not _counts_threads(a)


def _counts_threads(expr: Expr) -> bool:
    """Sums and products of the numbers of threads and blocks, of which there are fewer than 2^31."""
    match expr:
        case Builtin():
            return True
        case Const(value=int(value)):
            return 0 <= value <= _THREADS
        case Binary(op="+" | "*", a=a, b=b):
            return _counts_threads(a) and _counts_threads(b)
        case Cast(a=a):
            return _counts_threads(a)
        case _:
            return False


def _fitted(term: Term, type_: Scalar) -> Term:
    """The number of a type that a number of 32 or 64 bits converts to."""
    top = 1 << type_.bits
    if type_.kind == "uint":
        return z3.If(z3.Or(term < 0, term >= top), term % top, term)
    half = top >> 1
    return z3.If(z3.Or(term < -half, term >= half), (term + half) % top - half, term)


def in_step(before: Kernel, after: Kernel, impossible: Callable[[Sequence[Term]], bool]) -> bool:
    """Whether the two are shown to do the same, statement by statement. `impossible` tells whether nothing meets some
    claims; false too where that is not known."""
    same = [(p.name, p.type) for p in before.params] == [(p.name, p.type) for p in after.params]
    if not same or before.level != after.level:
        return False
    walk = _Walk(before, after, impossible)
    try:
        walk.blocks(before.body, after.body)
    except _ApartError:
        return False
    return True


class _Walk:
    def __init__(
        self, before: Kernel, after: Kernel, impossible: Callable[[Sequence[Term]], bool]
    ) -> None:
        self._impossible = impossible
        once = {s.name for s in statements(before.body) if isinstance(s, Declare)}
        changed = {n for b in (before.body, after.body) for n in _reassigned(b)}
        self._fixed = {p.name for p in before.params} - changed
        """Names whose value stays what it is wherever they are seen."""
        self._once = once - changed
        self._encoder = _Exact("", {}, {})
        self._path: list[Term] = list(self._launch(before))

    def _launch(self, kernel: Kernel) -> Iterator[Term]:
        known = dict(kernel.launch)
        builtin = self._encoder.integer
        for index, size in _INDEX.items():
            for axis in "xyz":
                extent = builtin(Builtin(f"{size}.{axis}", U32))
                place = builtin(Builtin(f"{index}.{axis}", U32))
                yield extent >= 1
                if f"{size}.{axis}" in known:
                    yield extent == known[f"{size}.{axis}"]
                yield z3.And(place >= 0, place < extent)
        for p in kernel.params:
            if isinstance(p.type, Scalar) and p.type.is_int and p.name in self._fixed:
                value = builtin(Var(p.name, p.type))
                yield value == _fitted(value, p.type)
        task, tasks = (builtin(Builtin(n, I32)) for n in ("taskId", "taskDim"))
        yield z3.And(task >= 0, task < tasks)

    # --- what is known

    def _pure(self, expr: Expr) -> bool:
        return is_pure(expr, frozenset(self._fixed))

    def _shown(self, claim: Term) -> bool:
        return self._impossible([*self._path, z3.Not(claim)])

    def _under(self, cond: Expr, side: bool) -> int:
        """Assume a condition from here on, as far as it stays what it is; how much was known before."""
        held = len(self._path)
        if side and isinstance(cond, Binary) and cond.op == "&&":
            self._under(cond.a, side)
            self._under(cond.b, side)
        elif self._pure(cond):
            truth = self._encoder.boolean(cond)
            self._path.append(truth if side else z3.Not(truth))
        return held

    # --- statements

    def blocks(self, a: Block, b: Block) -> None:
        """Both blocks, from one state."""
        held, fixed = len(self._path), set(self._fixed)
        try:
            self._sequence(list(a), list(b))
        except _ApartError:
            if not self._impossible(self._path):
                raise
        finally:
            del self._path[held:]
            self._fixed = fixed

    def _sequence(self, a: list[Stmt], b: list[Stmt]) -> None:
        while a or b:
            if a and b:
                held = len(self._path)
                try:
                    self._stmt(a[0], b[0])
                except _ApartError:
                    del self._path[held:]
                else:
                    del a[0], b[0]
                    continue
            # a condition that holds wherever it is asked, or never, on one side only
            if not (self._opened(a) or self._opened(b)):
                raise _ApartError

    def _opened(self, block: list[Stmt]) -> bool:
        """Whether the first statement gave way to what it comes to."""
        if not block:
            return False
        first = block[0]
        if isinstance(first, Assume):
            block[:1] = []
            return True
        if isinstance(first, If) and self._pure(first.cond):
            truth = self._encoder.boolean(first.cond)
            for branch, claim in ((first.then, truth), (first.orelse, z3.Not(truth))):
                if self._shown(claim):
                    block[:1] = branch
                    return True
        if isinstance(first, For) and all(map(self._pure, (first.lo, first.hi))):
            lo, hi = self._encoder.integer(first.lo), self._encoder.integer(first.hi)
            if self._shown(lo >= hi):
                block[:1] = []
                return True
        return False

    def _stmt(self, a: Stmt, b: Stmt) -> None:
        match a, b:
            case For(), For():
                self._loops(a, b)
            case If(), If():
                self.values(a.cond, b.cond)
                for side, one, two in ((True, a.then, b.then), (False, a.orelse, b.orelse)):
                    held = self._under(a.cond, side)
                    self.blocks(one, two)
                    del self._path[held:]
                if a.then and isinstance(a.then[-1], LEAVES) and not a.orelse:
                    self._under(a.cond, False)
            case While(), While():
                self.values(a.cond, b.cond)
                self.blocks(a.body, b.body)
            case Evaluate(), Evaluate():
                self.values(a.call, b.call)
            case Assume(), Assume() if _identical(a, b):
                self._under(a.cond, True)
            case _:
                self._parts(a, b)
                if isinstance(a, Declare) and a.init is not None:
                    self._define(a.name, a.init)

    def _define(self, name: str, init: Expr) -> None:
        """A variable that never changes is the value that it begins with."""
        type_ = init.type
        if name in self._once and self._pure(init) and isinstance(type_, Scalar) and type_ != BOOL:
            self._fixed.add(name)
            value = self._encoder.integer(Var(name, type_))
            self._path.append(value == self._encoder.integer(init))

    def _loops(self, a: For, b: For) -> None:
        if (a.var, a.type, a.axis) != (b.var, b.type, b.axis):
            raise _ApartError
        for x, y in ((a.lo, b.lo), (a.step, b.step)):
            self.values(x, y)
        number = z3.Int(f"iteration of {a.var}")
        encode = self._encoder.integer
        pure = [self._pure(e) for e in (a.lo, a.step, a.hi, b.hi)]
        place = encode(a.lo) + number * encode(a.step)
        try:
            self.values(a.hi, b.hi)
        except _ApartError:
            claim = (place < encode(a.hi)) == (place < encode(b.hi))
            if not all(pure) or not self._shown(z3.Implies(number >= 0, claim)):
                raise
        held = len(self._path)
        own = a.var not in assigned(a.body) | assigned(b.body)
        if own:
            self._fixed.add(a.var)
            var = encode(Var(a.var, a.type))
            if pure[0]:
                self._path.append(var >= encode(a.lo))
                self._path += [number >= 0, var == place] if pure[1] else []
            if pure[2]:
                self._path.append(var < encode(a.hi))
        self.blocks(a.body, b.body)
        del self._path[held:]
        self._fixed.discard(a.var)

    def _parts(self, a: object, b: object) -> None:
        """All that two nodes are made of."""
        if type(a) is not type(b):
            raise _ApartError
        names: tuple[str, ...] = getattr(type(a), "__match_args__", ())
        for name in names:
            if name != "span":
                self._part(getattr(a, name), getattr(b, name))

    def _part(self, a: object, b: object) -> None:
        if isinstance(a, Expr) and isinstance(b, Expr):
            self.values(a, b)
        elif isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            for x, y in zip(a, b, strict=True):
                self._part(x, y)
        elif not _identical(a, b):
            raise _ApartError

    # --- values

    def values(self, a: Expr, b: Expr) -> None:
        """Two expressions have one value."""
        if _identical(a, b):
            return
        if a.type != b.type:
            raise _ApartError
        if not self._alike(a, b):
            self._same_number(a, b)

    def _alike(self, a: Expr, b: Expr) -> bool:
        """Whether they are one operation on the same values."""
        try:
            match a, b:
                case Binary(), Binary() if a.op == b.op and a.op in ("&&", "||"):
                    self.values(a.a, b.a)
                    self._where(a.a, a.op == "&&", a.b, b.b)
                case Binary(), Binary() if a.op == b.op and a.op in COMMUTATIVE:
                    if not (self._both(a.a, b.a, a.b, b.b) or self._both(a.a, b.b, a.b, b.a)):
                        return False
                case Select(), Select():
                    self.values(a.cond, b.cond)
                    self._where(a.cond, True, a.a, b.a)
                    self._where(a.cond, False, a.b, b.b)
                case Var() | Const() | Builtin(), _:
                    return False
                case _:
                    self._parts(a, b)
        except _ApartError:
            return False
        return True

    def _both(self, a: Expr, b: Expr, c: Expr, d: Expr) -> bool:
        try:
            self.values(a, b)
            self.values(c, d)
        except _ApartError:
            return False
        return True

    def _where(self, cond: Expr, side: bool, a: Expr, b: Expr) -> None:
        held = self._under(cond, side)
        try:
            self.values(a, b)
        finally:
            del self._path[held:]

    def _same_number(self, a: Expr, b: Expr) -> None:
        if not _number(a):
            raise _ApartError
        if a.type == BOOL:
            same = self._encoder.boolean(a) == self._encoder.boolean(b)
        else:
            same = self._encoder.integer(a) == self._encoder.integer(b)
        if not self._shown(same):
            raise _ApartError


def _identical(a: object, b: object) -> bool:
    """Equal to the sign of a zero."""
    return a == b and repr(a) == repr(b)


def _number(expr: Expr) -> bool:
    type_ = expr.type
    return isinstance(type_, Scalar) and (type_.is_int or type_ == BOOL)


def _reassigned(block: Block) -> Iterator[str]:
    """Names that have more than one value, or none where they are declared."""
    seen = set[str]()
    for stmt in statements(block):
        if isinstance(stmt, Declare):
            if stmt.init is None or stmt.name in seen:
                yield stmt.name
            seen.add(stmt.name)
        else:
            yield from assigned((stmt,)) if not isinstance(stmt, If | For | While) else ()
