"""A reference interpreter of the Kernel IR: no compiler, all levels, all threads in lockstep.

An independent second opinion on passes, and fast enough for thousands of small kernels. It stops with
`Fault` at what a program must not do: an index out of bounds, a barrier that not all reach.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import CodeType
from typing import Any, Protocol

from xpiler.ir.functions import given_name
from xpiler.ir.interpret import arithmetic
from xpiler.ir.interpret.schedule import Fault, memory_functions, run_blocks
from xpiler.ir.interpret.translate import instructions, python_source, uses_grid_barrier
from xpiler.ir.nodes import Module
from xpiler.ir.types import SCALARS, Pointer, Scalar

__all__ = ["TASKS", "Fault", "Instructions", "instructions", "interpret"]

Dim = tuple[int, int, int]
TASKS = 4
"""Tasks of a task program: one cluster."""
_KEPT = 64


class Instructions(Protocol):
    """Whoever knows a target's declared instructions: it holds the arrays of a program that calls them."""

    def prepare(self, keys: Iterable[str]) -> None: ...
    def enter(self) -> None: ...
    def leave(self) -> None: ...
    def begin(self, task: int) -> None: ...
    def end(self) -> None: ...
    def array(self, name: str, elem: Scalar, shape: tuple[int, ...], space: str = "") -> Any: ...
    def instruction(self, key: str) -> Callable[..., Any]: ...


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
    machine: Instructions | None = None,
) -> None:
    """Run the module's one kernel on `args` (numbers, and lists that are written in place).

    With `seed`, threads of a block and iterations of parallel loops run in random order. Raises Fault;
    also when `while` loops take more than `limit` steps. With `strict`, a shuffle from a lane that does not
    take part is a fault rather than an arbitrary value. `trips` bounds the iterations of all `for` loops together.
    """
    needed = instructions(module) if machine is not None else frozenset()
    rng = None if seed is None else random.Random(seed)
    space = _namespace(rng, limit, trips)
    launch = _builtins(grid, block, shared_bytes) | _given(module, args)
    if machine is None or not needed:
        exec(_code(module, False), space)
        memory = {g.name: _initial(g) for g in module.globals}
        _run(module, space, memory, launch, args, rng, strict, None)
        return
    machine.prepare(needed)
    exec(_code(module, True), space)
    space["I"] = {key: machine.instruction(key) for key in needed}
    space["array"] = machine.array
    space["dynamic"] = partial(_dynamic, machine)
    machine.enter()
    try:
        _on_machine(module, space, launch, args, rng, machine)
    finally:
        machine.leave()


def _builtins(grid: Dim, block: Dim, shared_bytes: int) -> dict[str, int]:
    sizes = (("gridDim", grid), ("blockDim", block))
    found = {f"{n}.{a}": v for n, d in sizes for a, v in zip("xyz", d, strict=True)}
    return {**found, "sharedBytes": shared_bytes}


def _given(module: Module, args: Mapping[str, Any]) -> dict[str, int]:
    """A list without elements stands for a null pointer."""
    pointers = (p.name for p in module.kernels[0].params if isinstance(p.type, Pointer))
    return {given_name(name): len(args[name]) > 0 for name in pointers if name in args}


_codes: OrderedDict[tuple[int, bool], tuple[Module, CodeType]] = OrderedDict()


def _code(module: Module, machine: bool) -> CodeType:
    """The program as Python, kept for the next runs of the same one."""
    key = (id(module), machine)
    found = _codes.get(key)
    if found is None:
        kernel = module.kernels[0]
        code = compile(python_source(module, kernel, machine), f"<{kernel.name}>", "exec")
        # the module is kept too, so that no other one gets its number
        found = _codes[key] = (module, code)
        if len(_codes) > _KEPT:
            _codes.popitem(last=False)
    return found[1]


def _run(
    module: Module,
    space: dict[str, Any],
    memory: dict[str, Any],
    builtins: dict[str, int],
    args: dict[str, Any],
    rng: random.Random | None,
    strict: bool,
    machine: Instructions | None,
) -> None:
    (kernel,) = module.kernels
    values = [args[p.name] for p in kernel.params]
    function = space[f"k_{kernel.name}"]
    try:
        if kernel.level == "simt":
            together = uses_grid_barrier(kernel.body, builtins)
            run_blocks(function, memory, builtins, values, together, rng, strict)
        elif kernel.level == "loops":
            _task(function, memory, builtins, values, machine, 0)
        else:
            order = list(range(TASKS))
            if rng is not None:
                rng.shuffle(order)
            for task in order:
                _task(function, memory, builtins | _task_builtins(task), values, machine, task)
    except (IndexError, KeyError, ZeroDivisionError, AssertionError) as error:
        raise Fault(str(error)) from error


def _task(
    function: Callable[..., Any],
    memory: dict[str, Any],
    builtins: dict[str, int],
    values: list[Any],
    machine: Instructions | None,
    task: int,
) -> None:
    if machine is not None:
        machine.begin(task)
    _exhaust(function(memory, builtins, {}, *values))
    if machine is not None:
        machine.end()


def _task_builtins(task: int) -> dict[str, int]:
    here = {"taskId": task, "taskIdX": task, "taskIdY": 0, "taskIdZ": 0}
    dims = {"taskDim": TASKS, "taskDimX": TASKS, "taskDimY": 1, "taskDimZ": 1}
    return {**here, **dims, "clusterId": 0, "clusterDim": 1, "coreId": task, "coreDim": TASKS}


def _on_machine(
    module: Module,
    space: dict[str, Any],
    builtins: dict[str, int],
    args: dict[str, Any],
    rng: random.Random | None,
    machine: Instructions,
) -> None:
    """Buffers live in the machine's memory while the program runs."""
    elems = {p.name: p.type.elem for p in module.kernels[0].params if isinstance(p.type, Pointer)}
    given = dict(args)
    for name, elem in elems.items():
        # a buffer that someone watches stays as it is
        if type(args[name]) is list:
            given[name] = machine.array(name, elem, (len(args[name]),))
            given[name][:] = args[name]
    memory = {}
    for g in module.globals:
        values = _initial(g)
        memory[g.name] = machine.array(g.name, g.elem, (len(values),))
        memory[g.name][:] = values
    try:
        _run(module, space, memory, builtins, given, rng, False, machine)
    finally:
        for name in elems:
            if given[name] is not args[name]:
                args[name][:] = given[name][:]


def _dynamic(
    machine: Instructions, shared: dict[str, Any], builtins: dict[str, int], elem: Scalar, name: str
) -> Any:
    """Dynamic shared memory as elements of one type: one array for all views."""
    key = f"dynamic {elem.name}"
    if key not in shared:
        count = builtins["sharedBytes"] // elem.size
        shared[key] = machine.array(name, elem, (count,), "dynamic")
    return shared[key]


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
