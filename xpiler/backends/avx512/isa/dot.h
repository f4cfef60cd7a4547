// Dot products of narrow numbers (VNNI, BF16).
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_DOT_H
#define XP_AVX512_DOT_H

#include "types.h"

/// s plus the dot product of four unsigned bytes of a with four signed bytes of b, wrapping.
/// cpu: avx512_vnni
XP_INSN __m512i _mm512_dpbusd_epi32(__m512i s_, __m512i a_, __m512i b_) {
  const i32x16 s = (i32x16)s_;
  const u8x64 a = (u8x64)a_;
  const i8x64 b = (i8x64)b_;
  i32x16 r;
  XP_LANES(16) {
    long long sum = s[i];
    for (int j = 0; j < 4; ++j) sum += (int)a[4 * i + j] * b[4 * i + j];
    r[i] = (int)sum;
  }
  return (__m512i)r;
}

/// s plus the dot product of four unsigned bytes of a with four signed bytes of b, saturated.
/// cpu: avx512_vnni
XP_INSN __m512i _mm512_dpbusds_epi32(__m512i s_, __m512i a_, __m512i b_) {
  const i32x16 s = (i32x16)s_;
  const u8x64 a = (u8x64)a_;
  const i8x64 b = (i8x64)b_;
  i32x16 r;
  XP_LANES(16) {
    long long sum = s[i];
    for (int j = 0; j < 4; ++j) sum += (int)a[4 * i + j] * b[4 * i + j];
    r[i] = xpi_saturate<int>(sum);
  }
  return (__m512i)r;
}

/// s plus the dot product of two signed 16-bit integers of a and of b, wrapping.
/// cpu: avx512_vnni
XP_INSN __m512i _mm512_dpwssd_epi32(__m512i s_, __m512i a_, __m512i b_) {
  const i32x16 s = (i32x16)s_;
  const i16x32 a = (i16x32)a_;
  const i16x32 b = (i16x32)b_;
  i32x16 r;
  XP_LANES(16) {
    long long sum = s[i];
    for (int j = 0; j < 2; ++j) sum += (int)a[2 * i + j] * b[2 * i + j];
    r[i] = (int)sum;
  }
  return (__m512i)r;
}

/// s plus the dot product of two signed 16-bit integers of a and of b, saturated.
/// cpu: avx512_vnni
XP_INSN __m512i _mm512_dpwssds_epi32(__m512i s_, __m512i a_, __m512i b_) {
  const i32x16 s = (i32x16)s_;
  const i16x32 a = (i16x32)a_;
  const i16x32 b = (i16x32)b_;
  i32x16 r;
  XP_LANES(16) {
    long long sum = s[i];
    for (int j = 0; j < 2; ++j) sum += (int)a[2 * i + j] * b[2 * i + j];
    r[i] = xpi_saturate<int>(sum);
  }
  return (__m512i)r;
}

/// Products of signed 16-bit integers, neighbours added.
/// cpu: avx512bw
XP_INSN __m512i _mm512_madd_epi16(__m512i a_, __m512i b_) {
  const i16x32 a = (i16x32)a_;
  const i16x32 b = (i16x32)b_;
  i32x16 r;
  XP_LANES(16) r[i] = (int)((unsigned)(a[2 * i] * b[2 * i]) + (unsigned)(a[2 * i + 1] * b[2 * i + 1]));
  return (__m512i)r;
}

/// s plus the dot product of two bf16 of a and of b; each step rounds to nearest even, denormals count as zero, high half first.
/// cpu: avx512_bf16
/// tolerance: 1e-6
/// domain: normal numbers
XP_INSN __m512 _mm512_dpbf16_ps(__m512 s, __m512bh a_, __m512bh b_) {
  const u16x32 a = (u16x32)a_;
  const u16x32 b = (u16x32)b_;
  f32x16 r;
  XP_LANES(16) {
    const float high = xpi_flush(xpi_fma_flush(xpi_bf16(a[2 * i + 1]), xpi_bf16(b[2 * i + 1]), xpi_flush(s[i])));
    r[i] = xpi_fma_flush(xpi_bf16(a[2 * i]), xpi_bf16(b[2 * i]), high);
  }
  return r;
}

/// Single precision to bf16, to nearest even; denormals become zero.
/// cpu: avx512_bf16
XP_INSN __m256bh _mm512_cvtneps_pbh(__m512 a) {
  u16x16 r;
  XP_LANES(16) r[i] = xpi_to_bf16(a[i]);
  return (__m256bh)r;
}

/// Two registers of single precision to bf16: b's lanes low, a's high; denormals become zero.
/// cpu: avx512_bf16
XP_INSN __m512bh _mm512_cvtne2ps_pbh(__m512 a, __m512 b) {
  u16x32 r;
  XP_LANES(32) r[i] = xpi_to_bf16(i < 16 ? b[i & 15] : a[i & 15]);
  return (__m512bh)r;
}

#endif
