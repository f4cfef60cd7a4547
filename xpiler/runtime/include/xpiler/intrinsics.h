// CUDA's scalar functions beside C's: overloads, conversions, bit operations, packed bytes.
#ifndef XPILER_INTRINSICS_H
#define XPILER_INTRINSICS_H

#include <fenv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "xpiler/vector_types.h"

namespace xpiler {
template <class To, class From> inline To bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}
}  // namespace xpiler

// --- minimum and maximum ------------------------------------------------------------------------

#define XP_MIN_MAX(R, A, B)                                                  \
  inline R min(A a, B b) { return static_cast<R>(a) < static_cast<R>(b) ? static_cast<R>(a) : static_cast<R>(b); }               \
  inline R max(A a, B b) { return static_cast<R>(a) < static_cast<R>(b) ? static_cast<R>(b) : static_cast<R>(a); }
XP_MIN_MAX(int, int, int)
XP_MIN_MAX(unsigned, unsigned, unsigned)
XP_MIN_MAX(unsigned, int, unsigned)
XP_MIN_MAX(unsigned, unsigned, int)
XP_MIN_MAX(long, long, long)
XP_MIN_MAX(unsigned long, unsigned long, unsigned long)
XP_MIN_MAX(unsigned long, long, unsigned long)
XP_MIN_MAX(unsigned long, unsigned long, long)
XP_MIN_MAX(long long, long long, long long)
XP_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
XP_MIN_MAX(unsigned long long, long long, unsigned long long)
XP_MIN_MAX(unsigned long long, unsigned long long, long long)
#undef XP_MIN_MAX
// As fmin and fmax: a NaN beside a number is ignored.
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }
inline double min(float a, double b) { return fmin(double(a), b); }
inline double max(float a, double b) { return fmax(double(a), b); }
inline double min(double a, float b) { return fmin(a, double(b)); }
inline double max(double a, float b) { return fmax(a, double(b)); }
// Templates, so that a program's own helpers of these names are no second definitions.
template <class = void> unsigned umin(unsigned a, unsigned b) { return a < b ? a : b; }
template <class = void> unsigned umax(unsigned a, unsigned b) { return a > b ? a : b; }
template <class = void> unsigned long long ullmin(unsigned long long a, unsigned long long b) { return a < b ? a : b; }
template <class = void> unsigned long long ullmax(unsigned long long a, unsigned long long b) { return a > b ? a : b; }
template <class = void> long long llmin(long long a, long long b) { return a < b ? a : b; }
template <class = void> long long llmax(long long a, long long b) { return a > b ? a : b; }

// --- floating point -----------------------------------------------------------------------------

