"""How many positions the values of an index buffer may name, so that what they point into is large enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xpiler.ir.nodes import Kernel
from xpiler.verify.cases.bounds import Access, Bounds
from xpiler.verify.cases.infer_bare import INDEX_RANGE
from xpiler.verify.cases.interval import Interval
from xpiler.verify.cases.roles import IndexUse, index_uses

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

        def beyond(
            limit: int, group: tuple[str, ...] = group, targets: set[str] = targets
        ) -> dict[str, int]:
            found = at(loads_within(dict.fromkeys(group, limit), starts)).accesses
            return {t: found.get(t, Access()).hi + 1 - elements[t] for t in targets}

        limits |= dict.fromkeys(group, _largest(beyond, most) if targets else INDEX_RANGE)
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


def _largest(beyond: Callable[[int], dict[str, int]], most: int) -> int:
    """The largest limit up to `most` at which no target is accessed beyond its end; 1 if there is none.

    `beyond` gives how far each target is, most likely a line in the limit once that decides; a search is slow.
    """
    top = beyond(most)
    if all(over <= 0 for over in top.values()):
        return most
    half = max(1, most // 2)
    middle = beyond(half)
    likely = most
    for target, over in top.items():
        rise = over - middle[target]
        if over > 0:
            likely = min(likely, most - -(-over * (most - half) // rise) if rise > 0 else half)
    high = most
    if likely > 0 and all(over <= 0 for over in beyond(likely).values()):
        if likely + 1 >= most or any(over > 0 for over in beyond(likely + 1).values()):
            return likely
        low = likely
    else:
        low, high = 1, max(1, likely)
    while high - low > 1:
        at = (low + high) // 2
        fits = all(over <= 0 for over in beyond(at).values())
        low, high = (at, high) if fits else (low, at)
    return low
