"""Kernels that call a library's device functions lift, as the functions are inlined."""

from __future__ import annotations

from tests.frontends.lifting import programs, shown

HEAD = "#include <cub/cub.cuh>\n"


def test_block_and_warp_primitives_of_cub() -> None:
    found = programs(
        HEAD
        + """
template <int B> __global__ void total(const float *a, float *o, int n) {
  using Reduce = cub::BlockReduce<float, B>;
  __shared__ typename Reduce::TempStorage storage;
  float v = threadIdx.x < n ? a[threadIdx.x] : 0;
  float best = Reduce(storage).Reduce(v, cub::Max());
  __syncthreads();
  float sum = Reduce(storage).Sum(v);
  if (threadIdx.x == 0) { o[0] = sum; o[1] = best; }
}
template __global__ void total<96>(const float *, float *, int);
__global__ void prefix(const int *a, int *o) {
  typedef cub::BlockScan<int, 128> Scan;
  __shared__ typename Scan::TempStorage storage;
  int before, all;
  Scan(storage).ExclusiveSum(a[threadIdx.x], before, all);
  o[threadIdx.x] = before + all;
}
__global__ void several(const int *a, int *o) {
  typedef cub::BlockLoad<int, 64, 4> Load;
  typedef cub::BlockScan<int, 64> Scan;
  __shared__ typename Scan::TempStorage storage;
  int items[4];
  Load().Load(a, items);
  Scan(storage).InclusiveSum(items, items);
  cub::BlockStore<int, 64, 4>().Store(o, items);
}
__global__ void warps(const float *a, float *o) {
  typedef cub::WarpReduce<float> Reduce;
  __shared__ typename Reduce::TempStorage storage[4];
  float sum = Reduce(storage[threadIdx.x / 32]).Sum(a[threadIdx.x]);
  if (threadIdx.x % 32 == 0) o[threadIdx.x / 32] = sum;
}
"""
    )
    assert len(found) == 4


def test_a_reduction_passes_warps_by_shuffles_and_blocks_by_memory() -> None:
    text = shown(
        HEAD
        + """
__global__ void k(const float *a, float *o) {
  typedef cub::BlockReduce<float, 256> Reduce;
  __shared__ typename Reduce::TempStorage storage;
  float sum = Reduce(storage).Sum(a[threadIdx.x]);
  if (threadIdx.x == 0) o[0] = sum;
}
"""
    )
    assert "shfl_down" in text
    assert "f32 storage[8]" in text
    assert "__syncthreads()" in text or "barrier" in text


def test_arguments_of_a_member_call_name_the_callers_members() -> None:
    """In `op(a, weight)` inside a member function, `weight` is the caller's object's, not `op`'s."""
    text = shown(
        """
struct Add { __device__ float operator()(float a, float b) const { return a + b; } };
struct Scale {
  float weight;
  template <class Op> __device__ float with(float x, Op op) { return op(x, weight); }
};
__global__ void k(Scale s, float *o) { o[0] = s.with(o[1], Add()); }
"""
    )
    assert "b = s_weight" in text
