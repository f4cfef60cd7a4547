"""Functions on vector lanes that an emitted file may need, as C with AVX-512 intrinsics.

The elementary functions are within 2 ulp of the exact value (tests/backends/avx512/test_vector_math.py): `exp`,
`exp2` and `log` in single precision with an argument reduced in two steps; the others in double precision,
eight lanes at a time, rounded once. Polynomials are Taylor series over the reduced argument, long enough that
what is left out lies below the last place.
"""

from __future__ import annotations

import math
from typing import Final

from xpiler.backends.avx512.emit.columns import COLUMNS
from xpiler.backends.avx512.emit.strided import STRIDED
from xpiler.backends.avx512.emit.tree_math import TREES

__all__ = ["VECTOR_MATH"]


def _f(head: str, *lines: str) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"static inline {head} {{\n{body}}}\n"


def _horner(kind: str, x: str, coefficients: list[float]) -> list[str]:
    """Lines that leave in `p` the polynomial with the highest coefficient first."""
    f = "f" if kind == "ps" else ""

    def number(value: float) -> str:
        text = f"{value:.9g}" if f else repr(value)
        return f"_mm512_set1_{kind}({text if '.' in text or 'e' in text else text + '.0'}{f})"

    vector = "__m512" if kind == "ps" else "__m512d"
    lines = [f"{vector} p = {number(coefficients[0])};"]
    lines += [f"p = _mm512_fmadd_{kind}(p, {x}, {number(c)});" for c in coefficients[1:]]
    return lines


def _taylor_exp(degree: int) -> list[float]:
    return [1.0 / math.factorial(n) for n in range(degree, -1, -1)]


_BASIC: Final = {
    "xp_first_16": _f(
        "__mmask16 xp_first_16(int64_t n)",
        "return (__mmask16)(n >= 16 ? 0xffffu : n <= 0 ? 0u : (1u << n) - 1u);",
    ),
    "xp_first_8": _f(
        "__mmask16 xp_first_8(int64_t n)",
        "return (__mmask16)(n >= 8 ? 0xffu : n <= 0 ? 0u : (1u << n) - 1u);",
    ),
    "xp_all_lanes": _f("__mmask16 xp_all_lanes(bool on)", "return (__mmask16)(on ? 0xffffu : 0u);"),
    "xp_ramp_epi32": _f(
        "__m512i xp_ramp_epi32(int32_t base, int32_t stride)",
        "/* base, base + stride, base + 2 * stride, ... */",
        "const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);",
        "const __m512i steps = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride));",
        "return _mm512_add_epi32(_mm512_set1_epi32(base), steps);",
    ),
    "xp_ramp_epi64": _f(
        "__m512i xp_ramp_epi64(int64_t base, int64_t stride)",
        "const __m512i lane = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);",
        "const __m512i steps = _mm512_mullo_epi64(lane, _mm512_set1_epi64(stride));",
        "return _mm512_add_epi64(_mm512_set1_epi64(base), steps);",
    ),
    "xp_neg_ps": _f(
        "__m512 xp_neg_ps(__m512 a)",
        "return _mm512_castsi512_ps(",
        "    _mm512_xor_si512(_mm512_castps_si512(a), _mm512_set1_epi32(-2147483647 - 1)));",
    ),
    "xp_neg_pd": _f(
        "__m512d xp_neg_pd(__m512d a)",
        "const __m512i sign = _mm512_set1_epi64(-9223372036854775807LL - 1);",
        "return _mm512_castsi512_pd(_mm512_xor_si512(_mm512_castpd_si512(a), sign));",
    ),
    "xp_low": _f("__m512d xp_low(__m512 a)", "return _mm512_cvtps_pd(_mm512_castps512_ps256(a));"),
    "xp_high": _f(
        "__m512d xp_high(__m512 a)",
        "return _mm512_cvtps_pd((__m256)_mm512_extracti64x4_epi64(_mm512_castps_si512(a), 1));",
    ),
    "xp_join": _f(
        "__m512 xp_join(__m512d low, __m512d high)",
        "const __m256i l = (__m256i)_mm512_cvtpd_ps(low), h = (__m256i)_mm512_cvtpd_ps(high);",
        "return _mm512_castsi512_ps(_mm512_inserti64x4(_mm512_castsi256_si512(l), h, 1));",
    ),
}


