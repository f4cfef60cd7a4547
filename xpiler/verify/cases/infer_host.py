"""Cases from host code: the launch, the allocations and the copies, as functions of the host's variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from math import prod

from xpiler.frontends.host import (
    BufferArgument as HostBuffer,
)
from xpiler.frontends.host import (
    DeviceBuffer,
    Launch,
    UnknownArgument,
    evaluate,
)
from xpiler.frontends.host import (
    ScalarArgument as HostScalar,
)
from xpiler.ir.nodes import Const, Expr, Kernel, Module, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.records import dataclass
from xpiler.verify.cases.bare_shapes import MAX_WORK, likely_elements, work
from xpiler.verify.cases.bounds import Access, Bounds, analyse
from xpiler.verify.cases.case import MAX_ELEMENTS, BufferArgument, Case, ScalarArgument, Triple
from xpiler.verify.cases.decisions import decided, decisions
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.fit import Fitter
from xpiler.verify.cases.formula import Formula
from xpiler.verify.cases.geometry import AXES, Geometry, assumptions
from xpiler.verify.cases.host_ranges import index_limits, loads_within
from xpiler.verify.cases.host_sizes import (
    WAYS,
    Ragged,
    Way,
    byte_counts,
    host_modes,
    host_rows,
    with_modes,
)
from xpiler.verify.cases.infer_bare import (
    EPSILON_NAMES,
    INDEX_RANGE,
    NoCase,
    buffer_argument,
    global_arguments,
    index_ranges,
)
from xpiler.verify.cases.interval import Interval
from xpiler.verify.cases.modes import Modes, modes
from xpiler.verify.cases.optional import with_absent
from xpiler.verify.cases.roles import bare, index_uses, parameter_buffers
from xpiler.verify.cases.sizes import Row, Sizes, in_modes

__all__ = ["infer_host"]

MAX_WORK_AS_WRITTEN = 200_000_000
"""Where all sizes are constants, so that none can be made smaller. A run stays well below the harness's limit."""


FEW_POSITIONS = 3
"""Where each value of an index buffer brings a lot of work (a list of neighbours, each a box of particles)."""

TOO_MUCH = NoCase("the launch does too much work at the sizes that were tried")

REAL = 0.75  # what a real host variable is where a size depends on it


@dataclass(frozen=True, slots=True)
class _Shape:
    """A launch in numbers: geometry, scalar arguments, elements per buffer (None: unknown), bounds."""

    geometry: Geometry
    scalars: Mapping[str, int | float]
    elements: Mapping[str, int]
    bounds: Bounds
    ranges: Mapping[str, int]


def infer_host(
    module: Module,
    kernel: Kernel,
    launch: Launch,
    ways: Sequence[Way] = WAYS,
    *,
    guess_sizes: bool = False,
) -> Case | NoCase:
    """A case for one launch, or why it does not tell enough. `ways` of choosing sizes are tried in turn.

    `guess_sizes`: a buffer whose index cannot be followed has as many elements as is likely.
    """
    own = modes(module)
    launch = with_modes(_what_matters(kernel, launch), kernel, own)
    variables = _variables(launch)
    search = _Search(
        module, kernel, launch, variables, host_modes(launch, variables, own), guess_sizes
    )
    reason = NoCase("no shape gives a launch that is possible")
    best: list[tuple[Row, _Shape]] = []
    for way in ways:
        rows = host_rows(kernel, launch, variables, way, search.modes)
        good = [(row, f) for row in rows if isinstance(f := search.at(row), _Shape)]
        if way == ways[0] and len(good) < len(rows):
            failed = [f for row in rows if isinstance(f := search.at(row), NoCase)]
            reason = failed[-1] if failed else TOO_MUCH
        best = max(best, _affordable(search.all_ways(good, way)), key=search.told)
        if not rows[0] or (len(best) > 1 and search.is_whole(best)) or (best and not search.heavy):
            break
    if not best:
        return reason
    kept: Sizes = {}
    for name in best[0][0]:
        kept[_plain(name, kept)] = [row[name] for row, _ in best]
    return _assemble(module, kernel, launch, kept, [s for _, s in best])


