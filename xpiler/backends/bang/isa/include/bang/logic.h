// Logical and bitwise operations; counting and compacting by mask.
//
// `dst` may be a source itself unless a line says otherwise; a partial overlap is not defined.
#pragma once

#include "bang/tasks.h"

#include "bang/arithmetic.h"

/// dst[i] = (src0[i] != 0) && (src1[i] != 0) ? 1 : 0: LOGICAL and, in the operands' type
/// @group logic
/// @units elements
template <class T>
void __bang_and(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T((src0[i] != 0) && (src1[i] != 0) ? 1 : 0);
}

/// dst[i] = (src0[i] != 0) || (src1[i] != 0) ? 1 : 0: LOGICAL or, in the operands' type
/// @group logic
/// @units elements
template <class T>
void __bang_or(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T((src0[i] != 0) || (src1[i] != 0) ? 1 : 0);
}

/// dst[i] = (src0[i] != 0) != (src1[i] != 0) ? 1 : 0: LOGICAL xor, in the operands' type
/// @group logic
/// @units elements
template <class T>
void __bang_xor(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T((src0[i] != 0) != (src1[i] != 0) ? 1 : 0);
}

/// dst[i] = (src[i] != 0) && (seg[i % seg_elem_count] != 0) ? 1 : 0
/// @group logic
/// @units elements
template <class T>
void __bang_cycle_and(T *dst, const T *src, const T *seg, int src_elem_count, int seg_elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(src_elem_count);
  check.count(seg_elem_count);
  check.need(src_elem_count % seg_elem_count == 0, "source length is not a multiple of the segment length");
  check.in(src, src_elem_count);
  check.in(seg, seg_elem_count);
  check.out(dst, src_elem_count);
  check.same_or_apart(dst, src_elem_count, src, src_elem_count);
  check.apart(dst, src_elem_count, seg, seg_elem_count);
  for (int i = 0; i < src_elem_count; ++i) dst[i] = T((src[i] != 0) && (seg[i % seg_elem_count] != 0) ? 1 : 0);
}

/// dst[i] = src[i] != 0 ? 0 : 1: LOGICAL not, in the operand's type
/// @group logic
/// @units elements
template <class T>
void __bang_not(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src[i] != 0 ? 0 : 1);
}

/// dst[i] = src0[i] & src1[i], BITWISE on bytes or integers
/// @group logic
/// @units elements
template <class T>
void __bang_band(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  static_assert(std::is_integral<T>::value, "bits of char or int");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] & src1[i]);
}

/// dst[i] = src0[i] | src1[i], BITWISE on bytes or integers
/// @group logic
/// @units elements
template <class T>
void __bang_bor(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  static_assert(std::is_integral<T>::value, "bits of char or int");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] | src1[i]);
}

/// dst[i] = src0[i] ^ src1[i], BITWISE on bytes or integers
/// @group logic
/// @units elements
template <class T>
void __bang_bxor(T *dst, const T *src0, const T *src1, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src0, elem_count);
  check.in(src1, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src0, elem_count);
  check.same_or_apart(dst, elem_count, src1, elem_count);
  static_assert(std::is_integral<T>::value, "bits of char or int");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(src0[i] ^ src1[i]);
}

/// dst[i] = ~src[i], BITWISE on bytes or integers
/// @group logic
/// @units elements
template <class T>
void __bang_bnot(T *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, elem_count);
  check.same_or_apart(dst, elem_count, src, elem_count);
  static_assert(std::is_integral<T>::value, "bits of char or int");
  for (int i = 0; i < elem_count; ++i) dst[i] = T(~src[i]);
}

/// dst[0] = the number of elements that are not zero.
/// @group logic
/// @units elements
template <class T>
void __bang_count(unsigned int *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, 1);
  check.apart(dst, 1, src, elem_count);
  unsigned int count = 0;
  for (int i = 0; i < elem_count; ++i) count += src[i] != 0 ? 1u : 0u;
  dst[0] = count;
}

/// dst[0] = the index of the first element that is not zero, all ones if there is none.
/// @group logic
/// @units elements
template <class T>
void __bang_findfirst1(unsigned int *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, 1);
  check.apart(dst, 1, src, elem_count);
  unsigned int found = ~0u;
  for (int i = elem_count - 1; i >= 0; --i) found = src[i] != 0 ? static_cast<unsigned int>(i) : found;
  dst[0] = found;
}

/// dst[0] = the index of the last element that is not zero, all ones if there is none.
/// @group logic
/// @units elements
template <class T>
void __bang_findlast1(unsigned int *dst, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(dst, 1);
  check.apart(dst, 1, src, elem_count);
  unsigned int found = ~0u;
  for (int i = 0; i < elem_count; ++i) found = src[i] != 0 ? static_cast<unsigned int>(i) : found;
  dst[0] = found;
}

/// Compact: the elements of `src` whose mask is not zero, in order, at the start of `dst`; returns how many.
/// @group logic
/// @units elements
/// @arch 300
template <class T>
int __bang_filter(T *dst, const T *src, const T *mask, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.arch(300);
  check.count(elem_count);
  check.in(src, elem_count);
  check.in(mask, elem_count);
  check.out(dst, elem_count);
  check.apart(dst, elem_count, src, elem_count);
  check.apart(dst, elem_count, mask, elem_count);
  int kept = 0;
  for (int i = 0; i < elem_count; ++i) {
    if (mask[i] != 0) dst[kept++] = src[i];
  }
  return kept;
}
