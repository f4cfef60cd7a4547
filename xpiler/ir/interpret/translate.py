"""The Kernel IR as Python source: a SIMT thread becomes a generator that yields where it waits for others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field

from xpiler.ir.functions import FUNCTIONS, MASKLESS_WARP_OPS
from xpiler.ir.nodes import (
    COMPARISONS,
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Barrier,
    Binary,
    Block,
    Break,
    Builtin,
    Call,
    Cast,
    Const,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    Function,
    If,
    Invoke,
    Kernel,
    Load,
    Module,
    Ref,
    Return,
    Select,
    Stmt,
    Store,
    Tile,
    TileOp,
    Unary,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import BOOL, I32, Pointer, Scalar, Spaces, Vector
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.records import dataclass

__all__ = ["instructions", "python_source", "uses_grid_barrier"]


def python_source(module: Module, kernel: Kernel, machine: bool = False) -> str:
    """Definitions of the module's functions and of `kernel`; names are prefixed so that none collides.

    With `machine`, arrays are asked of `array` and declared instructions of `I`, by their keys.
    """
    globals_ = {g.name: [str(n) for n in g.shape] or ["1"] for g in module.globals}
    parts = [_Writer(module, f, dict(globals_), machine).text() for f in module.functions]
    parts.append(_Writer(module, kernel, dict(globals_), machine).text())
    return "\n".join(parts)


def instructions(module: Module) -> frozenset[str]:
    """Keys of the declared instructions that a module calls: `name|result|argument|...` by their types."""
    found: set[str] = set()
    bodies = [*(k.body for k in module.kernels), *(f.body for f in module.functions)]
    for body in bodies:
        for stmt in statements(body):
            for expr in expressions(stmt):
                for sub in subexpressions(expr):
                    if isinstance(sub, Call) and sub.function not in FUNCTIONS:
                        found.add(instruction_key(sub))
    return frozenset(found)


def instruction_key(call: Call) -> str:
    """What tells one form of an instruction from its others."""
    kinds = [_kind(a) for a in call.args]
    # a word of the target's without arguments is a number to the interpreter
    result = "i64" if not call.args and call.type == I32 else str(call.type)
    return "|".join([call.function, result, *kinds])


def _kind(arg: Expr) -> str:
    if isinstance(arg, Call) and not arg.args and arg.function not in FUNCTIONS and arg.type == I32:
        return "enum"
    return f"{arg.type.elem}*" if isinstance(arg.type, Pointer) else str(arg.type)


@dataclass
class _Writer:
    module: Module
    unit: Kernel | Function
    shapes: dict[
        str, list[str]
    ]  # of arrays with more than one dimension, and of all that are no parameter
    machine: bool = False
    lines: list[str] = field(default_factory=list)
    types: dict[str, Scalar] = field(default_factory=dict)
    tiles: dict[str, Tile] = field(default_factory=dict)

    @property
    def simt(self) -> bool:
        return not isinstance(self.unit, Kernel) or self.unit.level == "simt"

    def text(self) -> str:
        unit = self.unit
        names = [f"v_{p.name}" for p in unit.params]
        self.types.update({p.name: p.type for p in unit.params if isinstance(p.type, Scalar)})
        prefix = "f" if isinstance(unit, Function) else "k"
        self.put(0, f"def {prefix}_{unit.name}(M, B, S, {', '.join(names)}):")
        self.put(1, "if 0: yield")
        for g in self.module.globals:
            self.put(1, f"v_{g.name} = M[{g.name!r}]")
        if isinstance(unit, Function):
            # parameters that are buffers arrive as (array, offset)
            for p in unit.params:
                if isinstance(p.type, Pointer):
                    self.put(1, f"v_{p.name}, o_{p.name} = v_{p.name}")
        self.block(unit.body, 1)
        self.put(1, f"return {self.results('None')}")
        return "\n".join(self.lines) + "\n"

    def put(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def results(self, value: str) -> str:
        """A function gives its value and those of its reference parameters."""
        refs = [f"v_{p.name}" for p in self.unit.params if p.by_ref]
        return f"({', '.join([value, *refs])},)" if isinstance(self.unit, Function) else "None"

    # --- expressions

    def expr(self, e: Expr) -> str:
        match e:
            case Const(value=value):
                return _literal(value)
            case Var(name=name):
                return f"v_{name}"
            case Builtin(name=name):
                return "32" if name == "warpSize" else f"B[{name!r}]"
            case Load(buffer=buffer, index=index):
                return f"v_{buffer}[{self.place(buffer, index)}]"
            case Unary(op="!", a=a):
                return f"(not {self.expr(a)})"
            case Unary(op=op, a=a):
                return self.wrap(f"({op}{self.expr(a)})", e.type)
            case Binary():
                return self.binary(e)
            case Cast(type=type, a=a):
                return self.cast(type, a)
            case Select(cond=cond, a=a, b=b):
                return f"({self.expr(a)} if {self.expr(cond)} else {self.expr(b)})"
            case Call(function=function, args=args) if function not in FUNCTIONS:
                if not self.machine:
                    raise TypeError(f"the instruction {function} has no meaning here")
                return f"I[{instruction_key(e)!r}]({', '.join(map(self.expr, args))})"
            case Call(function=function, args=args, type=type):
                shown = ", ".join([f"T[{str(type)!r}]", *map(self.expr, args)])
                return f"F[{function!r}]({shown})"
            case AddressOf(buffer=buffer, index=index):
                return f"(v_{buffer}, {self.place(buffer, index, check=False)})"

    def place(self, buffer: str, index: tuple[Expr, ...], check: bool = True) -> str:
        shape = self.shapes.get(buffer)
        flat = self.expr(index[0]) if index else "0"
        if shape and len(shape) > 1:
            # an address may lie outside: a masked access touches only the lanes that it has
            flat = self._flat(shape, index, check or not self.machine)
        elif any(isinstance(p.type, Pointer) and p.name == buffer for p in self.unit.params):
            if isinstance(self.unit, Function):
                flat = f"o_{buffer} + {flat}"
        elif shape and shape[0] == "dynamic":
            flat = f"o_{buffer} + {flat}"
        return f"at({flat}, v_{buffer})" if check else flat

    def _flat(self, shape: list[str], index: tuple[Expr, ...], check: bool) -> str:
        def limited(n: int) -> str:
            text = self.expr(index[n]) if n < len(index) else "0"
            return f"lim({text}, {shape[n]})" if check else text

        flat = limited(0)
        for n, size in enumerate(shape[1:], 1):
            flat = f"({flat} * {size} + {limited(n)})"
        return flat

    def binary(self, e: Binary) -> str:
        a, b = self.expr(e.a), self.expr(e.b)
        type = e.type
        if e.op in ("&&", "||"):
            return f"({a} {'and' if e.op == '&&' else 'or'} {b})"
        if e.op in COMPARISONS:
            return f"({a} {e.op} {b})"
        assert isinstance(type, Scalar)
        if e.op in ("/", "%"):
            return f"{'divide' if e.op == '/' else 'modulo'}({a}, {b}, T[{type.name!r}])"
        if e.op in ("<<", ">>"):
            return self.wrap(f"({a} {e.op} ({b} & {type.bits - 1}))", type)
        return self.wrap(f"({a} {e.op} {b})", type)

    def wrap(self, text: str, type: object) -> str:
        assert isinstance(type, Scalar)
        if type.is_float:
            return text if type.bits == 64 else f"r_{type.name}({text})"
        mask = (1 << type.bits) - 1
        if type.kind == "uint":
            return f"({text} & {mask})"
        half = 1 << (type.bits - 1)
        return f"(({text} + {half} & {mask}) - {half})"

    def cast(self, type: Scalar, a: Expr) -> str:
        inner = self.expr(a)
        if type == BOOL:
            return f"({inner} != 0)"
        source = a.type
        if type.is_int and isinstance(source, Scalar) and (source.is_int or source == BOOL):
            return self.wrap(f"({inner} + 0)", type)
        return f"convert({inner}, T[{type.name!r}])"

    # --- statements

    def block(self, block: Block, depth: int) -> None:
        if not block:
            self.put(depth, "pass")
        for stmt in block:
            self.stmt(stmt, depth)

    def stmt(self, s: Stmt, depth: int) -> None:
        match s:
            case If(cond=cond, then=then, orelse=orelse):
                self.put(depth, f"if {self.expr(cond)}:")
                self.block(then, depth + 1)
                if orelse:
                    self.put(depth, "else:")
                    self.block(orelse, depth + 1)
            case For():
                bounds = ", ".join(map(self.expr, (s.lo, s.hi, s.step)))
                span = f"trips(range({bounds}))"
                ordered = span if self.in_order(s) else f"order({span})"
                self.put(depth, f"for v_{s.var} in {ordered}:")
                self.block(s.body, depth + 1)
            case While(cond=cond, body=body):
                self.put(depth, f"while {self.expr(cond)}:")
                self.put(depth + 1, "tick()")
                self.block(body, depth + 1)
            case _:
                for line in self.simple(s):
                    self.put(depth, line)

    def in_order(self, s: For) -> bool:
        """A loop whose iterations follow each other; a task does those of its own one after the other."""
        tasks = isinstance(self.unit, Kernel) and self.unit.level == "task"
        return s.axis in ("serial", "unroll") or (tasks and s.axis == "task")

    def simple(self, s: Stmt) -> list[str]:
        match s:
            case Declare(name=name, type=type, init=init):
                if isinstance(type, Scalar):
                    self.types[name] = type
                value = self.indeterminate(type) if init is None else self.expr(init)
                return [f"v_{name} = {value}"]
            case Alloc():
                return self.alloc(s)
            case Assign(name=name, value=value):
                return [f"v_{name} = {self.expr(value)}"]
            case Store(buffer=buffer, index=index, value=value):
                return [f"v_{buffer}[{self.place(buffer, index)}] = {self.expr(value)}"]
            case Atomic():
                return self.atomic(s)
            case WarpOp(op=op, result=result, mask=mask, args=args):
                shown = "0" if op in MASKLESS_WARP_OPS else self.expr(mask)
                given = str(args[0].type) if args else "u32"
                values = "".join(f"{self.expr(a)}, " for a in args)
                return [f"v_{result} = yield ({op!r}, {id(s)}, {shown}, T[{given!r}], ({values}))"]
            case Barrier(scope=scope):
                return [f"yield ('barrier.{scope}', 0, 0xffffffff, None, ())"]
            case Break():
                return ["break"]
            case Continue():
                return ["continue"]
            case Return(value=value):
                return [f"return {self.results('None' if value is None else self.expr(value))}"]
            case Assume(cond=cond):
                return [f"assert {self.expr(cond)}, 'an assumption does not hold'"]
            case Invoke():
                return self.invoke(s)
            case Tile():
                self.tiles[s.name] = s
                return [f"v_{s.name} = [poison(T[{s.elem.name!r}])] * {_elements(s) // 32}"]
            case TileOp():
                return self.tile_op(s)
            case Evaluate(call=call):
                return [self.expr(call)]
            case If() | For() | While():
                raise TypeError("a compound statement")

    @staticmethod
    def indeterminate(type: object) -> str:
        if isinstance(type, Scalar):
            return f"poison(T[{type.name!r}])"
        return f"b'Z' * {type.lanes * type.elem.size}" if isinstance(type, Vector) else "0x5a5a"

    def alloc(self, s: Alloc) -> list[str]:
        if s.dynamic:
            self.shapes[s.name] = ["dynamic"]
            start = "0" if s.offset is None else self.expr(s.offset)
            named = f", {s.name!r}" if self.machine else ""
            return [
                f"v_{s.name} = dynamic(S, B, T[{s.elem.name!r}]{named})",
                f"o_{s.name} = {start} // {s.elem.size}",
            ]
        self.shapes[s.name] = [f"({self.expr(d)})" for d in s.shape]
        size = " * ".join(self.shapes[s.name]) or "1"
        fresh = f"[poison(T[{s.elem.name!r}])] * ({size})"
        if self.machine:
            shape = "".join(f"{d}, " for d in self.shapes[s.name])
            fresh = f"array({s.name!r}, T[{s.elem.name!r}], ({shape}), {s.space.name!r})"
        if s.space == Spaces.SHARED and self.simt:
            return [
                f"v_{s.name} = S.setdefault({s.name!r}, None) or S.__setitem__("
                f"{s.name!r}, {fresh}) or S[{s.name!r}]"
            ]
        lines = [f"v_{s.name} = {fresh}"]
        if s.init:
            given = ", ".join(_literal(c.value) for c in s.init)
            lines.append(f"v_{s.name}[:] = fill([{given}], len(v_{s.name}))")
        return lines

    def atomic(self, s: Atomic) -> list[str]:
        type = self._elem(s)
        old = f"v_{s.buffer}[a_]"
        ops = ", ".join(map(self.expr, s.operands))
        lines = [
            f"a_ = {self.place(s.buffer, s.index)}",
            f"x_ = {old}",
            f"{old} = atomic({s.op!r}, T[{type.name!r}], x_, {ops})",
        ]
        return lines if s.result is None else [*lines, f"v_{s.result} = x_"]

    def _elem(self, s: Atomic) -> Scalar:
        found = s.operands[0].type
        assert isinstance(found, Scalar)
        return found

    def invoke(self, s: Invoke) -> list[str]:
        shown = ", ".join(f"v_{a.name}" if isinstance(a, Ref) else self.expr(a) for a in s.args)
        lines = [f"r_ = yield from f_{s.function}(M, B, S, {shown})"]
        if s.result is not None:
            lines.append(f"v_{s.result} = r_[0]")
        refs = [a.name for a in s.args if isinstance(a, Ref)]
        lines += [f"v_{name} = r_[{n}]" for n, name in enumerate(refs, 1)]
        return lines

    def tile_op(self, s: TileOp) -> list[str]:
        tile = self.tiles[s.tiles[0]]
        if s.op == "fill":
            return [f"v_{tile.name}[:] = [{self.expr(s.args[0])}] * {_elements(tile) // 32}"]
        if s.op == "mma":
            d, a, b, c = (f"v_{t}" for t in s.tiles)
            sizes = f"({tile.m}, {tile.n}, {tile.k})"
            return [
                f"yield ('mma', {id(s)}, 0xffffffff, T[{tile.elem.name!r}], ({d}, {a}, {b}, {c}, {sizes}))"
            ]
        memory, ld = s.args
        assert isinstance(memory, AddressOf)
        columns = _columns(tile)
        where = f"v_{memory.buffer}, {self.place(memory.buffer, memory.index, check=False)}"
        layout = tile.layout if tile.role != "acc" else s.layout
        shared = f"{where}, {self.expr(ld)}, {columns}, {layout!r}, v_{tile.name}"
        return [f"tile_{s.op}(B, {shared})", "yield ('barrier.warp', 0, 0xffffffff, None, ())"]


def _elements(t: Tile) -> int:
    return {"a": t.m * t.k, "b": t.k * t.n}.get(t.role, t.m * t.n)


def _columns(t: Tile) -> int:
    return t.k if t.role == "a" else t.n


def _literal(value: bool | int | float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    return repr(value) if not isinstance(value, int) or value >= 0 else f"({value})"


def uses_grid_barrier(body: Block, facts: Mapping[str, int]) -> bool:
    """Do blocks wait for each other, so that all must run at once?"""
    del facts
    return any(isinstance(s, Barrier) and s.scope == "grid" for s in statements(body))
