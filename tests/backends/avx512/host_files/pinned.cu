#include <stdio.h>
#include <stdlib.h>
#include "cuda_runtime.h"
#include "device_launch_parameters.h"
#define N 512
inline void gpuAssert(cudaError_t code, const char *file, int line, bool abort = true) {
  if (code != cudaSuccess) { fprintf(stderr, "GPUassert: %s %s %d\n", cudaGetErrorString(code), file, line); if (abort) exit(code); }
}
#define gpuErrchk(ans) { gpuAssert((ans), __FILE__, __LINE__); }
__constant__ float coef[4];
__constant__ int shift;
__global__ void poly(const float *x, float *y, int n) {
  int i = threadIdx.x + blockIdx.x * blockDim.x;
  if (i < n) y[i] = ((coef[3] * x[i] + coef[2]) * x[i] + coef[1]) * x[i] + coef[0] + shift;
}
int main(void) {
  float *hx, *hy, *dx, *dy; float c[4] = {1, 2, 0, 1}; int sh = 5;
  gpuErrchk(cudaMallocHost((void **)&hx, N * sizeof(float)));
  gpuErrchk(cudaHostAlloc((void **)&hy, N * sizeof(float), cudaHostAllocDefault));
  gpuErrchk(cudaMalloc((void **)&dx, N * sizeof(float))); gpuErrchk(cudaMalloc((void **)&dy, N * sizeof(float)));
  for (int i = 0; i < N; i++) hx[i] = (float)(i % 8);
  gpuErrchk(cudaMemcpyToSymbol(coef, c, sizeof(c))); gpuErrchk(cudaMemcpyToSymbol(shift, &sh, sizeof(int), 0, cudaMemcpyHostToDevice));
  gpuErrchk(cudaMemset(dy, 0, N * sizeof(float)));
  cudaStream_t st[2]; for (int i = 0; i < 2; i++) gpuErrchk(cudaStreamCreateWithFlags(&st[i], cudaStreamNonBlocking));
  for (int i = 0; i < 2; i++) {
    int off = i * N / 2;
    gpuErrchk(cudaMemcpyAsync(dx + off, hx + off, N / 2 * sizeof(float), cudaMemcpyHostToDevice, st[i]));
    poly<<<N / 2 / 64, 64, 0, st[i]>>>(dx + off, dy + off, N / 2);
    gpuErrchk(cudaPeekAtLastError());
    gpuErrchk(cudaMemcpyAsync(hy + off, dy + off, N / 2 * sizeof(float), cudaMemcpyDeviceToHost, st[i]));
  }
  gpuErrchk(cudaDeviceSynchronize());
  int ok = 1; for (int i = 0; i < N; i++) { float x = hx[i]; if (hy[i] != x * x * x + 2 * x + 6) ok = 0; }
  printf(ok ? "OK\n" : "BAD\n");
  cudaFreeHost(hx); cudaFreeHost(hy); cudaFree(dx); cudaFree(dy); cudaDeviceReset();
  return 0;
}
