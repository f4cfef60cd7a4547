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

static inline int64_t xp_min_i64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static inline __m512i xp_dp4a_epi32(__m512i a, __m512i b, __m512i c) {
  /* the instruction wants a unsigned: (a + 128) . b - 128 . b, exact modulo 2^32 */
  const __m512i bias = _mm512_set1_epi32((int)0x80808080u);
  const __m512i sum = _mm512_dpbusd_epi32(c, _mm512_xor_si512(a, bias), b);
  return _mm512_sub_epi32(sum, _mm512_dpbusd_epi32(_mm512_setzero_si512(), bias, b));
}

static inline __mmask16 xp_first_16(int64_t n) {
  return (__mmask16)(n >= 16 ? 0xffffu : n <= 0 ? 0u : (1u << n) - 1u);
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
          int32_t i = bx * (int32_t)block.x + tx;
          int64_t left = xp_min_i64((int64_t)(int32_t)block.x - tx, (int64_t)n - i);
          if (left >= 16) {
            _mm512_storeu_epi32(&c[i],
                xp_dp4a_epi32(_mm512_loadu_epi32(&a[i]), _mm512_loadu_epi32(&b[i]),
                    _mm512_loadu_epi32(&c[i])));
          } else if (left > 0) {
            __mmask16 on = xp_first_16(left);
            _mm512_mask_storeu_epi32(&c[i], on,
                xp_dp4a_epi32(_mm512_maskz_loadu_epi32(on, &a[i]),
                    _mm512_maskz_loadu_epi32(on, &b[i]), _mm512_maskz_loadu_epi32(on, &c[i])));
          }
        }
      }
    }
  }
}
