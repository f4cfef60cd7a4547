#include <cstdio>
#include <cmath>
#include <cuda_runtime.h>
#ifdef __CUDACC__
#define HD __host__ __device__
#else
#define HD
#endif
HD inline float lerp_(float a, float b, float t) { return a + t * (b - a); }
__host__ __device__ static int clampi(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }
#define BLOCK_SIZE 64
__global__ void interp(const float* g, int n, const float* x, float* y, int m) { int i = blockIdx.x * BLOCK_SIZE + threadIdx.x; if (i < m) { int k = clampi((int)floorf(x[i]), 0, n - 2); y[i] = lerp_(g[k], g[k + 1], x[i] - k); } }
int main() { float g[10], x[90], y[90], *dg, *dx, *dy; for (int i = 0; i < 10; ++i) g[i] = i * i; for (int i = 0; i < 90; ++i) x[i] = i * 0.1f; cudaMalloc(&dg, sizeof g); cudaMalloc(&dx, sizeof x); cudaMalloc(&dy, sizeof y); cudaMemcpy(dg, g, sizeof g, cudaMemcpyHostToDevice); cudaMemcpy(dx, x, sizeof x, cudaMemcpyHostToDevice); interp<<<(90 + BLOCK_SIZE - 1) / BLOCK_SIZE, BLOCK_SIZE>>>(dg, 10, dx, dy, 90); cudaMemcpy(y, dy, sizeof y, cudaMemcpyDeviceToHost); bool ok = true; for (int i = 0; i < 90; ++i) { int k = clampi((int)std::floor(x[i]), 0, 8); ok &= std::fabs(y[i] - lerp_(g[k], g[k + 1], x[i] - k)) < 1e-4; } puts(ok ? "OK" : "BAD"); }
