// Kernels as people write them, without a line of host code: each lifts and has a case it can be tested with.
#include "solve.h"
#include <torch/extension.h>

__device__ float atomicMaxFloat(float *address, float value) {
  int *bits = (int *)address;
  int old = *bits, assumed;
  do {
    assumed = old;
    old = atomicCAS(bits, assumed, __float_as_int(fmaxf(value, __int_as_float(assumed))));
  } while (assumed != old);
  return __int_as_float(old);
}

__global__ void largest(const float *x, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicMaxFloat(out, x[i]);
}

// flags of a float scratch area, seen as integers
__global__ void tickets(float *scratch, int *order) {
  unsigned *flags = (unsigned *)scratch;
  if (threadIdx.x == 0) {
    atomicInc(flags, 1000000u);
    atomicAdd(flags + 1, 2u);
    order[blockIdx.x] = blockIdx.x;
  }
}

// four at a time, and a tail whose counter goes on from where it is
__global__ void add4(const float *a, const float *b, float *c, int n) {
  int i = (blockIdx.x * blockDim.x + threadIdx.x) * 4;
  if (i + 3 < n) {
    float4 x = reinterpret_cast<const float4 *>(a + i)[0];
    float4 y = *reinterpret_cast<const float4 *>(&b[i]);
    *reinterpret_cast<float4 *>(c + i) = make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
  } else {
    for (; i < n; i++) c[i] = a[i] + b[i];
  }
}

template <typename scalar_t, int BLOCK>
__global__ void saxpy(scalar_t a, const scalar_t *x, scalar_t *y, int n) {
  int i = blockIdx.x * BLOCK + threadIdx.x;
  if (i == 0) printf("scaling %d by %f\n", n, a);
  if (i < n) y[i] = a * x[i] + y[i];
}

// n is twice the block, and the kernel never says so
__global__ void prescan(float *out, const float *in, int n) {
  extern __shared__ float temp[];
  int t = threadIdx.x, offset = 1;
  temp[2 * t] = in[2 * t];
  temp[2 * t + 1] = in[2 * t + 1];
  for (int d = n >> 1; d > 0; d >>= 1) {
    __syncthreads();
    if (t < d) temp[offset * (2 * t + 2) - 1] += temp[offset * (2 * t + 1) - 1];
    offset *= 2;
  }
  if (t == 0) temp[n - 1] = 0;
  for (int d = 1; d < n; d *= 2) {
    offset >>= 1;
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1, b = offset * (2 * t + 2) - 1;
      float kept = temp[a];
      temp[a] = temp[b];
      temp[b] += kept;
    }
  }
  __syncthreads();
  out[2 * t] = temp[2 * t];
  out[2 * t + 1] = temp[2 * t + 1];
}

// right with a block of 128 only
#define RADIUS 3
#define WIDTH 128
__global__ void stencil(const int *in, int *out) {
  __shared__ int temp[WIDTH + 2 * RADIUS];
  int g = threadIdx.x + blockIdx.x * blockDim.x + RADIUS, l = threadIdx.x + RADIUS;
  temp[l] = in[g];
  if (threadIdx.x < RADIUS) {
    temp[l - RADIUS] = in[g - RADIUS];
    temp[l + WIDTH] = in[g + WIDTH];
  }
  __syncthreads();
  int sum = 0;
  for (int o = -RADIUS; o <= RADIUS; o++) sum += temp[l + o];
  out[g] = sum;
}

// the grid's own width is the pitch
__global__ void transposed(float *out, const float *in) {
  __shared__ float tile[32][33];
  int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y, width = gridDim.x * 32;
  for (int j = 0; j < 32; j += 8) tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * width + x];
  __syncthreads();
  x = blockIdx.y * 32 + threadIdx.x;
  y = blockIdx.x * 32 + threadIdx.y;
  for (int j = 0; j < 32; j += 8) out[(y + j) * width + x] = tile[threadIdx.x][threadIdx.y + j];
}

// cells are 0 or 1; any other byte and nothing ever lives
__global__ void life(const unsigned char *now, unsigned char *next, int w, int h) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= w || y >= h) return;
  int n = 0;
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++)
      if (dx || dy) n += now[((y + dy + h) % h) * w + (x + dx + w) % w];
  next[y * w + x] = n == 3 || (n == 2 && now[y * w + x]);
}

// a class template with a base that is one
template <bool CHECKED> struct Io {
  int end;
  __device__ bool past(int i) { return CHECKED && i >= end; }
};
template <bool CHECKED> struct Reader : Io<CHECKED> {
  int at;
  __device__ void init(int start, int stop) { at = start; this->end = stop; }
  __device__ float next(const float *x) { float v = this->past(at) ? 0.0f : x[at]; at += 2; return v; }
  __device__ float last(const float *x) { return at < 0 ? 1.0f : next(x); }
};
template <bool CHECKED> struct Pair { Reader<CHECKED> first, second; };
template <bool CHECKED> __global__ void sums(const float *x, float *y, int n) {
  Pair<CHECKED> pair;
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  pair.first.init(i, n);
  pair.second.init(n - 1 - i, n);
  float sum = 0;
  for (int k = 0; k < 3; k++) sum += pair.first.next(x) - 0.5f * pair.second.last(x);
  if (i < n) y[i] = sum;
}

__global__ void quantize(const float *x, signed char *q, const float *scale, int rows, int cols) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < rows * cols) {
    int r = __float2int_rn(x[i] / scale[i / cols]);
    q[i] = (signed char)(r > 127 ? 127 : (r < -128 ? -128 : r));
  }
}

torch::Tensor relu(torch::Tensor x) {
  auto y = torch::empty_like(x);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "saxpy", ([&] {
    saxpy<scalar_t, 256><<<1, 256>>>(scalar_t(2), x.data_ptr<scalar_t>(), y.data_ptr<scalar_t>(), x.numel());
  }));
  return y;
}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("relu", &relu, "relu"); }
