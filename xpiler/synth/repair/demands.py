"""What recorded runs demand of a slot: equations for indices, inequalities for bounds, truths for guards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import z3

from xpiler.ir.nodes import Expr, For, If, Load, Stmt, Store, Var
from xpiler.ir.smt import Encoder
from xpiler.ir.walk import statements, subexpressions
from xpiler.records import dataclass
from xpiler.synth.locate.trace import Place, Recording, Write
from xpiler.synth.repair.slots import Slot
from xpiler.synth.repair.solve import Demand

__all__ = ["MOST", "Witness", "demands_of", "number_at", "witness"]

MOST = 40  # demands per run: enough to pin a linear form down, few enough for the solver
RIGHT = 8  # runs of a statement, known to be right, that a new guard has to let pass


def demands_of(
    place: Place, stmt: Stmt, slot: Slot, old: Recording, new: Recording
) -> tuple[Demand, ...]:
    """What `slot` of the statement at `place` must satisfy, as far as the two recordings tell."""
    match slot.role:
        case "store":
            return _store_index(place, old, new)
        case "hi":
            return _loop_end(place, stmt, old, new)
        case "left" | "right":
            return _guard(place, stmt, slot, old, new)
        case _:
            return ()


def _env(names: Sequence[str], values: Sequence[int]) -> dict[str, int]:
    return dict(zip(names, values, strict=True))


def _owners(writes: Sequence[Write]) -> Mapping[str, Mapping[str, list[tuple[int, ...]]]]:
    """For each buffer: which elements ever hold a value (rounded for lookup)."""
    out: dict[str, dict[str, list[tuple[int, ...]]]] = defaultdict(lambda: defaultdict(list))
    for w in writes:
        places = out[w.buffer][f"{w.value:.6g}"]
        if w.index not in places:
            places.append(w.index)
    return out


def _store_index(place: Place, old: Recording, new: Recording) -> tuple[Demand, ...]:
    """Each value must go where the predecessor puts it, when that is one element only."""
    owners = _owners(old.writes)
    found: list[Demand] = []
    for write in new.writes:
        site = new.sites[write.site]
        if site.path != place or len(write.index) != 1:
            continue
        where = owners.get(write.buffer, {}).get(f"{write.value:.6g}", [])
        if len(where) == 1:
            found.append(Demand(_env(site.names, write.env), "==", where[0][0]))
    return _spread(found)


def _loop_end(place: Place, stmt: Stmt, old: Recording, new: Recording) -> tuple[Demand, ...]:
    """The loop must run for the variable's values that reach elements which are written, and for no others."""
    if not isinstance(stmt, For):
        return ()
    entry = next((s for s in new.sites if s.path == place), None)
    if entry is None:
        return ()
    number = new.sites.index(entry)
    visits = [env for site, env in new.visits if site == number]
    stores = [s for s in statements(stmt.body) if isinstance(s, Store)]
    found: list[Demand] = []
    for env in visits[:MOST]:
        known = _env(entry.names, env)
        last = _last_needed(stmt, stores, known, old)
        if last is not None:
            found += [Demand(known, ">", last), Demand(known, "<=", last + 1)]
    return _spread(found)


def _last_needed(
    loop: For, stores: Sequence[Store], known: Mapping[str, int], old: Recording
) -> int | None:
    """The largest value of the loop's variable for which some store hits an element that is written."""
    best: int | None = None
    for store in stores:
        if len(store.index) != 1:
            continue
        unknown = {
            s.name
            for s in subexpressions(store.index[0])
            if isinstance(s, Var) and s.name not in known and s.name != loop.var
        }
        if unknown:
            continue
        written = {w.index[0] for w in old.writes if w.buffer == store.buffer}
        solved = _values_hitting(store.index[0], loop.var, known, written)
        if solved:
            best = max(solved) if best is None else max(best, *solved)
    return best


