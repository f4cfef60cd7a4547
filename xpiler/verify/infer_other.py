"""Other guesses at how a kernel is launched, for when the source itself shows that a case does not fit it.

A bare kernel may count on a block of a certain size (`tile[threadIdx.x + 3]`, a scan of `2 * blockDim.x` values) that
nothing in it states as such; run with another one it reads what nobody wrote. The source is then observed under
further geometries, and the first under which it is a fair oracle is taken. Nothing is translated again for this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from xpiler.ir.nodes import Const, Module
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.verify.case import BufferArgument, Case, ScalarArgument
from xpiler.verify.distribution import Distribution
from xpiler.verify.geometry import Dims, used_axes
from xpiler.verify.infer_bare import Tie, infer_bare
from xpiler.verify.roles import scalar_use

__all__ = ["MOST_CASES", "other_cases"]

MOST_CASES: Final = 6  # further guesses that are tried: each costs runs of the source

_LINES: Final = (32, 64, 128, 256)
_SQUARES: Final[tuple[Dims, ...]] = ((16, 16, 1), (32, 32, 1), (8, 8, 1))
_TIED: Final[tuple[Dims, ...]] = ((64, 1, 1), (128, 1, 1), (32, 1, 1))


def other_cases(module: Module, tried: Sequence[Case], why: str) -> Iterator[tuple[Case, ...]]:
    """Cases to try in turn; none when the `tried` ones were given by a person. `why` they do not serve."""
    if not all(case.inferred for case in tried):
        return
    if "tells nothing" in why:
        yield from _with_bits(tried)
    kernel = module.kernels[0]
    if any(name.startswith("blockDim.") for name, _ in kernel.launch):
        return  # the file's own launches say it, and the translation counts on that
    for note, blocks, tie in _guesses(module):
        found = infer_bare(module, kernel, note, blocks, tie)
        if isinstance(found, Case):
            yield (replace(found, kernel=tried[0].kernel),)


def _with_bits(tried: Sequence[Case]) -> Iterator[tuple[Case, ...]]:
    """Integers that are flags to the kernel: all 0 or 1."""
    changed = tuple(
        replace(case, arguments=tuple(_bits(a) for a in case.arguments)) for case in tried
    )
    if changed != tuple(tried):
        yield changed


def _bits(argument: BufferArgument | ScalarArgument) -> BufferArgument | ScalarArgument:
    if not isinstance(argument, BufferArgument) or not argument.elem.is_int:
        return argument
    plain = argument.values == Distribution() and argument.role != "out"
    return replace(argument, values=Distribution("bits")) if plain else argument


def _guesses(module: Module) -> Iterator[tuple[str, tuple[Dims, ...], Tie | None]]:
    """Where a guess comes from, the blocks, a size that goes with the block."""
    kernel = module.kernels[0]
    numbers = _numbers(module)
    flat = not any(used_axes(kernel, "threadIdx")[1:])
    if not flat:
        pairs = [n for n in numbers if n <= 32]
        likely = [(n, n, 1) for n in pairs] + [(32, n, 1) for n in pairs if n < 32]
        for block in dict.fromkeys((*likely, *_SQUARES)):
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
