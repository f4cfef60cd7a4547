"""How many positions the values of an index buffer may name, so that what they point into is large enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xpiler.ir.nodes import Kernel
from xpiler.verify.bounds import Access, Bounds
from xpiler.verify.infer_bare import INDEX_RANGE
from xpiler.verify.interval import Interval
from xpiler.verify.roles import IndexUse, index_uses

__all__ = ["index_limits", "loads_within"]

ROWS_OF = 4  # positions per row start: rows hold a few elements, some none, some many

At = Callable[[Mapping[str, Interval]], Bounds]


def index_limits(kernel: Kernel, at: At, elements: Mapping[str, int]) -> dict[str, int]:
    """Per index-valued buffer, the number of positions that all buffers of known size have room for.

    `at` gives the bounds under assumptions about loads. Sources of one index share what room there is.
    """
    uses = index_uses(kernel)
    starts = frozenset(u.source for u in uses if u.how == "offsets")
    limits: dict[str, int] = {}
    for group in _groups(uses):
        targets = {u.target for u in uses if u.source in group and u.target in elements}
        most = max((_most(s, s in starts, targets, elements) for s in group), default=INDEX_RANGE)

        def fits(limit: int, group: tuple[str, ...] = group, targets: set[str] = targets) -> bool:
            found = at(loads_within(dict.fromkeys(group, limit), starts)).accesses
            return all(found.get(t, Access()).hi < elements[t] for t in targets)

        limits |= dict.fromkeys(group, _largest(fits, most) if targets else INDEX_RANGE)
    return limits


def loads_within(limits: Mapping[str, int], starts: Iterable[str]) -> dict[str, Interval]:
    """What loads give: positions below the limit, row starts up to it."""
    return {n: Interval(0, limit if n in starts else limit - 1) for n, limit in limits.items()}


def _most(source: str, starts: bool, targets: set[str], elements: Mapping[str, int]) -> int:
    room = max((elements[t] for t in targets), default=INDEX_RANGE)
    if not starts:
        return max(1, room)
    return max(1, min(room, max(INDEX_RANGE, ROWS_OF * elements.get(source, 0))))


def _groups(uses: Iterable[IndexUse]) -> list[tuple[str, ...]]:
    """Sources that lead to one target stand together."""
    groups: list[tuple[set[str], set[str]]] = []
    for use in uses:
        sources, targets = {use.source}, {use.target} - {""}
        apart = []
        for group in groups:
            if group[0] & sources or group[1] & targets:
                sources, targets = sources | group[0], targets | group[1]
            else:
                apart.append(group)
        groups = [*apart, (sources, targets)]
    return [tuple(sorted(sources)) for sources, _ in groups]


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest limit up to `most` that fits, 1 if none does; what fits is taken to be an initial part."""
    if fits(most):
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
