// Conversions, reinterpretations, parts of registers.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_CONVERT_H
#define XP_AVX512_CONVERT_H

#include "types.h"

/// Signed 32-bit integers to single precision, to nearest even.
/// cpu: avx512f
XP_INSN __m512 _mm512_cvtepi32_ps(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  f32x16 r;
  XP_LANES(16) r[i] = (float)a[i];
  return r;
}

/// Unsigned 32-bit integers to single precision, to nearest even.
/// cpu: avx512f
XP_INSN __m512 _mm512_cvtepu32_ps(__m512i a_) {
  const u32x16 a = (u32x16)a_;
  f32x16 r;
  XP_LANES(16) r[i] = (float)a[i];
  return r;
}

/// Single precision to signed 32-bit integers, to nearest even; the least integer when out of range.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvtps_epi32(__m512 a) {
  i32x16 r;
  XP_LANES(16) r[i] = xpi_to_int<int>(__builtin_rintf(a[i]));
  return (__m512i)r;
}

/// Single precision to signed 32-bit integers, towards zero; the least integer when out of range.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvttps_epi32(__m512 a) {
  i32x16 r;
  XP_LANES(16) r[i] = xpi_to_int<int>(a[i]);
  return (__m512i)r;
}

/// Single precision to unsigned 32-bit integers, towards zero; all bits set when out of range.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvttps_epu32(__m512 a) {
  u32x16 r;
  XP_LANES(16) r[i] = xpi_to_int<unsigned>(a[i]);
  return (__m512i)r;
}

/// Single to double precision, exact.
/// cpu: avx512f
XP_INSN __m512d _mm512_cvtps_pd(__m256 a) {
  f64x8 r;
  XP_LANES(8) r[i] = (double)a[i];
  return r;
}

/// Double to single precision, to nearest even.
/// cpu: avx512f
XP_INSN __m256 _mm512_cvtpd_ps(__m512d a) {
  f32x8 r;
  XP_LANES(8) r[i] = (float)a[i];
  return r;
}

/// Signed 32-bit integers to double precision, exact.
/// cpu: avx512f
XP_INSN __m512d _mm512_cvtepi32_pd(__m256i a_) {
  const i32x8 a = (i32x8)a_;
  f64x8 r;
  XP_LANES(8) r[i] = (double)a[i];
  return r;
}

/// Unsigned 32-bit integers to double precision, exact.
/// cpu: avx512f
XP_INSN __m512d _mm512_cvtepu32_pd(__m256i a_) {
  const u32x8 a = (u32x8)a_;
  f64x8 r;
  XP_LANES(8) r[i] = (double)a[i];
  return r;
}

/// Double precision to signed 32-bit integers, towards zero; the least integer when out of range.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvttpd_epi32(__m512d a) {
  i32x8 r;
  XP_LANES(8) r[i] = xpi_to_int<int>(a[i]);
  return (__m256i)r;
}

/// Double precision to unsigned 32-bit integers, towards zero; all bits set when out of range.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvttpd_epu32(__m512d a) {
  u32x8 r;
  XP_LANES(8) r[i] = xpi_to_int<unsigned>(a[i]);
  return (__m256i)r;
}

/// Signed 64-bit integers to double precision, to nearest even.
/// cpu: avx512dq
XP_INSN __m512d _mm512_cvtepi64_pd(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  f64x8 r;
  XP_LANES(8) r[i] = (double)a[i];
  return r;
}

/// Unsigned 64-bit integers to double precision, to nearest even.
/// cpu: avx512dq
XP_INSN __m512d _mm512_cvtepu64_pd(__m512i a_) {
  const u64x8 a = (u64x8)a_;
  f64x8 r;
  XP_LANES(8) r[i] = (double)a[i];
  return r;
}

/// Double precision to signed 64-bit integers, towards zero; the least integer when out of range.
/// cpu: avx512dq
XP_INSN __m512i _mm512_cvttpd_epi64(__m512d a) {
  i64x8 r;
  XP_LANES(8) r[i] = xpi_to_int<long long>(a[i]);
  return (__m512i)r;
}

/// Double precision to unsigned 64-bit integers, towards zero; all bits set when out of range.
/// cpu: avx512dq
XP_INSN __m512i _mm512_cvttpd_epu64(__m512d a) {
  u64x8 r;
  XP_LANES(8) r[i] = xpi_to_int<unsigned long long>(a[i]);
  return (__m512i)r;
}

/// Single precision to signed 64-bit integers, towards zero; the least integer when out of range.
/// cpu: avx512dq
XP_INSN __m512i _mm512_cvttps_epi64(__m256 a) {
  i64x8 r;
  XP_LANES(8) r[i] = xpi_to_int<long long>(a[i]);
  return (__m512i)r;
}

