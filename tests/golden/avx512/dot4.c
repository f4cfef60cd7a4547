/* dot4.cu for x86-64 CPUs with AVX-512. Build: gcc -O3 -march=icelake-server -fopenmp FILE.c -lm */
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

typedef struct { unsigned x, y, z; } xp_dim3;

static inline __mmask16 xp_first_16(int64_t n) {
  return (__mmask16)(n >= 16 ? 0xffffu : n <= 0 ? 0u : (1u << n) - 1u);
}

static inline __m512i xp_ramp_epi32(int32_t base, int32_t stride) {
  /* base, base + stride, base + 2 * stride, ... */
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i steps = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride));
  return _mm512_add_epi32(_mm512_set1_epi32(base), steps);
}

static inline __m512i xp_dp4a_epi32(__m512i a, __m512i b, __m512i c) {
  /* the instruction wants a unsigned: (a + 128) . b - 128 . b, exact modulo 2^32 */
  const __m512i bias = _mm512_set1_epi32((int)0x80808080u);
  const __m512i sum = _mm512_dpbusd_epi32(c, _mm512_xor_si512(a, bias), b);
  return _mm512_sub_epi32(sum, _mm512_dpbusd_epi32(_mm512_setzero_si512(), bias, b));
}

void dot4(xp_dim3 grid, xp_dim3 block, size_t shared_bytes, const int32_t *a, const int32_t *b,
          int32_t *c, int32_t n) {
  (void)shared_bytes;
#pragma omp parallel for collapse(3) schedule(static)
  for (int32_t bz = 0; bz < (int32_t)grid.z; ++bz)
  for (int32_t by = 0; by < (int32_t)grid.y; ++by)
  for (int32_t bx = 0; bx < (int32_t)grid.x; ++bx) {
    for (int32_t tz = 0; tz < (int32_t)block.z; ++tz) {
      for (int32_t ty = 0; ty < (int32_t)block.y; ++ty) {
        for (int32_t tx = 0; tx < (int32_t)block.x; tx += 16) {
          __mmask16 on = xp_first_16((int64_t)(int32_t)block.x - tx);
          int32_t i = bx * (int32_t)block.x + tx;
          __mmask16 on_1 = _kand_mask16(on,
              _mm512_cmplt_epi32_mask(xp_ramp_epi32(i, 1), _mm512_set1_epi32(n)));
          if (on_1) {
            _mm512_mask_storeu_epi32(&c[i], on_1,
                xp_dp4a_epi32(_mm512_maskz_loadu_epi32(on_1, &a[i]),
                    _mm512_maskz_loadu_epi32(on_1, &b[i]), _mm512_maskz_loadu_epi32(on_1, &c[i])));
          }
        }
      }
    }
  }
}