def _float_pair(end: str, vector: str, mask: str) -> dict[str, str]:
    table = {}
    for name in ("min", "max"):
        table[f"xp_f{name}_{end}"] = _f(
            f"{vector} xp_f{name}_{end}({vector} a, {vector} b)",
            f"const {mask} nan = _mm512_cmp_{end}_mask(b, b, _CMP_UNORD_Q);",
            f"return _mm512_mask_mov_{end}(_mm512_{name}_{end}(a, b), nan, a);",
        )
    number = "float" if end == "ps" else "double"
    half = "0.49999997f" if end == "ps" else "0.49999999999999994"
    integer = "epi32" if end == "ps" else "epi64"
    least = "-2147483647 - 1" if end == "ps" else "-9223372036854775807LL - 1"
    table[f"xp_copysign_{end}"] = _f(
        f"{vector} xp_copysign_{end}({vector} a, {vector} b)",
        f"const __m512i sign = _mm512_set1_{integer}({least});",
        f"const __m512i of = _mm512_and_si512(_mm512_cast{end}_si512(b), sign);",
        f"const __m512i size = _mm512_andnot_si512(sign, _mm512_cast{end}_si512(a));",
        f"return _mm512_castsi512_{end}(_mm512_or_si512(size, of));",
    )
    table[f"xp_round_{end}"] = _f(
        f"{vector} xp_round_{end}({vector} a)",
        f"const {number} below_half = {half};",
        f"const {vector} half = xp_copysign_{end}(_mm512_set1_{end}(below_half), a);",
        f"return _mm512_roundscale_{end}(_mm512_add_{end}(a, half), 11);",
    )
    return table


def _division() -> dict[str, str]:
    table = {}
    for kind in ("epi32", "epu32"):
        table[f"xp_div_{kind}"] = _f(
            f"__m512i xp_div_{kind}(__m512i a, __m512i b)",
            "/* the quotient of two 32-bit integers, rounded to double, truncates to the right integer */",
            f"const __m512d al = _mm512_cvt{kind}_pd(_mm512_castsi512_si256(a));",
            f"const __m512d bl = _mm512_cvt{kind}_pd(_mm512_castsi512_si256(b));",
            f"const __m512d ah = _mm512_cvt{kind}_pd(_mm512_extracti64x4_epi64(a, 1));",
            f"const __m512d bh = _mm512_cvt{kind}_pd(_mm512_extracti64x4_epi64(b, 1));",
            f"const __m256i low = _mm512_cvttpd_{kind}(_mm512_div_pd(al, bl));",
            f"const __m256i high = _mm512_cvttpd_{kind}(_mm512_div_pd(ah, bh));",
            "return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);",
        )
        table[f"xp_rem_{kind}"] = _f(
            f"__m512i xp_rem_{kind}(__m512i a, __m512i b)",
            f"return _mm512_sub_epi32(a, _mm512_mullo_epi32(xp_div_{kind}(a, b), b));",
        )
    return table