@dataclass(slots=True)
class _Search:
    """Shapes of one launch. `modes` are by the host's names; `heavy`: sizes that ask for too much work, so that larger
    ones need not be tried."""

    module: Module
    kernel: Kernel
    launch: Launch
    variables: Mapping[str, Scalar]
    modes: Modes
    guess_sizes: bool
    heavy: list[int] = field(default_factory=list)
    known: dict[tuple[tuple[str, int], ...], _Shape | NoCase] = field(default_factory=dict)

    def at(self, row: Row) -> _Shape | NoCase:
        """The launch with these values of its variables."""
        key = tuple(sorted(row.items()))
        if key not in self.known:
            volume = prod(max(1, n) for name, n in row.items() if name not in self.modes)
            if any(volume >= limit for limit in self.heavy):
                return TOO_MUCH
            found = _shape(
                self.module, self.kernel, self.launch, self.variables, row, self.guess_sizes
            )
            self.heavy += [volume] if found == TOO_MUCH else []
            self.known[key] = found
        return self.known[key]

    def all_ways(self, good: Sequence[tuple[Row, _Shape]], way: Way) -> list[tuple[Row, _Shape]]:
        """The shapes that are possible, in all modes, and with sizes at which the kernel decides otherwise."""
        if not good or not good[0][0]:
            return list(good)
        rows = in_modes([row for row, _ in good], self.modes, short=isinstance(way, Ragged))
        rows = decided(decisions(self.module), rows, self.modes, self._arguments)
        return [(row, f) for row in rows if isinstance(f := self.at(row), _Shape)]

    def _arguments(self, row: Row) -> Mapping[str, int | float]:
        values: dict[str, int | float] = {n: REAL for n, t in self.variables.items() if t.is_float}
        return _arguments(self.launch, {**values, **row})[0]

    def told(self, found: Sequence[tuple[Row, _Shape]]) -> tuple[int, int]:
        """How many values of modes the shapes have, and how many they are."""
        return len({(n, row[n]) for row, _ in found for n in self.modes if n in row}), len(found)

    def is_whole(self, found: Sequence[tuple[Row, _Shape]]) -> bool:
        """Whether each mode has all its values."""
        return all(
            value in {row.get(name) for row, _ in found}
            for name, mode in self.modes.items()
            for value in mode.values
        )


def _what_matters(kernel: Kernel, launch: Launch) -> Launch:
    """The launch without arguments that the kernel does not mention, with buffers as large as it needs where the host
    only names a number of bytes."""
    used = {
        s.name
        for stmt in statements(kernel.body)
        for e in expressions(stmt)
        for s in subexpressions(e)
        if isinstance(s, Var)
    }
    arguments = tuple(
        UnknownArgument(a.param, "it is not used")
        if isinstance(a, HostScalar) and a.param not in used
        else a
        for a in launch.arguments
    )
    plain = replace(launch, arguments=arguments)
    counts = byte_counts(plain)
    buffers = tuple(
        replace(b, bytes=None) if _names(b.bytes, counts) else b for b in launch.buffers
    )
    return replace(plain, buffers=buffers)


def _names(expr: Expr | None, names: frozenset[str]) -> bool:
    plain = bare(expr) if expr is not None else None
    return isinstance(plain, Var) and plain.name in names


def _affordable(
    found: Sequence[tuple[dict[str, int], _Shape]],
) -> list[tuple[dict[str, int], _Shape]]:
    """The shapes, as many as can be run in a few seconds, at least one."""
    kept: list[tuple[dict[str, int], _Shape]] = []
    total = 0
    for row, shape in found:
        total += work(shape.geometry, shape.bounds)
        if not kept or total <= MAX_WORK:
            kept.append((row, shape))
    return kept


def _plain(name: str, taken: Iterable[str]) -> str:
    """`prop.maxGridSize[0]` as a name that a formula may hold."""
    plain = re.sub(r"\W+", "_", name).strip("_")
    while plain in taken:
        plain += "_"
    return plain


def _roots(launch: Launch) -> Iterable[Expr]:
    yield from (e for e in (*launch.grid, *launch.block, launch.shared) if e is not None)
    for argument in launch.arguments:
        match argument:
            case HostScalar(value=value):
                yield value
            case HostBuffer(offset=offset):
                yield offset
            case _:
                pass
    yield from (b.bytes for b in launch.buffers if b.bytes is not None)


def _variables(launch: Launch) -> dict[str, Scalar]:
    """The host variables that the launch depends on, in order of appearance, parameters first."""
    found: dict[str, Scalar] = {}
    for root in _roots(launch):
        for expr in subexpressions(root):
            if isinstance(expr, Var) and isinstance(expr.type, Scalar):
                found.setdefault(expr.name, expr.type)
    order = [p.name for p in launch.function.params if p.name in found]
    order += [name for name in found if name not in order]
    return {name: found[name] for name in order}


