#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <cuda_fp16.h>
#define CUDA_CHECK(x)                                                        \
  do {                                                                       \
    cudaError_t err = (x);                                                   \
    if (err != cudaSuccess) {                                                \
      fprintf(stderr, "CUDA error %s (%s)\n", cudaGetErrorName(err), cudaGetErrorString(err)); \
      abort();                                                               \
    }                                                                        \
  } while (0)
#define CEIL_DIV(a, b) (((a) + (b) - 1) / (b))
#define LAUNCH(kernel, n, ...) kernel<<<CEIL_DIV(n, 128), 128>>>(__VA_ARGS__)
__global__ void to_half(const float* in, half* out, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) out[i] = __float2half(in[i]); }
__global__ void mul_half(const __half* a, const __half* b, __half* c, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) c[i] = __hmul(a[i], b[i]); }
int main() {
  const int n = 200; float h[n]; for (int i = 0; i < n; ++i) h[i] = i * 0.25f;
  float* f; half *a, *c; CUDA_CHECK(cudaMalloc(&f, n * 4)); CUDA_CHECK(cudaMalloc(&a, n * sizeof(half))); CUDA_CHECK(cudaMalloc(&c, n * sizeof(half)));
  CUDA_CHECK(cudaMemcpy(f, h, n * 4, cudaMemcpyHostToDevice));
  LAUNCH(to_half, n, f, a, n); CUDA_CHECK(cudaGetLastError());
  LAUNCH(mul_half, n, a, a, c, n); CUDA_CHECK(cudaDeviceSynchronize());
  half o[n]; CUDA_CHECK(cudaMemcpy(o, c, n * sizeof(half), cudaMemcpyDeviceToHost));
  bool ok = true; for (int i = 0; i < 40; ++i) ok &= __half2float(o[i]) == h[i] * h[i];
  puts(ok ? "OK" : "BAD");
}