_NARROW: Final = {
    "xp_f16_ps": _f(
        "__m512 xp_f16_ps(__m512 a)",
        "return _mm512_cvtph_ps(_mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));",
    ),
    "xp_f16_from_bits_ps": _f(
        "__m512 xp_f16_from_bits_ps(__m512i a)",
        "return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(a));",
    ),
    "xp_f16_to_bits_epi32": _f(
        "__m512i xp_f16_to_bits_epi32(__m512 a)",
        "return _mm512_cvtepu16_epi32(_mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));",
    ),
    "xp_bf16_from_bits_ps": _f(
        "__m512 xp_bf16_from_bits_ps(__m512i a)",
        "return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16));",
    ),
    "xp_bf16_to_bits_epi32": _f(
        "__m512i xp_bf16_to_bits_epi32(__m512 a)",
        "const __m512i bits = _mm512_castps_si512(a);",
        "const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));",
        "const __m512i up = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));",
        "const __m512i near = _mm512_srli_epi32(_mm512_add_epi32(bits, up), 16);",
        "const __m512i nan = _mm512_or_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x40));",
        "return _mm512_mask_mov_epi32(near, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), nan);",
    ),
    "xp_bf16_to_bits_epi16": _f(
        "__m256i xp_bf16_to_bits_epi16(__m512 a)",
        "return _mm512_cvtepi32_epi16(xp_bf16_to_bits_epi32(a));",
    ),
    "xp_bf16_ps": _f(
        "__m512 xp_bf16_ps(__m512 a)", "return xp_bf16_from_bits_ps(xp_bf16_to_bits_epi32(a));"
    ),
    "xp_dp4a_epi32": _f(
        "__m512i xp_dp4a_epi32(__m512i a, __m512i b, __m512i c)",
        "/* the instruction wants a unsigned: (a + 128) . b - 128 . b, exact modulo 2^32 */",
        "const __m512i bias = _mm512_set1_epi32((int)0x80808080u);",
        "const __m512i sum = _mm512_dpbusd_epi32(c, _mm512_xor_si512(a, bias), b);",
        "return _mm512_sub_epi32(sum, _mm512_dpbusd_epi32(_mm512_setzero_si512(), bias, b));",
    ),
}


def _narrow_access() -> dict[str, str]:
    table = {}
    for bits in (8, 16):
        for wide in (32, 64):
            lanes = 512 // wide
            read = [
                f"int{wide}_t at[{lanes}];",
                f"_mm512_storeu_epi{wide}(at, index);",
                f"for (int i = 0; i < {lanes}; ++i)",
            ]
            table[f"xp_gather_u{bits}_{wide}"] = _f(
                f"__m512i xp_gather_u{bits}_{wide}(const void *base, __m512i index, __mmask16 on)",
                "int32_t each[16] = {0};",
                *read,
                f"  if (on >> i & 1) each[i] = ((const uint{bits}_t *)base)[at[i]];",
                "return _mm512_loadu_epi32(each);",
            )
            table[f"xp_scatter_u{bits}_{wide}"] = _f(
                f"void xp_scatter_u{bits}_{wide}(void *base, __m512i index, __mmask16 on, __m512i a)",
                "int32_t each[16];",
                "_mm512_storeu_epi32(each, a);",
                *read,
                f"  if (on >> i & 1) ((uint{bits}_t *)base)[at[i]] = (uint{bits}_t)each[i];",
            )
    return table


_LOG_TERMS: Final = [2.0 / (2 * k + 1) for k in range(10, 0, -1)]

