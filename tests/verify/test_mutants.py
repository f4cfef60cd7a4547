"""Every wrong program is rejected, every equal one accepted: the verifier is tested by what it is for.

The mutants of a program are compiled together, as stages of one translation unit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.verify.mutants import KINDS, Mutant, mutants
from tests.verify.programs import PROGRAMS, program
from xpiler.ir.nodes import Module
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.infer_bare import infer_bare
from xpiler.verify.check import check_program, double_reference, program_runner
from xpiler.verify.evidence import Evidence, Refuted
from xpiler.verify.evidence import Tested as Passed
from xpiler.verify.judge import judge
from xpiler.verify.observe import Settings, observe
from xpiler.verify.plan import KernelCheck

SECONDS = 2

SAME_VALUE = "every thread that writes holds the same value"
INVARIANT = "softmax is the same whatever number near the maximum is subtracted"
ZERO = "the other factor is zero there"
PADDED = "the further tiles are all zero"

# Mutants that compute the same, and why. Whatever is not in this table has to be rejected.
EQUIVALENT: dict[tuple[str, str], str] = {
    ("block_sum", "guard: tid == 0 -> tid != 0"): SAME_VALUE,
    ("block_sum", "guard: tid == 0 dropped"): SAME_VALUE,
    ("histogram", "guard: local[c] > 0u -> local[c] >= 0u"): "adding zero changes nothing",
    ("histogram", "guard: local[c] > 0u dropped"): "adding zero changes nothing",
    ("matmul", "bound: for (i32 t = 0; t < (K + 15) / 16; t += 1) { hi + 1"): PADDED,
    ("matmul", "stride: for (i32 t = 0; t < (K + 15) / 16; t += 1) {: 15 -> 16"): PADDED,
    (
        "matmul",
        "operator: for (i32 t = 0; t < (K + 15) / 16; t += 1) {: (K + 15) / 16 -> (K + 15) * 16",
    ): PADDED,
    (
        "matmul",
        "initial: As[ty][tx] = (row < M) && (t * 16 + tx < K) ? A[row * K + t * 16 + tx] : 0.0f;: "
        "(row < M) && (t * 16 + tx < K) ? A[row * K + t * 16 + tx] : 0.0f -> "
        "(row < M) && (t * 16 + tx < K) ? A[row * K + t * 16 + tx] : 1.5f",
    ): ZERO,
    (
        "matmul",
        "initial: Bs[ty][tx] = (col < N) && (t * 16 + ty < K) ? B[(t * 16 + ty) * N + col] : 0.0f;: "
        "(col < N) && (t * 16 + ty < K) ? B[(t * 16 + ty) * N + col] : 0.0f -> "
        "(col < N) && (t * 16 + ty < K) ? B[(t * 16 + ty) * N + col] : 1.5f",
    ): ZERO,
    ("scan", "initial: i32 cur = 0; -> 1"): "the two halves of the buffer change places",
    ("scan", "bound: while (offset <= 64)"): "the round at 64 only copies",
    ("softmax", "initial: f32 top = -3.4028235e+38f; -> -1.5"): INVARIANT,
    ("softmax", "stride: for (i32 i = tid; i < cols; i += 64) {: 64 -> 65"): INVARIANT,
    ("softmax", "narrowed: top = fmax(top, x[base + i]);"): INVARIANT,
    ("softmax", "narrowed: red[tid] = top;"): INVARIANT,
    ("softmax", "narrowed: red[tid] = fmax(red[tid], red[tid + s]);"): INVARIANT,
    (
        "warp_sum",
        "stride: other = __shfl_down_sync(0xffffffffu, value, delta, 32);: 32 -> 33",
    ): "only lane 0 is used, and what it reads lies below either width",
    ("warp_sum", "initial: f32 other = 0.0f; -> -1.5"): "it is overwritten before it is read",
}


def case_of(module: Module) -> Case:
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case), case
    return case


def verdicts(module: Module, wrong: list[Mutant]) -> list[Evidence]:
    """Evidence for each mutant against the one observation of the program."""
    runner = program_runner([module, *(m.program for m in wrong)])
    runner.seconds = SECONDS
    assert runner.prepare() is None
    check = KernelCheck(runner.entries[0], module, (case_of(module),))
    seen = observe(runner, check, Settings())
    assert not seen.unusable
    found: list[Evidence] = []
    for entry in runner.entries[1:]:
        theirs = replace(seen, check=replace(check, entry=entry))
        found.append(judge(runner, theirs, double_reference, Settings()))
    return found


def survivors(name: str, every: int = 1) -> list[str]:
    module = program(name)
    wrong = [m for m in mutants(module) if (name, m.label) not in EQUIVALENT][::every]
    found = verdicts(module, wrong)
    return [m.label for m, e in zip(wrong, found, strict=True) if not isinstance(e, Refuted)]


def test_there_are_enough_of_every_kind() -> None:
    kinds = Counter(m.kind for name in PROGRAMS for m in mutants(program(name)))
    assert set(kinds) == set(KINDS)
    assert sum(kinds.values()) >= 600
    assert min(kinds.values()) >= 10


def test_the_table_of_equivalents_has_no_stale_rows() -> None:
    existing = {(name, m.label) for name in PROGRAMS for m in mutants(program(name))}
    assert not EQUIVALENT.keys() - existing


@pytest.mark.parametrize("name", ["vector_add", "transpose"])
def test_some_mutants_are_rejected(name: str) -> None:
    assert not survivors(name, every=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_all_mutants_are_rejected(name: str) -> None:
    assert not survivors(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_equal_programs_are_accepted(name: str) -> None:
    module = program(name)
    found = check_program(module, module, (case_of(module),))
    assert isinstance(found, Passed), found
