"""Loop split: exact remainders, what it refuses."""

from __future__ import annotations

from textwrap import dedent

from tests.passes.helpers import refusal, transformed
from xpiler.passes.loop_split import PASS


def test_with_a_remainder() -> None:
    after = transformed(PASS, "for (i32 i = 0; i < n; i += 1) { y[i] = x[i]; }", factor=8)
    assert after == dedent("""\
        for (i32 i_tile = 0; i_tile < n / 8; i_tile += 1) {
          for (i32 i_in = 0; i_in < 8; i_in += 1) {
            i32 i = i_tile * 8 + i_in;
            y[i] = x[i];
          }
        }
        for (i32 i_rest = n / 8 * 8; i_rest < n; i_rest += 1) {
          y[i_rest] = x[i_rest];
        }
        """)


def test_no_remainder_when_the_factor_divides() -> None:
    after = transformed(PASS, "for (i32 i = 0; i < 64; i += 1) { y[i] = x[i]; }", factor=16)
    assert "i_rest" not in after
    assert "i_tile < 4" in after or "i_tile < 64 / 16" in after


def test_locals_of_the_copied_body_are_renamed() -> None:
    after = transformed(
        PASS, "for (i32 i = 0; i < n; i += 1) { f32 v = x[i]; y[i] = v * v; }", factor=8
    )
    assert "f32 v_1 = x[i_rest];" in after


def test_refusals() -> None:
    assert "left early" in refusal(
        PASS, "for (i32 i = 0; i < n; i += 1) { if (i == m) { break; } y[i] = 0.0f; }"
    )
    assert "step by 1" in refusal(PASS, "for (i32 i = 0; i < n; i += 2) { y[i] = 0.0f; }")
    assert "bound to thread.x" in refusal(
        PASS, "parallel(thread.x) for (i32 i = 0; i < n; i += 1) { y[i] = 0.0f; }"
    )
    assert refusal(PASS, "y[0] = x[0];") == "no loop"