_ELEMENTARY: Final = {
    "xp_exp_ps": _f(
        "__m512 xp_exp_ps(__m512 x)",
        "/* e^x = 2^n e^r, |r| <= ln(2) / 2; min and max hand NaN on */",
        "x = _mm512_max_ps(_mm512_set1_ps(-110.0f), _mm512_min_ps(_mm512_set1_ps(100.0f), x));",
        "const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269502f)), 8);",
        "__m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0.693145752f), x);",
        "r = _mm512_fmadd_ps(n, _mm512_set1_ps(-1.42860677e-6f), r);",
        *_horner("ps", "r", _taylor_exp(8)),
        "return _mm512_scalef_ps(p, n);",
    ),
    "xp_exp2_ps": _f(
        "__m512 xp_exp2_ps(__m512 x)",
        "x = _mm512_max_ps(_mm512_set1_ps(-160.0f), _mm512_min_ps(_mm512_set1_ps(140.0f), x));",
        "const __m512 n = _mm512_roundscale_ps(x, 8);",
        "const __m512 r = _mm512_mul_ps(_mm512_sub_ps(x, n), _mm512_set1_ps(0.693147181f));",
        *_horner("ps", "r", _taylor_exp(8)),
        "return _mm512_scalef_ps(p, n);",
    ),
    "xp_log_special": _f(
        "__m512 xp_log_special(__m512 x, __m512 y)",
        "/* of zero, a negative number, infinity, NaN */",
        "const __m512 zero = _mm512_setzero_ps(), infinity = _mm512_set1_ps(INFINITY);",
        "y = _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, zero, _CMP_EQ_OQ), xp_neg_ps(infinity));",
        "y = _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, infinity, _CMP_EQ_OQ), infinity);",
        "y = _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OS), _mm512_set1_ps(NAN));",
        "return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);",
    ),
    "xp_log_pd": _f(
        "__m512d xp_log_pd(__m512d x)",
        "/* x = 2^e m, sqrt(1/2) <= m < sqrt(2); log m = 2 artanh(s), s = (m - 1) / (m + 1) */",
        "const __m512d one = _mm512_set1_pd(1.0);",
        "__m512d e = _mm512_getexp_pd(x);",
        "__m512d m = _mm512_scalef_pd(x, xp_neg_pd(e));",
        "const __mmask8 big = _mm512_cmp_pd_mask(m, _mm512_set1_pd(1.4142135623730951), _CMP_GT_OS);",
        "m = _mm512_mask_mov_pd(m, big, _mm512_mul_pd(m, _mm512_set1_pd(0.5)));",
        "e = _mm512_mask_mov_pd(e, big, _mm512_add_pd(e, one));",
        "const __m512d s = _mm512_div_pd(_mm512_sub_pd(m, one), _mm512_add_pd(m, one));",
        "const __m512d z = _mm512_mul_pd(s, s);",
        *_horner("pd", "z", [*_LOG_TERMS, 2.0]),
        "return _mm512_fmadd_pd(e, _mm512_set1_pd(0.6931471805599453), _mm512_mul_pd(s, p));",
    ),
    "xp_exp_pd": _f(
        "__m512d xp_exp_pd(__m512d x)",
        "x = _mm512_max_pd(_mm512_set1_pd(-760.0), _mm512_min_pd(_mm512_set1_pd(720.0), x));",
        "const __m512d ratio = _mm512_set1_pd(1.4426950408889634);",
        "const __m512d n = _mm512_roundscale_pd(_mm512_mul_pd(x, ratio), 8);",
        "__m512d r = _mm512_fmadd_pd(n, _mm512_set1_pd(-0.6931471805599453), x);",
        "r = _mm512_fmadd_pd(n, _mm512_set1_pd(-2.3190468138462996e-17), r);",
        *_horner("pd", "r", _taylor_exp(13)),
        "return _mm512_scalef_pd(p, n);",
    ),
    "xp_tanh_pd": _f(
        "__m512d xp_tanh_pd(__m512d x)",
        "const __m512d one = _mm512_set1_pd(1.0), limit = _mm512_set1_pd(20.0);",
        "const __m512d a = _mm512_min_pd(limit, _mm512_max_pd(xp_neg_pd(limit), x));",
        "const __m512d e = xp_exp_pd(_mm512_add_pd(a, a));",
        "const __m512d y = _mm512_div_pd(_mm512_sub_pd(e, one), _mm512_add_pd(e, one));",
        "const __mmask8 tiny = _mm512_cmp_pd_mask(_mm512_abs_pd(x), _mm512_set1_pd(1e-4), _CMP_LT_OS);",
        "return _mm512_mask_mov_pd(y, tiny, x);",
    ),
    "xp_expm1_pd": _f(
        "__m512d xp_expm1_pd(__m512d x)",
        "const __m512d y = _mm512_sub_pd(xp_exp_pd(x), _mm512_set1_pd(1.0));",
        "const __m512d sixth = _mm512_set1_pd(0.16666666666666666), half = _mm512_set1_pd(0.5);",
        "const __m512d q = _mm512_fmadd_pd(x, sixth, half);",
        "const __m512d near = _mm512_fmadd_pd(_mm512_mul_pd(x, x), q, x);",
        "const __mmask8 tiny = _mm512_cmp_pd_mask(_mm512_abs_pd(x), _mm512_set1_pd(1e-3), _CMP_LT_OS);",
        "return _mm512_mask_mov_pd(y, tiny, near);",
    ),
    "xp_log1p_pd": _f(
        "__m512d xp_log1p_pd(__m512d x)",
        "const __m512d y = xp_log_pd(_mm512_add_pd(x, _mm512_set1_pd(1.0)));",
        "const __m512d third = _mm512_set1_pd(0.3333333333333333), half = _mm512_set1_pd(-0.5);",
        "const __m512d q = _mm512_fmadd_pd(x, third, half);",
        "const __m512d near = _mm512_fmadd_pd(_mm512_mul_pd(x, x), q, x);",
        "const __mmask8 tiny = _mm512_cmp_pd_mask(_mm512_abs_pd(x), _mm512_set1_pd(1e-4), _CMP_LT_OS);",
        "return _mm512_mask_mov_pd(y, tiny, near);",
    ),
    "xp_erf_pd": _f(
        "__m512d xp_erf_pd(__m512d x)",
        "/* erf x = 2 / sqrt(pi) x e^(-x^2) (1 + y / 3 (1 + y / 5 (1 + ...))), y = 2 x^2 */",
        "const __m512d one = _mm512_set1_pd(1.0), limit = _mm512_set1_pd(4.0);",
        "const __m512d a = _mm512_min_pd(limit, _mm512_max_pd(xp_neg_pd(limit), x));",
        "const __m512d square = _mm512_mul_pd(a, a), y = _mm512_add_pd(square, square);",
        "__m512d p = one;",
        "for (int n = 101; n >= 3; n -= 2)",
        "  p = _mm512_fmadd_pd(_mm512_mul_pd(y, _mm512_set1_pd(1.0 / n)), p, one);",
        "const __m512d scale = _mm512_mul_pd(a, _mm512_set1_pd(1.1283791670955126));",
        "return _mm512_mul_pd(_mm512_mul_pd(scale, xp_exp_pd(xp_neg_pd(square))), p);",
    ),
}


