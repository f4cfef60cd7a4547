"""Loop distribution: a parallel loop is moved inwards until only straight lines of statements are under it.

A vector instruction works on one statement for many iterations, so `parallel v { s1; for (k) s2; }` becomes
`parallel v s1; for (k) parallel v s2;`. Iterations are independent, so any such order is legal. A value that lives
from one of the new loops to a later one becomes an array with an element per iteration (loop expansion) in NRAM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from math import prod
from typing import Final

from xpiler.backends.bang.passes.body import breaks, leaves
from xpiler.backends.bang.passes.expand import expanded, names, rematerialise, varying
from xpiler.backends.bang.passes.index import (
    affine,
    conjuncts,
    least,
    lower_bound,
    most,
    upper_bound,
)
from xpiler.backends.bang.passes.lengths import block_size, longest
from xpiler.backends.bang.spaces import NRAM
from xpiler.ir.affine import poly_to_expr
from xpiler.ir.build import i32
from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Atomic,
    Binary,
    Block,
    Break,
    Call,
    Const,
    Continue,
    Declare,
    Expr,
    For,
    If,
    Load,
    Module,
    Select,
    Stmt,
    Store,
    Var,
    While,
)
from xpiler.ir.types import I32, Scalar
from xpiler.ir.walk import (
    assigned,
    blocks,
    buffers_written,
    declared,
    expressions,
    fresh,
    map_block,
    statements,
    subexpressions,
    substitute,
    variables,
    with_blocks,
)
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass
from xpiler.passes.simplify import negated
from xpiler.records import dataclass

__all__ = ["DISTRIBUTE", "INNERMOST"]

INNERMOST: Final = frozenset({"vector", "thread.x", "lane"})


def _rewrite(module: Module, context: Context) -> Outcome:
    kernel = module.kernels[0]
    if kernel.level != "task":
        return NotApplicable(f"the program is at level {kernel.level}, not task")
    taken = {p.name for p in kernel.params} | set(declared(kernel.body))
    taken |= {g.name for g in module.globals}
    capacity = context.facts.get("nram_bytes", 0) // 2
    work = _Distributor(taken, _integers(kernel.body), capacity)
    # an expanded array outlives the loops that share it: it is declared at the head of the kernel
    body = map_block(work.visit(kernel.body), _without_loop)
    if not work.changed and not work.prepared:
        return NotApplicable("no parallel loop holds more than a straight line of statements")
    done = replace(kernel, body=(*work.arrays, *body))
    notes = (
        f"{work.changed} loops distributed, {len(work.arrays)} values expanded into NRAM arrays",
    )
    return Applied(replace(module, kernels=(done,)), notes)


def _integers(body: Block) -> dict[str, Expr]:
    """The i32 locals by their initial values; names are unique in a kernel."""
    changed = {s.name for s in statements(body) if isinstance(s, Assign)}
    return {
        s.name: s.init
        for s in statements(body)
        if isinstance(s, Declare) and s.init is not None and s.type == I32 and s.name not in changed
    }


def _without_loop(stmt: Stmt) -> Block:
    """A loop of one iteration as its body: what `if (threadIdx.x == 0)` leaves, as a block has a thread."""
    if not isinstance(stmt, For) or stmt.axis not in INNERMOST or not isinstance(stmt.lo, Const):
        return (stmt,)
    match stmt.hi:
        case Call(function="min", args=args) if stmt.lo == i32(0):
            ends = [a for a in args if not block_size(a)]
        case _:
            ends = [stmt.hi]
    if ends != [_after(stmt.lo)] or any(
        isinstance(s, Break | Continue) for s in statements(stmt.body)
    ):
        return (stmt,)
    return substitute(stmt.body, {stmt.var: stmt.lo})


@dataclass(frozen=True, slots=True)
class _Range:
    """The iterations of the loop that is distributed: `var` from `lo` to `hi`, and what the source knew of it."""

    loop: For
    lo: Expr
    hi: Expr

    def wrap(self, body: Block) -> Stmt:
        return replace(self.loop, lo=self.lo, hi=self.hi, body=body)


@dataclass
class _Distributor:
    taken: set[str]
    locals: Mapping[str, Expr]
    capacity: int
    size: int = 0  # of the arrays for the loop at hand
    arrays: list[Stmt] = field(default_factory=list)
    changed: int = 0
    prepared: int = 0

    def visit(self, block: Block) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            if isinstance(stmt, For) and stmt.axis in INNERMOST:
                out += self.loop(stmt)
            elif blocks(stmt):
                out.append(with_blocks(stmt, tuple(self.visit(b) for b in blocks(stmt))))
            else:
                out.append(stmt)
        return tuple(out)

    def loop(self, loop: For) -> Block:
        body = rematerialise(loop.body)
        self.prepared += body != loop.body
        if not _compound(body):
            return (replace(loop, body=body),)
        loop = replace(loop, body=body)
        if loop.step != Const(1, loop.type) or loop.type != I32 or leaves(body):
            return (loop,)
        return self._split(loop, loop)

    def _split(self, loop: For, original: For) -> Block:
        bound = longest(loop, self.locals)
        if bound is None:
            return (original,)
        self.size = max(bound, 1)
        split = _Split(self, loop)
        kept = list(self.arrays)
        result = split.block(loop.body, _Range(loop, loop.lo, loop.hi))
        crossing = None if result is None else _crossing(split, result)
        if result is None or crossing is None:
            self.arrays = kept
            return (original,)
        for name, elem in crossing.items():
            self.array(name, elem, ())
        own = frozenset(a.name for a in self.arrays[len(kept) :] if isinstance(a, Alloc))
        if self.bytes() > self.capacity:
            self.arrays = kept
            return (original,)
        self.changed += 1
        index: Expr = Var(loop.var, I32)
        if loop.lo != i32(0):
            index = Binary("-", index, loop.lo)
        done = expanded(tuple(result), crossing, own - frozenset(crossing), index)
        return self._renamed(done, loop.var)

    def _renamed(self, block: Block, variable: str) -> Block:
        """Every loop but the first over `variable` gets a name of its own."""
        first = True

        def one(stmt: Stmt) -> Block:
            nonlocal first
            if not isinstance(stmt, For) or stmt.var != variable:
                return (stmt,)
            if not stmt.body:  # its declarations became arrays
                return ()
            if first:
                first = False
                return (stmt,)
            name = fresh(variable, self.taken)
            self.taken.add(name)
            return (
                replace(stmt, var=name, body=substitute(stmt.body, {variable: Var(name, I32)})),
            )

        return map_block(block, one)

    def bytes(self) -> int:
        """Of all expanded arrays; beyond any capacity if one has no constant shape."""
        total = 0
        for array in self.arrays:
            assert isinstance(array, Alloc)
            if not all(isinstance(d, Const) for d in array.shape):
                return 1 << 40
            total += array.elem.size * prod(
                int(d.value) for d in array.shape if isinstance(d, Const)
            )
        return total

    def array(self, name: str, elem: Scalar, dims: tuple[Expr, ...]) -> None:
        self.arrays.append(Alloc(name, elem, (*dims, i32(self.size)), NRAM))


def _reads_memory(expr: Expr) -> bool:
    return any(isinstance(s, Load) for s in subexpressions(expr))


def _compound(body: Block) -> bool:
    return any(
        isinstance(s, For | While | If)
        or (
            isinstance(s, Store | Assign | Declare)
            and any(isinstance(e, Select) for e in expressions(s))
        )
        for s in statements(body)
    )


class _Split:
    """Distribute one loop. `varying` are the locals with a value per iteration."""

    def __init__(self, owner: _Distributor, loop: For) -> None:
        self.owner = owner
        self.loop = loop
        self.variable = loop.var
        self.varying = varying(loop.body, loop.var)
        self.written = buffers_written(loop.body)
        self.wrapped: list[Stmt] = []

    def block(self, body: Block, where: _Range) -> list[Stmt] | None:
        out: list[Stmt] = []
        run: list[Stmt] = []

        def flush() -> None:
            if run:
                loop = where.wrap(tuple(run))
                self.wrapped.append(loop)
                out.append(loop)
                run.clear()

        for stmt in body:
            if isinstance(stmt, Declare | Assign) and stmt.name not in self.varying:
                flush()
                out.append(stmt)
            elif isinstance(stmt, Declare) and isinstance(stmt.init, Select):
                padded = self._padded(Assign(stmt.name, stmt.init, span=stmt.span), where)
                run.append(stmt if padded is None else replace(stmt, init=None))
                if padded is not None:
                    flush()
                    out += padded
            elif isinstance(stmt, Alloc) and stmt.init:
                if stmt.name in self.written:
                    return None
                flush()
                out.append(stmt)  # a table, the same for all iterations
            elif isinstance(stmt, Alloc):
                self.owner.array(stmt.name, stmt.elem, stmt.shape)
            else:
                apart = self._apart(stmt, where)
                if apart is None:
                    run.append(stmt)
                else:
                    flush()
                    out += apart
        flush()
        return out

    def _apart(self, stmt: Stmt, where: _Range) -> list[Stmt] | None:
        """`stmt` with the parallel loop inside it; None if it stays under the loop."""
        match stmt:
            case Store() | Assign():
                return self._padded(stmt, where)
            case If(cond=cond, then=then, orelse=orelse):
                return self._if(stmt, cond, then, orelse, where)
            case For():
                return self._for(stmt, where)
            case While(cond=cond, body=body) if self._uniform(cond) and not breaks(body):
                inner = self.block(body, where)
                return None if inner is None else [replace(stmt, body=tuple(inner))]
            case _:
                return None

    def _if(
        self, stmt: If, cond: Expr, then: Block, orelse: Block, where: _Range
    ) -> list[Stmt] | None:
        if self._uniform(cond):
            a, b = self.block(then, where), self.block(orelse, where)
            if a is None or b is None:
                return None
            return [replace(stmt, then=tuple(a), orelse=tuple(b))]
        if orelse:
            return self._both(stmt, where)
        single = self._single(cond)
        if single is not None and where.lo == i32(0):
            only = replace(where, lo=single, hi=least(where.hi, _after(single)))
            return self.block(then, only)
        limits = self._limits(cond, where)
        if limits is None:
            return None
        inner = self.block(then, limits[0])
        if inner is None:
            return None
        if any(
            map(_may_trap, inner)
        ):  # outside the vector loops: only where one iteration gets here
            inner = [If(Binary("<", limits[0].lo, limits[0].hi), tuple(inner))]
        for c in reversed(limits[1]):
            inner = [If(c, tuple(inner))]
        return inner

    def _both(self, stmt: If, where: _Range) -> list[Stmt] | None:
        """`if (c) a; else b;` as `if (c) a; if (!c) b;`, where a does not change c."""
        opposite = negated(stmt.cond)
        stable = not any(isinstance(s, Load) for s in subexpressions(stmt.cond))
        read = {s.name for s in subexpressions(stmt.cond) if isinstance(s, Var)}
        if not stable or read & assigned(stmt.then):
            return None
        if self._limits(stmt.cond, where) is None or self._limits(opposite, where) is None:
            return None
        return self.block(
            (replace(stmt, orelse=()), If(opposite, stmt.orelse, span=stmt.span)), where
        )

    def _limits(self, cond: Expr, where: _Range) -> tuple[_Range, list[Expr]] | None:
        """The iterations for which `cond` holds, and what of it is the same for all; None if it is neither."""
        lo, hi = where.lo, where.hi
        rest: list[Expr] = []
        for c in conjuncts(cond):
            above = upper_bound(c, self.variable, {})
            below = lower_bound(c, self.variable, {}) if above is None else None
            if self._uniform(c):
                rest.append(c)
            elif above is not None and self._uniform(above):
                hi = least(hi, above)
            elif below is not None and self._uniform(below):
                lo = most(lo, below)
            else:
                return None
        if len(rest) == len(conjuncts(cond)):
            return None
        return replace(where, lo=lo, hi=hi), rest

    def _padded(self, stmt: Stmt, where: _Range) -> list[Stmt] | None:
        """`x[v] = c ? load : fill;` with c a range of v: fill everywhere, then load where c holds."""
        value = stmt.value if isinstance(stmt, Store | Assign) else None
        if not isinstance(value, Select) or self._uniform(value.cond):
            return None
        if any(isinstance(s, Load) for s in subexpressions(value.cond)):
            return None
        if isinstance(stmt, Store | Assign) and _reads_memory(value.b):
            return self._either(stmt, value, where)
        if not _reads_memory(value.a):
            return None
        if isinstance(stmt, Store) and any(
            isinstance(s, Load) and s.buffer == stmt.buffer for s in subexpressions(value.a)
        ):
            return None
        if isinstance(stmt, Assign) and stmt.name in variables(value):
            return None
        if self._limits(value.cond, where) is None:
            return None
        assert isinstance(stmt, Store | Assign)
        filled = replace(stmt, value=value.b)
        loaded = If(value.cond, (replace(stmt, value=value.a),), span=stmt.span)
        return self.block((filled, loaded), where)

    def _either(self, stmt: Store | Assign, value: Select, where: _Range) -> list[Stmt] | None:
        """`x[v] = c ? a : b;` as `if (c) x[v] = a; if (!c) x[v] = b;`, two ranges of v."""
        if isinstance(stmt, Store) and any(
            isinstance(s, Load) and s.buffer == stmt.buffer for s in subexpressions(value)
        ):
            return None
        if isinstance(stmt, Assign) and stmt.name in variables(value):
            return None
        opposite = negated(value.cond)
        if self._limits(value.cond, where) is None or self._limits(opposite, where) is None:
            return None
        first = If(value.cond, (replace(stmt, value=value.a),), span=stmt.span)
        second = If(opposite, (replace(stmt, value=value.b),), span=stmt.span)
        return self.block((first, second), where)

    def _single(self, cond: Expr) -> Const | None:
        """The one iteration that runs what is guarded by `v == number`."""
        if not isinstance(cond, Binary) or cond.op != "==" or not isinstance(cond.b, Const):
            return None
        left = affine(cond.a, self.variable, {})
        if left is None or left.stride.value != 1 or left.offset.value is None:
            return None
        at = int(cond.b.value) - left.offset.value
        return i32(at) if at >= 0 else None

    def _for(self, loop: For, where: _Range) -> list[Stmt] | None:
        if breaks(loop.body) or not self._uniform(loop.step):
            return None
        if self._uniform(loop.lo) and self._uniform(loop.hi):
            self.varying.discard(loop.var)
            inner = self.block(loop.body, where)
            return None if inner is None else [replace(loop, body=tuple(inner))]
        return self._shifted(loop, where)

    def _shifted(self, loop: For, where: _Range) -> list[Stmt] | None:
        """`for (j = u + v; j < n; j += s)` under v: j = w + v with a loop over w, and v < n - w inside."""
        start = affine(loop.lo, self.variable, {})
        if (
            start is None
            or start.stride.value != 1
            or not self._uniform(loop.hi)
            or loop.type != I32
        ):
            return None
        if start.offset.mentions(self.varying):
            return None
        step = loop.var + "_base"
        step = fresh(step, self.owner.taken)
        self.owner.taken.add(step)
        first = poly_to_expr(start.offset, I32)
        moved = Binary("+", Var(step, I32), Var(self.variable, I32))
        body = substitute(loop.body, {loop.var: moved})
        self.varying.discard(loop.var)
        hi = least(where.hi, Binary("-", loop.hi, Var(step, I32)))
        inner = self.block(rematerialise(body), replace(where, hi=hi))
        if inner is None:
            return None
        # the loop over w must reach every iteration that v = lo starts
        end = loop.hi if where.lo == i32(0) else Binary("-", loop.hi, where.lo)
        return [For(step, I32, first, end, loop.step, tuple(inner), "serial", span=loop.span)]

    def _uniform(self, expr: Expr) -> bool:
        for sub in subexpressions(expr):
            if isinstance(sub, Var) and (sub.name == self.variable or sub.name in self.varying):
                return False
            if isinstance(sub, Load):
                return False
        return True


def _after(at: Const) -> Const:
    return i32(int(at.value) + 1)


def _may_trap(stmt: Stmt) -> bool:
    """Whether a statement divides integers outside the loops that were distributed."""
    if isinstance(stmt, For) and stmt.axis in INNERMOST:
        return False
    divides = any(
        isinstance(s, Binary) and s.op in ("/", "%") and not isinstance(s.b, Const)
        for e in expressions(stmt)
        for s in subexpressions(e)
    )
    return divides or any(_may_trap(s) for b in blocks(stmt) for s in b)


def _crossing(split: _Split, result: list[Stmt]) -> dict[str, Scalar] | None:
    """Varying scalars that more than one of the new loops mentions; None if one can't be expanded."""
    types = {
        s.name: s.type
        for s in statements(tuple(result))
        if isinstance(s, Declare) and s.name in split.varying
    }
    found: dict[str, Scalar] = {}
    for name, type_ in types.items():
        users = [s for s in split.wrapped if name in names(s)]
        if len(users) < 2:
            continue
        results = (s for u in users for s in statements((u,)) if isinstance(s, Atomic))
        if not isinstance(type_, Scalar) or any(a.result == name for a in results):
            return None
        found[name] = type_
    return found


DISTRIBUTE: Final = Pass(
    name="loop_distribution",
    group="loop",
    before="parallel(vector) for (v ...) { f32 s = 0; for (k ...) s += x[k][v]; y[v] = s; }",
    after="parallel v: s[v] = 0; for (k ...) parallel v: s[v] += x[k][v]; parallel v: y[v] = s[v];",
    rewrite=_rewrite,
    meta_prompt="loop_expansion",
)
