"""The mutation benchmark on a fixed part of the corpus; the whole is in docs/repair.md."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.repair.corpus import _PIPELINE, LOOP_PASSES, subjects
from benchmarks.repair.developed import DEVELOPED
from benchmarks.repair.held_out import HELD_OUT
from benchmarks.repair.measure import KINDS, Outcome, choose, workload
from benchmarks.repair.table import Plan, markdown, outcomes, placed
from xpiler.synth.locate.outcome import Tests

_WRITTEN = {"written/clamped": "clamp_all", "written/fragments": "product"}


def shares(found: list[Outcome]) -> tuple[float, float, float]:
    """Detected, localised at the first suspect, repaired; of the mutants that are not equivalent."""
    real = [o for o in found if not o.equivalent]
    assert real
    n = len(real)
    return (
        sum(o.detected for o in real) / n,
        sum(o.localised == 1 for o in real) / n,
        sum(o.repaired for o in real) / n,
    )


def test_halves_share_no_kind() -> None:
    assert not set(DEVELOPED) & set(HELD_OUT)
    assert len(KINDS) >= 12


def test_the_correct_output_agrees_on_all_inputs() -> None:
    (subject,) = (s for s in subjects(("stencil2d:stencil5/loop_recovery",)))
    work = workload(subject)
    assert Tests(subject.before, (*work.seen, *work.unseen, *work.wide)).passes(subject.after)


def test_the_table_takes_its_place_in_a_page() -> None:
    page = "# Page\n\n<!-- all -->\nold\n<!-- end -->\nrest\n"
    assert placed(page, "all", "new\n") == "# Page\n\n<!-- all -->\n\nnew\n\n<!-- end -->\nrest\n"
    assert placed("", "all", "new\n") == "new\n"


@pytest.mark.slow
def test_several_subjects_at_a_time_give_the_same_outcomes() -> None:
    one = Plan(("store offset",), ("vector_add:",), share=1.0)
    alone, together = list(outcomes(one)), list(outcomes(replace(one, jobs=2)))
    assert [(o.subject, o.what, o.repaired) for o in alone] == [
        (o.subject, o.what, o.repaired) for o in together
    ]
    assert {o.subject.rpartition("/")[2] for o in alone} >= {"bang.loop_bind", "loop_recovery"}


def test_mutants_are_the_same_for_the_same_seed() -> None:
    (subject,) = (s for s in subjects(("vector_add:vector_add/loop_recovery",)))
    first, second = ([m.made for m in choose(subject, "stride", 3, 7)] for _ in range(2))
    assert first == second
    assert first != [m.made for m in choose(subject, "stride", 3, 8)]


def test_a_part_of_the_benchmark() -> None:
    plan = Plan(
        subjects=("vector_add:vector_add/loop_recovery", "map_functor:leaky_relu/loop_fuse"),
        share=1.0,
    )
    found = list(outcomes(plan))
    detected, localised, repaired = shares(found)
    assert len(found) >= 20
    assert detected == 1.0
    assert localised >= 0.8
    assert repaired >= 0.9
    assert f"| **all** | {sum(not o.equivalent for o in found)} |" in markdown(found)


def test_a_wait_that_is_missing_is_put_back_first() -> None:
    (found,) = outcomes(
        Plan(
            subjects=("map_functor:leaky_relu/bang.pipeline",), kinds=("double buffer",), share=1.0
        )
    )
    assert found.what == "wait dropped"
    assert (found.detected, found.repaired, found.change) == (True, True, "a barrier")
    assert found.tried < 400


@pytest.mark.slow
def test_a_larger_part_of_the_benchmark() -> None:
    found = list(outcomes(Plan(share=0.3, limit=110, seed=1)))
    detected, localised, repaired = shares(found)
    assert len(found) == 110
    assert detected >= 0.97
    assert localised >= 0.8
    assert repaired >= 0.9


@pytest.mark.slow
def test_every_pass_that_all_targets_share_is_in_the_corpus() -> None:
    names = [f"{name}:{kernel}" for name, kernel in _WRITTEN.items()]
    found = {s.pass_name: s for s in subjects((*names, "vector_add:vector_add/loop_"))}
    assert {p.name for p in (*_PIPELINE, *LOOP_PASSES)} - set(found) <= {
        "loop_expansion",
        "loop_contraction",
    }
    for name in ("inline", "detensorize"):
        work = workload(found[name])
        assert len(work.seen) > 8
        assert Tests(found[name].before, (*work.seen, *work.unseen)).passes(found[name].after)
