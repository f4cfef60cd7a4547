"""Wrong programs: every small change of a kind at every place of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from xpiler.ir.nodes import (
    Alloc,
    Assign,
    Atomic,
    Barrier,
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
    WarpOp,
    While,
)
from xpiler.ir.print_c import print_expr, print_stmt
from xpiler.ir.types import F16, F32, I16, I32, Pointer, Scalar
from xpiler.ir.walk import blocks, expressions, map_exprs, subexpressions, with_blocks

__all__ = ["KINDS", "Mutant", "mutants"]

KINDS = (
    "bound",
    "stride",
    "guard",
    "operator",
    "barrier",
    "tail",
    "unwritten",
    "swapped",
    "initial",
    "narrowed",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`label` tells kind and change: `guard: i < n -> i <= n`."""

    kind: str
    label: str
    program: Module


def mutants(program: Module) -> Iterator[Mutant]:
    """All mutants of a one-kernel program, in a fixed order. Their pointers are not const: some write inputs."""
    kernel = program.kernels[0]
    params = tuple(
        replace(p, type=Pointer(p.type.elem)) if isinstance(p.type, Pointer) else p
        for p in kernel.params
    )
    buffers = {p.name: p.type.elem for p in kernel.params if isinstance(p.type, Pointer)}
    for kind, label, body in _blocks(kernel.body, buffers):
        changed = replace(program, kernels=(replace(kernel, params=params, body=body),))
        yield Mutant(kind, f"{kind}: {label}", changed)


Found = tuple[str, str, Block]


def _blocks(block: Block, buffers: dict[str, Scalar]) -> Iterator[Found]:
    """Every mutation of one statement of the block, or inside one."""
    for position, stmt in enumerate(block):
        before, after = block[:position], block[position + 1 :]
        for kind, label, new in _statement(stmt, buffers):
            yield kind, label, (*before, *new, *after)
        inner = blocks(stmt)
        for i, nested in enumerate(inner):
            for kind, label, changed in _blocks(nested, buffers):
                rebuilt = with_blocks(stmt, (*inner[:i], changed, *inner[i + 1 :]))
                yield kind, label, (*before, rebuilt, *after)


def _text(stmt: Stmt) -> str:
    return print_stmt(stmt).strip().splitlines()[0]


def _statement(stmt: Stmt, buffers: dict[str, Scalar]) -> Iterator[Found]:
    yield from _whole(stmt, buffers)
    match stmt:
        case If(cond=cond):
            yield from _conditions(stmt, cond)
        case While(cond=cond):
            for new in _comparisons(cond):
                yield "bound", f"while ({print_expr(new)})", (replace(stmt, cond=new),)
        case For():
            yield from _loop(stmt)
        case Store(index=index):
            yield from _indexed(stmt, index, lambda new: replace(stmt, index=new))
        case _:
            pass
    yield from _expressions(stmt, buffers)


def _whole(stmt: Stmt, buffers: dict[str, Scalar]) -> Iterator[Found]:
    match stmt:
        case Barrier():
            yield "barrier", "dropped", ()
        case Store(buffer=buffer, value=value):
            yield "unwritten", _text(stmt), ()
            if value.type == F32:
                narrow = Cast(F32, Cast(F16, value))
                yield "narrowed", _text(stmt), (replace(stmt, value=narrow),)
            for other, elem in buffers.items():
                if other != buffer and buffers.get(buffer) == elem:
                    yield "swapped", f"{_text(stmt)} to {other}", (replace(stmt, buffer=other),)
        case Atomic():
            yield "unwritten", _text(stmt), ()
        case WarpOp(args=args) if len(args) == 3:
            wrong = (args[0], Binary("+", args[1], Const(1, I32)), args[2])
            yield "stride", "shuffle by one more", (replace(stmt, args=wrong),)
        case Assign(value=value):
            yield "unwritten", f"{_text(stmt)} dropped", ()
            if value.type == F32:
                narrow = Cast(F32, Cast(F16, value))
                yield "narrowed", _text(stmt), (replace(stmt, value=narrow),)
            if value.type == I32 and any(isinstance(e, Load) for e in subexpressions(value)):
                yield "narrowed", _text(stmt), (replace(stmt, value=Cast(I32, Cast(I16, value))),)
        case Declare(init=Const(value=value, type=type_)) if not isinstance(value, bool):
            off = -1.5 if type_.is_float else value + 1
            yield "initial", f"{_text(stmt)} -> {off}", (replace(stmt, init=Const(off, type_)),)
        case Declare(init=init, type=Scalar() as type_) if init is not None and type_.is_int:
            more = Binary("+", init, Const(1, type_))
            yield "initial", f"{_text(stmt)} + 1", (replace(stmt, init=more),)
        case _:
            pass


def _conditions(stmt: If, cond: Expr) -> Iterator[Found]:
    for new in _comparisons(cond):
        yield "guard", f"{print_expr(cond)} -> {print_expr(new)}", (replace(stmt, cond=new),)
    yield "guard", f"{print_expr(cond)} dropped", stmt.then
    yield "tail", f"{print_expr(cond)} never", stmt.orelse


