// Each of these kernels leaves an array at some sizes.
#include <cuda_runtime.h>

__global__ void outside_le(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n)
    y[i] = x[0];
}

void run_outside_le(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_le<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_next(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = x[i + 1];
}

void run_outside_next(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_next<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_no_guard(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[0];
}

void run_outside_no_guard(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_no_guard<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_one_size(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    int j = i;
    if (n == 777)
      j = i + 1;
    y[j] = 1.0f;
  }
}

void run_outside_one_size(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_one_size<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_one_size_mod(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    y[n % 1024 == 1023 ? i + 1 : i] = 1.0f;
  }
}

void run_outside_one_size_mod(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_one_size_mod<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_neg_mod(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[(i - 5) % n] = 1.0f;
}

void run_outside_neg_mod(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_neg_mod<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_neg_mod_const(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    int j = (i - 3) % 4;
    y[j < n ? j : 0] = x[i];
  }
}

void run_outside_neg_mod_const(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_neg_mod_const<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_neg_div(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    int q = (-5 - (int)threadIdx.x) / n;
    y[q + 4] = 1.0f;
  }
}

void run_outside_neg_div(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_neg_div<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_unsigned_wrap(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned j = threadIdx.x - 1;
  if (i < n)
    y[j] = 1.0f;
}

void run_outside_unsigned_wrap(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_unsigned_wrap<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_unsigned_guard(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    unsigned back = i - 2;
    if ((int)back < n)
      y[(int)back] = x[i];
  }
}

void run_outside_unsigned_guard(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_unsigned_guard<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_unsigned_div(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned u = (unsigned)(i - 1) / 2;
  if (i < n)
    y[u] = x[i];
}

void run_outside_unsigned_div(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_unsigned_div<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_unsigned_cmp(const float *x, float *y, int n, int m) {
  for (unsigned j = n - 1 - threadIdx.x; j >= 0u; j -= 64) {
    y[j] = 1.0f;
    if (j == 0u)
      break;
  }
}

void run_outside_unsigned_cmp(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_unsigned_cmp<<<1, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_q_fact(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int q = 0;
  if (n < 400)
    q = (n * 5000000) / m;
  if (i < n) {
    int j = i + q;
    if (n >= 400)
      y[j + 1] = 1.0f;
  }
}

void run_outside_q_fact(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_q_fact<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_or_fact(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int q = 0;
  if (n < 400)
    q = (n * 5000000) | 1;
  if (i < n) {
    if (n >= 400)
      y[i + q + 1] = 1.0f;
  }
}

void run_outside_or_fact(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_or_fact<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_break_linear(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int a = 0, b = 0;
  while (a < n) {
    a += 1;
    if (x[a - 1] > 0)
      break;
    b += 1;
  }
  if (i < n)
    y[i + a - b] = 1.0f;
}

void run_outside_break_linear(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_break_linear<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_break_sym(const float *x, float *y, int n, int m) {
  __shared__ float s[1];
  int a = 0, b = 0;
  while (a < n) {
    a += 1;
    if (x[a - 1] > 0)
      break;
    b += 1;
  }
  if (threadIdx.x == 0) {
    s[a - b] = 1.0f;
    y[blockIdx.x] = s[0];
  }
}

void run_outside_break_sym(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, ((n + 63) / 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, ((n + 63) / 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_break_sym<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, ((n + 63) / 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_shared_pad(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[t + 1];
}

void run_outside_shared_pad(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_shared_pad<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_shared_dyn(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  extern __shared__ float s[];
  s[t] = x[0];
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[63 - t];
}

void run_outside_shared_dyn(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_shared_dyn<<<(n + 63) / 64, 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_shared_dyn_two(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  extern __shared__ float s[];
  float *b = s + 64;
  s[t] = x[0];
  b[t] = 2.0f;
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[63 - t] + b[63 - t];
}

void run_outside_shared_dyn_two(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_shared_dyn_two<<<(n + 63) / 64, 64, 64 * sizeof(float)>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_shared_dyn_m(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  extern __shared__ float s[];
  for (int j = t; j < m; j += 64)
    s[j] = x[0];
  __syncthreads();
  if (t < m)
    y[blockIdx.x] = s[m - 1];
}

void run_outside_shared_dyn_m(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, ((n + 63) / 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, ((n + 63) / 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_shared_dyn_m<<<(n + 63) / 64, 64, (m - 1) * sizeof(float)>>>(a, b, n, m);
  cudaMemcpy(out, b, ((n + 63) / 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_row_col(const float *x, float *y, int n, int m) {
  int r = blockIdx.x, c = threadIdx.x;
  if (c < m)
    y[c * m + r] = x[r * m + c];
}

void run_outside_row_col(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n * m) * sizeof(float));
  cudaMalloc(&b, (n * m) * sizeof(float));
  cudaMemcpy(a, in, (n * m) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n * m) * sizeof(float), cudaMemcpyHostToDevice);
  outside_row_col<<<n, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (n * m) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_vec4_tail(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i * 4 < n) {
    float4 v = ((const float4 *)x)[i];
    ((float4 *)y)[i] = v;
  }
}

void run_outside_vec4_tail(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_vec4_tail<<<(n + 255) / 256, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_local(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float r[4];
  for (int j = 0; j <= m % 5; ++j)
    r[j] = x[0];
  if (i < n)
    y[i] = r[0];
}

void run_outside_local(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_local<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_two_launches(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < m)
    y[i] = x[i];
}

void run_outside_two_launches(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_two_launches<<<(n + 63) / 64, 64>>>(a, b, n, n);
  outside_two_launches<<<(n + 64) / 64, 64>>>(a, b, n, n + 1);

  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_stride_end(const float *x, float *y, int n, int m) {
  for (int i = threadIdx.x; i < n; i += 64) {
    y[i] = x[i];
    if (i + 64 >= n)
      y[i + 1] = 0.0f;
  }
}

void run_outside_stride_end(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_stride_end<<<1, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_halo(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i > 0 && i < n)
    y[i] = x[i - 1] + x[i] + x[i + 1];
}

void run_outside_halo(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_halo<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_char_idx(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  signed char c = (signed char)i;
  if (i < n && c < n)
    y[c] = x[i];
}

void run_outside_char_idx(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_char_idx<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_short(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  short c = (short)i;
  if (i < n)
    y[c] = x[i];
}

void run_outside_short(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_short<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_uchar_mul(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned char c = (unsigned char)(i * 2);
  if (i < n)
    y[c] = x[i];
}

void run_outside_uchar_mul(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_uchar_mul<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_shift(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[(i >> 1) << 2] = x[i];
}

void run_outside_shift(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_shift<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_xor(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i ^ 1] = x[i];
}

void run_outside_xor(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_xor<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_or(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i | 1] = x[i];
}

void run_outside_or(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_or<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_clz(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[__clz(i)] = x[i];
}

void run_outside_clz(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_clz<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_max(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[max(i, 40)] = x[i];
}

void run_outside_max(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_max<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_warp_lane(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[31];
  if (t < 32)
    s[t % 32] = x[0];
  __syncthreads();
  if (t == 0)
    y[blockIdx.x] = s[0];
}

void run_outside_warp_lane(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, ((n + 63) / 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, ((n + 63) / 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_warp_lane<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, ((n + 63) / 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_while_down(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  __syncthreads();
  int d = 64;
  while (d > 0) {
    if (t < d)
      s[t] += 0.0f * s[t + d - 1];
    __syncthreads();
    d >>= 1;
  }
  if (t == 0)
    y[blockIdx.x] = s[0];
}

void run_outside_while_down(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, ((n + 63) / 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, ((n + 63) / 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_while_down<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, ((n + 63) / 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_mixed_shl(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[1 << (i & 31)] = x[i];
}

void run_outside_mixed_shl(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_mixed_shl<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__constant__ float table[4];

__global__ void outside_const_table(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = table[i % 5];
}

void run_outside_const_table(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_const_table<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_cond_order(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int j = i;
  while (x[j] > 0 && j < n)
    j++;
  if (i < n)
    y[i] = j;
}

void run_outside_cond_order(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_cond_order<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_found(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int j;
  for (j = 0; j < n; ++j)
    if (x[j] > 0)
      break;
  if (i < n)
    y[j] = 1.0f;
}

void run_outside_found(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_found<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_found_while(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int j = 0;
  while (j < n && x[j] <= 0)
    ++j;
  if (i < n)
    y[j] = 1.0f;
}

void run_outside_found_while(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_found_while<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_lower_bound(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int lo = 0, hi = n;
  while (lo < hi) {
    int mid = (lo + hi) / 2;
    if (x[mid] < 3)
      lo = mid + 1;
    else
      hi = mid;
  }
  if (i < n)
    y[lo] = 1.0f;
}

void run_outside_lower_bound(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_lower_bound<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_size_t(const float *x, float *y, int n, int m) {
  size_t j = (size_t)n - 1 - threadIdx.x;
  y[j] = 1.0f;
}

void run_outside_size_t(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_size_t<<<1, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_block_param(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[256];
  s[t] = x[0];
  __syncthreads();
  if (blockIdx.x * blockDim.x + t < n)
    y[blockIdx.x * blockDim.x + t] = s[0];
}

void run_outside_block_param(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_block_param<<<(n + m - 1) / m, m>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_warps_param(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[8];
  if (t % 32 == 0)
    s[t / 32] = x[0];
  __syncthreads();
  if (t == 0)
    y[blockIdx.x] = s[0];
}

void run_outside_warps_param(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_warps_param<<<n, m>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_bytes_alloc(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = 1.0f;
}

void run_outside_bytes_alloc(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (n / 4) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n / 4) * sizeof(float), cudaMemcpyHostToDevice);
  outside_bytes_alloc<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (n / 4) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_pointer_walk(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  const float *p = x + i;
  float v = 0;
  for (int j = 0; j < 4; ++j) {
    v += *p;
    p += m;
  }
  if (i < n)
    y[i] = v;
}

void run_outside_pointer_walk(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n + 3 * m) * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, (n + 3 * m) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_pointer_walk<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_pointer_select(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  const float *p = i % 2 ? x : y;
  if (i < n)
    y[i] = p[i + 1];
}

void run_outside_pointer_select(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n + 1) * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, (n + 1) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_pointer_select<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_dyn_m(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  extern __shared__ float s[];
  s[t] = x[0];
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[t];
}

void run_outside_dyn_m(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_dyn_m<<<(n + 63) / 64, 64, m * sizeof(float)>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_doubling(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = 0;
  __syncthreads();
  if (t == 0)
    for (int j = 1; j <= m; j *= 2)
      s[j] = x[0];
  __syncthreads();
  y[blockIdx.x * 64 + t] = s[t];
}

void run_outside_doubling(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  outside_doubling<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_switch(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int j = 0;
  switch (i % 3) {
  case 0:
    j = 0;
    break;
  case 1:
    j = 1;
  case 2:
    j = n;
  }
  if (i < n)
    y[j] = 1.0f;
}

void run_outside_switch(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_switch<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_launch_loop(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < m)
    y[i] = x[i];
}

void run_outside_launch_loop(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (4 * m) * sizeof(float));
  cudaMalloc(&b, (4 * m) * sizeof(float));
  cudaMemcpy(a, in, (4 * m) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (4 * m) * sizeof(float), cudaMemcpyHostToDevice);
  for (int q = 0; q <= 4; ++q)
    outside_launch_loop<<<(m + 63) / 64, 64>>>(a + q * m, b + q * m, n, m);

  cudaMemcpy(out, b, (4 * m) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_row_alloc(const float *x, float *y, int n, int m) {
  __shared__ float s[8][8];
  s[threadIdx.y][threadIdx.x] = x[0];
  __syncthreads();
  y[threadIdx.y * 8 + threadIdx.x] = s[threadIdx.y][threadIdx.x + 1];
}

void run_outside_row_alloc(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (64 + n) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (64 + n) * sizeof(float), cudaMemcpyHostToDevice);
  outside_row_alloc<<<1, dim3(8, 8)>>>(a, b, n, m);
  cudaMemcpy(out, b, (64 + n) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_negative_shift(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int d = (i - 1) >> 1;
  if (i < n)
    y[i] = x[d];
}

void run_outside_negative_shift(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_negative_shift<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_neg_mul(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    int j = -i;
    y[j + n] = x[i];
  }
}

void run_outside_neg_mul(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_neg_mul<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_popc(const unsigned *x, int *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[__popc(x[i])] = 1;
}

void run_outside_popc(const unsigned *in, int *out, int n, int m) {
  unsigned *a;
  int *b;
  cudaMalloc(&a, n * sizeof(unsigned));
  cudaMalloc(&b, n * sizeof(int));
  cudaMemcpy(a, in, n * sizeof(unsigned), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(int), cudaMemcpyHostToDevice);
  outside_popc<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(int), cudaMemcpyDeviceToHost);
}

__global__ void outside_bool_index(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[n - (i > 0)] = 1;
}

void run_outside_bool_index(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_bool_index<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_last_block(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  int base = blockIdx.x * 64;
  if (base < n)
    y[base + t] = x[base];
}

void run_outside_last_block(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_last_block<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_div_up(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[(i + 3) / 4 * 4] = x[i];
}

void run_outside_div_up(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  outside_div_up<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_stencil_y(const float *x, float *y, int n, int m) {
  int cx = blockIdx.x * 8 + threadIdx.x, cy = blockIdx.y * 8 + threadIdx.y;
  if (cx < n && cy < m && cy > 0)
    y[cy * n + cx] = x[(cy + 1) * n + cx];
}

void run_outside_stencil_y(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n * m) * sizeof(float));
  cudaMalloc(&b, (n * m) * sizeof(float));
  cudaMemcpy(a, in, (n * m) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n * m) * sizeof(float), cudaMemcpyHostToDevice);
  outside_stencil_y<<<dim3((n + 7) / 8, (m + 7) / 8), dim3(8, 8)>>>(a, b, n, m);
  cudaMemcpy(out, b, (n * m) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void outside_swap_dims(const float *x, float *y, int n, int m) {
  int cx = blockIdx.x * 8 + threadIdx.x, cy = blockIdx.y * 8 + threadIdx.y;
  if (cx < n && cy < m)
    y[cx * m + cy] = x[cx * n + cy];
}

void run_outside_swap_dims(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n * m) * sizeof(float));
  cudaMalloc(&b, (n * m) * sizeof(float));
  cudaMemcpy(a, in, (n * m) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (n * m) * sizeof(float), cudaMemcpyHostToDevice);
  outside_swap_dims<<<dim3((n + 7) / 8, (m + 7) / 8), dim3(8, 8)>>>(a, b, n, m);
  cudaMemcpy(out, b, (n * m) * sizeof(float), cudaMemcpyDeviceToHost);
}
