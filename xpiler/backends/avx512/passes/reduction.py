"""Sums of integers, minima and maxima over an inner loop, onto lanes of that loop.

before: for (i32 k = 0; k < n; k += 1) { acc += (i32)a[row * n + k] * (i32)b[col * n + k]; }      (bytes)
after:  for (...; k += 64) v = dp4a(loadu(&a[...]), loadu(&b[...]), v);  rest by 16;  acc += reduce_add(v);

Integer addition wraps and minimum and maximum round nothing, so that any order gives the same. A thread
that walks along a row reads memory in one piece this way; with a lane per thread it would gather.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.passes.instructions import LANES, register, suffix
from xpiler.backends.avx512.passes.lanes import call
from xpiler.backends.avx512.passes.shape import Shape, Shapes, analyse
from xpiler.ir.build import binary, const, i32
from xpiler.ir.nodes import (
    AddressOf,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Expr,
    For,
    Load,
    Stmt,
    Var,
)
from xpiler.ir.types import F32, I8, I16, I32, U32, Pointer, Scalar
from xpiler.ir.walk import expressions, map_block, statements, subexpressions, variables
from xpiler.passes.names import Names
from xpiler.records import dataclass

__all__ = ["Reduction", "find_reduction", "preferable", "reduced_narrow"]

_ORDERLESS: Final = {"min": "min", "max": "max", "fmin": "min", "fmax": "max"}


@dataclass(frozen=True, slots=True)
class Reduction:
    """`loop` combines one value per iteration into `name`; `op` is add, min or max.

    `value` is what is combined; for a dot product of bytes (`dp4a`) it is the call with its addend.
    """

    loop: For
    name: str
    type: Scalar
    op: str
    function: str
    value: Expr

    def carried(self, vector: str) -> Block:
        """The body with the lanes' own accumulators (a variable `vector`) in place of the scalar one."""

        def rename(expr: Expr) -> Expr:
            return Var(vector, self.type) if expr == Var(self.name, self.type) else expr

        def assign(stmt: Stmt) -> Block:
            hit = isinstance(stmt, Assign) and stmt.name == self.name
            return (Assign(vector, stmt.value),) if hit and isinstance(stmt, Assign) else (stmt,)

        return map_block(self.loop.body, assign, rename)

    def start(self, vector: str) -> Stmt:
        """The accumulators: nothing yet for a sum, else the value so far in every lane."""
        kept = register(self.type)
        zero = const(0, self.type)
        first: Expr = zero if self.op == "add" else Var(self.name, self.type)
        return Declare(vector, kept, call(f"_mm512_set1_{suffix(self.type)}", kept, first))

    def finish(self, vector: str) -> Stmt:
        """The lanes come together."""
        lanes = Var(vector, register(self.type))
        together = call(f"_mm512_reduce_{self.op}_{suffix(self.type)}", self.type, lanes)
        if self.op == "add":
            return Assign(self.name, Binary("+", Var(self.name, self.type), together))
        return Assign(self.name, together)


def find_reduction(loop: For) -> Reduction | None:
    """The reduction that `loop` is, if it is nothing else."""
    if loop.axis not in ("serial", "unroll") or loop.type != I32 or loop.step != const(1, I32):
        return None
    if not loop.body:
        return None
    *before, last = loop.body
    if not isinstance(last, Assign) or any(not isinstance(s, Declare) for s in before):
        return None
    found = _combined(last, loop)
    if found is None:
        return None
    mentions = sum(
        e == Var(last.name, found.type)
        for s in statements(loop.body)
        for x in expressions(s)
        for e in subexpressions(x)
    )
    return found if mentions == 1 else None


def _combined(stmt: Assign, loop: For) -> Reduction | None:
    name, value = stmt.name, stmt.value
    type_ = value.type
    if not isinstance(type_, Scalar):
        return None
    own = Var(name, type_)
    match value:
        case Binary(op="+", a=a, b=b) if type_ in (I32, U32) and own in (a, b):
            return Reduction(loop, name, type_, "add", "+", b if a == own else a)
        case Call(function="dp4a", args=(_, _, addend)) if addend == own:
            return Reduction(loop, name, type_, "add", "dp4a", value)
        case Call(function=("min" | "max") as f, args=(a, b)) if type_ == I32 and own in (a, b):
            return Reduction(loop, name, type_, f, f, b if a == own else a)
        case Call(function=("fmin" | "fmax") as f, args=(a, b)) if type_ == F32 and own in (a, b):
            return Reduction(loop, name, type_, _ORDERLESS[f], f, b if a == own else a)
        case _:
            return None


