// Floating-point arithmetic, permutations and reductions.
// Each function's body is the instruction's meaning; the name is Intel's (Intrinsics Guide).
#ifndef XP_AVX512_ARITHMETIC_H
#define XP_AVX512_ARITHMETIC_H

#include "types.h"

/// Sum of single-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512 _mm512_add_ps(__m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = a[i] + b[i];
  return r;
}

/// Difference of single-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512 _mm512_sub_ps(__m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = a[i] - b[i];
  return r;
}

/// Product of single-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512 _mm512_mul_ps(__m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = a[i] * b[i];
  return r;
}

/// Quotient of single-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512 _mm512_div_ps(__m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = a[i] / b[i];
  return r;
}

/// The smaller of single-precision numbers; b when either is NaN or both are zero.
/// cpu: avx512f
XP_INSN __m512 _mm512_min_ps(__m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = a[i] < b[i] ? a[i] : b[i];
  return r;
}

/// The greater of single-precision numbers; b when either is NaN or both are zero.
/// cpu: avx512f
XP_INSN __m512 _mm512_max_ps(__m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = a[i] > b[i] ? a[i] : b[i];
  return r;
}

/// Square root of single-precision numbers, correctly rounded.
/// cpu: avx512f
XP_INSN __m512 _mm512_sqrt_ps(__m512 a) {
  f32x16 r;
  XP_LANES(16) r[i] = __builtin_sqrtf(a[i]);
  return r;
}

/// Magnitude: the sign bit cleared.
/// cpu: avx512f
XP_INSN __m512 _mm512_abs_ps(__m512 a) {
  f32x16 r;
  XP_LANES(16) r[i] = __builtin_fabsf(a[i]);
  return r;
}

/// a * b + c rounded once.
/// cpu: avx512f
XP_INSN __m512 _mm512_fmadd_ps(__m512 a, __m512 b, __m512 c) {
  f32x16 r;
  XP_LANES(16) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
}

/// a * b - c rounded once.
/// cpu: avx512f
XP_INSN __m512 _mm512_fmsub_ps(__m512 a, __m512 b, __m512 c) {
  f32x16 r;
  XP_LANES(16) r[i] = __builtin_fmaf(a[i], b[i], -c[i]);
  return r;
}

/// -(a * b) + c rounded once.
/// cpu: avx512f
XP_INSN __m512 _mm512_fnmadd_ps(__m512 a, __m512 b, __m512 c) {
  f32x16 r;
  XP_LANES(16) r[i] = __builtin_fmaf(-a[i], b[i], c[i]);
  return r;
}

/// -(a * b) - c rounded once.
/// cpu: avx512f
XP_INSN __m512 _mm512_fnmsub_ps(__m512 a, __m512 b, __m512 c) {
  f32x16 r;
  XP_LANES(16) r[i] = __builtin_fmaf(-a[i], b[i], -c[i]);
  return r;
}

/// Rounded to a multiple of 2^-(imm >> 4): imm & 3 is 0 nearest even, 1 down, 2 up, 3 towards zero.
/// cpu: avx512f
XP_INSN __m512 _mm512_roundscale_ps(__m512 a, int imm) {
  XP_REQUIRE((imm & ~0xfb) == 0, "the rounding mode must be in the immediate");
  f32x16 r;
  XP_LANES(16) r[i] = xpi_roundscale(a[i], imm);
  return r;
}

/// a * 2^floor(b).
/// cpu: avx512f
XP_INSN __m512 _mm512_scalef_ps(__m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = xpi_scalef(a[i], b[i]);
  return r;
}

/// The exponent floor(log2(|a|)) as a number.
/// cpu: avx512f
XP_INSN __m512 _mm512_getexp_ps(__m512 a) {
  f32x16 r;
  XP_LANES(16) r[i] = xpi_getexp(a[i]);
  return r;
}

/// Reciprocal with a relative error below 2^-14; not used where the source's precision is the contract.
/// cpu: avx512f
/// tolerance: 6.2e-5
/// domain: normal numbers
XP_INSN __m512 _mm512_rcp14_ps(__m512 a) {
  f32x16 r;
  XP_LANES(16) r[i] = 1 / a[i];
  return r;
}

/// Reciprocal square root with a relative error below 2^-14; not used where the source's precision is the contract.
/// cpu: avx512f
/// tolerance: 6.2e-5
/// domain: normal numbers
XP_INSN __m512 _mm512_rsqrt14_ps(__m512 a) {
  f32x16 r;
  XP_LANES(16) r[i] = 1 / __builtin_sqrtf(a[i]);
  return r;
}

/// The lanes chosen by k from a, the others from s.
/// cpu: avx512f
XP_INSN __m512 _mm512_mask_mov_ps(__m512 s, __mmask16 k, __m512 a) {
  f32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? a[i] : s[i];
  return r;
}

