"""Cases for a kernel without host code: from its own index bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from xpiler.ir.nodes import Alloc, Barrier, Kernel, Module, TileOp
from xpiler.ir.textures import texture_of
from xpiler.ir.types import Scalar, Spaces
from xpiler.ir.walk import statements
from xpiler.verify.bounds import Access, Bounds, analyse
from xpiler.verify.case import ONE, BufferArgument, Case, Role, ScalarArgument, Triple
from xpiler.verify.distribution import Distribution
from xpiler.verify.fit import Fitter
from xpiler.verify.formula import Formula
from xpiler.verify.geometry import (
    AXES,
    Dims,
    Geometry,
    assumptions,
    free_axes,
    guess_blocks,
    guess_grid,
)
from xpiler.verify.interval import Interval
from xpiler.verify.roles import (
    WINDOW_NAMES,
    counters,
    index_uses,
    parameter_buffers,
    scalar_use,
)

__all__ = [
    "EPSILON_NAMES",
    "INDEX_RANGE",
    "MAX_WORK",
    "NoCase",
    "Sizes",
    "Tie",
    "buffer_argument",
    "choose_sizes",
    "global_arguments",
    "index_ranges",
    "infer_bare",
    "likely_elements",
    "work",
]

MAX_WORK = 30_000_000  # statements that one run may execute: about a second on the CPU runtime
MIN_LIKELY = 64
INDEX_RANGE = 37  # how many positions an index-valued buffer refers to
EPSILON_NAMES = ("eps", "epsilon")
Sizes = dict[str, list[int]]

# by number of size parameters: each row is a shape, small primes and ragged ones beside round ones
SHAPES: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((1000,), (1,), (257,), (512,)),
    2: ((33, 65), (64, 32), (1, 7), (5, 300), (259, 3)),
    3: ((33, 40, 17), (48, 64, 32), (1, 7, 5), (3, 5, 300)),
}
MANY = (
    (7, 5, 9, 6, 4, 3, 8, 5, 7, 6),
    (16, 8, 4, 8, 16, 4, 8, 4, 16, 8),
    (2, 3, 3, 4, 3, 2, 5, 3, 2, 1),
    (2, 37, 45, 40, 5, 3, 4, 6, 3, 2),
)
FREE_AXIS = {"x": (3, 1, 5, 2), "y": (2, 3, 1), "z": (2, 1, 3)}


@dataclass(frozen=True, slots=True)
class NoCase:
    """Why no case could be inferred; a `--case` file can say what is missing."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """One shape in numbers."""

    geometry: Geometry
    bounds: Bounds
    sizes: Mapping[str, int] = field(default_factory=dict)


def choose_sizes(kernel: Kernel, names: Sequence[str], largest: int = 1 << 30) -> Sizes:
    """Values for integer parameters, one per shape, by what each is for. `largest` scales them down."""
    uses = {name: scalar_use(kernel, name) for name in names}
    plain = [name for name in names if uses[name] == "size"]
    rows = SHAPES.get(len(plain), MANY)
    sizes: Sizes = {}
    for name in names:
        match uses[name]:
            case "flag":
                sizes[name] = _turns((1, 0, 2), len(rows))
            case "offset":
                sizes[name] = _turns((3, 0, 1), len(rows))
            case "shift":
                sizes[name] = _turns((3, 1, 2), len(rows))
            case "window":
                turns = (2, 3, 1) if name.lower() in WINDOW_NAMES else (1, 2, 2)
                sizes[name] = _turns(turns, len(rows))
            case _:
                position = plain.index(name)
                grain = _fragment(kernel)
                found = [min(row[position % len(row)], largest) for row in rows]
                sizes[name] = [-(-size // grain) * grain for size in found]
    return sizes


def _fragment(kernel: Kernel) -> int:
    """What sizes have to be multiples of: fragments are loaded whole, from rows at multiples of 16 bytes."""
    return 16 if any(isinstance(s, TileOp) for s in statements(kernel.body)) else 1


_MULTIPLES = ((2, 1, 1, 2), (1, 2, 1, 1), (2, 2, 2, 1))


def _multiples(kernel: Kernel, sizes: Sizes, tile: int) -> Sizes:
    """Sizes that are `tile` or twice that, in turn; flags and windows as they were."""
    plain = [n for n in sizes if scalar_use(kernel, n) == "size"]
    whole = {
        name: [tile * row[position % len(row)] for row in _MULTIPLES]
        for position, name in enumerate(plain)
    }
    return {
        n: whole.get(n) or [v[i % len(v)] for i in range(len(_MULTIPLES))] for n, v in sizes.items()
    }


def _turns(values: tuple[int, ...], count: int) -> list[int]:
    return [values[i % len(values)] for i in range(count)]


@dataclass(frozen=True, slots=True)
class Tie:
    """A size that goes with the block: `factor` times its threads."""

    name: str
    factor: int


def infer_bare(
    module: Module,
    kernel: Kernel,
    note: str = "",
    blocks: Sequence[Dims] = (),
    tie: Tie | None = None,
    square: int = 0,
    multiple: int = 0,
    *,
    guess_sizes: bool = False,
) -> Case | NoCase:
    """A case from the kernel alone. `module` holds the device functions and globals that it uses.

    `blocks` are taken in turn in place of those that the kernel suggests; `tie` binds a size to them.
    `square`: all sizes are this or twice this, and the grid covers just that. `multiple`: all sizes are this or
    twice this. `guess_sizes`: a buffer whose index cannot be followed has `likely_elements`; a source that goes
    beyond is seen to.
    """
    for largest in (1 << 30, 24, 8):
        found = _infer(
            module, kernel, note, largest, blocks, tie, square, multiple, guess_sizes=guess_sizes
        )
        if isinstance(found, Case) or "work" not in found.reason:
            return found
    return found


def _infer(
    module: Module,
    kernel: Kernel,
    note: str,
    largest: int,
    given: Sequence[Dims],
    tie: Tie | None,
    square: int,
    multiple: int,
    *,
    guess_sizes: bool,
) -> Case | NoCase:
    integers = [p.name for p in kernel.params if isinstance(p.type, Scalar) and p.type.is_int]
    sizes = _with_rows(kernel, choose_sizes(kernel, integers, largest))
    blocks = tuple(given) or guess_blocks(kernel)
    loads, index_values = index_ranges(kernel)
    count = max([len(v) for v in sizes.values()], default=1)
    if tie is not None and tie.name in sizes:
        sizes[tie.name] = [tie.factor * prod(blocks[i % len(blocks)]) for i in range(count)]
    if square:
        equal = [square * (1 + i % 2) for i in range(count)]
        sizes |= {name: equal for name in sizes if scalar_use(kernel, name) == "size"}
    if multiple:
        count = len(_MULTIPLES)
        sizes = _multiples(kernel, sizes, multiple)
    scalars = [{n: v[i] for n, v in sizes.items()} for i in range(count)]
    grids = [
        guess_grid(module, kernel, blocks[i % len(blocks)], row, loads)
        for i, row in enumerate(scalars)
    ]
    if not sizes and (free_axes(grids[0]) or len(blocks) > 1):
        count, scalars = 3, [{}] * 3
        grids = [guess_grid(module, kernel, blocks[i % len(blocks)], {}, loads) for i in range(3)]
    shapes: list[_Shape] = []
    kept: list[int] = []
    for position, (row, grid) in enumerate(zip(scalars, grids, strict=True)):
        block = blocks[position % len(blocks)]
        side = square * (1 + position % 2)
        x, y, z = (
            size if size is not None else _free_extent(axis, position, side // across)
            for axis, size, across in zip(AXES, grid, block, strict=True)
        )
        shape = _bounded(module, kernel, Geometry((x, y, z), block), row, loads)
        if work(shape.geometry, shape.bounds) <= MAX_WORK:
            shapes.append(shape)
            kept.append(position)
    if len(shapes) < min(3, count):
        return NoCase("the kernel does too much work at the sizes that were tried")
    count, sizes = len(kept), {name: [v[i] for i in kept] for name, v in sizes.items()}
    hints = {extent for block in blocks for extent in block if extent > 1}
    fitter = Fitter(count, sizes, hints=tuple(sorted(hints)))
    if guess_sizes:
        shapes = [_with_likely_sizes(kernel, s) for s in shapes]
    return _assemble(module, kernel, shapes, fitter, index_values, note)


def _with_rows(kernel: Kernel, sizes: Sizes) -> Sizes:
    """Rows of a texture are as long as it is wide."""
    names = {p.origin: p.name for p in kernel.params if texture_of(p, kernel.params) is not None}
    wide = {
        name: names.get(f"{origin.removesuffix('.stride')}.width", name)
        for origin, name in names.items()
        if origin.endswith(".stride")
    }
    return {name: sizes[wide.get(name, name)] for name in sizes}


def _with_likely_sizes(kernel: Kernel, shape: _Shape) -> _Shape:
    count = likely_elements(kernel, shape.geometry, shape.bounds)
    accesses = {
        name: replace(a, hi=max(a.hi, count - 1), unknown=False) if a.unknown else a
        for name, a in shape.bounds.accesses.items()
    }
    return replace(shape, bounds=replace(shape.bounds, accesses=accesses))


def likely_elements(kernel: Kernel, geometry: Geometry, bounds: Bounds) -> int:
    """As many elements as the kernel's other buffers have, or twice its threads: what is too large does no harm."""
    threads = prod(geometry.grid) * prod(geometry.block)
    known = [a for n, a in bounds.accesses.items() if n in parameter_buffers(kernel)]
    return max([MIN_LIKELY, 2 * threads, *(a.hi + 1 for a in known)])


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
) -> _Shape:
    """Bounds at a shape, with dynamic shared memory as large as it is used."""
    dynamic = {s.name: s for s in statements(kernel.body) if isinstance(s, Alloc) and s.dynamic}
    bounds = analyse(module, kernel, assumptions(geometry, scalars, loads))
    shared = 0
    for name, alloc in dynamic.items():
        access = bounds.accesses.get(name, Access())
        shared = max(shared, (access.hi + 1) * alloc.elem.size)
    return _Shape(Geometry(geometry.grid, geometry.block, shared), bounds, scalars)