def _comparisons(cond: Expr) -> Iterator[Expr]:
    """The condition with one comparison off by one, or one side of a connective gone."""
    swaps = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
    match cond:
        case Binary(op=("&&" | "||") as op, a=a, b=b):
            yield a
            yield b
            for new in _comparisons(a):
                yield Binary(op, new, b)
            for new in _comparisons(b):
                yield Binary(op, a, new)
        case Binary(op=op, a=a, b=b) if op in swaps:
            yield Binary(swaps[op], a, b)
        case _:
            return


def _loop(stmt: For) -> Iterator[Found]:
    one = Const(1, stmt.type)
    head = _text(stmt)
    yield "bound", f"{head} hi + 1", (replace(stmt, hi=Binary("+", stmt.hi, one)),)
    yield "tail", f"{head} hi - 1", (replace(stmt, hi=Binary("-", stmt.hi, one)),)
    yield "bound", f"{head} lo + 1", (replace(stmt, lo=Binary("+", stmt.lo, one)),)
    double = Binary("*", stmt.step, Const(2, stmt.type))
    yield "stride", f"{head} step * 2", (replace(stmt, step=double),)


def _indexed(
    stmt: Stmt, index: tuple[Expr, ...], rebuild: Callable[[tuple[Expr, ...]], Stmt]
) -> Iterator[Found]:
    for position, part in enumerate(index):
        if isinstance(part.type, Scalar):
            off = Binary("+", part, Const(1, part.type))
            new = (*index[:position], off, *index[position + 1 :])
            yield "stride", f"{_text(stmt)} index + 1", (rebuild(new),)
    if len(index) == 2:
        yield "stride", f"{_text(stmt)} index swapped", (rebuild((index[1], index[0])),)


def _expressions(stmt: Stmt, buffers: dict[str, Scalar]) -> Iterator[Found]:
    """One expression of the statement replaced, at each place."""
    if isinstance(stmt, If | While | Alloc):
        return
    total = sum(1 for e in expressions(stmt) for _ in subexpressions(e))
    for target in range(total):
        for choice in range(8):
            place = _Place(target, choice, buffers)
            changed = map_exprs(stmt, place.replace)
            if not place.kind:
                break
            yield place.kind, f"{_text(stmt)}: {place.label}", (changed,)


@dataclass(slots=True)
class _Place:
    """The `choice`-th replacement of the `target`-th expression of a statement."""

    target: int
    choice: int
    buffers: dict[str, Scalar]
    seen: int = 0
    kind: str = ""
    label: str = ""

    def replace(self, expr: Expr) -> Expr:
        self.seen += 1
        if self.seen - 1 != self.target:
            return expr
        options = list(_replacements(expr, self.buffers))
        if self.choice >= len(options):
            return expr
        self.kind, new = options[self.choice]
        self.label = f"{print_expr(expr)} -> {print_expr(new)}"
        return new


OPERATORS = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/", "&": "|", "<<": ">>"}
FUNCTIONS = {"fmax": "fmin", "fmin": "fmax", "min": "max", "max": "min"}


def _replacements(expr: Expr, buffers: dict[str, Scalar]) -> Iterator[tuple[str, Expr]]:
    match expr:
        case Binary(op=op, a=a, b=b) if op in OPERATORS:
            yield "operator", Binary(OPERATORS[op], a, b)
        case Call(function=function) if function in FUNCTIONS:
            yield "operator", replace(expr, function=FUNCTIONS[function])
        case Select(cond=cond, a=a, b=b):
            for new in _comparisons(cond):
                yield "guard", Select(new, a, b)
            yield "guard", a
            if isinstance(b, Const) and isinstance(b.value, float):
                yield "initial", Select(cond, a, Const(b.value + 1.5, b.type))
        case Load(buffer=buffer, index=index):
            for other, elem in buffers.items():
                if other != buffer and elem == expr.type and buffer in buffers:
                    yield "swapped", replace(expr, buffer=other)
            for position, part in enumerate(index):
                if isinstance(part.type, Scalar):
                    off = Binary("+", part, Const(1, part.type))
                    yield (
                        "stride",
                        replace(expr, index=(*index[:position], off, *index[position + 1 :])),
                    )
            if len(index) == 2 and index[0] != index[1]:
                yield "stride", replace(expr, index=(index[1], index[0]))
        case Builtin(name=name) if name.endswith((".x", ".y")) and name.startswith("threadIdx"):
            other_axis = name[:-1] + ("y" if name.endswith("x") else "x")
            yield "stride", replace(expr, name=other_axis)
        case Builtin(name=name) if name.startswith(("blockDim", "gridDim")):
            yield "stride", Binary("+", expr, Const(1, expr.type))
        case Const(value=int(value), type=type_) if type_.is_int and value > 1:
            yield "stride", Const(value + 1, type_)
        case _:
            return
