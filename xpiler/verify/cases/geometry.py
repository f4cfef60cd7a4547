"""Guess how a bare kernel is launched: its block from the shapes it uses, its grid from its guards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from xpiler.ir.nodes import (
    Alloc,
    Binary,
    Builtin,
    Const,
    Declare,
    Expr,
    For,
    Kernel,
    Load,
    Module,
    Stmt,
    Store,
    Tile,
    TileOp,
    Var,
    WarpOp,
)
from xpiler.ir.types import Spaces
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.records import dataclass
from xpiler.verify.cases.bounds import Assumptions, Bounds, analyse
from xpiler.verify.cases.interval import Interval
from xpiler.verify.cases.roles import bare, parameter_buffers

__all__ = [
    "AXES",
    "Geometry",
    "assumptions",
    "free_axes",
    "guess_blocks",
    "guess_grid",
    "tile_extent",
    "used_axes",
]

AXES = ("x", "y", "z")
MAX_GRID = 1 << 16
Dims = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Geometry:
    """A launch in numbers."""

    grid: Dims
    block: Dims
    shared: int = 0


def assumptions(
    geometry: Geometry, scalars: Mapping[str, int], loads: Mapping[str, Interval] | None = None
) -> Assumptions:
    """What the interval analysis may take for granted under a launch."""
    builtins: dict[str, Interval] = {"warpSize": Interval(32, 32)}
    builtins["sharedBytes"] = Interval(geometry.shared, geometry.shared)
    for position, axis in enumerate(AXES):
        grid, block = geometry.grid[position], geometry.block[position]
        builtins[f"threadIdx.{axis}"] = Interval(0, block - 1)
        builtins[f"blockIdx.{axis}"] = Interval(0, grid - 1)
        builtins[f"blockDim.{axis}"] = Interval(block, block)
        builtins[f"gridDim.{axis}"] = Interval(grid, grid)
    known = {name: Interval(value, value) for name, value in scalars.items()}
    return Assumptions(builtins, known, dict(loads or {}))


def _everything(kernel: Kernel) -> Iterator[Expr]:
    for stmt in statements(kernel.body):
        yield from _expressions(stmt)


def _expressions(stmt: Stmt) -> Iterator[Expr]:
    for expr in expressions(stmt):
        yield from subexpressions(expr)


def used_axes(kernel: Kernel, variable: str) -> tuple[bool, bool, bool]:
    """Which axes of `threadIdx`, `blockIdx`, ... the kernel looks at."""
    names = {e.name for e in _everything(kernel) if isinstance(e, Builtin)}
    x, y, z = (f"{variable}.{axis}" in names for axis in AXES)
    return x, y, z


# --- block -------------------------------------------------------------------------------------


# block shapes that are tried in turn where the kernel leaves its block open
OPEN_1D = ((256, 1, 1), (128, 1, 1), (64, 1, 1))
OPEN_2D = ((32, 8, 1), (16, 16, 1), (8, 4, 1))


def guess_blocks(kernel: Kernel) -> tuple[Dims, ...]:
    """Block dimensions, to be used in turn: one where the kernel or its launches say, else several."""
    launch = dict(kernel.launch)
    decided = any(
        launch.get(f"blockDim.{a}") or _pattern(kernel, a) or a in _shared_shape(kernel)
        for a in AXES
    )
    first = _first_block(kernel, launch)
    custom = _custom_block(kernel, used_axes(kernel, "threadIdx"), warp=False)
    asks = any(used_axes(kernel, "blockDim"))
    if decided or not asks or first != custom:
        return (first,)
    if first == OPEN_1D[0] or first == OPEN_1D[1]:
        return OPEN_1D if first == OPEN_1D[0] else OPEN_1D[1:]
    return OPEN_2D if first == OPEN_2D[0] else (first,)


def _first_block(kernel: Kernel, launch: Mapping[str, int]) -> Dims:
    """What launches agree on, else what the kernel's own constants say, else custom."""
    used = used_axes(kernel, "threadIdx")
    by_shape = _shared_shape(kernel)
    warp = any(isinstance(s, WarpOp | TileOp | Tile) for s in statements(kernel.body))
    custom = _custom_block(kernel, used, warp)
    dims: list[int] = []
    for position, axis in enumerate(AXES):
        known = launch.get(f"blockDim.{axis}") or _pattern(kernel, axis) or by_shape.get(axis)
        dims.append(known or custom[position])
    x, y, z = dims
    while x * y * z > 1024:
        x, y, z = max(1, x // 2), y, z
    return x, y, z


def _custom_block(kernel: Kernel, used: tuple[bool, bool, bool], warp: bool) -> Dims:
    if not any(used):
        return (32, 1, 1) if warp else (1, 1, 1)
    if used[2]:
        return (8, 8, 4)
    if used[1]:
        return (32, 8, 1)
    dynamic = any(isinstance(s, Alloc) and s.dynamic for s in statements(kernel.body))
    asks = any(used_axes(kernel, "blockDim"))
    if warp and not asks:
        return (32, 1, 1)
    return (128, 1, 1) if dynamic or warp else (256, 1, 1)


def _pattern(kernel: Kernel, axis: str) -> int:
    """The constant of `blockIdx.x * C + threadIdx.x`, or of `for (i = threadIdx.x; ...; i += C)`; else 0."""
    threads = _aliases(kernel, f"threadIdx.{axis}")
    for expr in _everything(kernel):
        if not (isinstance(expr, Binary) and expr.op == "+"):
            continue
        for this, other in ((expr.a, expr.b), (expr.b, expr.a)):
            size = _scaled(bare(this), f"blockIdx.{axis}")
            if 1 < size <= 1024 and _is_thread(other, axis, threads):
                return size
    for stmt in statements(kernel.body):
        if isinstance(stmt, For) and isinstance(bare(stmt.step), Const):
            step = bare(stmt.step)
            size = int(step.value) if isinstance(step, Const) else 0
            if 1 < size <= 1024 and _is_thread(stmt.lo, axis, threads):
                return size
    return 0


def _aliases(kernel: Kernel, builtin: str) -> frozenset[str]:
    """Variables that are declared as just that builtin."""
    names: set[str] = set()
    for stmt in statements(kernel.body):
        if isinstance(stmt, Declare) and stmt.init is not None:
            init = bare(stmt.init)
            if isinstance(init, Builtin) and init.name == builtin:
                names.add(stmt.name)
    return frozenset(names)


def _is_thread(expr: Expr, axis: str, aliases: frozenset[str]) -> bool:
    inner = bare(expr)
    if isinstance(inner, Builtin):
        return inner.name == f"threadIdx.{axis}"
    return isinstance(inner, Var) and inner.name in aliases


def tile_extent(kernel: Kernel, axis: str) -> int:
    """The constant of `blockIdx.x * C`, the elements that a block treats along the axis; 0 if there is none."""
    found = {_scaled(expr, f"blockIdx.{axis}") for expr in _everything(kernel)} - {0}
    return min(found, default=0)


def _scaled(expr: Expr, builtin: str) -> int:
    if not (isinstance(expr, Binary) and expr.op == "*"):
        return 0
    for this, other in ((bare(expr.a), bare(expr.b)), (bare(expr.b), bare(expr.a))):
        if isinstance(this, Builtin) and this.name == builtin and isinstance(other, Const):
            return int(other.value)
    return 0


def _shared_shape(kernel: Kernel) -> dict[str, int]:
    """Block dimensions from static shared arrays that are indexed by the thread's own position."""
    arrays = {
        s.name: [int(d.value) if isinstance(d, Const) else 0 for d in s.shape]
        for s in statements(kernel.body)
        if isinstance(s, Alloc) and s.space == Spaces.SHARED and not s.dynamic
    }
    found: dict[str, int] = {}
    for stmt in statements(kernel.body):
        places = [(e.buffer, e.index) for e in _expressions(stmt) if isinstance(e, Load)]
        if isinstance(stmt, Store):
            places.append((stmt.buffer, stmt.index))
        for buffer, index in places:
            for size, part in zip(arrays.get(buffer, ()), index, strict=False):
                for axis in AXES:
                    if _is_thread(part, axis, _aliases(kernel, f"threadIdx.{axis}")):
                        unpadded = size - 1 if size % 2 and size > 1 else size
                        found[axis] = min(found.get(axis, 1024), unpadded)
    return {axis: size for axis, size in found.items() if size > 0}


# --- grid --------------------------------------------------------------------------------------


def guess_grid(
    module: Module,
    kernel: Kernel,
    block: Dims,
    scalars: Mapping[str, int],
    loads: Mapping[str, Interval],
) -> tuple[int | None, int | None, int | None]:
    """Blocks per axis: 1 where the kernel does not look, as many as its guards let write, else None."""
    used = used_axes(kernel, "blockIdx")
    strided = _strided_axes(kernel)
    sizes: list[int | None] = []
    known = tuple(3 if axis in strided else MAX_GRID for axis in AXES)
    for position, axis in enumerate(AXES):
        if not used[position]:
            sizes.append(1)
        elif axis in strided:
            sizes.append(3)
        else:
            probe = _Probe(
                module, kernel, block, scalars, loads, position, (known[0], known[1], known[2])
            )
            sizes.append(probe.by_guard() or probe.by_stride())
    x, y, z = sizes
    return x, y, z


def free_axes(grid: tuple[int | None, int | None, int | None]) -> tuple[str, ...]:
    """Axes whose extent nothing in the kernel limits."""
    return tuple(axis for axis, size in zip(AXES, grid, strict=True) if size is None)


def _strided_axes(kernel: Kernel) -> frozenset[str]:
    """Axes over which the kernel loops itself (`i += gridDim.x * blockDim.x`)."""
    names = {e.name for e in _everything(kernel) if isinstance(e, Builtin)}
    return frozenset(axis for axis in AXES if f"gridDim.{axis}" in names)


@dataclass(frozen=True, slots=True)
class _Probe:
    """Looks at one block, or at one after the other, along an axis; `grid` is as large as each axis may be."""

    module: Module
    kernel: Kernel
    block: Dims
    scalars: Mapping[str, int]
    loads: Mapping[str, Interval]
    position: int
    grid: Dims = (MAX_GRID,) * 3
    cache: dict[tuple[str, int], Bounds] = field(default_factory=dict)

    def bounds(self, values: dict[str, Interval], *, one_thread: bool = False) -> Bounds:
        given = assumptions(Geometry(self.grid, self.block), self.scalars, self.loads)
        builtins = {**given.builtins, **values}
        if one_thread:
            zero = {f"{v}.{a}": Interval(0, 0) for v in ("threadIdx", "blockIdx") for a in AXES}
            builtins = {**given.builtins, **zero, **values}
        return analyse(self.module, self.kernel, Assumptions(builtins, given.scalars, self.loads))

    def at(self, builtin: str, index: int) -> Bounds:
        """One thread of one block, all zero but `builtin`."""
        key = (builtin if index else "", index)
        if key not in self.cache:
            self.cache[key] = self.bounds({builtin: Interval(index, index)}, one_thread=True)
        return self.cache[key]

    def writes(self, index: int) -> bool:
        """Whether a block at `index` may write to a parameter."""
        name = f"blockIdx.{AXES[self.position]}"
        found = self.bounds({name: Interval(index, index)}).accesses
        return any(found[b].written for b in parameter_buffers(self.kernel) if b in found)

    def by_guard(self) -> int | None:
        """The first index from which on blocks write nothing."""
        if self.writes(MAX_GRID):
            return None
        width = self.block[self.position]
        likely = {-(-v // width) for v in self.scalars.values()} | set(self.scalars.values())
        for count in sorted(c for c in likely if 0 < c < MAX_GRID):
            if not self.writes(count):
                if self.writes(count - 1):
                    return count
                break
        low, high = 0, 1
        while self.writes(high):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.writes(middle) else (low, middle)
        return max(1, high)

    def by_stride(self) -> int | None:
        """As many blocks as fit into the stride of the next outer axis."""
        mine = f"blockIdx.{AXES[self.position]}"
        best: int | None = None
        for buffer in parameter_buffers(self.kernel):
            own = self.coefficient(buffer, mine)
            if own <= 0:
                continue
            names = [f"{v}.{a}" for v in ("threadIdx", "blockIdx") for a in AXES]
            outer = {self.coefficient(buffer, n) for n in names if n != mine}
            outer |= self.tile_strides(buffer)
            larger = [c for c in outer if c > own] + self.rows_of_tiles(buffer)
            if larger:
                fit = max(1, min(larger) // own)
                best = fit if best is None else min(best, fit)
        return best

    def rows_of_tiles(self, buffer: str) -> list[int]:
        """The length of a row, where another axis of blocks moves by some rows: `blockIdx.y * 64 * n`."""
        found = []
        for position in range(self.position + 1, len(AXES)):
            rows = tile_extent(self.kernel, AXES[position])
            stride = self.coefficient(buffer, f"blockIdx.{AXES[position]}")
            if rows > 1 and stride > 0 and stride % rows == 0:
                found.append(stride // rows)
        return found

    def tile_strides(self, buffer: str) -> set[int]:
        """Leading dimensions with which fragments of the buffer are loaded and stored."""
        found: set[int] = set()
        for stmt in statements(self.kernel.body):
            if isinstance(stmt, TileOp) and len(stmt.args) == 2:
                place, stride = stmt.args[0], bare(stmt.args[1])
                if getattr(place, "buffer", "") == buffer:
                    if isinstance(stride, Const):
                        found.add(int(stride.value))
                    if isinstance(stride, Var) and stride.name in self.scalars:
                        found.add(self.scalars[stride.name])
        return found

    def coefficient(self, buffer: str, builtin: str) -> int:
        """By how much the first written (or read) element moves when a builtin goes from 0 to 1."""
        found = [self.at(builtin, i).accesses.get(buffer) for i in (0, 1)]
        if any(f is None or f.unknown or f.hi < 0 for f in found):
            return 0
        zero, one = found
        return 0 if zero is None or one is None else one.hi - zero.hi
