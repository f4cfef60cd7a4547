"""Inputs of the search: the classes that each show what the others hide."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks.repair.calls import machine_of
from benchmarks.repair.corpus import subjects
from benchmarks.repair.measure import choose, workload
from xpiler.synth.locate.inputs import SEEN, _tells, inputs_for
from xpiler.synth.locate.outcome import Tests
from xpiler.synth.locate.shapes import in_turn, several_tiles, work
from xpiler.synth.locate.trace import Inputs, run


def subject(name: str):  # type: ignore[no-untyped-def]
    (found,) = (s for s in subjects((name,)) if s.name == name)
    return found


def sizes(given: Inputs, *names: str) -> tuple[int, ...]:
    return tuple(given.args[name] for name in names)


def test_each_size_is_short_and_long_alone_and_all_have_several_blocks() -> None:
    one = subject("matmul_dp4a:matmul_dp4a/loop_split")
    shapes = [dict(s.shape) for s in in_turn(one.cases, SEEN, (97,))]
    rows = [(s["m"], s["n"], s["k"]) for s in shapes]
    for n in range(3):
        assert any(row[n] == 1 and min((*row[:n], *row[n + 1 :])) > 8 for row in rows)
        assert any(row[n] == 97 and max((*row[:n], *row[n + 1 :])) < 8 for row in rows)
    assert any(min(row) >= 8 and max(row) > 16 for row in rows)
    assert all(work(s) <= 6000 for s in in_turn(one.cases, SEEN, (97,)))


def test_the_last_thread_has_work_where_a_size_is_of_whole_blocks() -> None:
    one = subject("vector_add:vector_add/loop_fuse")
    found = inputs_for(one.before, one.cases, after=one.after)
    assert any(g.args["n"] == g.grid[0] * g.block[0] > g.block[0] for g in found)
    short = [m for m in choose(one, "loop bound", 9, 0) if m.made.what == "bound -1"]
    assert short
    for mutant in short:
        assert not Tests(one.before, found).passes(mutant.made.program), mutant.made.what


def test_a_length_below_a_start_is_among_the_inputs() -> None:
    one = subject("copy_scale:copy_scale_tail/bang.loop_bind")
    found = inputs_for(one.before, one.cases, after=one.after)
    assert any(n < start for n, start in (sizes(g, "n", "start") for g in found))


def test_a_maximum_that_misses_an_end_is_found_by_steep_inputs() -> None:
    one = subject("suite/softmax/shared:softmax_block/bang.loop_distribution")
    found = inputs_for(one.before, one.cases, after=one.after)
    steep = [g for g in found if all(abs(a - b) > 50 for a, b in pairwise(g.args["x"]))]
    assert {g.args["x"][0] < g.args["x"][-1] for g in steep if len(g.args["x"]) > 1} == {
        True,
        False,
    }
    maxima = {((5, 0, 3, 0, 0),), ((5, 0, 6, 0, 0),)}  # of a thread's elements, of the threads'
    late = [m for m in choose(one, "loop start", 9, 0) if m.made.places in maxima]
    assert len(late) == 2
    for mutant in late:
        assert not Tests(one.before, found).passes(mutant.made.program)


def test_an_input_on_which_rounding_shows_tells_nothing() -> None:
    one = subject("layernorm:layernorm_kernel/avx512.tensorize")
    plain = inputs_for(one.before, one.cases)[0]
    real = {n: v for n, v in plain.args.items() if isinstance(v, list)}
    far = {n: [x - 1e5 for x in v] for n, v in real.items()}
    assert _tells(one.before, plain)
    assert not _tells(one.before, Inputs({**plain.args, **far}, plain.grid, plain.block))


@pytest.mark.slow
def test_right_programs_agree_on_all_inputs() -> None:
    for name in (
        "layernorm:layernorm_kernel/avx512.tensorize",
        "inclusive_scan:add_totals/bang.tensorize",
    ):
        one = subject(name)
        given = workload(one)
        assert Tests(one.before, (*given.seen, *given.unseen, *given.wide)).passes(one.after)


def test_a_large_value_given_to_an_instruction_is_no_length() -> None:
    one = subject("inclusive_scan:add_totals/bang.tensorize")
    machine = machine_of(one.target)
    assert machine is not None
    machine.knows(one.after)
    args = {"out": [1] * 16, "totals": [2**31 - 1] * 2, "n": 16}
    given = Inputs(args, (2, 1, 1), (8, 1, 1), machine=machine)
    got = given.fresh()
    run(one.after, got, given)
    assert got["out"][8:] == [-(2**31)] * 8


def test_lengths_of_several_tiles_hold_a_rest() -> None:
    one = subject("suite/reduce_sum/int8:sum_int8/avx512.tensorize")
    tiles = several_tiles((one.before, one.after), max(SEEN))
    assert tiles
    assert all(n % 16 for n in tiles)
