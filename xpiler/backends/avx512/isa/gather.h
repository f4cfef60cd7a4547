// Gathers and scatters. `scale` is the bytes that one unit of an index means: 1, 2, 4 or 8.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_GATHER_H
#define XP_AVX512_GATHER_H

#include "types.h"

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m512 _mm512_i32gather_ps(__m512i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  f32x16 r;
  XP_LANES(16) r[i] = xpi_load(xpi_at<const float>(base, index[i], scale));
  return r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512 _mm512_mask_i32gather_ps(__m512 s, __mmask16 k, __m512i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  f32x16 r;
  XP_LANES(16)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const float>(base, index[i], scale)) : s[i];
  return r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i32scatter_ps(void *base, __m512i index_, __m512 a, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  XP_LANES(16) xpi_store(xpi_at<float>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i32scatter_ps(void *base, __mmask16 k, __m512i index_, __m512 a,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  XP_LANES(16) if (XP_BIT(k, i)) xpi_store(xpi_at<float>(base, index[i], scale), a[i]);
}

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m512i _mm512_i32gather_epi32(__m512i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  i32x16 r;
  XP_LANES(16) r[i] = xpi_load(xpi_at<const int>(base, index[i], scale));
  return (__m512i)r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512i _mm512_mask_i32gather_epi32(__m512i s_, __mmask16 k, __m512i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  const i32x16 s = (i32x16)s_;
  i32x16 r;
  XP_LANES(16)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const int>(base, index[i], scale)) : s[i];
  return (__m512i)r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i32scatter_epi32(void *base, __m512i index_, __m512i a_, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  const i32x16 a = (i32x16)a_;
  XP_LANES(16) xpi_store(xpi_at<int>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i32scatter_epi32(void *base, __mmask16 k, __m512i index_, __m512i a_,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x16 index = (i32x16)index_;
  const i32x16 a = (i32x16)a_;
  XP_LANES(16) if (XP_BIT(k, i)) xpi_store(xpi_at<int>(base, index[i], scale), a[i]);
}

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m512d _mm512_i32gather_pd(__m256i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  f64x8 r;
  XP_LANES(8) r[i] = xpi_load(xpi_at<const double>(base, index[i], scale));
  return r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512d _mm512_mask_i32gather_pd(__m512d s, __mmask8 k, __m256i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  f64x8 r;
  XP_LANES(8)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const double>(base, index[i], scale)) : s[i];
  return r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i32scatter_pd(void *base, __m256i index_, __m512d a, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  XP_LANES(8) xpi_store(xpi_at<double>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i32scatter_pd(void *base, __mmask8 k, __m256i index_, __m512d a,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(xpi_at<double>(base, index[i], scale), a[i]);
}

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m512i _mm512_i32gather_epi64(__m256i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  i64x8 r;
  XP_LANES(8) r[i] = xpi_load(xpi_at<const long long>(base, index[i], scale));
  return (__m512i)r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512i _mm512_mask_i32gather_epi64(__m512i s_, __mmask8 k, __m256i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  const i64x8 s = (i64x8)s_;
  i64x8 r;
  XP_LANES(8)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const long long>(base, index[i], scale)) : s[i];
  return (__m512i)r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i32scatter_epi64(void *base, __m256i index_, __m512i a_, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  const i64x8 a = (i64x8)a_;
  XP_LANES(8) xpi_store(xpi_at<long long>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i32scatter_epi64(void *base, __mmask8 k, __m256i index_, __m512i a_,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i32x8 index = (i32x8)index_;
  const i64x8 a = (i64x8)a_;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(xpi_at<long long>(base, index[i], scale), a[i]);
}

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m512d _mm512_i64gather_pd(__m512i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  f64x8 r;
  XP_LANES(8) r[i] = xpi_load(xpi_at<const double>(base, index[i], scale));
  return r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512d _mm512_mask_i64gather_pd(__m512d s, __mmask8 k, __m512i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  f64x8 r;
  XP_LANES(8)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const double>(base, index[i], scale)) : s[i];
  return r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i64scatter_pd(void *base, __m512i index_, __m512d a, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  XP_LANES(8) xpi_store(xpi_at<double>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i64scatter_pd(void *base, __mmask8 k, __m512i index_, __m512d a,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(xpi_at<double>(base, index[i], scale), a[i]);
}

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m512i _mm512_i64gather_epi64(__m512i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  i64x8 r;
  XP_LANES(8) r[i] = xpi_load(xpi_at<const long long>(base, index[i], scale));
  return (__m512i)r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m512i _mm512_mask_i64gather_epi64(__m512i s_, __mmask8 k, __m512i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  const i64x8 s = (i64x8)s_;
  i64x8 r;
  XP_LANES(8)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const long long>(base, index[i], scale)) : s[i];
  return (__m512i)r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i64scatter_epi64(void *base, __m512i index_, __m512i a_, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  const i64x8 a = (i64x8)a_;
  XP_LANES(8) xpi_store(xpi_at<long long>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i64scatter_epi64(void *base, __mmask8 k, __m512i index_, __m512i a_,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  const i64x8 a = (i64x8)a_;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(xpi_at<long long>(base, index[i], scale), a[i]);
}

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m256 _mm512_i64gather_ps(__m512i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  f32x8 r;
  XP_LANES(8) r[i] = xpi_load(xpi_at<const float>(base, index[i], scale));
  return r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m256 _mm512_mask_i64gather_ps(__m256 s, __mmask8 k, __m512i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  f32x8 r;
  XP_LANES(8)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const float>(base, index[i], scale)) : s[i];
  return r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i64scatter_ps(void *base, __m512i index_, __m256 a, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  XP_LANES(8) xpi_store(xpi_at<float>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i64scatter_ps(void *base, __mmask8 k, __m512i index_, __m256 a,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(xpi_at<float>(base, index[i], scale), a[i]);
}

/// Lane i from base + index[i] * scale.
/// cpu: avx512f
XP_INSN __m256i _mm512_i64gather_epi32(__m512i index_, const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  i32x8 r;
  XP_LANES(8) r[i] = xpi_load(xpi_at<const int>(base, index[i], scale));
  return (__m256i)r;
}

/// The lanes chosen by k from base + index[i] * scale, the others from s; memory of the others is not touched.
/// cpu: avx512f
XP_INSN __m256i _mm512_mask_i64gather_epi32(__m256i s_, __mmask8 k, __m512i index_,
    const void *base, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  const i32x8 s = (i32x8)s_;
  i32x8 r;
  XP_LANES(8)
    r[i] = XP_BIT(k, i) ? xpi_load(xpi_at<const int>(base, index[i], scale)) : s[i];
  return (__m256i)r;
}

/// Lane i to base + index[i] * scale, lanes in ascending order (the last one wins).
/// cpu: avx512f
XP_INSN void _mm512_i64scatter_epi32(void *base, __m512i index_, __m256i a_, int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  const i32x8 a = (i32x8)a_;
  XP_LANES(8) xpi_store(xpi_at<int>(base, index[i], scale), a[i]);
}

/// The lanes chosen by k to base + index[i] * scale, in ascending order; memory of the others is not touched.
/// cpu: avx512f
XP_INSN void _mm512_mask_i64scatter_epi32(void *base, __mmask8 k, __m512i index_, __m256i a_,
    int scale) {
  XP_REQUIRE(xpi_is_scale(scale), "scale is not 1, 2, 4 or 8");
  const i64x8 index = (i64x8)index_;
  const i32x8 a = (i32x8)a_;
  XP_LANES(8) if (XP_BIT(k, i)) xpi_store(xpi_at<int>(base, index[i], scale), a[i]);
}

#endif
