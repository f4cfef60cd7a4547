#include <cstdio>
#include <cooperative_groups.h>
#include <cuda_runtime.h>
namespace cg = cooperative_groups;
__global__ void two_phase(const float* a, float* b, float* c, int n) {
  cg::grid_group g = cg::this_grid();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) b[i] = a[i] * 2.f;
  g.sync();
  if (i < n) c[i] = b[(i + 1) % n];
}
int main() {
  int n = 128; float *a, *b, *c; float h[128];
  cudaMallocManaged(&a, n * 4); cudaMallocManaged(&b, n * 4); cudaMallocManaged(&c, n * 4);
  for (int i = 0; i < n; ++i) a[i] = i;
  void* args[] = {(void*)&a, (void*)&b, (void*)&c, (void*)&n};
  cudaLaunchCooperativeKernel((void*)two_phase, dim3(2), dim3(64), args, 0, 0);
  cudaDeviceSynchronize();
  cudaMemcpy(h, c, sizeof h, cudaMemcpyDefault);
  bool ok = true; for (int i = 0; i < n; ++i) ok &= h[i] == 2.f * ((i + 1) % n);
  puts(ok ? "OK" : "BAD");
  cudaFree(a); cudaFree(b); cudaFree(c);
}
