"""Vector functions that no accurate instruction of mtp_372 gives, as short sequences of instructions that do.

Each is a device function over `n` elements in NRAM with scratch arrays; `dst` and scratch overlap no source. The
coefficients are our own least-squares fits in double precision on Chebyshev nodes. Accuracy is measured against
double precision by tests/backends/bang/test_composites.py.

- `xp_select`: a choice by bits, exact for all values.
- `xp_exp`: exp by argument reduction (k ln 2 in two parts) and a polynomial; 2 ulp; overflow, underflow and NaN
  as expf.
- `xp_div`: a * (1 / b), corrected by the exactly computed residual; 1 ulp, exact quotients exact, where 1 / b is
  finite and normal (2^-126 <= |b| <= 2^126), infinities and zeros as IEEE division.
- `xp_fma`: the product and the sum with their exact errors (Dekker 1971, Knuth), added last; 1 ulp where nothing
  underflows and |a|, |b| < 2^115.
- `xp_matmul_half`: a product of small matrices on the matrix unit (`__bang_conv` with a 1 x 1 kernel). It has
  parameters of its own.
- `xp_iota`, `xp_swap`, `xp_reach`, `xp_below`, `xp_shift_right`, `xp_bfloat162float`, `xp_float2bfloat16`: exact, on words
  (`composite_words.py`).
- `xp_tanh`: a polynomial below 0.65, 1 - 2 / (exp(2|x|) + 1) above; 4 ulp.
- `xp_erf`: a polynomial below 1, 1 - exp(-x^2) q(1 / (1 + |x| / 2)) above; 4 ulp.
"""

from __future__ import annotations

from typing import Final

from xpiler.backends.bang.composite_words import (
    BELOW,
    FROM_BFLOAT16,
    IOTA,
    REACH,
    SHIFT,
    SWAP,
    TO_BFLOAT16,
)
from xpiler.records import dataclass

__all__ = ["COMPOSITES", "Composite", "with_dependencies"]


@dataclass(frozen=True, slots=True)
class Composite:
    """A device function `name(dst, sources..., scratch..., n)` and the composites that it calls.

    One without sources has other parameters.
    """

    name: str
    sources: int
    scratch: int
    text: str
    calls: tuple[str, ...] = ()


def _horner(dst: str, x: str, coefficients: tuple[str, ...]) -> str:
    """dst = polynomial in x, highest coefficient first; `dst` must not be `x`."""
    lines = [f"  __bang_mul_scalar({dst}, {x}, {coefficients[0]}f, n);"]
    for c in coefficients[1:-1]:
        lines += [
            f"  __bang_add_scalar({dst}, {dst}, {c}f, n);",
            f"  __bang_mul({dst}, {dst}, {x}, n);",
        ]
    lines.append(f"  __bang_add_scalar({dst}, {dst}, {coefficients[-1]}f, n);")
    return "\n".join(lines)


_MASK: Final = """\
  __bang_float2int_tz((int *){m}, {m}, n, 0);
  __bang_mul_scalar((int *){m}, (int *){m}, -1, n);"""


def _split(x: str, high: str, low: str) -> str:
    """Text that splits `x` into parts of 12 bits each, whose products are exact (Veltkamp, 1968)."""
    return f"""\
  __bang_mul_scalar({high}, {x}, 4097.0f, n);
  __bang_sub({low}, {high}, {x}, n);
  __bang_sub({high}, {high}, {low}, n);
  __bang_sub({low}, {x}, {high}, n);"""


def _mask(m: str) -> str:
    """Turn 1.0f / 0.0f into all ones / all zeros."""
    return _MASK.format(m=m)


def _blend(dst: str, other: str, m: str) -> str:
    """dst = m ? dst : other, by bits; `m` holds all ones or zeros."""
    return "\n".join(
        (
            f"  __bang_bxor((int *){dst}, (int *){dst}, (int *){other}, n);",
            f"  __bang_band((int *){dst}, (int *){dst}, (int *){m}, n);",
            f"  __bang_bxor((int *){dst}, (int *){dst}, (int *){other}, n);",
        )
    )


