"""Proofs for all sizes: right steps are proved, and no wrong bound, stride, offset or guard ever is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpiler.ir.nodes import Barrier, Module
from xpiler.ir.parse_c import parse_module
from xpiler.passes import loop_fuse, loop_recovery, loop_reorder, loop_split
from xpiler.passes.base import Applied, Context, Pass
from xpiler.synth.proofs.prove import NotProved, prove
from xpiler.synth.repair.solve import Query
from xpiler.verify.evidence import Proved

FACTS = (
    "launch_facts(blockDim.x = 64, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)\n"
)
HEAD = "(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, f32 *y, i32 n, i32 m) {\n"
THREADS = f"""\
{FACTS}__global__ void k(const f32 *x, f32 *y, i32 n, i32 m) {{
  i32 i = (i32)blockIdx.x * 64 + (i32)threadIdx.x;
  if (i < n) {{
    y[i] = x[i] * 2.0f + y[i];
  }}
}}
"""
ROWS = f"""\
{FACTS}__global__ void k(const f32 *x, f32 *y, i32 n, i32 m) {{
  i32 i = (i32)blockIdx.x * 64 + (i32)threadIdx.x;
  if (i < n) {{
    f32 total = 0.0f;
    for (i32 j = 0; j < m; j += 1) {{
      total += x[i * m + j];
    }}
    y[i] = total;
  }}
}}
"""
LINE = f"""\
void k{HEAD}  for (i32 i = 0; i < n; i += 1) {{
    y[i] = x[i] * 2.0f;
  }}
}}
"""
NEST = f"""\
void k{HEAD}  for (i32 i = 0; i < n; i += 1) {{
    for (i32 j = 0; j < 24; j += 1) {{
      y[i * 24 + j] = x[i] + x[j];
    }}
  }}
}}
"""


def rewritten(pass_: Pass, text: str) -> tuple[Module, Module]:
    before = parse_module(text)
    outcome = pass_.rewrite(before, Context())
    assert isinstance(outcome, Applied)
    return before, outcome.program


@pytest.mark.parametrize(
    ("pass_", "text"),
    [
        (loop_recovery.PASS, THREADS),
        (loop_recovery.PASS, ROWS),
        (loop_split.PASS, LINE),
        (loop_fuse.PASS, NEST),
        (loop_reorder.PASS, NEST),
    ],
    ids=["recovery", "recovery of rows", "split", "fuse", "reorder"],
)
def test_right_steps_are_proved(pass_: Pass, text: str) -> None:
    asked: list[Query] = []
    assert isinstance(prove(*rewritten(pass_, text), note=asked.append), Proved)
    assert asked
    assert all(q.smt.startswith("; benchmark") or "(assert" in q.smt for q in asked)


SPLIT = f"""\
void k{HEAD}  for (i32 t = 0; t < n / 8; t += 1) {{
    for (i32 u = 0; u < 8; u += 1) {{
      y[t * 8 + u] = x[t * 8 + u] * 2.0f;
    }}
  }}
  for (i32 r = n / 8 * 8; r < n; r += 1) {{
    y[r] = x[r] * 2.0f;
  }}
}}
"""


def test_a_split_written_by_hand_is_proved() -> None:
    assert isinstance(prove(parse_module(LINE), parse_module(SPLIT)), Proved)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("t < n / 8", "t < n / 8 - 1"),
        ("t < n / 8", "t < n / 8 + 1"),
        ("t = 0", "t = 1"),
        ("u < 8", "u < 7"),
        ("u < 8", "u < 9"),
        ("y[t * 8 + u]", "y[t * 7 + u]"),
        ("y[t * 8 + u]", "y[t * 8 + u + 1]"),
        ("x[t * 8 + u]", "x[t * 8 + u + 1]"),
        ("x[t * 8 + u]", "x[u * 8 + t]"),
        ("r = n / 8 * 8", "r = n / 8 * 8 + 1"),
        ("r < n", "r < n - 1"),
        ("r < n", "r <= n"),
        ("r += 1", "r += 2"),
        ("x[r] * 2.0f", "x[r] * 3.0f"),
        ("x[r] * 2.0f", "x[r] + 2.0f"),
        ("x[r] * 2.0f", "y[r] * 2.0f"),
        ("  for (i32 r = n / 8 * 8; r < n; r += 1) {\n    y[r] = x[r] * 2.0f;\n  }\n", ""),
    ],
)
def test_wrong_splits_are_not_proved(old: str, new: str) -> None:
    assert SPLIT.count(old) >= 1
    wrong = parse_module(SPLIT.replace(old, new, 1))
    assert isinstance(prove(parse_module(LINE), wrong), NotProved)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bx < (i32)gridDim.x", "bx < (i32)gridDim.x - 1"),
        ("tx < 64", "tx < 63"),
        ("bx * 64", "bx * 32"),
        ("i < n", "i <= n"),
        ("i < n", "i < m"),
        ("j < m", "j < n"),
        ("j = 0", "j = 1"),
        ("i * m + j", "j * m + i"),
        ("total = 0.0f", "total = 1.0f"),
        ("y[i] = total", "y[i + 1] = total"),
        ("total += ", "total -= "),
    ],
)
def test_wrong_recoveries_are_not_proved(old: str, new: str) -> None:
    from xpiler.ir.print_c import print_module

    before, after = rewritten(loop_recovery.PASS, ROWS)
    text = print_module(after)
    assert old in text
    assert isinstance(prove(before, parse_module(text.replace(old, new, 1))), NotProved)


def test_iterations_that_meet_are_not_proved_even_of_the_same_program() -> None:
    """A prefix sum in place: the order matters, and an unordered reading would be another program."""
    scan = parse_module(LINE.replace("x[i] * 2.0f", "y[i - 1] + x[i]").replace("i = 0", "i = 1"))
    text = LINE.replace("x[i] * 2.0f", "y[i - 1] + x[i]").replace("i = 0", "i = 1")
    found = prove(scan, parse_module(text.replace("for (", "parallel(task) for (")))
    assert isinstance(found, NotProved)
    assert "may meet in 'y'" in found.reason


def test_what_cannot_be_taken_apart_is_said() -> None:
    shared = parse_module(
        f"{FACTS}__global__ void k(const f32 *x, f32 *y, i32 n, i32 m) {{\n"
        "  __shared__ f32 s[64];\n  s[threadIdx.x] = x[threadIdx.x];\n  __syncthreads();\n"
        "  y[threadIdx.x] = s[63u - threadIdx.x];\n}\n"
    )
    other = [s for s in shared.kernels[0].body if not isinstance(s, Barrier)]
    found = prove(shared, replace(shared, kernels=(replace(shared.kernels[0], body=tuple(other)),)))
    assert isinstance(found, NotProved)
    assert "in shared memory" in found.reason


def test_no_time_is_no_proof() -> None:
    assert prove(*rewritten(loop_split.PASS, LINE), seconds=0.0) == NotProved("out of time")


@pytest.mark.slow
def test_no_mutant_that_differs_is_proved() -> None:
    """The errors of the repair benchmark in steps that are proved when they are right."""
    from benchmarks.repair.corpus import subjects
    from benchmarks.repair.measure import KINDS, choose, workload
    from xpiler.synth.locate.outcome import Tests

    wrong = 0
    for subject in subjects(("vector_add:vector_add/loop_split",)):
        assert isinstance(prove(subject.before, subject.after), Proved), subject.name
        tests = Tests(subject.before, workload(subject).wide)
        for kind in KINDS:
            for mutant in choose(subject, kind, 1, 0):
                if not tests.passes(mutant.made.program):
                    wrong += 1
                    found = prove(subject.before, mutant.made.program, 3.0)
                    assert isinstance(found, NotProved), (kind, mutant.made.what)
    assert wrong >= 8
