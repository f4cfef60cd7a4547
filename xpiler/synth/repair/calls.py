"""Changes of a call of a declared instruction: another instruction or word, other operands, masks and buffers.

Its integer parameters (lengths, strides, immediates, offsets) are slots like any other (`slots`). What an instruction
demands of its arguments its own meaning checks when the candidate runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Call,
    Declare,
    Evaluate,
    Expr,
    Kernel,
    Load,
    Module,
    Stmt,
    Var,
)
from xpiler.ir.types import Mask, Pointer, Scalar, Space, Vector
from xpiler.ir.walk import blocks, expressions, map_exprs, statements, subexpressions
from xpiler.synth.locate.machine import Machine
from xpiler.synth.locate.trace import Place
from xpiler.synth.paths import at, replace_at
from xpiler.synth.repair.change import Change

__all__ = [
    "arrays_read",
    "call_variants",
    "called",
    "calls_instructions",
    "in_scope",
    "sources",
    "waits",
]

Variant = tuple[Stmt, str, int]
"""A statement in place of another, what was changed, and the cost of the change."""


def called(stmt: Stmt) -> tuple[Call, ...]:
    """The declared instructions (and words) that a statement itself calls, outermost first."""
    found: dict[Call, None] = {}
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if isinstance(part, Call) and part.function not in FUNCTIONS:
                found[part] = None
    return tuple(found)


def sources(stmt: Stmt) -> set[str]:
    """Arrays that a statement reads; the first one that an instruction is given is where its result goes."""
    if not isinstance(stmt, Evaluate):
        return arrays_read(stmt)
    given = [
        s.buffer for a in stmt.call.args for s in subexpressions(a) if isinstance(s, AddressOf)
    ]
    return set(given[1:])


def arrays_read(stmt: Stmt) -> set[str]:
    """Arrays that a statement reads or hands on by address."""
    return {
        s.buffer
        for e in expressions(stmt)
        for s in subexpressions(e)
        if isinstance(s, Load | AddressOf)
    }


def calls_instructions(program: Module) -> bool:
    """Whether any statement calls a declared instruction."""
    return any(called(s) for s in statements(program.kernels[0].body))


def call_variants(program: Module, path: Place, machine: Machine) -> Iterator[Change]:
    """The statement at `path` with one thing about one of its calls changed."""
    for stmt, what, cost in _variants(program, path, machine):
        yield Change(replace_at(program, path, stmt), what, path, cost)


def _variants(program: Module, path: Place, machine: Machine) -> Iterator[Variant]:
    stmt = at(program, path)
    registers = in_scope(program, path)
    buffers = _buffers(program.kernels[0])
    for call in called(stmt):
        for other in machine.instead_of(call.function):
            what = f"{other} for {call.function}"
            yield _with(stmt, call, replace(call, function=other)), what, 3 if call.args else 1
        yield from _operands(stmt, call, registers)
    yield from _masks(stmt, registers, _joins(program))
    for whole in expressions(stmt):
        for part in subexpressions(whole):
            if isinstance(part, AddressOf) and part.buffer in buffers:
                elem, space, rank = buffers[part.buffer]
                for name in sorted(buffers, key=lambda n: (buffers[n][1] != space, n)):
                    if name != part.buffer and buffers[name][::2] == (elem, rank):
                        new = replace(part, buffer=name)
                        yield _with(stmt, part, new), f"{name} for {part.buffer}", 2


def _operands(stmt: Stmt, call: Call, registers: tuple[Var, ...]) -> Iterator[Variant]:
    """Two operands exchanged; a register or mask in scope for another; a mask without one of its conditions."""
    args = call.args
    for n in range(len(args)):
        for m in range(n + 1, len(args)):
            if args[n].type == args[m].type and args[n] != args[m]:
                given = list(args)
                given[n], given[m] = given[m], given[n]
                yield _with(stmt, call, replace(call, args=tuple(given))), "operands exchanged", 1
    for n, arg in enumerate(args):
        if not isinstance(arg.type, Mask | Vector):
            continue
        for other in registers:
            if other.type == arg.type and other != arg:
                new = replace(call, args=(*args[:n], other, *args[n + 1 :]))
                yield _with(stmt, call, new), f"{other.name} as an operand", 2


def _masks(stmt: Stmt, masks: tuple[Var, ...], joins: tuple[str, ...]) -> Iterator[Variant]:
    """A mask joined with another one in scope, by an instruction with which the program joins masks."""
    parts = [p for whole in expressions(stmt) for p in subexpressions(whole)]
    for part in dict.fromkeys(p for p in parts if isinstance(p.type, Mask)):
        for other in masks:
            for name in joins if other.type == part.type and other != part else ():
                both = Call(name, (other, part), part.type)
                yield _with(stmt, part, both), f"only the lanes of {other.name}", 3


def _joins(program: Module) -> tuple[str, ...]:
    """Instructions of the program that make a mask of two."""
    found = {
        call.function: None
        for stmt in statements(program.kernels[0].body)
        for call in called(stmt)
        if isinstance(call.type, Mask) and [a.type for a in call.args] == [call.type, call.type]
    }
    return tuple(found)


def _with(stmt: Stmt, old: Expr, new: Expr) -> Stmt:
    return map_exprs(stmt, lambda e: new if e == old else e)


def in_scope(program: Module, path: Place) -> tuple[Var, ...]:
    """Registers and masks that are declared before `path`, nearest first."""
    found: list[Var] = []
    block = program.kernels[0].body
    for position in range(0, len(path), 2):
        here = [
            Var(s.name, s.type)
            for s in block[: path[position]]
            if isinstance(s, Declare) and isinstance(s.type, Mask | Vector)
        ]
        found = [*reversed(here), *found]
        if position + 1 < len(path):
            block = blocks(block[path[position]])[path[position + 1]]
    return tuple(found)


def _buffers(kernel: Kernel) -> dict[str, tuple[Scalar, Space, int]]:
    """Element type, space and rank of each buffer."""
    out = {p.name: (p.type.elem, p.space, 1) for p in kernel.params if isinstance(p.type, Pointer)}
    for s in statements(kernel.body):
        if isinstance(s, Alloc):
            out[s.name] = (s.elem, s.space, 1 if s.dynamic else len(s.shape))
    return out


def waits(program: Module) -> tuple[Evaluate, ...]:
    """Calls without arguments that a program makes for their effect: its waits."""
    found = {
        s: None
        for s in statements(program.kernels[0].body)
        if isinstance(s, Evaluate) and not s.call.args
    }
    return tuple(found)
