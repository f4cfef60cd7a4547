// Element-wise arithmetic.
//
// `dst` may be a source itself unless a line says otherwise; a partial overlap is not defined.
#pragma once

#include "bang/tasks.h"

#include <cmath>
#include <type_traits>

namespace bang {

// The parameter's type without taking part in deduction: `__bang_add_scalar(half *, half *, 1.0f, n)` is legal.
template <class T>
struct Type {
  using type = T;
};
template <class T>
using Same = typename Type<T>::type;

// Integers wrap, as the device's do; the type of a narrow result is the caller's business.
template <class T>
auto sum(T a, T b) {
  if constexpr (std::is_integral<T>::value) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return static_cast<float>(a) + static_cast<float>(b);
  }
}
template <class T>
auto difference(T a, T b) {
  if constexpr (std::is_integral<T>::value) {
    return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  } else {
    return static_cast<float>(a) - static_cast<float>(b);
  }
}
template <class T>
auto product(T a, T b) {
  if constexpr (std::is_integral<T>::value) {
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return static_cast<float>(a) * static_cast<float>(b);
  }
}

}  // namespace bang

/// dst[i] = src0[i] + src1[i]
/// @group arithmetic
/// @units elements
template <class T>
void __bang_add(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::sum(src0[i], src1[i]));
}

/// dst[i] = src[i] + value
/// @group arithmetic
/// @units elements
template <class T>
void __bang_add_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::sum(src[i], value));
}

/// dst[i] = src[i] + value; the deprecated name of __bang_add_scalar
/// @group arithmetic
/// @units elements
template <class T>
void __bang_add_const(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::sum(src[i], value));
}

/// dst[i] = src[i] + seg[i % seg_elem_count]: a short vector is repeated over a long one
/// @group arithmetic
/// @units elements
template <class T>
void __bang_cycle_add(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(bang::sum(src[i], seg[i % seg_elem_count]));
}

/// dst[i] = src0[i] - src1[i]
/// @group arithmetic
/// @units elements
template <class T>
void __bang_sub(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::difference(src0[i], src1[i]));
}

/// dst[i] = src[i] - value
/// @group arithmetic
/// @units elements
template <class T>
void __bang_sub_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::difference(src[i], value));
}

/// dst[i] = src[i] - seg[i % seg_elem_count]: a short vector is repeated over a long one
/// @group arithmetic
/// @units elements
template <class T>
void __bang_cycle_sub(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(bang::difference(src[i], seg[i % seg_elem_count]));
}

/// dst[i] = src0[i] * src1[i]
/// @group arithmetic
/// @units elements
template <class T>
void __bang_mul(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::product(src0[i], src1[i]));
}

/// dst[i] = src[i] * value
/// @group arithmetic
/// @units elements
template <class T>
void __bang_mul_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::product(src[i], value));
}

/// dst[i] = src[i] * value; the deprecated name of __bang_mul_scalar
/// @group arithmetic
/// @units elements
template <class T>
void __bang_mul_const(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::product(src[i], value));
}

/// dst[i] = src[i] * seg[i % seg_elem_count]: a short vector is repeated over a long one
/// @group arithmetic
/// @units elements
template <class T>
void __bang_cycle_mul(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(bang::product(src[i], seg[i % seg_elem_count]));
}

/// dst[i] = src0[i] / src1[i], correctly rounded; mtp_322 and from mtp_392 on, not on mtp_372
/// @group arithmetic
/// @units elements
template <class T>
void __bang_div(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  check.need(__BANG_ARCH__ == 322 || __BANG_ARCH__ > 372, "not on this architecture");
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] / src1[i]);
}

/// dst[i] = max(src0[i], src1[i]); public material does not say what a NaN gives: src1[i] here
/// @group arithmetic
/// @units elements
template <class T>
void __bang_maxequal(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] >= src1[i] ? src0[i] : src1[i]);
}

/// dst[i] = min(src0[i], src1[i]); public material does not say what a NaN gives: src1[i] here
/// @group arithmetic
/// @units elements
template <class T>
void __bang_minequal(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] <= src1[i] ? src0[i] : src1[i]);
}

/// dst[i] = max(src[i], value); a NaN gives `value` here, public material does not say
/// @group arithmetic
/// @units elements
template <class T>
void __bang_maxeq_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] >= value ? src[i] : value);
}

/// dst[i] = min(src[i], value); a NaN gives `value` here, public material does not say
/// @group arithmetic
/// @units elements
template <class T>
void __bang_mineq_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] <= value ? src[i] : value);
}

/// dst[i] = max(src[i], seg[i % seg_elem_count])
/// @group arithmetic
/// @units elements
template <class T>
void __bang_cycle_maxequal(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] >= seg[i % seg_elem_count] ? src[i] : seg[i % seg_elem_count]);
}

/// dst[i] = min(src[i], seg[i % seg_elem_count])
/// @group arithmetic
/// @units elements
template <class T>
void __bang_cycle_minequal(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] <= seg[i % seg_elem_count] ? src[i] : seg[i % seg_elem_count]);
}

/// dst[i] = max(src0[i], src1[i]); a NaN in either gives NaN
/// @group arithmetic
/// @units elements
/// @arch 322
template <class T>
void __bang_nan_maximum(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] != src0[i] || src0[i] >= src1[i] ? src0[i] : src1[i]);
}

/// dst[i] = min(src0[i], src1[i]); a NaN in either gives NaN
/// @group arithmetic
/// @units elements
/// @arch 322
template <class T>
void __bang_nan_minimum(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] != src0[i] || src0[i] <= src1[i] ? src0[i] : src1[i]);
}