def _shape(
    module: Module,
    kernel: Kernel,
    launch: Launch,
    variables: Mapping[str, Scalar],
    row: Mapping[str, int],
    guess_sizes: bool,
) -> _Shape | NoCase:
    values: dict[str, int | float] = {n: REAL for n, t in variables.items() if t.is_float}
    values.update(row)
    grid, block = (_extent(part, values) for part in (launch.grid, launch.block))
    if grid is None or block is None:
        return NoCase("the launch depends on something that host code does not tell")
    if min(*grid, *block) < 1:
        return NoCase("the launch is empty at the sizes that were tried")
    shared = evaluate(launch.shared, values) if launch.shared is not None else 0
    if shared is None:
        return NoCase("the size of dynamic shared memory is unknown")
    geometry = Geometry(grid, block, int(shared))
    scalars, elements = _arguments(launch, values)
    wrong = _senseless(launch, scalars, elements)
    if wrong:
        return NoCase(wrong)
    integers = {n: int(v) for n, v in scalars.items() if isinstance(v, int)}
    most = MAX_WORK if row else MAX_WORK_AS_WRITTEN
    bounds, ranges = _bounds(module, kernel, geometry, integers, elements, most)
    if work(geometry, bounds) > most:
        return TOO_MUCH
    for name in parameter_buffers(kernel):
        access = bounds.accesses.get(name, Access())
        if name not in elements and access.unknown and not guess_sizes:
            return NoCase(f"size of buffer {name} unknown: its index depends on data")
        guess = likely_elements(kernel, geometry, bounds) if access.unknown else 0
        elements.setdefault(name, max(access.hi + 1, guess))
    return _Shape(geometry, scalars, elements, bounds, ranges)


def _bounds(
    module: Module,
    kernel: Kernel,
    geometry: Geometry,
    integers: Mapping[str, int],
    elements: Mapping[str, int],
    most: int,
) -> tuple[Bounds, dict[str, int]]:
    """Accesses, and how many positions index-valued buffers name: few where many would be `most` work."""

    def at(loads: Mapping[str, Interval]) -> Bounds:
        return analyse(module, kernel, assumptions(geometry, integers, loads))

    starts = {u.source for u in index_uses(kernel) if u.how == "offsets"}
    least = dict.fromkeys((u.source for u in index_uses(kernel)), FEW_POSITIONS)
    bounds = at(loads_within(least, starts))
    if not least or work(geometry, bounds) > most:
        return bounds, least
    limits = index_limits(kernel, at, elements)
    for few in (max(limits.values()), INDEX_RANGE, FEW_POSITIONS):
        limits = {name: min(limit, few) for name, limit in limits.items()}
        bounds = at(loads_within(limits, starts))
        if work(geometry, bounds) <= most:
            break
    return bounds, limits


def _senseless(
    launch: Launch, scalars: Mapping[str, int | float], elements: Mapping[str, int]
) -> str:
    """Why the host would not launch with these numbers; empty when it might."""
    for argument in launch.arguments:
        if isinstance(argument, HostScalar) and not isinstance(argument.value, Var | Const):
            value = scalars.get(argument.param, 0)
            if isinstance(value, int) and value < 0:
                return f"{argument.param} is {value} at the sizes that were tried"
    for name, count in elements.items():
        if not 0 < count <= MAX_ELEMENTS:
            return f"{name} has {count} elements at the sizes that were tried"
    return ""


def _extent(
    parts: Sequence[Expr | None], values: Mapping[str, int | float]
) -> tuple[int, int, int] | None:
    numbers = [evaluate(part, values) if part is not None else None for part in parts]
    if any(n is None for n in numbers):
        return None
    x, y, z = (int(n) for n in numbers if n is not None)
    return x, y, z


def _arguments(
    launch: Launch, values: Mapping[str, int | float]
) -> tuple[dict[str, int | float], dict[str, int]]:
    """Scalar arguments and numbers of elements from the argument's offset on, where they are known."""
    scalars: dict[str, int | float] = {}
    elements: dict[str, int] = {}
    buffers = {b.name: b for b in launch.buffers}
    for argument in launch.arguments:
        match argument:
            case HostScalar(param=param, value=value):
                number = evaluate(value, values)
                if number is not None:
                    scalars[param] = number
            case HostBuffer(param=param, buffer=name, offset=offset) if name in buffers:
                size = _elements(buffers[name], offset, values)
                if size is not None:
                    elements[param] = size
            case _:
                pass
    return scalars, elements