inline float rsqrtf(float x) { return static_cast<float>(1.0 / ::sqrt(double(x))); }
inline double rsqrt(double x) { return 1.0 / ::sqrt(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline float rcbrtf(float x) { return static_cast<float>(1.0 / ::cbrt(double(x))); }
inline double rcbrt(double x) { return 1.0 / ::cbrt(x); }
inline float rhypotf(float x, float y) { return static_cast<float>(1.0 / ::hypot(double(x), double(y))); }
inline double rhypot(double x, double y) { return 1.0 / ::hypot(x, y); }
inline float norm3df(float a, float b, float c) {
  return static_cast<float>(::sqrt(double(a) * a + double(b) * b + double(c) * c));
}
inline float rnorm3df(float a, float b, float c) {
  return static_cast<float>(1.0 / ::sqrt(double(a) * a + double(b) * b + double(c) * c));
}
inline float norm4df(float a, float b, float c, float d) {
  return static_cast<float>(::sqrt(double(a) * a + double(b) * b + double(c) * c + double(d) * d));
}
inline double norm3d(double a, double b, double c) { return ::sqrt(a * a + b * b + c * c); }
namespace xpiler {
// sin(pi x) and cos(pi x): the argument is reduced exactly to an eighth of a turn around the nearest quarter.
struct Quarter {
  int turn;
  double rest;
};
inline Quarter quarter(double x) {
  const double r = ::fmod(x, 2.0), n = ::nearbyint(2.0 * r);
  return {static_cast<int>(n) & 3, 3.14159265358979323846 * (r - n / 2.0)};
}
inline double sin_pi(double x) {
  if (!(::fabs(x) < HUGE_VAL)) return NAN;
  const Quarter q = quarter(x);
  if (q.rest == 0.0 && !(q.turn & 1)) return ::copysign(0.0, x);
  const double value = q.turn & 1 ? ::cos(q.rest) : ::sin(q.rest);
  return q.turn & 2 ? -value : value;
}
inline double cos_pi(double x) {
  if (!(::fabs(x) < HUGE_VAL)) return NAN;
  const Quarter q = quarter(x);
  if (q.rest == 0.0 && q.turn & 1) return 0.0;
  const double value = q.turn & 1 ? ::sin(q.rest) : ::cos(q.rest);
  return q.turn == 1 || q.turn == 2 ? -value : value;
}
double inverse_erf(double x);
double inverse_erfc(double x);
double scaled_erfc(double x);
}  // namespace xpiler
inline double sinpi(double x) { return xpiler::sin_pi(x); }
inline double cospi(double x) { return xpiler::cos_pi(x); }
inline float sinpif(float x) { return static_cast<float>(xpiler::sin_pi(x)); }
inline float cospif(float x) { return static_cast<float>(xpiler::cos_pi(x)); }
inline float sinpi(float x) { return sinpif(x); }
inline float cospi(float x) { return cospif(x); }
inline void sincospif(float x, float *s, float *c) { *s = sinpif(x), *c = cospif(x); }
inline void sincospi(double x, double *s, double *c) { *s = sinpi(x), *c = cospi(x); }
inline double normcdf(double x) { return 0.5 * ::erfc(-x * 0.70710678118654752440); }
inline float normcdff(float x) { return static_cast<float>(normcdf(double(x))); }
inline double erfinv(double x) { return xpiler::inverse_erf(x); }
inline float erfinvf(float x) { return static_cast<float>(xpiler::inverse_erf(x)); }
inline double erfcinv(double x) { return xpiler::inverse_erfc(x); }
inline float erfcinvf(float x) { return static_cast<float>(xpiler::inverse_erfc(double(x))); }
inline double normcdfinv(double x) { return 0.0 - 1.41421356237309504880 * xpiler::inverse_erfc(2.0 * x); }
inline float normcdfinvf(float x) { return static_cast<float>(normcdfinv(double(x))); }
inline double erfcx(double x) { return xpiler::scaled_erfc(x); }
inline float erfcxf(float x) { return static_cast<float>(erfcx(double(x))); }
#ifndef __USE_GNU
inline float exp10f(float x) { return ::powf(10.0f, x); }
inline double exp10(double x) { return ::pow(10.0, x); }
#endif
inline float exp10(float x) { return exp10f(x); }

#define XP_FAST1(name, function) \
  inline float name(float x) { return ::function(x); }
XP_FAST1(__expf, expf)
XP_FAST1(__exp10f, exp10f)
XP_FAST1(__logf, logf)
XP_FAST1(__log2f, log2f)
XP_FAST1(__log10f, log10f)
XP_FAST1(__sinf, sinf)
XP_FAST1(__cosf, cosf)
XP_FAST1(__tanf, tanf)
XP_FAST1(__tanhf, tanhf)
XP_FAST1(__frsqrt_rn, rsqrtf)
XP_FAST1(__fsqrt_rn, sqrtf)
#undef XP_FAST1
inline float __saturatef(float x) { return fminf(fmaxf(x, 0.0f), 1.0f); }
inline float __powf(float x, float y) { return ::powf(x, y); }
inline void __sincosf(float x, float *s, float *c) { *s = ::sinf(x), *c = ::cosf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float fdividef(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fmaf_rn(float a, float b, float c) { return ::fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __drcp_rn(double a) { return 1.0 / a; }
inline double __dsqrt_rn(double a) { return ::sqrt(a); }
inline double __fma_rn(double a, double b, double c) { return ::fma(a, b, c); }

// The machine rounds in another direction between two calls; `volatile` keeps the operation there.
namespace xpiler {
template <class T> T opaque(T x) {
  volatile T kept = x;
  return kept;
}
template <class R, class Op, class... A> R directed(int direction, Op op, A... operands) {
  const int before = ::fegetround();
  ::fesetround(direction);
  const volatile R result = op(opaque(operands)...);
  ::fesetround(before);
  return result;
}
template <class R> struct To {
  template <class A> R operator()(A a) const { return static_cast<R>(a); }
};
inline float fused(float a, float b, float c) { return ::fmaf(a, b, c); }
inline double fused(double a, double b, double c) { return ::fma(a, b, c); }
}  // namespace xpiler
#define XP_DIRECTED_OF(T, prefix, multiply_add, suffix, direction)                                                     \
  inline T __##prefix##add_##suffix(T a, T b) {                                                                        \
    return xpiler::directed<T>(direction, [](T x, T y) { return x + y; }, a, b);                                       \
  }                                                                                                                    \
  inline T __##prefix##sub_##suffix(T a, T b) {                                                                        \
    return xpiler::directed<T>(direction, [](T x, T y) { return x - y; }, a, b);                                       \
  }                                                                                                                    \
  inline T __##prefix##mul_##suffix(T a, T b) {                                                                        \
    return xpiler::directed<T>(direction, [](T x, T y) { return x * y; }, a, b);                                       \
  }                                                                                                                    \
  inline T __##prefix##div_##suffix(T a, T b) {                                                                        \
    return xpiler::directed<T>(direction, [](T x, T y) { return x / y; }, a, b);                                       \
  }                                                                                                                    \
  inline T __##prefix##rcp_##suffix(T a) {                                                                             \
    return xpiler::directed<T>(direction, [](T x) { return T(1) / x; }, a);                                            \
  }                                                                                                                    \
  inline T multiply_add##_##suffix(T a, T b, T c) {                                                                    \
    return xpiler::directed<T>(direction, [](T x, T y, T z) { return xpiler::fused(x, y, z); }, a, b, c);              \
  }
