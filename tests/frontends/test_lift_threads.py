# ruff: noqa: E501  (printed programs)
"""What lifts of blocks, warps and their memory: one small text each, the printed IR beside it."""

from __future__ import annotations

from tests.frontends.lifting import shown


def test_shared() -> None:
    """Dynamic shared memory has a view per type; pointers to rows index the array."""
    source = r"""
__global__ void k(float* g, int n) {
  extern __shared__ char raw[]; float* a = (float*)raw; int* idx = (int*)(a + n); half* h = reinterpret_cast<half*>(&idx[n]);
  a[threadIdx.x] = g[0]; idx[threadIdx.x] = 1; h[threadIdx.x] = a[0];
  __shared__ float t[4][5]; float (*row)[5] = t; row[1][2] = 3; t[threadIdx.x][0] = 1; float* r = t[2]; r[1] = 4; g[1] = (*row)[0];
}
"""
    expected = """\
__global__ void k(f32 *g, i32 n) {
  dynamic_shared(i8, raw, 0);
  dynamic_shared(f32, raw_f32, 0);
  dynamic_shared(i32, raw_i32, 0);
  dynamic_shared(f16, raw_f16, 0);
  __shared__ f32 t[4][5];
  raw_f32[threadIdx.x] = g[0];
  raw_i32[(i64)n + (i64)threadIdx.x] = 1;
  raw_f16[((i64)n + (i64)n) * 2LL + (i64)threadIdx.x] = (f16)raw_f32[0];
  t[1][2] = 3.0f;
  t[threadIdx.x][0] = 1.0f;
  t[2][1] = 4.0f;
  g[1] = t[0][0];
}
"""
    assert shown(source) == expected


def test_warp() -> None:
    """Shuffles, votes and reductions of a warp, with and without masks."""
    source = r"""
__inline__ __device__ float sum(float v) { for (int o = 16; o > 0; o >>= 1) v += __shfl_xor_sync(0xffffffff, v, o); return v; }
__global__ void k(float* x, int* y, half* h) {
  float v = sum(x[threadIdx.x]); unsigned b = __ballot_sync(~0u, v > 0); y[0] = __popc(b); if (__any_sync(b, v < 0)) y[1] = 1;
  v += __shfl_down(v, 1); h[0] = __shfl_sync(~0u, h[1], 0, 16); y[2] = __syncthreads_count(v > 1); __syncwarp();
  y[3] = __reduce_add_sync(~0u, y[4]);
}
"""
    expected = """\
__global__ void k(f32 *x, i32 *y, f16 *h) {
  f32 v = x[threadIdx.x];
  i32 o = 16;
  while (o > 0) {
    f32 peer;
    peer = __shfl_xor_sync(0xffffffffu, v, o, 32);
    v += peer;
    o >>= 1;
  }
  f32 t = v;
  f32 v_1 = t;
  u32 v_ballot;
  v_ballot = __ballot_sync(0xffffffffu, (i32)(v_1 > 0.0f));
  u32 b = v_ballot;
  y[0] = popc(b);
  i32 vote;
  vote = __any_sync(b, (i32)(v_1 < 0.0f));
  if ((bool)vote) {
    y[1] = 1;
  }
  f32 peer_1;
  peer_1 = __shfl_down_sync(0xffffffffu, v_1, 1, 32);
  v_1 += peer_1;
  f16 peer_2;
  peer_2 = __shfl_sync(0xffffffffu, h[1], 0, 16);
  h[0] = peer_2;
  i32 vote_1;
  vote_1 = __syncthreads_count((i32)(v_1 > 1.0f));
  y[2] = vote_1;
  __syncwarp();
  i32 total;
  total = __reduce_add_sync(0xffffffffu, y[4]);
  y[3] = total;
}
"""
    assert shown(source) == expected


