"""Small inputs for the interpreter, from the same cases that verification uses.

The shapes are those of `shapes.py`: the cases' with small sizes in their place. A shape that the predecessor itself
cannot run is left out. Values are those of verification, and some that show what these hide: far below zero, large,
and steep (each element a hundred more, or less, than the one before), on which a reduction shows any end that it
misses. An input of these on which rounding alone makes a difference tells nothing and is left out as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from xpiler.ir import build
from xpiler.ir.interpret.arithmetic import rounded
from xpiler.ir.nodes import (
    COMPARISONS,
    Barrier,
    Binary,
    Builtin,
    Call,
    Declare,
    For,
    Module,
    Stmt,
    WarpOp,
)
from xpiler.ir.types import U32, Pointer, Scalar
from xpiler.ir.walk import expressions, map_block, statements, subexpressions
from xpiler.synth.locate.machine import Machine
from xpiler.synth.locate.outcome import differs, outcome
from xpiler.synth.locate.shapes import in_turn, near_a_block, several_tiles, whole_blocks
from xpiler.synth.locate.trace import Inputs, runs
from xpiler.verify.cases.case import Case, Concrete, ConcreteBuffer
from xpiler.verify.cases.infer_bare import NoCase, infer_bare
from xpiler.verify.inputs import prepare

__all__ = ["SEEN", "UNSEEN", "UNSEEN_SEEDS", "inputs_for"]

SEEN = (13, 61, 6, 29, 3, 21, 8, 1)
SEEN_SEEDS, UNSEEN_SEEDS = (0, 1, 2, 4, 5, 9), (3, 6, 7, 8)  # every style of values in both
UNSEEN = (27, 150, 10, 5, 45, 2, 24, 7)
ORDERS = (20, 40, 60)  # seeds of further orders of the threads
STEP = 100.0  # between neighbours of a steep input: further than `exp` of a difference reaches
ROUNDING = 2.0**-22  # of a value, relative: what two right programs may differ by


def inputs_for(
    program: Module,
    cases: Sequence[Case],
    seeds: Sequence[int] = (0, 1, 2),
    most: int = 4,
    sizes: Sequence[int] = SEEN,
    *,
    after: Module | None = None,
    machine: Machine | None = None,
) -> tuple[Inputs, ...]:
    """Small inputs which `program` itself can run: from its cases, else from its own bounds.

    Of a program with threads or parallel loops every second one runs them in a random order. With `after`, what a
    pass made of the program, its tiles count as well: some inputs are long enough for several of each.
    """
    programs = (program,) if after is None else (program, after)
    tiles = several_tiles(programs, max(sizes))
    found = tuple(_running(programs, cases, sizes, tiles, seeds, most, machine))
    if found:
        return found
    threads = _as_threads(program)
    bare = infer_bare(threads, threads.kernels[0])
    if isinstance(bare, NoCase):
        return ()
    return tuple(_running(programs, (bare,), sizes, tiles, seeds, most, machine))


def _running(
    programs: Sequence[Module],
    cases: Sequence[Case],
    sizes: Sequence[int],
    tiles: Sequence[int],
    seeds: Sequence[int],
    most: int,
    machine: Machine | None,
) -> Iterator[Inputs]:
    """Inputs of the first `most` shapes that the first program runs without a fault, and of one each for other shapes."""
    program = programs[0]
    chosen: list[Concrete] = []
    for shape in near_a_block(cases, sizes):
        if len(chosen) == most:
            break
        if runs(program, _inputs(shape, seeds[0], machine)):
            chosen.append(shape)
    drawn = [_inputs(shape, seed, machine) for seed in seeds for shape in chosen]
    if not drawn:
        return
    special = [_changed(program, given, _far_below_zero) for given in drawn[:2]]
    special = [given for given in special if _tells(program, given)]
    special += [_changed(program, given, _large) for given in drawn[1:2]]
    steep: list[Inputs] = []
    if any(map(_selects, programs)):
        steep = [_changed(program, g, c) for g in drawn[:2][-1:] for c in (_rising, _falling)]
        # the greatest is the last thread's here
        last = [_inputs(shape, seeds[0], machine) for shape in whole_blocks(cases)[:1]]
        steep += [_changed(program, g, _rising) for g in last if runs(program, g)]
        steep = [given for given in steep if _tells(program, given)]
    # long ones cost more than they show, so there are few of them
    long = [s for s in near_a_block(cases, tiles, own=False) if s not in chosen][: len(tiles)]
    turns = [s for s in in_turn(cases, sizes, tiles) if s not in (*chosen, *long)]
    beyond = [_inputs(s, seeds[0], machine) for s in (*long, *turns)]
    plain = [*drawn, *special]
    plain += [given for given in beyond if runs(program, given)]
    yield from _ordered(program, plain, steep)


def _selects(program: Module) -> bool:
    """Whether one element's value can hide another's: a greatest, a smallest, one chosen by a comparison."""
    found = (
        sub
        for stmt in statements(program.kernels[0].body)
        for expr in expressions(stmt)
        for sub in subexpressions(expr)
    )
    return any(
        (isinstance(sub, Call) and ("max" in sub.function or "min" in sub.function))
        or (isinstance(sub, Binary) and sub.op in COMPARISONS and _is_real(sub.a.type))
        for sub in found
    )


def _is_real(type_: object) -> bool:
    return isinstance(type_, Scalar) and type_.is_float


def _far_below_zero(_: int, value: float) -> float:
    """Every real element less by a hundred: a maximum that starts at 0 is wrong there."""
    return value - 100.0


def _large(_: int, value: float) -> float:
    """Large elements: what overflows unless a maximum is taken off, does so there."""
    return value * 300.0


def _rising(place: int, value: float) -> float:
    """The last element is the greatest by far: a reduction that misses it is wrong."""
    return value + STEP * place


def _falling(place: int, value: float) -> float:
    """The first element is the greatest by far."""
    return value - STEP * place


def _changed(program: Module, given: Inputs, change: Callable[[int, float], float]) -> Inputs:
    """The same run with other real elements."""
    elems = {p.name: p.type.elem for p in program.kernels[0].params if isinstance(p.type, Pointer)}
    args = {
        name: [rounded(change(n, v), elems[name]) for n, v in enumerate(value)]
        if isinstance(value, list) and _real(value) and name in elems
        else value
        for name, value in given.args.items()
    }
    return replace(given, args=args)


def _tells(program: Module, given: Inputs) -> bool:
    """Whether the program's results stay what they are when each value is rounded another way."""

    def nudged(place: int, value: float) -> float:
        return value * (1.0 - ROUNDING if place % 2 else 1.0 + ROUNDING)

    args = {
        name: [nudged(n, v) for n, v in enumerate(value)]
        if isinstance(value, list) and _real(value)
        else value
        for name, value in given.args.items()
    }
    if args == given.args:
        return True
    expected, nearby = outcome(program, given), outcome(program, replace(given, args=args))
    return expected is None or nearby is None or not differs(expected, nearby)


