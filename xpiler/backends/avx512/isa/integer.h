// Integer arithmetic (wrapping), shifts, bit operations, permutations and reductions.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_INTEGER_H
#define XP_AVX512_INTEGER_H

#include "types.h"

/// Sum of 32-bit integers, wrapping.
/// cpu: avx512f
XP_INSN __m512i _mm512_add_epi32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = a[i] + b[i];
  return (__m512i)r;
}

/// Difference of 32-bit integers, wrapping.
/// cpu: avx512f
XP_INSN __m512i _mm512_sub_epi32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = a[i] - b[i];
  return (__m512i)r;
}

/// Sum of 64-bit integers, wrapping.
/// cpu: avx512f
XP_INSN __m512i _mm512_add_epi64(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] + b[i];
  return (__m512i)r;
}

/// Difference of 64-bit integers, wrapping.
/// cpu: avx512f
XP_INSN __m512i _mm512_sub_epi64(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] - b[i];
  return (__m512i)r;
}

/// Sum of 16-bit integers, wrapping.
/// cpu: avx512bw
XP_INSN __m512i _mm512_add_epi16(__m512i a_, __m512i b_) {
  const u16x32 a = (u16x32)a_;
  const u16x32 b = (u16x32)b_;
  u16x32 r;
  XP_LANES(32) r[i] = a[i] + b[i];
  return (__m512i)r;
}

/// Difference of 16-bit integers, wrapping.
/// cpu: avx512bw
XP_INSN __m512i _mm512_sub_epi16(__m512i a_, __m512i b_) {
  const u16x32 a = (u16x32)a_;
  const u16x32 b = (u16x32)b_;
  u16x32 r;
  XP_LANES(32) r[i] = a[i] - b[i];
  return (__m512i)r;
}

/// Sum of 8-bit integers, wrapping.
/// cpu: avx512bw
XP_INSN __m512i _mm512_add_epi8(__m512i a_, __m512i b_) {
  const u8x64 a = (u8x64)a_;
  const u8x64 b = (u8x64)b_;
  u8x64 r;
  XP_LANES(64) r[i] = a[i] + b[i];
  return (__m512i)r;
}

/// Difference of 8-bit integers, wrapping.
/// cpu: avx512bw
XP_INSN __m512i _mm512_sub_epi8(__m512i a_, __m512i b_) {
  const u8x64 a = (u8x64)a_;
  const u8x64 b = (u8x64)b_;
  u8x64 r;
  XP_LANES(64) r[i] = a[i] - b[i];
  return (__m512i)r;
}

/// The low 32 bits of the product.
/// cpu: avx512f
XP_INSN __m512i _mm512_mullo_epi32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = a[i] * b[i];
  return (__m512i)r;
}

/// The low 64 bits of the product.
/// cpu: avx512dq
XP_INSN __m512i _mm512_mullo_epi64(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] * b[i];
  return (__m512i)r;
}

/// The low 16 bits of the product.
/// cpu: avx512bw
XP_INSN __m512i _mm512_mullo_epi16(__m512i a_, __m512i b_) {
  const u16x32 a = (u16x32)a_;
  const u16x32 b = (u16x32)b_;
  u16x32 r;
  XP_LANES(32) r[i] = (unsigned)a[i] * b[i];
  return (__m512i)r;
}

/// Product of the even 32-bit lanes, signed, as 64 bits.
/// cpu: avx512f
XP_INSN __m512i _mm512_mul_epi32(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  i64x8 r;
  XP_LANES(8) r[i] = (long long)(int)a[i] * (int)b[i];
  return (__m512i)r;
}

/// Product of the even 32-bit lanes, unsigned, as 64 bits.
/// cpu: avx512f
XP_INSN __m512i _mm512_mul_epu32(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = (a[i] & 0xffffffffu) * (b[i] & 0xffffffffu);
  return (__m512i)r;
}

/// Bitwise and.
/// cpu: avx512f
XP_INSN __m512i _mm512_and_si512(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] & b[i];
  return (__m512i)r;
}

/// Bitwise and.
/// cpu: avx512f
XP_INSN __m512i _mm512_and_epi32(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] & b[i];
  return (__m512i)r;
}

/// Bitwise and.
/// cpu: avx512f
XP_INSN __m512i _mm512_and_epi64(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] & b[i];
  return (__m512i)r;
}

/// Bitwise or.
/// cpu: avx512f
XP_INSN __m512i _mm512_or_si512(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] | b[i];
  return (__m512i)r;
}

/// Bitwise or.
/// cpu: avx512f
XP_INSN __m512i _mm512_or_epi32(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] | b[i];
  return (__m512i)r;
}

/// Bitwise or.
/// cpu: avx512f
XP_INSN __m512i _mm512_or_epi64(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] | b[i];
  return (__m512i)r;
}

/// Bitwise xor.
/// cpu: avx512f
XP_INSN __m512i _mm512_xor_si512(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] ^ b[i];
  return (__m512i)r;
}

/// Bitwise xor.
/// cpu: avx512f
XP_INSN __m512i _mm512_xor_epi32(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] ^ b[i];
  return (__m512i)r;
}

/// Bitwise xor.
/// cpu: avx512f
XP_INSN __m512i _mm512_xor_epi64(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] ^ b[i];
  return (__m512i)r;
}

/// Bitwise ~a & b.
/// cpu: avx512f
XP_INSN __m512i _mm512_andnot_si512(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = ~a[i] & b[i];
  return (__m512i)r;
}

