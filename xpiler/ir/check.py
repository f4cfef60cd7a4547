"""Well-formedness: what every program of the IR obeys, checked after every pass.

`check` gives the violations, none for a sound program. docs/architecture.md lists the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TypeGuard

from xpiler.ir.functions import (
    ATOMICS,
    BUILTINS,
    FUNCTIONS,
    MASKLESS_WARP_OPS,
    WARP_OPS,
    given_buffer,
)
from xpiler.ir.nodes import (
    COMPARISONS,
    LOGICAL,
    SHIFTS,
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
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
    Span,
    Stmt,
    Store,
    Tile,
    TileOp,
    Unary,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import BOOL, VOID, Mask, Pointer, Scalar, Type, Vector
from xpiler.ir.walk import assigned, blocks, buffers_written, expressions, operands, subexpressions
from xpiler.records import dataclass

__all__ = ["Violation", "check"]


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule, in which kernel or function, and where it came from in the source if known."""

    rule: str
    message: str
    where: str
    span: Span | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.rule}]"


def check(module: Module, instructions: Mapping[str, Type] | None = None) -> tuple[Violation, ...]:
    """All violations in `module`. With `instructions`, calls of undeclared ones are violations too."""
    found: list[Violation] = []
    functions = {f.name: f for f in module.functions}
    units: tuple[Function | Kernel, ...] = (*module.functions, *module.kernels)
    for unit in units:
        found.extend(_Checker(module, unit, functions, instructions).run())
    names = [k.name for k in module.kernels] + list(functions) + [g.name for g in module.globals]
    for name in sorted({n for n in names if names.count(n) > 1}):
        found.append(Violation("unique-name", f"{name!r} is defined twice", "module"))
    return tuple(found)