_EXP_P: Final = (
    "0.00019899409380741417", "0.0013933747541159391", "0.0083332983776927",
    "0.041666463017463684", "0.1666666716337204", "0.5",
)  # fmt: skip
_TANH_P: Final = (
    "-0.0008461200050078332", "0.00328945298679173", "-0.00878455862402916",
    "0.021858783438801765", "-0.05396755412220955", "0.13333331048488617",
    "-0.3333333432674408",
)  # fmt: skip
_ERFC_Q: Final = (
    "0.11900469660758972", "-0.47007331252098083", "0.5616933107376099", "-0.1023891419172287",
    "0.34723255038261414", "0.2598479688167572", "0.2848873436450958",
    "-0.00015247699047904462",
)  # fmt: skip
_ERF_P: Final = (
    "-9.808136383071542e-06", "0.00011312747665215284", "-0.0008490147884003818",
    "0.005221419967710972", "-0.026865556836128235", "0.11283784359693527",
    "-0.37612637877464294", "1.128379225730896",
)  # fmt: skip

_SELECT: Final = """\
// dst[i] = mask[i] != 0 ? a[i] : b[i], bit for bit; mask holds 1.0f and 0.0f; dst may be a or b
template <class T>
__mlu_func__ void xp_select(T *dst, float *mask, T *a, T *b, float *t, float *u, int n) {
  int *bits = (int *)t;
  __bang_float2int_tz(bits, mask, n, 0);
  __bang_mul_scalar(bits, bits, -1, n);
  int *mixed = (int *)u;
  __bang_bxor(mixed, (int *)a, (int *)b, n);
  __bang_band(bits, mixed, bits, n);
  __bang_bxor((int *)dst, bits, (int *)b, n);
}"""

_EXP: Final = f"""\
// dst = exp(src), 2 ulp
__mlu_func__ void xp_exp(float *dst, float *src, float *t0, float *t1, float *t2, int n) {{
  __bang_ne(t2, src, src, n);
{_mask("t2")}
  __bang_maxeq_scalar(t0, src, -104.0f, n);
  __bang_mineq_scalar(t0, t0, 89.0f, n);
  __bang_mul_scalar(t1, t0, 1.44269502f, n);
  __bang_add_scalar(t1, t1, 0.5f, n);
  __bang_floor(dst, t1, n);
  __bang_mul_scalar(t1, dst, 0.693359375f, n);
  __bang_sub(t0, t0, t1, n);
  __bang_mul_scalar(t1, dst, -2.12194442e-4f, n);
  __bang_sub(t0, t0, t1, n);
{_horner("t1", "t0", _EXP_P)}
  __bang_mul(t1, t1, t0, n);
  __bang_mul(t1, t1, t0, n);
  __bang_add(t1, t1, t0, n);
  __bang_add_scalar(t1, t1, 1.0f, n);
  __bang_mul_scalar(dst, dst, 0.5f, n);
  __bang_floor(t0, dst, n);
  __bang_mul_scalar(dst, dst, 2.0f, n);
  __bang_sub(dst, dst, t0, n);
  __bang_pow2(t0, t0, n);
  __bang_pow2(dst, dst, n);
  __bang_mul(t1, t1, t0, n);
  __bang_mul(dst, dst, t1, n);
  __bang_bor((int *)dst, (int *)dst, (int *)t2, n);
}}"""

