#include <cstdio>
#include <vector>
#include <cuda_runtime.h>
extern __shared__ float smem[];
__global__ void rev(float* x, int n) { int t = threadIdx.x; if (t < n) smem[t] = x[t]; __syncthreads(); if (t < n) x[t] = smem[n - 1 - t]; }
__global__ void rev2(int* x, int n) { extern __shared__ int ibuf[]; int t = threadIdx.x; ibuf[t] = x[t]; __syncthreads(); x[t] = ibuf[n - 1 - t]; }
struct Config { dim3 grid, block; size_t smem; cudaStream_t stream; };
int main() {
  Config c; c.grid = 1; c.block = dim3(64); c.smem = 64 * sizeof(float); c.stream = 0;
  cudaFuncSetAttribute(rev, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536);
  std::vector<float> h(64); for (int i = 0; i < 64; ++i) h[i] = i; float* d; int* e; cudaMalloc(&d, 256); cudaMalloc(&e, 256);
  cudaMemcpy(d, &h[0], 256, cudaMemcpyHostToDevice); std::vector<int> hi(h.begin(), h.end()); cudaMemcpy(e, hi.data(), 256, cudaMemcpyHostToDevice);
  rev<<<c.grid, c.block, c.smem, c.stream>>>(d, 64); rev2<<<1, 64, 64 * sizeof(int)>>>(e, 64);
  cudaMemcpy(h.data(), d, 256, cudaMemcpyDeviceToHost); cudaMemcpy(hi.data(), e, 256, cudaMemcpyDeviceToHost);
  puts(h[0] == 63 && h[63] == 0 && hi[5] == 58 ? "OK" : "BAD");
}
