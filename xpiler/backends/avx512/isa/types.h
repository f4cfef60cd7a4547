// Register types and the arithmetic that the instruction descriptions share.
#ifndef XP_AVX512_TYPES_H
#define XP_AVX512_TYPES_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#define XP_INSN static inline __attribute__((always_inline, unused))
#define XP_LANES(n) for (int i = 0; i < (n); ++i)
#define XP_BIT(k, i) (((unsigned long long)(k) >> (i)) & 1)
// A requirement of the instruction: the hardware faults or is undefined where it does not hold.
#define XP_REQUIRE(condition, message)                                                        \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      std::fprintf(stderr, "%s: %s\n", __func__, message);                                    \
      std::abort();                                                                           \
    }                                                                                         \
  } while (0)
#define XP_UNDEFINED (-1)

// The register types are those of the compiler's own header, so that both may be seen together.
typedef float __m128 __attribute__((vector_size(16), may_alias));
typedef double __m128d __attribute__((vector_size(16), may_alias));
typedef long long __m128i __attribute__((vector_size(16), may_alias));
typedef float __m256 __attribute__((vector_size(32), may_alias));
typedef double __m256d __attribute__((vector_size(32), may_alias));
typedef long long __m256i __attribute__((vector_size(32), may_alias));
typedef float __m512 __attribute__((vector_size(64), may_alias));
typedef double __m512d __attribute__((vector_size(64), may_alias));
typedef long long __m512i __attribute__((vector_size(64), may_alias));
typedef short __m256bh __attribute__((vector_size(32), may_alias));
typedef short __m512bh __attribute__((vector_size(64), may_alias));
typedef unsigned char __mmask8;
typedef unsigned short __mmask16;
typedef unsigned int __mmask32;
typedef unsigned long long __mmask64;

// Views of a register as lanes.
typedef float f32x8 __attribute__((vector_size(32)));
typedef float f32x16 __attribute__((vector_size(64)));
typedef double f64x8 __attribute__((vector_size(64)));
typedef signed char i8x16 __attribute__((vector_size(16)));
typedef signed char i8x32 __attribute__((vector_size(32)));
typedef signed char i8x64 __attribute__((vector_size(64)));
typedef unsigned char u8x16 __attribute__((vector_size(16)));
typedef unsigned char u8x32 __attribute__((vector_size(32)));
typedef unsigned char u8x64 __attribute__((vector_size(64)));
typedef short i16x16 __attribute__((vector_size(32)));
typedef short i16x32 __attribute__((vector_size(64)));
typedef unsigned short u16x16 __attribute__((vector_size(32)));
typedef unsigned short u16x32 __attribute__((vector_size(64)));
typedef int i32x8 __attribute__((vector_size(32)));
typedef int i32x16 __attribute__((vector_size(64)));
typedef unsigned u32x8 __attribute__((vector_size(32)));
typedef unsigned u32x16 __attribute__((vector_size(64)));
typedef long long i64x2 __attribute__((vector_size(16)));
typedef long long i64x4 __attribute__((vector_size(32)));
typedef long long i64x8 __attribute__((vector_size(64)));
typedef unsigned long long u64x8 __attribute__((vector_size(64)));

#define _MM_FROUND_TO_NEAREST_INT 0
#define _MM_FROUND_TO_NEG_INF 1
#define _MM_FROUND_TO_POS_INF 2
#define _MM_FROUND_TO_ZERO 3
#define _MM_FROUND_NO_EXC 8

// Predicates of floating-point comparisons: O is false and U is true when either side is NaN.
#define _CMP_EQ_OQ 0
#define _CMP_LT_OS 1
#define _CMP_LE_OS 2
#define _CMP_UNORD_Q 3
#define _CMP_NEQ_UQ 4
#define _CMP_NLT_US 5
#define _CMP_NLE_US 6
#define _CMP_ORD_Q 7
#define _CMP_EQ_UQ 8
#define _CMP_NGE_US 9
#define _CMP_NGT_US 10
#define _CMP_FALSE_OQ 11
#define _CMP_NEQ_OQ 12
#define _CMP_GE_OS 13
#define _CMP_GT_OS 14
#define _CMP_TRUE_UQ 15

