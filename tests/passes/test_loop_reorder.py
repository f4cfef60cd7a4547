"""Loop reorder: interchange only what no dependence forbids."""

from __future__ import annotations

from tests.passes.helpers import refusal, transformed
from xpiler.passes.loop_reorder import PASS


def nest(body: str, inner: str = "0; j < m") -> str:
    return f"for (i32 i = 0; i < n; i += 1) {{ for (i32 j = {inner}; j += 1) {{ {body} }} }}"


def test_independent_iterations() -> None:
    after = transformed(PASS, nest("y[j] += x[i * m + j];"))
    assert after.startswith("for (i32 j = 0; j < m; j += 1) {\n  for (i32 i = 0;")


def test_a_shift_along_both_axes_in_one_direction_is_legal() -> None:
    transformed(
        PASS,
        nest("if (i > 0 && j > 0 && m == 8 && j < 8) { y[i * 8 + j] = y[(i - 1) * 8 + j - 1]; }"),
    )


def test_refusals() -> None:
    skewed = "if (i > 0 && j < 7) { y[i * 8 + j] = y[(i - 1) * 8 + j + 1]; }"
    assert "may meet" in refusal(PASS, nest(skewed, "0; j < 8"))
    assert "depend on 'i'" in refusal(PASS, nest("y[j] = 0.0f;", "i; j < m"))
    scalar = "f32 s = 0.0f;\n" + nest("s += x[i * m + j];")
    assert "outlives" in refusal(PASS, scalar)
    assert "may meet" in refusal(PASS, nest("y[0] = x[i * m + j];"))
