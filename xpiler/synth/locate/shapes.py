"""Small shapes for the interpreter: sizes round a block, a few tiles long, and one size alone unlike the others.

The cases' own sizes are made for compiled programs. Small ones take every branch that the large ones take, in
milliseconds. Sizes that are all short, or all drawn from one list, leave out what only shows where one of them is
long (a second tile of the innermost loop), where one is shorter than another (an empty range), where all have
several blocks (a tile of blocks), or where nothing is left over (the last thread works); those come on their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from math import prod

from xpiler.ir.interpret import TASKS
from xpiler.ir.nodes import Const, Module
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.verify.cases.case import Case, Concrete, concrete

__all__ = ["in_turn", "near_a_block", "several_tiles", "whole_blocks", "work"]

WORK = 6000  # threads and elements of a run, together: what the interpreter does in some hundredths of a second
TILE = 300  # elements of the longest tile that inputs have several of
ROOM = 200  # elements of a buffer whose length follows no formula
LONG = 97  # a size that is longer than any block here, where the programs name no tile
TAKEN_AS_THEY_ARE = ("blocks_", "threads_")  # names of sizes that are a launch's own

Row = dict[str, int]


def several_tiles(programs: Sequence[Module], longest: int) -> tuple[int, ...]:
    """Lengths of some whole tiles and a rest. A tile is a number of the programs, or the product of two of them."""
    numbers = {
        int(sub.value)
        for program in programs
        for stmt in statements(program.kernels[0].body)
        for expr in expressions(stmt)
        for sub in subexpressions(expr)
        if isinstance(sub, Const) and isinstance(sub.type, Scalar) and sub.type.is_int
    }
    single = sorted(n for n in numbers if 2 <= n <= TILE)
    products = {a * b for a, b in combinations_with_replacement(single, 2)} - set(single)
    of_products = sorted(p + p // 2 + 1 for p in products if p <= TILE)
    # a task of several takes its second tile after all others have taken their first
    of_tasks = [TASKS * t + t + t // 2 + 1 for t in single]
    far = sorted(n for n in of_tasks if n > longest)[-1:]
    return (*[n for n in of_products if n > longest // 2][:2], *far)


def near_a_block(
    cases: Sequence[Case], small: Sequence[int], *, own: bool = True
) -> list[Concrete]:
    """Shapes of these sizes, the informative ones first; with `own` also those that the cases list."""
    rows = [(c, [*_small_rows(c, small), *(c.shapes if own else ())]) for c in cases]
    shapes = list(dict.fromkeys(s for case, given in rows for s in _of_rows(case, given)))
    # one element has no neighbours, and a large shape costs more than it shows
    shapes.sort(key=lambda s: (_elements(s) < 4, work(s) > WORK // 8))
    return shapes


def in_turn(cases: Sequence[Case], small: Sequence[int], tiles: Sequence[int]) -> list[Concrete]:
    """Shapes in which one size alone is short, one alone is long, all are whole blocks, all have several blocks."""
    rows = [(c, list(_turns(c, sorted(small), max((LONG, *tiles[:2]))))) for c in cases]
    return list(dict.fromkeys(s for case, given in rows for s in _of_rows(case, given)))


def whole_blocks(cases: Sequence[Case]) -> list[Concrete]:
    """Shapes whose sizes leave no rest of a block."""
    return [s for case in cases for s in _of_rows(case, list(_whole(case)))]


def work(shape: Concrete) -> int:
    """Threads and elements of a run."""
    return prod(shape.grid) * prod(shape.block) + sum(b.elements for b in shape.buffers)


def _of_rows(case: Case, rows: Sequence[Row]) -> Iterator[Concrete]:
    for sizes in rows:
        found = concrete(case, sizes)
        if isinstance(found, Concrete) and work(found) <= WORK:
            yield found


def _elements(shape: Concrete) -> int:
    return max((b.elements for b in shape.buffers), default=0)


def _small_rows(case: Case, sizes: Sequence[int]) -> Iterator[Row]:
    named = [(name, values) for name, values in case.sizes if len(set(values)) > 1]
    for turn in range(len(sizes)):
        row = {name: values[0] for name, values in case.sizes}
        for position, (name, values) in enumerate(named):
            if name.endswith("_elements"):
                row[name] = ROOM
            elif name.startswith(TAKEN_AS_THEY_ARE):
                row[name] = _launched(values, turn)
            else:
                size = sizes[(turn + 3 * position) % len(sizes)]
                row[name] = size if max(values) > 16 else values[turn % len(values)]
        yield row


def _launched(values: Sequence[int], turn: int) -> int:
    small = sorted(values)[: max(1, len(values) - 1)]
    return min(small[turn % len(small)], 16)


def _turns(case: Case, small: Sequence[int], long: int) -> Iterator[Row]:
    """`small` in ascending order. Arguments that are no size have their greatest value: what starts there is far along."""
    lengths, base = _lengths(case), _base(case)
    middle = small[len(small) // 2 :]
    for alone in lengths:
        yield _roomy(base | dict.fromkeys(lengths, middle[0]) | {alone: small[0]})
    yield from _whole(case)
    for length in _last_blocks(case, base):
        yield _roomy(_of_launch(case, base) | dict.fromkeys(lengths, length))
    if len(lengths) < 2:
        return
    few = small[1:3]
    for alone in lengths:
        others = {name: few[n % len(few)] for n, name in enumerate(lengths)}
        yield _roomy(base | others | {alone: long})
    several = [*reversed(small[len(small) // 2 - 1 : len(small) // 2 + 2])]
    yield _roomy(base | {name: several[n % len(several)] for n, name in enumerate(lengths)})


def _lengths(case: Case) -> list[str]:
    return [name for name, values in case.sizes if max(values) > 16 and _is_length(name)]


def _base(case: Case) -> Row:
    """The fewest blocks, and the greatest of all that is no length."""
    return {
        name: _launched(values, 0) if name.startswith(TAKEN_AS_THEY_ARE) else max(values)
        for name, values in case.sizes
    }


def _whole(case: Case) -> Iterator[Row]:
    """All lengths of two whole blocks."""
    lengths, base = _lengths(case), _base(case)
    if lengths:
        probed = base | dict.fromkeys(lengths, 16)
        yield _roomy(base | dict.fromkeys(lengths, _two_blocks(case, probed)))


def _two_blocks(case: Case, row: Row) -> int:
    """A size that leaves no rest of a block: the last element is then the last thread's."""
    found = concrete(case, row)
    return 2 * max(found.block) if isinstance(found, Concrete) else 16


def _last_blocks(case: Case, base: Row) -> tuple[int, ...]:
    """Lengths that end within the last block of a launch whose blocks have a number of their own; a thread may do two."""
    row = _of_launch(case, base)
    found = concrete(case, row)
    if row == base or not isinstance(found, Concrete):
        return ()
    threads, each = prod(found.grid) * prod(found.block), prod(found.block)
    return tuple(factor * threads - each // 2 - 1 for factor in (1, 2))


def _of_launch(case: Case, base: Row) -> Row:
    """The row with as many blocks as a small launch has."""
    most = {
        n: max(_launched(v, k) for k in range(4)) for n, v in case.sizes if n.startswith("blocks_")
    }
    return base | most


def _is_length(name: str) -> bool:
    return not name.endswith("_elements") and not name.startswith(TAKEN_AS_THEY_ARE)


def _roomy(row: Row) -> Row:
    """The row with buffers of unknown length as long as two of its sizes ask for."""
    largest = sorted((n for name, n in row.items() if _is_length(name)), reverse=True)[:2]
    room = max(ROOM, min(prod(largest), WORK // 4))
    return {name: room if name.endswith("_elements") else n for name, n in row.items()}