def preferable(reduction: Reduction, outer: Shapes) -> bool:
    """Whether lanes of the reduction's own loop read more of memory in one piece than those of the loop around."""
    if _is_short(reduction.loop):
        return False
    inner = analyse(replace(reduction.loop, body=reduction.loop.body[:-1]))
    threads = _scattered(reduction.loop.body, outer)
    own = _scattered(reduction.loop.body, inner)
    return threads > own


def _is_short(loop: For) -> bool:
    """Whether its iterations would not fill a register."""
    lo, hi = loop.lo, loop.hi
    return isinstance(lo, Const) and isinstance(hi, Const) and int(hi.value) - int(lo.value) < LANES


def _scattered(block: Block, shapes: Shapes) -> int:
    """Loads that lanes spread over memory."""
    loads = (
        e
        for s in statements(block)
        for x in expressions(s)
        for e in subexpressions(x)
        if isinstance(e, Load)
    )
    return sum(not _together(load, shapes) for load in loads)


def _together(load: Load, shapes: Shapes) -> bool:
    """One piece of memory, or the same for all; bytes may be those of words."""
    stride = _stride(load, shapes)
    return stride in (0, 1) or (stride == 4 and load.type.bits == 8)


def _stride(load: Load, shapes: Shapes) -> int | None:
    first = [shapes.of(i) for i in load.index[:-1]]
    if any(not s.uniform for s in first) or load.buffer in shapes.private:
        return None
    return shapes.of(load.index[-1]).stride


_LOADS: Final = {I8: "_mm512_loadu_epi8", I16: "_mm512_loadu_epi16"}


def reduced_narrow(reduction: Reduction, vector: str, names: Names) -> tuple[Block, Expr] | None:
    """For a product of bytes, or of 16-bit integers, side by side: the loop over a register of them, and where
    the rest begins."""
    loop, value = reduction.loop, reduction.value
    if reduction.function != "+" or len(loop.body) != 1 or not isinstance(value, Binary):
        return None
    if value.op != "*":
        return None
    a, b = _narrow(value.a, loop), _narrow(value.b, loop)
    if a is None or b is None or a.type != b.type:
        return None
    kept, elem = register(I32), a.type
    loaded = [
        call(_LOADS[elem], kept, AddressOf(x.buffer, x.index, Pointer(elem, const=True)))
        for x in (a, b)
    ]
    sums = Var(vector, kept)
    if elem == I8:
        step = Assign(vector, call("xp_dp4a_epi32", kept, *loaded, sums))
    else:
        step = Assign(vector, call("_mm512_dpwssd_epi32", kept, sums, *loaded))
    count = 512 // elem.bits
    index = names.fresh(loop.var)

    def moved(expr: Expr) -> Expr:
        return Var(index, I32) if expr == Var(loop.var, I32) else expr

    body = map_block((step,), lambda s: (s,), moved)
    last = binary("-", loop.hi, i32(count - 1))
    main = For(index, I32, loop.lo, last, i32(count), body, axis="vector")
    whole = binary("*", binary("/", binary("-", loop.hi, loop.lo), i32(count)), i32(count))
    return (main,), binary("+", loop.lo, whole)


def _narrow(expr: Expr, loop: For) -> Load | None:
    """A signed byte or 16-bit integer whose index goes up by one with the loop's variable."""
    match expr:
        case Cast(type=to, a=Load(type=elem) as load) if to == I32 and elem in _LOADS:
            shapes = Shapes({loop.var: Shape(1)})
            return load if _stride(load, shapes) == 1 and loop.var in _all(load) else None
        case _:
            return None


def _all(load: Load) -> frozenset[str]:
    return frozenset().union(*(variables(i) for i in load.index))
