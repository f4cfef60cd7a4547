"""Of several repairs the one that does the predecessor's work: no element twice, nothing filled in vain."""

from __future__ import annotations

from tests.synth.programs import LOOP, SPLIT, loop_inputs, program
from xpiler.synth.repair.change import Change
from xpiler.synth.repair.likeness import Likeness
from xpiler.synth.repair.search import Repaired, repair

INPUTS, UNSEEN = loop_inputs(6, 17), loop_inputs(1, 4, 13)

REST = """
void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, const f32 *w, f32 *y, i32 n) {
  for (i32 i_tile = 0; i_tile < n / 4; i_tile += 1) {
    for (i32 i_in = 0; i_in < 4; i_in += 1) {
      i32 i = i_tile * 4 + i_in;
      y[i] = x[i] * 2.0f + w[i];
    }
  }
  for (i32 i_rest = n / 4 * 4; i_rest < n; i_rest += 1) {
    y[i_rest] = x[i_rest] * 2.0f + w[i_rest];
  }
}
"""

CACHED = """
void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, const f32 *w, f32 *y, i32 n) {
  f32 near[32];
  for (i32 c = 0; c < n; c += 1) {
    near[c] = x[c];
  }
  for (i32 i = 0; i < n; i += 1) {
    y[i] = near[i] * 2.0f + w[i];
  }
}
"""


def likeness(broken: str, mended: str, cost: int = 1) -> tuple[int, int, int]:
    judge = Likeness(program(LOOP), program(broken), INPUTS)
    found = judge.of(Change(program(mended), "a change", (0,), cost))
    return found.work, found.idle, found.news


def test_the_right_program_does_the_predecessors_work() -> None:
    assert likeness(REST.replace("i_in < 4", "i_in < 3"), REST) == (0, 0, 0)


def test_elements_that_are_written_twice_are_counted() -> None:
    twice = REST.replace("i_in < 4", "i_in < 3").replace("= n / 4 * 4", "= 0")
    # of 6 elements 3 are written by the tiles as well, of 17 elements 12
    assert likeness(REST.replace("i_in < 4", "i_in < 3"), twice)[0] == 3 + 12


def test_a_cache_that_nothing_reads_is_counted() -> None:
    broken = CACHED.replace("c < n", "c < n - 1")
    round_it = broken.replace("near[i] * 2.0f", "x[i] * 2.0f")
    assert likeness(broken, CACHED)[1] == 0
    assert likeness(broken, round_it)[1] == 1


def test_a_way_that_is_taken_no_more_is_counted() -> None:
    two_ways = LOOP.replace(
        "    y[i] = x[i] * 2.0f + w[i];",
        "    y[i] = 0.0f;\n    if (x[i] != -5.0f) {\n      y[i] = x[i + 1] * 2.0f + w[i];\n    }",
    )
    never = two_ways.replace("!= -5.0f", "< -5.0f")
    assert likeness(two_ways, two_ways)[1] == 0
    assert likeness(two_ways, never)[1] == 1


def test_the_parts_of_a_split_loop_agree_on_one_number() -> None:
    broken = REST.replace("i_tile < n / 4", "i_tile < n / 5")
    other = broken.replace("= n / 4 * 4", "= n / 5 * 4")
    judge = Likeness(program(LOOP), program(broken), INPUTS)
    right, wrong = (judge.of(Change(program(t), "", (0,), 1)) for t in (REST, other))
    assert right.work == wrong.work == 0
    assert right < wrong


def test_what_weighs_more_comes_first() -> None:
    judge = Likeness(program(LOOP), program(LOOP), INPUTS)
    small, large = (
        judge.of(Change(program(text), "", (0,), cost))
        for text, cost in ((REST.replace("= n / 4 * 4", "= 0"), 1), (SPLIT, 4))
    )
    assert large < small


def test_the_loop_that_is_short_is_named_though_the_rest_could_do_its_work() -> None:
    broken = REST.replace("i_in < 4", "i_in < 3")
    found = repair(program(LOOP), program(broken), INPUTS, UNSEEN)
    assert isinstance(found, Repaired)
    assert found.program == program(REST)
    assert found.location.suspects[0] == (0, 0, 0)


def test_a_short_cache_is_filled_and_not_gone_round() -> None:
    broken = CACHED.replace("c < n", "c < n - 1")
    found = repair(program(LOOP), program(broken), INPUTS, UNSEEN)
    assert isinstance(found, Repaired)
    assert found.program == program(CACHED)
