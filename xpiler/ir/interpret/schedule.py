"""Threads of a block as generators: who waits for whom, and what warp operations give."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator
from typing import Any

from xpiler.ir.interpret.arithmetic import poison, rounded, wrapped
from xpiler.ir.types import Scalar
from xpiler.records import dataclass

__all__ = ["Fault", "memory_functions", "run_blocks"]

WARP = 32
UNDEFINED = object()
Request = tuple[str, int, int, Any, tuple[Any, ...]]


class Fault(Exception):  # noqa: N818 - the field's word
    """The program did what no program may do."""


@dataclass
class _Thread:
    run: Generator[Request, Any, Any]
    block: int
    linear: int
    request: Request | None = None
    answer: Any = None
    done: bool = False

    @property
    def warp(self) -> tuple[int, int]:
        return self.block, self.linear // WARP

    @property
    def lane(self) -> int:
        return self.linear % WARP

    def advance(self) -> None:
        try:
            self.request = self.run.send(self.answer)
        except StopIteration:
            self.done, self.request = True, None
        self.answer = None


def run_blocks(
    kernel: Callable[..., Generator[Request, Any, Any]],
    memory: dict[str, Any],
    builtins: dict[str, int],
    values: list[Any],
    together: bool,
    rng: random.Random | None,
    strict: bool,
) -> None:
    """Run a SIMT kernel: block after block, or all at once when blocks wait for each other."""
    gx, gy, gz = (builtins[f"gridDim.{a}"] for a in "xyz")
    blocks = [(x, y, z) for z in range(gz) for y in range(gy) for x in range(gx)]
    threads: list[_Thread] = []
    for number, at in enumerate(blocks):
        threads += _threads(kernel, memory, builtins, values, number, at)
        if not together:
            _run(threads, rng, strict)
            threads = []
    if together:
        _run(threads, rng, strict)


def _threads(
    kernel: Callable[..., Generator[Request, Any, Any]],
    memory: dict[str, Any],
    builtins: dict[str, int],
    values: list[Any],
    number: int,
    at: tuple[int, int, int],
) -> list[_Thread]:
    bx, by, bz = (builtins[f"blockDim.{a}"] for a in "xyz")
    shared: dict[str, Any] = {}
    out: list[_Thread] = []
    for z in range(bz):
        for y in range(by):
            for x in range(bx):
                mine = {**builtins}
                mine.update(zip(("blockIdx.x", "blockIdx.y", "blockIdx.z"), at, strict=True))
                mine.update({"threadIdx.x": x, "threadIdx.y": y, "threadIdx.z": z})
                mine["lane"] = len(out) % WARP
                run = kernel(memory, mine, shared, *values)
                out.append(_Thread(run, number, len(out)))
    return out


def _run(threads: list[_Thread], rng: random.Random | None, strict: bool) -> None:
    ready = list(threads)
    while True:
        if rng is not None:
            rng.shuffle(ready)
        for thread in ready:
            thread.advance()
        alive = [t for t in threads if not t.done]
        if not alive:
            return
        ready = _resolve_warps(alive, strict) or _resolve(alive, "block") or _resolve(alive, "grid")
        if not ready:
            raise Fault("threads wait for each other at different barriers")


def _by(threads: list[_Thread], key: Callable[[_Thread], Any]) -> list[list[_Thread]]:
    groups: dict[Any, list[_Thread]] = {}
    for thread in threads:
        groups.setdefault(key(thread), []).append(thread)
    return list(groups.values())


def _resolve(alive: list[_Thread], scope: str) -> list[_Thread]:
    """Let go of each group all of whose living threads have arrived."""
    ready: list[_Thread] = []
    groups = [alive] if scope == "grid" else _by(alive, lambda t: t.block)
    for group in groups:
        names = {t.request[0] for t in group if t.request is not None}
        if names == {f"barrier.{scope}"}:
            ready += group
        elif scope == "block" and len(names) == 1 and next(iter(names)).startswith("block_"):
            _vote(group, next(iter(names)).replace("block_", ""))
            ready += group
    return ready


def _vote(group: list[_Thread], op: str) -> None:
    flags = [t.request[4][0] != 0 for t in group if t.request is not None]
    answer = {"or": int(any(flags)), "and": int(all(flags)), "count": sum(flags)}[op]
    for thread in group:
        thread.answer = answer


def _resolve_warps(alive: list[_Thread], strict: bool) -> list[_Thread]:
    ready: list[_Thread] = []
    for warp in _by(alive, lambda t: t.warp):
        waiting = [t for t in warp if t.request is not None and _is_warp(t.request[0])]
        if len(waiting) != len(warp) and not any(_settled(t, waiting, warp) for t in waiting):
            continue
        for group in _by(waiting, lambda t: t.request and t.request[:2]):
            if all(_settled(t, group, warp) for t in group):
                _exchange(group, strict)
                ready += group
    return ready


def _is_warp(name: str) -> bool:
    return not name.startswith("block_") and name not in ("barrier.block", "barrier.grid")


def _settled(thread: _Thread, group: list[_Thread], warp: list[_Thread]) -> bool:
    """Have all living lanes that this thread names arrived?"""
    assert thread.request is not None
    if thread.request[0] == "activemask":
        return True
    mask = thread.request[2] & 0xFFFFFFFF
    here = {t.lane for t in group}
    return all(t.lane in here for t in warp if mask >> t.lane & 1)


def _exchange(group: list[_Thread], strict: bool) -> None:
    lanes = {t.lane: t for t in group}
    op = group[0].request[0] if group[0].request else ""
    if op == "barrier.warp":
        return
    if op == "mma":
        _mma(lanes)
        return
    for lane, thread in lanes.items():
        assert thread.request is not None
        _, _, mask, type, args = thread.request
        named = {
            n: t.request[4]
            for n, t in lanes.items()
            if t.request is not None and (op == "activemask" or mask >> n & 1)
        }
        thread.answer = _answer(op, lane, type, args, named, lanes)
        if thread.answer is UNDEFINED:
            if strict:
                raise Fault("a shuffle reads a lane that does not take part")
            thread.answer = poison(type)


def _answer(
    op: str,
    lane: int,
    type: Scalar,
    args: tuple[Any, ...],
    named: dict[int, tuple[Any, ...]],
    lanes: dict[int, _Thread],
) -> Any:
    if op.startswith("shfl"):
        source = _source(op, lane, args[1], args[2])
        thread = lanes.get(source)
        if thread is None or thread.request is None:
            return UNDEFINED
        return thread.request[4][0]
    if op == "activemask":
        return sum(1 << n for n in named)
    if op == "match_any":
        return sum(1 << n for n, a in named.items() if a[0] == args[0])
    flags = {n: a[0] != 0 for n, a in named.items()}
    if op in ("any", "all"):
        return int(any(flags.values()) if op == "any" else all(flags.values()))
    if op == "ballot":
        return sum(1 << n for n, f in flags.items() if f)
    total: int | None = None
    for a in named.values():
        total = a[0] if total is None else _REDUCE[op](total, a[0])
    return wrapped(total or 0, type)


_REDUCE: dict[str, Callable[[int, int], int]] = {
    "reduce_add": lambda a, b: a + b,
    "reduce_min": min,
    "reduce_max": max,
    "reduce_and": lambda a, b: a & b,
    "reduce_or": lambda a, b: a | b,
    "reduce_xor": lambda a, b: a ^ b,
}


def _source(op: str, lane: int, by: int, width: int) -> int:
    """PTX ISA, shfl.sync: the lane that is read; a lane out of its segment reads itself."""
    segment = lane & ~(width - 1) & (WARP - 1)
    end = segment + width
    by &= WARP - 1
    if op == "shfl":
        return segment | (by & (width - 1))
    place = {"shfl_up": lane - by, "shfl_down": lane + by, "shfl_xor": lane ^ by}[op]
    if op == "shfl_up":
        return place if place >= segment else lane
    return place if place < end else lane


def _mma(lanes: dict[int, _Thread]) -> None:
    """d = a * b + c for fragments dealt out in rows: lane l holds elements l*E to l*E+E-1."""
    requests = [r for n in range(WARP) if (r := lanes[n].request) is not None]
    args = [r[4] for r in requests]
    elem: Scalar = requests[0][3]
    m, n, k = args[0][4]
    a, b, c = ([v for x in args for v in x[which]] for which in (1, 2, 3))
    result = []
    for i in range(m):
        for j in range(n):
            total = c[i * n + j]
            for x in range(k):
                product = a[i * k + x] * b[x * n + j]
                total = (
                    rounded(total + product, elem)
                    if elem.is_float
                    else wrapped(total + product, elem)
                )
            result.append(total)
    each = m * n // WARP
    for lane in range(WARP):
        args[lane][0][:] = result[lane * each : (lane + 1) * each]


# --- what translated programs call -------------------------------------------------------------


def memory_functions() -> dict[str, Any]:
    """Checked indexing, atomics, dynamic shared memory, fragments."""
    return {
        "at": _at,
        "lim": _lim,
        "atomic": _atomic,
        "dynamic": _dynamic,
        "fill": lambda given, size: given + [0] * (size - len(given)),
        "tile_load": _tile_load,
        "tile_store": _tile_store,
    }


def _at(index: int, array: list[Any]) -> int:
    if not 0 <= index < len(array):
        raise IndexError(f"index {index} is out of bounds ({len(array)} elements)")
    return index


def _lim(index: int, size: int) -> int:
    if not 0 <= index < size:
        raise IndexError(f"index {index} is out of bounds ({size})")
    return index


def _atomic(op: str, type: Scalar, old: Any, a: Any, b: Any = None) -> Any:
    match op:
        case "add":
            return rounded(old + a, type) if type.is_float else wrapped(old + a, type)
        case "sub":
            return wrapped(old - a, type)
        case "min":
            return min(old, a)
        case "max":
            return max(old, a)
        case "and":
            return old & a
        case "or":
            return old | a
        case "xor":
            return old ^ a
        case "exch":
            return a
        case "cas":
            return b if _same_bits(old, a, type) else old
        case "inc":
            return 0 if old >= a else old + 1
        case _:
            return a if old == 0 or old > a else old - 1


def _same_bits(a: Any, b: Any, type: Scalar) -> bool:
    """Compare-and-swap compares bits: zeros of different sign differ, a NaN equals itself."""
    if not type.is_float:
        return bool(a == b)
    return (a == b and math.copysign(1.0, a) == math.copysign(1.0, b)) or (a != a and b != b)


def _dynamic(shared: dict[str, Any], builtins: dict[str, int], type: Scalar) -> list[Any]:
    key = f"dynamic {type.name}"
    if key not in shared:
        shared[key] = [poison(type)] * (builtins["sharedBytes"] // type.size)
    array: list[Any] = shared[key]
    return array


def _cells(
    builtins: dict[str, int],
    array: list[Any],
    start: int,
    ld: int,
    columns: int,
    layout: str,
    tile: list[Any],
) -> list[int]:
    first = builtins["lane"] * len(tile)
    cells = []
    for n in range(first, first + len(tile)):
        row, column = divmod(n, columns)
        at = row * ld + column if layout == "row" else column * ld + row
        cells.append(_at(start + at, array))
    return cells


def _tile_load(builtins: dict[str, int], array: list[Any], *rest: Any) -> None:
    tile: list[Any] = rest[-1]
    tile[:] = [array[n] for n in _cells(builtins, array, *rest)]


def _tile_store(builtins: dict[str, int], array: list[Any], *rest: Any) -> None:
    for n, value in zip(_cells(builtins, array, *rest), rest[-1], strict=True):
        array[n] = value