def _elements(buffer: DeviceBuffer, offset: Expr, values: Mapping[str, int | float]) -> int | None:
    total = evaluate(buffer.bytes, values) if buffer.bytes is not None else None
    start = evaluate(offset, values)
    if total is None or start is None:
        return None
    return max(0, int(total) // buffer.elem.size - int(start))


def _assemble(
    module: Module, kernel: Kernel, launch: Launch, sizes: Sizes, shapes: Sequence[_Shape]
) -> Case | NoCase:
    blocks = {n for s in shapes for n in s.geometry.block if n > 1}
    fitter = Fitter(len(shapes), dict(sizes), hints=tuple(sorted(blocks)))
    block = _triple([s.geometry.block for s in shapes], "threads", fitter)
    grid = _triple([s.geometry.grid for s in shapes], "blocks", fitter)
    shared = fitter.fit([s.geometry.shared for s in shapes], "shared_bytes")
    _, index_values = index_ranges(kernel)
    for source, values in index_values.items():
        if not values.arguments:
            continue
        limit = fitter.fit([s.ranges[source] for s in shapes], f"{source}_range")
        index_values[source] = replace(values, arguments=(limit,))
    buffers = parameter_buffers(kernel)
    arguments: list[BufferArgument | ScalarArgument] = []
    for param in kernel.params:
        if isinstance(param.type, Scalar):
            arguments.append(_scalar(param.name, param.type, launch, shapes, fitter))
            continue
        elements = fitter.fit([s.elements[param.name] for s in shapes], f"{param.name}_elements")
        accesses = [s.bounds.accesses.get(param.name, Access()) for s in shapes]
        merged = Access(
            read=any(a.read for a in accesses), written=any(a.written for a in accesses)
        )
        argument = buffer_argument(param.name, buffers[param.name], elements, merged, index_values)
        arguments.append(_with_host_values(argument, launch))
    place = f" at {launch.span}" if launch.span is not None else ""
    arguments += global_arguments(module, [s.bounds for s in shapes])
    note = f"launch in {launch.function.name}(){place}"
    listed = tuple((name, tuple(values)) for name, values in fitter.sizes.items())
    case = Case(
        launch.source_name or kernel.name,
        grid,
        block,
        shared,
        listed,
        tuple(arguments),
        note,
        launch.cooperative,
        inferred=True,
    )
    return with_absent(case, kernel)


def _with_host_values(argument: BufferArgument, launch: Launch) -> BufferArgument:
    """An accumulator that the host clears starts at zero; what it copies in is no pure output."""
    for host in launch.arguments:
        if not isinstance(host, HostBuffer) or host.param != argument.name:
            continue
        buffer = next((b for b in launch.buffers if b.name == host.buffer), None)
        if buffer is None:
            continue
        cleared = buffer.fill == 0 and not buffer.source and argument.role == "inout"
        filled = argument.role == "out" and bool(buffer.source)
        return BufferArgument(
            argument.name,
            argument.elem,
            argument.elements,
            "inout" if filled else argument.role,
            Distribution("zeros") if cleared else argument.values,
        )
    return argument


def _scalar(
    name: str, type_: Scalar, launch: Launch, shapes: Sequence[_Shape], fitter: Fitter
) -> ScalarArgument:
    values = [s.scalars.get(name) for s in shapes]
    host = next((a for a in launch.arguments if not _is_buffer(a) and a.param == name), None)
    if type_.is_float:
        drawn = not isinstance(host, HostScalar) or any(
            isinstance(e, Var) for e in subexpressions(host.value)
        )
        bare = isinstance(host, HostScalar) and isinstance(host.value, Var)
        if any(hint in name.lower() for hint in EPSILON_NAMES) and drawn:
            return ScalarArgument(name, type_, 1e-5)
        if values[0] is None or bare or len(set(values)) > 1:
            return ScalarArgument(name, type_, Distribution())
        return ScalarArgument(name, type_, float(values[0]))
    if any(v is None for v in values):
        return ScalarArgument(name, type_, Distribution("uniform", (Formula("1"), Formula("8"))))
    numbers = [int(v) for v in values if v is not None]
    return ScalarArgument(name, type_, fitter.fit(numbers, f"{name}_value"))


def _is_buffer(argument: HostScalar | HostBuffer | UnknownArgument) -> bool:
    return isinstance(argument, HostBuffer)


def _triple(values: Sequence[tuple[int, int, int]], name: str, fitter: Fitter) -> Triple:
    x, y, z = (
        fitter.fit([v[position] for v in values], f"{name}_{axis}", divisor=name == "threads")
        for position, axis in enumerate(AXES)
    )
    return x, y, z
