// Comparisons.
//
// `dst` may be a source itself unless a line says otherwise; a partial overlap is not defined.
#pragma once

#include "bang/tasks.h"

#include "bang/arithmetic.h"

/// dst[i] = src0[i] == src1[i] ? 1 : 0, in the operands' type
/// @group compare
/// @units elements
template <class T>
void __bang_eq(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] == src1[i] ? 1 : 0);
}

/// dst[i] = src[i] == value ? 1 : 0, in the operand's type
/// @group compare
/// @units elements
template <class T>
void __bang_eq_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] == value ? 1 : 0);
}

/// dst[i] = src[i] == seg[i % seg_elem_count] ? 1 : 0
/// @group compare
/// @units elements
template <class T>
void __bang_cycle_eq(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] == seg[i % seg_elem_count] ? 1 : 0);
}

/// dst[i] = src0[i] != src1[i] ? 1 : 0, in the operands' type
/// @group compare
/// @units elements
template <class T>
void __bang_ne(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] != src1[i] ? 1 : 0);
}

/// dst[i] = src[i] != value ? 1 : 0, in the operand's type
/// @group compare
/// @units elements
template <class T>
void __bang_ne_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] != value ? 1 : 0);
}

/// dst[i] = src[i] != seg[i % seg_elem_count] ? 1 : 0
/// @group compare
/// @units elements
template <class T>
void __bang_cycle_ne(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] != seg[i % seg_elem_count] ? 1 : 0);
}

/// dst[i] = src0[i] < src1[i] ? 1 : 0, in the operands' type
/// @group compare
/// @units elements
template <class T>
void __bang_lt(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] < src1[i] ? 1 : 0);
}

/// dst[i] = src[i] < value ? 1 : 0, in the operand's type
/// @group compare
/// @units elements
template <class T>
void __bang_lt_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] < value ? 1 : 0);
}

/// dst[i] = src[i] < seg[i % seg_elem_count] ? 1 : 0
/// @group compare
/// @units elements
template <class T>
void __bang_cycle_lt(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] < seg[i % seg_elem_count] ? 1 : 0);
}

/// dst[i] = src0[i] <= src1[i] ? 1 : 0, in the operands' type
/// @group compare
/// @units elements
template <class T>
void __bang_le(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] <= src1[i] ? 1 : 0);
}

/// dst[i] = src[i] <= value ? 1 : 0, in the operand's type
/// @group compare
/// @units elements
template <class T>
void __bang_le_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] <= value ? 1 : 0);
}

/// dst[i] = src[i] <= seg[i % seg_elem_count] ? 1 : 0
/// @group compare
/// @units elements
template <class T>
void __bang_cycle_le(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] <= seg[i % seg_elem_count] ? 1 : 0);
}

/// dst[i] = src0[i] > src1[i] ? 1 : 0, in the operands' type
/// @group compare
/// @units elements
template <class T>
void __bang_gt(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] > src1[i] ? 1 : 0);
}

/// dst[i] = src[i] > value ? 1 : 0, in the operand's type
/// @group compare
/// @units elements
template <class T>
void __bang_gt_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] > value ? 1 : 0);
}

/// dst[i] = src[i] > seg[i % seg_elem_count] ? 1 : 0
/// @group compare
/// @units elements
template <class T>
void __bang_cycle_gt(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] > seg[i % seg_elem_count] ? 1 : 0);
}

/// dst[i] = src0[i] >= src1[i] ? 1 : 0, in the operands' type
/// @group compare
/// @units elements
template <class T>
void __bang_ge(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] >= src1[i] ? 1 : 0);
}

/// dst[i] = src[i] >= value ? 1 : 0, in the operand's type
/// @group compare
/// @units elements
template <class T>
void __bang_ge_scalar(T *dst, const T *src, bang::Same<T> value, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] >= value ? 1 : 0);
}

/// dst[i] = src[i] >= seg[i % seg_elem_count] ? 1 : 0
/// @group compare
/// @units elements
template <class T>
void __bang_cycle_ge(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T(src[i] >= seg[i % seg_elem_count] ? 1 : 0);
}