XP_INSN bool xpi_aligned(const void *p, std::uintptr_t bytes) {
  return (std::uintptr_t)p % bytes == 0;
}

XP_INSN bool xpi_is_scale(int scale) {
  return scale == 1 || scale == 2 || scale == 4 || scale == 8;
}

// memcpy: an intrinsic may read any type at any address
template <class T>
XP_INSN T xpi_load(const T *p) {
  T value;
  std::memcpy(&value, (const void *)p, sizeof value);
  return value;
}

template <class T>
XP_INSN void xpi_store(T *p, T value) {
  std::memcpy((void *)p, &value, sizeof value);
}

template <class T>
XP_INSN T *xpi_at(const void *base, long long index, int scale) {
  return (T *)((std::uintptr_t)base + (std::uintptr_t)(index * scale));
}

template <class To, class From>
XP_INSN To xpi_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "the same size");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

template <class T>
XP_INSN T xpi_saturate(long long a) {
  const long long low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  return (T)(a < low ? low : a > high ? high : a);
}

// Towards zero; x86's "integer indefinite" where the value has no place in T.
template <class T, class F>
XP_INSN T xpi_to_int(F a) {
  const bool is_signed = std::numeric_limits<T>::is_signed;
  const F limit = (F)(1ull << (8 * sizeof(T) - 1)) * (is_signed ? 1 : 2);
  const F whole = sizeof(F) == 4 ? (F)__builtin_truncf((float)a) : (F)__builtin_trunc(a);
  const bool fits = is_signed ? whole >= -limit && whole < limit : whole >= 0 && whole < limit;
  const T indefinite = is_signed ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
  return fits ? (T)whole : indefinite;
}

XP_INSN float xpi_half_to_float(unsigned short h) {
  const std::uint32_t sign = (std::uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff;
  if (magnitude < 0x0400) {  // zero and denormals: a multiple of 2^-24
    return xpi_bits<float>(sign | xpi_bits<std::uint32_t>((float)magnitude * 5.9604644775390625e-8f));
  }
  if (magnitude < 0x7c00) return xpi_bits<float>(sign | ((magnitude << 13) + 0x38000000u));
  const std::uint32_t quiet = magnitude > 0x7c00 ? 0x400000u : 0;
  return xpi_bits<float>(sign | 0x7f800000u | (magnitude & 0x3ff) << 13 | quiet);
}

XP_INSN unsigned short xpi_float_to_half(float a) {
  const std::uint32_t bits = xpi_bits<std::uint32_t>(a);
  const std::uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000u) return (unsigned short)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
  if (magnitude >= 0x477ff000u) return (unsigned short)(sign | 0x7c00);  // 65520 and above
  if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 rounds at 2^-24
    const float rounded = xpi_bits<float>(magnitude) + 0.5f;
    return (unsigned short)(sign | (xpi_bits<std::uint32_t>(rounded) - 0x3f000000u));
  }
  const std::uint32_t odd = magnitude >> 13 & 1;
  return (unsigned short)(sign | ((magnitude - 0x38000000u + 0xfff + odd) >> 13));
}

XP_INSN float xpi_bf16(unsigned short a) { return xpi_bits<float>((std::uint32_t)a << 16); }

XP_INSN float xpi_flush(float a) {
  const std::uint32_t bits = xpi_bits<std::uint32_t>(a);
  return (bits & 0x7f800000u) == 0 ? xpi_bits<float>(bits & 0x80000000u) : a;
}

XP_INSN float xpi_fma_flush(float a, float b, float c) {
  return xpi_flush(__builtin_fmaf(xpi_flush(a), xpi_flush(b), xpi_flush(c)));
}

