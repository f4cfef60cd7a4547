"""Programs run whole before and after: what the helpers compute at wavefront 64 is what CUDA computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.port.memory import Subject
from xpiler.port.program import run_both
from xpiler.port.runner import Result, port_tree
from xpiler.port.settings import Settings

WARPS = r"""
#include <cstdio>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include "more.cuh"

__global__ void warps(int *out, const int *in) {
  int t = threadIdx.x, v = in[t], s = 0;
  int *o = out + t * 16;
  for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(0xffffffffu, v, d);
  o[0] = v;
  o[1] = __shfl_up_sync(0xffffffffu, in[t], 3);
  o[2] = __shfl_sync(0xffffffffu, in[t], t * 7, 8);
  o[3] = __ballot_sync(0xffffffffu, in[t] % 3 == 0);
  o[4] = __any_sync(0xffffffffu, in[t] == 11) + 2 * __all_sync(0xffffffffu, in[t] < 90);
  o[5] = __match_any_sync(0xffffffffu, in[t] % 5);
  int all = 0;
  o[6] = __match_all_sync(0xffffffffu, t / 32, &all) + all;
  o[7] = __reduce_add_sync(0xffffffffu, in[t]);
  o[8] = __reduce_max_sync(0xffffffffu, (unsigned)in[t]) ^ __reduce_xor_sync(0xffffffffu, (unsigned)in[t]);
  o[9] = t % warpSize;
  o[10] = __popc(__activemask());
  half h = __float2half(in[t] * 0.5f);
  o[12] = (int)__half2float(__shfl_down_sync(0xffffffffu, h, 2));
  o[13] = __dp4a(in[t] * 0x01020304, 0x7f80ff01, in[t]) + more(in[t]);
  unsigned lane;
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
  o[14] = lane;
  unsigned mixed;
  asm("lop3.b32 %0, %1, %2, %3, 0xCA;" : "=r"(mixed) : "r"(in[t]), "r"(t), "r"(77));
  o[15] = mixed;
  if (t % 32 < 16) {
    s = __shfl_down_sync(0x0000ffffu, in[t], 4, 16) + __ballot_sync(0x0000ffffu, in[t] & 1);
    __syncwarp(0x0000ffffu);
  }
  o[11] = s;
}

int main() {
  const int n = 160;
  int h[n], *in, *out;
  static int r[n * 16];
  for (int i = 0; i < n; ++i) h[i] = (i * 37 + 11) % 97;
  cudaMalloc(&in, sizeof h);
  cudaMalloc(&out, sizeof r);
  cudaMemcpy(in, h, sizeof h, cudaMemcpyHostToDevice);
  warps<<<1, n>>>(out, in);
  cudaMemcpy(r, out, sizeof r, cudaMemcpyDeviceToHost);
  for (int i = 0; i < n * 16; ++i) printf("%d%c", r[i], i % 16 == 15 ? '\n' : ' ');
  printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
  return 0;
}
"""

MORE = """
#pragma once
__device__ inline int more(int v) {
  for (int d = 1; d < 32; d *= 2) {
    int o = __shfl_up_sync(0xffffffffu, v, d);
    if (threadIdx.x % warpSize >= d) v += o;
  }
  return v;
}
"""

FRAGMENTS = r"""
#include <cstdio>
#include <cuda_fp16.h>
#include <mma.h>
using namespace nvcuda;

template <int M, int N, int K, class T, class S, class LA, class LB>
__device__ void product(S *c, const T *a, const T *b, int lda, int ldb) {
  wmma::fragment<wmma::matrix_a, M, N, K, T, LA> fa;
  wmma::fragment<wmma::matrix_b, M, N, K, T, LB> fb;
  wmma::fragment<wmma::accumulator, M, N, K, S> fc;
  wmma::fill_fragment(fc, S(1));
  wmma::load_matrix_sync(fa, a, lda);
  wmma::load_matrix_sync(fb, b, ldb);
  wmma::mma_sync(fc, fa, fb, fc);
  for (int i = 0; i < fc.num_elements; ++i) fc.x[i] = fc.x[i] * S(2);
  wmma::store_matrix_sync(c, fc, N, wmma::mem_row_major);
}

__global__ void k(float *c, const half *a, const half *b, int *ci, const signed char *ai, const signed char *bi) {
  int w = threadIdx.x / 32;
  if (w == 0) product<16, 16, 16, half, float, wmma::row_major, wmma::col_major>(c, a, b, 16, 16);
  if (w == 1) product<32, 8, 16, half, float, wmma::col_major, wmma::row_major>(c + 256, a, b, 32, 8);
  if (w == 2) product<8, 32, 16, half, float, wmma::row_major, wmma::row_major>(c + 512, a, b, 16, 32);
  if (w == 3) product<16, 16, 16, signed char, int, wmma::row_major, wmma::row_major>(ci, ai, bi, 16, 16);
}

