"""Rows of a thread block together in registers: what becomes of a matrix product, and what is left alone."""

from __future__ import annotations

import pytest

from tests.backends.avx512.support import loops
from xpiler.backends.avx512.passes.cache import PACK, PASS, ROWS
from xpiler.ir.check import check
from xpiler.ir.interpret import interpret
from xpiler.ir.nodes import Module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, Context, NotApplicable

PARAMS = "const f32 *a, const f32 *b, f32 *c, i32 m, i32 n, i32 k"
PRODUCT = """
parallel(thread.y) for (i32 ty = 0; ty < 8; ty += 1) {
  parallel(thread.x) for (i32 tx = 0; tx < 4; tx += 1) {
    if ((ty < m) && (tx < n)) {
      f32 sum = 0.0f;
      for (i32 i = 0; i < k; i += 1) { sum = sum + a[ty * k + i] * b[i * n + tx]; }
      c[ty * n + tx] = sum;
    }
  }
}
"""


def cached(body: str, rows: int = 4) -> Applied | NotApplicable:
    outcome = PASS.rewrite(loops(body, PARAMS), Context(knobs={ROWS.name: rows}))
    assert isinstance(outcome, Applied | NotApplicable)
    return outcome


def computed(module: Module, m: int, n: int, k: int) -> list[float]:
    a = [float((3 * i) % 11 - 5) for i in range(m * k)]
    b = [float((5 * i) % 7 - 3) for i in range(k * n)]
    arguments: dict[str, object] = {"a": a, "b": b, "c": [99.0] * (m * n), "m": m, "n": n, "k": k}
    interpret(module, arguments, (1, 1, 1), (4, 8, 1))
    result = arguments["c"]
    assert isinstance(result, list)
    return result


@pytest.mark.parametrize(("m", "n", "k"), [(8, 4, 6), (7, 3, 5), (1, 4, 3), (5, 1, 0)])
@pytest.mark.parametrize("rows", [2, 4, 8])
def test_the_product_stays_the_same(rows: int, m: int, n: int, k: int) -> None:
    outcome = cached(PRODUCT, rows)
    assert isinstance(outcome, Applied)
    assert check(outcome.program) == ()
    assert computed(outcome.program, m, n, k) == computed(loops(PRODUCT, PARAMS), m, n, k)


def test_rows_are_side_by_side() -> None:
    outcome = cached(PRODUCT)
    assert isinstance(outcome, Applied)
    text = print_module(outcome.program)
    assert "ty += 4" in text
    assert text.count("f32 b_i_1 = b[i_1 * n + tx];") == 1
    assert text.count("* b_i_1;") == 4


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("ty < 8", "ty < m", "is not known"),
        ("ty < 8", "ty < 5", "no multiple of 2"),
        ("i < k", "i < ty", "differ between rows"),
        ("b[i * n + tx]", "b[i * n + ty]", "nothing in common"),
        (
            "c[ty * n + tx] = sum;",
            "for (i32 j = 0; j < k; j += 1) { sum = sum + a[j]; }",
            "not one inner loop",
        ),
        ("sum = sum +", "c[tx] = 0.0f; sum = sum +", "does more than compute"),
        ("ty < m", "a[ty] < 1.0f", "guarded by memory"),
    ],
)
def test_refusals(old: str, new: str, reason: str) -> None:
    assert old in PRODUCT
    outcome = cached(PRODUCT.replace(old, new, 1))
    assert isinstance(outcome, NotApplicable)
    assert reason in outcome.reason


BLOCKS = """
parallel(task) for (i32 by = 0; by < (i32)gridDim.y; by += 1) {
  parallel(task) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {
    parallel(thread.y) for (i32 ty = 0; ty < 2; ty += 1) {
      parallel(thread.x) for (i32 tx = 0; tx < 8; tx += 1) {
        i32 row = by * 2 + ty;
        i32 col = bx * 8 + tx;
        if ((row < m) && (col < n)) {
          f32 sum = 0.0f;
          for (i32 i = 0; i < k; i += 1) { sum = sum + a[row * k + i] * b[i * n + col]; }
          c[row * n + col] = sum;
        }
      }
    }
  }
}
"""


