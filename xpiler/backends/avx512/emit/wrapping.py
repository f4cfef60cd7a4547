"""Which signed integer arithmetic may wrap, and is printed as unsigned for that.

In the IR signed overflow wraps; in C it is undefined, and compilers use that. Arithmetic on data (hashes, random
numbers, sums) therefore goes through the unsigned type. Arithmetic of *indices* stays signed: it is made of
loop variables, launch dimensions, parameters and small constants, flows into a subscript or a loop's
bound, does not wrap in a program that stays within its buffers, and compilers need to know just that to
vectorise what is left scalar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from xpiler.ir.nodes import (
    AddressOf,
    Assign,
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
    Kernel,
    Load,
    Select,
    Stmt,
    Store,
    Unary,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import I32, I64, Scalar
from xpiler.ir.walk import expressions, statements, subexpressions, variables
from xpiler.passes.bounds import Ranges, bounds, type_range, variable_ranges
from xpiler.records import dataclass

__all__ = ["Wrapping", "wrapping"]

_SMALL: Final = 1 << 12
"""Factors and offsets of indices are smaller than those of hashes and generators."""
_WRAPS: Final = frozenset({"+", "-", "*"})


@dataclass(frozen=True, slots=True)
class Wrapping:
    """`indices`: variables that hold indices; `uniform`: scalar parameters; `ranges`: bounds of variables."""

    indices: frozenset[str] = frozenset()
    uniform: frozenset[str] = frozenset()
    ranges: Ranges = field(default_factory=dict)

    def may_wrap(self, expr: Binary | Unary, *, index: bool) -> bool:
        """Whether signed `expr` could overflow; `index`: it stands where an index is computed."""
        if expr.type not in (I32, I64) or expr.op not in _WRAPS:
            return False
        return not (index and self.of_indices(expr)) and not self._in_range(expr)

    def of_indices(self, expr: Expr) -> bool:
        """Whether an expression is made of what indices are made of."""
        return _index_like(expr, self.indices | self.uniform)

    def compares_indices(self, expr: Binary) -> bool:
        """Whether a comparison is one of indices: of a loop's variable, say, with a size."""
        mentioned = variables(expr)
        return (
            bool(mentioned & self.indices) and self.of_indices(expr.a) and self.of_indices(expr.b)
        )

    def of_lanes(self, expr: Expr) -> bool:
        """Whether an operand of a register instruction is an index, or a parameter and a small number."""
        if not self.of_indices(expr):
            return False
        match expr:
            case Binary(op="+" | "-", a=Var(), b=Const()):
                return True
            case _:
                return bool(variables(expr) & self.indices)

    def _in_range(self, expr: Binary | Unary) -> bool:
        """Whether the operands' bounds leave the result within the type."""
        type_ = expr.type
        if not isinstance(type_, Scalar):
            return False
        a = bounds(expr.a, self.ranges)
        b = (0, 0) if isinstance(expr, Unary) else bounds(expr.b, self.ranges)
        if a is None or b is None:
            return False
        if isinstance(expr, Unary):
            a, b = b, a
        low, high = type_range(type_)
        match expr.op:
            case "+":
                corners = [a[0] + b[0], a[1] + b[1]]
            case "-":
                corners = [a[0] - b[1], a[1] - b[0]]
            case _:
                corners = [x * y for x in a for y in b]
        return low <= min(corners) and max(corners) <= high


def _index_like(expr: Expr, names: frozenset[str]) -> bool:
    match expr:
        case Const(value=value):
            return isinstance(value, bool | int) and abs(value) < _SMALL
        case Var(name=name):
            return name in names
        case Builtin():
            return True
        case Binary(a=a, b=b):
            return _index_like(a, names) and _index_like(b, names)
        case Unary(a=a) | Cast(a=a):
            return _is_int(a) and _index_like(a, names)
        case Select(a=a, b=b):
            return _index_like(a, names) and _index_like(b, names)
        case Call(function="min" | "max", args=args):
            return all(_index_like(a, names) for a in args)
        case _:
            return False


def _is_int(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and not expr.type.is_float


def wrapping(kernel: Kernel) -> Wrapping:
    """What is known of the kernel's variables."""
    body = kernel.body
    uniform = frozenset(
        p.name for p in kernel.params if isinstance(p.type, Scalar) and not p.type.is_float
    )
    definitions = _definitions(body)
    loops = {s.var for s in statements(body) if isinstance(s, For)}
    used = _reach(_used_as_index(body), definitions)
    candidates = {n for n in used if n in definitions and n not in loops}
    while True:
        names = frozenset(candidates | loops)
        keep = {n for n in candidates if _all_indices(n, definitions[n], names | uniform)}
        if keep == candidates:
            return Wrapping(names, uniform - frozenset(definitions), variable_ranges(body))
        candidates = keep


def _definitions(body: Block) -> Mapping[str, list[Expr | None]]:
    """The values that each variable takes; None for one that comes from memory or from other threads."""
    found: dict[str, list[Expr | None]] = {}
    for stmt in statements(body):
        match stmt:
            case Declare(name=name, init=init) if init is not None:
                found.setdefault(name, []).append(init)
            case Assign(name=name, value=value):
                found.setdefault(name, []).append(value)
            case Atomic(result=str(name)) | WarpOp(result=name):
                found.setdefault(name, []).append(None)
            case _:
                pass
    return found


def _all_indices(name: str, values: Iterable[Expr | None], names: frozenset[str]) -> bool:
    return all(v is not None and _index_like(v, names) and not _mixes(name, v) for v in values)


def _mixes(name: str, value: Expr) -> bool:
    """Whether an update multiplies the old value and adds to it, as hashes and generators do."""
    if name not in variables(value):
        return False
    match value:
        case Binary(op="*" | "<<", a=Var(name=own), b=Const()) if own == name:
            return False
        case _:
            return any(
                isinstance(e, Binary) and e.op in ("*", "<<", "^") and name in variables(e)
                for e in subexpressions(value)
            )


def _used_as_index(body: Block) -> frozenset[str]:
    found: set[str] = set()
    for stmt in statements(body):
        if isinstance(stmt, For):
            for bound in (stmt.lo, stmt.hi, stmt.step):
                found |= variables(bound)
        found |= _counted(stmt)
        for index in _subscripts(stmt):
            found |= variables(index)
        for expr in expressions(stmt):
            for part in subexpressions(expr):
                if isinstance(part, Load | AddressOf):
                    found = found.union(*(variables(i) for i in part.index))
    return frozenset(found)


def _counted(stmt: Stmt) -> frozenset[str]:
    """The variables of a loop that counts up to a bound, whatever its form."""
    match stmt:
        case While(
            cond=Binary(op="<" | "<=", a=Var(name=name), b=end),
            body=(*_, Assign(name=own, value=Binary(op="+", a=Var(name=again), b=step))),
        ) if name == own == again:
            return frozenset({name}) | variables(end) | variables(step)
        case _:
            return frozenset()


def _subscripts(stmt: Stmt) -> tuple[Expr, ...]:
    return stmt.index if isinstance(stmt, Store | Atomic) else ()


def _reach(names: frozenset[str], definitions: Mapping[str, list[Expr | None]]) -> frozenset[str]:
    """With what the names are computed from."""
    found = set(names)
    queue = list(names)
    while queue:
        for value in definitions.get(queue.pop(), ()):
            new = variables(value) - found if value is not None else frozenset()
            found |= new
            queue += new
    return frozenset(found)
