// Constructs whose lifting is easy to get wrong, each in a kernel that computes something from all of its
// inputs. tests/frontends/test_lift_differential.py runs them as written and as lifted.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cooperative_groups.h>
#include <cuda_fp16.h>

namespace cg = cooperative_groups;

#define THREADS 64
#define TID (blockIdx.x * blockDim.x + threadIdx.x)

struct Best {
  float value;
  int at;
};

struct Params {
  const float *x;
  int n;
  float weight[3];
};

struct Scale {
  float by = 2.0f;
  __host__ __device__ Scale() {}
  __device__ explicit Scale(float b) : by(b) { by += 1.0f; }
  __device__ float operator()(float v) const { return v * by; }
};

enum Kind { PLUS, MINUS = 3, TIMES };

__device__ int find(const int *p, int n, int wanted) {
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i % 3; ++j)
      if (p[i] % 7 + j == wanted) return i * 4 + j;
  }
  return -1;
}

__device__ float apply(float v, int kind) {
  switch (kind & 7) {
    case PLUS: v += 1.5f; break;
    case MINUS: v -= 0.5f;
    case TIMES: v *= 3.0f; break;
    case 5: { if (v > 0) break; v = -v; break; }
    default: return -v;
  }
  return v + 0.25f;
}

__device__ void sort2(int &a, int &b) {
  if (a <= b) return;
  int t = a;
  a = b;
  b = t;
}

__device__ float &component(float4 &v, int i) { return reinterpret_cast<float *>(&v)[i]; }

template <typename T, int N> __device__ T fold(const T (&values)[N]) {
  T sum = T(0);
#pragma unroll
  for (int i = 0; i < N; ++i) sum += values[i];
  return sum;
}

__global__ void conversions(const float *x, const int *p, int *q, int n) {
  int i = TID;
  if (i >= n) return;
  unsigned char c = p[i] * 3;
  short s = (short)(p[i] << 5);
  unsigned u = p[i];
  long long w = (long long)p[i] * 100003;
  c += s;
  s >>= 2;
  u = -u / 3u;
  bool negative = p[i];
  q[i] = c + s * 2 + (int)(u >> 4) + (int)(w % 1009) + negative + (int)x[i] + (x[i] > 0.5f) * 7 +
         (p[i] < 0 ? -1 : 'a') + (p[i] > (int)threadIdx.x);
}

__global__ void effects(const int *p, int *q, int n) {
  int i = TID;
  if (i >= n) return;
  int k = p[i] & 15, t = 0;
  int a[4] = {1, 2};
  a[k & 3]++;
  t = k++ + ++a[1];
  t += (k = t & 7, k * 2);
  while (k-- > 2) {
    if (k == 4) continue;
    t += k;
  }
  do {
    t ^= k += 3;
    if (t & 1) continue;
    t += 5;
  } while (k < 9);
  if (t > 20 && (k = t % 5) > 1 || k == 7) t -= k;
  int b = t > 3 ? a[0]++ : --a[2];
  sort2(t, b);
  for (int lo = 0, hi = 6; lo < hi; ++lo, --hi) t += lo * hi;
  for (int j = 10; j >= 0; j -= 3) t += j & k;
  q[i] = t + b * 1000 + a[0] + a[1] * 3 + a[2] * 5 + a[3];
}

__global__ void functions(const float *x, const int *p, float *y, int n) {
  int i = TID;
  if (i < n) y[i] = apply(apply(x[i], p[i]), p[i] >> 3) + find(p, n < 8 ? n : 8, p[i] & 7);
}

__global__ void pointers(const float *x, const int *p, float *y, int n) {
  __shared__ float rows[4][17];
  __shared__ float even[THREADS], odd[THREADS];
  int t = threadIdx.x;
  even[t] = TID < n ? x[TID] : 0.0f;
  float *line = rows[t % 4];
  if (t < 64) line[t / 4] = even[t];
  __syncthreads();
  float *from = even, *to = odd;
  for (int d = 1; d < THREADS; d *= 2) {
    to[t] = from[t] + from[t ^ d];
    __syncthreads();
    float *swap = from;
    from = to;
    to = swap;
  }
  const float *side = (t & 1) ? x : y;
  float s = from[t];
  const float *z = (t & 2) ? even : odd;
  s += *z++ * 0.5f;
  s += z[t % 63];
  float (*table)[17] = rows;
  for (const float *c = table[1], *end = c + 16; c < end; c += 2) s += *c;
  if (TID < n) {
    const float *q = x + TID;
    s += *q;
    if (side == x) s += side[(p[TID] & 0xffff) % n];
    __syncwarp(__activemask());
    y[TID] = s + rows[t & 3][t / 4];
  }
}

