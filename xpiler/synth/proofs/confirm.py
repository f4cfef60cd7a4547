"""Run a kernel at the sizes of a counterexample: only what happens there is believed.

The program is instrumented, as in `trace.py`: before the statements in question it logs which thread touches which element,
and after each barrier who went on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xpiler.ir import build
from xpiler.ir.interpret import Fault, interpret
from xpiler.ir.nodes import (
    Barrier,
    Binary,
    Block,
    Builtin,
    Cast,
    Const,
    Expr,
    If,
    Kernel,
    Module,
    Param,
    Stmt,
    Store,
    Unary,
    WarpOp,
)
from xpiler.ir.types import F64, I32, I64, U32, Pointer
from xpiler.ir.walk import blocks, with_blocks
from xpiler.passes.loop_recovery.scope import BLOCK_OPS
from xpiler.records import dataclass
from xpiler.synth.proofs.touches import Site
from xpiler.verify.cases.case import Case, Concrete, ConcreteBuffer, concrete
from xpiler.verify.inputs import prepare

__all__ = ["Met", "Ran", "Touched", "ran"]

LOG = "xp_touched"
MARK = -9999.0
MOST_THREADS = 1 << 14
MOST_ELEMENTS = 1 << 17
STEPS = 200_000
TRIPS = 100_000
MOST_NOTES = 150_000
LONG = "the run is long"


@dataclass(frozen=True, slots=True)
class Touched:
    """Thread `thread` of block `block` touched an element at `site`, after so many barriers of the block (`since`)
    and of its warp."""

    site: int
    block: int
    thread: int
    index: tuple[int, ...]
    since: int
    of_warp: int


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did at the sites: `fault` is empty when it ended; `extents` are the arguments' lengths; `waited` the
    barriers that each (block, thread) passed, where it passed any."""

    concrete: Concrete
    touched: tuple[Touched, ...]
    extents: Mapping[str, int]
    fault: str
    waited: Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Met:
    """Two accesses of one element by two threads with no barrier between."""

    first: Touched
    second: Touched


class _Log(list[float]):
    """A buffer of one element that remembers everything stored to it."""

    def __init__(self) -> None:
        super().__init__([0.0])
        self.entries: list[float] = []

    def __setitem__(self, key: Any, value: Any) -> None:
        del key
        self.entries.append(value)
        if len(self.entries) > MOST_NOTES:
            raise Fault(LONG)


def ran(
    module: Module, case: Case, sizes: Mapping[str, int], sites: Sequence[Site], seed: int = 0
) -> Ran | None:
    """The kernel at these sizes, watched at the sites; None where it is too large to run, or no launch."""
    shape = concrete(case, sizes)
    if not isinstance(shape, Concrete) or not _small(shape):
        return None
    args: dict[str, Any] = {}
    for argument, array in zip(shape.arguments, prepare(shape, seed).arrays, strict=True):
        values = array.astype("f8").tolist() if array.dtype.kind not in "iub" else array.tolist()
        args[argument.name] = values if isinstance(argument, ConcreteBuffer) else values[0]
    extents = {n: len(v) for n, v in args.items() if isinstance(v, list)}
    (kernel,) = module.kernels
    watched = replace(module, kernels=(_watched(kernel, sites),))
    log, fault = _Log(), ""
    args = {p.name: args[p.name] for p in kernel.params if p.name in args} | {LOG: log}
    try:
        interpret(
            watched,
            args,
            shape.grid,
            shape.block,
            shared_bytes=shape.shared,
            limit=STEPS,
            trips=TRIPS,
        )
    except (Fault, OverflowError, KeyError) as error:
        fault = str(error) or "it stops"
    barriers: Counter[tuple[int, int]] = Counter()
    touched = tuple(_read(log.entries, sites, barriers))
    return Ran(shape, touched, extents, fault, barriers)


def _small(shape: Concrete) -> bool:
    threads = 1
    for extent in (*shape.grid, *shape.block):
        threads *= extent
    return threads <= MOST_THREADS and all(b.elements <= MOST_ELEMENTS for b in shape.buffers)


# --- the program with its log ------------------------------------------------------------------


def _watched(kernel: Kernel, sites: Sequence[Site]) -> Kernel:
    param = Param(LOG, Pointer(F64))
    body = _block(kernel.body, sites)
    return replace(kernel, body=body, params=(*kernel.params, param))


def _block(block: Block, sites: Sequence[Site]) -> Block:
    out: list[Stmt] = []
    for stmt in block:
        for number, site in enumerate(sites):
            if site.stmt is stmt:
                out += _noted(number, site)
        inner = blocks(stmt)
        changed = tuple(_block(b, sites) for b in inner)
        out.append(with_blocks(stmt, changed) if inner else stmt)
        if isinstance(stmt, Barrier) or (isinstance(stmt, WarpOp) and stmt.op in BLOCK_OPS):
            warp = isinstance(stmt, Barrier) and stmt.scope == "warp"
            out += [_put(build.const(MARK, F64)), _put(build.const(-2.0 if warp else -1.0, F64))]
            out += _place()
    return tuple(out)


def _noted(number: int, site: Site) -> Block:
    """Log an access, under the conditions that its statement makes it under."""
    body: Block = (
        _put(build.const(MARK, F64)),
        _put(build.const(float(number), F64)),
        *_place(),
        *(_put(i) for i in site.index),
    )
    for cond, side in reversed(site.guards):
        body = (If(cond if side else Unary("!", cond), body),)
    return body


def _place() -> Block:
    return (_put(_linear("blockIdx", "gridDim")), _put(_linear("threadIdx", "blockDim")))


def _linear(index: str, size: str) -> Expr:
    x, y, z = (Cast(I64, Builtin(f"{index}.{a}", U32)) for a in "xyz")
    dx, dy = (Cast(I64, Builtin(f"{size}.{a}", U32)) for a in "xy")
    return Binary("+", Binary("*", Binary("+", Binary("*", z, dy), y), dx), x)


def _put(value: Expr) -> Stmt:
    real = value if value.type == F64 else Cast(F64, value)
    return Store(LOG, (Const(0, I32),), real)


def _read(
    entries: Sequence[float], sites: Sequence[Site], barriers: Counter[tuple[int, int]]
) -> Iterator[Touched]:
    """The log as touches. A thread's `barriers` are counted as it passes them."""
    warps: Counter[tuple[int, int]] = Counter()
    at = 0
    while at + 4 <= len(entries):
        number, block, thread = (int(v) for v in entries[at + 1 : at + 4])
        at += 4
        place = (block, thread)
        if number < 0:
            warps[place] += 1
            barriers[place] += number == -1
            continue
        rank = len(sites[number].index)
        index = tuple(int(v) for v in entries[at : at + rank])
        if len(index) < rank:
            return
        at += rank
        yield Touched(number, block, thread, index, barriers[place], warps[place])


def thread_text(shape: Concrete, block: int, thread: int) -> str:
    """`thread (1, 2) of block 3`, as far as the launch has axes."""
    return f"thread {_axes(thread, shape.block)} of block {_axes(block, shape.grid)}"


def _axes(linear: int, extents: tuple[int, int, int]) -> str:
    x, y, z = extents
    if y == z == 1:
        return str(linear)
    parts = [linear % x, linear // x % y] + ([linear // (x * y)] if z > 1 else [])
    return f"({', '.join(map(str, parts))})"