def _real(values: Sequence[Any]) -> bool:
    return bool(values) and isinstance(values[0], float)


def _as_threads(program: Module) -> Module:
    """Loops over blocks and threads as the grid again: only for the inference, which knows grids."""
    kernel = program.kernels[0]
    if kernel.level != "loops":
        return program
    names = {"block": "blockIdx", "thread": "threadIdx"}

    def one(stmt: Stmt) -> tuple[Stmt, ...]:
        kind, _, axis = stmt.axis.partition(".") if isinstance(stmt, For) else ("", "", "")
        if isinstance(stmt, For) and kind in names and stmt.lo == build.const(0, stmt.type):
            place = build.cast(stmt.type, Builtin(f"{names[kind]}.{axis}", U32))
            return (Declare(stmt.var, stmt.type, place), *stmt.body)
        return (stmt,)

    body = map_block(kernel.body, one)
    return replace(program, kernels=(replace(kernel, level="simt", body=body),))


def _ordered(program: Module, plain: Sequence[Inputs], steep: Sequence[Inputs]) -> Iterator[Inputs]:
    """All of them; every second one with another order of the threads, some with several."""
    kernel = program.kernels[0]
    parallel = kernel.level == "simt" or any(
        isinstance(s, For) and s.axis not in ("serial", "unroll") for s in statements(kernel.body)
    )
    for n, given in enumerate(plain):
        yield replace(given, order=n) if parallel and n % 2 else given
    yield from steep
    # a race shows in some orders only
    waits = any(isinstance(s, Barrier | WarpOp) for s in statements(kernel.body))
    for n, given in enumerate((*plain[:4], *steep) if waits else ()):
        yield from (replace(given, order=turn + n) for turn in ORDERS)


def _inputs(shape: Concrete, seed: int, machine: Machine | None) -> Inputs:
    prepared = prepare(shape, seed)
    args: dict[str, Any] = {}
    for argument, array in zip(shape.arguments, prepared.arrays, strict=True):
        values = array.astype("f8").tolist() if array.dtype.kind not in "iub" else array.tolist()
        args[argument.name] = values if isinstance(argument, ConcreteBuffer) else values[0]
    return Inputs(args, shape.grid, shape.block, shape.shared, machine=machine)