/// The lanes chosen by k from a, the others zero.
/// cpu: avx512f
XP_INSN __m512 _mm512_maskz_mov_ps(__mmask16 k, __m512 a) {
  f32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? a[i] : 0;
  return r;
}

/// The lanes chosen by k from b, the others from a.
/// cpu: avx512f
XP_INSN __m512 _mm512_mask_blend_ps(__mmask16 k, __m512 a, __m512 b) {
  f32x16 r;
  XP_LANES(16) r[i] = XP_BIT(k, i) ? b[i] : a[i];
  return r;
}

/// Lane i is a[index[i]] (the low 4 bits count).
/// cpu: avx512f
XP_INSN __m512 _mm512_permutexvar_ps(__m512i index_, __m512 a) {
  const i32x16 index = (i32x16)index_;
  f32x16 r;
  XP_LANES(16) r[i] = a[index[i] & 15];
  return r;
}

/// Lane i is lane index[i] of a followed by b (the low 5 bits count).
/// cpu: avx512f
XP_INSN __m512 _mm512_permutex2var_ps(__m512 a, __m512i index_, __m512 b) {
  const i32x16 index = (i32x16)index_;
  f32x16 r;
  XP_LANES(16) r[i] = index[i] & 16 ? b[index[i] & 15] : a[index[i] & 15];
  return r;
}

/// Sum of all lanes, by halving: lane i with lane i + 8, then + 4, ...
/// cpu: avx512f
XP_INSN float _mm512_reduce_add_ps(__m512 a) {
  return xpi_reduce<float, 16>(a, [](float x, float y) { return x + y; });
}

/// Product of all lanes, by halving: lane i with lane i + 8, then + 4, ...
/// cpu: avx512f
XP_INSN float _mm512_reduce_mul_ps(__m512 a) {
  return xpi_reduce<float, 16>(a, [](float x, float y) { return x * y; });
}

/// Minimum of all lanes, by halving: lane i with lane i + 8, then + 4, ...
/// cpu: avx512f
/// domain: numbers
XP_INSN float _mm512_reduce_min_ps(__m512 a) {
  return xpi_reduce<float, 16>(a, [](float x, float y) { return x < y ? x : y; });
}

/// Maximum of all lanes, by halving: lane i with lane i + 8, then + 4, ...
/// cpu: avx512f
/// domain: numbers
XP_INSN float _mm512_reduce_max_ps(__m512 a) {
  return xpi_reduce<float, 16>(a, [](float x, float y) { return x > y ? x : y; });
}

/// Sum of the lanes chosen by k, by halving.
/// cpu: avx512f
XP_INSN float _mm512_mask_reduce_add_ps(__mmask16 k, __m512 a) {
  return _mm512_reduce_add_ps(_mm512_maskz_mov_ps(k, a));
}

/// Sum of double-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512d _mm512_add_pd(__m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = a[i] + b[i];
  return r;
}

/// Difference of double-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512d _mm512_sub_pd(__m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = a[i] - b[i];
  return r;
}

/// Product of double-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512d _mm512_mul_pd(__m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = a[i] * b[i];
  return r;
}

/// Quotient of double-precision numbers, rounded to nearest even.
/// cpu: avx512f
XP_INSN __m512d _mm512_div_pd(__m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = a[i] / b[i];
  return r;
}

/// The smaller of double-precision numbers; b when either is NaN or both are zero.
/// cpu: avx512f
XP_INSN __m512d _mm512_min_pd(__m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = a[i] < b[i] ? a[i] : b[i];
  return r;
}

/// The greater of double-precision numbers; b when either is NaN or both are zero.
/// cpu: avx512f
XP_INSN __m512d _mm512_max_pd(__m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = a[i] > b[i] ? a[i] : b[i];
  return r;
}

/// Square root of double-precision numbers, correctly rounded.
/// cpu: avx512f
XP_INSN __m512d _mm512_sqrt_pd(__m512d a) {
  f64x8 r;
  XP_LANES(8) r[i] = __builtin_sqrt(a[i]);
  return r;
}

/// Magnitude: the sign bit cleared.
/// cpu: avx512f
XP_INSN __m512d _mm512_abs_pd(__m512d a) {
  f64x8 r;
  XP_LANES(8) r[i] = __builtin_fabs(a[i]);
  return r;
}

/// a * b + c rounded once.
/// cpu: avx512f
XP_INSN __m512d _mm512_fmadd_pd(__m512d a, __m512d b, __m512d c) {
  f64x8 r;
  XP_LANES(8) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
}

/// a * b - c rounded once.
/// cpu: avx512f
XP_INSN __m512d _mm512_fmsub_pd(__m512d a, __m512d b, __m512d c) {
  f64x8 r;
  XP_LANES(8) r[i] = __builtin_fma(a[i], b[i], -c[i]);
  return r;
}

