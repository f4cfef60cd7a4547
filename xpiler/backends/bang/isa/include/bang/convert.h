// Conversions between element types. A suffix tells the rounding: rn nearest even, tz towards zero, dn down, up up,
// rd half away from zero. Fixed-point forms scale by 2 to the power of `fix_position`.
#pragma once

#include <cmath>
#include <limits>

#include "bang/tasks.h"

namespace bang {

inline float round_away(float x) { return std::round(x); }

// float to an integer that saturates; NaN gives 0.
template <class T>
T saturate(float x) {
  const double low = static_cast<double>(std::numeric_limits<T>::min());
  const double high = static_cast<double>(std::numeric_limits<T>::max());
  if (x != x) return 0;
  return x <= low ? std::numeric_limits<T>::min() : x >= high ? std::numeric_limits<T>::max() : static_cast<T>(x);
}

// The half nearest to x in the direction of `toward`.
inline half directed(float x, float toward) {
  const half near = half(x);
  const float value = near;
  if (value == x || x != x) return near;
  const bool beyond = toward > x ? value < x : value > x;
  if (!beyond) return near;
  uint16_t bits;
  std::memcpy(&bits, &near, sizeof bits);
  const bool grow = (toward > value) == (value >= 0) && !(value == 0 && toward < 0);
  bits = static_cast<uint16_t>(grow ? bits + 1 : bits - 1);
  half next;
  std::memcpy(&next, &bits, sizeof bits);
  return next;
}

}  // namespace bang

/// dst[i] = src[i], exact
/// @group convert
/// @units elements
inline void __bang_half2float(float *dst, const half *src, int src_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = src[i];
}

/// dst[i] = src[i], exact
/// @group convert
/// @units elements
/// @arch 592
inline void __bang_bfloat162float(float *dst, const bfloat16_t *src, int src_count, XP_WHERE) {
  XP_CHECK;
  check.arch(592);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = src[i];
}

/// dst[i] = src[i] as half, to nearest even
/// @group convert
/// @units elements
inline void __bang_float2half_rn(half *dst, const float *src, int src_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = half(src[i]);
}

/// dst[i] = src[i] as half, towards zero
/// @group convert
/// @units elements
inline void __bang_float2half_tz(half *dst, const float *src, int src_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::directed(src[i], src[i] > 0 ? -INFINITY : INFINITY);
}

/// dst[i] = src[i] as half, down
/// @group convert
/// @units elements
inline void __bang_float2half_dn(half *dst, const float *src, int src_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::directed(src[i], -INFINITY);
}

/// dst[i] = src[i] as half, up
/// @group convert
/// @units elements
inline void __bang_float2half_up(half *dst, const float *src, int src_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::directed(src[i], INFINITY);
}

/// dst[i] = src[i] as bfloat16, to nearest even
/// @group convert
/// @units elements
/// @arch 592
inline void __bang_float2bfloat16_rn(bfloat16_t *dst, const float *src, int src_count, XP_WHERE) {
  XP_CHECK;
  check.arch(592);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bfloat16_t(src[i]);
}

/// dst[i] = src[i] / 2^fix_position as int, to nearest even, saturated
/// @group convert
/// @units elements
/// @arch 300
inline void __bang_float2int_rn(int *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int>(std::nearbyint(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int, towards zero, saturated
/// @group convert
/// @units elements
/// @arch 300
inline void __bang_float2int_tz(int *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int>(std::trunc(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int, down, saturated
/// @group convert
/// @units elements
/// @arch 300
inline void __bang_float2int_dn(int *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int>(std::floor(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int, up, saturated
/// @group convert
/// @units elements
/// @arch 300
inline void __bang_float2int_up(int *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int>(std::ceil(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int, half away from zero, saturated
/// @group convert
/// @units elements
/// @arch 300
inline void __bang_float2int_rd(int *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int>(bang::round_away(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] * 2^fix_position, to nearest even
/// @group convert
/// @units elements
/// @arch 300
inline void __bang_int2float(float *dst, const int *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = std::ldexp(static_cast<float>(src[i]), fix_position);
}

/// dst[i] = src[i] / 2^fix_position as int8, half away from zero, saturated
/// @group convert
/// @units elements
inline void __bang_float2int8_rd(int8 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int8>(bang::round_away(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int8, down, saturated
/// @group convert
/// @units elements
inline void __bang_float2int8_dn(int8 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int8>(std::floor(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int8, towards zero, saturated
/// @group convert
/// @units elements
inline void __bang_float2int8_tz(int8 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int8>(std::trunc(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int8, to nearest even, saturated
/// @group convert
/// @units elements
inline void __bang_float2int8_rn(int8 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int8>(std::nearbyint(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] * 2^fix_position
/// @group convert
/// @units elements
inline void __bang_int82float(float *dst, const int8 *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = std::ldexp(static_cast<float>(src[i]), fix_position);
}

/// dst[i] = src[i] / 2^fix_position as int8, half away from zero, saturated
/// @group convert
/// @units elements
inline void __bang_half2int8_rd(int8 *dst, const half *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int8>(bang::round_away(std::ldexp(static_cast<float>(src[i]), -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int16, half away from zero, saturated
/// @group convert
/// @units elements
inline void __bang_float2int16_rd(int16 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int16>(bang::round_away(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int16, down, saturated
/// @group convert
/// @units elements
inline void __bang_float2int16_dn(int16 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int16>(std::floor(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int16, towards zero, saturated
/// @group convert
/// @units elements
inline void __bang_float2int16_tz(int16 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int16>(std::trunc(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] / 2^fix_position as int16, to nearest even, saturated
/// @group convert
/// @units elements
inline void __bang_float2int16_rn(int16 *dst, const float *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int16>(std::nearbyint(std::ldexp(src[i], -fix_position)));
}

/// dst[i] = src[i] * 2^fix_position
/// @group convert
/// @units elements
inline void __bang_int162float(float *dst, const int16 *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = std::ldexp(static_cast<float>(src[i]), fix_position);
}

/// dst[i] = src[i] / 2^fix_position as int16, half away from zero, saturated
/// @group convert
/// @units elements
inline void __bang_half2int16_rd(int16 *dst, const half *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = bang::saturate<int16>(bang::round_away(std::ldexp(static_cast<float>(src[i]), -fix_position)));
}

/// dst[i] = src[i] * 2^fix_position
/// @group convert
/// @units elements
inline void __bang_int82half(half *dst, const int8 *src, int src_count, int fix_position, XP_WHERE) {
  XP_CHECK;
  check.count(src_count);
  check.in(src, src_count);
  check.out(dst, src_count);
  check.same_or_apart(dst, src_count, src, src_count);
  for (int i = 0; i < src_count; ++i) dst[i] = half(std::ldexp(static_cast<float>(src[i]), fix_position));
}
