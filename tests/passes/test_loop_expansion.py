"""Loop expansion: the body over two loops."""

from __future__ import annotations

from textwrap import dedent

from tests.passes.helpers import refusal, transformed
from xpiler.passes.loop_expansion import PASS


def test_two_statements() -> None:
    after = transformed(PASS, "for (i32 i = 0; i < n; i += 1) { y[i] = x[i]; z[i] = y[i]; }")
    assert after == dedent("""\
        for (i32 i = 0; i < n; i += 1) {
          y[i] = x[i];
        }
        for (i32 i_1 = 0; i_1 < n; i_1 += 1) {
          z[i_1] = y[i_1];
        }
        """)


def test_a_later_cut_is_taken_when_the_first_is_illegal() -> None:
    after = transformed(
        PASS, "for (i32 i = 0; i < n; i += 1) { f32 v = x[i]; y[i] = v; z[i] = x[i]; }"
    )
    assert after.count("for (") == 2


def test_refusals() -> None:
    backward = "for (i32 i = 0; i < n; i += 1) { z[i] = y[i]; y[i + 1] = x[i]; }"
    assert "may meet" in refusal(PASS, backward)
    local = "for (i32 i = 0; i < n; i += 1) { f32 v = x[i]; y[i] = v; }"
    assert refusal(PASS, local) == "'v' is used on both sides"
    scalar = "f32 s = 0.0f;\nfor (i32 i = 0; i < n; i += 1) { s += x[i]; y[i] = s; }"
    assert "assigned on one side" in refusal(PASS, scalar)
