// In each of these kernels an integer wraps round while every buffer has fewer than 2^31 elements.
#include <cuda_runtime.h>

__global__ void wrap_stride(const float *x, float *y, int n, int m) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x)
    y[i] = x[i];
}

void run_wrap_stride(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_stride<<<1024, 1024>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_mul3(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int j = i * 3;
  if (j < 3 * n && i < n)
    y[i] = x[j / 3];
}

void run_wrap_mul3(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_mul3<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_bytes(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int o = i * 4 * m;
  if (o < n)
    y[o] = 1.0f;
}

void run_wrap_bytes(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_bytes<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_neg(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int j = -2147483647 - 2 + i;
  if (i < n && j < n)
    y[j] = 1.0f;
}

void run_wrap_neg(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_neg<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_ceil(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int tiles = (n + 1023) / 1024;
  if (i < n && tiles >= 0)
    y[i] = x[i];
  if (tiles < 0)
    y[n] = 0.0f;
}

void run_wrap_ceil(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_ceil<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_mid_overflow(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int lo = i, hi = n;
  int mid = (lo + hi) / 2;
  if (i < n)
    y[mid] = x[mid];
}

void run_wrap_mid_overflow(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_mid_overflow<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_u32_mul(const float *x, float *y, int n, int m) {
  unsigned i = blockIdx.x * 65536u * 64u + threadIdx.x;
  if (i < n)
    y[i] = x[i];
}

void run_wrap_u32_mul(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_u32_mul<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_i64_late(const float *x, float *y, int n, int m) {
  long long i = blockIdx.x * blockDim.x * m + threadIdx.x;
  if (i < n)
    y[i] = x[i];
}

void run_wrap_i64_late(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_i64_late<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_short_count(const float *x, float *y, int n, int m) {
  for (short j = threadIdx.x; j < n; j += 64)
    y[j] = x[j];
}

void run_wrap_short_count(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_short_count<<<1, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_uchar_count(const float *x, float *y, int n, int m) {
  for (unsigned char j = threadIdx.x; j < n; j += 64)
    y[j] = x[j];
}

void run_wrap_uchar_count(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_uchar_count<<<1, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void wrap_while_stride(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  while (i < n) {
    y[i] = x[i];
    i += blockDim.x * gridDim.x;
  }
}

void run_wrap_while_stride(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  wrap_while_stride<<<1024, 1024>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}