def _in_double() -> dict[str, str]:
    """Single precision by way of double: exact to the rounding."""
    table = {
        f"xp_{name}_ps": _f(
            f"__m512 xp_{name}_ps(__m512 x)",
            f"return xp_join(xp_{name}_pd(xp_low(x)), xp_{name}_pd(xp_high(x)));",
        )
        for name in ("tanh", "expm1", "erf")
    }
    for name, factor in (
        ("log", ""),
        ("log2", "1.4426950408889634"),
        ("log10", "0.4342944819032518"),
        ("log1p", ""),
    ):
        core = "log1p" if name == "log1p" else "log"
        low, high = (f"xp_{core}_pd(xp_{half}(x))" for half in ("low", "high"))
        if factor:
            low, high = (f"_mm512_mul_pd({v}, _mm512_set1_pd({factor}))" for v in (low, high))
        special = "x" if core == "log" else "_mm512_add_ps(x, _mm512_set1_ps(1.0f))"
        lines = [
            f"const __m512d low = {low};",
            f"const __m512d high = {high};",
            f"return xp_log_special({special}, xp_join(low, high));",
        ]
        if core == "log1p":
            # 1 + x rounds to 0 or to -0 only for x = -1; where it overflows, x is the answer's argument
            lines[-1] = (
                "return xp_log_special(_mm512_add_ps(x, _mm512_set1_ps(1.0f)), xp_join(low, high));"
            )
        table[f"xp_{name}_ps"] = _f(f"__m512 xp_{name}_ps(__m512 x)", *lines)
    return table


