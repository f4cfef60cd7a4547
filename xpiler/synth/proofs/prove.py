"""Prove a step for all sizes: both programs run the same leaves for corresponding instances, in any order.

Three things are shown, each by an `unsat` of Z3:

1. in either program no two instances touch the same element where one writes it: their order does not matter, nothing races;
2. every instance of the predecessor has one in the candidate that does the same, and
3. every instance of the candidate has one in the predecessor.

With 1, 2 and 3 both leave the same memory, for all sizes and launches that the launch facts allow. Which instance
corresponds to which is guessed from models (a quotient here, a remainder there) and then proved. Assumed is what
docs/architecture.md assumes of programs: parameters do not overlap, index arithmetic does not wrap.
"Unknown" and running out of time prove nothing.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import z3

from xpiler.ir.nodes import Assign, Const, Declare, Expr, Kernel, Module, Var
from xpiler.ir.smt import Encoder
from xpiler.ir.types import Scalar
from xpiler.ir.walk import expressions, statements, subexpressions
from xpiler.records import dataclass
from xpiler.synth.proofs.alike import Alike, DifferentError, Side
from xpiler.synth.proofs.instances import (
    Access,
    Leaf,
    Range,
    Taken,
    Tangled,
    accesses,
    is_pure,
    take_apart,
)
from xpiler.synth.proofs.lockstep import in_step
from xpiler.synth.repair.solve import Query
from xpiler.verify.evidence import Proved

__all__ = ["NotProved", "prove"]

SECONDS = 20.0
TIMEOUT_MS = 4000
EFFORT = 3_000_000  # of the solver for one query: the same on a fast machine and a busy one
SAMPLES = 5
WISHED = (70, 3, 600, 1, 20)
DIMENSIONS = (90, 7, 1000, 3, 33)
CHOICES = 24  # correspondences that are tried for one pair of leaves
ALTERNATIVES = 2
IN_STEP = "the same statements with the same values, by Z3, for all sizes"
METHOD = "same instances and no conflicts, by Z3, for all sizes"

Term = Any
Note = Callable[[Query], None]


@dataclass(frozen=True, slots=True)
class NotProved:
    """Why there is no proof; it says nothing against the step."""

    reason: str


class _StuckError(Exception):
    pass


def prove(
    before: Module, after: Module, seconds: float = SECONDS, note: Note = lambda _: None
) -> Proved | NotProved:
    """`Proved` when `after` computes what `before` does for all inputs, else why that could not be shown."""
    old, new = before.kernels[0], after.kernels[0]
    if old.launch != new.launch or before.globals != after.globals:
        return NotProved("launch facts or data differ")
    if before.functions or after.functions:
        return NotProved("a device function is called")
    proof = _Proof(old, time.perf_counter() + seconds, note)
    try:
        if in_step(old, new, proof.alone):
            return Proved(IN_STEP)
    except _StuckError as stuck:
        return NotProved(str(stuck))
    first, second = take_apart(old), take_apart(new)
    for taken, which in ((first, "predecessor"), (second, "candidate")):
        if isinstance(taken, Tangled):
            return NotProved(f"the {which} cannot be taken apart: {taken.reason}")
    assert isinstance(first, Taken)
    assert isinstance(second, Taken)
    try:
        proof.name_common(first, "before")
        proof.name_common(second, "after")
        proof.independent(first, "predecessor")
        proof.independent(second, "candidate")
        proof.covered(first, second, "predecessor")
        proof.covered(second, first, "candidate")
    except _StuckError as stuck:
        return NotProved(str(stuck))
    return Proved(METHOD)


@dataclass(frozen=True, slots=True)
class _Instance:
    """One execution of a leaf: its variables as terms, and what is true of them."""

    encoder: Encoder
    variables: tuple[Term, ...]
    domain: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """Instances `this` of `leaf` and `that` of `other`, which do the same where the obligations hold."""

    leaf: Leaf
    program: Taken
    this: _Instance
    other: Leaf
    by: Taken
    that: _Instance
    obligations: tuple[Term, ...]


class _Proof:
    def __init__(self, kernel: Kernel, until: float, note: Note) -> None:
        self._until, self._note = until, note
        self._params = {p.name for p in kernel.params}
        self._mutable = frozenset[str]()
        self._shared: dict[str, Term] = {}
        self._facts: list[Term] = []
        known = dict(kernel.launch)
        for name in (f"{d}.{a}" for d in ("gridDim", "blockDim") for a in "xyz"):
            self._shared[name] = z3.IntVal(known[name]) if name in known else z3.Int(name)
            self._facts.append(self._shared[name] >= 1)
        self._shared["taskDim"] = z3.Int("taskDim")
        self._facts.append(self._shared["taskDim"] >= 1)
        self._common_names: dict[int, dict[str, Term]] = {}
        self._by_value: dict[str, Term] = {}
        self._equations: list[Term] = []

    def name_common(self, program: Taken, side: str) -> None:
        """Give what all instances have in common (a tile's size, a count) names of its own.

        A product with a name is far easier for the solver than one with its definition; most claims do not need that.
        """
        moving = set(program.locals) - set(program.definitions) | {"taskId"}
        moving |= {f"{n}.{a}" for n in ("threadIdx", "blockIdx") for a in "xyz"}
        encoder = Encoder(side, dict(self._shared), program.definitions)
        found: dict[str, Term] = {}
        for name, init in program.definitions.items():
            if _reaches(init, moving, program.definitions) or isinstance(init, Const):
                continue
            value = encoder.integer(init)
            known = self._by_value.get(value.sexpr())
            if known is not None:
                encoder.values[name] = found[name] = known
                continue
            term = z3.Int(f"{name}@{side}")
            encoder.values[name] = found[name] = self._by_value[value.sexpr()] = term
            self._equations.append(term == value)
            for least in (1, 0):
                if self._impossible([*self._facts, *self._equations, term < least]):
                    self._facts.append(term >= least)
                    break
        self._common_names[id(program)] = found

    # --- 1: the order does not matter

    def independent(self, program: Taken, which: str) -> None:
        """No two instances conflict."""
        for (n, a), (m, b) in itertools.combinations_with_replacement(enumerate(program.leaves), 2):
            for x, y in itertools.product(accesses(a), accesses(b)):
                if x.buffer == y.buffer and (x.writes or y.writes):
                    self._apart(program, a, x, b, y, n == m, which)

    def _apart(
        self, program: Taken, a: Leaf, x: Access, b: Leaf, y: Access, same: bool, which: str
    ) -> None:
        i, at_i = self._touch("i", program, a, x)
        j, at_j = self._touch("j", program, b, y)
        claims = [*self._facts, *i.domain, *j.domain]
        claims += [p == q for p, q in zip(at_i, at_j, strict=True)]
        if same:
            telling = _telling(a, program)
            apart = [p != q for p, q, t in zip(i.variables, j.variables, telling, strict=True) if t]
            if not apart:
                return
            claims.append(z3.Or(apart))
        if not self._impossible(claims):
            raise _StuckError(f"instances of the {which} may meet in {x.buffer!r}")

    def _touch(
        self, name: str, program: Taken, leaf: Leaf, access: Access
    ) -> tuple[_Instance, list[Term]]:
        local = {
            s.name: s.init
            for s in statements(leaf.body)
            if isinstance(s, Declare) and s.init is not None and self._names(program, leaf, s)
        }
        instance = self._instance(name, program, leaf, local)
        encoder, domain = instance.encoder, list(instance.domain)
        for extra in access.ranges:
            encoder.values[extra.name] = z3.Int(f"{extra.name}@{name}")
            known = frozenset(self._params | set(encoder.values) | set(encoder.definitions))
            if all(is_pure(e, known) for e in (extra.lo, extra.hi)):
                domain += self._within(encoder, extra)[:2]
        known = frozenset(self._params | set(encoder.values) | set(encoder.definitions))
        for condition in access.conditions:
            if is_pure(condition, known):
                domain.append(encoder.boolean(condition))
        index = [encoder.integer(e) for e in access.index]
        return _Instance(encoder, instance.variables, tuple(domain)), index

    def _names(self, program: Taken, leaf: Leaf, stmt: Declare) -> bool:
        """Whether a declaration inside a leaf only names an integer."""
        inner = {r.name for a in accesses(leaf) for r in a.ranges}
        names = self._params | set(program.definitions) | {r.name for r in leaf.ranges}
        known = frozenset(names | inner)
        changed = _assigned_in(leaf)
        return stmt.name not in changed and stmt.init is not None and is_pure(stmt.init, known)

    # --- instances

    def _instance(
        self, name: str, program: Taken, leaf: Leaf, local: Mapping[str, Expr] | None = None
    ) -> _Instance:
        values = {**self._shared, **self._common_names[id(program)]}
        variables = tuple(z3.Int(f"{r.name}@{name}") for r in leaf.ranges)
        values.update({r.name: v for r, v in zip(leaf.ranges, variables, strict=True)})
        definitions = {**program.definitions, **(local or {})}
        varying = program.locals | _buffers(leaf)
        encoder = Encoder(name, values, definitions, varying)
        domain = [claim for r in leaf.ranges for claim in self._within(encoder, r)]
        domain += [encoder.boolean(c) for c in leaf.conditions]
        return _Instance(encoder, variables, tuple(domain))

    def _within(self, encoder: Encoder, given: Range) -> list[Term]:
        value = encoder.values[given.name]
        lo, hi = encoder.integer(given.lo), encoder.integer(given.hi)
        claims = [value >= lo, value < hi]
        if not (isinstance(given.step, Const) and given.step.value == 1):
            step = encoder.integer(given.step)
            claims += [step >= 1, (value - lo) % step == 0]
        return claims

    # --- 2 and 3: instances correspond

    def covered(self, program: Taken, by: Taken, which: str) -> None:
        """Every instance of `program` has one of `by` that does the same."""
        for leaf in program.leaves:
            this = self._instance("p", program, leaf)
            for search in (self._plain, self._guessed):
                pairs = (self._pair(leaf, program, other, by) for other in by.leaves)
                places = [place for pair in pairs if pair for place in self._places(pair, search)]
                missing = [z3.Not(z3.And(place)) for place in places]
                if places and self._impossible([*self._facts, *this.domain, *missing]):
                    break
            else:
                raise _StuckError(f"an instance of the {which} may have no counterpart")

    def _pair(self, leaf: Leaf, program: Taken, other: Leaf, by: Taken) -> _Pair | None:
        """Instances of two leaves that are the same code; None when they are not."""
        this, that = self._instance("p", program, leaf), self._instance("q", by, other)
        left = Side(this.encoder, self._params | {r.name for r in leaf.ranges}, _changed(leaf))
        right = Side(that.encoder, self._params | {r.name for r in other.ranges}, _changed(other))
        alike = Alike(left, right, frozenset(self._params))
        try:
            alike.blocks(leaf.body, other.body)
        except DifferentError:
            return None
        return _Pair(leaf, program, this, other, by, that, tuple(alike.obligations))

    def _places(
        self, pair: _Pair, search: Callable[[_Pair], Iterator[Sequence[Term]]]
    ) -> Iterator[Sequence[Term]]:
        """Conditions under which one leaf is done by a certain instance of the other, one for each correspondence."""
        found = 0
        for chosen in itertools.islice(search(pair), CHOICES):
            swaps = list(zip(pair.that.variables, chosen, strict=True))
            domain = [z3.substitute(d, *swaps) if swaps else d for d in pair.that.domain]
            same = [z3.substitute(o, *swaps) if swaps else o for o in pair.obligations]
            wrong = z3.Not(z3.And(same)) if same else z3.BoolVal(False)
            if self._impossible([*self._facts, *pair.this.domain, *domain, wrong]):
                yield domain or [z3.BoolVal(True)]
                found += 1
                if found == ALTERNATIVES:
                    return

    def _plain(self, pair: _Pair) -> Iterator[Sequence[Term]]:
        """Variable for variable: of one name, in one order."""
        own = pair.this.variables
        names = {r.name: v for r, v in zip(pair.leaf.ranges, own, strict=True)}
        wanted = [r.name for r in pair.other.ranges]
        if all(name in names for name in wanted):
            yield [names[name] for name in wanted]
        if len(own) == len(wanted):
            yield own

    def _guessed(self, pair: _Pair) -> Iterator[Sequence[Term]]:
        """What fits some models: for each variable of the other a quotient, a remainder, a sum of one's own."""
        joint = [*self._facts, *pair.this.domain, *pair.that.domain, *pair.obligations]
        models = self._models(joint, pair.this.variables)
        terms = self._candidates(pair.program, pair.leaf, pair.this, pair.by, pair.other, pair.that)
        fitting = [
            [t for t in terms if all(_agree(m, t, v) for m in models)] for v in pair.that.variables
        ]
        yield from itertools.product(*fitting) if models else ()

    def _models(self, claims: Sequence[Term], variables: Sequence[Term]) -> list[Any]:
        """Some pairs of corresponding instances, as different as they can be had."""
        dimensions = [v for v in self._shared.values() if not z3.is_int_value(v)]
        found: list[Any] = []
        for turn in range(SAMPLES):
            self._in_time()
            solver = z3.Solver()
            solver.set("timeout", TIMEOUT_MS)
            solver.set("rlimit", EFFORT // 4)
            solver.add([*claims, *self._equations])
            # small launches keep products of dimensions linear; what a model cannot have is dropped again
            wishes = [v == DIMENSIONS[turn] + n for n, v in enumerate(dimensions)]
            wishes += [v > WISHED[turn] + 11 * n for n, v in enumerate(variables)]
            wishes += [v % 7 == (3 * turn + n + 1) % 7 for n, v in enumerate(variables)]
            for wish in wishes:
                solver.push()
                solver.add(wish)
                if solver.check() != z3.sat:
                    solver.pop()
            if solver.check() == z3.sat:
                found.append(solver.model())
        return found

    def _candidates(
        self, program: Taken, leaf: Leaf, this: _Instance, by: Taken, other: Leaf, that: _Instance
    ) -> list[Term]:
        """Terms over `this` that a variable of `that` may stand for."""
        own = list(this.variables)
        seeds = [*own, *self._named(program, leaf, this)]
        shared = self._common(by, other, that)
        terms: list[Term] = [*seeds, z3.IntVal(0)]
        for c in shared:
            for s in seeds:
                terms += [s / c, s % c, s - s % c, (s / c) % self._shared["taskDim"]]
            terms += [a * c + b for a, b in itertools.permutations(own, 2)]
        return terms

    def _named(self, program: Taken, leaf: Leaf, this: _Instance) -> list[Term]:
        """Integers that the program names or indexes with, and that its instance variables determine."""
        inside = {r.name for r in leaf.ranges}
        known = frozenset(self._params | inside | set(program.definitions))
        exprs: list[Expr] = [
            Var(name, init.type)
            for name, init in program.definitions.items()
            if isinstance(init.type, Scalar) and init.type.is_int
        ]
        exprs += [e for a in accesses(leaf) if a.writes for e in a.index]
        found = {
            str(term): term
            for e in exprs
            if is_pure(e, known) and _reaches(e, inside, program.definitions)
            for term in (this.encoder.integer(e),)
        }
        return list(found.values())

    def _common(self, by: Taken, other: Leaf, that: _Instance) -> list[Term]:
        """Numbers that `that` counts in: constants and bounds that no instance variable changes."""
        inside = set(by.locals) - set(by.definitions) | {r.name for r in other.ranges}
        exprs: list[Expr] = [e for r in other.ranges for e in (r.lo, r.hi, r.step)]
        exprs += [e for s in statements(other.body) for e in expressions(s)]
        exprs += list(by.definitions.values())
        found: dict[str, Term] = {}
        for expr in exprs:
            for sub in subexpressions(expr):
                if isinstance(sub, Const) and isinstance(sub.value, int) and sub.value > 1:
                    found.setdefault(str(sub.value), z3.IntVal(int(sub.value)))
        known = frozenset(self._params | set(by.definitions))
        for expr in [e for r in other.ranges for e in (r.hi, r.step)] + [
            Var(n, e.type) for n, e in by.definitions.items() if isinstance(e.type, Scalar)
        ]:
            if is_pure(expr, known) and not _reaches(expr, inside, by.definitions):
                term = that.encoder.integer(expr)
                found.setdefault(str(term), term)
        return list(found.values())

    # --- the solver

    def _impossible(self, claims: Sequence[Term]) -> bool:
        """Whether nothing meets the claims; the definitions of common names are looked at only if that takes them."""
        if self._asked(claims):
            return True
        return bool(self._equations) and self._asked([*claims, *self._equations])

    def alone(self, claims: Sequence[Term]) -> bool:
        """Whether nothing meets the claims, which say all that is known."""
        return self._asked(claims)

    def _asked(self, claims: Sequence[Term]) -> bool:
        self._in_time()
        solver = z3.Solver()
        left = max(1, round((self._until - time.perf_counter()) * 1000))
        solver.set("timeout", min(TIMEOUT_MS, left))
        solver.set("rlimit", EFFORT)
        solver.add(list(claims))
        start = time.perf_counter()
        answer = solver.check()
        self._note(Query(solver.to_smt2(), str(answer), time.perf_counter() - start))
        return bool(answer == z3.unsat)

    def _in_time(self) -> None:
        if time.perf_counter() > self._until:
            raise _StuckError("out of time")


def _telling(leaf: Leaf, program: Taken) -> list[bool]:
    """Which instance variables the leaf looks at. Instances that differ in others only do the same thing over again,
    which changes nothing unless the leaf reads what it writes."""
    touched = accesses(leaf)
    written = {a.buffer for a in touched if a.writes}
    if any(a.buffer in written for a in touched if not a.writes):
        return [True] * len(leaf.ranges)
    exprs: list[Expr] = [*leaf.conditions]
    exprs += [e for s in statements(leaf.body) for e in expressions(s)]
    exprs += [e for r in leaf.ranges for e in (r.lo, r.hi, r.step)]
    return [any(_reaches(e, {r.name}, program.definitions) for e in exprs) for r in leaf.ranges]


def _agree(model: Any, term: Term, variable: Term) -> bool:
    value = model.eval(term, model_completion=True)
    return bool(value.eq(model.eval(variable, model_completion=True)))


def _assigned_in(leaf: Leaf) -> frozenset[str]:
    return frozenset(s.name for s in statements(leaf.body) if isinstance(s, Assign))


def _changed(leaf: Leaf) -> frozenset[str]:
    blank = {s.name for s in statements(leaf.body) if isinstance(s, Declare) and s.init is None}
    return _assigned_in(leaf) | blank


def _buffers(leaf: Leaf) -> frozenset[str]:
    return frozenset(a.buffer for a in accesses(leaf) if a.writes)


def _reaches(expr: Expr, names: set[str], definitions: Mapping[str, Expr]) -> bool:
    """Whether a value depends on one of `names`, through definitions too."""
    for sub in subexpressions(expr):
        name = getattr(sub, "name", "")
        if name in names:
            return True
        if name in definitions and _reaches(definitions[name], names, definitions):
            return True
    return False