/// -(a * b) + c rounded once.
/// cpu: avx512f
XP_INSN __m512d _mm512_fnmadd_pd(__m512d a, __m512d b, __m512d c) {
  f64x8 r;
  XP_LANES(8) r[i] = __builtin_fma(-a[i], b[i], c[i]);
  return r;
}

/// -(a * b) - c rounded once.
/// cpu: avx512f
XP_INSN __m512d _mm512_fnmsub_pd(__m512d a, __m512d b, __m512d c) {
  f64x8 r;
  XP_LANES(8) r[i] = __builtin_fma(-a[i], b[i], -c[i]);
  return r;
}

/// Rounded to a multiple of 2^-(imm >> 4): imm & 3 is 0 nearest even, 1 down, 2 up, 3 towards zero.
/// cpu: avx512f
XP_INSN __m512d _mm512_roundscale_pd(__m512d a, int imm) {
  XP_REQUIRE((imm & ~0xfb) == 0, "the rounding mode must be in the immediate");
  f64x8 r;
  XP_LANES(8) r[i] = xpi_roundscale(a[i], imm);
  return r;
}

/// a * 2^floor(b).
/// cpu: avx512f
XP_INSN __m512d _mm512_scalef_pd(__m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = xpi_scalef(a[i], b[i]);
  return r;
}

/// The exponent floor(log2(|a|)) as a number.
/// cpu: avx512f
XP_INSN __m512d _mm512_getexp_pd(__m512d a) {
  f64x8 r;
  XP_LANES(8) r[i] = xpi_getexp(a[i]);
  return r;
}

/// Reciprocal with a relative error below 2^-14; not used where the source's precision is the contract.
/// cpu: avx512f
/// tolerance: 6.2e-5
/// domain: normal numbers
XP_INSN __m512d _mm512_rcp14_pd(__m512d a) {
  f64x8 r;
  XP_LANES(8) r[i] = 1 / a[i];
  return r;
}

/// Reciprocal square root with a relative error below 2^-14; not used where the source's precision is the contract.
/// cpu: avx512f
/// tolerance: 6.2e-5
/// domain: normal numbers
XP_INSN __m512d _mm512_rsqrt14_pd(__m512d a) {
  f64x8 r;
  XP_LANES(8) r[i] = 1 / __builtin_sqrt(a[i]);
  return r;
}

/// The lanes chosen by k from a, the others from s.
/// cpu: avx512f
XP_INSN __m512d _mm512_mask_mov_pd(__m512d s, __mmask8 k, __m512d a) {
  f64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? a[i] : s[i];
  return r;
}

/// The lanes chosen by k from a, the others zero.
/// cpu: avx512f
XP_INSN __m512d _mm512_maskz_mov_pd(__mmask8 k, __m512d a) {
  f64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? a[i] : 0;
  return r;
}

/// The lanes chosen by k from b, the others from a.
/// cpu: avx512f
XP_INSN __m512d _mm512_mask_blend_pd(__mmask8 k, __m512d a, __m512d b) {
  f64x8 r;
  XP_LANES(8) r[i] = XP_BIT(k, i) ? b[i] : a[i];
  return r;
}

/// Lane i is a[index[i]] (the low 3 bits count).
/// cpu: avx512f
XP_INSN __m512d _mm512_permutexvar_pd(__m512i index_, __m512d a) {
  const i64x8 index = (i64x8)index_;
  f64x8 r;
  XP_LANES(8) r[i] = a[index[i] & 7];
  return r;
}

/// Sum of all lanes, by halving: lane i with lane i + 4, then + 2, ...
/// cpu: avx512f
XP_INSN double _mm512_reduce_add_pd(__m512d a) {
  return xpi_reduce<double, 8>(a, [](double x, double y) { return x + y; });
}

/// Product of all lanes, by halving: lane i with lane i + 4, then + 2, ...
/// cpu: avx512f
XP_INSN double _mm512_reduce_mul_pd(__m512d a) {
  return xpi_reduce<double, 8>(a, [](double x, double y) { return x * y; });
}

/// Minimum of all lanes, by halving: lane i with lane i + 4, then + 2, ...
/// cpu: avx512f
/// domain: numbers
XP_INSN double _mm512_reduce_min_pd(__m512d a) {
  return xpi_reduce<double, 8>(a, [](double x, double y) { return x < y ? x : y; });
}

/// Maximum of all lanes, by halving: lane i with lane i + 4, then + 2, ...
/// cpu: avx512f
/// domain: numbers
XP_INSN double _mm512_reduce_max_pd(__m512d a) {
  return xpi_reduce<double, 8>(a, [](double x, double y) { return x > y ? x : y; });
}

/// Sum of the lanes chosen by k, by halving.
/// cpu: avx512f
XP_INSN double _mm512_mask_reduce_add_pd(__mmask8 k, __m512d a) {
  return _mm512_reduce_add_pd(_mm512_maskz_mov_pd(k, a));
}

#endif
