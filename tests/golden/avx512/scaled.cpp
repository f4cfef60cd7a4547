/* scaled.cu for x86-64 CPUs with AVX-512. Build: g++ -O3 -march=icelake-server -fopenmp FILE.cpp */
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

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
typedef dim3 xp_dim3;

static inline __m512i xp_ramp_epi32(int32_t base, int32_t stride) {
  /* base, base + stride, base + 2 * stride, ... */
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i steps = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride));
  return _mm512_add_epi32(_mm512_set1_epi32(base), steps);
}

static inline __mmask16 xp_first_16(int64_t n) {
  return (__mmask16)(n >= 16 ? 0xffffu : n <= 0 ? 0u : (1u << n) - 1u);
}

static inline uint16_t xp_float_to_half(float a) {
  return _cvtss_sh(a, _MM_FROUND_TO_NEAREST_INT);
}

static inline float xp_half_to_float(uint16_t a) {
  return _cvtsh_ss(a);
}

struct __half {
  uint16_t bits;
  __half() = default;
  __half(float value) : bits(xp_float_to_half(value)) {}
  operator float() const { return xp_half_to_float(bits); }
};
typedef __half half;

#include <cstdio>
struct Options { float scale; int n; };
// Not a kernel.
static int blocks(int n) { return (n + 127) / 128; }  /* stays as it is */
static float table[4];
[[maybe_unused]] static void scaled_float(xp_dim3 grid, xp_dim3 block, size_t shared_bytes,
                                          const float *in, float *out, Options o) {
  (void)shared_bytes;
  if (block.x != 128 || block.y != 1 || block.z != 1 || grid.y != 1 || grid.z != 1) __builtin_trap();
  const float o_scale = o.scale;
  const int32_t o_n = o.n;
#pragma omp parallel for schedule(static)
  for (int32_t bx = 0; bx < (int32_t)grid.x; ++bx) {
    for (int32_t tx = 0; tx < 128; tx += 16) {
      int32_t i = bx * 128 + tx;
      int64_t left = (int64_t)o_n - i;
      if (left >= 16) {
        __m512 x = _mm512_loadu_ps(&in[i]);
        _mm512_storeu_ps(&out[i],
            _mm512_fmadd_ps(_mm512_add_ps(x, x), _mm512_set1_ps(o_scale),
                _mm512_i32gather_ps(_mm512_and_epi32(xp_ramp_epi32(i, 1), _mm512_set1_epi32(3)),
                    table, 4)));
      } else if (left > 0) {
        __mmask16 on = xp_first_16(left);
        __m512 x = _mm512_maskz_loadu_ps(on, &in[i]);
        _mm512_mask_storeu_ps(&out[i], on,
            _mm512_fmadd_ps(_mm512_add_ps(x, x), _mm512_set1_ps(o_scale),
                _mm512_mask_i32gather_ps(_mm512_setzero_ps(), on,
                    _mm512_and_epi32(xp_ramp_epi32(i, 1), _mm512_set1_epi32(3)), table, 4)));
      }
    }
  }
}

[[maybe_unused]] static void scaled_half(xp_dim3 grid, xp_dim3 block, size_t shared_bytes,
                                         const half *in, half *out, Options o) {
  (void)shared_bytes;
  if (block.x != 128 || block.y != 1 || block.z != 1 || grid.y != 1 || grid.z != 1) __builtin_trap();
  const uint16_t *const in_ = (const uint16_t *)in;
  uint16_t *const out_ = (uint16_t *)out;
  const float o_scale = o.scale;
  const int32_t o_n = o.n;
#pragma omp parallel for schedule(static)
  for (int32_t bx = 0; bx < (int32_t)grid.x; ++bx) {
    for (int32_t tx = 0; tx < 128; tx += 16) {
      int32_t i = bx * 128 + tx;
      int64_t left = (int64_t)o_n - i;
      if (left >= 16) {
        __m512 x = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)&in_[i]));
        _mm256_storeu_si256((__m256i *)&out_[i],
            _mm512_cvtps_ph(_mm512_fmadd_ps(_mm512_add_ps(x, x), _mm512_set1_ps(o_scale),
                    _mm512_i32gather_ps(_mm512_and_epi32(xp_ramp_epi32(i, 1), _mm512_set1_epi32(3)),
                    table, 4)), _MM_FROUND_TO_NEAREST_INT));
      } else if (left > 0) {
        __mmask16 on = xp_first_16(left);
        __m512 x = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(on, &in_[i]));
        _mm256_mask_storeu_epi16(&out_[i], on,
            _mm512_cvtps_ph(_mm512_fmadd_ps(_mm512_add_ps(x, x), _mm512_set1_ps(o_scale),
                    _mm512_mask_i32gather_ps(_mm512_setzero_ps(), on,
                    _mm512_and_epi32(xp_ramp_epi32(i, 1), _mm512_set1_epi32(3)), table, 4)),
                _MM_FROUND_TO_NEAREST_INT));
      }
    }
  }
}

template <typename T> struct scaled_instance;
template <> struct scaled_instance<float> {
  template <class... A> static void run(A... a) { scaled_float(a...); }
};
template <> struct scaled_instance<half> {
  template <class... A> static void run(A... a) { scaled_half(a...); }
};
template <typename T>
static inline void scaled(xp_dim3 grid, xp_dim3 block, size_t shared_bytes, const T *in, T *out, Options o) {
  scaled_instance<T>::run(grid, block, shared_bytes, in, out, o);
}
void run(const float *in, float *out, const __half *hin, __half *hout, int n) {
  Options o = {0.5f, n};
  scaled<float>(blocks(n), 128, 0, in, out, o);
  scaled(blocks(n), 128, 0, hin, hout, o);
}
