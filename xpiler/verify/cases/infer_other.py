"""Other guesses at how a kernel is launched, for when the source itself shows that a case does not fit it.

A bare kernel may count on a block of a certain size (`tile[threadIdx.x + 3]`, a scan of `2 * blockDim.x` values) that
nothing in it states as such; run with another one it reads what nobody wrote. The source is then observed under
further geometries, and the first under which it is a fair oracle is taken. Nothing is translated again for this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Final

from xpiler.ir.nodes import Alloc, Const, Kernel, Module, Store
from xpiler.ir.types import Scalar, Spaces
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.verify.cases.bare_shapes import Tie
from xpiler.verify.cases.case import BufferArgument, Case, ScalarArgument
from xpiler.verify.cases.distribution import Distribution
from xpiler.verify.cases.formula import Formula
from xpiler.verify.cases.geometry import AXES, Dims, guess_blocks, tile_extent, used_axes
from xpiler.verify.cases.infer_bare import EPSILON_NAMES, INDEX_RANGE, infer_bare
from xpiler.verify.cases.roles import index_uses, only_a_value, scalar_use

__all__ = ["MOST_CASES", "other_cases", "without_small"]

MOST_CASES: Final = 9  # further guesses that are tried: each costs runs of the source

_LINES: Final = (32, 64, 128, 256)
_SQUARES: Final[tuple[Dims, ...]] = ((16, 16, 1), (32, 32, 1), (8, 8, 1))
_TIED: Final[tuple[Dims, ...]] = ((64, 1, 1), (128, 1, 1), (32, 1, 1))


def other_cases(module: Module, tried: Sequence[Case], why: str) -> Iterator[tuple[Case, ...]]:
    """Cases to try in turn; none when the `tried` ones were given by a person. `why` they do not serve."""
    if not all(case.inferred for case in tried):
        return
    kernel = module.kernels[0]
    if "tells nothing" in why:
        yield from _changed(tried, _bits)
        yield from _changed(tried, partial(_varied, module.kernels[0]))
        if "NaN" in why:
            yield from _changed(tried, _unit)
    if "order of threads" in why:
        yield from _whole_tiles(module, tried)
        yield from _scattered(kernel, tried)
        yield from _changed(tried, _positive)
        yield from _changed(tried, _ascending)
        yield from without_small(tried)
    if any(name.startswith("blockDim.") for name, _ in kernel.launch):
        block = guess_blocks(kernel)[0]  # the launches say it, and the translation counts on that
        if not _flat(kernel):
            yield from _found(module, tried, "square matrices", (block,), None, max(block))
        return
    for note, blocks, tie in _guesses(module):
        yield from _found(module, tried, note, blocks, tie, 0)


def _found(
    module: Module,
    tried: Sequence[Case],
    note: str,
    blocks: Sequence[Dims],
    tie: Tie | None,
    square: int,
    multiple: int = 0,
) -> Iterator[tuple[Case, ...]]:
    found = infer_bare(module, module.kernels[0], note, blocks, tie, square, multiple)
    if isinstance(found, Case):
        yield (replace(found, kernel=tried[0].kernel),)


_Argument = BufferArgument | ScalarArgument


def _whole_tiles(module: Module, tried: Sequence[Case]) -> Iterator[tuple[Case, ...]]:
    """Sizes in multiples of the tile of a block, for kernels that leave it to their caller to see to that."""
    tile = max(tile_extent(module.kernels[0], axis) for axis in AXES)
    if 8 <= tile <= 256:
        note = f"sizes are multiples of {tile}, the tile of a block"
        yield from _found(module, tried, note, (), None, 0, tile)


def _changed(
    tried: Sequence[Case], change: Callable[[_Argument], _Argument]
) -> Iterator[tuple[Case, ...]]:
    changed = tuple(
        replace(case, arguments=tuple(change(a) for a in case.arguments)) for case in tried
    )
    if changed != tuple(tried):
        yield changed


def without_small(tried: Sequence[Case]) -> Iterator[tuple[Case, ...]]:
    """Fewer shapes, the largest always among them: at sizes below its tile a kernel's blocks may overlap."""
    most = max(len(case.shapes) for case in tried)
    for left_out in range(1, most):
        yield tuple(_larger(case, left_out) for case in tried)


def _larger(case: Case, left_out: int) -> Case:
    shapes = sorted(case.shapes, key=lambda s: prod(max(1, n) for n in s.values()))
    kept = shapes[min(left_out, len(shapes) - 1) :]
    sizes = tuple((name, tuple(shape[name] for shape in kept)) for name, _ in case.sizes)
    note = f"{case.note}, without the smallest shapes, where the order of threads matters"
    return replace(case, sizes=sizes, note=note)


def _varied(kernel: Kernel, argument: _Argument) -> _Argument:
    """A number that the launches give and that is no size: any other will do as well."""
    if not isinstance(argument, ScalarArgument) or isinstance(argument.value, Distribution):
        return argument
    fixed = isinstance(argument.value, float) or isinstance(argument.value.value({}), int)
    tiny = any(hint in argument.name.lower() for hint in EPSILON_NAMES)
    if not fixed or tiny or not only_a_value(kernel, argument.name):
        return argument
    whole = Distribution("uniform", (Formula("1"), Formula("100")))
    return replace(argument, value=Distribution() if argument.type.is_float else whole)


