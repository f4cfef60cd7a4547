#include <cstdio>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>
using namespace nvcuda;

template <class T, class S, class LA, class LB>
__device__ void product(S *c, const T *a, const T *b, int steps) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, T, LA> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, T, LB> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, S> fc;
  wmma::fill_fragment(fc, S(1));
  for (int i = 0; i < steps; ++i) {
    wmma::load_matrix_sync(fa, a + 16 * i, 32);
    wmma::load_matrix_sync(fb, b + 16 * i, 32);
    wmma::mma_sync(fc, fa, fb, fc);
  }
  for (int i = 0; i < fc.num_elements; ++i) fc.x[i] = fc.x[i] * S(2);
  wmma::store_matrix_sync(c, fc, 16, wmma::mem_row_major);
}

// Warps 0 to 4: the last one has no partner. Warps 2 and 3 take different numbers of steps.
__global__ void halves(float *c, const half *a, const half *b) {
  int w = threadIdx.x / 32;
  product<half, float, wmma::row_major, wmma::col_major>(c + 256 * w, a + 16 * w, b + 8 * w, w == 3 ? 1 : 2);
}
__global__ void sums(half *c, const half *a, const half *b) {
  int w = threadIdx.x / 32;
  product<half, half, wmma::col_major, wmma::row_major>(c + 256 * w, a + 16 * w, b + 8 * w, 1);
}
__global__ void bytes(int *c, const signed char *a, const signed char *b) {
  int w = threadIdx.x / 32;
  product<signed char, int, wmma::row_major, wmma::row_major>(c + 256 * w, a + 16 * w, b + 8 * w, 2);
}
__global__ void brains(float *c, const __nv_bfloat16 *a, const __nv_bfloat16 *b) {
  int w = threadIdx.x / 32;
  product<__nv_bfloat16, float, wmma::col_major, wmma::col_major>(c + 256 * w, a + 16 * w, b + 8 * w, 2);
}

template <class T> T *copy(const T *host, int n) {
  T *d;
  cudaMalloc(&d, n * sizeof(T));
  cudaMemcpy(d, host, n * sizeof(T), cudaMemcpyHostToDevice);
  return d;
}
const int n = 2048, m = 256 * 5;
static half a[n], b[n], hs[m];
static __nv_bfloat16 p[n], q[n];
static signed char u[n], v[n];
static float fs[m];
static int is[m];

int main() {
  for (int i = 0; i < n; ++i) {
    a[i] = __float2half((i * 7 % 23) - 11);
    b[i] = __float2half((i * 5 % 19) - 9);
    p[i] = __float2bfloat16((i * 7 % 23) - 11);
    q[i] = __float2bfloat16((i * 5 % 19) - 9);
    u[i] = i * 31 % 255 - 127;
    v[i] = i * 17 % 251 - 125;
  }
  float *df = copy(fs, m);
  halves<<<1, 160>>>(df, copy(a, n), copy(b, n));
  cudaMemcpy(fs, df, sizeof fs, cudaMemcpyDeviceToHost);
  for (int i = 0; i < m; ++i) printf("%g ", fs[i]);
  half *dh = copy(hs, m);
  sums<<<1, 128>>>(dh, copy(a, n), copy(b, n));
  cudaMemcpy(hs, dh, sizeof hs, cudaMemcpyDeviceToHost);
  for (int i = 0; i < m; ++i) printf("%g ", __half2float(hs[i]));
  int *di = copy(is, m);
  bytes<<<1, 160>>>(di, copy(u, n), copy(v, n));
  cudaMemcpy(is, di, sizeof is, cudaMemcpyDeviceToHost);
  for (int i = 0; i < m; ++i) printf("%d ", is[i]);
  brains<<<1, 64>>>(df, copy(p, n), copy(q, n));
  cudaMemcpy(fs, df, sizeof fs, cudaMemcpyDeviceToHost);
  for (int i = 0; i < 512; ++i) printf("%g ", fs[i]);
  printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
  return 0;
}
