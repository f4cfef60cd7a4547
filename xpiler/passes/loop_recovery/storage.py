"""Where the value of each thread's variable lives when its uses are spread over several leaves."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.ir.nodes import (
    AddressOf,
    Alloc,
    Atomic,
    Block,
    Call,
    Declare,
    Expr,
    For,
    If,
    Load,
    Store,
    Var,
    While,
)
from xpiler.ir.types import Spaces
from xpiler.ir.walk import assigned, expressions, statements, subexpressions, variables
from xpiler.passes.loop_recovery.regions import Item, Leaf, leaves, read_names
from xpiler.passes.loop_recovery.uniform import Uniformity
from xpiler.records import dataclass

__all__ = ["Storage", "assign_storage", "exposed"]

_CHEAP = 20  # operators that are recomputed in each leaf rather than kept in memory


@dataclass(frozen=True, slots=True)
class Storage:
    """Variables that cross leaves, by how they do it; every other one stays within its leaf.

    `recomputed` ones are declared again where needed, in the order given; `private` ones are written
    before they are read in each leaf; `expanded` ones (scalars and arrays) get one element per thread.
    """

    recomputed: tuple[Declare, ...]
    private: Mapping[str, Declare]
    expanded: Mapping[str, Declare]
    arrays: Mapping[str, Alloc]


def exposed(block: Block) -> frozenset[str]:
    """Variables that the block may read before it has assigned them."""
    found: set[str] = set()
    _exposed(block, set(), found)
    return frozenset(found)


def _exposed(block: Block, defined: set[str], found: set[str]) -> set[str]:
    for stmt in block:
        for expr in expressions(stmt):
            found |= variables(expr) - defined
        match stmt:
            case If(then=then, orelse=orelse):
                a = _exposed(then, set(defined), found)
                b = _exposed(orelse, set(defined), found)
                defined = a & b
            case For(var=var, body=body):
                _exposed(body, {*defined, var}, found)
            case While(body=body):
                _exposed(body, set(defined), found)
            case _:
                defined |= assigned((stmt,))
    return defined


def _arrays_used(block: Block) -> frozenset[str]:
    names: set[str] = set()
    for stmt in statements(block):
        if isinstance(stmt, Store | Atomic):
            names.add(stmt.buffer)
        if isinstance(stmt, Alloc):
            names.add(stmt.name)
        for expr in expressions(stmt):
            for sub in subexpressions(expr):
                if isinstance(sub, Load | AddressOf):
                    names.add(sub.buffer)
    return frozenset(names)


def assign_storage(
    items: tuple[Item, ...], body: Block, uni: Uniformity, scalars: frozenset[str]
) -> Storage:
    """Decide for every variable and local array of `body`."""
    parts = list(leaves(items))
    declares = {
        s.name: s for s in statements(body) if isinstance(s, Declare) and s.name not in scalars
    }
    # a statement that a warp operation was expanded to may declare more
    for part in parts:
        declares.update((s.name, s) for s in statements(part.stmts) if isinstance(s, Declare))
    uses = {name: _places(parts, name) for name in declares}
    recomputed = _recomputed(declares, uses, parts, uni)
    again = {d.name for d in recomputed}
    open_reads = frozenset().union(*(exposed(p.stmts) for p in parts)) if parts else frozenset()
    private: dict[str, Declare] = {}
    expanded: dict[str, Declare] = {}
    for name, declare in declares.items():
        if name in again or not _crosses(name, uses[name], parts):
            continue
        (expanded if name in open_reads else private)[name] = declare
    return Storage(tuple(recomputed), private, expanded, _crossing_arrays(body, parts))


def _places(parts: list[Leaf], name: str) -> set[int]:
    return {
        n
        for n, part in enumerate(parts)
        if name in read_names(part.stmts) or name in assigned(part.stmts)
    }


def _crosses(name: str, places: set[int], parts: list[Leaf]) -> bool:
    if not places:
        return False
    declaring = {n for n in places if _declares(parts[n].stmts, name)}
    return len(places) > 1 or not declaring


def _declares(block: Block, name: str) -> bool:
    return any(isinstance(s, Declare) and s.name == name for s in statements(block))


def _recomputed(
    declares: dict[str, Declare], uses: dict[str, set[int]], parts: list[Leaf], uni: Uniformity
) -> list[Declare]:
    """Cheap pure values of what never changes; what they are computed from is then used there as well."""
    chosen: set[str] = set()
    changed = True
    while changed:
        changed = False
        for name, declare in declares.items():
            init = declare.init
            if init is None or not _cheap(init) or not _crosses(name, uses[name], parts):
                continue
            if not uni.stable(Var(name, declare.type)):
                continue
            chosen.add(name)
            for source in variables(init) & declares.keys():
                if not uses[name] <= uses[source]:
                    uses[source] |= uses[name]
                    changed = True
    return [declares[n] for n in declares if n in chosen]


def _cheap(expr: Expr) -> bool:
    nodes = list(subexpressions(expr))
    calls = [n for n in nodes if isinstance(n, Call) and n.function not in ("min", "max", "abs")]
    return len(nodes) <= _CHEAP and not calls


def _crossing_arrays(body: Block, parts: list[Leaf]) -> dict[str, Alloc]:
    used = [_arrays_used(p.stmts) for p in parts]
    arrays: dict[str, Alloc] = {}
    for stmt in statements(body):
        if isinstance(stmt, Alloc) and stmt.space == Spaces.LOCAL:
            places = [n for n, names in enumerate(used) if stmt.name in names]
            if len(places) > 1:
                arrays[stmt.name] = stmt
    return arrays
