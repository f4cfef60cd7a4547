// half and bfloat16: stored as 16 bits, every operation rounded once to nearest even.
//
// + - * / and sqrt compute in float and round: float has more than twice the digits (24 >= 2*11 + 2), so the
// second rounding never changes the result. A fused multiply-add keeps what double would lose (`add_odd`).
#ifndef XPILER_HALF_H
#define XPILER_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <type_traits>

#include "xpiler/intrinsics.h"

namespace xpiler {

// Double to 16 bits with `fraction` fraction bits and the exponent range of `exponent` bits, ties to even.
template <int exponent, int fraction> inline uint16_t narrow(double x) {
  const uint64_t b = bits<uint64_t>(x);
  const uint16_t sign = static_cast<uint16_t>(b >> 63 << 15);
  constexpr int bias = (1 << (exponent - 1)) - 1, top = (1 << exponent) - 1;
  const uint64_t magnitude = b & 0x7fffffffffffffffull;
  if (magnitude > 0x7ff0000000000000ull)
    return static_cast<uint16_t>(sign | top << fraction | 1 << (fraction - 1) | (fraction == 10 ? 0x1ff : 0x3f));
  if (magnitude == 0) return sign;
  int e = static_cast<int>(magnitude >> 52) - 1023;
  if (e > bias) return static_cast<uint16_t>(sign | top << fraction);
  if (magnitude < 0x0010000000000000ull) return sign;  // a double's subnormal is far below the smallest result
  const uint64_t m = (magnitude & 0xfffffffffffffull) | 0x10000000000000ull;
  int drop = 52 - fraction;
  uint64_t result = 0;
  if (e < 1 - bias) {
    drop += 1 - bias - e;
    if (drop > 54) return sign;
  } else {
    result = static_cast<uint64_t>(e + bias - 1) << fraction;
  }
  const uint64_t kept = m >> drop, rest = m & ((1ull << drop) - 1), half = 1ull << (drop - 1);
  result += kept + (rest > half || (rest == half && (kept & 1)));
  return static_cast<uint16_t>(sign | result);  // a carry into the exponent, up to infinity, is right
}

inline float half_to_float(uint16_t h) {
#if defined(__F16C__) && defined(__FLT16_MANT_DIG__)
  return static_cast<float>(bits<_Float16>(h));
#else
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16, e = h >> 10 & 31u, f = h & 1023u;
  if (e == 31) return bits<float>(sign | 0x7f800000u | f << 13);
  if (e) return bits<float>(sign | (e + 112) << 23 | f << 13);
  float magnitude = static_cast<float>(f) * 5.9604644775390625e-08f;  // 2^-24
  return sign ? -magnitude : magnitude;
#endif
}
inline uint16_t float_to_half(float x) {
#if defined(__F16C__) && defined(__FLT16_MANT_DIG__)
  return bits<uint16_t>(static_cast<_Float16>(x));
#else
  return narrow<5, 10>(double(x));
#endif
}
inline float bfloat_to_float(uint16_t b) { return bits<float>(static_cast<uint32_t>(b) << 16); }
inline uint16_t float_to_bfloat(float x) {
  const uint32_t b = bits<uint32_t>(x);
  if ((b & 0x7fffffffu) > 0x7f800000u) return 0x7fff;  // NaN: CUDA's canonical one
  return static_cast<uint16_t>((b + 0x7fffu + (b >> 16 & 1u)) >> 16);
}

inline uint16_t double_to_half(double x) { return narrow<5, 10>(x); }
inline uint16_t double_to_bfloat(double x) { return narrow<8, 7>(x); }

// a + b in double, an inexact result made odd, so that rounding it again to fewer digits is right.
inline double add_odd(double a, double b) {
  const double s = a + b;
  if (!(::fabs(s) < HUGE_VAL)) return s;
  const double t = s - a, error = (a - (s - t)) + (b - t);
  if (error == 0.0 || (bits<uint64_t>(s) & 1)) return s;
  return ::nextafter(s, error > 0.0 ? HUGE_VAL : -HUGE_VAL);
}

}  // namespace xpiler

