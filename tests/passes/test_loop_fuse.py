"""Loop fuse: a perfect nest becomes one loop."""

from __future__ import annotations

from textwrap import dedent

from tests.passes.helpers import refusal, transformed
from xpiler.passes.loop_fuse import PASS


def test_a_rectangular_nest() -> None:
    after = transformed(
        PASS,
        "for (i32 i = 0; i < 4; i += 1) { for (i32 j = 1; j < m; j += 1) { y[i * m + j] = 0.0f; } }",
    )
    assert after == dedent("""\
        for (i32 i_j = 0; i_j < 4 * max(m - 1, 0); i_j += 1) {
          i32 i = i_j / max(m - 1, 0);
          i32 j = 1 + i_j % max(m - 1, 0);
          y[i * m + j] = 0.0f;
        }
        """)


def test_refusals() -> None:
    triangular = (
        "for (i32 i = 0; i < n; i += 1) { for (i32 j = 0; j < i; j += 1) { y[j] = 0.0f; } }"
    )
    assert refusal(PASS, triangular) == "the bounds of 'j' depend on 'i'"
    early = "for (i32 i = 0; i < n; i += 1) { for (i32 j = 0; j < m; j += 1) { if (j == n) { break; } } }"
    assert "left early" in refusal(PASS, early)
    assert refusal(PASS, "for (i32 i = 0; i < n; i += 1) { y[i] = 0.0f; }") == (
        "no perfect nest of two loops"
    )
