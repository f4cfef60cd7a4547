"""Small inputs for the interpreter, from the same cases that verification uses.

The cases' shapes are made for compiled programs. Here their sizes are replaced by small ones round the block
size (a part of a block, a whole one, one and a bit), which take every branch that the large ones take and cost
milliseconds. A shape that the predecessor itself cannot run is left out by whoever uses the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from math import prod
from typing import Any

from xpiler.ir import build
from xpiler.ir.interpret import TASKS
from xpiler.ir.nodes import Barrier, Builtin, Const, Declare, For, Module, Stmt, WarpOp
from xpiler.ir.types import U32, Scalar
from xpiler.ir.walk import expressions, map_block, statements, subexpressions
from xpiler.synth.machine import Machine
from xpiler.synth.trace import Inputs, runs
from xpiler.verify.case import Case, Concrete, ConcreteBuffer, concrete
from xpiler.verify.infer_bare import NoCase, infer_bare
from xpiler.verify.inputs import prepare

__all__ = ["SEEN", "UNSEEN", "UNSEEN_SEEDS", "inputs_for"]

WORK = 6000  # threads and elements of a run, together: what the interpreter does in some hundredths of a second
SEEN = (13, 61, 6, 29, 3, 21, 8, 1)
SEEN_SEEDS, UNSEEN_SEEDS = (0, 1, 2, 4, 5, 9), (3, 6, 7, 8)  # every style of values in both
UNSEEN = (27, 150, 10, 5, 45, 2, 24, 7)
TILE = 300  # elements of the longest tile that inputs have several of
ORDERS = (20, 40, 60)  # seeds of further orders of the threads
ROOM = 200  # elements of a buffer whose length follows no formula
TAKEN_AS_THEY_ARE = ("blocks_", "threads_")  # names of sizes that are a launch's own


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
    tiles = _several_tiles(programs, max(sizes))
    found = tuple(_ordered(program, _running(program, cases, sizes, tiles, seeds, most, machine)))
    if found:
        return found
    threads = _as_threads(program)
    bare = infer_bare(threads, threads.kernels[0])
    if isinstance(bare, NoCase):
        return ()
    running = _running(program, (bare,), sizes, tiles, seeds, most, machine)
    return tuple(_ordered(program, running))


def _several_tiles(programs: Sequence[Module], longest: int) -> tuple[int, ...]:
    """Lengths of some whole tiles and a rest. A tile is a number of the programs, or the product of two of them."""
    numbers = {
        int(sub.value)
        for program in programs
        for stmt in statements(program.kernels[0].body)
        for expr in expressions(stmt)
        for sub in subexpressions(expr)
        if isinstance(sub, Const) and isinstance(sub.type, Scalar) and sub.type.is_int
    }
    single = sorted(n for n in numbers if 2 <= n <= TILE)
    products = {a * b for a, b in combinations_with_replacement(single, 2)} - set(single)
    of_products = sorted(p + p // 2 + 1 for p in products if p <= TILE)
    # a task of several takes its second tile after all others have taken their first
    of_tasks = [TASKS * t + t + t // 2 + 1 for t in single]
    far = sorted(n for n in of_tasks if n > longest)[-1:]
    return (*[n for n in of_products if n > longest // 2][:2], *far)


def _running(
    program: Module,
    cases: Sequence[Case],
    sizes: Sequence[int],
    tiles: Sequence[int],
    seeds: Sequence[int],
    most: int,
    machine: Machine | None,
) -> list[Inputs]:
    """Inputs of the first `most` shapes that the program runs without a fault, and of one each for `tiles`."""
    chosen: list[Concrete] = []
    for shape in _concretes(cases, sizes):
        if len(chosen) == most:
            break
        if runs(program, _inputs(shape, seeds[0], machine)):
            chosen.append(shape)
    drawn = [_inputs(shape, seed, machine) for seed in seeds for shape in chosen]
    if not drawn:
        return []
    special = [_far_below_zero(given) for given in drawn[:2]] + [_large(g) for g in drawn[1:2]]
    # long ones cost more than they show, so there are few of them
    long = [s for s in _concretes(cases, tiles, own=False) if s not in chosen][: len(tiles)]
    beyond = [_inputs(s, seeds[0], machine) for s in long]
    return drawn + special + [given for given in beyond if runs(program, given)]


def _far_below_zero(given: Inputs) -> Inputs:
    """The same run with every real element less by a hundred: a maximum that starts at 0 is wrong there."""
    return _changed(given, lambda v: v - 100.0)


def _large(given: Inputs) -> Inputs:
    """The same run with large elements: what overflows unless a maximum is taken off, does so there."""
    return _changed(given, lambda v: v * 300.0)


def _changed(given: Inputs, change: Callable[[float], float]) -> Inputs:
    args = {
        name: [change(v) for v in value] if isinstance(value, list) and _real(value) else value
        for name, value in given.args.items()
    }
    return replace(given, args=args)


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


def _ordered(program: Module, found: Sequence[Inputs]) -> Iterator[Inputs]:
    kernel = program.kernels[0]
    parallel = kernel.level == "simt" or any(
        isinstance(s, For) and s.axis not in ("serial", "unroll") for s in statements(kernel.body)
    )
    for n, given in enumerate(found):
        yield replace(given, order=n) if parallel and n % 2 else given
    # a race shows in some orders only
    waits = any(isinstance(s, Barrier | WarpOp) for s in statements(kernel.body))
    for n, given in enumerate(found[:4] if waits else ()):
        yield from (replace(given, order=turn + n) for turn in ORDERS)


def _concretes(cases: Sequence[Case], small: Sequence[int], *, own: bool = True) -> list[Concrete]:
    """Small shapes of the cases, the informative ones first; with `own` also those that the cases list."""
    shapes = list(dict.fromkeys(shape for case in cases for shape in _shapes(case, small, own)))
    # one element has no neighbours, and a large shape costs more than it shows
    shapes.sort(key=lambda s: (_elements(s) < 4, _work(s) > WORK // 8))
    return shapes


def _shapes(case: Case, small: Sequence[int], own: bool) -> Iterator[Concrete]:
    """Small shapes first, then the case's own that are small enough."""
    rows = [*_small_rows(case, small), *(case.shapes if own else ())]
    for sizes in rows:
        found = concrete(case, sizes)
        if isinstance(found, Concrete) and _work(found) <= WORK:
            yield found


