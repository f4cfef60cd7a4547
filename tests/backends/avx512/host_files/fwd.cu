#include <cstdio>
#include <cuda_runtime.h>
__global__ void later(float*, int);
static __global__ void later_static(float* p, int n);
template <typename T> __global__ void later_t(T* p, int n);
void go(float* p, int n) { later<<<1, n>>>(p, n); later_static<<<1, n>>>(p, n); later_t<float><<<1, n>>>(p, n); }
__global__ void later(float* p, int n) { if (threadIdx.x < n) p[threadIdx.x] += 1; }
__global__ void later_static(float* p, int n) { if (threadIdx.x < n) p[threadIdx.x] *= 2; }
template <typename T> __global__ void later_t(T* p, int n) { if (threadIdx.x < n) p[threadIdx.x] -= 3; }
int main() { float* p; cudaMallocManaged(&p, 128); for (int i = 0; i < 32; ++i) p[i] = i; go(p, 32); cudaDeviceSynchronize(); bool ok = true; for (int i = 0; i < 32; ++i) ok &= p[i] == (i + 1) * 2 - 3; puts(ok ? "OK" : "BAD"); }
