"""Repair: every kind of change on a small program, and what is no repair."""

from __future__ import annotations

import pytest

from tests.synth.programs import (
    GUARDED,
    LOOP,
    REVERSED,
    ROWS,
    SPLIT,
    guarded_inputs,
    loop_inputs,
    program,
    reversed_inputs,
    row_inputs,
)
from xpiler.ir.nodes import If
from xpiler.ir.print_c import print_module
from xpiler.synth.locate.trace import Inputs
from xpiler.synth.repair.guards import guarded
from xpiler.synth.repair.mend import mend
from xpiler.synth.repair.search import NoRepair, Repaired, repair
from xpiler.synth.scope import integers

ROW_INPUTS, ROW_UNSEEN = row_inputs((3, 4), (2, 5)), row_inputs((5, 3), (1, 7), (4, 4))
LOOP_INPUTS, LOOP_UNSEEN = loop_inputs(6, 17), loop_inputs(1, 4, 13)
GUARDED_INPUTS, GUARDED_UNSEEN = guarded_inputs(6, 17), guarded_inputs(1, 4, 13)


def mended(before: str, after: str, inputs: tuple[Inputs, ...], unseen: tuple[Inputs, ...]) -> str:
    found = repair(program(before), program(after), inputs, unseen)
    assert isinstance(found, Repaired), found
    return print_module(found.program)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("c < cols;", "c < cols - 1;"),
        ("c = 0;", "c = 1;"),
        ("r * cols + c", "r * cols + c + 1"),
        ("r * cols + c", "r * rows + c"),
        ("r * cols + c", "c * cols + r"),
        ("y[r] = sum", "y[r + 1] = sum"),
        ("sum = 0.0f", "sum = 1.0f"),
        ("sum += x", "sum -= x"),
        ("sum += x[r", "sum += y[r"),
        ("y[r] = sum", "y[r] = (f32)(f16)sum"),
    ],
)
def test_rows(right: str, wrong: str) -> None:
    broken = ROWS.replace(right, wrong)
    assert broken != ROWS
    assert mended(ROWS, broken, ROW_INPUTS, ROW_UNSEEN) == print_module(program(ROWS))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("if (i < n)", "if (i <= n)"),
        ("if (i < n)", "if (i < n - 1)"),
        ("if (i < n) {\n    y[i] = x[i] + 1.0f;\n  }", "y[i] = x[i] + 1.0f;"),
        ("blockIdx.x * 4", "blockIdx.x * 3"),
    ],
)
def test_guards_and_places_of_threads(right: str, wrong: str) -> None:
    broken = GUARDED.replace(right, wrong)
    assert broken != GUARDED
    text = mended(GUARDED, broken, GUARDED_INPUTS, GUARDED_UNSEEN)
    assert text == print_module(program(GUARDED))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("(n + 3) / 4", "n / 4"),
        ("u < 4;", "u < 3;"),
        ("t * 4 + u", "t * 4 + u + 1"),
        ("t * 4 + u", "u * 4 + t"),
        ("t * 4 + u", "t * 3 + u"),
    ],
)
def test_what_the_predecessor_does_not_have_is_solved_or_guessed(right: str, wrong: str) -> None:
    broken = SPLIT.replace(right, wrong)
    assert broken != SPLIT
    found = repair(program(LOOP), program(broken), LOOP_INPUTS, LOOP_UNSEEN)
    assert isinstance(found, Repaired), found


def test_missing_barrier() -> None:
    broken = REVERSED.replace("  __syncthreads();\n", "")
    text = mended(REVERSED, broken, reversed_inputs(), reversed_inputs())
    assert text == print_module(program(REVERSED))


def test_misplaced_barrier() -> None:
    parts = "  s[t] = x[t];\n  __syncthreads();\n"
    broken = REVERSED.replace(parts, "  __syncthreads();\n  s[t] = x[t];\n")
    text = mended(REVERSED, broken, reversed_inputs(), reversed_inputs())
    assert "s[t] = x[t];\n  __syncthreads();\n  y[t]" in text