def _small_rows(case: Case, sizes: Sequence[int]) -> Iterator[dict[str, int]]:
    named = [(name, values) for name, values in case.sizes if len(set(values)) > 1]
    for turn in range(len(sizes)):
        row = {name: values[0] for name, values in case.sizes}
        for position, (name, values) in enumerate(named):
            if name.endswith("_elements"):
                row[name] = ROOM
            elif name.startswith(TAKEN_AS_THEY_ARE):
                small = sorted(values)[: max(1, len(values) - 1)]
                row[name] = min(small[turn % len(small)], 16)
            else:
                size = sizes[(turn + 3 * position) % len(sizes)]
                row[name] = size if max(values) > 16 else values[turn % len(values)]
        yield row


def _elements(shape: Concrete) -> int:
    return max((b.elements for b in shape.buffers), default=0)


def _work(shape: Concrete) -> int:
    return prod(shape.grid) * prod(shape.block) + sum(b.elements for b in shape.buffers)


def _inputs(shape: Concrete, seed: int, machine: Machine | None) -> Inputs:
    prepared = prepare(shape, seed)
    args: dict[str, Any] = {}
    for argument, array in zip(shape.arguments, prepared.arrays, strict=True):
        values = array.astype("f8").tolist() if array.dtype.kind not in "iub" else array.tolist()
        args[argument.name] = values if isinstance(argument, ConcreteBuffer) else values[0]
    return Inputs(args, shape.grid, shape.block, shape.shared, machine=machine)
