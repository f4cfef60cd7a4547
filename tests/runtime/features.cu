// Features of the runtime, one kernel each. No include: a bare file has to work.
namespace cg = cooperative_groups;
using namespace nvcuda;

__constant__ float coef[4];
__device__ int counter;

__device__ __noinline__ float twice(float x) { return 2 * x; }

__global__ void map(const float *x, float *y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] = twice(x[i]);
}

template <typename T, int B> __global__ void block_sum(const T *x, T *y, int n) {
  __shared__ T tile[B];
  int t = threadIdx.x, i = blockIdx.x * B + t;
  tile[t] = i < n ? x[i] : T(0);
  __syncthreads();
  for (int s = B / 2; s > 0; s /= 2) {
    if (t < s) tile[t] += tile[t + s];
    __syncthreads();
  }
  if (t == 0) y[blockIdx.x] = tile[0];
}

__global__ void early_exit(int *y, int n) {
  __shared__ int tile[64];
  tile[threadIdx.x] = 0;
  if (threadIdx.x >= n) return;
  tile[threadIdx.x] = threadIdx.x + 1;
  __syncthreads();  // those that returned count as arrived
  y[threadIdx.x] = tile[n - 1 - threadIdx.x];
}

__global__ void votes(int *y) {
  int t = threadIdx.x;
  y[t * 8 + 0] = __syncthreads_count(t % 3 == 0);
  y[t * 8 + 1] = __syncthreads_or(t == 40);
  y[t * 8 + 2] = __syncthreads_and(t < 40);
  y[t * 8 + 3] = (int)__ballot_sync(0xffffffffu, t & 1);
  y[t * 8 + 4] = __any_sync(0xffffffffu, t == 3);
  y[t * 8 + 5] = __all_sync(0xffffffffu, t >= 32);
  y[t * 8 + 6] = (int)__match_any_sync(0xffffffffu, t % 4);
  y[t * 8 + 7] = (int)__reduce_add_sync(0xffffffffu, t);
}

__global__ void shuffles(const int *x, int *y) {
  int t = threadIdx.x, v = x[t];
  y[t * 6 + 0] = __shfl_sync(~0u, v, 5);
  y[t * 6 + 1] = __shfl_up_sync(~0u, v, 3);
  y[t * 6 + 2] = __shfl_down_sync(~0u, v, 3, 8);
  y[t * 6 + 3] = __shfl_xor_sync(~0u, v, 16);
  y[t * 6 + 4] = __shfl_sync(~0u, v, t + 9, 16);
  y[t * 6 + 5] = t < 16 ? __shfl_xor_sync(0x0000ffffu, v, 1) : __shfl_xor_sync(0xffff0000u, v, 2);
}

__global__ void divergent_active(int *y) {
  int t = threadIdx.x;
  if (t % 2)
    y[t] = (int)__activemask();
  else
    y[t] = (int)__ballot(t < 8);
}

__global__ void groups(const int *x, int *y) {
  cg::thread_block block = cg::this_thread_block();
  cg::thread_block_tile<8> tile = cg::tiled_partition<8>(block);
  int t = block.thread_rank(), v = x[t];
  int sum = cg::reduce(tile, v, cg::plus<int>());
  int scan = cg::inclusive_scan(tile, v, cg::plus<int>());
  int before = cg::exclusive_scan(tile, v, cg::plus<int>());
  int next = tile.shfl_down(v, 1);
  block.sync();
  int odd = 0;
  if (t % 3 == 0) {
    cg::coalesced_group active = cg::coalesced_threads();
    odd = (int)(active.size() * 100 + active.thread_rank());
  }
  int out[] = {sum, scan, before, next, (int)tile.thread_rank(), (int)tile.meta_group_rank(), odd, (int)tile.ballot(v > 3)};
  for (int i = 0; i < 8; ++i) y[t * 8 + i] = out[i];
}

__global__ void grid_sum(int *x, int *y) {
  cg::grid_group grid = cg::this_grid();
  int i = (int)grid.thread_rank();
  x[i] = i + 1;
  grid.sync();
  y[i] = x[(i + blockDim.x) % (int)grid.size()];
}

