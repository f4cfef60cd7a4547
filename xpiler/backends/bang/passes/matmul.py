"""Matrix products of halves onto the matrix unit: `__bang_conv` with a kernel of 1 x 1.

before: for (i ...) for (j ...) { s = c[i][j]; for (k ...) s = s + (f32)a[i][k] * (f32)b[k][j]; c[i][j] = s; }
after:  xp_matmul_half(c, a, lda, b, ldb, m, n, k, ...);

The documented instruction takes halves and gives floats; its weights lie in WRAM in the order of
`__bang_reshape_filter`. The products are exact and added in the unit's own order, which verification judges. Float
operands have no documented matrix instruction: `__bang_matmul` is only seen in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from xpiler.backends.bang.passes.index import affine
from xpiler.backends.bang.spaces import NRAM, WRAM
from xpiler.ir.affine import Poly, constant, poly, poly_to_expr
from xpiler.ir.build import address, i32
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Binary,
    Block,
    Call,
    Cast,
    Const,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Load,
    Module,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import F16, F32, I32, VOID, Pointer
from xpiler.ir.walk import blocks, declared, fresh, statements, with_blocks
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.records import dataclass

__all__ = ["MATMUL"]

_LEAST: Final = 16
_MOST: Final = (128, 64, 512)  # rows, columns (what one reshaped filter holds), and depth


def _rewrite(module: Module, context: Context) -> Outcome:
    kernel = module.kernels[0]
    if kernel.level != "task" or context.facts.get("vector_alignment", 1) > 1:
        return NotApplicable("the program has no tasks yet, or 2xx, whose rules tiles do not keep")
    names = {p.name for p in kernel.params} | set(declared(kernel.body))
    names |= {g.name for g in module.globals}
    gdram = {p.name for p in kernel.params if isinstance(p.type, Pointer)}
    arrays = {
        s.name: _shape(s)
        for s in statements(kernel.body)
        if isinstance(s, Alloc) and s.space == NRAM
    }
    work = _Products(set(names), gdram, arrays)
    body = work.block(kernel.body)
    if not work.done:
        return NotApplicable("no product of matrices of halves with known sizes")
    room = context.facts.get("nram_bytes", 0) - sum(map(_bytes, statements(kernel.body)))
    scratch = work.scratch()
    if sum(_bytes(s) for s in scratch if isinstance(s, Alloc) and s.space == NRAM) > room:
        return NotApplicable("NRAM is full")
    done = replace(kernel, body=(*scratch, *body))
    return Applied(
        replace(module, kernels=(done,)), (f"{work.done} matrix products on the matrix unit",)
    )


def _shape(array: Alloc) -> tuple[int, ...]:
    """The constant shape; empty if it is not constant."""
    sizes = tuple(int(d.value) for d in array.shape if isinstance(d, Const))
    return sizes if len(sizes) == len(array.shape) else ()


def _bytes(stmt: Stmt) -> int:
    if not isinstance(stmt, Alloc) or stmt.space not in (NRAM, WRAM):
        return 0
    size = stmt.elem.size
    for n in _shape(stmt):
        size *= n
    return size


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Elements `buffer[start + row_stride * row + column_stride * column]`."""

    buffer: str
    start: tuple[Expr, ...]
    rows: Poly
    columns: Poly


