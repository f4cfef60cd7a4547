"""Programs of one shape: what has the same value everywhere is proved the same, whatever the statements are."""

from __future__ import annotations

import pytest

from xpiler.ir.parse_c import parse_module
from xpiler.synth.proofs.prove import IN_STEP, prove
from xpiler.verify.evidence import Proved

FACTS = (
    "launch_facts(blockDim.x = 64, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)\n"
)
TREE = f"""\
{FACTS}__global__ void k(const f32 *x, f32 *y, i32 n, u32 m) {{
  __shared__ f32 s[64];
  i32 t = (i32)threadIdx.x;
  i32 i = (i32)blockIdx.x * 64 + t;
  s[t] = i < n ? x[i] * 2.0f + x[0] : 0.0f;
  __syncthreads();
  for (i32 d = 0; d < 64; d += 8) {{
    if (t < 56) {{
      s[t] = s[t] + s[t + 8];
    }}
    __syncthreads();
  }}
  if (n <= 0) {{
    return;
  }}
  i32 k = t;
  while (k < n) {{
    y[k] = s[t];
    k += 64;
  }}
  if (m - 1u < 8u) {{
    y[m - 1u] = s[0u];
  }}
}}
"""
SAME = [
    ("d < 64", "d < 57"),
    ("d < 64", "d <= 56"),
    ("t + 8]", "8 + t]"),
    ("t < 56", "t <= 55"),
    ("t < 56", "i < (i32)blockIdx.x * 64 + 56"),
    ("x[i] * 2.0f + x[0]", "x[0] + 2.0f * x[i]"),
    ("x[i] * 2.0f", "x[(i + i) / 2] * 2.0f"),
    ("i < n ?", "i + 1 <= n ?"),
    ("(n <= 0)", "(n < 1)"),
    ("k < n) {\n    y[k]", "k < n) {\n    if (n > 0) {\n      y[k] = s[t];\n    }\n    y[k]"),
    ("m - 1u < 8u", "m <= 8u && m != 0u"),
    ("y[m - 1u] = s[0u];", "y[m - 1u] = s[m - m];"),
]
OTHER = [
    ("d < 64", "d < 56"),
    ("d < 64", "d < 65"),
    ("t + 8]", "t + 7]"),
    ("t < 56", "t <= 56"),
    ("t < 56", "i < 56"),
    ("s[t] + s[t + 8]", "s[t] - s[t + 8]"),
    ("x[i] * 2.0f", "x[i / 2 * 2] * 2.0f"),
    ("i < n ?", "i <= n ?"),
    (": 0.0f", ": -0.0f"),
    ("(n <= 0)", "(n < 0)"),
    ("k += 64", "k += 63"),
    ("k < n) {", "i < n) {"),
    ("m - 1u < 8u", "m < 9u"),
    ("m - 1u < 8u", "m <= 8u"),
    ("m - 1u < 8u", "(i32)m - 1 < 8"),
    ("y[m - 1u] = s[0u];", "y[m - 1u] = s[m % 2u];"),
    ("  i32 k = t;", "  i32 k = n;"),
]


def proved(old: str, new: str) -> bool:
    assert old in TREE
    found = prove(parse_module(TREE), parse_module(TREE.replace(old, new, 1)), 10.0)
    assert not isinstance(found, Proved) or found.method == IN_STEP
    return isinstance(found, Proved)


@pytest.mark.parametrize(("old", "new"), SAME)
def test_one_value_in_other_words_is_proved(old: str, new: str) -> None:
    if "y[k] = s[t];\n    }" in new:
        assert not proved(old, new)  # twice the same store is another program
    else:
        assert proved(old, new)


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_another_value_somewhere_is_not(old: str, new: str) -> None:
    assert not proved(old, new)


def test_a_guard_that_always_holds_may_go_and_what_nothing_reaches_may_be_anything() -> None:
    guarded = TREE.replace(
        "    y[k] = s[t];\n", "    if (t < 64 && n > 0) {\n      y[k] = s[t];\n    }\n"
    )
    assert isinstance(prove(parse_module(TREE), parse_module(guarded)), Proved)
    dead = guarded.replace("t < 64", "t < 0")
    assert not isinstance(prove(parse_module(TREE), parse_module(dead)), Proved)
    other = dead.replace("y[k] = s[t]", "y[k + 1] = s[0]")
    assert isinstance(prove(parse_module(dead), parse_module(other)), Proved)


def test_what_a_loop_changes_is_not_what_was_asked_before_it() -> None:
    """A condition on a variable tells nothing once the variable has another value."""
    head = (
        f"{FACTS}__global__ void k(f32 *y, i32 n) {{\n  i32 j = n;\n  if (j == 3) {{\n    j += 1;\n"
    )
    a = head + "    y[j] = 1.0f;\n  }\n}\n"
    b = head + "    y[3] = 1.0f;\n  }\n}\n"
    assert not isinstance(prove(parse_module(a), parse_module(b)), Proved)
    memory = a.replace("i32 j = n;", "i32 j = (i32)y[0];").replace("j += 1", "y[0] = 5.0f")
    other = memory.replace("y[j] = 1.0f", "y[(i32)y[0]] = 1.0f")
    assert not isinstance(prove(parse_module(memory), parse_module(other)), Proved)
