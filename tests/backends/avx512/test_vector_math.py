"""The vector functions of emitted files: within 2 ulp of the exact value, right at the special ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.backends.avx512.support import run_cpp

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_MAIN = r"""
int main(int argc, char **argv) {
  (void)argc;
  FILE *in = fopen(argv[1], "rb");
  float x[16];
  while (fread(x, 4, 16, in) == 16) {
    _mm512_storeu_ps(x, xp_NAME_ps(_mm512_loadu_ps(x)));
    fwrite(x, 4, 16, stdout);
  }
  return 0;
}
"""

_erf = np.vectorize(math.erf)
FUNCTIONS: dict[str, tuple[Callable[[Doubles], Doubles], float, float]] = {
    "exp": (np.exp, -105.0, 90.0),
    "exp2": (np.exp2, -151.0, 129.0),
    "expm1": (np.expm1, -20.0, 89.0),
    "log": (np.log, 0.0, 1e6),
    "log2": (np.log2, 0.0, 1e6),
    "log10": (np.log10, 0.0, 1e6),
    "log1p": (np.log1p, -1.0, 1e6),
    "tanh": (np.tanh, -12.0, 12.0),
    "sin": (np.sin, -1e4, 1e4),
    "cos": (np.cos, -1e4, 1e4),
    "erf": (_erf, -4.5, 4.5),
}
SPECIAL = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3e38, -3e38, 1e-8, 0.5)


def _inputs(low: float, high: float) -> Floats:
    rng = np.random.default_rng(20240601)
    even = rng.uniform(low, high, 6000)
    small = np.ldexp(rng.uniform(-1, 1, 3000), rng.integers(-40, 4, 3000))
    near_one = 1.0 + np.ldexp(rng.uniform(-1, 1, 1000), rng.integers(-24, -1, 1000))
    every = np.concatenate([even, small, near_one, SPECIAL, [1e9, 3e9, -7e20]]).astype(np.float32)
    return np.resize(every, -(-len(every) // 16) * 16)


def _ulps(got: Floats, exact: Doubles) -> Doubles:
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        spacing = np.maximum(np.spacing(np.abs(rounded)), np.float32(1e-45)).astype(np.float64)
        distance = np.abs(got.astype(np.float64) - exact) / spacing
        same = (got == rounded) | (np.isnan(got) & np.isnan(exact))
    return np.where(same, 0.0, distance)


@pytest.mark.parametrize(
    "name",
    [n if n in ("exp", "tanh") else pytest.param(n, marks=pytest.mark.slow) for n in FUNCTIONS],
)
def test_accuracy(name: str, tmp_path: Path) -> None:
    function, low, high = FUNCTIONS[name]
    x = _inputs(low, high)
    path = tmp_path / "inputs"
    path.write_bytes(x.tobytes())
    got = np.frombuffer(run_cpp(_MAIN.replace("NAME", name), tmp_path, str(path)), np.float32)
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64))
    error = _ulps(got, exact)
    worst = int(np.nanargmax(np.where(np.isnan(error), np.inf, error)))
    assert error[worst] <= 2.0, f"{name}({x[worst]!r}) = {got[worst]!r}, exactly {exact[worst]!r}"


def test_division_of_integers(tmp_path: Path) -> None:
    text = r"""
int main() {
  int wrong = 0;
  static const int32_t v[] = {INT32_MIN, INT32_MIN + 1, -65537, -7, -1, 1, 3, 7, 10, 46341,
                              INT32_MAX - 1, INT32_MAX};
  for (int i = 0; i < 12; ++i) for (int j = 0; j < 12; ++j) {
    int32_t q[16], r[16]; uint32_t uq[16], ur[16];
    const __m512i a = _mm512_set1_epi32(v[i]), b = _mm512_set1_epi32(v[j]);
    _mm512_storeu_epi32(q, xp_div_epi32(a, b)); _mm512_storeu_epi32(r, xp_rem_epi32(a, b));
    _mm512_storeu_epi32(uq, xp_div_epu32(a, b)); _mm512_storeu_epi32(ur, xp_rem_epu32(a, b));
    const int64_t x = v[i], y = v[j];
    const uint32_t ux = (uint32_t)v[i], uy = (uint32_t)v[j];
    wrong += q[3] != (int32_t)(x / y) || r[12] != (int32_t)(x % y) || uq[0] != ux / uy || ur[15] != ux % uy;
  }
  printf("%d", wrong);
}
"""
    assert run_cpp(text, tmp_path) == b"0"


def test_rounding_to_bf16(tmp_path: Path) -> None:
    import ml_dtypes

    rng = np.random.default_rng(7)
    bits = rng.integers(0, 2**32, 4096, dtype=np.uint32)
    x = np.concatenate([bits.view(np.float32), np.array(SPECIAL * 16, np.float32)])
    path = tmp_path / "inputs"
    path.write_bytes(x.tobytes())
    got = np.frombuffer(run_cpp(_MAIN.replace("NAME", "bf16"), tmp_path, str(path)), np.float32)
    with np.errstate(all="ignore"):
        want = x.astype(ml_dtypes.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(got, want)
