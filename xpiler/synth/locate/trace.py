"""Run a program of the IR in the interpreter and record what its statements do.

The program is instrumented, not the interpreter: before each statement that reads or writes memory it logs the
statement's number and the integers in scope, and before a store the element and the value. A fault so
leaves the statement that caused it as the last entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from xpiler.ir.functions import FUNCTIONS
from xpiler.ir.interpret import Fault, interpret
from xpiler.ir.nodes import (
    AddressOf,
    Assign,
    Atomic,
    Block,
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
    Param,
    Stmt,
    Store,
    Var,
    While,
)
from xpiler.ir.types import F64, I32, Pointer, Scalar
from xpiler.ir.walk import blocks, expressions, subexpressions, with_blocks
from xpiler.records import dataclass
from xpiler.synth.locate.machine import Effect, Machine

__all__ = ["Inputs", "Place", "Recording", "Site", "Write", "record", "run", "runs"]

LOG = "xp_log"
STEPS = 30_000  # of loops, in one run of a candidate; its predecessor must do with a quarter
_MARK = -7777.0

Place = tuple[int, ...]
"""A statement's place: indices into blocks, with the number of the nested block between two of them."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """One run: argument values by parameter name (lists for buffers) and the launch.

    With `order`, threads and iterations of parallel loops run in a random order of that seed. `machine` has
    the meaning of declared instructions; without it a program that calls one cannot run.
    """

    args: Mapping[str, Any]
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int = 0
    order: int | None = None
    machine: Machine | None = field(default=None, compare=False, repr=False)

    def fresh(self) -> dict[str, Any]:
        """A copy that a run may write."""
        return {k: list(v) if isinstance(v, list) else v for k, v in self.args.items()}


@dataclass(frozen=True, slots=True)
class Site:
    """A logged statement: where it stands and which integers are logged with it."""

    path: Place
    stmt: Stmt
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Write:
    """One execution of a store: which site, which element, the value, the integers in scope."""

    site: int
    buffer: str
    index: tuple[int, ...]
    value: float
    env: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a run did. `fault` is empty when it ended; `last` is the site that ran last."""

    sites: tuple[Site, ...]
    writes: tuple[Write, ...]
    visits: tuple[tuple[int, tuple[int, ...]], ...]
    results: Mapping[str, list[Any]]
    fault: str = ""

    @property
    def last(self) -> int:
        return self.visits[-1][0] if self.visits else -1


class _Log(list[float]):
    """A buffer of one element that remembers everything stored to it."""

    def __init__(self) -> None:
        super().__init__([0.0])
        self.entries: list[float | Effect] = []

    def __setitem__(self, key: Any, value: Any) -> None:
        del key
        self.entries.append(value)


@dataclass
class _Instrument:
    sites: list[Site] = field(default_factory=list)

    def block(self, block: Block, path: Place, scope: tuple[str, ...]) -> Block:
        out: list[Stmt] = []
        for n, stmt in enumerate(block):
            here = (*path, n)
            if self._is_site(stmt):
                out += self._log(stmt, here, scope)
            out.append(self._descend(stmt, here, scope))
            if isinstance(stmt, Declare) and _integer(stmt.type):
                scope = (*scope, stmt.name)
        return tuple(out)

    def _descend(self, stmt: Stmt, path: Place, scope: tuple[str, ...]) -> Stmt:
        if isinstance(stmt, For):
            scope = (*scope, stmt.var)
        nested = blocks(stmt)
        if not nested:
            return stmt
        return with_blocks(
            stmt, tuple(self.block(b, (*path, k), scope) for k, b in enumerate(nested))
        )

    @staticmethod
    def _is_site(stmt: Stmt) -> bool:
        if isinstance(stmt, Store | Atomic | Assign | Evaluate | If | For):
            return True
        if isinstance(stmt, Declare | While):
            return any(_reads(s) for e in expressions(stmt) for s in subexpressions(e))
        return False

    def _log(self, stmt: Stmt, path: Place, scope: tuple[str, ...]) -> list[Stmt]:
        number = len(self.sites)
        self.sites.append(Site(path, stmt, scope))
        out = [_put(Const(_MARK, F64)), _put(Const(float(number), F64))]
        out += [_put(Cast(F64, Var(name, I32))) for name in scope]
        if isinstance(stmt, Store):
            out += [_put(Cast(F64, i)) for i in stmt.index]
            out.append(_put(Cast(F64, stmt.value)))
        return out


