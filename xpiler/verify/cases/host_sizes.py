"""Which numbers the open variables of host code take: ragged ones first, multiples of the block where those do not serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xpiler.frontends.host import FreeVariable, Launch, ScalarArgument, evaluate
from xpiler.ir.nodes import Expr, Kernel, Var
from xpiler.ir.types import Scalar
from xpiler.ir.walk import subexpressions
from xpiler.verify.cases.bare_shapes import Sizes, choose_sizes
from xpiler.verify.cases.roles import bare, scalar_use

__all__ = ["WAYS", "Multiples", "Ragged", "Way", "byte_counts", "host_sizes"]


@dataclass(frozen=True, slots=True)
class Ragged:
    """Primes, ones and round numbers, none above `largest`."""

    largest: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Multiples:
    """Multiples of the block: what a kernel counts on that does not ask whether its element exists.

    `equal`: all sizes are the same, as of square matrices.
    """

    equal: bool


Way = Ragged | Multiples

WAYS: Final[tuple[Way, ...]] = (
    Ragged(),
    Ragged(24),
    Ragged(8),
    Multiples(equal=False),
    Multiples(equal=True),
)

_MIXED: Final = ((2, 1, 4), (1, 2, 2), (4, 2, 1))  # rows of factors, one per size in turn
_EQUAL: Final = ((1,), (2,), (4,))
_UNIT: Final = 16  # where the launch does not say how wide a block is


def host_sizes(kernel: Kernel, launch: Launch, variables: Mapping[str, Scalar], way: Way) -> Sizes:
    """Values for the integer variables, one per shape. One that is a kernel's argument as it stands is for what
    that is for; the variable of a counting loop takes values of that loop; others keep what they start with."""
    names = [n for n, t in variables.items() if t.is_int]
    loops = {f.name: f for f in launch.free if f.first is not None}
    fixed = {name: evaluate(f.first, {}) for name, f in loops.items()}
    open_names = [n for n in names if fixed.get(n) is None]
    sizes = _open(kernel, launch, open_names, way)
    counted = any(n in loops and loops[n].hi is not None for n in names)
    count = max([len(v) for v in sizes.values()], default=3 if counted else 1)
    for name in names:
        first = fixed.get(name)
        if first is not None:
            rows = [{n: values[i] for n, values in sizes.items()} for i in range(count)]
            sizes[name] = [_turn(loops[name], int(first), i, row) for i, row in enumerate(rows)]
    return sizes


def _turn(loop: FreeVariable, first: int, position: int, row: Mapping[str, int]) -> int:
    """What the variable holds in some round of its loop: the first at shape 0, then further ones."""
    end = evaluate(loop.hi, row)
    start = evaluate(loop.lo, row)
    if end is None or start is None or int(start) != first:
        return first
    return min(first + position, max(first, int(end) - 1))


def _open(kernel: Kernel, launch: Launch, names: list[str], way: Way) -> Sizes:
    alias = {
        a.value.name: a.param
        for a in launch.arguments
        if isinstance(a, ScalarArgument) and isinstance(a.value, Var)
    }
    known = [alias.get(n, n) for n in names]
    if isinstance(way, Ragged):
        chosen = choose_sizes(kernel, known, way.largest)
        return {n: list(chosen[k]) for n, k in zip(names, known, strict=True)}
    chosen = choose_sizes(kernel, known)
    rows, unit = (_EQUAL if way.equal else _MIXED), _unit(launch)
    sizes: Sizes = {}
    plain = [k for k in dict.fromkeys(known) if scalar_use(kernel, k) == "size"]
    for name, key in zip(names, known, strict=True):
        if key in plain:
            position = plain.index(key)
            step = unit if way.equal or position < 2 else min(unit, _UNIT)
            sizes[name] = [step * row[position % len(row)] for row in rows]
        else:
            sizes[name] = [chosen[key][i % len(chosen[key])] for i in range(len(rows))]
    return sizes


def _unit(launch: Launch) -> int:
    """The widest that a block is for certain."""
    extents = [evaluate(part, {}) for part in launch.block if part is not None]
    return max([int(e) for e in extents if e is not None and e > 1], default=_UNIT)


def byte_counts(launch: Launch) -> frozenset[str]:
    """Variables that only say how many bytes a buffer has: what the kernel needs says that better."""
    sizes = [b.bytes for b in launch.buffers if b.bytes is not None]
    plain = {v.name for e in sizes if isinstance(v := bare(e), Var)}
    elsewhere: list[Expr] = [
        e for e in (*launch.grid, *launch.block, launch.shared) if e is not None
    ]
    elsewhere += [a.value for a in launch.arguments if isinstance(a, ScalarArgument)]
    elsewhere += [e for e in sizes if not isinstance(bare(e), Var)]
    used = {s.name for e in elsewhere for s in subexpressions(e) if isinstance(s, Var)}
    return frozenset(plain - used)
