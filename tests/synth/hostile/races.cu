// In each of these kernels two threads touch one element at the same time, and one writes it.
#include <cooperative_groups.h>
#include <cuda_runtime.h>

namespace cg = cooperative_groups;

__global__ void race_two_warps(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  __syncwarp();
  y[blockIdx.x * 64 + t] = s[(t + 32) % 64];
}

void run_race_two_warps(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_two_warps<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_reuse(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  float v = 0;
  for (int j = 0; j < m; ++j) {
    s[t] = x[0] + j;
    __syncthreads();
    v += s[63 - t];
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_race_reuse(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_reuse<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_plain_counter(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i / 2] += x[i];
}

void run_race_plain_counter(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_plain_counter<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_atomic_plain(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    atomicAdd(&y[0], x[i]);
  if (i == 0)
    y[0] = x[0];
}

void run_race_atomic_plain(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_atomic_plain<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_atomic_read(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    atomicAdd(&y[i % 2], x[i]);
    if (y[0] > 3.0f)
      atomicAdd(&y[1], 1.0f);
  }
}

void run_race_atomic_read(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (n + 2) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n + 2) * sizeof(float), cudaMemcpyHostToDevice);
  race_atomic_read<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (n + 2) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_blocks(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  if (t == 0)
    y[blockIdx.x / 2] = x[0];
}

void run_race_blocks(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, ((n + 63) / 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, ((n + 63) / 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_blocks<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, ((n + 63) / 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_alias(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = x[i + 1];
}

void run_race_alias(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (n + 1) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n + 1) * sizeof(float), cudaMemcpyHostToDevice);
  race_alias<<<(n + 63) / 64, 64>>>(b, b, n, m);

  cudaMemcpy(out, b, (n + 1) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_alias_rev(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = x[n - 1 - i];
}

void run_race_alias_rev(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_alias_rev<<<(n + 63) / 64, 64>>>(b, b, n, m);

  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_alias_off(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n - 1)
    y[i] = x[i];
}

void run_race_alias_off(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_alias_off<<<(n + 63) / 64, 64>>>(b, b + 1, n, m);

  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_missing_second(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  __syncthreads();
  float v = s[63 - t];
  s[t] = v * 2;
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[t];
}

void run_race_missing_second(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_missing_second<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_cond_barrier(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  for (int j = 0; j < m; ++j) {
    __syncwarp();
    s[t] = x[0] + j;
    if (j % 2 == 0)
      __syncthreads();
    y[blockIdx.x * 64 + t] = s[63 - t];
  }
}

void run_race_cond_barrier(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_cond_barrier<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_cond_barrier2(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  for (int j = 0; j < m; ++j) {
    __syncwarp();
    if (j % 2 == 0)
      __syncthreads();
    if (j % 4 == 1)
      s[t] = x[0] + j;
    if (j % 4 == 3)
      y[blockIdx.x * 64 + t] = s[63 - t];
    if (j % 4 == 2)
      __syncthreads();
  }
}

void run_race_cond_barrier2(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_cond_barrier2<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_cond_barrier3(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  for (int j = 0; j < m; ++j) {
    __syncwarp();
    if (j == 0)
      __syncthreads();
    if (j == 1)
      s[t] = x[0] + j;
    if (j == 3)
      y[blockIdx.x * 64 + t] = s[63 - t];
  }
}

void run_race_cond_barrier3(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_cond_barrier3<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_dyn_views(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  extern __shared__ float s[];
  float *b = s + 32;
  s[t] = x[0];
  b[t] = 2.0f;
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[63 - t] + b[63 - t];
}

void run_race_dyn_views(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_dyn_views<<<(n + 63) / 64, 64, 128 * sizeof(float)>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_dyn_types(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  extern __shared__ char raw[];
  float *a = (float *)raw;
  double *d = (double *)(raw + 128);
  a[t] = x[0];
  if (t < 8)
    d[t] = 2.0;
  __syncthreads();
  y[blockIdx.x * 64 + t] = a[63 - t] + (float)d[t % 8];
}

void run_race_dyn_types(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_dyn_types<<<(n + 63) / 64, 64, 1024>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_warp_implicit(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  __syncthreads();
  if (t < 32) {
    s[t] += s[t + 32];
    s[t] += s[t + 16];
  }
  if (t == 0)
    y[blockIdx.x] = s[0];
}

void run_race_warp_implicit(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, ((n + 63) / 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, ((n + 63) / 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_warp_implicit<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, ((n + 63) / 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_syncwarp_mask(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  if (t % 32 < 16)
    __syncwarp(0x0000ffffu);
  y[blockIdx.x * 64 + t] = s[t ^ 1];
}

void run_race_syncwarp_mask(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_syncwarp_mask<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_syncwarp_half(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  if (t % 32 < 16)
    __syncwarp(0x0000ffffu);
  else
    __syncwarp(0xffff0000u);
  y[blockIdx.x * 64 + t] = s[t ^ 16];
}

void run_race_syncwarp_half(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_syncwarp_half<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_modulo(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i % 64] = x[i];
}

void run_race_modulo(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (n + 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n + 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_modulo<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (n + 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_next_row(const float *x, float *y, int n, int m) {
  int r = blockIdx.x, c = threadIdx.x;
  y[r * m + c] = x[r];
}

void run_race_next_row(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (n * m + 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n * m + 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_next_row<<<n, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (n * m + 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_transpose(const float *x, float *y, int n, int m) {
  int r = blockIdx.x, c = threadIdx.x;
  if (c < m)
    y[r + c] = x[r * m + c];
}

void run_race_transpose(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n * m) * sizeof(float));
  cudaMalloc(&b, (n + m) * sizeof(float));
  cudaMemcpy(a, in, (n * m) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n + m) * sizeof(float), cudaMemcpyHostToDevice);
  race_transpose<<<n, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (n + m) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_ping_pong(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[2][64];
  s[0][t] = x[0];
  __syncthreads();
  for (int j = 0; j < m; ++j) {
    s[(j + 1) % 2][t] = s[j % 2][63 - t];
  }
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[0][t];
}

void run_race_ping_pong(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_ping_pong<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_flag(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ int flag;
  if (t == 0)
    flag = 0;
  __syncthreads();
  while (flag < m) {
    if (t == 0)
      flag = flag + 1;
    __syncthreads();
  }
  y[blockIdx.x * 64 + t] = x[0];
}

void run_race_flag(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_flag<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_flag_break(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ int flag;
  if (t == 0)
    flag = 0;
  __syncthreads();
  for (int j = 0; j < m; ++j) {
    if (t == j % 64)
      flag = j;
    __syncthreads();
    if (flag == n)
      break;
  }
  y[blockIdx.x * 64 + t] = x[0];
}

void run_race_flag_break(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_flag_break<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_same_value_not(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[0] = (float)(i > 3);
}

void run_race_same_value_not(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_same_value_not<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_data_scatter(const int *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[x[i]] = i;
}

void run_race_data_scatter(const int *in, float *out, int n, int m) {
  int *a;
  float *b;
  cudaMalloc(&a, n * sizeof(int));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_data_scatter<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_global_sync(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = x[i];
  __syncthreads();
  if (i < n)
    y[i] = y[n - 1 - i];
}

void run_race_global_sync(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_global_sync<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_local_blocks_last(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  y[blockIdx.x * 63 + t] = x[0];
}

void run_race_local_blocks_last(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64 + 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64 + 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_local_blocks_last<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64 + 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_2d(const float *x, float *y, int n, int m) {
  int cx = blockIdx.x * 8 + threadIdx.x, cy = blockIdx.y * 8 + threadIdx.y;
  if (cx < n && cy < m)
    y[cy * n / 2 + cx] = x[0];
}

void run_race_2d(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (n * m + n) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n * m + n) * sizeof(float), cudaMemcpyHostToDevice);
  race_2d<<<dim3((n + 7) / 8, (m + 7) / 8), dim3(8, 8)>>>(a, b, n, m);
  cudaMemcpy(out, b, (n * m + n) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_after_loop(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  for (int j = 0; j < m; ++j) {
    __syncthreads();
    s[t] = x[0] + j;
  }
  y[blockIdx.x * 64 + t] = s[63 - t];
}

void run_race_after_loop(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_after_loop<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_zero_trip(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  for (int j = 0; j < m - 5; ++j) {
    __syncthreads();
  }
  y[blockIdx.x * 64 + t] = s[63 - t];
}

void run_race_zero_trip(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_zero_trip<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_after_div_break_use(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  int j = 0;
  while (j < 8) {
    if (t < j)
      break;
    j++;
  }
  s[j] = x[0];
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[t % 9];
}

void run_race_after_div_break_use(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_after_div_break_use<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_cg_tile32(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  auto tile = cg::tiled_partition<32>(cg::this_thread_block());
  s[t] = x[0];
  tile.sync();
  y[blockIdx.x * 64 + t] = s[t ^ 32];
}

void run_race_cg_tile32(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_cg_tile32<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_cg_coalesced(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  if (t % 2) {
    auto g = cg::coalesced_threads();
    g.sync();
  }
  y[blockIdx.x * 64 + t] = s[t ^ 1];
}

void run_race_cg_coalesced(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_cg_coalesced<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_threadfence(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  __threadfence_block();
  y[blockIdx.x * 64 + t] = s[63 - t];
}

void run_race_threadfence(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_threadfence<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_grid_y(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = x[i] + blockIdx.y;
}

void run_race_grid_y(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_grid_y<<<dim3((n + 63) / 64, m), 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_block_y(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * 8 + threadIdx.x;
  if (i < n)
    y[i] = x[i] + threadIdx.y;
}

void run_race_block_y(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_block_y<<<(n + 7) / 8, dim3(8, 8)>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_vec_overlap(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i + 3 < n) {
    float v = x[i];
    y[i] = v;
    y[i + 1] = v;
    y[i + 2] = v;
    y[i + 3] = v;
  }
}

void run_race_vec_overlap(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_vec_overlap<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_vec4_unaligned(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i * 2 + 3 < n)
    *(float4 *)(y + i * 2) = make_float4(x[i], 0, 0, 0);
}

void run_race_vec4_unaligned(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_vec4_unaligned<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_pointer_walk(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float *p = y;
  p += i / 2;
  if (i < n)
    *p = x[i];
}

void run_race_pointer_walk(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_pointer_walk<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_grid_stride_mod(const float *x, float *y, int n, int m) {
  for (int i = blockIdx.x * 64 + threadIdx.x; i < n; i += 64 * gridDim.x)
    y[i % m] = x[i];
}

void run_race_grid_stride_mod(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, m * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, m * sizeof(float), cudaMemcpyHostToDevice);
  race_grid_stride_mod<<<8, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, m * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_block_mod(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  if (t == 0)
    y[blockIdx.x % m] = x[0];
}

void run_race_block_mod(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, m * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, m * sizeof(float), cudaMemcpyHostToDevice);
  race_block_mod<<<n, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, m * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_hist_init(const int *x, int *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ int h[256];
  for (int j = t; j < 256; j += 64)
    h[j] = 0;
  for (int j = t; j < n; j += 64)
    atomicAdd(&h[x[j] & 255], 1);
  __syncthreads();
  for (int j = t; j < 256; j += 64)
    atomicAdd(&y[j], h[j]);
}

void run_race_hist_init(const int *in, int *out, int n, int m) {
  int *a;
  int *b;
  cudaMalloc(&a, n * sizeof(int));
  cudaMalloc(&b, (256) * sizeof(int));
  cudaMemcpy(a, in, n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (256) * sizeof(int), cudaMemcpyHostToDevice);
  race_hist_init<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (256) * sizeof(int), cudaMemcpyDeviceToHost);
}

__global__ void race_hist_read(const int *x, int *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ int h[256];
  for (int j = t; j < 256; j += 64)
    h[j] = 0;
  __syncthreads();
  for (int j = t; j < n; j += 64)
    atomicAdd(&h[x[j] & 255], 1);
  for (int j = t; j < 256; j += 64)
    atomicAdd(&y[j], h[j]);
}

void run_race_hist_read(const int *in, int *out, int n, int m) {
  int *a;
  int *b;
  cudaMalloc(&a, n * sizeof(int));
  cudaMalloc(&b, (256) * sizeof(int));
  cudaMemcpy(a, in, n * sizeof(int), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (256) * sizeof(int), cudaMemcpyHostToDevice);
  race_hist_read<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (256) * sizeof(int), cudaMemcpyDeviceToHost);
}

__global__ void race_zero_then_add(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i == 0)
    y[0] = 0;
  __syncthreads();
  if (i < n)
    atomicAdd(&y[0], x[i]);
}

void run_race_zero_then_add(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_zero_then_add<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_launch_loop(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < m)
    y[i / 2] = x[i];
}

void run_race_launch_loop(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (4 * m) * sizeof(float));
  cudaMalloc(&b, (4 * m) * sizeof(float));
  cudaMemcpy(a, in, (4 * m) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (4 * m) * sizeof(float), cudaMemcpyHostToDevice);
  for (int q = 0; q < 4; ++q)
    race_launch_loop<<<(m + 63) / 64, 64>>>(a + q * m, b + q * m, n, m);

  cudaMemcpy(out, b, (4 * m) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_alias_half(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = x[i];
}

void run_race_alias_half(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (2 * n) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (2 * n) * sizeof(float), cudaMemcpyHostToDevice);
  race_alias_half<<<(n + 63) / 64, 64>>>(b + n / 2, b, n, m);

  cudaMemcpy(out, b, (2 * n) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_alias_wr(const float *x, float *y, float *z, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    y[i] = 1.0f;
    z[i + 1] = x[i];
  }
}

void run_race_alias_wr(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (n + 1) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n + 1) * sizeof(float), cudaMemcpyHostToDevice);
  race_alias_wr<<<(n + 63) / 64, 64>>>(a, b, b, n, m);

  cudaMemcpy(out, b, (n + 1) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_two_loops(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  float v = 0;
  for (int a = 0; a < m; ++a) {
    s[t] = x[0] + a;
    __syncthreads();
    for (int j = 0; j < 64; ++j)
      v += s[j];
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_race_two_loops(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_two_loops<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_nested_bar(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  float v = 0;
  for (int a = 0; a < n; ++a) {
    s[t] = x[0] + a;
    for (int j = 0; j < m - 5; ++j) {
      __syncthreads();
      v += s[j % 64];
    }
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_race_nested_bar(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_nested_bar<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_nested_bar2(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  float v = 0;
  for (int a = 0; a < n; ++a) {
    __syncthreads();
    for (int j = 0; j < m; ++j) {
      s[t] = x[0] + a;
      v += s[63 - t];
      __syncthreads();
    }
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_race_nested_bar2(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_nested_bar2<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_triple_buffer(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[3][64];
  float v = 0;
  for (int j = 0; j < m; ++j) {
    s[j % 3][t] = x[0] + j;
    __syncthreads();
    v += s[(j + 2) % 3][63 - t] + s[(j + 1) % 3][63 - t];
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_race_triple_buffer(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_triple_buffer<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_double_1bar(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[2][64];
  float v = 0;
  for (int j = 0; j < m; ++j) {
    __syncthreads();
    s[j & 1][t] = x[0] + j;
    v += s[j & 1][63 - t];
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_race_double_1bar(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_double_1bar<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_skip_iter(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  float v = 0;
  for (int j = 0; j < m; ++j) {
    if (j == 3)
      continue;
    s[t] = x[0];
    __syncthreads();
    v += s[63 - t];
    __syncthreads();
    if (j == 2)
      s[t] = 1;
    if (j == 4)
      v += s[63 - t];
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_race_skip_iter(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_skip_iter<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_late_read(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  __syncthreads();
  if (t == 0)
    s[0] = 5.0f * x[1];
  y[blockIdx.x * 64 + t] = s[0];
}

void run_race_late_read(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n + 2) * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, (n + 2) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_late_read<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_flag_uniform(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ int go;
  if (t == 0)
    go = n;
  __syncthreads();
  while (go > 0) {
    y[blockIdx.x * 64 + t] = go;
    __syncthreads();
    if (t == 0)
      go -= 1;
  }
}

void run_race_flag_uniform(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_flag_uniform<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__device__ float total[1];

__global__ void race_device_global(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    total[0] += x[i];
    y[i] = total[0];
  }
}

void run_race_device_global(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  race_device_global<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_tile_wide(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[2][32];
  int w = t / 32;
  s[w][t % 32] = x[0];
  __syncwarp();
  y[blockIdx.x * 64 + t] = s[1 - w][t % 32];
}

void run_race_tile_wide(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_tile_wide<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_warp2d(const float *x, float *y, int n, int m) {
  __shared__ float s[64];
  int t = threadIdx.y * 16 + threadIdx.x;
  s[t] = x[0];
  __syncwarp();
  y[blockIdx.x * 64 + t] = s[t ^ 32];
}

void run_race_warp2d(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  race_warp2d<<<(n + 63) / 64, dim3(16, 4)>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void race_warp2d_y(const float *x, float *y, int n, int m) {
  __shared__ float s[96];
  s[threadIdx.y * 24 + threadIdx.x] = x[0];
  __syncwarp();
  y[(blockIdx.x * 4 + threadIdx.y) * 24 + threadIdx.x] = s[threadIdx.y * 24 + (23 - threadIdx.x)];
}

void run_race_warp2d_y(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 96) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 96) * sizeof(float), cudaMemcpyHostToDevice);
  race_warp2d_y<<<(n + 63) / 64, dim3(24, 4)>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 96) * sizeof(float), cudaMemcpyDeviceToHost);
}