def test_volatile_warp() -> None:
    """Volatile shared memory: lockstep order is a warp barrier before and after the write."""
    source = r"""
__global__ void k(float* o) { __shared__ volatile float s[64]; int t = threadIdx.x; s[t] = t; __syncthreads();
  if (t < 32) { s[t] += s[t + 32]; s[t] += s[t + 16]; } o[0] = s[0]; }
__device__ void wr(volatile float* s, int t) { s[t] += s[t + 8]; }
__global__ void k2(float* o) { __shared__ float s[64]; wr(s, threadIdx.x); o[0] = s[0]; }
"""
    expected = """\
__global__ void k(f32 *o) {
  __shared__ f32 s[64];
  i32 t = (i32)threadIdx.x;
  f32 t_1 = (f32)t;
  __syncwarp();
  s[t] = t_1;
  __syncwarp();
  __syncthreads();
  if (t < 32) {
    f32 t_2 = s[t] + s[t + 32];
    __syncwarp();
    s[t] = t_2;
    __syncwarp();
    f32 t_3 = s[t] + s[t + 16];
    __syncwarp();
    s[t] = t_3;
    __syncwarp();
  }
  o[0] = s[0];
}

__global__ void k2(f32 *o) {
  __shared__ f32 s[64];
  f32 t = s[(i32)threadIdx.x] + s[(i32)threadIdx.x + 8];
  __syncwarp();
  s[(i32)threadIdx.x] = t;
  __syncwarp();
  o[0] = s[0];
}
"""
    assert shown(source) == expected


def test_groups() -> None:
    """Cooperative groups: tiles of a warp, ranks, reductions."""
    source = r"""
namespace cg = cooperative_groups;
__global__ void k(float* x) {
  cg::thread_block b = cg::this_thread_block(); auto t = cg::tiled_partition<16>(b); auto w = cg::tiled_partition<32>(b);
  float v = x[b.thread_rank()]; for (int o = t.size() / 2; o; o /= 2) v += t.shfl_down(v, o);
  v = cg::reduce(w, v, cg::plus<float>()); b.sync(); if (w.thread_rank() == 0) x[w.meta_group_rank()] = v; t.sync();
}
void go(float* x) { k<<<4, 128>>>(x); }
"""
    expected = """\
launch_facts(blockDim.x = 128, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)
__global__ void k(f32 *x) {
  f32 v = x[threadIdx.x];
  i32 o = 8;
  while ((bool)o) {
    f32 peer;
    peer = __shfl_down_sync(65535u << (threadIdx.x % 32u / 16u * 16u), v, (i32)(u32)o, 16);
    v += peer;
    o /= 2;
  }
  f32 total = v;
  f32 peer_1;
  peer_1 = __shfl_xor_sync(0xffffffffu, total, 16, 32);
  total += peer_1;
  f32 peer_2;
  peer_2 = __shfl_xor_sync(0xffffffffu, total, 8, 32);
  total += peer_2;
  f32 peer_3;
  peer_3 = __shfl_xor_sync(0xffffffffu, total, 4, 32);
  total += peer_3;
  f32 peer_4;
  peer_4 = __shfl_xor_sync(0xffffffffu, total, 2, 32);
  total += peer_4;
  f32 peer_5;
  peer_5 = __shfl_xor_sync(0xffffffffu, total, 1, 32);
  total += peer_5;
  v = total;
  __syncthreads();
  if (threadIdx.x % 32u == 0u) {
    x[(u64)(threadIdx.x / 32u)] = v;
  }
  __syncwarp();
}
"""
    assert shown(source) == expected


def test_wmma() -> None:
    """Fragments are tiles; the elements of a lane are a small buffer."""
    source = r"""
using namespace nvcuda;
__global__ void k(const half* a, const half* b, float* c) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa; wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> acc; wmma::fill_fragment(acc, 0.f);
  wmma::load_matrix_sync(fa, a, 16); wmma::load_matrix_sync(fb, b + 4, 16); wmma::mma_sync(acc, fa, fb, acc);
  for (int i = 0; i < acc.num_elements; i++) acc.x[i] *= 2;
  wmma::store_matrix_sync(c, acc, 16, wmma::mem_row_major);
}
"""
    expected = """\
__global__ void k(const f16 *a, const f16 *b, f32 *c) {
  tile(a, row, f16, 16, 16, 16, fa);
  tile(b, col, f16, 16, 16, 16, fb);
  tile(acc, row, f32, 16, 16, 16, acc);
  tile_fill(acc, 0.0f);
  tile_load(fa, &a[0], 16, row);
  tile_load(fb, &b[4], 16, col);
  tile_mma(acc, fa, fb, acc);
  for (i32 i = 0; i < 8; i += 1) {
    acc[i] *= 2.0f;
  }
  tile_store(acc, &c[0], 16, row);
}
"""
    assert shown(source) == expected