/// Left shift of each lane by its own count; 0 for a count of 32 or more.
/// cpu: avx512f
XP_INSN __m512i _mm512_sllv_epi32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = b[i] < 32 ? a[i] << b[i] : 0;
  return (__m512i)r;
}

/// Logical right shift of each lane by its own count; 0 for a count of 32 or more.
/// cpu: avx512f
XP_INSN __m512i _mm512_srlv_epi32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = b[i] < 32 ? a[i] >> b[i] : 0;
  return (__m512i)r;
}

/// Arithmetic right shift of each lane by its own count; the sign for a count of 32 or more.
/// cpu: avx512f
XP_INSN __m512i _mm512_srav_epi32(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const u32x16 b = (u32x16)b_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] >> (b[i] < 32 ? b[i] : 31);
  return (__m512i)r;
}

/// Left shift by a constant.
/// cpu: avx512f
XP_INSN __m512i _mm512_slli_epi32(__m512i a_, unsigned imm) {
  const u32x16 a = (u32x16)a_;
  u32x16 r;
  XP_LANES(16) r[i] = imm < 32 ? a[i] << imm : 0;
  return (__m512i)r;
}

/// Logical right shift by a constant.
/// cpu: avx512f
XP_INSN __m512i _mm512_srli_epi32(__m512i a_, unsigned imm) {
  const u32x16 a = (u32x16)a_;
  u32x16 r;
  XP_LANES(16) r[i] = imm < 32 ? a[i] >> imm : 0;
  return (__m512i)r;
}

/// Arithmetic right shift by a constant.
/// cpu: avx512f
XP_INSN __m512i _mm512_srai_epi32(__m512i a_, unsigned imm) {
  const i32x16 a = (i32x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] >> (imm < 32 ? imm : 31);
  return (__m512i)r;
}

/// Magnitude; the least integer stays itself.
/// cpu: avx512f
XP_INSN __m512i _mm512_abs_epi32(__m512i a_) {
  const i32x16 a = (i32x16)a_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] < 0 ? (int)(0 - (unsigned)a[i]) : a[i];
  return (__m512i)r;
}

/// Left shift of each lane by its own count; 0 for a count of 64 or more.
/// cpu: avx512f
XP_INSN __m512i _mm512_sllv_epi64(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = b[i] < 64 ? a[i] << b[i] : 0;
  return (__m512i)r;
}

/// Logical right shift of each lane by its own count; 0 for a count of 64 or more.
/// cpu: avx512f
XP_INSN __m512i _mm512_srlv_epi64(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = b[i] < 64 ? a[i] >> b[i] : 0;
  return (__m512i)r;
}

/// Arithmetic right shift of each lane by its own count; the sign for a count of 64 or more.
/// cpu: avx512f
XP_INSN __m512i _mm512_srav_epi64(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const u64x8 b = (u64x8)b_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] >> (b[i] < 64 ? b[i] : 63);
  return (__m512i)r;
}

/// Left shift by a constant.
/// cpu: avx512f
XP_INSN __m512i _mm512_slli_epi64(__m512i a_, unsigned imm) {
  const u64x8 a = (u64x8)a_;
  u64x8 r;
  XP_LANES(8) r[i] = imm < 64 ? a[i] << imm : 0;
  return (__m512i)r;
}

/// Logical right shift by a constant.
/// cpu: avx512f
XP_INSN __m512i _mm512_srli_epi64(__m512i a_, unsigned imm) {
  const u64x8 a = (u64x8)a_;
  u64x8 r;
  XP_LANES(8) r[i] = imm < 64 ? a[i] >> imm : 0;
  return (__m512i)r;
}

/// Arithmetic right shift by a constant.
/// cpu: avx512f
XP_INSN __m512i _mm512_srai_epi64(__m512i a_, unsigned imm) {
  const i64x8 a = (i64x8)a_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] >> (imm < 64 ? imm : 63);
  return (__m512i)r;
}

/// Magnitude; the least integer stays itself.
/// cpu: avx512f
XP_INSN __m512i _mm512_abs_epi64(__m512i a_) {
  const i64x8 a = (i64x8)a_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] < 0 ? (long long)(0 - (unsigned long long)a[i]) : a[i];
  return (__m512i)r;
}

/// The smaller of signed 32-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_min_epi32(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] < b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The greater of signed 32-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_max_epi32(__m512i a_, __m512i b_) {
  const i32x16 a = (i32x16)a_;
  const i32x16 b = (i32x16)b_;
  i32x16 r;
  XP_LANES(16) r[i] = a[i] > b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The smaller of unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_min_epu32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = a[i] < b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The greater of unsigned 32-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_max_epu32(__m512i a_, __m512i b_) {
  const u32x16 a = (u32x16)a_;
  const u32x16 b = (u32x16)b_;
  u32x16 r;
  XP_LANES(16) r[i] = a[i] > b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The smaller of signed 64-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_min_epi64(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] < b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The greater of signed 64-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_max_epi64(__m512i a_, __m512i b_) {
  const i64x8 a = (i64x8)a_;
  const i64x8 b = (i64x8)b_;
  i64x8 r;
  XP_LANES(8) r[i] = a[i] > b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The smaller of unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_min_epu64(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] < b[i] ? a[i] : b[i];
  return (__m512i)r;
}

/// The greater of unsigned 64-bit integers.
/// cpu: avx512f
XP_INSN __m512i _mm512_max_epu64(__m512i a_, __m512i b_) {
  const u64x8 a = (u64x8)a_;
  const u64x8 b = (u64x8)b_;
  u64x8 r;
  XP_LANES(8) r[i] = a[i] > b[i] ? a[i] : b[i];
  return (__m512i)r;
}

#endif