#define XP_DIRECTED_TO(R, name, A, suffix, direction) \
  inline R __##name##_##suffix(A a) { return xpiler::directed<R>(direction, xpiler::To<R>(), a); }
#define XP_DIRECTED(suffix, direction)                                  \
  XP_DIRECTED_OF(float, f, __fmaf, suffix, direction)                   \
  XP_DIRECTED_OF(double, d, __fma, suffix, direction)                   \
  XP_DIRECTED_TO(float, double2float, double, suffix, direction)        \
  XP_DIRECTED_TO(float, int2float, int, suffix, direction)              \
  XP_DIRECTED_TO(float, uint2float, unsigned, suffix, direction)        \
  XP_DIRECTED_TO(float, ll2float, long long, suffix, direction)         \
  XP_DIRECTED_TO(float, ull2float, unsigned long long, suffix, direction) \
  XP_DIRECTED_TO(double, ll2double, long long, suffix, direction)
XP_DIRECTED(rz, FE_TOWARDZERO)
XP_DIRECTED(rd, FE_DOWNWARD)
XP_DIRECTED(ru, FE_UPWARD)
#undef XP_DIRECTED
#undef XP_DIRECTED_TO
#undef XP_DIRECTED_OF
// A square root is moved by one step where its exact square lies on the wrong side.
inline float __fsqrt_rd(float a) {
  const float r = ::sqrtf(a);
  return double(r) * r > double(a) ? ::nextafterf(r, 0.0f) : r;
}
inline float __fsqrt_rz(float a) { return __fsqrt_rd(a); }
inline float __fsqrt_ru(float a) {
  const float r = ::sqrtf(a);
  return double(r) * r < double(a) ? ::nextafterf(r, INFINITY) : r;
}
inline double __dsqrt_rd(double a) {
  const double r = ::sqrt(a);
  return ::fma(r, r, -a) > 0.0 ? ::nextafter(r, 0.0) : r;
}
inline double __dsqrt_rz(double a) { return __dsqrt_rd(a); }
inline double __dsqrt_ru(double a) {
  const double r = ::sqrt(a);
  return ::fma(r, r, -a) < 0.0 ? ::nextafter(r, INFINITY) : r;
}

