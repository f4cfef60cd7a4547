// Parts of a warp: by label, by a condition, those that are there; reductions and scans over them and over tiles.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
namespace cg = cooperative_groups;

__global__ void by_label(const int *label, const int *val, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  int l = i < n ? label[i] : -1, v = i < n ? val[i] : 0;
  auto same = cg::labeled_partition(warp, l);
  int total = cg::reduce(same, v, cg::plus<int>());
  if (i < n) out[i] = total * 100 + same.thread_rank();
  auto half = cg::binary_partition(warp, v > 0);
  if (i < n && half.thread_rank() == 0) out[i] += half.size();
}
__global__ void active(const int *val, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && val[i] > 0) {
    auto g = cg::coalesced_threads();
    int total = cg::reduce(g, val[i], cg::greater<int>());
    int before = cg::exclusive_scan(g, val[i]);
    int next = g.shfl_down(val[i], 1);
    int third = g.shfl(val[i], g.size() / 2);
    out[i] = total * 3 + before * 7 + next * 11 + third;
  }
}
__global__ void tile_scan(const int *in, int *out, int n) {
  auto tile = cg::tiled_partition<16>(cg::this_thread_block());
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int v = i < n ? in[i] : 0;
  int inc = cg::inclusive_scan(tile, v);
  int exc = cg::exclusive_scan(tile, v, cg::plus<int>());
  if (i < n) out[i] = inc * 2 - exc;
}
void go(const int *l, const int *v, int *o, int n) {
  by_label<<<(n + 127) / 128, 128>>>(l, v, o, n);
  active<<<(n + 127) / 128, 128>>>(v, o, n);
  tile_scan<<<(n + 127) / 128, 128>>>(v, o, n);
}