def _values_hitting(
    index: Expr, var: str, known: Mapping[str, int], written: set[int], reach: int = 4096
) -> list[int]:
    """Values of `var` at which a linear `index` is in `written`."""
    at = []
    for probe in (0, 1):
        encoder = Encoder(
            "0", {n: z3.IntVal(v) for n, v in known.items()} | {var: z3.IntVal(probe)}
        )
        value = z3.simplify(encoder.integer(index))
        if not z3.is_int_value(value):
            return []
        at.append(value.as_long())
    base, stride = at[0], at[1] - at[0]
    if stride == 0:
        return []
    hits = [(w - base) // stride for w in written if (w - base) % stride == 0]
    return [h for h in hits if 0 <= h < reach]


def _guard(
    place: Place, stmt: Stmt, slot: Slot, old: Recording, new: Recording
) -> tuple[Demand, ...]:
    """A side of a comparison: the guard must hold exactly where the store below it hits a written element."""
    if not isinstance(stmt, If):
        return ()
    entry = next((s for s in new.sites if s.path == place), None)
    stores = [s for s in stmt.then if isinstance(s, Store) and len(s.index) == 1]
    if entry is None or not stores or _reads_memory(stores[0].index[0]):
        return ()
    number = new.sites.index(entry)
    written = {w.index[0] for w in old.writes if w.buffer == stores[0].buffer}
    other = stmt.cond.b if slot.role == "left" else stmt.cond.a  # type: ignore[union-attr]
    found: list[Demand] = []
    for site, values in new.visits:
        if site != number:
            continue
        known = _env(entry.names, values)
        target, side = number_at(stores[0].index[0], known), number_at(other, known)
        if target is None or side is None:
            continue
        relation = _relation(slot.op, slot.role, target in written)
        if relation:
            found.append(Demand(known, relation, side))
    return _spread(found)


_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _relation(op: str, role: str, holds: bool) -> str:
    seen = op if role == "left" else _FLIPPED[op]
    return seen if holds else _NEGATED[seen]


def number_at(expr: Expr, known: Mapping[str, int]) -> int | None:
    """The value of an integer expression at these values of its variables; None if they do not tell."""
    encoder = Encoder("0", {n: z3.IntVal(v) for n, v in known.items()})
    value = z3.simplify(encoder.integer(expr))
    return int(value.as_long()) if z3.is_int_value(value) else None


@dataclass(frozen=True, slots=True)
class Witness:
    """The statement at `path` ran with the integers in scope `wrong` and must not have; with each of `right` it must."""

    path: Place
    wrong: Mapping[str, int]
    right: tuple[Mapping[str, int], ...]


def witness(old: Recording, new: Recording) -> Witness | None:
    """Where the candidate did what it must not: it stopped, or wrote an element of the results that the predecessor
    never writes. None if it did neither."""
    meant: dict[tuple[str, tuple[int, ...]], set[str]] = defaultdict(set)
    for w in old.writes:
        meant[w.buffer, w.index].add(f"{w.value:.6g}")
    found = new.visits[-1] if new.fault and new.visits else None
    if found is None:
        found = next(
            (
                (w.site, w.env)
                for w in new.writes
                if w.buffer in old.results and (w.buffer, w.index) not in meant
            ),
            None,
        )
    if found is None:
        return None
    site = new.sites[found[0]]
    right = [
        w.env
        for w in new.writes
        if w.site == found[0]
        and w.env != found[1]
        and f"{w.value:.6g}" in meant.get((w.buffer, w.index), ())
    ]
    some = right[:: max(1, len(right) // RIGHT)][:RIGHT]
    envs = tuple(_env(site.names, env) for env in some)
    return Witness(site.path, _env(site.names, found[1]), envs)


def _reads_memory(expr: Expr) -> bool:
    return any(isinstance(s, Load) for s in subexpressions(expr))


def _spread(found: Sequence[Demand]) -> tuple[Demand, ...]:
    """At most MOST demands, from the whole run: both ends matter."""
    if len(found) <= MOST:
        return tuple(found)
    step = len(found) / (MOST - 2)
    chosen = [found[int(n * step)] for n in range(MOST - 2)]
    return (*chosen, found[-2], found[-1])
