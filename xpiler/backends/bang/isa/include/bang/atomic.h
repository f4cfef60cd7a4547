// Atomic operations on GDRAM by a vector in NRAM; each element is one atomic operation.
#pragma once

#include "bang/arithmetic.h"

/// old[i] = gdram[i], gdram[i] = gdram[i] + src[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_add(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(bang::sum(gdram[i], src[i]));
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// gdram[i] = gdram[i] + src[i], one atomic operation per element; the old value is not returned.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_reduce_add(T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) gdram[i] = T(bang::sum(gdram[i], src[i]));
}

/// old[i] = gdram[i], gdram[i] = src[i] < gdram[i] ? src[i] : gdram[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_min(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(src[i] < gdram[i] ? src[i] : gdram[i]);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// gdram[i] = src[i] < gdram[i] ? src[i] : gdram[i], one atomic operation per element; the old value is not returned.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_reduce_min(T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) gdram[i] = T(src[i] < gdram[i] ? src[i] : gdram[i]);
}

/// old[i] = gdram[i], gdram[i] = src[i] > gdram[i] ? src[i] : gdram[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_max(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(src[i] > gdram[i] ? src[i] : gdram[i]);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// gdram[i] = src[i] > gdram[i] ? src[i] : gdram[i], one atomic operation per element; the old value is not returned.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_reduce_max(T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) gdram[i] = T(src[i] > gdram[i] ? src[i] : gdram[i]);
}

/// old[i] = gdram[i], gdram[i] = src[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_exch(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(src[i]);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// old[i] = gdram[i], gdram[i] = gdram[i] & src[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_and(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(gdram[i] & src[i]);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// gdram[i] = gdram[i] & src[i], one atomic operation per element; the old value is not returned.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_reduce_and(T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) gdram[i] = T(gdram[i] & src[i]);
}

/// old[i] = gdram[i], gdram[i] = gdram[i] | src[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_or(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(gdram[i] | src[i]);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// gdram[i] = gdram[i] | src[i], one atomic operation per element; the old value is not returned.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_reduce_or(T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) gdram[i] = T(gdram[i] | src[i]);
}

/// old[i] = gdram[i], gdram[i] = gdram[i] ^ src[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_xor(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(gdram[i] ^ src[i]);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// gdram[i] = gdram[i] ^ src[i], one atomic operation per element; the old value is not returned.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_reduce_xor(T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) gdram[i] = T(gdram[i] ^ src[i]);
}

/// old[i] = gdram[i], gdram[i] = gdram[i] >= src[i] ? 0 : gdram[i] + 1: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_inc(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(gdram[i] >= src[i] ? 0 : gdram[i] + 1);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// old[i] = gdram[i], gdram[i] = gdram[i] == 0 || gdram[i] > src[i] ? src[i] : gdram[i] - 1: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_dec(T *old, T *gdram, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    const T after = T(gdram[i] == 0 || gdram[i] > src[i] ? src[i] : gdram[i] - 1);
    old[i] = gdram[i];
    gdram[i] = after;
  }
}

/// old[i] = gdram[i]; where that equals compare[i], gdram[i] = src[i]: one atomic operation per element.
/// @group atomic
/// @units elements
template <class T>
void __bang_atomic_cas(T *old, T *gdram, const T *compare, const T *src, int elem_count, XP_WHERE) {
  XP_CHECK;
  check.count(elem_count);
  check.in(compare, elem_count);
  check.in(src, elem_count);
  check.out(old, elem_count);
  check.out(gdram, elem_count, bang::Space::gdram);
  for (int i = 0; i < elem_count; ++i) {
    old[i] = gdram[i];
    gdram[i] = old[i] == compare[i] ? src[i] : old[i];
  }
}
