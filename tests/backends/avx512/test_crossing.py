"""Linear 32-bit values that pass an end of their type between lanes: below zero, or as hashes do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.avx512.support import run_file, tensorized, translate
from xpiler.backends.avx512.passes.crossing import Crossing
from xpiler.ir.build import cast, const
from xpiler.ir.nodes import Binary, Var
from xpiler.ir.print_c import print_module
from xpiler.ir.types import I32, U32
from xpiler.passes.base import Applied

KERNELS = """
#define TID (blockIdx.x * blockDim.x + threadIdx.x)
__global__ void widened(unsigned long long *o, unsigned n) {
  unsigned i = TID;
  if (i < n) { unsigned h = i * 1664525u; unsigned long long z = h; o[i] = z * 3 + (z >> 7); }
}
__global__ void lemire(unsigned long long *o, unsigned n) {
  unsigned i = TID;
  if (i < n) o[i] = (unsigned long long)(i * 48271u) * n >> 32;
}
__global__ void offset(const int *x, int *o, unsigned n, int d) {
  unsigned i = TID;
  if (i < n) { unsigned l = i + d; o[i] = l < n ? x[l] : -7; }
}
__global__ void left(const int *x, int *o, unsigned n) {
  unsigned i = TID;
  if (i >= n) return;
  unsigned l = i - 3u;
  o[i] = l < n ? x[l] : -7;
}
__global__ void rounds(const int *x, int *o, unsigned n) {
  unsigned i = TID;
  if (i >= n) return;
  int s = 0;
  for (unsigned j = i - 2u; j < n; j += 4u) s = s * 3 + x[j];
  o[i] = s;
}
__global__ void sizes(const int *x, int *o, size_t n) {
  size_t i = TID;
  if (i >= n) return;
  size_t l = i - 3;
  o[i] = l < n ? x[l] : -7;
}
"""

MAIN = """
#include <stdio.h>
#include <stdlib.h>
static const unsigned N = 5003;
static int wrong(const char *name, unsigned i) { printf("%s %u", name, i); return 0; }
int main() {
  const xp_dim3 grid = {20, 1, 1}, block = {256, 1, 1};
  unsigned long long *w = (unsigned long long *)calloc(N, 8);
  widened(grid, block, 0, (uint64_t *)w, N);
  for (unsigned i = 0; i < N; ++i) {
    unsigned long long z = (unsigned)(i * 1664525u);
    if (w[i] != z * 3 + (z >> 7)) return wrong("widened", i);
  }
  lemire(grid, block, 0, (uint64_t *)w, N);
  for (unsigned i = 0; i < N; ++i)
    if (w[i] != (unsigned long long)(unsigned)(i * 48271u) * N >> 32) return wrong("lemire", i);
  int *x = (int *)malloc(4 * N), *o = (int *)malloc(4 * N);
  for (unsigned i = 0; i < N; ++i) x[i] = (int)(i * 31 + 5);
  const int ds[] = {-17, -1, 0, 6};
  for (int d : ds) {
    offset(grid, block, 0, x, o, N, d);
    for (unsigned i = 0; i < N; ++i)
      if (o[i] != (i + d < N ? x[i + d] : -7)) return wrong("offset", i);
  }
  left(grid, block, 0, x, o, N);
  for (unsigned i = 0; i < N; ++i) if (o[i] != (i >= 3 ? x[i - 3] : -7)) return wrong("left", i);
  sizes(grid, block, 0, x, o, N);
  for (unsigned i = 0; i < N; ++i) if (o[i] != (i >= 3 ? x[i - 3] : -7)) return wrong("sizes", i);
  rounds(grid, block, 0, x, o, 77);
  for (unsigned i = 0; i < 77; ++i) {
    int s = 0;
    for (unsigned j = i - 2u; j < 77; j += 4u) s = s * 3 + x[j];
    if (o[i] != s) return wrong("rounds", i);
  }
  printf("right");
}
"""


@pytest.mark.slow
def test_lanes_that_pass_an_end_of_their_type(tmp_path: Path) -> None:
    """Beyond the sizes that a verification runs."""
    emitted, _ = translate(KERNELS)
    text = emitted.text
    assert text.count("_mm512_") > 20
    assert run_file(text + MAIN, tmp_path) == b"right"


def _after(body: str, params: str) -> str:
    loop = "parallel(thread.x) for (i32 t = 0; t < 64; t += 1)"
    outcome = tensorized(f"for (i32 b = 0; b < n; b += 1) {loop} {{ {body} }}", params)
    assert isinstance(outcome, Applied), outcome
    return print_module(outcome.program)


def test_a_hash_is_widened_lane_by_lane() -> None:
    params = "u64 *o, i32 n"
    text = _after("u32 h = (u32)t * 1664525; u64 z = (u64)h; o[t] = z;", params)
    assert "cvtepu32_epi64" in text
    assert "cvtepu32_epi64" not in _after("u32 h = (u32)t * 3; u64 z = (u64)h; o[t] = z;", params)


def test_only_what_may_be_below_zero_is_read_as_signed() -> None:
    params = "const i32 *x, i32 *o, i32 d, i32 n"
    text = _after("u32 i = (u32)b * (u32)64 + (u32)t; o[i] = 1;", params)
    assert "&o[i]" in text
    text = _after("u32 l = (u32)t + (u32)d; if (l < (u32)n) { o[t] = x[l]; }", params)
    assert "&x[(i32)l]" in text


def test_what_may_be_below_zero() -> None:
    known = Crossing(counters=frozenset({"b"}))
    d, b, n = Var("d", I32), Var("b", I32), Var("n", U32)
    assert known.below(cast(U32, d))
    assert not known.below(cast(U32, b))
    assert not known.below(Binary("*", cast(U32, b), n))
    assert known.below(Binary("-", n, const(3, U32)))
    assert known.below(const(2**32 - 3, U32))
    known.define("l", Binary("-", n, const(3, U32)), lambda _: 1)
    assert known.below(Binary("+", Var("l", U32), n))
    assert not known.below(Binary(">>", Var("l", U32), const(3, U32)))
    assert not known.widens(Var("l", U32), lambda _: 1)
    assert known.widens(n, lambda _: 1)