__global__ void views(const float *x, int *q, int n) {
  extern __shared__ char raw[];
  float *a = reinterpret_cast<float *>(raw);
  int *b = reinterpret_cast<int *>(a + blockDim.x);
  half *h = (half *)(b + blockDim.x);
  int t = threadIdx.x;
  a[t] = TID < n ? x[TID] : 1.0f;
  b[t] = (int)a[t] * 3;
  h[t] = __float2half(a[t] * 0.5f);
  __syncthreads();
  float4 v = make_float4(a[t], 2.0f, a[(t + 1) % blockDim.x], __half2float(h[t]));
  float s = 0;
  for (int k = 0; k < 4; ++k) s += component(v, k) * (k + 1);
  component(v, t & 3) = 9;
  unsigned bits;
  memcpy(&bits, &v.x, sizeof bits);
  if (TID < n) q[TID] = b[(t + 3) % blockDim.x] + (int)s + (int)(bits >> 20) + (int)v.w;
}

__global__ void records(Params params, Best *out) {
  __shared__ Best best[THREADS];
  Best mine{-1.0e30f, -1};
  for (int i = threadIdx.x; i < params.n; i += blockDim.x) {
    Best other;
    other.value = params.x[i] * params.weight[i % 3];
    other.at = i;
    mine = other.value > mine.value ? other : mine;
  }
  best[threadIdx.x] = mine;
  __syncthreads();
  for (int d = blockDim.x / 2; d > 0; d >>= 1) {
    if (threadIdx.x < d && best[threadIdx.x + d].value > best[threadIdx.x].value)
      best[threadIdx.x] = best[threadIdx.x + d];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = best[0];
}

template <typename T, typename Op> __global__ void mapped(const T *x, T *y, int n, Op op) {
  int i = TID;
  T parts[3] = {T(1), op(x[i < n ? i : 0]), T(3)};
  auto twice = [=](T v) { return op(v) + parts[0]; };
  if constexpr (sizeof(T) == 4) parts[2] = twice(parts[1]);
  if (i < n) y[i] = fold(parts) + std::max(parts[0], parts[1]) + Scale(parts[0])(parts[2]);
}

__global__ void warps(const float *x, float *y, int n) {
  float v = TID < n ? x[TID] : 0.0f;
  auto block = cg::this_thread_block();
  auto tile = cg::tiled_partition<16>(block);
  float s = v;
  for (int o = tile.size() / 2; o > 0; o /= 2) s += tile.shfl_down(s, o);
  s = tile.shfl(s, 0);
  unsigned positive = __ballot_sync(0xffffffffu, v > 0);
  float other = __shfl_xor_sync(0xffffffffu, v, 5) + __shfl_up_sync(0xffffffffu, v, 2, 8);
  int many = __syncthreads_count(v > 0.25f);
  if (TID < n) y[TID] = s + other + __popc(positive) + many + tile.thread_rank() * 0.5f;
}

__global__ void halves(const float *x, float *y, int n) {
  int i = TID;
  if (i >= n) return;
  half a = __float2half(x[i]), b = a * a + half(0.5f);
  half2 p = __halves2half2(a, b);
  p = __hfma2(p, __float2half2_rn(2.0f), p);
  float2 f = __half22float2(p);
  y[i] = f.x + f.y + __half2float(__hmax(a, b)) + (__hgt(a, b) ? 1.0f : 0.0f) +
         __int_as_float(__float_as_int(x[i]) ^ 0x80000000) * 0.5f;
}

void run(const float *x, const int *p, float *y, int *q, Best *best, int n) {
  float *dx, *dy;
  int *dp, *dq;
  Best *db;
  int blocks = (n + THREADS - 1) / THREADS;
  cudaMalloc(&dx, n * sizeof(float));
  cudaMalloc(&dy, n * sizeof(float));
  cudaMalloc(&dp, n * sizeof(int));
  cudaMalloc(&dq, n * sizeof(int));
  cudaMalloc(&db, blocks * sizeof(Best));
  cudaMemcpy(dx, x, n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dp, p, n * sizeof(int), cudaMemcpyHostToDevice);
  Params params;
  params.x = dx;
  params.n = n;
  params.weight[0] = 1.0f;
  params.weight[1] = 0.5f;
  params.weight[2] = 2.0f;
  conversions<<<blocks, THREADS>>>(dx, dp, dq, n);
  effects<<<blocks, THREADS>>>(dp, dq, n);
  functions<<<blocks, THREADS>>>(dx, dp, dy, n);
  pointers<<<blocks, THREADS>>>(dx, dp, dy, n);
  views<<<blocks, THREADS, THREADS * 10>>>(dx, dq, n);
  records<<<blocks, THREADS>>>(params, db);
  mapped<float, Scale><<<blocks, THREADS>>>(dx, dy, n, Scale());
  warps<<<blocks, THREADS>>>(dx, dy, n);
  halves<<<blocks, THREADS>>>(dx, dy, n);
  cudaMemcpy(y, dy, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(q, dq, n * sizeof(int), cudaMemcpyDeviceToHost);
  cudaMemcpy(best, db, blocks * sizeof(Best), cudaMemcpyDeviceToHost);
}
