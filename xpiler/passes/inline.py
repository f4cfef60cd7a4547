"""Inline device functions.

before: f32 r; r = square(x[i]);              (f32 square(f32 v) { return v * v; })
after:  f32 r; f32 v = x[i]; r = v * v;

Early returns become nesting, or a flag where nesting cannot express them. Reference parameters become the
caller's variables, pointer parameters the caller's buffers with an offset. Static shared memory of a function
exists once, however often it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from xpiler.ir.build import boolean, cast, given, i32
from xpiler.ir.functions import given_buffer
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Atomic,
    Binary,
    Block,
    Builtin,
    Declare,
    Expr,
    Function,
    Invoke,
    Load,
    Module,
    Ref,
    Return,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import I64, Pointer, Scalar, Spaces
from xpiler.ir.walk import declared, map_block, statements, variables
from xpiler.passes.base import Applied, Context, NotApplicable, Outcome, Pass, Unsupported
from xpiler.passes.loop_recovery.jumps import without_returns
from xpiler.passes.names import Names, rename, reserved
from xpiler.passes.simplify import simplify
from xpiler.records import dataclass

__all__ = ["PASS"]


def _rewrite(module: Module, context: Context) -> Outcome:
    del context
    (kernel,) = module.kernels
    if not _calls(kernel.body):
        if not module.functions:
            return NotApplicable("no device function is called", kernel.span)
        return Applied(replace(module, functions=()))
    problem = _recursion(module, kernel.body)
    if problem is not None:
        return problem
    names = Names({*reserved(module, kernel), *declared(kernel.body)})
    functions = {f.name: f for f in module.functions}
    pointers = frozenset(p.name for p in kernel.params if isinstance(p.type, Pointer))
    inliner = _Inliner(functions, names, _shapes(module, kernel.body), pointers)
    body = inliner.block(kernel.body)
    whole = replace(kernel, body=(*inliner.shared.values(), *body))
    inlined = sorted({c.function for c in _calls(kernel.body)})
    return Applied(
        replace(module, kernels=(whole,), functions=()), (f"inlined {', '.join(inlined)}",)
    )


def _calls(block: Block) -> list[Invoke]:
    return [s for s in statements(block) if isinstance(s, Invoke)]


def _shapes(module: Module, body: Block) -> dict[str, tuple[Expr, ...]]:
    shapes = {s.name: s.shape for s in statements(body) if isinstance(s, Alloc) and not s.dynamic}
    shapes.update({g.name: tuple(i32(n) for n in g.shape) for g in module.globals})
    return shapes


def _recursion(module: Module, body: Block) -> Unsupported | None:
    """A refusal if a function calls itself, directly or not, or is not there."""
    functions = {f.name: f for f in module.functions}

    def visit(block: Block, path: tuple[str, ...]) -> Unsupported | None:
        for call in _calls(block):
            if call.function in path:
                reason = f"the device function '{call.function}' is recursive"
                return Unsupported("XP2001", reason, call.span, "write the recursion as a loop")
            if call.function not in functions:
                return Unsupported(
                    "XP2002", f"the body of '{call.function}' is not known", call.span
                )
            found = visit(functions[call.function].body, (*path, call.function))
            if found is not None:
                return found
        return None

    return visit(body, ())


@dataclass
class _Inliner:
    functions: Mapping[str, Function]
    names: Names
    shapes: dict[str, tuple[Expr, ...]]
    pointers: frozenset[str]
    shared: dict[tuple[str, str], Alloc] = field(default_factory=dict)

    def block(self, block: Block) -> Block:
        return map_block(block, lambda s: self._call(s) if isinstance(s, Invoke) else (s,))

    def _call(self, call: Invoke) -> Block:
        function = self.functions[call.function]
        body, mapping = self._copy(function)
        pre: list[Stmt] = []
        places: dict[str, _Place] = {}
        for param, arg in zip(function.params, call.args, strict=True):
            name = mapping[param.name]
            if isinstance(arg, Ref):
                body = rename(body, {name: arg.name})
            elif isinstance(param.type, Pointer):
                assert isinstance(arg, AddressOf)
                places[name] = self._place(arg, name, pre)
            else:
                pre.append(Declare(name, param.type, cast(param.type, arg), span=call.span))
        body = _redirected(body, places)
        body = map_block(body, lambda s: _returned(s, call.result))
        body = self.block(without_returns(body, self.names))
        return (*pre, *body)

    def _copy(self, function: Function) -> tuple[Block, dict[str, str]]:
        """The body with names of its own; its static shared memory is that of all its calls."""
        once = {
            s.name: s
            for s in statements(function.body)
            if isinstance(s, Alloc) and s.space == Spaces.SHARED
        }
        mapping = {p.name: self.names.fresh(p.name) for p in function.params}
        for name in sorted(declared(function.body)):
            key = (function.name, name)
            if name in once and key not in self.shared:
                self.shared[key] = replace(once[name], name=self.names.fresh(name))
                if not once[name].dynamic:
                    self.shapes[self.shared[key].name] = once[name].shape
            mapping[name] = self.shared[key].name if name in once else self.names.fresh(name)
        body = map_block(function.body, lambda s: () if s in once.values() else (s,))
        for stmt in statements(body):
            if isinstance(stmt, Alloc):
                self.shapes[mapping[stmt.name]] = stmt.shape
        return rename(body, mapping), mapping

    def _place(self, arg: AddressOf, name: str, pre: list[Stmt]) -> _Place:
        """Where a pointer argument points, its indices evaluated at the call."""
        index: list[Expr] = []
        for n, part in enumerate(arg.index):
            type = part.type
            if variables(part) and isinstance(type, Scalar):
                held = self.names.fresh(f"{name}_at" if n == len(arg.index) - 1 else f"{name}_row")
                pre.append(Declare(held, type, part))
                part = Var(held, type)
            index.append(part)
        shape = self.shapes.get(arg.buffer, ())
        return _Place(arg.buffer, tuple(index), shape, arg.buffer not in self.pointers)


@dataclass(frozen=True, slots=True)
class _Place:
    """A position in a buffer. `shape` is empty for a parameter or dynamic memory, which have rank 1."""

    buffer: str
    index: tuple[Expr, ...]
    shape: tuple[Expr, ...]
    local: bool = False

    @property
    def given(self) -> Expr:
        """Whether it is there: the kernel's own memory always is."""
        return boolean(True) if self.local else given(self.buffer)

    def at(self, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
        (inner,) = index
        rank = max(1, len(self.shape))
        if len(self.index) < rank:
            zeros = (i32(0),) * (rank - len(self.index) - 1)
            return (*self.index, *zeros, inner)
        moved = _plus(self.index[-1], inner)
        if rank == 1:
            return (moved,)
        return self._flat(moved)

    def _flat(self, last: Expr) -> tuple[Expr, ...]:
        """An element counted from one of a many-dimensional array: it may lie in a later row."""
        linear: Expr = self.index[0]
        for n, size in enumerate(self.shape[1:], 1):
            here = last if n == len(self.shape) - 1 else self.index[n]
            linear = _plus(_common("*", linear, size), here)
        parts: list[Expr] = []
        for size in reversed(self.shape[1:]):
            parts.insert(0, simplify(_common("%", linear, size)))
            linear = simplify(_common("/", linear, size))
        return (linear, *parts)


def _plus(a: Expr, b: Expr) -> Expr:
    return simplify(_common("+", a, b))


def _common(op: str, a: Expr, b: Expr) -> Expr:
    """Arithmetic on indices of possibly different types: their numbers, without wrapping."""
    if a.type == b.type:
        return Binary(op, a, b)
    return Binary(op, cast(I64, a), cast(I64, b))


def _redirected(body: Block, places: Mapping[str, _Place]) -> Block:
    if not places:
        return body

    def expr(e: Expr) -> Expr:
        if isinstance(e, Load | AddressOf) and e.buffer in places:
            place = places[e.buffer]
            return replace(e, buffer=place.buffer, index=place.at(e.index))
        if isinstance(e, Builtin) and given_buffer(e.name) in places:
            return places[given_buffer(e.name)].given
        return e

    def stmt(s: Stmt) -> Block:
        if isinstance(s, Store | Atomic) and s.buffer in places:
            place = places[s.buffer]
            return (replace(s, buffer=place.buffer, index=place.at(s.index)),)
        return (s,)

    return map_block(body, stmt, expr)


def _returned(stmt: Stmt, result: str | None) -> Block:
    if not isinstance(stmt, Return) or stmt.value is None:
        return (stmt,)
    if result is None:
        return (Return(span=stmt.span),)
    return Assign(result, stmt.value, span=stmt.span), Return(span=stmt.span)


PASS = Pass(
    name="inline",
    group="scalar",
    before="y[i] = gelu(x[i]);",
    after="f32 x_1 = x[i]; y[i] = 0.5f * x_1 * (1.0f + erf(x_1 * 0.70710678f));",
    rewrite=_rewrite,
    required=True,
)