/// Single precision to unsigned 64-bit integers, towards zero; all bits set when out of range.
/// cpu: avx512dq
XP_INSN __m512i _mm512_cvttps_epu64(__m256 a) {
  u64x8 r;
  XP_LANES(8) r[i] = xpi_to_int<unsigned long long>(a[i]);
  return (__m512i)r;
}

/// Signed 64-bit integers to single precision, to nearest even.
/// cpu: avx512dq
XP_INSN __m256 _mm512_cvtepi64_ps(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  f32x8 r;
  XP_LANES(8) r[i] = (float)a[i];
  return r;
}

/// Unsigned 64-bit integers to single precision, to nearest even.
/// cpu: avx512dq
XP_INSN __m256 _mm512_cvtepu64_ps(__m512i a_) {
  const u64x8 a = (u64x8)a_;
  f32x8 r;
  XP_LANES(8) r[i] = (float)a[i];
  return r;
}

/// Half to single precision, exact.
/// cpu: avx512f
XP_INSN __m512 _mm512_cvtph_ps(__m256i a_) {
  const u16x16 a = (u16x16)a_;
  f32x16 r;
  XP_LANES(16) r[i] = xpi_half_to_float(a[i]);
  return r;
}

/// Single precision to half, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvtps_ph(__m512 a, int rounding) {
  XP_REQUIRE((rounding & ~8) == 0, "only rounding to nearest even is described");
  u16x16 r;
  XP_LANES(16) r[i] = xpi_float_to_half(a[i]);
  return (__m256i)r;
}

/// Widened from signed 8-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvtepi8_epi32(__m128i a_) {
  const i8x16 a = (i8x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i];
  return (__m512i)r;
}

/// Widened from unsigned 8-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvtepu8_epi32(__m128i a_) {
  const u8x16 a = (u8x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i];
  return (__m512i)r;
}

/// Widened from signed 16-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvtepi16_epi32(__m256i a_) {
  const i16x16 a = (i16x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i];
  return (__m512i)r;
}

/// Widened from unsigned 16-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvtepu16_epi32(__m256i a_) {
  const u16x16 a = (u16x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i];
  return (__m512i)r;
}

/// Widened from signed 32-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvtepi32_epi64(__m256i a_) {
  const i32x8 a = (i32x8)a_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i];
  return (__m512i)r;
}

/// Widened from unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_cvtepu32_epi64(__m256i a_) {
  const u32x8 a = (u32x8)a_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i];
  return (__m512i)r;
}

/// Widened from signed 8-bit integers.
/// cpu: avx512bw
XP_INSN __m512i _mm512_cvtepi8_epi16(__m256i a_) {
  const i8x32 a = (i8x32)a_;
  i16x32 r;
  XP_LANES(32) r[i] = a[i];
  return (__m512i)r;
}

/// Widened from unsigned 8-bit integers.
/// cpu: avx512bw
XP_INSN __m512i _mm512_cvtepu8_epi16(__m256i a_) {
  const u8x32 a = (u8x32)a_;
  i16x32 r;
  XP_LANES(32) r[i] = a[i];
  return (__m512i)r;
}

/// The low bits of each lane.
/// cpu: avx512f
XP_INSN __m128i _mm512_cvtepi32_epi8(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  i8x16 r;
  XP_LANES(16) r[i] = (signed char)a[i];
  return (__m128i)r;
}

/// Narrowed with signed saturation.
/// cpu: avx512f
XP_INSN __m128i _mm512_cvtsepi32_epi8(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  i8x16 r;
  XP_LANES(16) r[i] = xpi_saturate<signed char>(a[i]);
  return (__m128i)r;
}

/// The low bits of each lane.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvtepi32_epi16(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  i16x16 r;
  XP_LANES(16) r[i] = (short)a[i];
  return (__m256i)r;
}

/// Narrowed with signed saturation.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvtsepi32_epi16(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  i16x16 r;
  XP_LANES(16) r[i] = xpi_saturate<short>(a[i]);
  return (__m256i)r;
}

/// The low bits of each lane.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvtepi64_epi32(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  i32x8 r;
  XP_LANES(8) r[i] = (int)a[i];
  return (__m256i)r;
}

/// Narrowed with signed saturation.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvtsepi64_epi32(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  i32x8 r;
  XP_LANES(8) r[i] = xpi_saturate<int>(a[i]);
  return (__m256i)r;
}

/// The low bits of each lane.
/// cpu: avx512bw
XP_INSN __m256i _mm512_cvtepi16_epi8(__m512i a_) {
  const i16x32 a = (i16x32)a_;
  i8x32 r;
  XP_LANES(32) r[i] = (signed char)a[i];
  return (__m256i)r;
}

/// Narrowed with signed saturation.
/// cpu: avx512bw
XP_INSN __m256i _mm512_cvtsepi16_epi8(__m512i a_) {
  const i16x32 a = (i16x32)a_;
  i8x32 r;
  XP_LANES(32) r[i] = xpi_saturate<signed char>(a[i]);
  return (__m256i)r;
}

