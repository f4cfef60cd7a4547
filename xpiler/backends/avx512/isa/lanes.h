// Integer lanes: selection, permutation, reduction, counting, saturation.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_LANES_H
#define XP_AVX512_LANES_H

#include "types.h"

/// The lanes chosen by k from a, the others from s.
/// cpu: avx512f
XP_INSN __m512i _mm512_mask_mov_epi32(__m512i s_, __mmask16 k, __m512i a_) {
  const i32x16 s = (i32x16)s_;
  const i32x16 a = (i32x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? a[i] : s[i];
  return (__m512i)r;
}

/// The lanes chosen by k from a, the others zero.
/// cpu: avx512f
XP_INSN __m512i _mm512_maskz_mov_epi32(__mmask16 k, __m512i a_) {
  const i32x16 a = (i32x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? a[i] : 0;
  return (__m512i)r;
}

/// One value in the lanes chosen by k, zero in the others.
/// cpu: avx512f
XP_INSN __m512i _mm512_maskz_set1_epi32(__mmask16 k, int a) {
  i32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? a : 0;
  return (__m512i)r;
}

/// Lane i is a[index[i]] (the low 4 bits count).
/// cpu: avx512f
XP_INSN __m512i _mm512_permutexvar_epi32(__m512i index_, __m512i a_) {
  const i32x16 index = (i32x16)index_;
  const i32x16 a = (i32x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = a[index[i] & 15];
  return (__m512i)r;
}

/// Lane i is lane index[i] of a followed by b (the low 5 bits count).
/// cpu: avx512f
XP_INSN __m512i _mm512_permutex2var_epi32(__m512i a_, __m512i index_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 index = (i32x16)index_;
  const i32x16 b = (i32x16)b_;
  i32x16 r;
  XP_LANES(16) r[i] = index[i] & 16 ? b[index[i] & 15] : a[index[i] & 15];
  return (__m512i)r;
}

/// Sum of all lanes, wrapping.
/// cpu: avx512f
XP_INSN int _mm512_reduce_add_epi32(__m512i a_) {
  const u32x16 a = (u32x16)a_;
  return (int)xpi_reduce<unsigned, 16>(a, [](unsigned x, unsigned y) { return x + y; });
}

/// Minimum of all lanes.
/// cpu: avx512f
XP_INSN int _mm512_reduce_min_epi32(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  return xpi_reduce<int, 16>(a, [](int x, int y) { return x < y ? x : y; });
}

/// Maximum of all lanes.
/// cpu: avx512f
XP_INSN int _mm512_reduce_max_epi32(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  return xpi_reduce<int, 16>(a, [](int x, int y) { return x > y ? x : y; });
}

/// The lanes chosen by k from a, the others from s.
/// cpu: avx512f
XP_INSN __m512i _mm512_mask_mov_epi64(__m512i s_, __mmask8 k, __m512i a_) {
  const i64x8 s = (i64x8)s_;
  const i64x8 a = (i64x8)a_;
  i64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? a[i] : s[i];
  return (__m512i)r;
}

/// The lanes chosen by k from a, the others zero.
/// cpu: avx512f
XP_INSN __m512i _mm512_maskz_mov_epi64(__mmask8 k, __m512i a_) {
  const i64x8 a = (i64x8)a_;
  i64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? a[i] : 0;
  return (__m512i)r;
}

/// One value in the lanes chosen by k, zero in the others.
/// cpu: avx512f
XP_INSN __m512i _mm512_maskz_set1_epi64(__mmask8 k, long long a) {
  i64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? a : 0;
  return (__m512i)r;
}

/// Lane i is a[index[i]] (the low 3 bits count).
/// cpu: avx512f
XP_INSN __m512i _mm512_permutexvar_epi64(__m512i index_, __m512i a_) {
  const i64x8 index = (i64x8)index_;
  const i64x8 a = (i64x8)a_;
  i64x8 r;
  XP_LANES(8) r[i] = a[index[i] & 7];
  return (__m512i)r;
}

/// Sum of all lanes, wrapping.
/// cpu: avx512f
XP_INSN long long _mm512_reduce_add_epi64(__m512i a_) {
  const u64x8 a = (u64x8)a_;
  return (long long)xpi_reduce<unsigned long long, 8>(a, [](unsigned long long x, unsigned long long y) { return x + y; });
}

/// Minimum of all lanes.
/// cpu: avx512f
XP_INSN long long _mm512_reduce_min_epi64(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  return xpi_reduce<long long, 8>(a, [](long long x, long long y) { return x < y ? x : y; });
}

/// Maximum of all lanes.
/// cpu: avx512f
XP_INSN long long _mm512_reduce_max_epi64(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  return xpi_reduce<long long, 8>(a, [](long long x, long long y) { return x > y ? x : y; });
}

/// Number of one bits.
/// cpu: avx512_vpopcntdq
XP_INSN __m512i _mm512_popcnt_epi32(__m512i a_) {
  const u32x16 a = (u32x16)a_;
  u32x16 r;
  XP_LANES(16) r[i] = __builtin_popcount(a[i]);
  return (__m512i)r;
}

/// Number of leading zero bits; 32 for zero.
/// cpu: avx512cd
XP_INSN __m512i _mm512_lzcnt_epi32(__m512i a_) {
  const u32x16 a = (u32x16)a_;
  u32x16 r;
  XP_LANES(16) r[i] = a[i] ? __builtin_clz(a[i]) : 32;
  return (__m512i)r;
}

/// Rotation to the left of each lane by its own count modulo 32.
/// cpu: avx512f
XP_INSN __m512i _mm512_rolv_epi32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = a[i] << (b[i] & 31) | a[i] >> (-b[i] & 31);
  return (__m512i)r;
}

/// Mean of unsigned bytes, rounded up.
/// cpu: avx512bw
XP_INSN __m512i _mm512_avg_epu8(__m512i a_, __m512i b_) {
  const u8x64 a = (u8x64)a_;
  const u8x64 b = (u8x64)b_;
  u8x64 r;
  XP_LANES(64) r[i] = (a[i] + b[i] + 1) >> 1;
  return (__m512i)r;
}

/// Sum of signed bytes, saturated.
/// cpu: avx512bw
XP_INSN __m512i _mm512_adds_epi8(__m512i a_, __m512i b_) {
  const i8x64 a = (i8x64)a_;
  const i8x64 b = (i8x64)b_;
  i8x64 r;
  XP_LANES(64) r[i] = xpi_saturate<signed char>(a[i] + b[i]);
  return (__m512i)r;
}

/// Sum of signed 16-bit integers, saturated.
/// cpu: avx512bw
XP_INSN __m512i _mm512_adds_epi16(__m512i a_, __m512i b_) {
  const i16x32 a = (i16x32)a_;
  const i16x32 b = (i16x32)b_;
  i16x32 r;
  XP_LANES(32) r[i] = xpi_saturate<short>(a[i] + b[i]);
  return (__m512i)r;
}

/// The smaller of signed 8-bit integers.
/// cpu: avx512bw
XP_INSN __m512i _mm512_min_epi8(__m512i a_, __m512i b_) {
  const i8x64 a = (i8x64)a_;
  const i8x64 b = (i8x64)b_;
  i8x64 r;
  XP_LANES(64) r[i] = a[i] < b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The greater of signed 8-bit integers.
/// cpu: avx512bw
XP_INSN __m512i _mm512_max_epi8(__m512i a_, __m512i b_) {
  const i8x64 a = (i8x64)a_;
  const i8x64 b = (i8x64)b_;
  i8x64 r;
  XP_LANES(64) r[i] = a[i] > b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The smaller of signed 16-bit integers.
/// cpu: avx512bw
XP_INSN __m512i _mm512_min_epi16(__m512i a_, __m512i b_) {
  const i16x32 a = (i16x32)a_;
  const i16x32 b = (i16x32)b_;
  i16x32 r;
  XP_LANES(32) r[i] = a[i] < b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The greater of signed 16-bit integers.
/// cpu: avx512bw
XP_INSN __m512i _mm512_max_epi16(__m512i a_, __m512i b_) {
  const i16x32 a = (i16x32)a_;
  const i16x32 b = (i16x32)b_;
  i16x32 r;
  XP_LANES(32) r[i] = a[i] > b[i] ? a[i] : b[i];
  return (__m512i)r;
}

#endif