#define XP_HALF_TYPE(H, H2, to_float, from_float, from_double)                                     \
  struct H {                                                                                       \
    unsigned short bits;                                                                           \
    H() = default;                                                                                 \
    H(float x) : bits(xpiler::from_float(x)) {}                                                    \
    H(double x) : bits(xpiler::from_double(x)) {}                                                  \
    template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0>                           \
    H(T x) : bits(xpiler::from_double(static_cast<double>(x))) {}                                  \
    static H of_bits(unsigned short b) {                                                           \
      H h;                                                                                         \
      h.bits = b;                                                                                  \
      return h;                                                                                    \
    }                                                                                              \
    operator float() const { return xpiler::to_float(bits); }                                      \
    explicit operator bool() const { return (bits & 0x7fff) != 0; }                                \
    H &operator+=(H b) { return *this = H(float(*this) + float(b)); }                              \
    H &operator-=(H b) { return *this = H(float(*this) - float(b)); }                              \
    H &operator*=(H b) { return *this = H(float(*this) * float(b)); }                              \
    H &operator/=(H b) { return *this = H(float(*this) / float(b)); }                              \
    H &operator++() { return *this += H(1.0f); }                                                   \
    H &operator--() { return *this -= H(1.0f); }                                                   \
    H operator++(int) { H old = *this; ++*this; return old; }                                      \
    H operator--(int) { H old = *this; --*this; return old; }                                      \
  };                                                                                               \
  inline H operator+(const H &a, const H &b) { return H(float(a) + float(b)); }                    \
  inline H operator-(const H &a, const H &b) { return H(float(a) - float(b)); }                    \
  inline H operator*(const H &a, const H &b) { return H(float(a) * float(b)); }                    \
  inline H operator/(const H &a, const H &b) { return H(float(a) / float(b)); }                    \
  inline H operator-(const H &a) { return H::of_bits(static_cast<unsigned short>(a.bits ^ 0x8000)); } \
  inline H operator+(const H &a) { return a; }                                                     \
  inline bool operator==(const H &a, const H &b) { return float(a) == float(b); }                  \
  inline bool operator!=(const H &a, const H &b) { return float(a) != float(b); }                  \
  inline bool operator<(const H &a, const H &b) { return float(a) < float(b); }                    \
  inline bool operator>(const H &a, const H &b) { return float(a) > float(b); }                    \
  inline bool operator<=(const H &a, const H &b) { return float(a) <= float(b); }                  \
  inline bool operator>=(const H &a, const H &b) { return float(a) >= float(b); }                  \
  struct alignas(4) H2 {                                                                           \
    H x, y;                                                                                        \
    H2() = default;                                                                                \
    H2(const H &a, const H &b) : x(a), y(b) {}                                                     \
    H2 &operator+=(const H2 &b) { x += b.x; y += b.y; return *this; }                              \
    H2 &operator-=(const H2 &b) { x -= b.x; y -= b.y; return *this; }                              \
    H2 &operator*=(const H2 &b) { x *= b.x; y *= b.y; return *this; }                              \
    H2 &operator/=(const H2 &b) { x /= b.x; y /= b.y; return *this; }                              \
  };                                                                                               \
  inline H2 operator+(const H2 &a, const H2 &b) { return H2(a.x + b.x, a.y + b.y); }               \
  inline H2 operator-(const H2 &a, const H2 &b) { return H2(a.x - b.x, a.y - b.y); }               \
  inline H2 operator*(const H2 &a, const H2 &b) { return H2(a.x * b.x, a.y * b.y); }               \
  inline H2 operator/(const H2 &a, const H2 &b) { return H2(a.x / b.x, a.y / b.y); }               \
  inline H2 operator-(const H2 &a) { return H2(-a.x, -a.y); }                                      \
  inline bool operator==(const H2 &a, const H2 &b) { return a.x == b.x && a.y == b.y; }            \
  inline bool operator!=(const H2 &a, const H2 &b) { return !(a == b); }                           \
  XP_HALF_FUNCTIONS(H, H2, from_double)

#define XP_HALF_BINARY(H, H2, name, name2, op)                                 \
  inline H name(H a, H b) { return a op b; }                                   \
  inline H2 name2(H2 a, H2 b) { return a op b; }