def test_a_repair_that_over_fits_is_rejected_by_unseen_inputs() -> None:
    broken = program(SPLIT.replace("(n + 3) / 4", "n / 4"))
    # on six elements the constant 2 would do as well as the right bound
    seen = loop_inputs(6)
    naive = repair(program(LOOP), broken, seen, ())
    careful = repair(program(LOOP), broken, seen, loop_inputs(1, 4, 13, 30))
    assert isinstance(naive, Repaired)
    assert isinstance(careful, Repaired)
    assert naive.program != careful.program
    assert careful.tried > naive.tried
    rest = repair(program(LOOP), careful.program, loop_inputs(17, 40), ())
    assert isinstance(rest, NoRepair)
    assert rest.reason == "the two agree on all inputs"


def test_two_errors_at_once_are_refused_with_the_reason() -> None:
    broken = program(ROWS.replace("c = 0;", "c = 1;").replace("sum += x", "sum -= x"))
    found = repair(program(ROWS), broken, ROW_INPUTS, ROW_UNSEEN)
    assert isinstance(found, NoRepair)
    assert found.reason == "no small change helps"
    assert found.location is not None


def test_out_of_time_is_no_repair() -> None:
    broken = program(ROWS.replace("c < cols;", "c < cols - 1;"))
    found = repair(program(ROWS), broken, ROW_INPUTS, ROW_UNSEEN, seconds=0.0)
    assert isinstance(found, NoRepair)
    assert found.reason == "out of time"


def test_mend_finds_its_own_inputs() -> None:
    found = mend(program(GUARDED), program(GUARDED.replace("i < n)", "i < n - 1)")))
    assert found == program(GUARDED)


PLANE = """
launch_facts(blockDim.x = 4, blockDim.y = 4, blockDim.z = 1)
__global__ void k(const f32 *x, f32 *y, i32 rows, i32 cols) {
  i32 c = (i32)blockIdx.x * 4 + (i32)threadIdx.x;
  i32 r = (i32)blockIdx.y * 4 + (i32)threadIdx.y;
  if ((r < rows) && (c < cols)) {
    f32 v = x[r * cols + c];
    y[r * cols + c] = v * 2.0f;
  }
}
"""
UNGUARDED_PLANE = """
launch_facts(blockDim.x = 4, blockDim.y = 4, blockDim.z = 1)
__global__ void k(const f32 *x, f32 *y, i32 rows, i32 cols) {
  i32 c = (i32)blockIdx.x * 4 + (i32)threadIdx.x;
  i32 r = (i32)blockIdx.y * 4 + (i32)threadIdx.y;
  f32 v = x[r * cols + c];
  y[r * cols + c] = v * 2.0f;
}
"""


def plane_inputs(*shapes: tuple[int, int]) -> tuple[Inputs, ...]:
    return tuple(
        Inputs(
            {
                "x": [1.5 + k for k in range(rows * cols)],
                "y": [-1.0] * (rows * cols),
                "rows": rows,
                "cols": cols,
            },
            ((cols + 3) // 4, (rows + 3) // 4, 1),
            (4, 4, 1),
        )
        for rows, cols in shapes
    )


def test_a_lost_guard_of_two_limits_is_found_without_the_predecessors_text() -> None:
    inputs, unseen = plane_inputs((3, 5), (6, 2)), plane_inputs((4, 4), (7, 9))
    found = repair(program(PLANE), program(UNGUARDED_PLANE), inputs, unseen, borrow=False)
    assert isinstance(found, Repaired), found
    right = print_module(program(PLANE))
    exchanged = right.replace("(r < rows) && (c < cols)", "(c < cols) && (r < rows)")
    assert print_module(found.program) in (right, exchanged)


def test_a_value_that_is_read_later_does_not_go_under_a_guard_alone() -> None:
    broken = program(UNGUARDED_PLANE)
    changed = [
        c.program for c in guarded(broken, (2,), integers(broken, (2,))) if c.what == "a guard"
    ]
    assert changed
    assert all(isinstance(one.kernels[0].body[-1], If) for one in changed)
