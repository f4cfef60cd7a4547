/* saxpy.cu for x86-64 CPUs with AVX-512. Build: gcc -O3 -march=icelake-server -fopenmp FILE.c -lm */
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

void saxpy(xp_dim3 grid, xp_dim3 block, size_t shared_bytes, int32_t n, float a, const float *x,
           float *y) {
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
          for (; i < n - 15; i += (int32_t)block.x * (int32_t)grid.x) {
            _mm512_mask_storeu_ps(&y[i], on,
                _mm512_fmadd_ps(_mm512_set1_ps(a), _mm512_maskz_loadu_ps(on, &x[i]),
                    _mm512_maskz_loadu_ps(on, &y[i])));
          }
          for (; i < n; i += (int32_t)block.x * (int32_t)grid.x) {
            __mmask16 rest = _kand_mask16(on, xp_first_16((int64_t)n - i));
            _mm512_mask_storeu_ps(&y[i], rest,
                _mm512_fmadd_ps(_mm512_set1_ps(a), _mm512_maskz_loadu_ps(rest, &x[i]),
                    _mm512_maskz_loadu_ps(rest, &y[i])));
          }
        }
      }
    }
  }
}
