"""Sizes and launches to try a bare kernel with, each small enough to be run many times over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import combinations, islice
from math import ceil, log, prod

from xpiler.ir.nodes import Alloc, Kernel, Module
from xpiler.ir.textures import surface_side, texture_of
from xpiler.ir.types import Scalar
from xpiler.ir.walk import statements
from xpiler.records import dataclass
from xpiler.verify.cases.bounds import Access, Bounds, analyse
from xpiler.verify.cases.decisions import decided, decisions
from xpiler.verify.cases.geometry import (
    AXES,
    Dims,
    Geometry,
    assumptions,
    free_axes,
    guess_blocks,
    guess_grid,
)
from xpiler.verify.cases.interval import Interval
from xpiler.verify.cases.modes import Modes, modes
from xpiler.verify.cases.roles import parameter_buffers
from xpiler.verify.cases.sizes import Row, arranged, fragment, plain_names, plain_rows

__all__ = [
    "MAX_WORK",
    "Asked",
    "BareShape",
    "Tie",
    "TooMuch",
    "bare_shapes",
    "likely_elements",
    "told_elements",
    "work",
]

MAX_WORK = (
    30_000_000  # statements that one run may execute: a quarter of a second on the CPU runtime
)
ENOUGH_WORK = 4_000_000
"""What a run with sizes that are ours to choose may cost: a check makes some 25 runs of each shape."""

ELEMENT_WORK = 8  # statements that it takes as long to fill, copy and compare an element in
SMALL = 16  # a size below this is not made smaller
MIN_LIKELY = 64
_FEW = (1, 3, 2)
_SOME = 3  # sizes, at least, of which some may be wider than others allow
_MOST_TRIED = 40

FREE_AXIS = {"x": (3, 1, 5, 2), "y": (2, 3, 1), "z": (2, 1, 3)}


@dataclass(frozen=True, slots=True)
class Tie:
    """A size that goes with the block: `factor` times its threads."""

    name: str
    factor: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What another guess asks for: `blocks` to be taken in turn, a size that is tied to them, `square` (all sizes are
    this or twice this, and the grid covers just that), `multiple` (all sizes are this or twice this)."""

    blocks: tuple[Dims, ...] = ()
    tie: Tie | None = None
    square: int = 0
    multiple: int = 0

    @property
    def fixed(self) -> bool:
        """Whether sizes are not ours to choose."""
        return bool(self.tie or self.square or self.multiple)


@dataclass(frozen=True, slots=True)
class BareShape:
    """One shape in numbers."""

    geometry: Geometry
    bounds: Bounds
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TooMuch:
    """There is no shape at which the kernel does little enough."""


def bare_shapes(
    module: Module, kernel: Kernel, asked: Asked, loads: Mapping[str, Interval]
) -> tuple[BareShape, ...] | TooMuch:
    """Shapes to run `kernel` in. `loads` are the values that index-valued buffers may hold.

    A shape that asks for more than `ENOUGH_WORK` is made smaller, where its sizes may be; one that asks for more than
    `MAX_WORK` even so is left out.
    """
    blocks = asked.blocks or guess_blocks(kernel)
    modes_ = modes(module)
    rows = _rows(module, kernel, asked, blocks, modes_)
    if not rows[0]:
        grid = guess_grid(module, kernel, blocks[0], {}, loads)
        rows = [{}] * 3 if free_axes(grid) or len(blocks) > 1 else rows
    found: list[BareShape] = []
    for position, row in enumerate(rows):
        trial = _Trial(
            module, kernel, blocks[position % len(blocks)], loads, position, asked, modes_
        )
        shape = trial.at(row) if asked.fixed else trial.filled(row)
        if work(shape.geometry, shape.bounds) <= MAX_WORK and shape not in found:
            found.append(shape)
    return tuple(found) or TooMuch()


