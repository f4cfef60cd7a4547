"""Which numbers the open variables of host code take: ragged ones first, multiples of the block where those do not serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from xpiler.frontends.host import (
    FreeVariable,
    Launch,
    ScalarArgument,
    UnknownArgument,
    evaluate,
)
from xpiler.ir.nodes import Const, Expr, Kernel, Var
from xpiler.ir.types import BOOL, Scalar
from xpiler.ir.walk import subexpressions
from xpiler.records import dataclass
from xpiler.verify.cases.modes import BOOLEAN, Mode, Modes
from xpiler.verify.cases.roles import bare, scalar_use
from xpiler.verify.cases.sizes import Row, arranged, plain_rows

__all__ = [
    "WAYS",
    "Multiples",
    "Ragged",
    "Way",
    "byte_counts",
    "host_modes",
    "host_rows",
    "with_modes",
]


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
_ROUNDS: Final = 3  # of a loop that launches, where there is no other variable
_SMALL: Final = 40
_FEW: Final = 8
_NO_SIZES: Final = ("offset", "shift", "window", "mask")
_UNIT: Final = 16  # where the launch does not say how wide a block is


def host_rows(
    kernel: Kernel, launch: Launch, variables: Mapping[str, Scalar], way: Way, modes: Modes
) -> list[Row]:
    """Values for the integer variables, one row per shape. One that is a kernel's argument as it stands is for what
    that is for; the variable of a counting loop takes values of that loop; others keep what they start with. `modes` (by
    the host's names) stay at their first value."""
    names = [n for n, t in variables.items() if not t.is_float and n not in modes]
    loops = {f.name: f for f in launch.free if f.first is not None}
    fixed = {name: evaluate(f.first, {}) for name, f in loops.items()}
    rows = _open(kernel, launch, [n for n in names if fixed.get(n) is None], way)
    counted = any(n in loops and loops[n].hi is not None for n in names)
    if not rows[0] and counted:
        rows = [{} for _ in range(_ROUNDS)]
    for i, row in enumerate(rows):
        for name in names:
            first = fixed.get(name)
            if first is not None:
                row[name] = _turn(loops[name], int(first), i, row)
        row |= {name: modes[name].values[0] for name in variables if name in modes}
    return rows if variables else [{}]


def _turn(loop: FreeVariable, first: int, position: int, row: Mapping[str, int]) -> int:
    """What the variable holds in some round of its loop: the first at shape 0, then further ones."""
    end = evaluate(loop.hi, row)
    start = evaluate(loop.lo, row)
    if end is None or start is None or int(start) != first:
        return first
    return min(first + position, max(first, int(end) - 1))


def _open(kernel: Kernel, launch: Launch, names: list[str], way: Way) -> list[Row]:
    if not names:
        return [{}]
    alias = _aliases(launch)
    known = {n: alias.get(n, n) for n in names}
    others = [k for k in dict.fromkeys(known.values()) if scalar_use(kernel, k) in _NO_SIZES]
    plain = [k for k in dict.fromkeys(known.values()) if k not in others]
    if isinstance(way, Ragged):
        sizes = plain_rows(kernel, plain, way.largest)
    else:
        sizes = _multiples(plain, _unit(launch), equal=way.equal)
    rows = arranged(kernel, [*plain, *others], sizes, {})
    return [{n: row[k] for n, k in known.items()} for row in rows]


def _multiples(plain: Sequence[str], unit: int, *, equal: bool) -> list[Row]:
    return [
        {
            name: (unit if equal or position < 2 else min(unit, _UNIT))
            * factors[position % len(factors)]
            for position, name in enumerate(plain)
        }
        for factors in (_EQUAL if equal else _MIXED)
    ]


def _aliases(launch: Launch) -> dict[str, str]:
    """Host variables that are arguments as they stand, with the kernel's names for them."""
    return {
        v.name: a.param
        for a in launch.arguments
        if isinstance(a, ScalarArgument) and isinstance(v := bare(a.value), Var)
    }


# --- modes ----------------------------------------------------------------------------------------


def with_modes(launch: Launch, kernel: Kernel, modes: Modes) -> Launch:
    """The launch with a variable for each mode that the host says nothing of."""
    taken = {
        v.name for a in launch.arguments if isinstance(a, ScalarArgument) for v in _in(a.value)
    }
    types = {p.name: p.type for p in kernel.params if isinstance(p.type, Scalar)}
    return replace(
        launch,
        arguments=tuple(
            ScalarArgument(a.param, Var(a.param, types[a.param]))
            if isinstance(a, UnknownArgument) and a.param in modes and a.param not in taken
            else a
            for a in launch.arguments
        ),
    )


def host_modes(launch: Launch, variables: Mapping[str, Scalar], modes: Modes) -> dict[str, Mode]:
    """The host variables that only say which mode the kernel is launched in, and the values that bring all of them
    about, within the loop that counts them, if one does."""
    arguments = [a for a in launch.arguments if isinstance(a, ScalarArgument)]
    aliases = _aliases(launch)
    loops = {f.name: f for f in launch.free}
    extents = [*launch.grid, *launch.block, launch.shared, *(b.bytes for b in launch.buffers)]
    elsewhere = {v.name for e in extents if e is not None for v in _in(e)}
    found: dict[str, Mode] = {}
    for name, type_ in variables.items():
        if type_.is_float:
            continue
        mine = [a for a in arguments if any(v.name == name for v in _in(a.value))]
        whole = all(a.param in modes and {v.name for v in _in(a.value)} == {name} for a in mine)
        if mine and whole and (name in aliases or name not in elsewhere):
            values, beside = [], []
            for a in mine:
                range_ = _range(loops.get(name), type_, [a.value], modes[a.param])
                values += _solved(a.value, name, modes[a.param].values, range_)
                beside += _solved(a.value, name, modes[a.param].beside, range_)
            if values:
                distinct = tuple(dict.fromkeys(values))
                found[name] = Mode(
                    distinct, tuple(v for v in dict.fromkeys(beside) if v not in distinct)
                )
        if name not in found and type_ == BOOL:
            found[name] = BOOLEAN
    return found


def _in(expr: Expr) -> list[Var]:
    return [e for e in subexpressions(expr) if isinstance(e, Var)]


def _range(
    loop: FreeVariable | None, type_: Scalar, exprs: Sequence[Expr], mode: Mode
) -> list[int]:
    """What the variable may be, small numbers first."""
    if type_ == BOOL:
        return [1, 0]
    numbers = {int(e.value) for x in exprs for e in subexpressions(x) if isinstance(e, Const)}
    numbers |= {*mode.values, *mode.beside}
    around = {n + d for n in numbers for d in (-1, 0, 1)} | set(range(_SMALL))
    low, high = (evaluate(e, {}) if e is not None else None for e in _ends(loop))
    least = 0 if low is None and not type_.is_signed else low
    fit = [n for n in around if (least is None or n >= least) and (high is None or n < high)]
    return sorted(fit, key=lambda n: (n < 0, abs(n)))


def _ends(loop: FreeVariable | None) -> tuple[Expr | None, Expr | None]:
    return (loop.lo, loop.hi) if loop is not None and loop.hi is not None else (None, None)


def _solved(expr: Expr, name: str, wanted: Sequence[int], range_: Sequence[int]) -> list[int]:
    """For each of the wanted values of an expression a value of its variable, where there is one; for each value that the
    expression has, where these are few."""
    given = {n: evaluate(expr, {name: n}) for n in range_}
    possible = dict.fromkeys(int(v) for v in given.values() if v is not None)
    if len(possible) <= _FEW:
        wanted = [*wanted, *(v for v in possible if v not in wanted)]
    found = (next((n for n, v in given.items() if v is not None and v == w), None) for w in wanted)
    return [n for n in found if n is not None]


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