class _Products:
    def __init__(
        self, taken: set[str], gdram: set[str], arrays: Mapping[str, tuple[int, ...]]
    ) -> None:
        self.taken, self.gdram, self.arrays = taken, gdram, arrays
        self.done = 0
        self.sizes = (0, 0, 0)
        self.names = tuple(self._fresh(f"mm_{part}") for part in ("a", "b", "turned", "w", "part"))

    def _fresh(self, stem: str) -> str:
        name = fresh(stem, self.taken)
        self.taken.add(name)
        return name

    def scratch(self) -> list[Stmt]:
        m, _, k = self.sizes
        a, b, turned, w, part = self.names
        return [
            Alloc(a, F16, (i32(m * k),), NRAM),
            Alloc(b, F16, (i32(64 * k),), NRAM),
            Alloc(turned, F16, (i32(64 * k),), NRAM),
            Alloc(w, F16, (i32(64 * k),), WRAM),
            Alloc(part, F32, (i32(2 * 64 * m),), NRAM),
        ]

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            made = self._product(stmt) if isinstance(stmt, For) else None
            if made is not None:
                out.append(made)
            elif blocks(stmt):
                out.append(with_blocks(stmt, tuple(self.block(b) for b in blocks(stmt))))
            else:
                out.append(stmt)
        return tuple(out)

    def _product(self, rows: For) -> Stmt | None:
        """The call for a nest over rows, columns and depth; None if it is no such nest."""
        columns = _only_for(rows.body)
        if columns is None or len(columns.body) != 3:
            return None
        first, depth, last = columns.body
        sizes = tuple(map(_count, (rows, columns, depth)))
        if not isinstance(depth, For) or not isinstance(first, Declare) or first.type != F32:
            return None
        if not all(_LEAST <= n <= most for n, most in zip(sizes, _MOST, strict=True)):
            return None
        c = first.init
        stored = isinstance(last, Store) and last.value == Var(first.name, F32)
        if not isinstance(c, Load) or not isinstance(last, Store) or not stored:
            return None
        if (last.buffer, last.index) != (c.buffer, c.index) or c.buffer not in self.arrays:
            return None
        factors = _factors(depth, first.name)
        if factors is None:
            return None
        result = self._matrix(c, rows.var, columns.var, depth.var)
        a = self._matrix(factors[0], rows.var, depth.var, columns.var)
        b = self._matrix(factors[1], depth.var, columns.var, rows.var)
        if result is None or a is None or b is None or c.buffer in (a.buffer, b.buffer):
            return None
        if result.columns != constant(1) or result.rows != constant(sizes[1]):
            return None
        return self._call(rows, result, a, b, sizes)

    def _call(
        self, nest: For, c: _Matrix, a: _Matrix, b: _Matrix, sizes: tuple[int, ...]
    ) -> Stmt | None:
        one = constant(1)
        turned = b.columns != one
        ld_b = b.columns if turned else b.rows
        if a.columns != one or (turned and b.rows != one):
            return None
        if any(s.value is not None and s.value <= 0 for s in (a.rows, ld_b)):
            return None
        padded = (sizes[2] + 31) // 32 * 32
        self.sizes = (max(self.sizes[0], sizes[0]), 64, max(self.sizes[2], padded))
        scratch = tuple(
            address(name, F32 if name == self.names[-1] else F16, i32(0)) for name in self.names
        )
        ends = [
            address(c.buffer, F32, *c.start),
            *(address(a.buffer, F16, *a.start), poly_to_expr(a.rows, I32), self._way(a)),
            *(address(b.buffer, F16, *b.start), poly_to_expr(ld_b, I32), self._way(b)),
        ]
        numbers = (*(i32(n) for n in sizes), i32(int(turned)))
        call = Evaluate(Call("xp_matmul_half", (*ends, *numbers, *scratch), VOID), span=nest.span)
        self.done += 1
        strides = [s for s in (a.rows, ld_b) if s.value is None]
        cond: Expr | None = None
        for stride in strides:
            positive = Binary(">", poly_to_expr(stride, I32), i32(0))
            cond = positive if cond is None else Binary("&&", cond, positive)
        return call if cond is None else If(cond, (call,), (nest,))

    def _way(self, matrix: _Matrix) -> Expr:
        return Call("GDRAM2NRAM" if matrix.buffer in self.gdram else "NRAM2NRAM", (), I32)

    def _matrix(self, load: Load, row: str, column: str, other: str) -> _Matrix | None:
        """`load` as a matrix over two loop variables that does not depend on the third."""
        if load.buffer not in self.gdram and load.buffer not in self.arrays:
            return None
        shape = self.arrays.get(load.buffer, ())
        if len(load.index) > 1 and len(shape) != len(load.index):
            return None
        rows, columns = constant(0), constant(0)
        start: list[Expr] = []
        for n, index in enumerate(load.index):
            inner = 1
            for size in shape[n + 1 :]:
                inner *= size
            by_row = affine(index, row, {})
            if by_row is None or by_row.stride.mentions([column, other]):
                return None
            rest = affine(poly_to_expr(by_row.offset, I32), column, {})
            if rest is None or rest.offset.mentions([row, column, other]):
                return None
            if rest.stride.mentions([row, other]) or any(
                isinstance(atom, Load) for term in poly(index).terms for atom in term
            ):
                return None
            rows = rows + by_row.stride * constant(inner)
            columns = columns + rest.stride * constant(inner)
            start.append(poly_to_expr(rest.offset, I32))
        return _Matrix(load.buffer, tuple(start), rows, columns)


def _only_for(body: Block) -> For | None:
    return body[0] if len(body) == 1 and isinstance(body[0], For) else None


def _count(loop: Stmt) -> int:
    """Iterations of a loop from 0 by 1 to a literal; 0 for anything else."""
    if not isinstance(loop, For) or loop.lo != i32(0) or loop.step != i32(1):
        return 0
    return int(loop.hi.value) if isinstance(loop.hi, Const) else 0


def _factors(depth: For, total: str) -> tuple[Load, Load] | None:
    """x and y of `total = total + (f32)x * (f32)y`, loads of halves."""
    if len(depth.body) != 1 or not isinstance(depth.body[0], Assign):
        return None
    stmt = depth.body[0]
    value = stmt.value
    if stmt.name != total or not isinstance(value, Binary) or value.op != "+":
        return None
    product = value.b
    if value.a != Var(total, F32) or not isinstance(product, Binary) or product.op != "*":
        return None
    match product.a, product.b:
        case Cast(a=Load() as x), Cast(a=Load() as y) if x.type == F16 and y.type == F16:
            return x, y
        case _:
            return None


MATMUL: Final = Pass(
    name="matmul",
    group="tensor",
    before="for (i..) for (j..) { s = c[i][j]; for (k..) s = s + (f32)a[i][k] * (f32)b[k][j]; c[i][j] = s; }",
    after="xp_matmul_half(c, a, lda, b, ldb, 16, 16, 16, ...);  // __bang_conv",
    rewrite=_rewrite,
    meta_prompt="tensorize",
)
