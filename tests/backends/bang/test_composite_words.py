"""Composites on 32-bit words against NumPy: every result is exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.backends.bang.simulate import Array, build, written
from tests.backends.bang.test_composites import OF_FLOATS
from xpiler.backends.bang.composites import COMPOSITES, with_dependencies

N = 1003  # no multiple of anything
LANES = 64
WORDS = (
    "xp_iota",
    "xp_swap",
    "xp_reach",
    "xp_below",
    "xp_shift_right",
    "xp_bfloat162float",
    "xp_float2bfloat16",
)
SHIFTS = (1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31)
DISTANCES = (1, 2, 16, 32)
PROGRAM = """
#include <bang.h>
#include <math.h>
{composites}
static int X[{n}], Y[{n}];
__mlu_entry__ void all(FILE *out) {{
  __nram__ int x[{n}];
  __nram__ int y[{n}];
  __nram__ int d[{n}];
  __nram__ int t[2][{n}];
  __nram__ float f[{n}];
  __nram__ bfloat16_t b[{n}];
  memcpy(x, X, sizeof x), memcpy(y, Y, sizeof y);
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
    """Words of all sizes: the extremes, neighbours of one another, and bits of every float."""
    rng = np.random.default_rng(3)
    x = rng.integers(-(2**31), 2**31, N).astype(np.int32)
    y = rng.integers(-(2**31), 2**31, N).astype(np.int32)
    edges = np.array([0, 1, -1, 2**31 - 1, -(2**31), 2**24, 2**24 + 1, 255, 256, -256], np.int32)
    x[:100], y[:100] = np.repeat(edges, 10), np.tile(edges, 10)
    y[100:300] = x[100:300] + rng.integers(-1, 2, 200).astype(np.int32)
    floats = [0.0, -0.0, np.inf, -np.inf, np.nan, 3.4e38, 1e-42, 1.00390625, 1.01171875, -2.5]
    x[300:310] = np.array(floats, np.float32).view(np.int32)
    return x, y


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Array]:
    folder: Path = tmp_path_factory.mktemp("words")
    x, y = _inputs()
    calls = {
        "iota": f"xp_iota(d, {N});",
        "below": f"xp_below(f, x, y, t[0], t[1], {N}); memcpy(d, f, sizeof d);",
        "from bfloat16": f"memcpy(b, X, sizeof b); xp_bfloat162float(f, b, {N}); memcpy(d, f, sizeof d);",
        "to bfloat16": f"memcpy(f, X, sizeof f); xp_float2bfloat16(b, f, (float *)t[0], (float *)t[1], {N});"
        f" for (int i = 0; i < {N}; ++i) memcpy(&d[i], &b[i], 2), d[i] &= 65535;",
        "reach": f"for (int i = 0; i < {N}; ++i) d[i] = -7, f[i] = i == 20 || i == 23 || i == 40;"
        f" xp_reach(d, X, GDRAM2NRAM, f, (unsigned int *)t[0], {N});",
        "reach nothing": f"for (int i = 0; i < {N}; ++i) d[i] = -7, f[i] = 0;"
        f" xp_reach(d, X, GDRAM2NRAM, f, (unsigned int *)t[0], {N});",
        **{f"shift {k}": f"xp_shift_right(d, x, {k}, t[0], t[1], {N});" for k in SHIFTS},
        **{f"swap {k}": f"xp_swap(d, x, {k}, {LANES});" for k in DISTANCES},
    }
    lines = "\n".join(f"  {call} fwrite(d, 1, sizeof d, out);" for call in calls.values())
    text = "\n".join(COMPOSITES[n].text for n in with_dependencies(set(WORDS)))
    binary = build(PROGRAM.format(composites=text, n=N, calls=lines), folder)
    data = written(binary, (x, y), folder, x)
    return dict(zip(calls, data, strict=True))


def test_every_composite_is_measured() -> None:
    others = {"xp_select", "xp_matmul_half"}  # tests/backends/bang/test_passes.py
    assert set(COMPOSITES) == others | set(WORDS) | set(OF_FLOATS)


def test_numbers(results: dict[str, Array]) -> None:
    np.testing.assert_array_equal(results["iota"], np.arange(N))


def test_order_of_all_integers(results: dict[str, Array]) -> None:
    x, y = _inputs()
    np.testing.assert_array_equal(results["below"].view(np.float32), (x < y).astype(np.float32))


@pytest.mark.parametrize("k", SHIFTS)
def test_shifts_bring_zeros(results: dict[str, Array], k: int) -> None:
    x, _ = _inputs()
    np.testing.assert_array_equal(results[f"shift {k}"].view(np.uint32), x.view(np.uint32) >> k)


@pytest.mark.parametrize("k", DISTANCES)
def test_swaps(results: dict[str, Array], k: int) -> None:
    x, _ = _inputs()
    np.testing.assert_array_equal(results[f"swap {k}"][:LANES], x[np.arange(LANES) ^ k])


def test_only_what_a_condition_reaches_is_fetched(results: dict[str, Array]) -> None:
    x, _ = _inputs()
    i = np.arange(N)
    np.testing.assert_array_equal(results["reach"], np.where((i >= 20) & (i <= 40), x, -7))
    assert (results["reach nothing"] == -7).all()


def test_bfloat16_is_the_upper_half_of_a_float(results: dict[str, Array]) -> None:
    x, _ = _inputs()
    words = x.view(np.uint16)[:N].astype(np.uint32) << 16
    np.testing.assert_array_equal(results["from bfloat16"].view(np.uint32), words)


def test_bfloat16_is_rounded_to_nearest_even(results: dict[str, Array]) -> None:
    bits = _inputs()[0].view(np.uint32).astype(np.uint64)
    nan = np.isnan(_inputs()[0].view(np.float32))
    rounded = (bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16)
    got = results["to bfloat16"].astype(np.uint64)
    np.testing.assert_array_equal(got[~nan], rounded[~nan])
    assert nan.any()
    assert ((got[nan] & 0x7FFF) > 0x7F80).all()