_DIV: Final = f"""\
// dst = a / b, 1 ulp; exact quotients are exact
__mlu_func__ void xp_div(float *dst, float *a, float *b, float *t0, float *t1, float *t2, float *t3, float *t4,
                         float *t5, int n) {{
  __bang_recip(t0, b, n);
  __bang_mul(t1, a, t0, n);
{_split("t1", "t2", "t3")}
{_split("b", "t4", "t5")}
  __bang_mul(dst, t2, t4, n);
  __bang_sub(dst, a, dst, n);
  __bang_mul(t2, t2, t5, n);
  __bang_sub(dst, dst, t2, n);
  __bang_mul(t4, t3, t4, n);
  __bang_sub(dst, dst, t4, n);
  __bang_mul(t3, t3, t5, n);
  __bang_sub(dst, dst, t3, n);
  __bang_mul(dst, dst, t0, n);
  __bang_sub(t2, dst, dst, n);
  __bang_eq_scalar(t2, t2, 0.0f, n);
{_mask("t2")}
  __bang_band((int *)dst, (int *)dst, (int *)t2, n);
  __bang_add(dst, t1, dst, n);
}}"""

_FMA: Final = f"""\
// dst = a * b + c, the product not rounded: 1 ulp
__mlu_func__ void xp_fma(float *dst, float *a, float *b, float *c, float *t0, float *t1, float *t2, float *t3,
                         float *t4, float *t5, int n) {{
{_split("a", "t0", "t1")}
{_split("b", "t2", "t3")}
  __bang_mul(t4, a, b, n);
  __bang_mul(dst, t0, t2, n);
  __bang_sub(dst, dst, t4, n);
  __bang_mul(t5, t0, t3, n);
  __bang_add(dst, dst, t5, n);
  __bang_mul(t5, t1, t2, n);
  __bang_add(dst, dst, t5, n);
  __bang_mul(t5, t1, t3, n);
  __bang_add(dst, dst, t5, n);
  __bang_add(t0, t4, c, n);
  __bang_sub(t1, t0, t4, n);
  __bang_sub(t2, t0, t1, n);
  __bang_sub(t2, t4, t2, n);
  __bang_sub(t1, c, t1, n);
  __bang_add(t1, t1, t2, n);
  __bang_add(dst, dst, t1, n);
  __bang_sub(t2, dst, dst, n);
  __bang_eq_scalar(t2, t2, 0.0f, n);
{_mask("t2")}
  __bang_band((int *)dst, (int *)dst, (int *)t2, n);
  __bang_add(dst, t0, dst, n);
}}"""

_MATMUL: Final = """\
// c[m][n] += a[m][k] * b[k][n] of halves, rows of c dense; `turned`: b's columns lie ldb apart, not its rows; n <= 64.
// Scratch of at least m * kp, 64 * kp, 64 * kp halves, as many in WRAM, and 2 * 64 * m floats; kp = k up to 32.
__mlu_func__ void xp_matmul_half(float *c, const half *a, int lda, mluMemcpyDirection_t way_a, const half *b, int ldb,
                                 mluMemcpyDirection_t way_b, int m, int n, int k, int turned, half *s, half *t,
                                 half *u, half *w, float *p) {
  const int kp = (k + 31) / 32 * 32;
  __bang_write_zero(s, m * kp);
  __memcpy(s, a, k * 2, way_a, kp * 2, lda * 2, m - 1);
  __bang_write_zero(u, 64 * kp);
  if (turned) {
    __memcpy(u, b, k * 2, way_b, kp * 2, ldb * 2, n - 1);
  } else {
    __bang_write_zero(t, 64 * kp);
    __memcpy(t, b, n * 2, way_b, 64 * 2, ldb * 2, k - 1);
    __bang_transpose(u, t, kp, 64);
  }
  __bang_reshape_filter(t, u, 64, 1, 1, kp);
  __memcpy(w, t, 64 * kp * 2, NRAM2WRAM);
  __bang_conv(p, s, w, kp, m, 1, 1, 1, 1, 1, 64);
  float *q = p + 64 * m;
  __memcpy(q, p, n * 4, NRAM2NRAM, n * 4, 64 * 4, m - 1);
  __bang_add(c, c, q, m * n);
}"""

