"""No wrong program is ever called right: the kernels of the examples with an error each.

Errors are made at every place of a kind (a guard that lets one more through, an index one further, another stride, a
barrier less). Which of them are errors at all is told by runs in the interpreter that log every access: an index beyond its
array, or two threads at one element with no barrier between. What a run has shown must not be proved away.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from xpiler.driver.source import lift_whole, read_source
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.ir import build
from xpiler.ir.nodes import (
    Alloc,
    Barrier,
    Binary,
    Block,
    Const,
    Expr,
    For,
    If,
    Load,
    Module,
    Stmt,
    Store,
    While,
)
from xpiler.ir.types import Scalar
from xpiler.ir.walk import blocks, map_exprs, with_blocks
from xpiler.synth.proofs.confirm import Touched, ran
from xpiler.synth.proofs.races import may_meet
from xpiler.synth.proofs.sanitize import sanitize
from xpiler.synth.proofs.setting import setting
from xpiler.synth.proofs.thread import run_thread
from xpiler.synth.proofs.touches import Site
from xpiler.synth.proofs.verdicts import Free, Inside, KernelVerdict
from xpiler.synth.proofs.world import World
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.host_formulas import as_written
from xpiler.verify.cases.infer import NoCase, infer_cases

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
QUICK = {"block_reduce", "transpose"}
MOST = 3  # wrong ones of a kind and a kernel: those of a sort are found alike
KINDS = ("guard", "index", "stride", "barrier")


def lifted(path: Path) -> LiftedFile:
    read = lift_whole(read_source(path))  # type: ignore[arg-type]
    assert isinstance(read, tuple)
    return read[1]


def cases_of(file: LiftedFile, kernel: LiftedKernel) -> tuple[Case, ...]:
    found = infer_cases(kernel, file.launches)
    assert not isinstance(found, NoCase)
    return tuple(as_written(c, file.launches) for c in found)


def mutants(module: Module, kind: str) -> Iterator[tuple[str, Module]]:
    """The kernel with one error of a kind, at each place in turn."""
    (kernel,) = module.kernels
    for number in itertools.count():
        place = _Place(number)
        body = place.block(kernel.body, kind)
        if not place.done:
            return
        yield place.what, replace(module, kernels=(replace(kernel, body=body),))


class _Place:
    """Changes the place with a certain number, in the order of the text."""

    def __init__(self, number: int) -> None:
        self.left, self.done, self.what = number, False, ""

    def block(self, block: Block, kind: str) -> Block:
        out: list[Stmt] = []
        for stmt in block:
            if kind == "barrier" and isinstance(stmt, Barrier) and self._here("no barrier"):
                continue
            changed = stmt if isinstance(stmt, Alloc) else self._stmt(stmt, kind)
            inner = tuple(self.block(b, kind) for b in blocks(changed))
            out.append(with_blocks(changed, inner) if inner else changed)
        return tuple(out)

    def _stmt(self, stmt: Stmt, kind: str) -> Stmt:
        if kind == "guard":
            return self._guard(stmt)
        if kind == "barrier":
            return stmt
        changed = map_exprs(stmt, lambda e: self._expr(e, kind))
        if isinstance(changed, Store):
            index = tuple(self._index(i, kind) for i in changed.index)
            return changed if index == changed.index else replace(changed, index=index)
        return changed

    def _guard(self, stmt: Stmt) -> Stmt:
        if isinstance(stmt, For) and self._here("one round more"):
            one = Const(1, stmt.hi.type)  # type: ignore[arg-type]
            return replace(stmt, hi=Binary("+", stmt.hi, one))
        if isinstance(stmt, If | While):
            return map_exprs(stmt, self._comparison)
        return map_exprs(stmt, self._comparison)

    def _comparison(self, expr: Expr) -> Expr:
        other = {"<": "<=", ">=": ">", "<=": "<", ">": ">="}
        if isinstance(expr, Binary) and expr.op in other and _whole(expr.a):
            if self._here(f"{expr.op} is {other[expr.op]}"):
                return replace(expr, op=other[expr.op])
        return expr

    def _expr(self, expr: Expr, kind: str) -> Expr:
        if isinstance(expr, Load):
            index = tuple(self._index(i, kind) for i in expr.index)
            return expr if index == expr.index else replace(expr, index=index)
        return expr

    def _index(self, expr: Expr, kind: str) -> Expr:
        if kind == "index" and self._here("one further"):
            return Binary("+", expr, build.const(1, expr.type))  # type: ignore[arg-type]
        if kind == "stride" and isinstance(expr, Binary) and self._here("twice the index"):
            return Binary("*", expr, build.const(2, expr.type))  # type: ignore[arg-type]
        return expr

    def _here(self, what: str) -> bool:
        self.left -= 1
        if self.left == -1:
            self.done, self.what = True, what
        return self.left == -1


def _whole(expr: Expr) -> bool:
    return isinstance(expr.type, Scalar) and expr.type.is_int


def seen_wrong(module: Module, case: Case) -> set[str]:
    """What runs at the case's small shapes show: `outside`, `race`."""
    world = World(lambda _: None, time.perf_counter() + 60)
    done = run_thread(module, setting(case, world), world)
    assert not isinstance(done, str), done
    sites = tuple(dict.fromkeys(t.site for t in done.touches))
    found: set[str] = set()
    for sizes in sorted(case.shapes, key=lambda s: sum(s.values()))[:2]:
        run = ran(module, case, sizes, sites)
        if run is None:
            continue
        if "out of bounds" in run.fault:
            found.add("outside")
        if _met(run.touched, sites):
            found.add("race")
    return found


def _met(touched: tuple[Touched, ...], sites: tuple[Site, ...]) -> bool:
    places: dict[tuple[object, ...], list[Touched]] = {}
    for t in touched:
        site = sites[t.site]
        if site.space not in ("shared", "global"):
            continue
        block = t.block if site.space == "shared" else -1
        known = places.setdefault((site.buffer, block, t.index), [])
        if any(may_meet(old, t, sites) for old in known):
            return True
        if len(known) < 16:
            known.append(t)
    return False


def wrongly_proved(found: KernelVerdict, wrong: set[str]) -> bool:
    inside = all(isinstance(a.verdict, Inside) for a in found.accesses)
    return ("outside" in wrong and inside) or ("race" in wrong and isinstance(found.races, Free))


@pytest.mark.slow
def test_the_errors_are_many() -> None:
    """Of three examples alone; a test of nothing would pass."""
    count = 0
    for name in ("block_reduce", "matmul_tiled", "transpose"):
        file = lifted(EXAMPLES / f"{name}.cu")
        for kernel in file.lifted:
            (case, *_) = cases_of(file, kernel)
            for kind in KINDS:
                wrong = (seen_wrong(m, case) for _, m in mutants(kernel.program, kind))
                count += len(list(itertools.islice(filter(None, wrong), MOST)))
    assert count >= 40


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, marks=() if p.stem in QUICK else pytest.mark.slow, id=p.stem)
        for p in sorted(EXAMPLES.glob("*.cu"))
    ],
)
def test_what_a_run_shows_to_be_wrong_is_never_proved(path: Path, kind: str) -> None:
    file = lifted(path)
    for kernel in file.lifted:
        cases = cases_of(file, kernel)
        asked = 0
        for what, mutant in mutants(kernel.program, kind):
            wrong = seen_wrong(mutant, cases[0]) if asked < MOST else set()
            if wrong:
                asked += 1
                found = sanitize(mutant, cases[:1], 6.0)
                assert not wrongly_proved(found, wrong), (kernel.source_name, what, wrong)
