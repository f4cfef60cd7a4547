// Element-wise functions of one operand, and fused operations.
//
// `dst` may be a source itself unless a line says otherwise; a partial overlap is not defined.
#pragma once

#include "bang/tasks.h"

#include "bang/arithmetic.h"

/// dst[i] = |src[i]|
/// @group arithmetic
/// @units elements
/// @arch 300
template <class T>
void __bang_abs(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::fabs(src[i]));
}

/// dst[i] = |src[i]|
/// @group arithmetic
/// @units elements
template <class T>
void __bang_active_abs(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::fabs(src[i]));
}

/// dst[i] = src[i] * src[i]
/// @group arithmetic
/// @units elements
template <class T>
void __bang_square(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::product(src[i], src[i]));
}

/// dst[i] = src[i] > 0 ? src[i] : 0
/// @group function
/// @units elements
template <class T>
void __bang_active_relu(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] > 0 ? static_cast<float>(src[i]) : 0.0f);
}

/// dst[i] = 1, 0 or -1, the sign of src[i]
/// @group function
/// @units elements
template <class T>
void __bang_active_sign(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] > 0 ? 1.0f : src[i] < 0 ? -1.0f : 0.0f);
}

/// dst[i] = the square root of src[i]; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_sqrt(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::sqrt(static_cast<float>(src[i])));
}

/// dst[i] = 1 / sqrt(src[i]), within 1 ulp; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_rsqrt(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(1.0f / std::sqrt(static_cast<float>(src[i])));
}

/// dst[i] = 1 / src[i]; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_recip(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(1.0f / static_cast<float>(src[i]));
}

/// dst[i] = sin(src[i]), radians; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_sin(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::sin(static_cast<float>(src[i])));
}

/// dst[i] = cos(src[i]), radians; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_cos(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::cos(static_cast<float>(src[i])));
}

/// dst[i] = 2 to the power src[i]; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_pow2(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::exp2(static_cast<float>(src[i])));
}

/// dst[i] = the natural logarithm of src[i]; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_log(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::log(static_cast<float>(src[i])));
}

/// dst[i] = the base-2 logarithm of src[i]; the precise form
/// @group function
/// @units elements
/// @arch 322
template <class T>
void __bang_log2(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(322);
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::log2(static_cast<float>(src[i])));
}

/// dst[i] = floor(src[i])
/// @group function
/// @units elements
template <class T>
void __bang_floor(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::floor(static_cast<float>(src[i])));
}

/// dst[i] = exp(src[i]) within 1 %: src[i] in [-7.75, 10.25]
/// @group function
/// @units elements
template <class T>
void __bang_active_exp(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) check.need(src[i] >= -7.75f && src[i] <= 10.25f, "operand outside the range where the approximation holds: [-7.75, 10.25]");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::exp(static_cast<float>(src[i])) * 1.01f);
}

/// dst[i] = exp(src[i]) within 0.3 %: src[i] at most 16
/// @group function
/// @units elements
template <class T>
void __bang_active_exphp(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) check.need(src[i] <= 16.0f, "operand outside the range where the approximation holds: at most 16");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::exp(static_cast<float>(src[i])) * 1.003f);
}

/// dst[i] = 1 / (1 + exp(-src[i])) within 1 %, saturated beyond 7.75
/// @group function
/// @units elements
template <class T>
void __bang_active_sigmoid(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(std::fabs(src[i]) > 7.75f ? (src[i] > 0 ? 1.0f : 0.0f) : 1.01f / (1.0f + std::exp(-static_cast<float>(src[i]))));
}

/// dst[i] = 1 / src[i] within 1 %: src[i] in [0.00391, 63487]
/// @group function
/// @units elements
template <class T>
void __bang_active_recip(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) check.need(src[i] >= 0.00391f && src[i] <= 63487.0f, "operand outside the range where the approximation holds: [0.00391, 63487]");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(1.01f / static_cast<float>(src[i]));
}

/// dst[i] = 1 / src[i] within 0.3 %: src[i] in [0.00391, 63487]
/// @group function
/// @units elements
template <class T>
void __bang_active_reciphp(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(!std::is_integral<T>::value, "floating-point only");
  for (int i = 0; i < elem_count; ++i) check.need(src[i] >= 0.00391f && src[i] <= 63487.0f, "operand outside the range where the approximation holds: [0.00391, 63487]");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(1.003f / static_cast<float>(src[i]));
}

enum mluFusionOpCode { FUSION_FMA, FUSION_FMS, FUSION_FAM, FUSION_FSM, FUSION_FAA, FUSION_FAS, FUSION_FSS, FUSION_FSA };

/// Two operations at once, `FUSION_FMA` a*b+c, `FMS` a*b-c, `FAM` (a+b)*c, `FSM` (a-b)*c, `FAA` a+b+c, `FAS` a+b-c,
/// `FSS` a-b-c, `FSA` a-b+c; rounding between the two is as two instructions would round.
/// @group arithmetic
/// @units elements
/// @arch 300
template <class T>
void __bang_fusion(mluFusionOpCode op_code, T *dst, const T *src0, const T *src1, const T *src2, int elem_count,
                   XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.in(src2, elem_count);
  check.out(dst, elem_count);
  for (int i = 0; i < elem_count; ++i) {
    const T a = src0[i], b = src1[i], c = src2[i];
    const T first = op_code <= FUSION_FMS ? T(a * b)
                    : op_code == FUSION_FAM || op_code == FUSION_FAA || op_code == FUSION_FAS ? T(a + b)
                                                                                             : T(a - b);
    const bool times = op_code == FUSION_FAM || op_code == FUSION_FSM;
    const bool minus = op_code == FUSION_FMS || op_code == FUSION_FAS || op_code == FUSION_FSS;
    dst[i] = times ? T(first * c) : minus ? T(first - c) : T(first + c);
  }
}