@dataclass
class _Checker:
    module: Module
    unit: Kernel | Function
    functions: Mapping[str, Function]
    instructions: Mapping[str, Type] | None
    variables: dict[str, Scalar | Vector | Mask] = field(default_factory=dict)
    buffers: dict[str, tuple[Scalar, int, bool]] = field(default_factory=dict)  # elem, rank, const
    seen: set[str] = field(default_factory=set)
    found: list[Violation] = field(default_factory=list)
    loops: int = 0

    def run(self) -> list[Violation]:
        for g in self.module.globals:
            self.buffers[g.name] = (g.elem, len(g.shape), False)
        for p in self.unit.params:
            self._declare(p.name, None)
            if isinstance(p.type, Pointer):
                self.buffers[p.name] = (p.type.elem, 1, p.type.const)
            else:
                self.variables[p.name] = p.type
        self._block(self.unit.body)
        return self.found

    def _report(self, rule: str, message: str, span: Span | None) -> None:
        self.found.append(Violation(rule, message, self.unit.name, span))

    def _declare(self, name: str, span: Span | None) -> None:
        if name in self.seen:
            self._report("unique-name", f"{name!r} is declared twice", span)
        self.seen.add(name)

    # --- statements

    def _block(self, block: Block) -> None:
        variables, buffers = dict(self.variables), dict(self.buffers)
        for stmt in block:
            for expr in expressions(stmt):
                self._expr(expr, is_argument=isinstance(stmt, Invoke | TileOp))
            self._stmt(stmt)
            self._nested(stmt)
        self.variables, self.buffers = variables, buffers

    def _nested(self, stmt: Stmt) -> None:
        is_loop = isinstance(stmt, For | While)
        self.loops += is_loop
        if isinstance(stmt, For):
            self._declare(stmt.var, stmt.span)
            self.variables[stmt.var] = stmt.type
        for inner in blocks(stmt):
            self._block(inner)
        if isinstance(stmt, For):
            del self.variables[stmt.var]
        self.loops -= is_loop

    def _stmt(self, stmt: Stmt) -> None:
        match stmt:
            case Declare(name=name, type=type_, init=init):
                self._declare(name, stmt.span)
                if init is not None:
                    self._same(type_, init.type, f"initialiser of {name!r}", stmt)
                self.variables[name] = type_
            case Alloc():
                self._alloc(stmt)
            case Tile(name=name, elem=elem):
                self._declare(name, stmt.span)
                self.buffers[name] = (elem, 1, False)
            case Assign(name=name, value=value):
                self._variable(name, value.type, stmt)
            case Store(buffer=buffer, index=index, value=value):
                stored = self._place(buffer, index, stmt, writes=True)
                if stored is not None:
                    self._same(stored, value.type, f"store to {buffer!r}", stmt)
            case If(cond=cond) | While(cond=cond) | Assume(cond=cond):
                self._same(BOOL, cond.type, "condition", stmt)
            case For():
                self._for(stmt)
            case Break() | Continue():
                if not self.loops:
                    self._report("loop-exit", "break or continue outside a loop", stmt.span)
            case _:
                self._effect(stmt)

    def _alloc(self, stmt: Alloc) -> None:
        self._declare(stmt.name, stmt.span)
        for size in stmt.shape:
            if not isinstance(size.type, Scalar) or not size.type.is_int:
                self._report("type", f"{stmt.name!r} has a size that is no integer", stmt.span)
        self.buffers[stmt.name] = (stmt.elem, 1 if stmt.dynamic else len(stmt.shape), False)

    def _for(self, stmt: For) -> None:
        for part in (stmt.lo, stmt.hi, stmt.step):
            self._same(stmt.type, part.type, f"bound of loop {stmt.var!r}", stmt)
        if isinstance(stmt.step, Const) and stmt.step.value <= 0:
            self._report("loop-step", f"loop {stmt.var!r} does not step forward", stmt.span)
        changed = assigned(stmt.body)
        if stmt.var in changed:
            self._report(
                "loop-variable", f"the body assigns its loop variable {stmt.var!r}", stmt.span
            )
        written = buffers_written(stmt.body)
        for sub in (*subexpressions(stmt.hi), *subexpressions(stmt.step)):
            stale = isinstance(sub, Var) and sub.name in changed | {stmt.var}
            if stale or (isinstance(sub, Load) and sub.buffer in written):
                self._report(
                    "loop-bound", f"the body changes a bound of loop {stmt.var!r}", stmt.span
                )

    def _effect(self, stmt: Stmt) -> None:
        match stmt:
            case Atomic(op=op, buffer=buffer, index=index, operands=ops, result=result):
                elem = self._place(buffer, index, stmt, writes=True)
                if op not in ATOMICS or len(ops) != (2 if op == "cas" else 1):
                    self._report("atomic", f"no atomic {op!r} with {len(ops)} operands", stmt.span)
                for operand in ops:
                    self._same(elem or operand.type, operand.type, f"operand of atomic {op}", stmt)
                if result is not None and elem is not None:
                    self._variable(result, elem, stmt)
            case WarpOp():
                self._warp_op(stmt)
            case TileOp(tiles=tiles):
                for name in tiles:
                    if name not in self.buffers:
                        self._report("name", f"unknown tile {name!r}", stmt.span)
            case Invoke():
                self._invoke(stmt)
            case Evaluate(call=call):
                if call.function in FUNCTIONS:
                    self._report("effect", f"{call.function} has no effect", stmt.span)
            case Return(value=value):
                self._return(value, stmt)
            case _:
                pass

    def _warp_op(self, stmt: WarpOp) -> None:
        if stmt.op not in WARP_OPS or len(stmt.args) != WARP_OPS[stmt.op][1]:
            self._report(
                "warp-op", f"no warp operation {stmt.op!r} with these arguments", stmt.span
            )
        full = isinstance(stmt.mask, Const) and stmt.mask.value == 0xFFFFFFFF
        if stmt.op in MASKLESS_WARP_OPS and not full:
            self._report("warp-op", f"{stmt.op} takes no mask", stmt.span)
        if stmt.result not in self.variables:
            self._report("name", f"unknown variable {stmt.result!r}", stmt.span)
        elif stmt.op.startswith("shfl") and stmt.args:
            self._variable(stmt.result, stmt.args[0].type, stmt)

    def _invoke(self, stmt: Invoke) -> None:
        function = self.functions.get(stmt.function)
        if function is None:
            self._report("name", f"unknown function {stmt.function!r}", stmt.span)
            return
        if len(function.params) != len(stmt.args):
            self._report(
                "call", f"{stmt.function} takes {len(function.params)} arguments", stmt.span
            )
            return
        for param, arg in zip(function.params, stmt.args, strict=True):
            what = f"argument {param.name!r} of {stmt.function}"
            if param.by_ref != isinstance(arg, Ref):
                self._report("call", f"{what}: passed by value and by reference", stmt.span)
            elif isinstance(arg, Ref):
                self._variable(arg.name, param.type, stmt)
            elif isinstance(param.type, Pointer) != isinstance(arg.type, Pointer):
                self._report("call", f"{what}: a pointer and a scalar", stmt.span)
            elif isinstance(param.type, Scalar):
                self._same(param.type, arg.type, what, stmt)
        if stmt.result is not None:
            self._variable(stmt.result, function.result, stmt)

    def _return(self, value: Expr | None, stmt: Stmt) -> None:
        expected = self.unit.result if isinstance(self.unit, Function) else VOID
        if (value is None) != (expected == VOID):
            self._report("return", "a value is returned where none is, or the reverse", stmt.span)
        elif value is not None:
            self._same(expected, value.type, "returned value", stmt)

    def _variable(self, name: str, type_: Type, stmt: Stmt) -> None:
        if name not in self.variables:
            self._report("name", f"unknown variable {name!r}", stmt.span)
        else:
            self._same(self.variables[name], type_, f"assignment to {name!r}", stmt)

    def _same(self, expected: Type, actual: Type, what: str, stmt: Stmt) -> None:
        if expected != actual:
            self._report("type", f"{what}: expected {expected}, got {actual}", stmt.span)

    # --- expressions

    def _place(
        self, buffer: str, index: tuple[Expr, ...], node: Stmt | Expr, writes: bool = False
    ) -> Scalar | None:
        if buffer not in self.buffers:
            self._report("name", f"unknown buffer {buffer!r}", node.span)
            return None
        elem, rank, const = self.buffers[buffer]
        if writes and const:
            self._report("const", f"{buffer!r} is const and is written", node.span)
        if len(index) != rank and not isinstance(node, AddressOf):
            self._report(
                "rank", f"{buffer!r} has rank {rank}, indexed with {len(index)}", node.span
            )
        for i in index:
            if not isinstance(i.type, Scalar) or not i.type.is_int:
                self._report("type", f"an index of {buffer!r} is {i.type}", node.span)
        return elem

    def _expr(self, expr: Expr, is_argument: bool) -> None:
        for problem in self._problems(expr, is_argument):
            self._report(*problem, expr.span)

    def _problems(self, expr: Expr, is_argument: bool) -> Iterator[tuple[str, str]]:
        stack = [(expr, is_argument)]
        while stack:
            node, argument = stack.pop()
            yield from self._node(node, argument)
            for child in operands(node):
                stack.append((child, isinstance(node, Call)))

    def _node(self, node: Expr, is_argument: bool) -> Iterator[tuple[str, str]]:
        match node:
            case Var(name=name, type=type_):
                if name not in self.variables:
                    yield "name", f"unknown variable {name!r}"
                elif self.variables[name] != type_:
                    yield "type", f"{name!r} is {self.variables[name]}, used as {type_}"
            case Builtin(name=name) if given_buffer(name):
                pointers = {p.name for p in self.unit.params if isinstance(p.type, Pointer)}
                if given_buffer(name) not in pointers:
                    yield "name", f"{given_buffer(name)!r} is no pointer parameter"
            case Builtin(name=name, type=type_):
                if BUILTINS.get(name) != type_:
                    yield "name", f"no builtin {name!r} of type {type_}"
            case Load(buffer=buffer, index=index, type=type_):
                elem = self._place(buffer, index, node)
                if elem is not None and elem != type_:
                    yield "type", f"a load of {buffer!r} is {elem}, used as {type_}"
            case AddressOf(buffer=buffer, index=index):
                self._place(buffer, index, node)
                if not is_argument:
                    yield "address", f"the address of {buffer!r} is taken outside a call"
            case Const(value=value, type=type_):
                yield from _const(value, type_)
            case _:
                yield from self._operation(node)

    def _operation(self, node: Expr) -> Iterator[tuple[str, str]]:
        match node:
            case Unary(op=op, a=a):
                if op == "!" and a.type != BOOL:
                    yield "type", f"! of {a.type}"
                if op == "~" and not (isinstance(a.type, Scalar) and a.type.is_int):
                    yield "type", f"~ of {a.type}"
            case Binary(op=op, a=a, b=b):
                yield from _binary(op, a.type, b.type)
            case Cast(type=type_, a=a):
                if not isinstance(a.type, Scalar) or type_ == VOID:
                    yield "type", f"cast of {a.type} to {type_}"
            case Select(cond=cond, a=a, b=b):
                if cond.type != BOOL or a.type != b.type:
                    yield "type", f"{cond.type} ? {a.type} : {b.type}"
            case Call(function=function, args=args, type=type_):
                yield from self._call(function, args, type_)
            case _:
                pass

    def _call(
        self, function: str, args: tuple[Expr, ...], type_: Type
    ) -> Iterator[tuple[str, str]]:
        info = FUNCTIONS.get(function)
        if info is None:
            if self.instructions is not None and function not in self.instructions:
                yield "name", f"unknown function or instruction {function!r}"
            return
        if len(args) != info.arity:
            yield "call", f"{function} takes {info.arity} arguments, got {len(args)}"
            return
        expected = info.params or (args[0].type,) * info.arity
        if any(a.type != t for a, t in zip(args, expected, strict=True)):
            yield "type", f"{function}: arguments {', '.join(str(a.type) for a in args)}"
        if type_ != (info.result or args[0].type):
            yield "type", f"{function} does not give {type_}"


