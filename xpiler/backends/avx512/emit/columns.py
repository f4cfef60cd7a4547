"""Sixteen rows that lanes walk along, read as rows and transposed in registers: a C function of the emitted file."""

from __future__ import annotations

from typing import Final

__all__ = ["COLUMNS", "COLUMNS_NAME"]

COLUMNS_NAME: Final = "xp_columns_ps"

_EXCHANGE: Final = """\
static inline void xp_exchange_ps(__m512 *a, __m512 *b, int h) {
  /* lanes with bit h of a, and those without it of b, change places */
  const __m512i lane = xp_ramp_epi32(0, 1), other = _mm512_xor_epi32(lane, _mm512_set1_epi32(h));
  const __mmask16 upper = _mm512_test_epi32_mask(lane, _mm512_set1_epi32(h));
  const __m512i of_b = _mm512_set1_epi32(16);
  const __m512i low = _mm512_mask_mov_epi32(lane, upper, _mm512_add_epi32(other, of_b));
  const __m512i high = _mm512_mask_mov_epi32(other, upper, _mm512_add_epi32(lane, of_b));
  const __m512 first = _mm512_permutex2var_ps(*a, low, *b);
  *b = _mm512_permutex2var_ps(*a, high, *b);
  *a = first;
}
"""
_COLUMNS: Final = """\
static inline void xp_columns_ps(float *columns, const float *p, __m512i index, __mmask16 on) {
  /* columns[16 * j + l] = p[index[l] + j] for 16 j and the lanes l that are on: 16 rows, transposed */
  int32_t at[16];
  __m512 r[16];
  _mm512_storeu_epi32(at, index);
  for (int l = 0; l < 16; ++l) {
    r[l] = on >> l & 1 ? _mm512_loadu_ps(p + at[l]) : _mm512_setzero_ps();
  }
  for (int i = 0; i < 8; ++i) xp_exchange_ps(&r[i], &r[i + 8], 8);
  for (int i = 0; i < 16; i += 8) {
    for (int j = i; j < i + 4; ++j) xp_exchange_ps(&r[j], &r[j + 4], 4);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = i; j < i + 2; ++j) xp_exchange_ps(&r[j], &r[j + 2], 2);
  }
  for (int i = 0; i < 16; i += 2) xp_exchange_ps(&r[i], &r[i + 1], 1);
  for (int j = 0; j < 16; ++j) _mm512_storeu_ps(columns + 16 * j, r[j]);
}
"""

COLUMNS: Final = {"xp_exchange_ps": _EXCHANGE, COLUMNS_NAME: _COLUMNS}