def _trigonometry() -> dict[str, str]:
    sine = [(-1.0) ** k / math.factorial(2 * k + 1) for k in range(7, -1, -1)]
    cosine = [(-1.0) ** k / math.factorial(2 * k) for k in range(8, -1, -1)]
    table = {
        "xp_sin_poly": _f(
            "__m512d xp_sin_poly(__m512d r, __m512d z)",
            *_horner("pd", "z", sine),
            "return _mm512_mul_pd(p, r);",
        ),
        "xp_cos_poly": _f(
            "__m512d xp_cos_poly(__m512d z)", *_horner("pd", "z", cosine), "return p;"
        ),
        # quadrant q: sin, cos, -sin, -cos; |x| below 2^30, where n has an exact double
        "xp_quadrant": _f(
            "__m512d xp_quadrant(__m512d x, int turn)",
            "const __m512d n = _mm512_roundscale_pd(_mm512_mul_pd(x, _mm512_set1_pd(0.6366197723675814)), 8);",
            "__m512d r = _mm512_fmadd_pd(n, _mm512_set1_pd(-1.5707963267948966), x);",
            "r = _mm512_fmadd_pd(n, _mm512_set1_pd(-6.123233995736766e-17), r);",
            "const __m512i q = _mm512_add_epi64(_mm512_cvttpd_epi64(n), _mm512_set1_epi64(turn));",
            "const __m512d z = _mm512_mul_pd(r, r);",
            "const __mmask8 odd = _mm512_cmpneq_epi64_mask(_mm512_and_si512(q, _mm512_set1_epi64(1)),",
            "                                              _mm512_setzero_si512());",
            "const __mmask8 minus = _mm512_cmpneq_epi64_mask(_mm512_and_si512(q, _mm512_set1_epi64(2)),",
            "                                                _mm512_setzero_si512());",
            "const __m512d y = _mm512_mask_mov_pd(xp_sin_poly(r, z), odd, xp_cos_poly(z));",
            "return _mm512_mask_mov_pd(y, minus, xp_neg_pd(y));",
        ),
    }
    for name, turn in (("sin", 0), ("cos", 1)):
        zero = "return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_EQ_OQ), x);"
        table[f"xp_{name}_ps"] = _f(
            f"__m512 xp_{name}_ps(__m512 x)",
            f"__m512 y = xp_join(xp_quadrant(xp_low(x), {turn}), xp_quadrant(xp_high(x), {turn}));",
            "const __m512 limit = _mm512_set1_ps(1073741824.0f);",
            "const __mmask16 fits = _mm512_cmp_ps_mask(_mm512_abs_ps(x), limit, _CMP_LT_OS);",
            "if (fits != 0xffffu) {",
            "  float in[16], out[16];",
            "  _mm512_storeu_ps(in, x);",
            "  _mm512_storeu_ps(out, y);",
            "  for (int i = 0; i < 16; ++i)",
            f"    if (!(fits >> i & 1)) out[i] = {name}f(in[i]);",
            "  y = _mm512_loadu_ps(out);",
            "}",
            zero if name == "sin" else "return y;",
        )
    return table


VECTOR_MATH: Final[dict[str, str]] = {
    **_BASIC,
    **_float_pair("ps", "__m512", "__mmask16"),
    **_float_pair("pd", "__m512d", "__mmask8"),
    **_division(),
    **_NARROW,
    **_narrow_access(),
    **_ELEMENTARY,
    **_in_double(),
    **_trigonometry(),
    **TREES,
    **STRIDED,
    **COLUMNS,
}
