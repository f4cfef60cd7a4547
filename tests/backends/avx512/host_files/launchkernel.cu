#include <cstdio>
#include <cuda_runtime.h>
__global__ void scale(float* x, float a, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= a;
}
extern "C" int run(float* host, float a, int n) {
  float* d; cudaMalloc(&d, n * sizeof(float));
  cudaMemcpy(d, host, n * sizeof(float), cudaMemcpyHostToDevice);
  void* args[] = {&d, &a, &n};
  dim3 grid((n + 255) / 256), block(256);
  cudaError_t e = cudaLaunchKernel((const void*)scale, grid, block, args, 0, 0);
  if (e != cudaSuccess) return 1;
  e = cudaLaunchKernel(scale, grid, block, args, 0, nullptr);
  if (e != cudaSuccess) return 1;
  cudaMemcpy(host, d, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(d);
  return 0;
}
int main() {
  float h[300]; for (int i = 0; i < 300; ++i) h[i] = i;
  int e = run(h, 2.f, 300); bool ok = !e;
  for (int i = 0; i < 300; ++i) ok &= h[i] == 4.f * i;
  puts(ok ? "OK" : "BAD");
}
