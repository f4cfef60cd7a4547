// Broadcasts, loads and stores.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_MEMORY_H
#define XP_AVX512_MEMORY_H

#include "types.h"

/// One value in all 16 lanes.
/// cpu: avx512f
XP_INSN __m512 _mm512_set1_ps(float a) {
  f32x16 r;
  XP_LANES(16) r[i] = a;
  return r;
}

/// One value in all 8 lanes.
/// cpu: avx512f
XP_INSN __m512d _mm512_set1_pd(double a) {
  f64x8 r;
  XP_LANES(8) r[i] = a;
  return r;
}

/// One value in all 16 lanes.
/// cpu: avx512f
XP_INSN __m512i _mm512_set1_epi32(int a) {
  i32x16 r;
  XP_LANES(16) r[i] = a;
  return (__m512i)r;
}

/// One value in all 8 lanes.
/// cpu: avx512f
XP_INSN __m512i _mm512_set1_epi64(long long a) {
  i64x8 r;
  XP_LANES(8) r[i] = a;
  return (__m512i)r;
}

/// One value in all 32 lanes.
/// cpu: avx512f
XP_INSN __m512i _mm512_set1_epi16(short a) {
  i16x32 r;
  XP_LANES(32) r[i] = a;
  return (__m512i)r;
}

/// One value in all 64 lanes.
/// cpu: avx512f
XP_INSN __m512i _mm512_set1_epi8(signed char a) {
  i8x64 r;
  XP_LANES(64) r[i] = a;
  return (__m512i)r;
}

/// All lanes zero.
/// cpu: avx512f
XP_INSN __m512 _mm512_setzero_ps() {
  f32x16 r;
  XP_LANES(16) r[i] = 0;
  return r;
}

/// All lanes zero.
/// cpu: avx512f
XP_INSN __m512d _mm512_setzero_pd() {
  f64x8 r;
  XP_LANES(8) r[i] = 0;
  return r;
}

/// All lanes zero.
/// cpu: avx512f
XP_INSN __m512i _mm512_setzero_si512() {
  i32x16 r;
  XP_LANES(16) r[i] = 0;
  return (__m512i)r;
}

/// Sixteen values, the first in lane 0.
/// cpu: avx512f
XP_INSN __m512 _mm512_setr_ps(float e0, float e1, float e2, float e3, float e4, float e5,
    float e6, float e7, float e8, float e9, float e10, float e11,
    float e12, float e13, float e14, float e15) {
  const float e[16] = {e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15};
  f32x16 r;
  XP_LANES(16) r[i] = e[i];
  return r;
}

/// Sixteen values, the first in lane 0.
/// cpu: avx512f
XP_INSN __m512i _mm512_setr_epi32(int e0, int e1, int e2, int e3, int e4, int e5,
    int e6, int e7, int e8, int e9, int e10, int e11,
    int e12, int e13, int e14, int e15) {
  const int e[16] = {e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15};
  i32x16 r;
  XP_LANES(16) r[i] = e[i];
  return (__m512i)r;
}

/// Eight values, the first in lane 0.
/// cpu: avx512f
XP_INSN __m512i _mm512_setr_epi64(long long e0, long long e1, long long e2, long long e3,
    long long e4, long long e5, long long e6, long long e7) {
  const long long e[8] = {e0, e1, e2, e3, e4, e5, e6, e7};
  i64x8 r;
  XP_LANES(8) r[i] = e[i];
  return (__m512i)r;
}

/// 16 single-precision numbers from any address.
/// cpu: avx512f
XP_INSN __m512 _mm512_loadu_ps(const void *p) {
  const float *m = (const float *)p;
  f32x16 r;
  XP_LANES(16) r[i] = xpi_load(m + i);
  return r;
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512 _mm512_maskz_loadu_ps(__mmask16 k, const void *p) {
  const float *m = (const float *)p;
  f32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return r;
}

/// The lanes chosen by k from memory, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512 _mm512_mask_loadu_ps(__m512 s, __mmask16 k, const void *p) {
  const float *m = (const float *)p;
  f32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : s[i];
  return r;
}

