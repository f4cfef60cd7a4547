"""Declared instructions in the interpreter: what they compute, what they refuse, how their errors are found and mended."""

from __future__ import annotations

from functools import cache

import pytest

from benchmarks.repair.calls import machine_of
from benchmarks.repair.corpus import Subject, subjects
from benchmarks.repair.measure import Workload, choose, workload
from xpiler.ir.interpret import Fault
from xpiler.ir.types import F32
from xpiler.synth.locate.localise import INSTRUCTION, Location, localise
from xpiler.synth.locate.machine import Effect, Machine
from xpiler.synth.locate.outcome import Tests
from xpiler.synth.repair.search import Repaired, repair

AVX512, BANG = "saxpy:saxpy/avx512.tensorize", "saxpy:saxpy/bang.tensorize"
STRIDED = "suite/relu/float4:relu_vec4/avx512.tensorize"
LOAD = "_mm512_loadu_ps|f32x16|f32*"
COPY = "__memcpy_async|void|f32*|f32*|i32|enum"
SYNC = "__sync|void"
FROM_GDRAM = "GDRAM2NRAM|i64"


@cache
def given(name: str) -> tuple[Subject, Workload]:
    (subject,) = subjects((name,))
    return subject, workload(subject)


def machine(target: str, *keys: str) -> Machine:
    found = machine_of(target)
    assert found is not None
    found.prepare(keys)
    found.enter()
    return found


@pytest.mark.parametrize("name", [AVX512, BANG])
def test_what_a_pass_made_of_instructions_computes_the_same(name: str) -> None:
    subject, work = given(name)
    assert Tests(subject.before, (*work.seen, *work.unseen, *work.wide)).passes(subject.after)


def test_a_load_past_the_end_is_a_fault() -> None:
    avx512 = machine("avx512", LOAD)
    try:
        array = avx512.array("x", F32, (20,))
        array[:] = [float(n) for n in range(20)]
        load = avx512.instruction(LOAD)
        assert len(load((array, 4))) == 64
        with pytest.raises(Fault, match="outside its arrays"):
            load((array, 5))
        # and the process goes on
        assert len(load((array, 0))) == 64
    finally:
        avx512.leave()


def test_a_copy_that_nobody_waits_for_is_a_fault_and_its_effect_shows_at_the_wait() -> None:
    bang = machine("bang", COPY, SYNC, FROM_GDRAM)
    seen: list[Effect] = []
    try:
        bang.begin(0)
        source, chip = bang.array("x", F32, (4,)), bang.array("t", F32, (4,), "nram")
        source[:] = [1.0, 2.0, 3.0, 4.0]
        direction = bang.instruction(FROM_GDRAM)()
        bang.observer = seen.append
        bang.instruction(COPY)((chip, 0), (source, 0), 16, direction)
        assert not seen
        with pytest.raises(Fault, match="not waited for"):
            bang.end()
        bang.instruction(SYNC)()
        assert seen == [Effect("t", (n,), n + 1.0) for n in range(4)]
        bang.end()
        with pytest.raises(Fault, match="past the end of an array"):
            bang.instruction(COPY)((chip, 1), (source, 0), 16, direction)
    finally:
        bang.observer = None
        bang.leave()


def test_unknown_instructions_are_refused_by_name() -> None:
    with pytest.raises(Fault, match="no such instruction: _mm512_frobnicate"):
        machine("avx512", "_mm512_frobnicate|f32x16|f32x16")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (BANG, "copy direction"),
        pytest.param(BANG, "instruction length", marks=pytest.mark.slow),
        (STRIDED, "instruction parameter"),
        (AVX512, "wrong instruction"),
    ],
)
def test_errors_of_instructions_are_a_class_of_their_own_and_are_mended(
    name: str, kind: str
) -> None:
    subject, work = given(name)
    (mutant,) = choose(subject, kind, 1, 0)
    broken = mutant.made.program
    location = localise(subject.before, broken, work.seen)
    assert isinstance(location, Location)
    assert location.kind in (INSTRUCTION, "missing", "index")
    found = repair(subject.before, broken, work.seen, work.unseen, location=location, seconds=20)
    assert isinstance(found, Repaired), found
    assert found.location.suspects[0] in mutant.made.places
    assert Tests(subject.before, work.wide).passes(found.program)