XP_INSN unsigned short xpi_to_bf16(float a) {
  const std::uint32_t bits = xpi_bits<std::uint32_t>(a);
  if ((bits & 0x7fffffff) > 0x7f800000u) return (unsigned short)(bits >> 16 | 0x40);
  if ((bits & 0x7f800000u) == 0) return (unsigned short)(bits >> 16 & 0x8000);
  return (unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <class F>
XP_INSN F xpi_round(F a, int mode) {
  switch (mode & 7) {
    case 1: return sizeof(F) == 4 ? (F)__builtin_floorf((float)a) : (F)__builtin_floor(a);
    case 2: return sizeof(F) == 4 ? (F)__builtin_ceilf((float)a) : (F)__builtin_ceil(a);
    case 3: return sizeof(F) == 4 ? (F)__builtin_truncf((float)a) : (F)__builtin_trunc(a);
    default: return sizeof(F) == 4 ? (F)__builtin_rintf((float)a) : (F)__builtin_rint(a);
  }
}

template <class F>
XP_INSN F xpi_roundscale(F a, int imm) {
  const int digits = imm >> 4 & 15;
  if (digits == 0) return xpi_round(a, imm);
  const F unit = (F)(1 << digits), scaled = a * unit;
  // so large a number is a multiple already; scaling it may overflow
  return scaled - scaled == 0 ? xpi_round(scaled, imm) / unit : a;
}

XP_INSN bool xpi_is_quiet(float a) { return xpi_bits<std::uint32_t>(a) >> 22 & 1; }
XP_INSN bool xpi_is_quiet(double a) { return xpi_bits<std::uint64_t>(a) >> 51 & 1; }

template <class F>
XP_INSN F xpi_scalef(F a, F b) {
  const bool infinite = b == b && b - b != 0;
  if (a != a) return xpi_is_quiet(a) && infinite ? (b > 0 ? b : (F)0) : a;
  if (b != b) return b;
  const F limit = 5000;
  const F power = xpi_round(b > limit ? limit : b < -limit ? -limit : b, 1);
  if (b > limit && a == 0 && b - b != 0) return std::numeric_limits<F>::quiet_NaN();
  if (b < -limit && a - a != 0 && b - b != 0) return std::numeric_limits<F>::quiet_NaN();
  return sizeof(F) == 4 ? (F)__builtin_ldexpf((float)a, (int)power)
                        : (F)__builtin_ldexp(a, (int)power);
}

template <class F>
XP_INSN F xpi_getexp(F a) {
  if (a != a) return a;
  if (a == 0) return -std::numeric_limits<F>::infinity();
  if (a - a != 0) return std::numeric_limits<F>::infinity();
  return sizeof(F) == 4 ? (F)__builtin_logbf((float)a) : (F)__builtin_logb(a);
}

template <class F>
XP_INSN bool xpi_compare(F a, F b, int predicate) {
  const bool unordered = a != a || b != b;
  switch (predicate & 15) {
    case _CMP_EQ_OQ: return a == b;
    case _CMP_LT_OS: return a < b;
    case _CMP_LE_OS: return a <= b;
    case _CMP_UNORD_Q: return unordered;
    case _CMP_NEQ_UQ: return a != b;
    case _CMP_NLT_US: return !(a < b);
    case _CMP_NLE_US: return !(a <= b);
    case _CMP_ORD_Q: return !unordered;
    case _CMP_EQ_UQ: return a == b || unordered;
    case _CMP_NGE_US: return !(a >= b);
    case _CMP_NGT_US: return !(a > b);
    case _CMP_FALSE_OQ: return false;
    case _CMP_NEQ_OQ: return a != b && !unordered;
    case _CMP_GE_OS: return a >= b;
    case _CMP_GT_OS: return a > b;
    default: return true;
  }
}

// Halving: lane i with lane i + n/2, until one is left.
template <class T, int N, class Register, class Op>
XP_INSN T xpi_reduce(Register a, Op op) {
  T v[N];
  XP_LANES(N) v[i] = a[i];
  for (int half = N / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) v[i] = op(v[i], v[i + half]);
  }
  return v[0];
}

#endif
