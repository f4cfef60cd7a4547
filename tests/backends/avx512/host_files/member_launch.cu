#include <cstdio>
#include <cuda_runtime.h>
#include <array>
#include <cassert>
constexpr int kTile = 16;
constexpr int div_up(int a, int b) { return (a + b - 1) / b; }
__global__ void transpose(const float* __restrict__ in, float* __restrict__ out, int rows, int cols) {
  __shared__ float tile[kTile][kTile + 1];
  int x = blockIdx.x * kTile + threadIdx.x, y = blockIdx.y * kTile + threadIdx.y;
  if (x < cols && y < rows) tile[threadIdx.y][threadIdx.x] = in[y * cols + x];
  __syncthreads();
  x = blockIdx.y * kTile + threadIdx.x; y = blockIdx.x * kTile + threadIdx.y;
  if (x < rows && y < cols) out[y * rows + x] = tile[threadIdx.x][threadIdx.y];
}
struct Transposer { int rows, cols; void operator()(const float* in, float* out) const { const dim3 block(kTile, kTile); const dim3 grid(div_up(cols, kTile), div_up(rows, kTile)); assert(block.x * block.y <= 1024); transpose<<<grid, block>>>(in, out, rows, cols); } };
int main() { float *a, *b; cudaMallocManaged(&a, 35 * 50 * 4); cudaMallocManaged(&b, 35 * 50 * 4, cudaMemAttachGlobal); for (int i = 0; i < 1750; ++i) a[i] = i; Transposer{35, 50}(a, b); cudaDeviceSynchronize(); bool ok = true; for (int r = 0; r < 35; ++r) for (int c = 0; c < 50; ++c) ok &= b[c * 35 + r] == a[r * 50 + c]; puts(ok ? "OK" : "BAD"); }