#define XP_HALF_COMPARE(H, H2, name, op)                                       \
  inline bool __h##name(H a, H b) {                                            \
    return !::isnan(float(a)) && !::isnan(float(b)) && float(a) op float(b);   \
  }                                                                            \
  inline bool __h##name##u(H a, H b) {                                         \
    return ::isnan(float(a)) || ::isnan(float(b)) || float(a) op float(b);     \
  }                                                                            \
  inline H2 __h##name##2(H2 a, H2 b) {                                         \
    return H2(H(float(__h##name(a.x, b.x))), H(float(__h##name(a.y, b.y))));   \
  }                                                                            \
  inline bool __hb##name##2(H2 a, H2 b) { return __h##name(a.x, b.x) && __h##name(a.y, b.y); }
#define XP_HALF_UNARY(H, H2, name, expression)                                 \
  inline H h##name(H a) {                                                      \
    const double x = double(float(a));                                         \
    return H(double(expression));                                              \
  }                                                                            \
  inline H2 h2##name(H2 a) { return H2(h##name(a.x), h##name(a.y)); }

#define XP_HALF_FUNCTIONS(H, H2, from_double)                                                               \
  XP_HALF_BINARY(H, H2, __hadd, __hadd2, +)                                                                 \
  XP_HALF_BINARY(H, H2, __hsub, __hsub2, -)                                                                 \
  XP_HALF_BINARY(H, H2, __hmul, __hmul2, *)                                                                 \
  XP_HALF_BINARY(H, H2, __hdiv, __h2div, /)                                                                 \
  XP_HALF_BINARY(H, H2, __hadd_rn, __hadd2_rn, +)                                                           \
  XP_HALF_BINARY(H, H2, __hsub_rn, __hsub2_rn, -)                                                           \
  XP_HALF_BINARY(H, H2, __hmul_rn, __hmul2_rn, *)                                                           \
  XP_HALF_COMPARE(H, H2, eq, ==)                                                                            \
  XP_HALF_COMPARE(H, H2, ne, !=)                                                                            \
  XP_HALF_COMPARE(H, H2, lt, <)                                                                             \
  XP_HALF_COMPARE(H, H2, le, <=)                                                                            \
  XP_HALF_COMPARE(H, H2, gt, >)                                                                             \
  XP_HALF_COMPARE(H, H2, ge, >=)                                                                            \
  XP_HALF_UNARY(H, H2, sqrt, ::sqrt(x))                                                                     \
  XP_HALF_UNARY(H, H2, rsqrt, 1.0 / ::sqrt(x))                                                              \
  XP_HALF_UNARY(H, H2, rcp, 1.0 / x)                                                                        \
  XP_HALF_UNARY(H, H2, exp, ::exp(x))                                                                       \
  XP_HALF_UNARY(H, H2, exp2, ::exp2(x))                                                                     \
  XP_HALF_UNARY(H, H2, exp10, ::pow(10.0, x))                                                               \
  XP_HALF_UNARY(H, H2, log, ::log(x))                                                                       \
  XP_HALF_UNARY(H, H2, log2, ::log2(x))                                                                     \
  XP_HALF_UNARY(H, H2, log10, ::log10(x))                                                                   \
  XP_HALF_UNARY(H, H2, sin, ::sin(x))                                                                       \
  XP_HALF_UNARY(H, H2, cos, ::cos(x))                                                                       \
  XP_HALF_UNARY(H, H2, tanh, ::tanh(x))                                                                     \
  XP_HALF_UNARY(H, H2, floor, ::floor(x))                                                                   \
  XP_HALF_UNARY(H, H2, ceil, ::ceil(x))                                                                     \
  XP_HALF_UNARY(H, H2, trunc, ::trunc(x))                                                                   \
  XP_HALF_UNARY(H, H2, rint, ::rint(x))                                                                     \
  inline H __hfma(H a, H b, H c) {                                                                          \
    return H(xpiler::add_odd(double(float(a)) * double(float(b)), double(float(c))));                       \
  }                                                                                                         \
  inline H2 __hfma2(H2 a, H2 b, H2 c) { return H2(__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)); }          \
  inline H __hneg(H a) { return -a; }                                                                       \
  inline H2 __hneg2(H2 a) { return -a; }                                                                    \
  inline H __habs(H a) { return H::of_bits(static_cast<unsigned short>(a.bits & 0x7fff)); }                 \
  inline H2 __habs2(H2 a) { return H2(__habs(a.x), __habs(a.y)); }                                          \
  /* a NaN beside a number is ignored, and -0 is less than 0: equal numbers differ in their sign at most */ \
  inline H __hmax(H a, H b) {                                                                               \
    if (::isnan(float(a))) return b;                                                                        \
    if (float(a) == float(b)) return H::of_bits(static_cast<unsigned short>(a.bits & b.bits));              \
    return float(a) < float(b) ? b : a;                                                                     \
  }                                                                                                         \
  inline H __hmin(H a, H b) {                                                                               \
    if (::isnan(float(a))) return b;                                                                        \
    if (float(a) == float(b)) return H::of_bits(static_cast<unsigned short>(a.bits | b.bits));              \
    return float(b) < float(a) ? b : a;                                                                     \
  }                                                                                                         \
  inline H __hmax_nan(H a, H b) { return ::isnan(float(a)) ? a : ::isnan(float(b)) ? b : __hmax(a, b); }    \
  inline H __hmin_nan(H a, H b) { return ::isnan(float(a)) ? a : ::isnan(float(b)) ? b : __hmin(a, b); }    \
  inline H2 __hmax2(H2 a, H2 b) { return H2(__hmax(a.x, b.x), __hmax(a.y, b.y)); }                          \
  inline H2 __hmin2(H2 a, H2 b) { return H2(__hmin(a.x, b.x), __hmin(a.y, b.y)); }                          \
  inline H __hfma_relu(H a, H b, H c) { return __hmax_nan(__hfma(a, b, c), H(0.0f)); }                      \
  inline H __hfma_sat(H a, H b, H c) { return __hmin(__hmax(__hfma(a, b, c), H(0.0f)), H(1.0f)); }          \
  inline H __hadd_sat(H a, H b) { return __hmin(__hmax(a + b, H(0.0f)), H(1.0f)); }                         \
  inline H __hmul_sat(H a, H b) { return __hmin(__hmax(a * b, H(0.0f)), H(1.0f)); }                         \
  inline bool __hisnan(H a) { return ::isnan(float(a)); }                                                   \
  inline int __hisinf(H a) { return ::isinf(float(a)) ? (float(a) > 0 ? 1 : -1) : 0; }                      \
  inline float __low2float(H2 a) { return a.x; }                                                            \
  inline float __high2float(H2 a) { return a.y; }                                                           \
  inline H2 __lowhigh2highlow(H2 a) { return H2(a.y, a.x); }

