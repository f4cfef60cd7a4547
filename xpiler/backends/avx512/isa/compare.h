// Comparisons to masks.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_COMPARE_H
#define XP_AVX512_COMPARE_H

#include "types.h"

/// The mask of the lanes where a == b, signed 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpeq_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] == b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a != b, signed 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpneq_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] != b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a < b, signed 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmplt_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] < b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a <= b, signed 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmple_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] <= b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a > b, signed 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpgt_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] > b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a >= b, signed 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpge_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] >= b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a == b, unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpeq_epu32_mask(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] == b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a != b, unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpneq_epu32_mask(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] != b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a < b, unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmplt_epu32_mask(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] < b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a <= b, unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmple_epu32_mask(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] <= b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a > b, unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpgt_epu32_mask(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] > b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a >= b, unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmpge_epu32_mask(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] >= b[i]) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a == b, signed 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpeq_epi64_mask(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] == b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a != b, signed 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpneq_epi64_mask(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] != b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a < b, signed 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmplt_epi64_mask(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] < b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a <= b, signed 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmple_epi64_mask(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] <= b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a > b, signed 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpgt_epi64_mask(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] > b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a >= b, signed 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpge_epi64_mask(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] >= b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a == b, unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpeq_epu64_mask(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] == b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a != b, unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpneq_epu64_mask(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] != b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a < b, unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmplt_epu64_mask(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] < b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a <= b, unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmple_epu64_mask(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] <= b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a > b, unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpgt_epu64_mask(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] > b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where a >= b, unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmpge_epu64_mask(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] >= b[i]) << i;
  return (__mmask8)r;
}

/// The mask of the lanes where the predicate holds (_CMP_EQ_OQ, _CMP_LT_OS, ...; see types.h).
/// cpu: avx512f
XP_INSN __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int predicate) {
  XP_REQUIRE(predicate >= 0 && predicate < 32, "unknown predicate");
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)xpi_compare(a[i], b[i], predicate) << i;
  return (__mmask16)r;
}

/// The mask of the lanes chosen by k where the predicate holds.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_mask_cmp_ps_mask(__mmask16 k, __m512 a, __m512 b, int predicate) {
  return (__mmask16)(k & _mm512_cmp_ps_mask(a, b, predicate));
}

/// The mask of the lanes where the predicate holds (_CMP_EQ_OQ, _CMP_LT_OS, ...; see types.h).
/// cpu: avx512f
XP_INSN __mmask8 _mm512_cmp_pd_mask(__m512d a, __m512d b, int predicate) {
  XP_REQUIRE(predicate >= 0 && predicate < 32, "unknown predicate");
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)xpi_compare(a[i], b[i], predicate) << i;
  return (__mmask8)r;
}

/// The mask of the lanes chosen by k where the predicate holds.
/// cpu: avx512f
XP_INSN __mmask8 _mm512_mask_cmp_pd_mask(__mmask8 k, __m512d a, __m512d b, int predicate) {
  return (__mmask8)(k & _mm512_cmp_pd_mask(a, b, predicate));
}

/// The mask of the lanes where a & b != 0.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_test_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)((a[i] & b[i]) != 0) << i;
  return (__mmask16)r;
}

/// The mask of the lanes where a & b == 0.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_testn_epi32_mask(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)((a[i] & b[i]) == 0) << i;
  return (__mmask16)r;
}

/// The mask of the lanes whose sign bit is set.
/// cpu: avx512dq
XP_INSN __mmask16 _mm512_movepi32_mask(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  unsigned r = 0;
  XP_LANES(16) r |= (unsigned)(a[i] < 0) << i;
  return (__mmask16)r;
}

/// The mask of the lanes whose sign bit is set.
/// cpu: avx512dq
XP_INSN __mmask8 _mm512_movepi64_mask(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  unsigned r = 0;
  XP_LANES(8) r |= (unsigned)(a[i] < 0) << i;
  return (__mmask8)r;
}

#endif