_TANH: Final = f"""\
// dst = tanh(src), 4 ulp
__mlu_func__ void xp_tanh(float *dst, float *src, float *t0, float *t1, float *t2, float *t3, float *t4, int n) {{
  __bang_active_abs(t0, src, n);
  __bang_mul_scalar(t0, t0, 2.0f, n);
  xp_exp(dst, t0, t1, t2, t3, n);
  __bang_add_scalar(dst, dst, 1.0f, n);
  __bang_recip(dst, dst, n);
  __bang_mul_scalar(dst, dst, -2.0f, n);
  __bang_add_scalar(dst, dst, 1.0f, n);
  __bang_active_sign(t1, src, n);
  __bang_mul(dst, dst, t1, n);
  __bang_mul(t1, src, src, n);
{_horner("t2", "t1", _TANH_P)}
  __bang_mul(t2, t2, t1, n);
  __bang_mul(t2, t2, src, n);
  __bang_add(t2, t2, src, n);
  __bang_ge_scalar(t4, t0, 1.3f, n);
{_mask("t4")}
{_blend("dst", "t2", "t4")}
}}"""

_ERF: Final = f"""\
// dst = erf(src), 4 ulp
__mlu_func__ void xp_erf(float *dst, float *src, float *t0, float *t1, float *t2, float *t3, float *t4, int n) {{
  __bang_active_abs(t0, src, n);
  __bang_mineq_scalar(t0, t0, 4.2f, n);
  __bang_mul(t1, t0, t0, n);
  __bang_mul_scalar(t1, t1, -1.0f, n);
  xp_exp(dst, t1, t2, t3, t4, n);
  __bang_mul_scalar(t2, t0, 0.5f, n);
  __bang_add_scalar(t2, t2, 1.0f, n);
  __bang_recip(t2, t2, n);
{_horner("t3", "t2", _ERFC_Q)}
  __bang_mul(dst, dst, t3, n);
  __bang_mul_scalar(dst, dst, -1.0f, n);
  __bang_add_scalar(dst, dst, 1.0f, n);
  __bang_active_sign(t2, src, n);
  __bang_mul(dst, dst, t2, n);
  __bang_mul_scalar(t1, t1, -1.0f, n);
{_horner("t3", "t1", _ERF_P)}
  __bang_mul(t3, t3, src, n);
  __bang_ge_scalar(t4, t0, 1.0f, n);
{_mask("t4")}
{_blend("dst", "t3", "t4")}
  __bang_ne(t4, src, src, n);
{_mask("t4")}
  __bang_bor((int *)dst, (int *)dst, (int *)t4, n);
}}"""

COMPOSITES: Final[dict[str, Composite]] = {
    c.name: c
    for c in (
        Composite("xp_select", 3, 2, _SELECT),
        Composite("xp_exp", 1, 3, _EXP),
        Composite("xp_div", 2, 6, _DIV),
        Composite("xp_fma", 3, 6, _FMA),
        Composite("xp_matmul_half", 0, 0, _MATMUL),
        Composite("xp_iota", 0, 0, IOTA),
        Composite("xp_swap", 0, 0, SWAP),
        Composite("xp_reach", 0, 0, REACH),
        Composite("xp_below", 2, 2, BELOW),
        Composite("xp_shift_right", 0, 2, SHIFT),
        Composite("xp_bfloat162float", 1, 0, FROM_BFLOAT16),
        Composite("xp_float2bfloat16", 1, 2, TO_BFLOAT16),
        Composite("xp_tanh", 1, 5, _TANH, ("xp_exp",)),
        Composite("xp_erf", 1, 5, _ERF, ("xp_exp",)),
    )
}


def with_dependencies(names: frozenset[str] | set[str]) -> tuple[str, ...]:
    """The composites of `names` and those they call, callees first."""
    wanted = set(names)
    for name in names:
        wanted.update(COMPOSITES[name].calls)
    return tuple(name for name in COMPOSITES if name in wanted)
