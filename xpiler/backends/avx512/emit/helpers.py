"""Small C functions that an emitted file may need; only those that it uses are printed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from xpiler.backends.avx512.emit.vector_math import VECTOR_MATH

__all__ = ["headers", "needed"]

_INT: Final = {"i32": ("int32_t", "uint32_t", 32), "i64": ("int64_t", "uint64_t", 64),
               "u32": ("uint32_t", "uint32_t", 32), "u64": ("uint64_t", "uint64_t", 64)}  # fmt: skip


def _f(head: str, *lines: str) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"static inline {head} {{\n{body}}}\n"


def _integers() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, (c, u, bits) in _INT.items():
        ll = "ll" if bits == 64 else ""
        wide = "__int128" if bits == 64 else "int64_t"
        if c[0] == "u":
            wide = "unsigned __int128" if bits == 64 else "uint64_t"
        table[f"xp_min_{name}"] = _f(f"{c} xp_min_{name}({c} a, {c} b)", "return a < b ? a : b;")
        table[f"xp_max_{name}"] = _f(f"{c} xp_max_{name}({c} a, {c} b)", "return a > b ? a : b;")
        negate = f"return a < 0 ? ({c})(0 - ({u})a) : a;" if c[0] == "i" else "return a;"
        table[f"xp_abs_{name}"] = _f(f"{c} xp_abs_{name}({c} a)", negate)
        table[f"xp_popc_{name}"] = _f(
            f"int32_t xp_popc_{name}({c} a)", f"return __builtin_popcount{ll}(({u})a);"
        )
        table[f"xp_clz_{name}"] = _f(
            f"int32_t xp_clz_{name}({c} a)", f"return a ? __builtin_clz{ll}(({u})a) : {bits};"
        )
        table[f"xp_ffs_{name}"] = _f(
            f"int32_t xp_ffs_{name}({c} a)", f"return __builtin_ffs{ll}((int{bits}_t)a);"
        )
        table[f"xp_mulhi_{name}"] = _f(
            f"{c} xp_mulhi_{name}({c} a, {c} b)", f"return ({c})((({wide})a * b) >> {bits});"
        )
        table[f"xp_brev_{name}"] = _f(
            f"{c} xp_brev_{name}({c} a)",
            f"{u} r = 0;",
            f"for (int i = 0; i < {bits}; ++i) r |= ((({u})a >> i) & 1u) << ({bits - 1} - i);",
            f"return ({c})r;",
        )
    return table


def _bits() -> dict[str, str]:
    pairs = {
        "xp_bits_i32": ("int32_t", "float"), "xp_bits_u32": ("uint32_t", "float"),
        "xp_bits_i64": ("int64_t", "double"), "xp_bits_u64": ("uint64_t", "double"),
        "xp_from_bits_f32": ("float", "uint32_t"), "xp_from_bits_f64": ("double", "uint64_t"),
    }  # fmt: skip
    table = {
        name: _f(f"{to} {name}({of} a)", f"{to} r;", "memcpy(&r, &a, sizeof r);", "return r;")
        for name, (to, of) in pairs.items()
    }
    table["xp_from_bits_f16"] = _f(
        "float xp_from_bits_f16(uint16_t a)", "return xp_half_to_float(a);"
    )
    return table


_NARROW: Final = {
    "xp_half_to_float": _f("float xp_half_to_float(uint16_t a)", "return _cvtsh_ss(a);"),
    "xp_float_to_half": _f(
        "uint16_t xp_float_to_half(float a)", "return _cvtss_sh(a, _MM_FROUND_TO_NEAREST_INT);"
    ),
    "xp_f16": _f("float xp_f16(float a)", "return xp_half_to_float(xp_float_to_half(a));"),
    "xp_bf16_to_float": _f(
        "float xp_bf16_to_float(uint16_t a)", "return xp_from_bits_f32((uint32_t)a << 16);"
    ),
    "xp_float_to_bf16": _f(
        "uint16_t xp_float_to_bf16(float a)",
        "const uint32_t bits = xp_bits_u32(a);",
        "if (a != a) return (uint16_t)(bits >> 16 | 0x40u);",
        "return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);",
    ),
    "xp_bf16": _f("float xp_bf16(float a)", "return xp_bf16_to_float(xp_float_to_bf16(a));"),
    # rounding to odd first makes the second rounding exact
    "xp_odd": _f(
        "float xp_odd(double a)",
        "const float near = (float)a;",
        "uint32_t bits = xp_bits_u32(near);",
        "if ((double)near == a || a != a || fabs(a) > 1e38) return near;",
        "if (fabs((double)near) > fabs(a)) bits -= 1u;",
        "return xp_from_bits_f32(bits | 1u);",
    ),
    "xp_f16_from_double": _f("float xp_f16_from_double(double a)", "return xp_f16(xp_odd(a));"),
    "xp_bf16_from_double": _f("float xp_bf16_from_double(double a)", "return xp_bf16(xp_odd(a));"),
    "xp_fma_f16": _f(
        "float xp_fma_f16(float a, float b, float c)",
        "return xp_f16_from_double((double)a * (double)b + (double)c);",
    ),
    "xp_fma_bf16": _f(
        "float xp_fma_bf16(float a, float b, float c)",
        "return xp_bf16_from_double((double)a * (double)b + (double)c);",
    ),
}

_MATH: Final = {
    "xp_rsqrtf": _f("float xp_rsqrtf(float a)", "return 1.0f / sqrtf(a);"),
    "xp_rsqrt": _f("double xp_rsqrt(double a)", "return 1.0 / sqrt(a);"),
    "xp_exp10f": _f("float xp_exp10f(float a)", "return (float)pow(10.0, (double)a);"),
    "xp_exp10": _f("double xp_exp10(double a)", "return pow(10.0, a);"),
    "xp_sinpi": _f(
        "double xp_sinpi(double a)",
        "const double r = fmod(a, 2.0);  /* exact */",
        "const double q = fabs(r);",
        "if (q == 0.0 || q == 1.0) return copysign(0.0, a);",
        "if (q <= 0.25) return sin(r * 3.141592653589793);",
        "if (q <= 0.75) return copysign(cos((q - 0.5) * 3.141592653589793), r);",
        "if (q <= 1.25) return -copysign(sin((q - 1.0) * 3.141592653589793), r * (q - 1.0));",
        "if (q <= 1.75) return -copysign(cos((q - 1.5) * 3.141592653589793), r);",
        "return copysign(1.0, r) * sin((q - 2.0) * 3.141592653589793);",
    ),
    "xp_sinpif": _f("float xp_sinpif(float a)", "return (float)xp_sinpi((double)a);"),
    "xp_cospi": _f(
        "double xp_cospi(double a)",
        "const double q = fabs(fmod(a, 2.0));",
        "if (q == 0.5 || q == 1.5) return 0.0;",
        "return q <= 0.25 || q >= 1.75 ? cos(q * 3.141592653589793) : xp_sinpi(q + 0.5);",
    ),
    "xp_cospif": _f("float xp_cospif(float a)", "return (float)xp_cospi((double)a);"),
    "xp_normcdf": _f("double xp_normcdf(double a)", "return 0.5 * erfc(a * -0.7071067811865476);"),
    "xp_normcdff": _f("float xp_normcdff(float a)", "return (float)xp_normcdf((double)a);"),
}

_WORDS: Final = {
    "xp_byte_perm": _f(
        "uint32_t xp_byte_perm(uint32_t a, uint32_t b, uint32_t s)",
        "const uint64_t bytes = (uint64_t)b << 32 | a;",
        "uint32_t r = 0;",
        "for (int i = 0; i < 4; ++i) {",
        "  const uint32_t pick = s >> (4 * i);",
        "  uint32_t byte = (uint32_t)(bytes >> (8u * (pick & 7u))) & 0xffu;",
        "  if (pick & 8u) byte = byte & 0x80u ? 0xffu : 0u;",
        "  r |= byte << (8 * i);",
        "}",
        "return r;",
    ),
    "xp_funnel_l": _f(
        "uint32_t xp_funnel_l(uint32_t lo, uint32_t hi, uint32_t n)",
        "return (uint32_t)((((uint64_t)hi << 32 | lo) << (n & 31u)) >> 32);",
    ),
    "xp_funnel_r": _f(
        "uint32_t xp_funnel_r(uint32_t lo, uint32_t hi, uint32_t n)",
        "return (uint32_t)(((uint64_t)hi << 32 | lo) >> (n & 31u));",
    ),
    "xp_dp4a": _f(
        "int32_t xp_dp4a(int32_t a, int32_t b, int32_t c)",
        "uint32_t sum = (uint32_t)c;",
        "for (int i = 0; i < 32; i += 8)",
        "  sum += (uint32_t)((int8_t)((uint32_t)a >> i) * (int8_t)((uint32_t)b >> i));",
        "return (int32_t)sum;",
    ),
    "xp_dp4a_u": _f(
        "uint32_t xp_dp4a_u(uint32_t a, uint32_t b, uint32_t c)",
        "for (int i = 0; i < 32; i += 8) c += ((a >> i) & 0xffu) * ((b >> i) & 0xffu);",
        "return c;",
    ),
}

_ATOMIC_TYPES: Final = {
    "i32": "int32_t", "u32": "uint32_t", "i64": "int64_t", "u64": "uint64_t",
    "f32": "float", "f64": "double",
}  # fmt: skip
_COMBINE: Final = {
    "add": "old + v", "sub": "old - v", "min": "v < old ? v : old", "max": "v > old ? v : old",
    "inc": "old >= v ? 0 : old + 1", "dec": "old == 0 || old > v ? v : old - 1",
    "exch": "v",
}  # fmt: skip


def _atomics() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, c in _ATOMIC_TYPES.items():
        for op, combine in _COMBINE.items():
            table[f"xp_atomic_{op}_{name}"] = _f(
                f"{c} xp_atomic_{op}_{name}({c} *p, {c} v)",
                f"{c} old, next;",
                "__atomic_load(p, &old, __ATOMIC_RELAXED);",
                "do {",
                f"  next = {combine};",
                "} while (!__atomic_compare_exchange(p, &old, &next, 1, __ATOMIC_RELAXED,",
                "                                    __ATOMIC_RELAXED));",
                "return old;",
            )
        table[f"xp_atomic_cas_{name}"] = _f(
            f"{c} xp_atomic_cas_{name}({c} *p, {c} expected, {c} v)",
            "__atomic_compare_exchange(p, &expected, &v, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);",
            "return expected;",
        )
    for name, kind in (("f16", "half"), ("bf16", "bf16")):
        widen = "xp_half_to_float" if name == "f16" else "xp_bf16_to_float"
        table[f"xp_atomic_add_{name}"] = _f(
            f"float xp_atomic_add_{name}(uint16_t *p, float v)",
            "uint16_t old = __atomic_load_n(p, __ATOMIC_RELAXED), next;",
            "do {",
            f"  next = xp_float_to_{kind}({widen}(old) + v);",
            "} while (!__atomic_compare_exchange_n(p, &old, next, 1, __ATOMIC_RELAXED,",
            "                                      __ATOMIC_RELAXED));",
            f"return {widen}(old);",
        )
    return table


_HELPERS: Final[dict[str, str]] = {
    **_integers(), **_bits(), **_NARROW, **_MATH, **_WORDS, **_atomics(), **VECTOR_MATH,
}  # fmt: skip


def needed(text: str) -> dict[str, str]:
    """The helpers that `text` calls and those that they call by name, callees first."""
    order: list[str] = []

    def visit(used: Iterable[str]) -> None:
        for name in used:
            if name in _HELPERS and name not in order:
                visit(n for n in re.findall(r"\bxp_\w+", _HELPERS[name]) if n != name)
                order.append(name)

    visit(re.findall(r"\bxp_\w+", text))
    return {name: _HELPERS[name] for name in order}


_HEADERS: Final = (
    ("immintrin.h", r"\b_mm\d*_|\b_cvt|\b__m(?:128|256|512|mask)|\b_k\w+_mask"),
    ("math.h", r"\b(?:NAN|INFINITY|[a-z0-9]+f?)\("),
    ("string.h", r"\bmem(?:cpy|set)\("),
)
_MATH_NAMES: Final = re.compile(
    r"\b(?:NAN|INFINITY)\b|\b(?:sqrt|cbrt|exp|exp2|expm1|log|log2|log10|log1p|sin|cos|tan|asin|acos|atan|sinh"
    r"|cosh|tanh|asinh|acosh|atanh|erf|erfc|lgamma|tgamma|floor|ceil|trunc|round|rint|fabs|pow|fmod"
    r"|remainder|atan2|hypot|copysign|fmin|fmax|fdim|fma|ldexp)f?\("
)


def headers(text: str, c: bool) -> tuple[str, ...]:
    """The standard headers that `text` needs; `c` for a file that is C."""
    found = ["stdint.h", "stddef.h"]
    if c and re.search(r"\b(?:bool|true|false)\b", text):
        found.append("stdbool.h")
    if re.search(_HEADERS[0][1], text):
        found.append("immintrin.h")
    if _MATH_NAMES.search(text):
        found.append("math.h")
    if re.search(_HEADERS[2][1], text):
        found.append("string.h")
    return tuple(found)
