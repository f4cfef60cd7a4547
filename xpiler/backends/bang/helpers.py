"""Scalar functions of the IR in BANG C: C's own by name, and small device functions for the rest."""

from __future__ import annotations

from typing import Final

__all__ = ["C_FUNCTIONS", "HELPERS"]

C_FUNCTIONS: Final[dict[str, str]] = {
    **{
        name: f"{name}f"
        for name in (
            "sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin",
            "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "tgamma",
            "floor", "ceil", "trunc", "round", "rint", "pow", "fmod", "remainder", "atan2", "hypot", "copysign",
            "fmin", "fmax", "fdim", "fma",
        )
    },
    "fabs": "fabsf",
}  # fmt: skip

_F = "__mlu_func__"

HELPERS: Final[dict[str, str]] = {
    "rsqrt": f"{_F} float xp_rsqrt(float x) {{ return 1.0f / sqrtf(x); }}",
    "exp10": f"{_F} float xp_exp10(float x) {{ return powf(10.0f, x); }}",
    "sinpi": f"{_F} float xp_sinpi(float x) {{\n"
    "  float r = fmodf(x, 2.0f);\n"
    "  return fabsf(r) == 1.0f || r == 0.0f ? 0.0f : sinf(3.14159265358979f * r);\n}",
    "cospi": f"{_F} float xp_cospi(float x) {{\n"
    "  float r = fabsf(fmodf(x, 2.0f));\n"
    "  return r == 0.5f || r == 1.5f ? 0.0f : cosf(3.14159265358979f * r);\n}",
    "normcdf": f"{_F} float xp_normcdf(float x) {{ return 0.5f * erfcf(-0.707106781186547524f * x); }}",
    "isnan": f"{_F} bool xp_isnan(float x) {{ return x != x; }}",
    "isinf": f"{_F} bool xp_isinf(float x) {{ return fabsf(x) == INFINITY; }}",
    "isfinite": f"{_F} bool xp_isfinite(float x) {{ return fabsf(x) < INFINITY; }}",
    "signbit": f"{_F} bool xp_signbit(float x) {{\n"
    "  unsigned int u;\n  __builtin_memcpy(&u, &x, 4);\n  return u >> 31;\n}",
    "min": f"template <class T>\n{_F} T xp_min(T a, T b) {{ return b < a ? b : a; }}",
    "max": f"template <class T>\n{_F} T xp_max(T a, T b) {{ return a < b ? b : a; }}",
    "abs": f"template <class T>\n{_F} T xp_abs(T a) {{ return a < 0 ? -a : a; }}",
    "popc": f"template <class T>\n{_F} int xp_popc(T a) {{\n"
    "  int n = 0;\n  for (; a != 0; a &= a - 1) ++n;\n  return n;\n}",
    "clz": f"template <class T>\n{_F} int xp_clz(T a) {{\n"
    "  int n = 0;\n  unsigned long long u = (unsigned long long)a << (64 - 8 * sizeof(T));\n"
    "  for (; n < (int)(8 * sizeof(T)) && !(u >> 63); u <<= 1) ++n;\n  return n;\n}",
    "ffs": f"template <class T>\n{_F} int xp_ffs(T a) {{\n"
    "  int n = 1;\n  if (a == 0) return 0;\n"
    "  for (unsigned long long u = a; !(u & 1); u >>= 1) ++n;\n  return n;\n}",
    "brev": f"template <class T>\n{_F} T xp_brev(T a) {{\n"
    "  T r = 0;\n  for (unsigned i = 0; i < 8 * sizeof(T); ++i, a >>= 1) r = (T)(r << 1) | (a & 1);\n"
    "  return r;\n}",
    "mulhi": f"{_F} int xp_mulhi(int a, int b) {{ return (int)((long long)a * b >> 32); }}\n"
    f"{_F} unsigned int xp_mulhi(unsigned int a, unsigned int b) {{\n"
    "  return (unsigned int)((unsigned long long)a * b >> 32);\n}\n"
    f"{_F} unsigned long long xp_mulhi(unsigned long long a, unsigned long long b) {{\n"
    "  const unsigned long long al = a & 0xffffffffull, ah = a >> 32, bl = b & 0xffffffffull, bh = b >> 32;\n"
    "  const unsigned long long middle = ah * bl + (al * bl >> 32), low = al * bh + (middle & 0xffffffffull);\n"
    "  return ah * bh + (middle >> 32) + (low >> 32);\n}\n"
    f"{_F} long long xp_mulhi(long long a, long long b) {{\n"
    "  unsigned long long high = xp_mulhi((unsigned long long)a, (unsigned long long)b);\n"
    "  if (a < 0) high -= (unsigned long long)b;\n  if (b < 0) high -= (unsigned long long)a;\n"
    "  return (long long)high;\n}",
    "byte_perm": f"{_F} unsigned int xp_byte_perm(unsigned int a, unsigned int b, unsigned int s) {{\n"
    "  unsigned long long v = (unsigned long long)b << 32 | a;\n  unsigned int r = 0;\n"
    "  for (int i = 0; i < 4; ++i) {\n    unsigned int k = s >> (4 * i);\n"
    "    unsigned int x = (unsigned int)(v >> (8 * (k & 7))) & 255u;\n"
    "    if (k & 8) x = x & 128u ? 255u : 0u;\n    r |= x << (8 * i);\n  }\n  return r;\n}",
    "funnel_l": f"{_F} unsigned int xp_funnel_l(unsigned int lo, unsigned int hi, unsigned int n) {{\n"
    "  return (unsigned int)((((unsigned long long)hi << 32 | lo) << (n & 31)) >> 32);\n}",
    "funnel_r": f"{_F} unsigned int xp_funnel_r(unsigned int lo, unsigned int hi, unsigned int n) {{\n"
    "  return (unsigned int)(((unsigned long long)hi << 32 | lo) >> (n & 31));\n}",
    "dp4a": f"{_F} int xp_dp4a(int a, int b, int c) {{\n"
    "  for (int i = 0; i < 32; i += 8) c += (int)(signed char)(a >> i) * (int)(signed char)(b >> i);\n"
    "  return c;\n}",
    "dp4a_u": f"{_F} unsigned int xp_dp4a_u(unsigned int a, unsigned int b, unsigned int c) {{\n"
    "  for (int i = 0; i < 32; i += 8) c += (a >> i & 255u) * (b >> i & 255u);\n  return c;\n}",
    **{
        f"bits_{t}": f"{_F} {c} xp_bits_{t}({f} x) {{\n"
        f"  {c} u;\n  __builtin_memcpy(&u, &x, sizeof u);\n  return u;\n}}"
        for t, c, f in (
            ("i32", "int", "float"),
            ("u32", "unsigned int", "float"),
            ("u16", "unsigned short", "half"),
        )
    },
    **{
        f"from_bits_{t}": f"{_F} {f} xp_from_bits_{t}({c} u) {{\n"
        f"  {f} x;\n  __builtin_memcpy(&x, &u, sizeof x);\n  return x;\n}}"
        for t, c, f in (("f32", "unsigned int", "float"), ("f16", "unsigned short", "half"))
    },
}
