"""Which elements a kernel touches: an interval analysis of its `simt` form under a concrete launch.

Guards refine (`if (i < n) x[i]`), also through definitions (`n = i / 6272; if (n < 8)`); loops are iterated to a
fixed point, then widened. The result is an over-approximation: buffers made from it may be a little
too large, never too small, unless an access is `unknown` (its index depends on data).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Binary,
    Block,
    Break,
    Cast,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    Function,
    If,
    Invoke,
    Kernel,
    Load,
    Module,
    Ref,
    Return,
    Stmt,
    Store,
    Tile,
    TileOp,
    Var,
    WarpOp,
    While,
)
from xpiler.ir.types import Pointer, Scalar
from xpiler.ir.walk import assigned, expressions, statements, subexpressions, variables
from xpiler.records import dataclass
from xpiler.verify.cases.bounds_env import Env, Notes
from xpiler.verify.cases.bounds_eval import QUIET, Loads, assigned_range, evaluate, refine, truth
from xpiler.verify.cases.interval import ANY, Interval, of_type, product, wrapped

__all__ = ["Access", "Assumptions", "Bounds", "analyse"]

ROUNDS = 14  # a halving loop over 2^12 settles in fewer
PATIENCE = 60_000  # statements after which loops are widened at once: under two seconds
REACH = 1 << 31  # an index beyond this is no index: the analysis lost it


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is known of a launch: builtins and scalar parameters by name, values that loads of a buffer give."""

    builtins: Mapping[str, Interval]
    scalars: Mapping[str, Interval]
    loads: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(slots=True)
class Access:
    """How one buffer is used. `lo`, `hi`: first and last flat element; `unknown`: an index depends on data."""

    lo: int = 0
    hi: int = -1
    read: bool = False
    written: bool = False
    atomic: bool = False
    unknown: bool = False

    def touch(self, index: Interval) -> None:
        if index.empty:
            return
        if index.hi >= REACH or index.hi < -REACH:
            self.unknown = True
            return
        lo = max(index.lo, -REACH)  # a lower end that is not known says nothing
        self.lo = lo if self.hi < self.lo else min(self.lo, lo)
        self.hi = max(self.hi, index.hi)


@dataclass(slots=True)
class Bounds:
    """Accesses by buffer (parameters, shared and file-scope arrays), the statements that one thread runs
    at most, and the largest number of rounds of a nest."""

    accesses: dict[str, Access] = field(default_factory=dict)
    work: int = 0
    rounds: int = 1

    def of(self, buffer: str) -> Access:
        return self.accesses.setdefault(buffer, Access())


def analyse(module: Module, kernel: Kernel, given: Assumptions) -> Bounds:
    """The bounds of all accesses of `kernel` under `given`."""
    interpreter = _Interpreter(module, kernel, given)
    env = Env(builtins=dict(given.builtins), notes=Notes(reals=_rounds_reals(module, kernel)))
    for param in kernel.params:
        if isinstance(param.type, Scalar):
            env.set(param.name, given.scalars.get(param.name, of_type(param.type)))
    interpreter.block(kernel.body, env)
    return interpreter.bounds


def _rounds_reals(module: Module, kernel: Kernel) -> bool:
    """Whether a real becomes an integer anywhere, so that ranges of reals matter to what is accessed."""
    return any(
        isinstance(e, Cast) and e.type.is_int and isinstance(e.a.type, Scalar) and e.a.type.is_float
        for body in (kernel.body, *(f.body for f in module.functions))
        for stmt in statements(body)
        for whole in expressions(stmt)
        for e in subexpressions(whole)
    )


