"""The composites on 32-bit words: integers and bfloat16, for which mtp_372 has moves of bytes and bitwise operations.

Elements are stored low byte first, so a strided copy of the high bytes of words is a shift by whole bytes.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BELOW", "FROM_BFLOAT16", "IOTA", "REACH", "SHIFT", "SWAP", "TO_BFLOAT16"]

IOTA: Final = """\
// dst[i] = i
__mlu_func__ void xp_iota(int *dst, int n) {
  __bang_write_value(dst, 1, 0);
  for (int k = 1; k < n; k *= 2) __bang_add_scalar(dst + k, dst, k, k < n - k ? k : n - k);
}"""

SWAP: Final = """\
// dst[i] = src[i ^ d] for i < n; d is a power of two, n a multiple of 2 d
template <class T>
__mlu_func__ void xp_swap(T *dst, T *src, int d, int n) {
  const int size = d * (int)sizeof(T);
  __memcpy(dst, src + d, size, NRAM2NRAM, 2 * size, 2 * size, n / (2 * d) - 1);
  __memcpy(dst + d, src, size, NRAM2NRAM, 2 * size, 2 * size, n / (2 * d) - 1);
}"""

REACH: Final = """\
// dst[i] = src[i] from the first to the last i whose mask is not zero: what lies between two elements of an array is
// part of it, what lies beyond may not be. `ends` holds two numbers.
template <class T>
__mlu_func__ void xp_reach(T *dst, const T *src, mluMemcpyDirection_t way, float *mask, unsigned int *ends, int n) {
  __bang_findfirst1(ends, mask, n);
  __bang_findlast1(ends + 1, mask, n);
  if (ends[0] < (unsigned int)n) {
    __memcpy(dst + ends[0], src + ends[0], (int)(ends[1] - ends[0] + 1) * (int)sizeof(T), way);
  }
}"""

BELOW: Final = """\
// dst[i] = x[i] < y[i] ? 1.0f : 0.0f, for all signed words: the sign of x - y, corrected where that overflows
template <class T>
__mlu_func__ void xp_below(float *dst, T *x, T *y, int *t, int *u, int n) {
  int *a = (int *)x, *b = (int *)y, *v = (int *)dst;
  __bang_sub(t, a, b, n);
  __bang_bxor(u, a, b, n);
  __bang_bxor(v, a, t, n);
  __bang_band(u, u, v, n);
  __bang_bxor(t, t, u, n);
  __bang_write_value(v, n, 0);
  __memcpy(v, (char *)t + 3, 1, NRAM2NRAM, 4, 4, n - 1);
  __bang_int2float(dst, v, n, 0);
  __bang_ge_scalar(dst, dst, 128.0f, n);
}"""

SHIFT: Final = """\
// dst = src >> k with zeros from above, 0 < k < 32: whole bytes by a copy, the rest exactly in float, where the
// lowest byte of what is left is taken apart from the three above it
template <class T>
__mlu_func__ void xp_shift_right(T *dst, T *src, int k, int *t, int *u, int n) {
  int *d = (int *)dst;
  const int bytes = k / 8, bits = k % 8;
  const float scale = 1.0f / (float)(1 << bits);
  __bang_write_value(t, n, 0);
  if (bytes < 3) __memcpy(t, (char *)src + bytes + 1, 3 - bytes, NRAM2NRAM, 4, 4, n - 1);
  __bang_write_value(d, n, 0);
  __memcpy(d, (char *)src + bytes, 1, NRAM2NRAM, 4, 4, n - 1);
  __bang_int2float((float *)d, d, n, 0);
  __bang_mul_scalar((float *)d, (float *)d, scale, n);
  __bang_floor((float *)u, (float *)d, n);
  __bang_float2int_tz(u, (float *)u, n, 0);
  __bang_mul_scalar(t, t, 1 << (8 - bits), n);
  __bang_add(d, t, u, n);
}"""

FROM_BFLOAT16: Final = """\
// dst = src, exact: the bits of a bfloat16 are the upper half of a float's
__mlu_func__ void xp_bfloat162float(float *dst, bfloat16_t *src, int n) {
  __bang_write_value(dst, n, 0.0f);
  __memcpy((char *)dst + 2, src, 2, NRAM2NRAM, 4, 2, n - 1);
}"""

TO_BFLOAT16: Final = """\
// dst = src, rounded to nearest, ties to even; a NaN stays one
__mlu_func__ void xp_float2bfloat16(bfloat16_t *dst, float *src, float *t, float *u, int n) {
  int *sum = (int *)t, *v = (int *)u;
  __bang_write_value(v, n, 0);
  __memcpy(v, (char *)src + 2, 2, NRAM2NRAM, 4, 4, n - 1);
  __bang_write_value(sum, n, 1);
  __bang_band(v, v, sum, n);
  __bang_add(sum, (int *)src, v, n);
  __bang_add_scalar(sum, sum, 0x7fff, n);
  __bang_ne(u, src, src, n);
  __bang_float2int_tz(v, u, n, 0);
  __bang_mul_scalar(v, v, -1, n);
  __bang_bor(sum, sum, v, n);
  __memcpy(dst, (char *)t + 2, 2, NRAM2NRAM, 2, 4, n - 1);
}"""