def work(geometry: Geometry, bounds: Bounds) -> int:
    """An upper estimate of the statements that a run executes."""
    threads = 1
    for extent in (*geometry.grid, *geometry.block):
        threads *= extent
    return threads * max(1, bounds.work)


def index_ranges(kernel: Kernel) -> tuple[dict[str, Interval], dict[str, Distribution]]:
    """What loads of index-valued buffers may be assumed to give, and how to draw their contents."""
    loads: dict[str, Interval] = {}
    values: dict[str, Distribution] = {}
    bound = (Formula(str(INDEX_RANGE)),)
    counting = counters(kernel)
    values |= dict.fromkeys(counting, Distribution("zeros"))
    for use in index_uses(kernel):
        if use.source in counting:
            continue
        if use.how == "index":
            loads.setdefault(use.source, Interval(0, INDEX_RANGE - 1))
            if use.source == use.target:  # what is followed from one to the next has to end
                values[use.source] = Distribution("forest", bound)
            values.setdefault(use.source, Distribution("index", bound))
        else:
            loads[use.source] = Interval(0, INDEX_RANGE)
            values[use.source] = Distribution("offsets", bound)
    return loads, values


def buffer_argument(
    name: str,
    elem: Scalar,
    elements: Formula,
    access: Access,
    index_values: Mapping[str, Distribution],
) -> BufferArgument:
    """A buffer with the role that its uses show."""
    role: Role = "in"
    if access.written:
        role = "inout" if access.read else "out"
    values = index_values.get(name, Distribution())
    return BufferArgument(name, elem, elements, role, values)