// --- conversions --------------------------------------------------------------------------------
// A float beyond the integer's range saturates, as the machine instruction does. A NaN gives 0 where neither side has 64
// bits, else the top bit alone (an H200's results; PTX says 0).

namespace xpiler {
template <class I, class From = float> I saturate_to(double x) {
  if (x != x) return sizeof(I) == 8 || sizeof(From) == 8 ? static_cast<I>(1ull << (8 * sizeof(I) - 1)) : I(0);
  constexpr I top = static_cast<I>(~static_cast<I>(0)) < 0 ? static_cast<I>((1ull << (8 * sizeof(I) - 1)) - 1)
                                                           : static_cast<I>(~0ull);
  constexpr I bottom = static_cast<I>(~top);
  if (x >= static_cast<double>(top)) return top;
  if (x <= static_cast<double>(bottom)) return bottom;
  return static_cast<I>(x);
}
}  // namespace xpiler
#define XP_TO_INT(from, F, to, I)                                                                   \
  inline I __##from##2##to##_rn(F x) { return xpiler::saturate_to<I, F>(::nearbyint(double(x))); }     \
  inline I __##from##2##to##_rz(F x) { return xpiler::saturate_to<I, F>(::trunc(double(x))); }         \
  inline I __##from##2##to##_rd(F x) { return xpiler::saturate_to<I, F>(::floor(double(x))); }         \
  inline I __##from##2##to##_ru(F x) { return xpiler::saturate_to<I, F>(::ceil(double(x))); }
XP_TO_INT(float, float, int, int)
XP_TO_INT(float, float, uint, unsigned)
XP_TO_INT(float, float, ll, long long)
XP_TO_INT(float, float, ull, unsigned long long)
XP_TO_INT(double, double, int, int)
XP_TO_INT(double, double, uint, unsigned)
XP_TO_INT(double, double, ll, long long)
XP_TO_INT(double, double, ull, unsigned long long)
#undef XP_TO_INT
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }
inline float __ll2float_rn(long long x) { return static_cast<float>(x); }
inline float __ull2float_rn(unsigned long long x) { return static_cast<float>(x); }
inline float __double2float_rn(double x) { return static_cast<float>(x); }
inline double __int2double_rn(int x) { return x; }
inline double __uint2double_rn(unsigned x) { return x; }
inline double __ll2double_rn(long long x) { return static_cast<double>(x); }
inline double __ull2double_rn(unsigned long long x) { return static_cast<double>(x); }
inline int __float_as_int(float x) { return xpiler::bits<int>(x); }
inline unsigned __float_as_uint(float x) { return xpiler::bits<unsigned>(x); }
inline float __int_as_float(int x) { return xpiler::bits<float>(x); }
inline float __uint_as_float(unsigned x) { return xpiler::bits<float>(x); }
inline long long __double_as_longlong(double x) { return xpiler::bits<long long>(x); }
inline double __longlong_as_double(long long x) { return xpiler::bits<double>(x); }
inline int __double2hiint(double x) { return static_cast<int>(xpiler::bits<unsigned long long>(x) >> 32); }
inline int __double2loint(double x) { return static_cast<int>(xpiler::bits<unsigned long long>(x)); }
inline double __hiloint2double(int hi, int lo) {
  return xpiler::bits<double>(static_cast<unsigned long long>(static_cast<unsigned>(hi)) << 32 |
                              static_cast<unsigned>(lo));
}