def _const(value: bool | int | float, type_: Scalar) -> Iterator[tuple[str, str]]:
    if type_ == BOOL:
        if not isinstance(value, bool):
            yield "const-value", f"{value!r} is no bool"
    elif type_.is_float:
        if not isinstance(value, float):
            yield "const-value", f"{value!r} is no {type_}"
    elif isinstance(value, bool) or not isinstance(value, int):
        yield "const-value", f"{value!r} is no {type_}"
    else:
        low = -(1 << (type_.bits - 1)) if type_.kind == "int" else 0
        if not low <= value < low + (1 << type_.bits):
            yield "const-value", f"{value} does not fit {type_}"


def _is_int(type_: Type) -> TypeGuard[Scalar]:
    return isinstance(type_, Scalar) and type_.is_int


def _binary(op: str, a: Type, b: Type) -> Iterator[tuple[str, str]]:
    if op in LOGICAL:
        if a != BOOL or b != BOOL:
            yield "type", f"{a} {op} {b}"
    elif op in SHIFTS:
        if not (_is_int(a) and _is_int(b) and a.bits >= 32):
            yield "type", f"{a} {op} {b}"
    elif a != b:
        yield "type", f"{a} {op} {b}"
    elif op not in COMPARISONS and isinstance(a, Scalar):
        if a == BOOL or (a.is_int and a.bits < 32):
            yield "type", f"arithmetic in {a}"
        elif op in ("%", "&", "|", "^") and a.is_float:
            yield "type", f"{a} {op} {b}"