XP_HALF_TYPE(__half, __half2, half_to_float, float_to_half, double_to_half)
XP_HALF_TYPE(__nv_bfloat16, __nv_bfloat162, bfloat_to_float, float_to_bfloat, double_to_bfloat)
#undef XP_HALF_TYPE
#undef XP_HALF_FUNCTIONS
#undef XP_HALF_BINARY
#undef XP_HALF_COMPARE
#undef XP_HALF_UNARY

typedef __half half;
typedef __half2 half2;
typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
struct __half_raw {
  unsigned short x;
};

// --- half conversions ---------------------------------------------------------------------------

inline float __half2float(__half h) { return h; }
inline __half __float2half(float x) { return __half(x); }
inline __half __float2half_rn(float x) { return __half(x); }
inline __half __double2half(double x) { return __half(x); }
inline __half __float2half_rz(float x) {
  __half h(x);
  return !::isnan(x) && ::fabsf(float(h)) > ::fabsf(x) ? __half::of_bits(static_cast<unsigned short>(h.bits - 1)) : h;
}
inline __half __float2half_rd(float x) {
  __half h(x);
  if (!(float(h) > x)) return h;
  return __half::of_bits(static_cast<unsigned short>(h.bits == 0 ? 0x8001 : h.bits & 0x8000 ? h.bits + 1 : h.bits - 1));
}
inline __half __float2half_ru(float x) { return -__float2half_rd(-x); }
inline __half2 __float2half2_rn(float x) { return __half2(__half(x), __half(x)); }
inline __half2 __floats2half2_rn(float x, float y) { return __half2(__half(x), __half(y)); }
inline __half2 __float22half2_rn(float2 v) { return __half2(__half(v.x), __half(v.y)); }
inline float2 __half22float2(__half2 h) { return float2{h.x, h.y}; }
inline __half __low2half(__half2 h) { return h.x; }
inline __half __high2half(__half2 h) { return h.y; }
inline __half2 __low2half2(__half2 h) { return __half2(h.x, h.x); }
inline __half2 __high2half2(__half2 h) { return __half2(h.y, h.y); }
inline __half2 __lows2half2(__half2 a, __half2 b) { return __half2(a.x, b.x); }
inline __half2 __highs2half2(__half2 a, __half2 b) { return __half2(a.y, b.y); }
inline __half2 __half2half2(__half h) { return __half2(h, h); }
inline __half2 __halves2half2(__half a, __half b) { return __half2(a, b); }
inline __half2 make_half2(__half a, __half b) { return __half2(a, b); }
inline unsigned short __half_as_ushort(__half h) { return h.bits; }
inline short __half_as_short(__half h) { return static_cast<short>(h.bits); }
inline __half __ushort_as_half(unsigned short b) { return __half::of_bits(b); }
inline __half __short_as_half(short b) { return __half::of_bits(static_cast<unsigned short>(b)); }

