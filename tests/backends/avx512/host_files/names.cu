#include <cuda_runtime.h>
__global__ void div(float* a, const float* b, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) a[i] /= b[i]; }
__global__ void index(int* a, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) a[i] = i; }
__global__ void elsewhere(float *x, int n);
#define THREADS 32
__constant__ float4 planes[2];
__device__ int2 pair;
__global__ void plane(float *o, int n) { int i = threadIdx.x; if (i < n) o[i] = planes[0].x * i + planes[1].w + pair.y; }
void run(float* a, float* b, int* c, int n) {
  int m = min(n, 100); size_t bytes = max(1, n) * sizeof(float); (void)bytes;
  float4 h[2] = {make_float4(2, 0, 0, 0), make_float4(0, 0, 0, 1)}; cudaMemcpyToSymbol(planes, h, sizeof h); int2 q = make_int2(1, 3); cudaMemcpyToSymbol(pair, &q, sizeof q);
  div<<<(m + THREADS - 1) / THREADS, THREADS>>>(a, b, m); index<<<(m + 31) / 32, 32>>>(c, m); elsewhere<<<1, 32>>>(a, n); plane<<<1, 32>>>(b, 32);
  if (sqrt(4.0) != 2) exit(1);
  printf("%s\n", c[5] == 5 && a[1] == 7.f && b[3] == 10.f ? "OK" : "BAD"); }