def _assemble(
    module: Module,
    kernel: Kernel,
    shapes: Sequence[_Shape],
    fitter: Fitter,
    index_values: Mapping[str, Distribution],
    note: str,
) -> Case | NoCase:
    block = _triple([s.geometry.block for s in shapes], "threads", fitter)
    grid = _triple([s.geometry.grid for s in shapes], "blocks", fitter)
    shared = fitter.fit([s.geometry.shared for s in shapes], "shared_bytes")
    buffers = parameter_buffers(kernel)
    guessed = [_largest(s, tuple(buffers)) for s in shapes]
    arguments: list[BufferArgument | ScalarArgument] = []
    for param in kernel.params:
        if isinstance(param.type, Scalar):
            arguments.append(scalar_argument(param.name, param.type, fitter))
            continue
        accesses = [s.bounds.accesses.get(param.name, Access()) for s in shapes]
        ends = [a.hi + 1 for a in accesses]
        if any(a.unknown for a in accesses):
            if max(guessed) <= 1:
                return NoCase(
                    f"size of buffer {param.name} unknown: its index depends on data (give it with --case)"
                )
            ends = guessed
            note += f"; {param.name} as large as the largest other buffer, a guess"
        elements = fitter.fit(ends, f"{param.name}_elements")
        merged = Access(
            read=any(a.read for a in accesses), written=any(a.written for a in accesses)
        )
        elem = buffers[param.name]
        arguments.append(buffer_argument(param.name, elem, elements, merged, index_values))
    arguments += global_arguments(module, [s.bounds for s in shapes])
    sizes = tuple((name, tuple(values)) for name, values in fitter.sizes.items())
    together = any(isinstance(s, Barrier) and s.scope == "grid" for s in statements(kernel.body))
    return Case(kernel.name, grid, block, shared, sizes, tuple(arguments), note, together, True)