#define XP_HALF_INT(name, I)                                                                                  \
  inline __half __##name##2half_rn(I x) { return __half(double(x)); }                                         \
  inline __half __##name##2half_rz(I x) { return __float2half_rz(static_cast<float>(x)); }                    \
  inline I __half2##name##_rn(__half h) { return xpiler::saturate_to<I>(::nearbyint(double(float(h)))); }     \
  inline I __half2##name##_rz(__half h) { return xpiler::saturate_to<I>(::trunc(double(float(h)))); }         \
  inline I __half2##name##_rd(__half h) { return xpiler::saturate_to<I>(::floor(double(float(h)))); }         \
  inline I __half2##name##_ru(__half h) { return xpiler::saturate_to<I>(::ceil(double(float(h)))); }
XP_HALF_INT(int, int)
XP_HALF_INT(uint, unsigned)
XP_HALF_INT(short, short)
XP_HALF_INT(ushort, unsigned short)
XP_HALF_INT(ll, long long)
XP_HALF_INT(ull, unsigned long long)
#undef XP_HALF_INT

// --- bfloat16 conversions -----------------------------------------------------------------------

inline float __bfloat162float(__nv_bfloat16 h) { return h; }
inline __nv_bfloat16 __float2bfloat16(float x) { return __nv_bfloat16(x); }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return __nv_bfloat16(x); }
inline __nv_bfloat16 __float2bfloat16_rz(float x) {
  return ::isnan(x) ? __nv_bfloat16(x)
                    : __nv_bfloat16::of_bits(static_cast<unsigned short>(xpiler::bits<uint32_t>(x) >> 16));
}
inline __nv_bfloat16 __double2bfloat16(double x) { return __nv_bfloat16(x); }
inline __nv_bfloat162 __float2bfloat162_rn(float x) { return __nv_bfloat162(__nv_bfloat16(x), __nv_bfloat16(x)); }
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) {
  return __nv_bfloat162(__nv_bfloat16(x), __nv_bfloat16(y));
}
inline __nv_bfloat162 __float22bfloat162_rn(float2 v) { return __floats2bfloat162_rn(v.x, v.y); }
inline float2 __bfloat1622float2(__nv_bfloat162 h) { return float2{h.x, h.y}; }
inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 h) { return h.x; }
inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 h) { return h.y; }
inline __nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16 h) { return __nv_bfloat162(h, h); }
inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) { return __nv_bfloat162(a, b); }
inline __nv_bfloat162 make_bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) { return __nv_bfloat162(a, b); }
inline __nv_bfloat16 __int2bfloat16_rn(int x) { return __nv_bfloat16(double(x)); }
inline int __bfloat162int_rn(__nv_bfloat16 h) { return xpiler::saturate_to<int>(::nearbyint(double(float(h)))); }
inline int __bfloat162int_rz(__nv_bfloat16 h) { return xpiler::saturate_to<int>(::trunc(double(float(h)))); }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 h) { return h.bits; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short b) { return __nv_bfloat16::of_bits(b); }

#endif
