"""Indices that are computed in reals: what arithmetic of sizes and guards say of them."""

from __future__ import annotations

import pytest

from xpiler.ir.parse_c import parse_module
from xpiler.verify.cases.bounds import Access, analyse
from xpiler.verify.cases.geometry import Geometry, assumptions

HEAD = "__global__ void k(const f32 *x, const f32 *p, f32 *y, i32 n, i32 m) {\n"
INDEX = "  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);\n"


def reads(body: str) -> Access:
    """The reads of x with 96 threads, n = 32 and m = 96."""
    module = parse_module(HEAD + INDEX + "  " + body + "\n}")
    given = assumptions(Geometry((3, 1, 1), (32, 1, 1)), {"n": 32, "m": 96})
    return analyse(module, module.kernels[0], given).accesses["x"]


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ("f32 s = (f32)n / (f32)m; y[i] = x[(i32)(s * (f32)i)];", 31),
        (
            "f32 s = (f32)n / (f32)m; f32 f = fmax(s * ((f32)i + 0.5f) - 0.5f, 0.0f); i32 a = (i32)f;"
            " i32 b = a < n - 1 ? a + 1 : a; y[i] = x[a] + x[b];",
            31,
        ),
        ("f32 f = p[i]; if (f >= 0.0f && f < (f32)n) { y[i] = x[(i32)f]; }", 32),
        ("f32 f = p[i]; f = fmin(fmax(f, 0.0f), 9.0f); y[i] = x[(i32)floor(f)];", 9),
        ("f32 f = p[i]; f = f < 2.0f ? 2.0f : (f > 7.0f ? 7.0f : f); y[i] = x[(i32)f];", 7),
        ("f32 f = sqrt((f32)i); y[i] = x[(i32)f];", 9),
        ("f32 f = sin((f32)i) * 4.0f + 4.0f; y[i] = x[(i32)f];", 8),
    ],
)
def test_the_last_element_that_is_read(body: str, last: int) -> None:
    found = reads(body)
    assert not found.unknown
    assert found.hi == last
    assert found.lo <= 0 or "2.0f" in body


@pytest.mark.parametrize(
    "body",
    [
        "y[i] = x[(i32)p[i]];",
        "f32 f = p[i]; if (f > 0.0f) { y[i] = x[(i32)f]; }",
        "y[i] = x[(i32)((f32)n / ((f32)i - 3.0f))];",
        "f32 f = 1.0f; while (f < p[i]) { f = f * 2.0f; } y[i] = x[(i32)f];",
    ],
)
def test_what_data_decides_stays_unknown(body: str) -> None:
    assert reads(body).unknown
