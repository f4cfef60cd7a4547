// What real files hold beside plain kernels: unions, arrays in structs, bases of class templates, arrays of pointers,
// structured bindings, numbers taken apart, CUB. tests/frontends/test_lift_differential.py runs it as written and as lifted.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cub/cub.cuh>
#include <cuda/atomic>
#include <cuda/pipeline>
#include <cuda_pipeline.h>
#include <cuComplex.h>

#define TID (blockIdx.x * blockDim.x + threadIdx.x)

union Word {
  float real;
  int bits;
  unsigned char bytes[4];
};
struct Pair {
  union {
    struct {
      float x, y;
    };
    float both[2];
  };
  int count;
};

__global__ void unions(const float *a, const Word *cells, float *o, int n) {
  int i = TID;
  if (i >= n) return;
  Word w;
  w.real = a[i];
  Word copy = w;
  copy.bits ^= 1 << 31;
  Pair p;
  p.x = copy.real;
  p.y = w.bytes[3];
  p.count = 2;
  Pair q = p;
  q.both[1] += cells[i].bits > 0 ? 1.0f : cells[i].bytes[1];
  o[i] = q.x * q.count + q.y;
}

template <int N> struct Held {
  float values[N];
  __device__ void put(int k, float v) { values[k] = v; }
};
template <int N> struct Counted : public Held<N> {
  int times = 3;
  float scale[2] = {2.0f, 0.5f};
  __device__ float get(int k) const { return this->values[k] * times * scale[k & 1]; }
};
struct Matrix {
  float m[2][2];
  int tag;
};
__device__ Matrix product(const Matrix &a, const Matrix &b) {
  Matrix r = {};
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      for (int k = 0; k < 2; k++) r.m[i][j] += a.m[i][k] * b.m[k][j];
  r.tag = a.tag;
  return r;
}

__global__ void arrays_in_structs(const float *a, float *o, int n) {
  int i = TID;
  if (i >= n) return;
  Counted<4> held;
  for (int k = 0; k < 4; k++) held.put(k, a[i] + k);
  Matrix m = {{{a[i], 1.0f}, {2.0f, a[n - 1 - i]}}, 5};
  Matrix square = product(m, m);
  o[i] = held.get(i & 3) + square.m[1][0] * square.tag + square.m[0][1];
}

struct Planes {
  const float *in[3];
  float *out;
  int n, weight[3];
};
__global__ void pointers_in_arrays(Planes p) {
  int i = TID;
  if (i >= p.n) return;
  float sum = 0.0f;
  for (int k = 0; k < 3; k++) sum += p.in[k][i] * p.weight[k];
  const float *two[2] = {p.in[1], p.in[0] + 0};
  p.out[i] = sum + two[i & 1][i] - two[0][i];
}

__device__ Pair halves(float v) {
  Pair p;
  p.x = v * 0.5f;
  p.y = v * 0.25f;
  p.count = 1;
  return p;
}
struct Ends {
  float low, high;
};
__device__ Ends ends(float v) { return {v - 1.0f, v + 1.0f}; }

__global__ void numbers(const float *a, const double *d, float *o, int *e, int n) {
  int i = TID;
  if (i >= n) return;
  int exponent, other;
  float whole, values[4] = {1.0f, 2.0f, 3.0f, a[i]};
  double dwhole;
  float mantissa = frexpf(a[i], &exponent);
  double dmantissa = frexp(d[i], &other);
  float rest = modff(a[i] * 3.0f, &whole);
  double drest = modf(d[i], &dwhole);
  auto [low, high] = ends(rest);
  auto &[first, second, third, fourth] = values;
  second += low;
  float sum = 0.0f;
  for (float v : values) sum += v;
  for (auto &v : values) v *= high;
  e[i] = exponent * 1000 + other;
  o[i] = mantissa + (float)dmantissa + whole + (float)(drest + dwhole) + sum + fourth + logbf(a[i]) + halves(a[i]).y;
}

__global__ void complex_numbers(const cuFloatComplex *a, cuFloatComplex *o, int n) {
  int i = TID;
  if (i < n) o[i] = cuCaddf(cuCmulf(a[i], make_cuFloatComplex(0.5f, 2.0f)), cuConjf(a[i]));
}

template <int B> __global__ void block_sums(const float *a, float *o, int n) {
  using Reduce = cub::BlockReduce<float, B>;
  __shared__ typename Reduce::TempStorage storage;
  int i = blockIdx.x * B + threadIdx.x;
  float v = i < n ? a[i] : 0.0f;
  float best = Reduce(storage).Reduce(v, cub::Max());
  __syncthreads();
  float sum = Reduce(storage).Sum(v);
  if (threadIdx.x == 0) o[blockIdx.x] = sum + best;
}
template __global__ void block_sums<128>(const float *, float *, int);

__global__ void block_prefix(const int *a, int *o) {
  typedef cub::BlockScan<int, 128> Scan;
  __shared__ typename Scan::TempStorage storage;
  int before, all, items[2] = {a[threadIdx.x], 1};
  Scan(storage).ExclusiveSum(a[threadIdx.x], before, all);
  __syncthreads();
  Scan(storage).InclusiveSum(items, items);
  o[threadIdx.x] = before + all + items[1];
}

__global__ void staged(const float *a, float *o, float *sum, int *count) {
  __shared__ float s[128], t[128], u[128];
  auto block = cooperative_groups::this_thread_block();
  auto pipe = cuda::make_pipeline();
  const float *mine = a + blockIdx.x * 128;
  pipe.producer_acquire();
  cuda::memcpy_async(&s[threadIdx.x], &mine[threadIdx.x], sizeof(float), pipe);
  pipe.producer_commit();
  __pipeline_memcpy_async(&t[threadIdx.x], &mine[threadIdx.x], 4);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  cooperative_groups::memcpy_async(block, u, mine, sizeof(float) * 128);
  pipe.consumer_wait();
  cooperative_groups::wait(block);
  o[blockIdx.x * 128 + threadIdx.x] = s[127 - threadIdx.x] + t[threadIdx.x ^ 1] * u[threadIdx.x ^ 2];
  pipe.consumer_release();
  cuda::atomic_ref<float, cuda::thread_scope_device> total(*sum);
  total.fetch_add(s[threadIdx.x], cuda::memory_order_relaxed);
  if (s[threadIdx.x] > 0) cuda::atomic_ref<int, cuda::thread_scope_device>(count[0]).fetch_add(1);
}
