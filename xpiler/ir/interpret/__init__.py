"""A reference interpreter of the Kernel IR: no compiler, all levels, all threads in lockstep.

An independent second opinion on passes, and fast enough for thousands of small kernels. It stops with
`Fault` at what a program must not do: an index out of bounds, a barrier that not all reach.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from xpiler.ir.interpret import arithmetic
from xpiler.ir.interpret.schedule import Fault, memory_functions, run_blocks
from xpiler.ir.interpret.translate import python_source, uses_grid_barrier
from xpiler.ir.nodes import Module
from xpiler.ir.types import SCALARS

__all__ = ["Fault", "interpret"]

Dim = tuple[int, int, int]


def interpret(
    module: Module,
    args: dict[str, Any],
    grid: Dim,
    block: Dim,
    *,
    shared_bytes: int = 0,
    seed: int | None = None,
    limit: int = 1_000_000,
    strict: bool = False,
    trips: int | None = None,
) -> None:
    """Run the module's one kernel on `args` (numbers, and lists that are written in place).

    With `seed`, threads of a block and iterations of parallel loops run in random order. Raises Fault;
    also when `while` loops take more than `limit` steps. With `strict`, a shuffle from a lane that does not
    take part is a fault rather than an arbitrary value. `trips` bounds the iterations of all `for` loops together.
    """
    (kernel,) = module.kernels
    rng = None if seed is None else random.Random(seed)
    space = _namespace(rng, limit, trips)
    exec(compile(python_source(module, kernel), f"<{kernel.name}>", "exec"), space)
    memory = {g.name: _initial(g) for g in module.globals}
    builtins = {
        f"{n}.{a}": v
        for n, d in (("gridDim", grid), ("blockDim", block))
        for a, v in zip("xyz", d, strict=True)
    }
    builtins["sharedBytes"] = shared_bytes
    values = [args[p.name] for p in kernel.params]
    try:
        if kernel.level == "simt":
            together = uses_grid_barrier(kernel.body, builtins)
            run_blocks(space[f"k_{kernel.name}"], memory, builtins, values, together, rng, strict)
        else:
            _exhaust(space[f"k_{kernel.name}"](memory, builtins, {}, *values))
    except (IndexError, KeyError, ZeroDivisionError, AssertionError) as error:
        raise Fault(str(error)) from error


def _exhaust(thread: Iterator[Any]) -> None:
    for request in thread:
        if request[0] != "barrier.warp":
            raise Fault(f"{request[0]} outside a SIMT program")


def _initial(g: Any) -> list[Any]:
    size = 1
    for n in g.shape:
        size *= n
    given = [c.value for c in g.init]
    zero = 0.0 if g.elem.is_float else 0
    return given + [zero] * (size - len(given))


def _namespace(rng: random.Random | None, limit: int, most: int | None) -> dict[str, Any]:
    steps, taken = [0], [0]

    def trips(values: range) -> range:
        if most is not None:
            # len() is an error for what does not fit a machine word
            taken[0] += len(values) if values.stop - values.start < 1 << 40 else most + 1
            if taken[0] > most:
                raise Fault("the loops take too many steps")
        return values

    def tick() -> None:
        steps[0] += 1
        if steps[0] > limit:
            raise Fault("a loop does not end")

    def order(values: Iterable[int]) -> Iterable[int]:
        if rng is None:
            return values
        shuffled = list(values)
        rng.shuffle(shuffled)
        return shuffled

    return {
        "T": SCALARS,
        "F": arithmetic.FUNCTIONS,
        "convert": arithmetic.convert,
        "divide": arithmetic.divide,
        "modulo": arithmetic.modulo,
        "poison": arithmetic.poison,
        "r_f32": lambda v: arithmetic.rounded(v, SCALARS["f32"]),
        "r_f16": lambda v: arithmetic.rounded(v, SCALARS["f16"]),
        "r_bf16": lambda v: arithmetic.rounded(v, SCALARS["bf16"]),
        "tick": tick,
        "trips": trips,
        "order": order,
        **memory_functions(),
    }
