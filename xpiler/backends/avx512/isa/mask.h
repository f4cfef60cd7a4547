// Mask registers.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_MASK_H
#define XP_AVX512_MASK_H

#include "types.h"

/// Bitwise a & b.
/// cpu: avx512f
XP_INSN __mmask16 _kand_mask16(__mmask16 a, __mmask16 b) {
  return (__mmask16)(a & b);
}

/// Bitwise a | b.
/// cpu: avx512f
XP_INSN __mmask16 _kor_mask16(__mmask16 a, __mmask16 b) {
  return (__mmask16)(a | b);
}

/// Bitwise a ^ b.
/// cpu: avx512f
XP_INSN __mmask16 _kxor_mask16(__mmask16 a, __mmask16 b) {
  return (__mmask16)(a ^ b);
}

/// Bitwise ~a & b.
/// cpu: avx512f
XP_INSN __mmask16 _kandn_mask16(__mmask16 a, __mmask16 b) {
  return (__mmask16)(~a & b);
}

/// Bitwise ~(a ^ b).
/// cpu: avx512f
XP_INSN __mmask16 _kxnor_mask16(__mmask16 a, __mmask16 b) {
  return (__mmask16)(~(a ^ b));
}

/// Bitwise ~a.
/// cpu: avx512f
XP_INSN __mmask16 _knot_mask16(__mmask16 a) {
  return (__mmask16)~a;
}

/// 1 when no lane is chosen by a or b.
/// cpu: avx512f
XP_INSN unsigned char _kortestz_mask16_u8(__mmask16 a, __mmask16 b) {
  return (a | b) == 0;
}

/// The mask as an integer, lane 0 in bit 0.
/// cpu: avx512f
XP_INSN unsigned _cvtmask16_u32(__mmask16 a) {
  return a;
}

/// An integer as a mask, bit 0 for lane 0.
/// cpu: avx512f
XP_INSN __mmask16 _cvtu32_mask16(unsigned a) {
  return (__mmask16)a;
}

/// Bitwise a & b.
/// cpu: avx512dq
XP_INSN __mmask8 _kand_mask8(__mmask8 a, __mmask8 b) {
  return (__mmask8)(a & b);
}

/// Bitwise a | b.
/// cpu: avx512dq
XP_INSN __mmask8 _kor_mask8(__mmask8 a, __mmask8 b) {
  return (__mmask8)(a | b);
}

/// Bitwise a ^ b.
/// cpu: avx512dq
XP_INSN __mmask8 _kxor_mask8(__mmask8 a, __mmask8 b) {
  return (__mmask8)(a ^ b);
}

/// Bitwise ~a & b.
/// cpu: avx512dq
XP_INSN __mmask8 _kandn_mask8(__mmask8 a, __mmask8 b) {
  return (__mmask8)(~a & b);
}

/// Bitwise ~(a ^ b).
/// cpu: avx512dq
XP_INSN __mmask8 _kxnor_mask8(__mmask8 a, __mmask8 b) {
  return (__mmask8)(~(a ^ b));
}

/// Bitwise ~a.
/// cpu: avx512dq
XP_INSN __mmask8 _knot_mask8(__mmask8 a) {
  return (__mmask8)~a;
}

/// 1 when no lane is chosen by a or b.
/// cpu: avx512dq
XP_INSN unsigned char _kortestz_mask8_u8(__mmask8 a, __mmask8 b) {
  return (a | b) == 0;
}

/// The mask as an integer, lane 0 in bit 0.
/// cpu: avx512dq
XP_INSN unsigned _cvtmask8_u32(__mmask8 a) {
  return a;
}

/// An integer as a mask, bit 0 for lane 0.
/// cpu: avx512dq
XP_INSN __mmask8 _cvtu32_mask8(unsigned a) {
  return (__mmask8)a;
}

/// The low 8 lanes of b below those of a.
/// cpu: avx512f
XP_INSN __mmask16 _mm512_kunpackb(__mmask16 a, __mmask16 b) {
  return (__mmask16)((a & 0xff) << 8 | (b & 0xff));
}

#endif