// --- bits and integers --------------------------------------------------------------------------

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(static_cast<unsigned>(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(static_cast<unsigned long long>(x)) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(x);
}
inline unsigned long long __brevll(unsigned long long x) {
  return static_cast<unsigned long long>(__brev(static_cast<unsigned>(x))) << 32 |
         __brev(static_cast<unsigned>(x >> 32));
}
inline int __mulhi(int a, int b) { return static_cast<int>(static_cast<long long>(a) * b >> 32); }
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<unsigned long long>(a) * b >> 32);
}
inline long long __mul64hi(long long a, long long b) { return static_cast<long long>(static_cast<__int128>(a) * b >> 64); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(a) * b >> 64);
}
inline int __mul24(int a, int b) { return (a << 8 >> 8) * (b << 8 >> 8); }
inline unsigned __umul24(unsigned a, unsigned b) { return (a & 0xffffffu) * (b & 0xffffffu); }
namespace xpiler {
// PTX `prmt`: four bytes of eight by the nibbles of a selector, whose top bit asks for the byte's sign in all its bits.
inline unsigned permute_bytes(unsigned a, unsigned b, unsigned selector) {
  const unsigned long long bytes = static_cast<unsigned long long>(b) << 32 | a;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    unsigned s = selector >> (4 * i) & 15u;
    unsigned byte = static_cast<unsigned>(bytes >> (8 * (s & 7u))) & 255u;
    if (s & 8u) byte = byte & 128u ? 255u : 0u;
    result |= byte << (8 * i);
  }
  return result;
}
}  // namespace xpiler
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  return xpiler::permute_bytes(a, b, selector & 0x7777u);
}
inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned n) {
  return static_cast<unsigned>((static_cast<unsigned long long>(hi) << 32 | lo) << (n & 31u) >> 32);
}
inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned n) {
  return static_cast<unsigned>((static_cast<unsigned long long>(hi) << 32 | lo) >> (n & 31u));
}
inline unsigned __funnelshift_lc(unsigned lo, unsigned hi, unsigned n) {
  return n >= 32 ? lo : __funnelshift_l(lo, hi, n);
}
inline unsigned __funnelshift_rc(unsigned lo, unsigned hi, unsigned n) {
  return n >= 32 ? hi : __funnelshift_r(lo, hi, n);
}
inline unsigned __sad(int a, int b, unsigned c) {
  return c + (a > b ? static_cast<unsigned>(a) - static_cast<unsigned>(b) : static_cast<unsigned>(b) - static_cast<unsigned>(a));
}
inline unsigned __usad(unsigned a, unsigned b, unsigned c) { return c + (a > b ? a - b : b - a); }
inline int __hadd(int a, int b) { return static_cast<int>((static_cast<long long>(a) + b) >> 1); }
inline int __rhadd(int a, int b) { return static_cast<int>((static_cast<long long>(a) + b + 1) >> 1); }
inline unsigned __uhadd(unsigned a, unsigned b) { return static_cast<unsigned>((0ull + a + b) >> 1); }
inline unsigned __urhadd(unsigned a, unsigned b) { return static_cast<unsigned>((0ull + a + b + 1) >> 1); }

