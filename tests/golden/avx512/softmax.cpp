/* softmax.cu for x86-64 CPUs with AVX-512. Build: g++ -O3 -march=icelake-server -fopenmp FILE.cpp */
#if defined(__GNUC__) && !defined(__clang__)
/* the undefined registers in gcc 12's own immintrin.h set off this warning (GCC PR 105593) */
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
/* the address of a first lane that is switched off may lie before an array */
#pragma GCC diagnostic ignored "-Warray-bounds"
#elif defined(__clang__)
/* constants of the source that only its kernels used stand in their code as numbers now */
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif
#include <stdint.h>
#include <stddef.h>
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
typedef dim3 xp_dim3;

static inline __m512 xp_fmax_ps(__m512 a, __m512 b) {
  const __mmask16 nan = _mm512_cmp_ps_mask(b, b, _CMP_UNORD_Q);
  return _mm512_mask_mov_ps(_mm512_max_ps(a, b), nan, a);
}

static inline __mmask16 xp_first_16(int64_t n) {
  return (__mmask16)(n >= 16 ? 0xffffu : n <= 0 ? 0u : (1u << n) - 1u);
}

static inline __m512i xp_ramp_epi32(int32_t base, int32_t stride) {
  /* base, base + stride, base + 2 * stride, ... */
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i steps = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride));
  return _mm512_add_epi32(_mm512_set1_epi32(base), steps);
}

static inline void xp_fold_fmax_ps(float *p, int32_t s) {
  /* the tree of a block: p[t] and p[t + s] come together for all t < s, then s is halved */
  for (; s > 8; s /= 2) {
    int32_t t = 0;
    for (; t + 16 <= s; t += 16) {
      _mm512_storeu_ps(&p[t], xp_fmax_ps(_mm512_loadu_ps(&p[t]), _mm512_loadu_ps(&p[t + s])));
    }
    const __mmask16 rest = (__mmask16)xp_first_16(s - t);
    if (rest) {
      _mm512_mask_storeu_ps(&p[t], rest, xp_fmax_ps(_mm512_maskz_loadu_ps(rest, &p[t]),
          _mm512_maskz_loadu_ps(rest, &p[t + s])));
    }
  }
  /* what is left is one register */
  const __mmask16 used = (__mmask16)xp_first_16(2 * s);
  __m512 v = _mm512_maskz_loadu_ps(used, p);
  for (; s > 0; s /= 2) {
    const __m512 other = _mm512_permutexvar_ps(xp_ramp_epi32(s, 1), v);
    v = _mm512_mask_mov_ps(v, (__mmask16)xp_first_16(s), xp_fmax_ps(v, other));
  }
  _mm512_mask_storeu_ps(p, used, v);
}

static inline __m512 xp_exp_ps(__m512 x) {
  /* e^x = 2^n e^r, |r| <= ln(2) / 2; min and max hand NaN on */
  x = _mm512_max_ps(_mm512_set1_ps(-110.0f), _mm512_min_ps(_mm512_set1_ps(100.0f), x));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269502f)), 8);
  __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0.693145752f), x);
  r = _mm512_fmadd_ps(n, _mm512_set1_ps(-1.42860677e-6f), r);
  __m512 p = _mm512_set1_ps(2.48015873e-05f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.000198412698f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00138888889f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00833333333f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.0416666667f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.166666667f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, n);
}

static inline void xp_fold_add_ps(float *p, int32_t s) {
  /* the tree of a block: p[t] and p[t + s] come together for all t < s, then s is halved */
  for (; s > 8; s /= 2) {
    int32_t t = 0;
    for (; t + 16 <= s; t += 16) {
      _mm512_storeu_ps(&p[t], _mm512_add_ps(_mm512_loadu_ps(&p[t]), _mm512_loadu_ps(&p[t + s])));
    }
    const __mmask16 rest = (__mmask16)xp_first_16(s - t);
    if (rest) {
      _mm512_mask_storeu_ps(&p[t], rest, _mm512_add_ps(_mm512_maskz_loadu_ps(rest, &p[t]),
          _mm512_maskz_loadu_ps(rest, &p[t + s])));
    }
  }
  /* what is left is one register */
  const __mmask16 used = (__mmask16)xp_first_16(2 * s);
  __m512 v = _mm512_maskz_loadu_ps(used, p);
  for (; s > 0; s /= 2) {
    const __m512 other = _mm512_permutexvar_ps(xp_ramp_epi32(s, 1), v);
    v = _mm512_mask_mov_ps(v, (__mmask16)xp_first_16(s), _mm512_add_ps(v, other));
  }
  _mm512_mask_storeu_ps(p, used, v);
}

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInitializationError = 3,
  cudaErrorCudartUnloading = 4,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidSymbol = 13,
  cudaErrorInvalidDevicePointer = 17,
  cudaErrorInvalidMemcpyDirection = 21,
  cudaErrorInsufficientDriver = 35,
  cudaErrorInvalidDeviceFunction = 98,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorNotReady = 600,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchOutOfResources = 701,
  cudaErrorLaunchTimeout = 702,
  cudaErrorPeerAccessAlreadyEnabled = 704,
  cudaErrorAssert = 710,
  cudaErrorHostMemoryAlreadyRegistered = 712,
  cudaErrorLaunchFailure = 719,
  cudaErrorNotSupported = 801,
  cudaErrorUnknown = 999
};
typedef cudaError_t cudaError;
enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
static inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
static inline cudaError_t xp_allocate(void **p, size_t bytes) {
  *p = aligned_alloc(64, (bytes + 64) / 64 * 64);
  return *p ? cudaSuccess : cudaErrorMemoryAllocation;
}
template <class T> static inline cudaError_t cudaMalloc(T **p, size_t bytes) {
  return xp_allocate((void **)p, bytes);
}
static inline cudaError_t cudaFree(void *p) {
  free(p);
  return cudaSuccess;
}
static inline cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                                 cudaMemcpyKind) {
  memmove(to, from, bytes);
  return cudaSuccess;
}

