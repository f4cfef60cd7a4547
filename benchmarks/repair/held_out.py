"""The operators that were looked at only when the numbers were taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from benchmarks.repair.calls import addresses, arguments, machine_of, replaced
from benchmarks.repair.corpus import TARGETS
from benchmarks.repair.mutants import Made, Operator, at_each, indices, is_float, is_int, leaves
from benchmarks.repair.mutants import with_expression as swapped
from xpiler.ir import build
from xpiler.ir.nodes import (
    COMPARISONS,
    AddressOf,
    Alloc,
    Assign,
    Barrier,
    Binary,
    Call,
    Cast,
    Const,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Kernel,
    Load,
    Module,
    Stmt,
    Store,
    Var,
)
from xpiler.ir.types import F16, I32, Pointer, Scalar, Vector
from xpiler.ir.walk import blocks, expressions, statements, subexpressions
from xpiler.synth.locate.trace import Place
from xpiler.synth.paths import at, places, replace_at
from xpiler.synth.repair.calls import called, in_scope

__all__ = ["HELD_OUT"]


def _shifted(expr: Expr, by: int) -> Expr:
    assert isinstance(expr.type, Scalar)
    return Binary("+" if by > 0 else "-", expr, build.const(abs(by), expr.type))


def _loop_start(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    if isinstance(stmt, For):
        yield replace(stmt, lo=_shifted(stmt.lo, 1)), "starts one late"


def _store_offset(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    for index, put in indices(stmt, "store"):
        for by in (1, -1):
            yield put(_shifted(index, by)), f"store {by:+}"


def _guard_bound(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    if isinstance(stmt, If):
        for part, put in leaves(stmt.cond):
            if isinstance(part, Binary) and part.op in COMPARISONS and is_int(part.a):
                for by in (1, -1):
                    new = put(replace(part, b=_shifted(part.b, by)))
                    yield replace(stmt, cond=new), f"limit {by:+}"


def _wrong_variable(program: Module) -> Iterator[Made]:
    for path, stmt in places(program.kernels[0].body):
        scope = _scope(program, path)
        for kind in ("load", "store"):
            for index, put in indices(stmt, kind):
                for leaf, put_leaf in leaves(index):
                    if isinstance(leaf, Var) and is_int(leaf):
                        for other in scope:
                            if other.name != leaf.name and other.type == leaf.type:
                                made = replace_at(program, path, put(put_leaf(other)))
                                yield Made(made, (path,), f"{other.name} for {leaf.name}")


def _scope(program: Module, path: Place) -> tuple[Var, ...]:
    """Integer loop variables and locals in scope, and integer parameters."""
    kernel = program.kernels[0]
    out = [Var(p.name, p.type) for p in kernel.params if _int_scalar(p.type)]  # type: ignore[arg-type]
    block = kernel.body
    for n in range(0, len(path), 2):
        for stmt in block[: path[n]]:
            if isinstance(stmt, Declare) and _int_scalar(stmt.type):
                out.append(Var(stmt.name, stmt.type))
        if n + 1 < len(path):
            outer = block[path[n]]
            if isinstance(outer, For):
                out.append(Var(outer.var, outer.type))
            block = blocks(outer)[path[n + 1]]
    return tuple(out)


def _int_scalar(type_: object) -> bool:
    return isinstance(type_, Scalar) and type_.is_int


_OTHER = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/"}
_CALLS = {
    "fmax": "fmin",
    "fmin": "fmax",
    "max": "min",
    "min": "max",
    "exp": "exp2",
    "rsqrt": "sqrt",
}


def _wrong_operator(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    for whole in expressions(stmt):
        for part, put in leaves(whole):
            match part:
                case Binary(op=op) if op in _OTHER:
                    new = put(replace(part, op=_OTHER[op]))
                    yield swapped(stmt, whole, new), f"{_OTHER[op]} for {op}"
                case Call(function=f) if f in _CALLS:
                    new = put(replace(part, function=_CALLS[f]))
                    yield swapped(stmt, whole, new), f"{_CALLS[f]} for {f}"
                case _:
                    pass


def _swapped_buffers(program: Module) -> Iterator[Made]:
    elems = _elements(program.kernels[0])
    for path, stmt in places(program.kernels[0].body):
        loads = {s for e in expressions(stmt) for s in subexpressions(e) if isinstance(s, Load)}
        for load in sorted(loads, key=repr):
            for name, kind in elems.items():
                if name != load.buffer and kind == elems.get(load.buffer):
                    new = swapped(stmt, load, replace(load, buffer=name))
                    made = replace_at(program, path, new)
                    yield Made(made, (path,), f"{name} for {load.buffer}")


def _elements(kernel: Kernel) -> dict[str, tuple[Scalar, int]]:
    out = {p.name: (p.type.elem, 1) for p in kernel.params if isinstance(p.type, Pointer)}
    for stmt in statements(kernel.body):
        if isinstance(stmt, Alloc):
            out[stmt.name] = (stmt.elem, 1 if stmt.dynamic else len(stmt.shape))
    return out


def _misplaced_barrier(program: Module) -> Iterator[Made]:
    for path, stmt in places(program.kernels[0].body):
        if not isinstance(stmt, Barrier):
            continue
        before = (*path[:-1], path[-1] - 1)
        if path[-1] > 0 and not isinstance(at(program, before), Barrier | Declare | Alloc):
            other = at(program, before)
            moved = replace_at(replace_at(program, path, other), before, stmt)
            yield Made(moved, (before, path), "barrier one statement early")


def _narrowed_type(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    def narrow(value: Expr) -> Expr:
        assert isinstance(value.type, Scalar)
        return Cast(value.type, Cast(F16, value))

    match stmt:
        case Declare(init=init) if init is not None and is_float(init):
            if not isinstance(init, Const) and init.type != F16:
                yield replace(stmt, init=narrow(init)), "rounded to f16"
        case Assign(value=value) | Store(value=value):
            if is_float(value) and not isinstance(value, Const) and value.type != F16:
                yield replace(stmt, value=narrow(value)), "rounded to f16"
        case _:
            pass


def _dropped_remainder(program: Module) -> Iterator[Made]:
    for path, stmt in places(program.kernels[0].body):
        if not isinstance(stmt, For):
            continue
        match stmt.hi:
            case Binary(op="/", a=Binary(op="-" | "+", a=n), b=Const()):
                made = replace(stmt, hi=replace(stmt.hi, a=n))
                yield Made(replace_at(program, path, made), (path,), "rounded down")
            case _:
                pass
        # the loop that does the rest after whole tiles
        if stmt.var.endswith("_rest"):
            tiles = (*path[:-1], path[-1] - 1)
            yield Made(replace_at(program, path), (tiles,), "the rest is left out")


def _wrong_instruction(program: Module) -> Iterator[Made]:
    """Another instruction that takes and gives the same."""
    for path, stmt in places(program.kernels[0].body):
        for call in called(stmt):
            for name in _others(call.function)[:4]:
                made = replace_at(program, path, replaced(stmt, call, name))
                yield Made(made, (path,), f"{name} for {call.function}")


def _others(name: str) -> tuple[str, ...]:
    machines = [machine_of(target) for target in TARGETS]
    found = [m.instead_of(name) for m in machines if m is not None]
    return next((names for names in found if names), ())


def _wrong_operand(program: Module) -> Iterator[Made]:
    """Two operands exchanged, another register, another array of the same kind."""
    for path, stmt in places(program.kernels[0].body):
        registers = in_scope(program, path)
        for call, n, arg, put in arguments(stmt):
            for m in range(n + 1, len(call.args)):
                other = call.args[m]
                if other.type == arg.type and other != arg:
                    args = list(call.args)
                    args[n], args[m] = other, arg
                    turned = swapped(stmt, call, replace(call, args=tuple(args)))
                    yield Made(replace_at(program, path, turned), (path,), "operands exchanged")
            if isinstance(arg, Var) and isinstance(arg.type, Vector):
                for var in registers:
                    if var.type == arg.type and var != arg:
                        made = replace_at(program, path, put(var))
                        yield Made(made, (path,), f"{var.name} as an operand")
        yield from _other_array(program, path, stmt)


def _other_array(program: Module, path: Place, stmt: Stmt) -> Iterator[Made]:
    kinds = _elements(program.kernels[0])
    for address, put in addresses(stmt):
        for name, kind in kinds.items():
            if name != address.buffer and kind == kinds.get(address.buffer):
                made = replace_at(program, path, put(replace(address, buffer=name)))
                yield Made(made, (path,), f"{name} for {address.buffer}")


def _address_offset(stmt: Stmt) -> Iterator[tuple[Stmt, str]]:
    for address, put in addresses(stmt):
        for n, index in enumerate(address.index):
            for by in (1, -1):
                moved = (*address.index[:n], _shifted(index, by), *address.index[n + 1 :])
                yield put(replace(address, index=moved)), f"address {by:+}"


def _double_buffer(program: Module) -> Iterator[Made]:
    """The wrong half of a double buffer, a wait that is left out, copies that do not take turns."""
    for path, stmt in places(program.kernels[0].body):
        if isinstance(stmt, Evaluate) and not stmt.call.args:
            n = path[-1]
            around = tuple((*path[:-1], k) for k in (n - 1, n) if k >= 0)
            yield Made(replace_at(program, path), around, "wait dropped")
        for address, put in addresses(stmt):
            for index in address.index:
                yield from _other_half(program, path, address, index, put)
        if isinstance(stmt, Assign) and _turns(stmt.value):
            same = replace(stmt, value=Var(stmt.name, I32))
            yield Made(replace_at(program, path, same), (path,), "the halves do not take turns")


def _turns(expr: Expr) -> bool:
    return isinstance(expr, Binary) and expr.op == "-" and expr.a == build.const(1, I32)


def _other_half(
    program: Module,
    path: Place,
    address: AddressOf,
    index: Expr,
    put: Callable[[AddressOf], Stmt],
) -> Iterator[Made]:
    """`half * size` with the other half."""
    if not isinstance(index, Binary) or index.op != "*" or not isinstance(index.b, Const):
        return
    half = index.a
    other = half.b if isinstance(half, Binary) and _turns(half) else None
    other = other or Binary("-", build.const(1, I32), half)
    if half.type == I32:
        new = replace(address, index=(replace(index, a=other),))
        yield Made(replace_at(program, path, put(new)), (path,), "the other half")


HELD_OUT: Mapping[str, Operator] = {
    "loop start": at_each(_loop_start),
    "store offset": at_each(_store_offset),
    "guard limit": at_each(_guard_bound),
    "wrong variable": _wrong_variable,
    "wrong operator": at_each(_wrong_operator),
    "swapped buffers": _swapped_buffers,
    "misplaced barrier": _misplaced_barrier,
    "narrowed type": at_each(_narrowed_type),
    "dropped remainder": _dropped_remainder,
    "wrong instruction": _wrong_instruction,
    "wrong operand": _wrong_operand,
    "address offset": at_each(_address_offset),
    "double buffer": _double_buffer,
}
