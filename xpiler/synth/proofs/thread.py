"""Run a kernel once, symbolically, as one thread that may be any: what it touches and where it meets others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import z3

from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Assign,
    Assume,
    Atomic,
    Barrier,
    Block,
    Break,
    Continue,
    Declare,
    Evaluate,
    Expr,
    For,
    If,
    Invoke,
    Load,
    Module,
    Return,
    Stmt,
    Store,
    Tile,
    TileOp,
    WarpOp,
    While,
)
from xpiler.ir.types import BOOL, I64, Pointer, Scalar, Spaces
from xpiler.ir.walk import buffers_written, expressions
from xpiler.passes.loop_recovery.geometry import Geometry
from xpiler.passes.loop_recovery.scope import BLOCK_OPS, Scope
from xpiler.passes.loop_recovery.uniform import Uniformity
from xpiler.synth.proofs.evaluate import Array, Evaluator, Known
from xpiler.synth.proofs.integers import Bool, Value, both, constant, either, negated
from xpiler.synth.proofs.loops import run_loop
from xpiler.synth.proofs.others import OF_BLOCK, apart, other, warp_of
from xpiler.synth.proofs.setting import Setting
from xpiler.synth.proofs.touches import Done, Meeting, Segments, Touch, Wrap
from xpiler.synth.proofs.world import Level, World

__all__ = ["NoRun", "Thread", "run_thread"]

Term = Any
DYNAMIC = "dynamic shared memory"
_SCOPES = ("block", "warp", "grid")
THREADS = 1024


class NoRun(Exception):  # noqa: N818 - a reason, which `run_thread` gives back as a value
    """Why a kernel cannot be run like this."""


class Thread:
    """The state of the run. Loops are run by `loops.py`: for an iteration that may be any, and the one after it."""

    def __init__(self, module: Module, setting: Setting, world: World) -> None:
        (kernel,) = module.kernels
        self.world, self.setting = world, setting
        self.eval = Evaluator(world, setting.builtins, touched=self._touched)
        self.uniform = Uniformity(kernel.body, Scope.BLOCK, Geometry.of(kernel))
        self.gone: Bool = False
        self.broken: Bool = False
        self.continued: Bool = False
        self.segments = {scope: Segments() for scope in _SCOPES}
        self.touches: list[Touch] = []
        self.wraps: list[Wrap] = []
        self.meetings: list[Meeting] = []
        self.dry = 0
        """Above zero: nothing is noted, only what becomes of variables counts."""
        self.again = 0
        """Above zero: what is run has been noted before; only what meets the last iteration counts."""
        self.unsure = ""
        self.types: dict[str, Scalar] = {}
        self.carried: dict[str, list[Term]] = {}
        """What an iteration leaves in a variable, by the symbol that the next one, or what follows, begins with."""
        world.obliged = self._obliged
        self._tiles: dict[str, Tile] = {}
        self._arrays(module)

    def _arrays(self, module: Module) -> None:
        (kernel,) = module.kernels
        written = buffers_written(kernel.body)
        for p in kernel.params:
            if isinstance(p.type, Pointer):
                self._parameter(p.name, p.type.elem, written)
            elif p.type.is_int:
                self.types[p.name] = p.type
                found = self.setting.scalars.get(p.name)
                self.eval.env[p.name] = found or self.eval.unknown(p.type, Level.LAUNCH, p.name)
        for g in module.globals:
            shape = tuple(constant(n) for n in g.shape)
            self.eval.arrays[g.name] = Array(
                g.name,
                g.elem,
                shape,
                "constant" if g.space == Spaces.CONSTANT else "global",
                g.name,
                fixed=g.name not in written,
                values=self.setting.positions.get(g.name),
            )

    def _parameter(self, name: str, elem: Scalar, written: frozenset[str]) -> None:
        """The buffer that a parameter points into: its own, or one that others point into as well."""
        memory, offset, sharing = name, None, {name}
        if name in self.setting.overlaps:
            memory, first = self.setting.overlaps[name]
            offset = self.eval.arithmetic.times(first, constant(elem.size))
            sharing = {n for n, (b, _) in self.setting.overlaps.items() if b == memory}
        self.eval.arrays[name] = Array(
            name,
            elem,
            (self.setting.extents.get(name),),
            "global",
            memory,
            offset,
            fixed=not sharing & written,
            values=self.setting.positions.get(name),
        )

    # --- notes

    @property
    def dead(self) -> Bool:
        """Where the thread does not go on from here."""
        return either(self.gone, either(self.broken, self.continued))

    def _alive(self) -> tuple[Bool, ...]:
        held = [p for p in self.eval.path if p is not True]
        dead = self.dead
        return tuple(held if dead is False else [*held, negated(dead)])

    def _touched(self, touch: Touch) -> None:
        if self.dry:
            return
        dead = self.dead
        if dead is not False:
            touch = touch.under(negated(dead))
        for segments in self.segments.values():
            segments.open.append(touch)
        if not self.again:
            self.touches.append(touch)

    def _obliged(self, term: Term, fits: Term) -> None:
        if not self.dry and not self.again:
            self.wraps.append(Wrap(term, fits, self._alive(), self.eval.stmt))

    # --- statements

    def block(self, block: Block) -> None:
        """Run the statements of a block; what holds in it alone is forgotten after it."""
        held = len(self.eval.path)
        for stmt in block:
            if self.dead is True:
                break
            if self.world.late:
                raise NoRun("out of time")
            self.eval.stmt = stmt
            self.statement(stmt)
        del self.eval.path[held:]

    def statement(self, stmt: Stmt) -> None:
        match stmt:
            case Declare(name=name, init=init):
                if isinstance(stmt.type, Scalar):
                    self.types[name] = stmt.type
                self.eval.env[name] = None if init is None else self._value(name, init)
                if init is None and isinstance(stmt.type, Scalar) and stmt.type.is_int:
                    self.eval.env[name] = self.eval.unknown(stmt.type, stem=name)
            case Assign(name=name, value=value):
                self.assign(name, self._value(name, value))
            case If():
                self._if(stmt)
            case For() | While():
                run_loop(self, stmt)
            case Break():
                self.broken = either(self.broken, self._here())
            case Continue():
                self.continued = either(self.continued, self._here())
            case Return():
                self.gone = either(self.gone, self._here())
            case Assume(cond=cond):
                self.eval.path.append(self.eval.truth(cond))
            case Tile():
                self._tiles[stmt.name] = stmt
            case Alloc():
                self._alloc(stmt)
            case Barrier() | WarpOp():
                self._wait(stmt)
            case _:
                self._access(stmt)

    def _here(self) -> Bool:
        """Under what the thread gets here, of what was asked since the loop or the kernel began."""
        found: Bool = negated(self.dead)
        for held in self.eval.path:
            found = both(held, found)
        return found

    def _value(self, name: str, expr: Expr) -> Known:
        found = self.eval.any(expr)
        # a product stays one: its factors are what lemmas are about
        if not isinstance(found, Value) or z3.is_mul(found.term):
            return found
        return self.world.named(found, name)

    def assign(self, name: str, value: Known) -> None:
        """A variable gets a value, where the thread still runs."""
        dead = self.dead
        old = self.eval.env.get(name)
        if dead is not False and value is not None:
            value = self.merged(dead, old, value)
        self.eval.env[name] = value

    def merged(self, cond: Bool, a: Known, b: Known) -> Known:
        """What a variable holds where it held `a` if `cond`, else `b`."""
        if a is None or b is None:
            return None
        if isinstance(a, Value) and isinstance(b, Value):
            return self.eval.arithmetic.chosen(cond, a, b)
        if isinstance(a, Value) or isinstance(b, Value):
            return None
        return either(both(cond, a), both(negated(cond), b))

    def _if(self, stmt: If) -> None:
        cond = self.eval.truth(stmt.cond)
        if isinstance(cond, bool):
            self.block(stmt.then if cond else stmt.orelse)
            return
        env, before = dict(self.eval.env), {s: list(g.open) for s, g in self.segments.items()}
        state = (self.gone, self.broken, self.continued)
        self.eval.path.append(cond)
        self.block(stmt.then)
        taken, opened = self.eval.env, {s: g.open for s, g in self.segments.items()}
        left = (self.gone, self.broken, self.continued)
        self.eval.path[-1] = negated(cond)
        self.eval.env = dict(env)
        self.gone, self.broken, self.continued = state
        for scope, group in self.segments.items():
            group.open = before[scope]
        self.block(stmt.orelse)
        self.eval.path.pop()
        self.eval.env = {n: self._joined(cond, taken.get(n), self.eval.env.get(n)) for n in env}
        self.gone = either(left[0], self.gone)
        self.broken = either(left[1], self.broken)
        self.continued = either(left[2], self.continued)
        for scope, group in self.segments.items():
            group.joined(opened[scope])

    def _joined(self, cond: Bool, a: Known, b: Known) -> Known:
        same = a is b or (isinstance(a, Value) and isinstance(b, Value) and a.term.eq(b.term))
        return a if same else self.merged(cond, a, b)

    # --- memory

    def _alloc(self, stmt: Alloc) -> None:
        space = stmt.space.name
        shape: tuple[Value | None, ...] = tuple(self.eval.integer(e) for e in stmt.shape)
        offset, memory = None, stmt.name
        if stmt.dynamic:
            offset = constant(0) if stmt.offset is None else self.eval.integer(stmt.offset)
            whole = self.eval.arithmetic.minus(self.setting.shared, offset)
            shape, memory = (self._elements(whole, stmt.elem.size),), DYNAMIC
        self.eval.arrays[stmt.name] = Array(stmt.name, stmt.elem, shape, space, memory, offset)

    def _elements(self, size: Value, each: int) -> Value:
        if size.known is not None:
            return constant(max(0, size.known) // each)
        return self.eval.arithmetic.binary("/", size, constant(each), I64)

    def _access(self, stmt: Stmt) -> None:
        match stmt:
            case Store(buffer=buffer, index=index, value=value):
                self.eval.any(value)
                self.eval.touch(stmt, buffer, index, "write")
            case Atomic(buffer=buffer, index=index, operands=given, result=result):
                for e in given:
                    self.eval.any(e)
                self.eval.touch(stmt, buffer, index, "atomic")
                if result is not None:
                    type_ = given[0].type
                    whole = isinstance(type_, Scalar) and type_.is_int
                    assert isinstance(type_, Scalar)
                    self.assign(result, self.eval.unknown(type_, stem=result) if whole else None)
            case TileOp(args=args):
                self._tile(stmt, args)
            case Evaluate():
                raise NoRun(f"it calls {stmt.call.function}, an instruction")
            case Invoke(function=function):
                raise NoRun(f"it calls {function}(), which is not inlined")
            case _:
                for e in expressions(stmt):
                    self.eval.any(e)

    def _tile(self, stmt: TileOp, args: tuple[Expr, ...]) -> None:
        """A warp's fragment: rows of elements in memory."""
        tile = self._tiles.get(stmt.tiles[0])
        if stmt.op not in ("load", "store") or tile is None:
            for e in args:
                self.eval.any(e)
            return
        memory, leading = args
        assert isinstance(memory, AddressOf)
        rows, columns = {"a": (tile.m, tile.k), "b": (tile.k, tile.n)}.get(
            tile.role, (tile.m, tile.n)
        )
        layout = tile.layout if tile.role != "acc" else stmt.layout
        if layout != "row":
            rows, columns = columns, rows
        major = self.world.fresh("row", Level.THREAD, 0, rows - 1)
        minor = self.world.fresh("column", Level.THREAD, 0, columns - 1)
        stride = self.eval.arithmetic.times(major, self.eval.integer(leading))
        kind = "write" if stmt.op == "store" else "read"
        node = Load(memory.buffer, memory.index, tile.elem, span=stmt.span)
        moved = self.eval.arithmetic.plus(stride, minor)
        self._wide(node, memory.buffer, kind, moved)

    def _wide(self, node: Load, buffer: str, kind: str, moved: Value) -> None:
        noted, self.eval.touched = self.eval.touched, lambda _: None
        caught: list[Touch] = []
        self.eval.touched = caught.append
        self.eval.touch(node, buffer, node.index, kind, wide=True)
        self.eval.touched = noted
        for touch in caught:
            last = self.eval.arithmetic.plus(touch.index[-1], moved)
            noted(replace(touch, index=(*touch.index[:-1], last)))

    # --- others

    def _wait(self, stmt: Barrier | WarpOp) -> None:
        if isinstance(stmt, WarpOp):
            for e in (stmt.mask, *stmt.args):
                self.eval.any(e)
            self._exchanged(stmt)
            if stmt.op not in BLOCK_OPS:
                return
        scope = stmt.scope if isinstance(stmt, Barrier) else "block"
        if scope not in _SCOPES:
            raise NoRun(f"it waits for {scope}")
        if self.dry:
            return
        if scope == "warp":
            if not self._whole_warp():
                return
        elif not self.again:
            self.meetings.append(Meeting(stmt, self._alive(), self.gone))
        closing = {"warp": ("warp",), "block": ("block", "warp"), "grid": _SCOPES}[scope]
        for name in closing:
            self.segments[name].close(either(self.broken, self.continued))

    def _whole_warp(self) -> bool:
        """Whether all lanes of a warp get here, or none: a barrier of some lanes keeps nothing apart from the others."""
        warp = warp_of(self.setting.builtins)
        same = warp == other(warp, self.world, OF_BLOCK)
        claims = apart(self._alive(), self.gone, self.world, OF_BLOCK)
        return self.world.impossible([same, *claims])

    def _exchanged(self, stmt: WarpOp) -> None:
        """The result of an operation of a warp: of a vote of the block it is the same for all."""
        given = stmt.args[0].type if stmt.args else None
        if stmt.op.startswith("shfl") or stmt.op.startswith("reduce"):
            type_ = given if isinstance(given, Scalar) else None
            if type_ is None or not type_.is_int or type_ == BOOL:
                self.assign(stmt.result, None)
                return
            self.assign(stmt.result, self.eval.unknown(type_, stem=stmt.result))
            return
        level = Level.BLOCK if stmt.op in BLOCK_OPS else Level.THREAD
        low, high = (0, THREADS) if stmt.op in BLOCK_OPS else (-(1 << 31), (1 << 32) - 1)
        self.assign(stmt.result, self.world.fresh(stmt.result, level, low, high))

    def done(self) -> Done:
        """What came of it."""
        groups: Mapping[str, list[list[Touch]]] = {
            scope: [*s.closed, s.open] for scope, s in self.segments.items()
        }
        blocks, warps, grids = (
            tuple(tuple(g) for g in groups[scope] if g) for scope in ("block", "warp", "grid")
        )
        return Done(
            tuple(self.touches),
            blocks,
            warps,
            grids,
            tuple(self.wraps),
            tuple(self.meetings),
            self.unsure,
            tuple(self.eval.arithmetic.relied),
            {name: tuple(terms) for name, terms in self.carried.items()},
        )


def run_thread(module: Module, setting: Setting, world: World) -> Done | str:
    """What any thread of the module's one kernel does; a reason where that cannot be told.

    Indices of the same array by two threads are compared through symbols: see `World.other`.
    """
    world.level = Level.THREAD
    try:
        thread = Thread(module, setting, world)
        thread.block(module.kernels[0].body)
    except NoRun as reason:
        return str(reason)
    except z3.Z3Exception as error:
        return f"the solver cannot read it: {error}"
    return thread.done()