namespace xpiler {
template <class Byte, class Word> Word dot4(unsigned a, unsigned b, Word c) {
  unsigned sum = static_cast<unsigned>(c);
  for (int i = 0; i < 4; ++i)
    sum += static_cast<unsigned>(static_cast<int>(static_cast<Byte>(a >> (8 * i))) *
                                 static_cast<int>(static_cast<Byte>(b >> (8 * i))));
  return static_cast<Word>(sum);
}
template <class Half, class Byte, class Word> Word dot2(unsigned a, unsigned b, Word c, int first) {
  unsigned sum = static_cast<unsigned>(c);
  for (int i = 0; i < 2; ++i)
    sum += static_cast<unsigned>(static_cast<int>(static_cast<Half>(a >> (16 * i)))) *
           static_cast<unsigned>(static_cast<int>(static_cast<Byte>(b >> (8 * (i + first)))));
  return static_cast<Word>(sum);
}
}  // namespace xpiler
namespace xpiler {
// PTX: a bit field, a bit field put into a word, any function of three bits by its truth table.
inline unsigned extract_bits(unsigned value, unsigned position, unsigned length) {
  position &= 255u, length &= 255u;
  if (position > 31 || length == 0) return 0;
  const unsigned shifted = value >> position;
  return length > 31 ? shifted : shifted & ((1u << length) - 1);
}
// `vabsdiff4 ... .add`: the four differences of bytes, without their signs, added to a word.
inline unsigned add_differences(unsigned a, unsigned b, unsigned sum) {
  for (int i = 0; i < 32; i += 8) {
    const unsigned x = a >> i & 0xffu, y = b >> i & 0xffu;
    sum += x > y ? x - y : y - x;
  }
  return sum;
}
inline unsigned insert_bits(unsigned from, unsigned into, unsigned position, unsigned length) {
  position &= 255u, length &= 255u;
  if (position > 31 || length == 0) return into;
  const unsigned ones = (length > 31 ? ~0u : (1u << length) - 1) << position;
  return (into & ~ones) | (from << position & ones);
}
inline unsigned lop3(unsigned a, unsigned b, unsigned c, unsigned table) {
  unsigned result = 0;
  for (unsigned i = 0; i < 8; ++i)
    if (table >> i & 1u) result |= (i & 4u ? a : ~a) & (i & 2u ? b : ~b) & (i & 1u ? c : ~c);
  return result;
}
template <class T, class P> T load_as(const T *, P p) { return *reinterpret_cast<const T *>(p); }
}  // namespace xpiler
inline int __dp4a(int a, int b, int c) { return xpiler::dot4<signed char>(unsigned(a), unsigned(b), c); }
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) { return xpiler::dot4<unsigned char>(a, b, c); }
inline int __dp4a(char4 a, char4 b, int c) { return __dp4a(xpiler::bits<int>(a), xpiler::bits<int>(b), c); }
inline unsigned __dp4a(uchar4 a, uchar4 b, unsigned c) {
  return __dp4a(xpiler::bits<unsigned>(a), xpiler::bits<unsigned>(b), c);
}
inline int __dp2a_lo(int a, int b, int c) { return xpiler::dot2<short, signed char>(unsigned(a), unsigned(b), c, 0); }
inline int __dp2a_hi(int a, int b, int c) { return xpiler::dot2<short, signed char>(unsigned(a), unsigned(b), c, 2); }
inline unsigned __dp2a_lo(unsigned a, unsigned b, unsigned c) {
  return xpiler::dot2<unsigned short, unsigned char>(a, b, c, 0);
}
inline unsigned __dp2a_hi(unsigned a, unsigned b, unsigned c) {
  return xpiler::dot2<unsigned short, unsigned char>(a, b, c, 2);
}

#define XP_LANES4(name, Byte, expression)                                                    \
  inline unsigned name(unsigned a, unsigned b) {                                             \
    unsigned result = 0;                                                                     \
    for (int i = 0; i < 4; ++i) {                                                            \
      const int x = static_cast<Byte>(a >> (8 * i)), y = static_cast<Byte>(b >> (8 * i));    \
      result |= (static_cast<unsigned>(expression) & 255u) << (8 * i);                       \
    }                                                                                        \
    return result;                                                                           \
  }
XP_LANES4(__vadd4, unsigned char, x + y)
XP_LANES4(__vsub4, unsigned char, x - y)
XP_LANES4(__vmaxs4, signed char, x > y ? x : y)
XP_LANES4(__vmins4, signed char, x < y ? x : y)
XP_LANES4(__vmaxu4, unsigned char, x > y ? x : y)
XP_LANES4(__vminu4, unsigned char, x < y ? x : y)
XP_LANES4(__vabsdiffu4, unsigned char, x > y ? x - y : y - x)
XP_LANES4(__vcmpeq4, unsigned char, x == y ? 255 : 0)
XP_LANES4(__vaddss4, signed char, x + y > 127 ? 127 : x + y < -128 ? -128 : x + y)
XP_LANES4(__vsubss4, signed char, x - y > 127 ? 127 : x - y < -128 ? -128 : x - y)
#undef XP_LANES4

#endif
