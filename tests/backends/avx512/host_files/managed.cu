#include <cstdio>
#include <cuda_runtime.h>
__managed__ int counter;
__device__ __managed__ float table[32];
__device__ int hits[4];
__global__ void count(const int* x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) { if (x[i] > 0) atomicAdd(&counter, 1); atomicAdd(&hits[x[i] & 3], 1); if (i < 32) table[i] = i * 2.f; } }
__global__ void reset() { counter = 0; for (int i = 0; i < 4; ++i) hits[i] = 0; }
int main() {
  int* x; cudaMallocManaged(&x, 100 * sizeof(int)); for (int i = 0; i < 100; ++i) x[i] = i % 2 ? i : -i;
  reset<<<1, 1>>>(); count<<<4, 32>>>(x, 100); cudaDeviceSynchronize();
  int h[4]; cudaMemcpyFromSymbol(h, hits, sizeof(h)); int* addr; cudaGetSymbolAddress((void**)&addr, hits);
  puts(counter == 50 && table[31] == 62.f && h[0] + h[1] + h[2] + h[3] == 100 && addr[1] == h[1] ? "OK" : "BAD"); cudaFree(x);
}
