"""Cases for a kernel without host code: from its own index bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from xpiler.ir.nodes import Barrier, Kernel, Module
from xpiler.ir.types import Scalar, Spaces
from xpiler.ir.walk import statements
from xpiler.records import dataclass
from xpiler.verify.cases.bare_shapes import (
    Asked,
    BareShape,
    Tie,
    TooMuch,
    bare_shapes,
    likely_elements,
    told_elements,
)
from xpiler.verify.cases.bounds import Access, Bounds
from xpiler.verify.cases.case import ONE, BufferArgument, Case, Role, ScalarArgument, Triple
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.fit import Fitter
from xpiler.verify.cases.formula import Formula
from xpiler.verify.cases.geometry import AXES, Dims
from xpiler.verify.cases.interval import Interval
from xpiler.verify.cases.optional import with_absent
from xpiler.verify.cases.roles import counters, divisors, index_uses, parameter_buffers, truths

__all__ = [
    "EPSILON_NAMES",
    "INDEX_RANGE",
    "NoCase",
    "buffer_argument",
    "global_arguments",
    "index_ranges",
    "infer_bare",
]

INDEX_RANGE = 37  # how many positions an index-valued buffer refers to
EPSILON_NAMES = ("eps", "epsilon")


@dataclass(frozen=True, slots=True)
class NoCase:
    """Why no case could be inferred; a `--case` file can say what is missing."""

    reason: str


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
    loads, index_values = index_ranges(kernel)
    asked = Asked(tuple(blocks), tie, square, multiple)
    found = bare_shapes(module, kernel, asked, loads)
    if isinstance(found, TooMuch):
        return NoCase("the kernel does too much work at the sizes that were tried")
    told = _with_told_sizes(kernel, found, guess_sizes)
    if isinstance(told, NoCase):
        return told
    shapes, guessed = told
    if not guess_sizes:
        note += "".join(f"; {n} as large as the largest other buffer, a guess" for n in guessed)
    return _assemble(module, kernel, shapes, index_values, note)


def _with_told_sizes(
    kernel: Kernel, shapes: Sequence[BareShape], guess_sizes: bool
) -> tuple[tuple[BareShape, ...], tuple[str, ...]] | NoCase:
    """The shapes with sizes for buffers whose index cannot be followed, and the names of these buffers."""
    unknown = [
        name
        for name in parameter_buffers(kernel)
        if any(s.bounds.accesses.get(name, Access()).unknown for s in shapes)
    ]
    filled: list[BareShape] = []
    most = 0
    for shape in shapes:
        bounds, sizes = shape.bounds, list(shape.sizes.values())
        count = told_elements(kernel, bounds, sizes)
        if guess_sizes:
            count = likely_elements(kernel, shape.geometry, bounds, sizes)
        most = max(most, count)
        accesses = dict(bounds.accesses)
        for name in unknown:
            access = accesses.get(name, Access())
            accesses[name] = replace(access, hi=max(access.hi, count - 1), unknown=False)
        filled.append(replace(shape, bounds=replace(bounds, accesses=accesses)))
    if unknown and most <= 1:
        return NoCase(
            f"size of buffer {unknown[0]} unknown: its index depends on data (give it with --case)"
        )
    return tuple(filled), tuple(unknown)


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
    for name in divisors(kernel):
        values.setdefault(name, Distribution("nonzero"))
    for name in truths(kernel):
        values.setdefault(name, Distribution("bits"))
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
    shapes: Sequence[BareShape],
    index_values: Mapping[str, Distribution],
    note: str,
) -> Case:
    hints = {extent for s in shapes for extent in s.geometry.block if extent > 1}
    chosen = {name: [s.sizes[name] for s in shapes] for name in shapes[0].sizes}
    fitter = Fitter(len(shapes), chosen, hints=tuple(sorted(hints)))
    block = _triple([s.geometry.block for s in shapes], "threads", fitter)
    grid = _triple([s.geometry.grid for s in shapes], "blocks", fitter)
    shared = fitter.fit([s.geometry.shared for s in shapes], "shared_bytes")
    buffers = parameter_buffers(kernel)
    arguments: list[BufferArgument | ScalarArgument] = []
    for param in kernel.params:
        if isinstance(param.type, Scalar):
            arguments.append(scalar_argument(param.name, param.type, fitter))
            continue
        accesses = [s.bounds.accesses.get(param.name, Access()) for s in shapes]
        elements = fitter.fit([a.hi + 1 for a in accesses], f"{param.name}_elements")
        merged = Access(
            read=any(a.read for a in accesses), written=any(a.written for a in accesses)
        )
        elem = buffers[param.name]
        arguments.append(buffer_argument(param.name, elem, elements, merged, index_values))
    arguments += global_arguments(module, [s.bounds for s in shapes])
    sizes = tuple((name, tuple(values)) for name, values in fitter.sizes.items())
    together = any(isinstance(s, Barrier) and s.scope == "grid" for s in statements(kernel.body))
    case = Case(kernel.name, grid, block, shared, sizes, tuple(arguments), note, together, True)
    return with_absent(case, kernel)


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
