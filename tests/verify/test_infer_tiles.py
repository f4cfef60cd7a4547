"""Kernels that leave it to their caller to pass whole tiles: sizes in multiples of the tile."""

from __future__ import annotations

from pathlib import Path

from xpiler.frontends.lift import LiftedFile, LiftedKernel, lift
from xpiler.verify.case import Case, Concrete, concrete
from xpiler.verify.infer_bare import infer_bare
from xpiler.verify.infer_other import other_cases

PRODUCT = """
__global__ void product(const float *a, const float *b, float *c, int m, int n, int k) {
  __shared__ float as[16][64], bs[16][64];
  int t = threadIdx.x, col = t % 16 * 4, row = t / 16 * 4;
  float sum[4][4] = {};
  for (int first = 0; first < k; first += 16) {
    for (int e = t; e < 1024; e += 256) {
      as[e % 16][e / 16] = a[(blockIdx.y * 64 + e / 16) * k + first + e % 16];
      bs[e / 64][e % 64] = b[(first + e / 64) * n + blockIdx.x * 64 + e % 64];
    }
    __syncthreads();
    for (int d = 0; d < 16; ++d)
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) sum[i][j] += as[d][row + i] * bs[d][col + j];
    __syncthreads();
  }
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) c[(blockIdx.y * 64 + row + i) * n + blockIdx.x * 64 + col + j] = sum[i][j];
}
"""


def test_sizes_are_whole_tiles_where_partial_ones_overlap() -> None:
    lifted = lift(PRODUCT, Path("product.cu"))
    assert isinstance(lifted, LiftedFile)
    kernel = lifted.kernels[0]
    assert isinstance(kernel, LiftedKernel)
    module = kernel.program
    first = infer_bare(module, module.kernels[0])
    assert isinstance(first, Case)
    (case,) = next(
        other_cases(module, [first], "the source's results depend on the order of threads")
    )
    assert "multiples of 64" in case.note
    for shape in case.shapes:
        found = concrete(case, shape)
        assert isinstance(found, Concrete)
        assert all(shape[name] % 64 == 0 for name in "mnk")
        assert found.grid[0] == shape["n"] // 64
        sizes = {b.name: b.elements for b in found.buffers}
        assert sizes["c"] == found.grid[1] * 64 * shape["n"]
        assert sizes["b"] == shape["k"] * shape["n"]
    assert {tuple(shape[n] for n in "mnk") for shape in case.shapes} >= {
        (128, 64, 64),
        (64, 128, 64),
    }
