"""Kernels that leave it to their caller to pass whole tiles: sizes in multiples of the tile."""

from __future__ import annotations

from pathlib import Path

from xpiler.frontends.lift import LiftedFile, LiftedKernel, lift
from xpiler.verify.cases.case import Case, Concrete, concrete
from xpiler.verify.cases.infer_bare import infer_bare
from xpiler.verify.cases.infer_other import other_cases

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


FRAGMENTS = """
#include <mma.h>
#include <cuda_fp16.h>
using namespace nvcuda;
__global__ void product(const half *a, const half *b, float *c, int m, int n, int k) {
  int row = blockIdx.y * 16, col = blockIdx.x * 16;
  if (row >= m || col >= n) return;
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::fill_fragment(fc, 0.0f);
  for (int d = 0; d < k; d += 16) {
    wmma::load_matrix_sync(fa, a + row * k + d, k);
    wmma::load_matrix_sync(fb, b + d * n + col, n);
    wmma::mma_sync(fc, fa, fb, fc);
  }
  wmma::store_matrix_sync(c + row * n + col, fc, n, wmma::mem_row_major);
}
"""


def test_sizes_beside_fragments_are_multiples_of_them() -> None:
    lifted = lift(FRAGMENTS, Path("product.cu"))
    assert isinstance(lifted, LiftedFile)
    kernel = lifted.kernels[0]
    assert isinstance(kernel, LiftedKernel)
    case = infer_bare(kernel.program, kernel.program.kernels[0])
    assert isinstance(case, Case)
    assert all(size % 16 == 0 for shape in case.shapes for size in shape.values())
    assert len({tuple(shape.items()) for shape in case.shapes}) >= 3


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
