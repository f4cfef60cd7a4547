"""Loop contraction: the producer into the consumer's loop."""

from __future__ import annotations

from textwrap import dedent

from tests.passes.helpers import refusal, transformed
from xpiler.passes.loop_contraction import PASS


def pair(first: str, second: str, range_: str = "0; j < n") -> str:
    return (
        f"for (i32 i = 0; i < n; i += 1) {{ {first} }}\n"
        f"for (i32 j = {range_}; j += 1) {{ {second} }}"
    )


def test_elementwise() -> None:
    after = transformed(PASS, pair("y[i] = x[i];", "z[j] = y[j];"))
    assert after == dedent("""\
        for (i32 i = 0; i < n; i += 1) {
          y[i] = x[i];
          z[i] = y[i];
        }
        """)


def test_the_consumer_may_look_back() -> None:
    transformed(PASS, pair("y[i] = x[i];", "if (j > 0) { z[j] = y[j - 1]; }"))


def test_refusals() -> None:
    assert "may meet" in refusal(PASS, pair("y[i] = x[i];", "z[j] = y[j + 1];"))
    assert "may meet" in refusal(PASS, pair("y[i] = x[i];", "z[j] = y[n - 1 - j];"))
    assert refusal(PASS, pair("y[i] = x[i];", "z[j] = y[j];", "0; j < m")) == (
        "no two adjacent loops over one range"
    )
    total = "f32 s = 0.0f;\n" + pair("s += x[i];", "z[j] = s;")
    assert "is assigned in one loop and used in the other" in refusal(PASS, total)