def product(module: Module, m: int, n: int, k: int) -> list[float]:
    """The matrix product by a grid that covers it."""
    a = [float((3 * i) % 11 - 5) for i in range(m * k)]
    b = [float((5 * i) % 7 - 3) for i in range(k * n)]
    arguments: dict[str, object] = {"a": a, "b": b, "c": [99.0] * (m * n), "m": m, "n": n, "k": k}
    interpret(module, arguments, (-(-n // 8), -(-m // 2), 1), (8, 2, 1))
    result = arguments["c"]
    assert isinstance(result, list)
    return result


@pytest.mark.parametrize("size", [(2, 8, 3), (5, 9, 4), (40, 100, 2), (35, 66, 5), (1, 1, 0)])
def test_columns_go_through_panels(size: tuple[int, int, int]) -> None:
    """What lies beyond a matrix is not read: the interpreter would refuse it."""
    outcome = cached(BLOCKS)
    assert isinstance(outcome, Applied)
    assert outcome.notes[0] == "'b' in panels of 4096 x 8"
    assert check(outcome.program) == ()
    assert product(outcome.program, *size) == product(loops(BLOCKS, PARAMS), *size)


def test_a_product_that_is_too_deep_keeps_its_program() -> None:
    shallow = cached(BLOCKS)
    assert isinstance(shallow, Applied)
    text = print_module(shallow.program)
    assert "if (k <= 4096)" in text
    assert text.count("* b[i") > 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("row < m", "row > m"),  # the first row may be one that does not read
        ("row < m", "row != m"),
        ("row < m", "m - row > 0"),
        ("row < m", "row < m - ty"),
        ("b[i * n + col]", "b[col * k + i]"),  # no column
        ("b[i * n + col]", "b[i * n + col + row]"),
        ("b[i * n + col]", "c[i * n + col]"),  # written
        ("i < k", "i < k + bx"),
    ],
)
def test_no_panel(old: str, new: str) -> None:
    assert old in BLOCKS
    outcome = cached(BLOCKS.replace(old, new, 1))
    assert not isinstance(outcome, Applied) or "panels" not in " ".join(outcome.notes)


def test_the_knob_turns_panels_off() -> None:
    outcome = PASS.rewrite(loops(BLOCKS, PARAMS), Context(knobs={PACK.name: False}))
    assert not isinstance(outcome, Applied) or "panels" not in " ".join(outcome.notes)


DOTS = """
parallel(thread.y) for (i32 ty = 0; ty < 8; ty += 1) {
  parallel(thread.x) for (i32 tx = 0; tx < 4; tx += 1) {
    i32 row = ty + 1;
    i32 col = tx + 1;
    if ((row <= m) && (col <= n)) {
      i32 sum = ty;
      for (i32 i = 0; i < k; i += 1) {
        i32 x = (i32)a[(row - 1) * k + i];
        sum = sum + x * (i32)b[(col - 1) * k + i];
      }
      c[ty * n + tx] = sum;
    }
  }
}
"""
DOT_PARAMS = "const i8 *a, const i8 *b, i32 *c, i32 m, i32 n, i32 k"


def dots(module: Module, m: int, n: int, k: int) -> list[int]:
    a = [(37 * i) % 256 - 128 for i in range(m * k)]
    b = [(91 * i) % 256 - 128 for i in range(n * k)]
    arguments: dict[str, object] = {"a": a, "b": b, "c": [99] * (m * n), "m": m, "n": n, "k": k}
    interpret(module, arguments, (1, 1, 1), (4, 8, 1))
    result = arguments["c"]
    assert isinstance(result, list)
    return result


@pytest.mark.parametrize("size", [(8, 4, 6), (7, 4, 5), (8, 3, 2), (1, 1, 4), (5, 2, 0)])
def test_sums_that_go_onto_lanes_of_their_own_loop_share_rows_and_columns(
    size: tuple[int, int, int],
) -> None:
    """What lies beyond a matrix is not read: the interpreter would refuse it."""
    outcome = PASS.rewrite(loops(DOTS, DOT_PARAMS), Context())
    assert isinstance(outcome, Applied)
    assert check(outcome.program) == ()
    assert outcome.notes == ("4 rows of 'ty' and 4 columns of 'tx' together in loop 'i'",)
    assert dots(outcome.program, *size) == dots(loops(DOTS, DOT_PARAMS), *size)


def test_a_square_reads_each_operand_once_and_says_each_thing_once() -> None:
    outcome = PASS.rewrite(loops(DOTS, DOT_PARAMS), Context())
    assert isinstance(outcome, Applied)
    text = print_module(outcome.program).split("else")[0]
    assert text.count("i32 sum") == 16
    assert text.count(" = a[") == 4
    assert text.count(" = b[") == 4
    assert text.count("i32 row") == 4
    assert text.count("<= m") == 4


@pytest.mark.parametrize(("old", "new"), [("tx < 4", "tx < 6"), ("ty < 8", "ty < 6")])
def test_a_square_that_does_not_divide_the_block_is_left_to_tensorize(old: str, new: str) -> None:
    outcome = PASS.rewrite(loops(DOTS.replace(old, new), DOT_PARAMS), Context())
    assert isinstance(outcome, NotApplicable)
    assert "go onto lanes of that loop" in outcome.reason


def test_a_head_that_a_thread_changes_stays_its_own() -> None:
    body = DOTS.replace("i32 sum = ty;", "row = row + 0; i32 sum = row;")
    outcome = PASS.rewrite(loops(body, DOT_PARAMS), Context())
    if isinstance(outcome, Applied):
        assert dots(outcome.program, 7, 4, 5) == dots(loops(body, DOT_PARAMS), 7, 4, 5)


LINE = """
parallel(thread.x) for (i32 t = 0; t < 128; t += 1) {
  if (t < 64) {
    f32 s = 0.0f;
    for (i32 j = 0; j < n; j += 1) { s = s + w[j] * a[j * 64 + t]; }
    c[t] = s;
  }
}"""

LINE_PARAMS = "const f32 *w, const f32 *a, f32 *c, i32 n"


def test_registers_along_one_line_of_threads_are_side_by_side() -> None:
    outcome = PASS.rewrite(loops(LINE, LINE_PARAMS), Context())
    assert isinstance(outcome, Applied)
    text = print_module(outcome.program)
    assert text.count("w[j") == 1
    assert "t_lane < 16" in text
    assert "48 + t_lane" in text
    assert "if (" not in text


def test_a_line_of_threads_with_nothing_in_common_is_left() -> None:
    own = LINE.replace("w[j]", "w[t]")
    outcome = PASS.rewrite(loops(own, LINE_PARAMS), Context())
    assert isinstance(outcome, NotApplicable)
