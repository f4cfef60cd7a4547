"""Values for a kernel's integer parameters, shape by shape: sizes, and with them modes, offsets, windows in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Final

from xpiler.ir.nodes import Kernel, TileOp
from xpiler.ir.textures import texture_of
from xpiler.ir.walk import statements
from xpiler.verify.cases.modes import Modes, combinations
from xpiler.verify.cases.roles import WINDOW_NAMES, scalar_use

__all__ = ["Row", "Sizes", "ample", "arranged", "fragment", "in_modes", "plain_names", "plain_rows"]

Sizes = dict[str, list[int]]
Row = dict[str, int]

# by number of size parameters: each row is a shape, small primes and ragged ones beside round ones
SHAPES: Final[dict[int, tuple[tuple[int, ...], ...]]] = {
    1: ((1000,), (1,), (257,), (512,)),
    2: ((33, 65), (64, 32), (1, 7), (5, 300), (259, 3)),
    3: ((33, 40, 17), (48, 64, 32), (1, 7, 5), (3, 5, 300)),
}
MANY: Final = (
    (7, 5, 9, 6, 4, 3, 8, 5, 7, 6),
    (16, 8, 4, 8, 16, 4, 8, 4, 16, 8),
    (2, 3, 3, 4, 3, 2, 5, 3, 2, 1),
    (2, 37, 45, 40, 5, 3, 4, 6, 3, 2),
)
_EXTENTS: Final = {
    "width": (33, 64, 45, 300, 1),
    "height": (17, 32, 7, 1, 40),
    "depth": (5, 4, 3, 2, 1),
    "stride": (33, 64, 45, 300, 1),
}
_VARIED: Final = 5
_SHORT: Final = (7, 3, 5)
_SMALL: Final = 16  # what is below is no size, or has a reason to be small
_TINY: Final = 8  # times smaller than the middle one of the shapes


def plain_names(kernel: Kernel, names: Sequence[str], modes: Modes) -> list[str]:
    """Those of `names` that are sizes."""
    return [n for n in names if n not in modes and scalar_use(kernel, n) == "size"]


def plain_rows(kernel: Kernel, plain: Sequence[str], largest: int = 1 << 30) -> list[Row]:
    """Sizes, one row a shape. `largest` cuts them down. How large textures are is apart from how much is computed."""
    extents = [name for name in plain if _axis(kernel, name)]
    free = [name for name in plain if name not in extents] or extents
    rows = SHAPES.get(len(free), MANY)
    grain = fragment(kernel)
    return [
        {name: _cut(row[k % len(row)], largest, grain) for k, name in enumerate(free)}
        | {
            name: _cut(_EXTENTS[_axis(kernel, name)][(i + k // 3) % _VARIED], largest, 1)
            for k, name in enumerate(extents)
        }
        for i, row in enumerate(rows)
    ]


def _cut(size: int, largest: int, grain: int) -> int:
    return -(-min(size, largest) // grain) * grain


def _axis(kernel: Kernel, name: str) -> str:
    """Of which kind a texture's extent is; empty for what is none."""
    param = next((p for p in kernel.params if p.name == name), None)
    if param is None or texture_of(param, kernel.params) is None:
        return ""
    axis = param.origin.rpartition(".")[2]
    return axis if axis in _EXTENTS else ""


def arranged(
    kernel: Kernel,
    names: Sequence[str],
    rows: Sequence[Row],
    modes: Modes,
    *,
    short: bool = False,
) -> list[Row]:
    """`rows` of sizes with values of the other parameters: each that a parameter takes meets a shape that is not tiny,
    and what several modes are together does. There are more rows then where that takes more. `short`: each of these
    meets one of a few elements as well."""
    turns = {
        name: _turns(kernel, name) for name in names if name not in modes and name not in rows[0]
    }
    chosen = combinations({n: m for n, m in modes.items() if n in names})
    order = sorted(
        names, key=lambda n: n in modes
    )  # what is fitted to the rows is better said by sizes
    return [
        {name: {**row, **others}[name] for name in order}
        for row, others in _together(rows, turns, chosen, short)
    ]


def in_modes(rows: Sequence[Row], modes: Modes, *, short: bool) -> list[Row]:
    """`rows` with the values of modes, as `arranged` puts them."""
    return [{**row, **others} for row, others in _together(rows, {}, combinations(modes), short)]


def _together(
    rows: Sequence[Row],
    turns: Mapping[str, Sequence[int]],
    chosen: Sequence[Mapping[str, int]],
    short: bool,
) -> Iterator[tuple[Row, Row]]:
    tiny = _tiny(rows)
    most = max([len(chosen), *(len(t) for t in turns.values())])
    large = ample(rows)
    missing = len(chosen) - sum(tiny) if short and len(chosen) > 1 else 0
    brief = [_shortened(rows[0], turn) for turn in range(missing)]
    ample_so_far = tiny_so_far = 0
    order = [*zip(rows, tiny, strict=True)]
    order += [(large[i % len(large)], False) for i in range(len(large), most)]
    order += [(row, True) for row in brief]
    for row, small in order:
        at = tiny_so_far if small else ample_so_far
        further = at + (at // len(chosen) if len(chosen) > 1 else 0)  # not in step with the modes
        others = {n: t[further % len(t)] for n, t in turns.items()}
        yield row, {**others, **chosen[at % len(chosen)]}
        tiny_so_far += small
        ample_so_far += not small


def _shortened(row: Row, turn: int) -> Row:
    """A row of a few elements: what a maximum of many hides shows in a maximum of three."""
    return {
        name: _SHORT[(position + turn) % len(_SHORT)] if size >= _SMALL else size
        for position, (name, size) in enumerate(row.items())
    }


def ample(rows: Sequence[Row]) -> list[Row]:
    """Those of the rows that are not tiny beside the others."""
    return [row for row, small in zip(rows, _tiny(rows), strict=True) if not small]


def _tiny(rows: Sequence[Row]) -> list[bool]:
    """Which of the rows have far fewer elements than the middle one."""
    volumes = [prod(max(1, n) for n in row.values()) for row in rows]
    middle = sorted(volumes)[len(volumes) // 2]
    return [volume * _TINY < middle for volume in volumes]


def _turns(kernel: Kernel, name: str) -> tuple[int, ...]:
    """What a parameter that is no size is in one shape after another."""
    match scalar_use(kernel, name):
        case "offset":
            return (3, 0, 1)
        case "mask":
            return (4, 1, 16)
        case "shift":
            return (3, 1, 2)
        case _:
            return (2, 3, 1) if name.lower() in WINDOW_NAMES else (1, 2)


def fragment(kernel: Kernel) -> int:
    """What sizes have to be multiples of: fragments are loaded whole, from rows at multiples of 16 bytes."""
    return 16 if any(isinstance(s, TileOp) for s in statements(kernel.body)) else 1