/// 16 single-precision numbers to any address.
/// cpu: avx512f
XP_INSN void _mm512_storeu_ps(void *p, __m512 a) {
  float *m = (float *)p;
  XP_LANES(16) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_storeu_ps(void *p, __mmask16 k, __m512 a) {
  float *m = (float *)p;
  XP_LANES(16) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

/// 8 double-precision numbers from any address.
/// cpu: avx512f
XP_INSN __m512d _mm512_loadu_pd(const void *p) {
  const double *m = (const double *)p;
  f64x8 r;
  XP_LANES(8) r[i] = xpi_load(m + i);
  return r;
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512d _mm512_maskz_loadu_pd(__mmask8 k, const void *p) {
  const double *m = (const double *)p;
  f64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return r;
}

/// The lanes chosen by k from memory, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512d _mm512_mask_loadu_pd(__m512d s, __mmask8 k, const void *p) {
  const double *m = (const double *)p;
  f64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : s[i];
  return r;
}

/// 8 double-precision numbers to any address.
/// cpu: avx512f
XP_INSN void _mm512_storeu_pd(void *p, __m512d a) {
  double *m = (double *)p;
  XP_LANES(8) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_storeu_pd(void *p, __mmask8 k, __m512d a) {
  double *m = (double *)p;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

/// 16 signed 32-bit integers from any address.
/// cpu: avx512f
XP_INSN __m512i _mm512_loadu_epi32(const void *p) {
  const int *m = (const int *)p;
  i32x16 r;
  XP_LANES(16) r[i] = xpi_load(m + i);
  return (__m512i)r;
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512i _mm512_maskz_loadu_epi32(__mmask16 k, const void *p) {
  const int *m = (const int *)p;
  i32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return (__m512i)r;
}

/// The lanes chosen by k from memory, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512i _mm512_mask_loadu_epi32(__m512i s_, __mmask16 k, const void *p) {
  const i32x16 s = (i32x16)s_;
  const int *m = (const int *)p;
  i32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : s[i];
  return (__m512i)r;
}

/// 16 signed 32-bit integers to any address.
/// cpu: avx512f
XP_INSN void _mm512_storeu_epi32(void *p, __m512i a_) {
  const i32x16 a = (i32x16)a_;
  int *m = (int *)p;
  XP_LANES(16) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_storeu_epi32(void *p, __mmask16 k, __m512i a_) {
  const i32x16 a = (i32x16)a_;
  int *m = (int *)p;
  XP_LANES(16) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

/// 8 signed 64-bit integers from any address.
/// cpu: avx512f
XP_INSN __m512i _mm512_loadu_epi64(const void *p) {
  const long long *m = (const long long *)p;
  i64x8 r;
  XP_LANES(8) r[i] = xpi_load(m + i);
  return (__m512i)r;
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512i _mm512_maskz_loadu_epi64(__mmask8 k, const void *p) {
  const long long *m = (const long long *)p;
  i64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return (__m512i)r;
}

/// The lanes chosen by k from memory, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512i _mm512_mask_loadu_epi64(__m512i s_, __mmask8 k, const void *p) {
  const i64x8 s = (i64x8)s_;
  const long long *m = (const long long *)p;
  i64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : s[i];
  return (__m512i)r;
}

/// 8 signed 64-bit integers to any address.
/// cpu: avx512f
XP_INSN void _mm512_storeu_epi64(void *p, __m512i a_) {
  const i64x8 a = (i64x8)a_;
  long long *m = (long long *)p;
  XP_LANES(8) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_storeu_epi64(void *p, __mmask8 k, __m512i a_) {
  const i64x8 a = (i64x8)a_;
  long long *m = (long long *)p;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

/// 32 signed 16-bit integers from any address.
/// cpu: avx512bw
XP_INSN __m512i _mm512_loadu_epi16(const void *p) {
  const short *m = (const short *)p;
  i16x32 r;
  XP_LANES(32) r[i] = xpi_load(m + i);
  return (__m512i)r;
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512bw
XP_INSN __m512i _mm512_maskz_loadu_epi16(__mmask32 k, const void *p) {
  const short *m = (const short *)p;
  i16x32 r;
  XP_LANES(32) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return (__m512i)r;
}

/// 32 signed 16-bit integers to any address.
/// cpu: avx512bw
XP_INSN void _mm512_storeu_epi16(void *p, __m512i a_) {
  const i16x32 a = (i16x32)a_;
  short *m = (short *)p;
  XP_LANES(32) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512bw
XP_INSN void _mm512_mask_storeu_epi16(void *p, __mmask32 k, __m512i a_) {
  const i16x32 a = (i16x32)a_;
  short *m = (short *)p;
  XP_LANES(32) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

/// 64 signed 8-bit integers from any address.
/// cpu: avx512bw
XP_INSN __m512i _mm512_loadu_epi8(const void *p) {
  const signed char *m = (const signed char *)p;
  i8x64 r;
  XP_LANES(64) r[i] = xpi_load(m + i);
  return (__m512i)r;
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512bw
XP_INSN __m512i _mm512_maskz_loadu_epi8(__mmask64 k, const void *p) {
  const signed char *m = (const signed char *)p;
  i8x64 r;
  XP_LANES(64) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return (__m512i)r;
}

/// 64 signed 8-bit integers to any address.
/// cpu: avx512bw
XP_INSN void _mm512_storeu_epi8(void *p, __m512i a_) {
  const i8x64 a = (i8x64)a_;
  signed char *m = (signed char *)p;
  XP_LANES(64) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512bw
XP_INSN void _mm512_mask_storeu_epi8(void *p, __mmask64 k, __m512i a_) {
  const i8x64 a = (i8x64)a_;
  signed char *m = (signed char *)p;
  XP_LANES(64) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

/// 16 single-precision numbers from an address that is a multiple of 64.
/// cpu: avx512f
XP_INSN __m512 _mm512_load_ps(const void *p) {
  XP_REQUIRE(xpi_aligned(p, 64), "address is not a multiple of 64");
  const float *m = (const float *)p;
  f32x16 r;
  XP_LANES(16) r[i] = xpi_load(m + i);
  return r;
}

/// 16 single-precision numbers to an address that is a multiple of 64.
/// cpu: avx512f
XP_INSN void _mm512_store_ps(void *p, __m512 a) {
  XP_REQUIRE(xpi_aligned(p, 64), "address is not a multiple of 64");
  float *m = (float *)p;
  XP_LANES(16) xpi_store(m + i, a[i]);
}

/// 8 double-precision numbers from an address that is a multiple of 64.
/// cpu: avx512f
XP_INSN __m512d _mm512_load_pd(const void *p) {
  XP_REQUIRE(xpi_aligned(p, 64), "address is not a multiple of 64");
  const double *m = (const double *)p;
  f64x8 r;
  XP_LANES(8) r[i] = xpi_load(m + i);
  return r;
}

/// 8 double-precision numbers to an address that is a multiple of 64.
/// cpu: avx512f
XP_INSN void _mm512_store_pd(void *p, __m512d a) {
  XP_REQUIRE(xpi_aligned(p, 64), "address is not a multiple of 64");
  double *m = (double *)p;
  XP_LANES(8) xpi_store(m + i, a[i]);
}

/// 16 signed 32-bit integers from an address that is a multiple of 64.
/// cpu: avx512f
XP_INSN __m512i _mm512_load_epi32(const void *p) {
  XP_REQUIRE(xpi_aligned(p, 64), "address is not a multiple of 64");
  const int *m = (const int *)p;
  i32x16 r;
  XP_LANES(16) r[i] = xpi_load(m + i);
  return (__m512i)r;
}

/// 16 signed 32-bit integers to an address that is a multiple of 64.
/// cpu: avx512f
XP_INSN void _mm512_store_epi32(void *p, __m512i a_) {
  XP_REQUIRE(xpi_aligned(p, 64), "address is not a multiple of 64");
  const i32x16 a = (i32x16)a_;
  int *m = (int *)p;
  XP_LANES(16) xpi_store(m + i, a[i]);
}

/// 256 bits from any address.
/// cpu: avx
XP_INSN __m256i _mm256_loadu_si256(const __m256i *p) {
  const short *m = (const short *)p;
  i16x16 r;
  XP_LANES(16) r[i] = xpi_load(m + i);
  return (__m256i)r;
}

/// All bits to any address.
/// cpu: avx
XP_INSN void _mm256_storeu_si256(__m256i *p, __m256i a_) {
  const i16x16 a = (i16x16)a_;
  short *m = (short *)p;
  XP_LANES(16) xpi_store(m + i, a[i]);
}

/// 128 bits from any address.
/// cpu: sse2
XP_INSN __m128i _mm_loadu_si128(const __m128i *p) {
  const signed char *m = (const signed char *)p;
  i8x16 r;
  XP_LANES(16) r[i] = xpi_load(m + i);
  return (__m128i)r;
}

/// All bits to any address.
/// cpu: sse2
XP_INSN void _mm_storeu_si128(__m128i *p, __m128i a_) {
  const i8x16 a = (i8x16)a_;
  signed char *m = (signed char *)p;
  XP_LANES(16) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512bw avx512vl
XP_INSN __m256i _mm256_maskz_loadu_epi16(__mmask16 k, const void *p) {
  const short *m = (const short *)p;
  i16x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return (__m256i)r;
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512bw avx512vl
XP_INSN void _mm256_mask_storeu_epi16(void *p, __mmask16 k, __m256i a_) {
  const i16x16 a = (i16x16)a_;
  short *m = (short *)p;
  XP_LANES(16) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

/// The lanes chosen by k from memory, the others zero; memory of the others is not touched.
/// cpu: avx512bw avx512vl
XP_INSN __m128i _mm_maskz_loadu_epi8(__mmask16 k, const void *p) {
  const signed char *m = (const signed char *)p;
  i8x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? xpi_load(m + i) : 0;
  return (__m128i)r;
}

/// The lanes chosen by k to memory; memory of the others is not touched.
/// cpu: avx512bw avx512vl
XP_INSN void _mm_mask_storeu_epi8(void *p, __mmask16 k, __m128i a_) {
  const i8x16 a = (i8x16)a_;
  signed char *m = (signed char *)p;
  XP_LANES(16) if (XP_BIT(k, i)) xpi_store(m + i, a[i]);
}

#endif