int main() {
  static half a[512], b[512];
  static signed char ai[512], bi[512];
  static float c[768];
  static int ci[256];
  for (int i = 0; i < 512; ++i) {
    a[i] = __float2half((i * 7 % 23) - 11);
    b[i] = __float2half((i * 5 % 19) - 9);
    ai[i] = i * 31 % 255 - 127;
    bi[i] = i * 17 % 251 - 125;
  }
  half *da, *db; signed char *dai, *dbi; float *dc; int *dci;
  cudaMalloc(&da, sizeof a); cudaMalloc(&db, sizeof b); cudaMalloc(&dai, sizeof ai); cudaMalloc(&dbi, sizeof bi);
  cudaMalloc(&dc, sizeof c); cudaMalloc(&dci, sizeof ci);
  cudaMemcpy(da, a, sizeof a, cudaMemcpyHostToDevice); cudaMemcpy(db, b, sizeof b, cudaMemcpyHostToDevice);
  cudaMemcpy(dai, ai, sizeof ai, cudaMemcpyHostToDevice); cudaMemcpy(dbi, bi, sizeof bi, cudaMemcpyHostToDevice);
  k<<<1, 128>>>(dc, da, db, dci, dai, dbi);
  cudaMemcpy(c, dc, sizeof c, cudaMemcpyDeviceToHost); cudaMemcpy(ci, dci, sizeof ci, cudaMemcpyDeviceToHost);
  for (int i = 0; i < 768; ++i) printf("%g ", c[i]);
  for (int i = 0; i < 256; ++i) printf("%d ", ci[i]);
  printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
  return 0;
}
"""


def run(tmp_path: Path, files: dict[str, str]) -> dict[str, object]:
    source = tmp_path / "src"
    source.mkdir()
    for name, text in files.items():
        (source / name).write_text(text)
    return both(Settings(source, tmp_path / "out"))


def both(settings: Settings, *words: str) -> dict[str, object]:
    result = port_tree(settings)
    assert isinstance(result, Result)
    return dict(run_both(settings, Subject(settings, result.report, result.units), words))


@pytest.mark.slow
def test_warp_operations_at_wavefront_64(tmp_path: Path) -> None:
    outcome = run(tmp_path, {"main.cu": WARPS, "more.cuh": MORE})
    assert outcome["status"] == "same", outcome["reason"]


@pytest.mark.slow
def test_fragments_at_wavefront_64(tmp_path: Path) -> None:
    outcome = run(tmp_path, {"main.cu": FRAGMENTS})
    assert outcome["status"] == "same", outcome["reason"]


@pytest.mark.slow
def test_a_wrong_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.cu").write_text(WARPS)
    (tmp_path / "src/more.cuh").write_text(MORE)
    settings = Settings(tmp_path / "src", tmp_path / "out")
    port_tree(settings)
    place = tmp_path / "out/more.cuh"
    place.write_text(place.read_text().replace("d < 32", "d < 16"))
    assert both(settings)["status"] == "differs"


@pytest.mark.slow
def test_headers_and_sources_of_a_folder_beside(tmp_path: Path) -> None:
    """The main file's folder holds neither the header nor what it is linked with."""
    tree = tmp_path / "tree"
    for folder in ("app/cuda", "app/common", "other/common"):
        (tree / folder).mkdir(parents=True)
    (tree / "app/cuda/lud.cu").write_text(
        '#include <cstdio>\n#include <cuda_runtime.h>\n#include "support.h"\n'
        "__global__ void k(int *o) { o[threadIdx.x] = threadIdx.x; }\n"
        "int main() { int *d, h[4]; cudaMalloc(&d, sizeof h); k<<<1, 4>>>(d);\n"
        "cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);\n"
        'printf("%d\\n", h[3] + twice(4)); return 0; }\n'
    )
    for folder, factor in (("app", 2), ("other", 5)):
        (tree / folder / "common/support.h").write_text("#pragma once\nint twice(int x);\n")
        (tree / folder / "common/support.cpp").write_text(
            f'#include "support.h"\nint twice(int x) {{ return {factor} * x; }}\n'
        )
    settings = Settings(tree, tmp_path / "out")
    result = port_tree(settings)
    assert isinstance(result, Result)
    found = run_both(settings, Subject(settings, result.report, result.units), ())
    assert found["status"] == "same", found
    assert found["output"] == ["11\n", "11\n"]