@dataclass(slots=True)
class _Interpreter:
    module: Module
    kernel: Kernel
    given: Assumptions
    bounds: Bounds = field(default_factory=Bounds)
    recording: bool = True
    trips: int = 1
    depth: int = 0
    steps: int = 0
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    views: dict[str, tuple[str, Interval]] = field(default_factory=dict)

    telling: Loads = field(init=False)
    quiet: Loads = field(init=False)

    def __post_init__(self) -> None:
        self.telling = Loads(self.load, self.given.loads, self.root)
        self.quiet = Loads(self.load, self.given.loads, self.root, QUIET)
        for buffer in self.module.globals:
            self.shapes[buffer.name] = buffer.shape or (1,)

    # --- expressions ---

    def loads(self) -> Loads:
        return self.telling if self.recording else self.quiet

    def value(self, expr: Expr, env: Env) -> Interval:
        return evaluate(expr, env, self.loads())

    def assigned(self, expr: Expr, env: Env) -> Interval:
        return assigned_range(expr, env, self.loads())

    def note(self, expr: Expr, env: Env) -> None:
        """Record what an expression accesses whose value does not matter here."""
        if self.recording:
            self.value(expr, env)

    def root(self, buffer: str) -> str:
        return self.views[buffer][0] if buffer in self.views else buffer

    def load(self, expr: Load | AddressOf, env: Env) -> None:
        if isinstance(expr, Load):
            self.touch(expr.buffer, expr.index, env, "read")

    def flat(self, buffer: str, index: tuple[Expr, ...], env: Env) -> Interval:
        shape = self.shapes.get(buffer, ())
        total = Interval(0, 0)
        for position, part in enumerate(index):
            total = total + self.value(part, env)
            if position + 1 < len(shape):
                size = shape[position + 1]
                total = product(total, Interval(size, size))
        for size in shape[len(index) :] if index else ():
            total = product(total, Interval(size, size))
        return total

    def touch(self, buffer: str, index: tuple[Expr, ...], env: Env, how: str) -> None:
        if not self.recording:
            return
        flat = self.flat(buffer, index, env)
        self.record(buffer, flat, how)

    def record(self, buffer: str, flat: Interval, how: str) -> None:
        while buffer in self.views:
            buffer, offset = self.views[buffer]
            flat = flat + offset
        if not self.recording:
            return
        access = self.bounds.of(buffer)
        access.touch(flat)
        access.read |= how in ("read", "atomic")
        access.written |= how in ("write", "atomic")
        access.atomic |= how == "atomic"

    # --- statements ---

    def block(self, block: Block, env: Env) -> Env | None:
        """The state after the block, None when nothing gets there."""
        state: Env | None = env
        for stmt in block:
            if state is None:
                return None
            self.steps += 1
            if self.recording:
                self.bounds.work += self.trips
                self.bounds.rounds = max(self.bounds.rounds, self.trips)
            state = self.stmt(stmt, state)
        return state

    def stmt(self, stmt: Stmt, env: Env) -> Env | None:
        match stmt:
            case Declare(name=name, type=type_, init=init):
                known = isinstance(type_, Scalar) and init is not None
                value = self.assigned(init, env) if init is not None else ANY
                env.define(name, value if known else ANY, init if known else None)
            case Assign(name=name, value=expr):
                env.define(name, self.assigned(expr, env), expr)
            case Store(buffer=buffer, index=index, value=expr):
                self.note(expr, env)
                self.touch(buffer, index, env, "write")
            case Atomic(buffer=buffer, index=index, operands=operands, result=result):
                for operand in operands:
                    self.note(operand, env)
                self.touch(buffer, index, env, "atomic")
                if result is not None:
                    env.define(result, self.given.loads.get(self.root(buffer), ANY), None)
            case Alloc():
                self.alloc(stmt, env)
            case If():
                return self.branch(stmt, env)
            case For():
                return self.loop(stmt, env)
            case While():
                return self.repeat(stmt, env)
            case Return(value=value):
                if value is not None:
                    self.note(value, env)
                return None
            case Break() | Continue():
                return None
            case WarpOp():
                self.warp(stmt, env)
            case TileOp():
                self.tile(stmt, env)
            case Tile(name=name):
                self.shapes[name] = ()
            case Invoke():
                self.invoke(stmt, env)
            case Evaluate(call=call):
                self.note(call, env)
            case Assume(cond=cond):
                return refine(env, cond, True)
            case _:
                pass
        return env

    def alloc(self, stmt: Alloc, env: Env) -> None:
        self.shapes[stmt.name] = tuple(self.value(size, env).hi for size in stmt.shape)
        if stmt.dynamic and stmt.offset is not None:
            self.value(stmt.offset, env)

    def branch(self, stmt: If, env: Env) -> Env | None:
        self.note(stmt.cond, env)
        ends: list[Env | None] = []
        for side, block in ((True, stmt.then), (False, stmt.orelse)):
            state = refine(env.copy(), stmt.cond, side) if truth(env, stmt.cond, side) else None
            ends.append(None if state is None else self.block(block, state))
        then, orelse = ends
        if then is None or orelse is None:
            return then or orelse
        return then.join(orelse)

    def loop(self, stmt: For, env: Env) -> Env | None:
        lo, hi, step = (self.value(e, env) for e in (stmt.lo, stmt.hi, stmt.step))
        if lo.lo > hi.hi - 1:
            env.set(stmt.var, lo)
            return env
        span = hi.hi - lo.lo
        trips = max(1, -(-span // max(1, step.lo)))
        inner = env.copy()
        self.induction(stmt, env, inner, trips)
        inner.set(stmt.var, Interval(lo.lo, _last(lo, hi, step)))
        after = self.settle(stmt.body, inner, None, trips)
        return env.join(after)

    def induction(self, stmt: For, before: Env, inner: Env, trips: int) -> None:
        """A variable that only grows by a fixed amount per round: its range follows from the rounds."""
        names = assigned(stmt.body)
        for name in names:
            if name in before.pinned or name not in before.values:
                continue
            amount = self.growth(stmt.body, name, before, names)
            if amount is not None:
                inner.pin(name, before.values[name] + product(amount, Interval(0, trips)))

    def growth(self, body: Block, name: str, before: Env, names: frozenset[str]) -> Interval | None:
        """What one round adds to an integer, in loops inside the body too; None where it is set in another way."""
        total: Interval | None = None
        for part in body:
            match part:
                case Assign(name=here, value=value) if here == name and _is_integer(value):
                    step = _increment(name, value)
                    if step is None or variables(step) & names:
                        return None
                    amount: Interval | None = evaluate(step, before)
                case For() if name in assigned(part.body):
                    if any(variables(e) & names for e in (part.lo, part.hi, part.step)):
                        return None
                    lo, hi, step_ = (evaluate(e, before) for e in (part.lo, part.hi, part.step))
                    amount = self.growth(part.body, name, before, names)
                    if amount is not None:
                        rounds = max(0, -(-(hi.hi - lo.lo) // max(1, step_.lo)))
                        amount = product(amount, Interval(0, rounds))
                case _ if name in assigned((part,)):
                    return None
                case _:
                    continue
            if amount is None:
                return None
            total = amount if total is None else total + amount
        return total

    def repeat(self, stmt: While, env: Env) -> Env | None:
        after = self.settle(stmt.body, env.copy(), stmt.cond, 8)
        left = env.join(after)
        if any(isinstance(s, Break) for s in statements(stmt.body)):
            # the condition need not be false, and what held at the break was not followed
            left.forget(assigned(stmt.body))
            return left
        return refine(left, stmt.cond, False)

    def settle(self, body: Block, start: Env, cond: Expr | None, trips: int) -> Env:
        """Run `body` until nothing new comes; the last round records what it touches."""
        recording, outer = self.recording, self.trips
        self.recording = False
        state = start
        changing = assigned(body)
        rounds = ROUNDS if self.steps < PATIENCE else 2
        for round_ in range(rounds + 1):
            entered = state.copy()
            entered.forget(changing)
            end = self.round(body, entered, cond)
            merged = state if end is None else state.join(end)
            if merged.same(state):
                break
            state = merged
            if round_ == rounds - 1:
                state = state.widened(changing)
        self.recording, self.trips = recording, min(outer * trips, 1 << 40)
        entered = state.copy()
        entered.forget(changing)
        end = self.round(body, entered, cond)
        self.trips = outer
        return state if end is None else state.join(end)

    def round(self, body: Block, state: Env, cond: Expr | None) -> Env | None:
        if cond is not None:
            self.note(cond, state)
            if not truth(state, cond, True):
                return None
            entered = refine(state, cond, True)
            if entered is None:
                return None
            state = entered
        return self.block(body, state)

    def warp(self, stmt: WarpOp, env: Env) -> None:
        values = [self.value(arg, env) for arg in stmt.args]
        if stmt.op.startswith("shfl"):
            env.define(stmt.result, values[0], None)
        elif stmt.op in ("any", "all", "block_or", "block_and"):
            env.define(stmt.result, Interval(0, 1), None)
        elif stmt.op == "block_count":
            env.define(stmt.result, Interval(0, 1024), None)
        elif stmt.op in ("reduce_min", "reduce_max"):
            env.define(stmt.result, values[0], None)
        else:
            env.define(stmt.result, ANY, None)

    def tile(self, stmt: TileOp, env: Env) -> None:
        for arg in stmt.args:
            if not isinstance(arg, AddressOf):
                self.value(arg, env)
        if stmt.op not in ("load", "store") or not isinstance(stmt.args[0], AddressOf):
            return
        start = self.flat(stmt.args[0].buffer, stmt.args[0].index, env)
        stride = self.value(stmt.args[1], env)
        rows, columns = _tile_extent(self.kernel.body, stmt)
        reach = product(stride, Interval(rows - 1, rows - 1)) + Interval(columns - 1, columns - 1)
        whole = Interval(start.lo, start.hi + reach.hi)
        self.record(stmt.args[0].buffer, whole, "read" if stmt.op == "load" else "write")

    def invoke(self, stmt: Invoke, env: Env) -> None:
        function = next((f for f in self.module.functions if f.name == stmt.function), None)
        if function is None or self.depth > 8:
            return
        inner = Env(builtins=env.builtins, notes=env.notes)
        for param, arg in zip(function.params, stmt.args, strict=True):
            match arg:
                case AddressOf(buffer=buffer, index=index) if isinstance(param.type, Pointer):
                    self.views[param.name] = (buffer, self.flat(buffer, index, env))
                case Ref(name=name):
                    inner.set(param.name, env.values.get(name, ANY))
                    env.define(name, ANY, None)
                case _:
                    inner.set(param.name, self.value(arg, env))
        self.depth += 1
        self.block(function.body, inner)
        self.depth -= 1
        if stmt.result is not None:
            env.define(stmt.result, _result(function), None)


def _last(lo: Interval, hi: Interval, step: Interval) -> int:
    """The largest value of a loop's variable."""
    last = max(lo.lo, hi.hi - 1)
    if lo.single and step.single and step.lo > 1:
        last -= (last - lo.lo) % step.lo
    return last


def _result(function: Function) -> Interval:
    return wrapped(ANY, function.result) if function.result.is_int else ANY


def _is_integer(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def _increment(name: str, value: Expr) -> Expr | None:
    """`e` of `name = name + e`, through the casts that mixed types bring."""
    while isinstance(value, Cast):
        value = value.a
    if not isinstance(value, Binary) or value.op != "+":
        return None
    for this, other in ((value.a, value.b), (value.b, value.a)):
        bare = this
        while isinstance(bare, Cast):
            bare = bare.a
        if isinstance(bare, Var) and bare.name == name:
            return other
    return None


def _tile_extent(body: Block, stmt: TileOp) -> tuple[int, int]:
    """Rows and columns of a fragment as they lie in memory."""
    for tile in statements(body):
        if isinstance(tile, Tile) and tile.name == stmt.tiles[0]:
            rows = tile.k if tile.role == "b" else tile.m
            columns = tile.k if tile.role == "a" else tile.n
            return (columns, rows) if stmt.layout == "col" else (rows, columns)
    return (16, 16)