/// Narrowed from unsigned with unsigned saturation.
/// cpu: avx512f
XP_INSN __m128i _mm512_cvtusepi32_epi8(__m512i a_) {
  const u32x16 a = (u32x16)a_;
  u8x16 r;
  XP_LANES(16) r[i] = a[i] > (unsigned char)-1 ? (unsigned char)-1 : (unsigned char)a[i];
  return (__m128i)r;
}

/// Narrowed from unsigned with unsigned saturation.
/// cpu: avx512f
XP_INSN __m256i _mm512_cvtusepi32_epi16(__m512i a_) {
  const u32x16 a = (u32x16)a_;
  u16x16 r;
  XP_LANES(16) r[i] = a[i] > (unsigned short)-1 ? (unsigned short)-1 : (unsigned short)a[i];
  return (__m256i)r;
}

/// The same bits.
/// cpu: avx512f
XP_INSN __m512i _mm512_castps_si512(__m512 a) {
  return (__m512i)a;
}

/// The same bits.
/// cpu: avx512f
XP_INSN __m512 _mm512_castsi512_ps(__m512i a) {
  return (__m512)a;
}

/// The same bits.
/// cpu: avx512f
XP_INSN __m512i _mm512_castpd_si512(__m512d a) {
  return (__m512i)a;
}

/// The same bits.
/// cpu: avx512f
XP_INSN __m512d _mm512_castsi512_pd(__m512i a) {
  return (__m512d)a;
}

/// The same bits.
/// cpu: avx512f
XP_INSN __m512d _mm512_castps_pd(__m512 a) {
  return (__m512d)a;
}

/// The same bits.
/// cpu: avx512f
XP_INSN __m512 _mm512_castpd_ps(__m512d a) {
  return (__m512)a;
}

/// The low part.
/// cpu: avx512f
XP_INSN __m256 _mm512_castps512_ps256(__m512 a) {
  f32x8 r;
  XP_LANES(8) r[i] = a[i];
  return (__m256)r;
}

/// The low part.
/// cpu: avx512f
XP_INSN __m256i _mm512_castsi512_si256(__m512i a) {
  i64x4 r;
  XP_LANES(4) r[i] = a[i];
  return (__m256i)r;
}

/// The low part.
/// cpu: avx512f
XP_INSN __m128i _mm512_castsi512_si128(__m512i a) {
  i64x2 r;
  XP_LANES(2) r[i] = a[i];
  return (__m128i)r;
}

/// The low part; the high part is indeterminate (here: a pattern that no program expects).
/// cpu: avx512f
XP_INSN __m512 _mm512_castps256_ps512(__m256 a) {
  f32x16 r;
  XP_LANES(16) r[i] = i < 8 ? a[i & 7] : XP_UNDEFINED;
  return (__m512)r;
}

/// The low part; the high part is indeterminate (here: a pattern that no program expects).
/// cpu: avx512f
XP_INSN __m512i _mm512_castsi256_si512(__m256i a) {
  i64x8 r;
  XP_LANES(8) r[i] = i < 4 ? a[i & 3] : XP_UNDEFINED;
  return (__m512i)r;
}

/// The low part; the high part is zero.
/// cpu: avx512f
XP_INSN __m512 _mm512_zextps256_ps512(__m256 a) {
  f32x16 r;
  XP_LANES(16) r[i] = i < 8 ? a[i & 7] : 0;
  return (__m512)r;
}

/// The low part; the high part is zero.
/// cpu: avx512f
XP_INSN __m512i _mm512_zextsi256_si512(__m256i a) {
  i64x8 r;
  XP_LANES(8) r[i] = i < 4 ? a[i & 3] : 0;
  return (__m512i)r;
}

/// Half imm of the register.
/// cpu: avx512f
XP_INSN __m256i _mm512_extracti64x4_epi64(__m512i a, int imm) {
  XP_REQUIRE(imm == 0 || imm == 1, "there are two halves");
  i64x4 r;
  XP_LANES(4) r[i] = a[imm * 4 + i];
  return (__m256i)r;
}

/// a with half imm replaced by b.
/// cpu: avx512f
XP_INSN __m512i _mm512_inserti64x4(__m512i a, __m256i b, int imm) {
  XP_REQUIRE(imm == 0 || imm == 1, "there are two halves");
  i64x8 r;
  XP_LANES(8) r[i] = i / 4 == imm ? b[i % 4] : a[i];
  return (__m512i)r;
}

/// Half to single precision, exact.
/// cpu: f16c
XP_INSN float _cvtsh_ss(unsigned short a) {
  return xpi_half_to_float(a);
}

/// Single precision to half, rounded to nearest even.
/// cpu: f16c
XP_INSN unsigned short _cvtss_sh(float a, int rounding) {
  XP_REQUIRE((rounding & ~8) == 0, "only rounding to nearest even is described");
  return xpi_float_to_half(a);
}

#endif