// Softmax over the rows of a matrix, one block per row, dynamic shared memory for the reductions.
#include <cfloat>
#include <cmath>


static void softmax_kernel_block(size_t shared_bytes, int32_t bx, const float *input, float *output, int32_t cols) {
  unsigned char *xp_shared = (unsigned char *)__builtin_alloca_with_align(shared_bytes + 1, 512);
  float *scratch = (float *)xp_shared;
  for (int32_t tid = 0; tid < 128; tid += 16) {
    __m512 local_max = _mm512_set1_ps(-3.4028235e+38f);
    int32_t i = tid;
    for (; i < cols - 15; i += 128) {
      local_max = xp_fmax_ps(local_max,
          _mm512_loadu_ps(&input[(int64_t)((uint32_t)bx * (uint32_t)cols) + i]));
    }
    if (i < cols) {
      __mmask16 rest = xp_first_16((int64_t)cols - i);
      local_max = _mm512_mask_mov_ps(local_max, rest,
          xp_fmax_ps(local_max,
              _mm512_maskz_loadu_ps(rest, &input[(int64_t)((uint32_t)bx * (uint32_t)cols) + i])));
    }
    _mm512_storeu_ps(&scratch[tid], local_max);
  }
  xp_fold_fmax_ps(scratch, 64);
  float row_max = scratch[0];
  for (int32_t tid = 0; tid < 128; tid += 16) {
    __m512 local_sum = _mm512_setzero_ps();
    int32_t i = tid;
    for (; i < cols - 15; i += 128) {
      __m512 e = xp_exp_ps(
          _mm512_sub_ps(_mm512_loadu_ps(&input[(int64_t)((uint32_t)bx * (uint32_t)cols) + i]),
              _mm512_set1_ps(row_max)));
      _mm512_storeu_ps(&output[(int64_t)((uint32_t)bx * (uint32_t)cols) + i], e);
      local_sum = _mm512_add_ps(local_sum, e);
    }
    if (i < cols) {
      __mmask16 rest = xp_first_16((int64_t)cols - i);
      __m512 e = xp_exp_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(rest,
                  &input[(int64_t)((uint32_t)bx * (uint32_t)cols) + i]), _mm512_set1_ps(row_max)));
      _mm512_mask_storeu_ps(&output[(int64_t)((uint32_t)bx * (uint32_t)cols) + i], rest, e);
      local_sum = _mm512_mask_mov_ps(local_sum, rest, _mm512_add_ps(local_sum, e));
    }
    _mm512_storeu_ps(&scratch[tid], local_sum);
  }
  xp_fold_add_ps(scratch, 64);
  float inv = 1.0f / scratch[0];
  for (int32_t tid = 0; tid < 128; tid += 16) {
    int32_t i = tid;
    for (; i < cols - 15; i += 128) {
      _mm512_storeu_ps(&output[(int64_t)((uint32_t)bx * (uint32_t)cols) + i],
          _mm512_mul_ps(_mm512_loadu_ps(&output[(int64_t)((uint32_t)bx * (uint32_t)cols) + i]),
              _mm512_set1_ps(inv)));
    }
    if (i < cols) {
      __mmask16 rest = xp_first_16((int64_t)cols - i);
      _mm512_mask_storeu_ps(&output[(int64_t)((uint32_t)bx * (uint32_t)cols) + i], rest,
          _mm512_mul_ps(_mm512_maskz_loadu_ps(rest,
                  &output[(int64_t)((uint32_t)bx * (uint32_t)cols) + i]), _mm512_set1_ps(inv)));
    }
  }
}

extern "C" void softmax_kernel(xp_dim3 grid, xp_dim3 block, size_t shared_bytes,
                               const float *input, float *output, int32_t cols) {
  if (block.x != 128 || block.y != 1 || block.z != 1 || grid.y != 1 || grid.z != 1) __builtin_trap();
#pragma omp parallel for schedule(static)
  for (int32_t bx = 0; bx < (int32_t)grid.x; ++bx) {
    softmax_kernel_block(shared_bytes, bx, input, output, cols);
  }
}

void softmax(const float *input, float *output, int rows, int cols) {
    float *d_in, *d_out;
    size_t bytes = (size_t)rows * cols * sizeof(float);
    cudaMalloc((void **)&d_in, bytes);
    cudaMalloc((void **)&d_out, bytes);
    cudaMemcpy(d_in, input, bytes, cudaMemcpyHostToDevice);

    int threads = 128;
    softmax_kernel(rows, threads, threads * sizeof(float), d_in, d_out, cols);
    cudaDeviceSynchronize();

    cudaMemcpy(output, d_out, bytes, cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_out);
}