def _unit(argument: _Argument) -> _Argument:
    """Reals in [0, 1), for kernels that take probabilities, or roots and logarithms."""
    if not isinstance(argument, BufferArgument) or not argument.elem.is_float:
        return argument
    plain = argument.values == Distribution() and argument.role != "out"
    return replace(argument, values=Distribution("unit")) if plain else argument


def _ascending(argument: _Argument) -> _Argument:
    """Ascending inputs, for kernels that merge them or search in them."""
    if not isinstance(argument, BufferArgument) or argument.role != "in":
        return argument
    plain = argument.values == Distribution()
    return replace(argument, values=Distribution("sorted")) if plain else argument


def _positive(argument: _Argument) -> _Argument:
    """Nothing below 0, for kernels that relax distances in place: a node is no nearer by way of itself."""
    if not isinstance(argument, BufferArgument) or argument.role == "out":
        return argument
    if argument.values != Distribution():
        return argument
    if argument.elem.is_float:
        return replace(argument, values=Distribution("unit"))
    whole = Distribution("uniform", (Formula("0"), Formula("100")))
    return replace(argument, values=whole)


def _scattered(kernel: Kernel, tried: Sequence[Case]) -> Iterator[tuple[Case, ...]]:
    """Each position once, where threads store to positions that they read: no two of them meet then."""
    uses = [use for use in index_uses(kernel) if use.how == "index"]
    stored = {s.buffer for s in statements(kernel.body) if isinstance(s, Store)}
    wanted = {use.source for use in uses if use.target in stored}
    reached = {source: {u.target for u in uses if u.source == source} for source in wanted}
    changed = tuple(_permuted(case, reached) for case in tried)
    if changed != tuple(tried):
        yield changed


def _permuted(case: Case, reached: Mapping[str, set[str]]) -> Case:
    """The case with permutations in the index buffers, and what they index as long as they are."""
    lengths = {a.name: a.elements for a in case.arguments if isinstance(a, BufferArgument)}
    before = Formula(str(INDEX_RANGE))
    grown = {
        target: lengths[source]
        for source, targets in reached.items()
        if source in lengths and all(lengths.get(t) == before for t in targets)
        for target in targets
    }
    arguments: list[_Argument] = []
    for argument in case.arguments:
        if isinstance(argument, BufferArgument) and argument.name in grown:
            argument = replace(argument, elements=grown[argument.name])
        elif isinstance(argument, BufferArgument) and reached.get(argument.name, set()) & set(
            grown
        ):
            argument = replace(argument, values=Distribution("permutation"))
        arguments.append(argument)
    return replace(case, arguments=tuple(arguments))


def _bits(argument: _Argument) -> _Argument:
    """Integers that are flags to the kernel: all 0 or 1."""
    if not isinstance(argument, BufferArgument) or not argument.elem.is_int:
        return argument
    plain = argument.values == Distribution() and argument.role != "out"
    return replace(argument, values=Distribution("bits")) if plain else argument


def _guesses(module: Module) -> Iterator[tuple[str, tuple[Dims, ...], Tie | None]]:
    """Where a guess comes from, the blocks, a size that goes with the block."""
    kernel = module.kernels[0]
    numbers = _numbers(module)
    if not _flat(kernel):
        if all(
            used_axes(kernel, "threadIdx")
        ):  # to number its threads, as groups of them do, and for no more
            yield "a block in one line", ((128, 1, 1),), None
        pairs = [n for n in numbers if n <= 32]
        likely = [(n, n, 1) for n in pairs] + [(32, n, 1) for n in pairs if n < 32]
        for block in dict.fromkeys((*_tiles(kernel), *likely, *_SQUARES)):
            yield f"a block of {block[0]} x {block[1]}", (block,), None
        return
    stated = [n for n in numbers if n >= 32]
    for n in stated:
        yield f"a block of {n}, a number of the kernel", ((n, 1, 1),), None
    for name in _sizes(module):
        for factor in (2, 1):
            note = f"{name} = {factor} x blockDim.x" if factor > 1 else f"{name} = blockDim.x"
            yield note, _TIED, Tie(name, factor)
    for n in _LINES:
        if n not in stated:
            yield f"a block of {n}", ((n, 1, 1),), None


def _tiles(kernel: Kernel) -> list[Dims]:
    """Blocks as large as a tile in shared memory, its rim included."""
    shapes = [
        [int(size.value) for size in s.shape if isinstance(size, Const)]
        for s in statements(kernel.body)
        if isinstance(s, Alloc) and s.space == Spaces.SHARED
    ]
    return [(shape[1], shape[0], 1) for shape in shapes if len(shape) == 2 and prod(shape) <= 1024]


def _flat(kernel: Kernel) -> bool:
    """Whether the kernel's threads stand in one line."""
    return not any(used_axes(kernel, "threadIdx")[1:])


def _numbers(module: Module) -> list[int]:
    """Powers of two in the kernel that a block may be wide, the largest first."""
    found = {
        int(expr.value)
        for stmt in statements(module.kernels[0].body)
        for whole in expressions(stmt)
        for expr in subexpressions(whole)
        if isinstance(expr, Const) and not isinstance(expr.value, float)
    }
    return sorted((n for n in found if 8 <= n <= 1024 and n & (n - 1) == 0), reverse=True)


def _sizes(module: Module) -> list[str]:
    kernel = module.kernels[0]
    integers = [p.name for p in kernel.params if isinstance(p.type, Scalar) and p.type.is_int]
    return [name for name in integers if scalar_use(kernel, name) == "size"][:2]
