// In each of these kernels only some threads of a block reach a barrier.
#include <cuda_runtime.h>

__global__ void barrier_branch(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  __shared__ float s[64];
  s[t] = x[0];
  if (t < 32)
    __syncthreads();
  y[blockIdx.x * 64 + t] = s[t];
}

void run_barrier_branch(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_branch<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_guard(const float *x, float *y, int n, int m) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  __shared__ float s[64];
  if (i < n) {
    s[threadIdx.x] = x[i];
    __syncthreads();
    y[i] = s[threadIdx.x];
  }
}

void run_barrier_guard(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, n * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, n * sizeof(float), cudaMemcpyHostToDevice);
  barrier_guard<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, n * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_loop_trip(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  float v = 0;
  for (int j = t; j < m; j += 64) {
    v += x[0];
    __syncthreads();
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_barrier_loop_trip(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_loop_trip<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_break_div(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  float v = 0;
  for (int j = 0; j < 10; ++j) {
    __syncthreads();
    v += x[0];
    if (t == j)
      break;
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_barrier_break_div(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_break_div<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_break_div_while(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  float v = 0;
  int j = 0;
  while (j < m) {
    __syncthreads();
    v += x[0];
    if (t == j)
      break;
    j++;
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_barrier_break_div_while(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_break_div_while<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_continue(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  float v = 0;
  for (int j = 0; j < m; ++j) {
    if (t == j)
      continue;
    v += x[0];
    __syncthreads();
  }
  y[blockIdx.x * 64 + t] = v;
}

void run_barrier_continue(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_continue<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_data(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  if (x[t] > 0)
    __syncthreads();
  y[blockIdx.x * 64 + t] = x[0];
}

void run_barrier_data(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n + 64) * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, (n + 64) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_data<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_select(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  int lim = t < 32 ? 3 : 4;
  for (int j = 0; j < lim; ++j)
    __syncthreads();
  y[blockIdx.x * 64 + t] = x[0];
}

void run_barrier_select(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_select<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_do_while(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  int j = t;
  do {
    __syncthreads();
    j -= 2;
  } while (j > 0);
  y[blockIdx.x * 64 + t] = x[0];
}

void run_barrier_do_while(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_do_while<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_two_places(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  if (t < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  y[blockIdx.x * 64 + t] = x[0];
}

void run_barrier_two_places(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_two_places<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_flag_div(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  int go = 1;
  for (int j = 0; j < m && go; ++j) {
    __syncthreads();
    if (x[j * 64 + t] > 0)
      go = 0;
  }
  y[blockIdx.x * 64 + t] = 1.0f;
}

void run_barrier_flag_div(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (m * 64) * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, (m * 64) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_flag_div<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_or_div(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  int r = 0;
  if (t < 7)
    r = __syncthreads_or(x[t] > 0);
  y[blockIdx.x * 64 + t] = r;
}

void run_barrier_or_div(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, (n + 64) * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, (n + 64) * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_or_div<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}

__global__ void barrier_switch(const float *x, float *y, int n, int m) {
  int t = threadIdx.x;
  switch (t % 3) {
  case 0:
    __syncthreads();
    break;
  default:
    break;
  }
  y[blockIdx.x * 64 + t] = x[0];
}

void run_barrier_switch(const float *in, float *out, int n, int m) {
  float *a;
  float *b;
  cudaMalloc(&a, n * sizeof(float));
  cudaMalloc(&b, (((n + 63) / 64) * 64) * sizeof(float));
  cudaMemcpy(a, in, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(b, out, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyHostToDevice);
  barrier_switch<<<(n + 63) / 64, 64>>>(a, b, n, m);
  cudaMemcpy(out, b, (((n + 63) / 64) * 64) * sizeof(float), cudaMemcpyDeviceToHost);
}