__global__ void atomics(int *i, unsigned *u, float *f, double *d, unsigned long long *l, half *h) {
  int t = threadIdx.x;
  atomicAdd(&i[0], t);
  atomicSub(&i[1], 1);
  atomicMin(&i[2], t - 7);
  atomicMax(&i[3], t);
  atomicAnd(&i[4], ~(1 << (t % 32)));
  atomicOr(&i[5], 1 << (t % 32));
  atomicXor(&i[6], t);
  if (t == 3) i[7] = atomicExch(&i[8], 11), i[9] = atomicCAS(&i[8], 11, 12);
  atomicInc(&u[0], 9);
  atomicDec(&u[1], 9);
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
  atomicAdd(l, 1ull << 33);
  atomicAdd(h, half(1.0f));
  atomicAdd(&counter, 1);
}

__global__ void dynamic(const float *x, float *y, int n) {
  extern __shared__ float raw[];
  float *first = raw, *second = raw + n;
  int t = threadIdx.x;
  first[t] = x[t];
  second[t] = 10 * x[t];
  __syncthreads();
  y[t] = first[n - 1 - t] + second[t] + coef[t % 4];
}

struct Shape {
  int width, dims[2];
  float scale;
};
__global__ void by_value(Shape s, float4 *y, float4 v) {
  y[threadIdx.x] = make_float4(s.width, s.dims[1], s.scale, v.z);
}

template <class F> __global__ void apply(float *y, F f) { y[threadIdx.x] = f(y[threadIdx.x]); }
struct AddOne {
  __device__ float operator()(float x) const { return x + 1; }
};

__global__ void matrix(const half *a, const half *b, float *c) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::fill_fragment(fc, 1.0f);
  wmma::load_matrix_sync(fa, a, 16);
  wmma::load_matrix_sync(fb, b, 16);
  wmma::mma_sync(fc, fa, fb, fc);
  for (int i = 0; i < fc.num_elements; ++i) fc.x[i] *= 2;
  wmma::store_matrix_sync(c, fc, 16, wmma::mem_row_major);
}

__global__ void matrix_int(const signed char *a, const signed char *b, int *c) {
  wmma::fragment<wmma::matrix_a, 8, 32, 16, signed char, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 8, 32, 16, signed char, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 8, 32, 16, int> fc;
  wmma::fill_fragment(fc, 0);
  wmma::load_matrix_sync(fa, a, 16);
  wmma::load_matrix_sync(fb, b, 32);
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::store_matrix_sync(c, fc, 8, wmma::mem_col_major);
}

__global__ void integers(const int *a, const int *b, int *y) {
  int t = threadIdx.x, x = a[t], z = b[t];
  int out[] = {__dp4a(x, z, 5), (int)__dp4a((unsigned)x, (unsigned)z, 5u), __popc(x), __clz(x), __ffs(x),
               (int)__brev(x), __mulhi(x, z), (int)__byte_perm(x, z, 0x4152), (int)__funnelshift_l(x, z, 7),
               min(x, z), max(x, z), __float2int_rn(x * 0.5f), __dp2a_lo(x, z, 1), abs(x)};
  for (int i = 0; i < 14; ++i) y[t * 14 + i] = out[i];
}

__global__ void halves(const half *a, const half *b, const half *c, half *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  y[i] = a[i] + b[i];
  y[n + i] = a[i] * b[i];
  y[2 * n + i] = __hdiv(a[i], b[i]);
  y[3 * n + i] = __hfma(a[i], b[i], c[i]);
  y[4 * n + i] = hsqrt(__habs(a[i]));
  half2 v = __hmul2(__halves2half2(a[i], b[i]), __half2half2(c[i]));
  y[5 * n + i] = __low2half(v);
  y[6 * n + i] = __float2half(__half2float(a[i]) * 3.0f);
}

__global__ void bfloats(const __nv_bfloat16 *a, const __nv_bfloat16 *b, const __nv_bfloat16 *c, __nv_bfloat16 *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  y[i] = a[i] + b[i];
  y[n + i] = a[i] * b[i];
  y[2 * n + i] = a[i] / b[i];
  y[3 * n + i] = __hfma(a[i], b[i], c[i]);
}

__global__ void neighbour(int *x) {  // a race: reads what another thread writes without a barrier
  __shared__ int tile[64];
  tile[threadIdx.x] = threadIdx.x;
  x[threadIdx.x] = tile[(threadIdx.x + 63) % 64];
}

__global__ void unwritten_shared(int *x) {
  __shared__ int tile[64];
  if (threadIdx.x == 0) tile[0] = 1;
  __syncthreads();
  x[threadIdx.x] = tile[threadIdx.x];
}
