"""Composite vector functions against double precision: errors in ulp, and the special values."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.backends.bang.simulate import Array, build, written
from xpiler.backends.bang.composites import COMPOSITES, with_dependencies

N = 4096
OF_FLOATS = ("xp_exp", "xp_div", "xp_fma", "xp_tanh", "xp_erf")
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    math.inf,
    -math.inf,
    math.nan,
    1e-30,
    -1e-30,
    88.7,
    88.75,
    -87.4,
    -103.0,
    -110.0,
]

PROGRAM = """
#include <bang.h>
#include <math.h>
{composites}
static float X[{n}], Y[{n}];
__mlu_entry__ void all(FILE *out) {{
  __nram__ float x[{n}];
  __nram__ float y[{n}];
  __nram__ float z[{n}];
  __nram__ float d[{n}];
  __nram__ float t[6][{n}];
  memcpy(x, X, sizeof x), memcpy(y, Y, sizeof y);
  for (int i = 0; i < {n}; ++i) z[i] = -(X[i] * Y[i]) * (i % 2 ? 1.0f : 0.999f);
{calls}
}}
int main(int, char **argv) {{
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  fread(X, 1, sizeof X, in), fread(Y, 1, sizeof Y, in);
  cnrtDim3_t dim = {{1, 1, 1}};
  all<<<dim, cnrtFuncTypeBlock, nullptr>>>(out);
  fclose(out);
}}
"""


def _inputs() -> tuple[Array, Array]:
    rng = np.random.default_rng(11)
    x = np.concatenate([
        SPECIAL, rng.uniform(-90, 90, 1500), rng.uniform(-5, 5, 1500), rng.standard_normal(N)
    ])[:N].astype(np.float32)  # fmt: skip
    y = (rng.standard_normal(N) * 10.0 ** rng.uniform(-6, 6, N)).astype(np.float32)
    y[20:40] = x[20:40] / np.float32(3)
    return x, y


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Array]:
    folder: Path = tmp_path_factory.mktemp("composites")
    x, y = _inputs()
    names = list(OF_FLOATS)
    calls = []
    for name in names:
        composite = COMPOSITES[name]
        sources = ["x", "y", "z"][: composite.sources]
        scratch = [f"t[{i}]" for i in range(composite.scratch)]
        calls.append(
            f"  {name}({', '.join(['d', *sources, *scratch, str(N)])}); fwrite(d, 1, sizeof d, out);"
        )
    text = "\n".join(COMPOSITES[n].text for n in with_dependencies(set(names)))
    binary = build(PROGRAM.format(composites=text, n=N, calls="\n".join(calls)), folder)
    data = written(binary, (x, y), folder, x)
    return dict(zip(names, data, strict=True))


def _ulps(got: Array, exact: Array) -> Array:
    """Errors in units in the last place of the exact values, rounded to float; normal finite ones only."""
    with np.errstate(over="ignore"):
        near = exact.astype(np.float32)
    use = np.isfinite(near) & (np.abs(near) >= np.float32(2.0**-126))
    return np.abs(got[use].astype(np.float64) - exact[use]) / np.spacing(np.abs(near[use]))


def _fused(x: Array, y: Array) -> Array:
    """x * y + z with the z of the program: nearly all of the product cancels."""
    x, y = x.astype(np.float32), y.astype(np.float32)
    scale = np.where(np.arange(N) % 2, np.float32(1), np.float32(0.999))
    with np.errstate(all="ignore"):
        z = -(x * y) * scale
    return x.astype(np.float64) * y.astype(np.float64) + z.astype(np.float64)


def _same_special(got: Array, exact: Array) -> None:
    with np.errstate(over="ignore"):
        near = exact.astype(np.float32)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(near))
    np.testing.assert_array_equal(np.isinf(got), np.isinf(near))


@pytest.mark.parametrize(
    ("name", "limit"),
    [("xp_exp", 2.0), ("xp_div", 1.0), ("xp_tanh", 4.0), ("xp_erf", 4.0), ("xp_fma", 1.0)],
)
def test_accuracy(results: dict[str, Array], name: str, limit: float) -> None:
    x, y = (a.astype(np.float64) for a in _inputs())
    with np.errstate(all="ignore"):
        exact = {
            "xp_exp": np.exp(x),
            "xp_div": x / y,
            "xp_fma": _fused(x, y),
            "xp_tanh": np.tanh(x),
            "xp_erf": np.array([math.erf(v) for v in x]),
        }[name]
    _same_special(results[name], exact)
    worst = float(_ulps(results[name], exact).max())
    assert worst <= limit


def test_exact_quotients_are_exact(results: dict[str, Array]) -> None:
    x, y = _inputs()
    with np.errstate(all="ignore"):
        quotient = x / y
        exact = np.isfinite(quotient) & (quotient.astype(np.float64) * y == x) & (np.abs(y) > 1e-20)
    assert exact[20:40].any()
    np.testing.assert_array_equal(results["xp_div"][exact], quotient[exact])


def test_the_measure_can_fail() -> None:
    exact = np.array([1.0, 2.0])
    assert _ulps(np.array([1.0, 2.0 + 2**-19], np.float32), exact).max() > 4