def _reads(expr: Expr) -> bool:
    """Whether it looks at memory, or calls an instruction."""
    return isinstance(expr, Load | AddressOf) or (
        isinstance(expr, Call) and expr.function not in FUNCTIONS
    )


def _put(value: Expr) -> Stmt:
    return Store(LOG, (Const(0, I32),), value)


def _integer(type_: object) -> bool:
    return isinstance(type_, Scalar) and type_.is_int


def instrument(program: Module) -> tuple[Module, tuple[Site, ...]]:
    """The logging program and its sites."""
    kernel = program.kernels[0]
    writer = _Instrument()
    scope = tuple(p.name for p in kernel.params if _integer(p.type))
    body = writer.block(kernel.body, (), scope)
    params = (*kernel.params, Param(LOG, Pointer(F64)))
    logged: Kernel = replace(kernel, body=body, params=params)
    return replace(program, kernels=(logged,)), tuple(writer.sites)


def run(program: Module, args: dict[str, Any], inputs: Inputs, steps: int = STEPS) -> None:
    """Interpret `program` on `args` with the launch and the order of `inputs`; raises what `interpret` does."""
    interpret(
        program,
        args,
        inputs.grid,
        inputs.block,
        shared_bytes=inputs.shared_bytes,
        seed=inputs.order,
        limit=steps,
        trips=steps,
        machine=inputs.machine,
    )


def runs(program: Module, inputs: Inputs) -> bool:
    """Whether a run ends without a fault, and soon."""
    try:
        run(program, inputs.fresh(), inputs, STEPS // 4)
    except (Fault, OverflowError, ValueError, TypeError):
        return False
    return True


def record(program: Module, inputs: Inputs) -> Recording:
    """Run `program` and give what it did; a fault ends the recording and is no exception."""
    logged, sites = instrument(program)
    args = inputs.fresh()
    log = _Log()
    args[LOG] = log
    fault = ""
    if inputs.machine is not None:
        inputs.machine.observer = log.entries.append
    try:
        run(logged, args, inputs)
    except Fault as error:
        fault = str(error) or "a fault"
    except (OverflowError, ValueError, TypeError) as error:
        fault = f"{type(error).__name__}: {error}"
    finally:
        if inputs.machine is not None:
            inputs.machine.observer = None
    del args[LOG]
    results = {k: v for k, v in args.items() if isinstance(v, list)}
    writes, visits = _decode(log.entries, sites)
    return Recording(sites, writes, visits, results, fault)


Visits = tuple[tuple[int, tuple[int, ...]], ...]


def _decode(
    entries: list[float | Effect], sites: tuple[Site, ...]
) -> tuple[tuple[Write, ...], Visits]:
    """The log as writes and visits: after a statement's mark come its variables, then what it stores."""
    writes: list[Write] = []
    visits: list[tuple[int, tuple[int, ...]]] = []
    asked: dict[str, tuple[int, tuple[int, ...]]] = {}
    position = 0
    while position < len(entries):
        entry = entries[position]
        if isinstance(entry, Effect):
            # what a wait completes belongs to the statement that asked for it
            number, env = asked.get(entry.buffer, visits[-1] if visits else (-1, ()))
            if number >= 0:
                writes.append(Write(number, entry.buffer, entry.index, entry.value, env))
            position += 1
            continue
        numbers = _numbers(entries, position + 1)
        number = int(numbers[0]) if numbers else -1
        if number < 0:
            break
        site = sites[number]
        end = 1 + len(site.names)
        env = tuple(int(v) for v in numbers[1:end])
        visits.append((number, env))
        target = _target(site.stmt)
        if target:
            asked[target] = (number, env)
        if isinstance(site.stmt, Store):
            rank = len(site.stmt.index)
            tail = numbers[end : end + rank + 1]
            if len(tail) == rank + 1:
                index = tuple(int(v) for v in tail[:rank])
                writes.append(Write(number, site.stmt.buffer, index, tail[rank], env))
            end += rank + 1
        position += 1 + end
    return tuple(writes), tuple(visits)


def _numbers(entries: list[float | Effect], start: int, most: int = 64) -> list[float]:
    """The numbers from `start` on, up to an effect."""
    found: list[float] = []
    for entry in entries[start : start + most]:
        if isinstance(entry, Effect):
            break
        found.append(entry)
    return found


def _target(stmt: Stmt) -> str:
    """Where the result of a call goes: the first array that it is given."""
    if not isinstance(stmt, Evaluate):
        return ""
    parts = (s for e in stmt.call.args for s in subexpressions(e))
    return next((s.buffer for s in parts if isinstance(s, AddressOf)), "")