def _rows(
    module: Module, kernel: Kernel, asked: Asked, blocks: Sequence[Dims], modes_: Modes
) -> list[Row]:
    """Sizes per shape; one empty row where there are none to choose."""
    names = [p.name for p in kernel.params if isinstance(p.type, Scalar) and not p.type.is_float]
    if not names:
        return [{}]
    plain = plain_names(kernel, names, modes_)
    rows = _multiples(plain, asked.multiple) if asked.multiple else plain_rows(kernel, plain)
    short = not asked.fixed and fragment(kernel) == 1
    rows = arranged(kernel, names, rows, modes_, short=short)
    if not asked.fixed:
        rows = decided(decisions(module), rows, modes_)
    tie = asked.tie
    for i, row in enumerate(rows):
        if tie is not None and tie.name in row:
            row[tie.name] = tie.factor * prod(blocks[i % len(blocks)])
        if asked.square:
            row |= dict.fromkeys(plain, asked.square * (1 + i % 2))
    return _with_rows(kernel, rows)


@dataclass(frozen=True, slots=True)
class _Trial:
    """One shape of a kernel, with sizes to be found."""

    module: Module
    kernel: Kernel
    block: Dims
    loads: Mapping[str, Interval]
    position: int
    asked: Asked
    modes: Modes

    def small(self, row: Mapping[str, int]) -> BareShape:
        """The shape with the sizes of `row`, or with smaller ones at which it asks for `ENOUGH_WORK` at most.

        What is left of the work when sizes are halved tells how it grows, and so how often to halve them.
        """
        shape = self.at(row)
        cost = _cost(shape)
        while cost > ENOUGH_WORK:
            halved = self.halved(row, 1)
            if halved == row:
                break
            smaller = self.at(halved)
            left = _cost(smaller)
            times = _halvings(cost, left)
            row = self.halved(halved, times)
            shape = self.at(row) if times else smaller
            cost = _cost(shape)
        return shape

    def filled(self, row: Mapping[str, int]) -> BareShape:
        """`small`, with some sizes of a few where the kernel writes nothing otherwise: a convolution whose window and
        stride are wider than the image."""
        shape = self.small(row)
        names = [n for n, size in row.items() if n not in self.modes and size > 1]
        if len(names) < _SOME or not _is_idle(self.kernel, shape):
            return shape
        tried = (
            {**row, **{n: _FEW[(k + self.position) % len(_FEW)] for k, n in enumerate(few)}}
            for count in range(1, len(names))
            for few in combinations(reversed(names), count)
        )
        found = (self.small(other) for other in islice(tried, _MOST_TRIED))
        return next((s for s in found if _written(self.kernel, s) >= SMALL), shape)

    def halved(self, row: Mapping[str, int], times: int) -> Mapping[str, int]:
        """Sizes that are halved so often, but not below `SMALL` / 2: odd ones and powers of two stay that, mostly."""
        grain = fragment(self.kernel)
        sizes = dict(row)
        for _ in range(min(times, max(sizes.values(), default=0).bit_length())):
            sizes = {
                n: -(-size // (2 * grain)) * grain
                if size >= max(SMALL, 2 * grain) and n not in self.modes
                else size
                for n, size in sizes.items()
            }
        return sizes

    def at(self, row: Mapping[str, int]) -> BareShape:
        side = self.asked.square * (1 + self.position % 2)
        grid = guess_grid(self.module, self.kernel, self.block, row, self.loads)
        x, y, z = (
            size if size is not None else _free_extent(axis, self.position, side // across)
            for axis, size, across in zip(AXES, grid, self.block, strict=True)
        )
        geometry = Geometry((x, y, z), self.block)
        return _bounded(self.module, self.kernel, geometry, row, self.loads)


def _is_idle(kernel: Kernel, shape: BareShape) -> bool:
    accesses = [shape.bounds.accesses.get(n, Access()) for n in parameter_buffers(kernel)]
    return _written(kernel, shape) == 0 and not any(a.unknown for a in accesses)


def _written(kernel: Kernel, shape: BareShape) -> int:
    """How far the kernel writes."""
    accesses = (shape.bounds.accesses.get(n, Access()) for n in parameter_buffers(kernel))
    return max((a.hi + 1 for a in accesses if a.written), default=0)


def _halvings(cost: int, left: int) -> int:
    """How often to halve again, when the last time left `left` of `cost`, until `ENOUGH_WORK` is left."""
    if not ENOUGH_WORK < left < cost:
        return 0
    return ceil(log(left / ENOUGH_WORK) / log(cost / left))


def _free_extent(axis: str, position: int, covering: int) -> int:
    """Blocks along an axis that nothing bounds: as many as cover a square, else some few, in turn."""
    if covering and axis != "z":
        return covering
    return FREE_AXIS[axis][position % len(FREE_AXIS[axis])]


def _bounded(
    module: Module,
    kernel: Kernel,
    geometry: Geometry,
    scalars: Mapping[str, int],
    loads: Mapping[str, Interval],
) -> BareShape:
    """Bounds at a shape, with dynamic shared memory as large as it is used."""
    dynamic = {s.name: s for s in statements(kernel.body) if isinstance(s, Alloc) and s.dynamic}
    bounds = analyse(module, kernel, assumptions(geometry, scalars, loads))
    shared = 0
    for name, alloc in dynamic.items():
        access = bounds.accesses.get(name, Access())
        shared = max(shared, (access.hi + 1) * alloc.elem.size)
    return BareShape(Geometry(geometry.grid, geometry.block, shared), bounds, scalars)


def work(geometry: Geometry, bounds: Bounds) -> int:
    """An upper estimate of the statements that a run executes."""
    return prod(geometry.grid) * prod(geometry.block) * max(1, bounds.work)


def _cost(shape: BareShape) -> int:
    """`work`, and what filling, copying and comparing the data takes in these terms."""
    elements = sum(a.hi + 1 for a in shape.bounds.accesses.values() if not a.unknown)
    return work(shape.geometry, shape.bounds) + ELEMENT_WORK * elements


def told_elements(kernel: Kernel, bounds: Bounds, sizes: Sequence[int] = ()) -> int:
    """As many elements as the largest of the other buffers has, and no size is larger; all sizes together where nothing
    tells of another buffer (of two lists that are merged, say); 0 where there is no size either."""
    known = [
        a.hi + 1
        for n, a in bounds.accesses.items()
        if n in parameter_buffers(kernel) and a.hi >= 0 and not a.unknown
    ]
    return max([*known, *sizes]) if known else sum(sizes)


def likely_elements(
    kernel: Kernel, geometry: Geometry, bounds: Bounds, sizes: Sequence[int] = ()
) -> int:
    """`told_elements`, and no fewer than twice the threads: what is too large does no harm."""
    threads = prod(geometry.grid) * prod(geometry.block)
    return max(MIN_LIKELY, 2 * threads, told_elements(kernel, bounds, sizes))


_MULTIPLES = ((2, 1, 1, 2), (1, 2, 1, 1), (2, 2, 2, 1))


def _multiples(plain: Sequence[str], tile: int) -> list[Row]:
    """Sizes that are `tile` or twice that, in turn."""
    return [
        {name: tile * factors[position % len(factors)] for position, name in enumerate(plain)}
        for factors in _MULTIPLES
    ]


def _with_rows(kernel: Kernel, rows: Sequence[Row]) -> list[Row]:
    """Rows of a texture are as long as it is wide, surfaces larger than what is likely to be written."""
    names = {p.origin: p.name for p in kernel.params if texture_of(p, kernel.params) is not None}
    wide = {
        name: names.get(f"{origin.removesuffix('.stride')}.width", name)
        for origin, name in names.items()
        if origin.endswith(".stride")
    }
    roomy = {p.name: n for p in kernel.params if (n := surface_side(p, kernel.params))}
    return [{name: roomy.get(name, row[wide.get(name, name)]) for name in row} for row in rows]