def _largest(shape: _Shape, names: Sequence[str]) -> int:
    """Elements of the largest buffer that has a known size, and no size is larger; the sum of all sizes when there is no
    such buffer (of two that are merged, say), 0 when there is no size either."""
    accesses = [shape.bounds.accesses.get(n, Access()) for n in names]
    known = [a.hi + 1 for a in accesses if a.hi >= 0 and not a.unknown]
    sizes = list(shape.sizes.values())
    return max([*known, *sizes]) if known else sum(sizes)


def global_arguments(module: Module, bounds: Sequence[Bounds]) -> list[BufferArgument]:
    """Data at file scope that the kernel uses and the source leaves for the host to set.

    Constants are drawn; other data starts at zero, as it does when a program starts.
    """
    found: list[BufferArgument] = []
    for buffer in module.globals:
        accesses = [b.accesses[buffer.name] for b in bounds if buffer.name in b.accesses]
        if buffer.init or not accesses:
            continue
        elements = Formula(str(prod(buffer.shape)))
        written = any(a.written for a in accesses)
        constant = buffer.space == Spaces.CONSTANT
        values = Distribution() if constant else Distribution("zeros")
        role: Role = "inout" if written else "in"
        found.append(BufferArgument(buffer.name, buffer.elem, elements, role, values))
    return found


def scalar_argument(name: str, type_: Scalar, fitter: Fitter) -> ScalarArgument:
    """A size stands for itself, an epsilon is small, any other real is drawn per seed."""
    if type_.is_float:
        tiny = any(hint in name.lower() for hint in EPSILON_NAMES)
        return ScalarArgument(name, type_, 1e-5 if tiny else Distribution())
    if name in fitter.sizes:
        return ScalarArgument(name, type_, Formula(name))
    return ScalarArgument(name, type_, ONE)


def _triple(values: Sequence[tuple[int, int, int]], name: str, fitter: Fitter) -> Triple:
    x, y, z = (
        fitter.fit([v[position] for v in values], f"{name}_{axis}", divisor=name == "threads")
        for position, axis in enumerate(AXES)
    )
    return x, y, z
