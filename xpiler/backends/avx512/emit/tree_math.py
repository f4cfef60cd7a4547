"""Trees over the values of many threads as C functions: block reductions in shared memory, sums across a warp.

Each takes the pairs of the source in the source's order, so that floats round as they do there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xpiler.records import dataclass

__all__ = ["TREES", "fold_name", "warp_name"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A register of one element type: C types, how many lanes, the type of the indices of a permutation."""

    suffix: str
    register: str
    pointer: str
    lanes: int
    index: str
    operations: Mapping[str, str]

    def permuted(self, index: str, value: str) -> str:
        return f"_mm512_permutexvar_{self.suffix}({index}, {value})"

    @property
    def parameter(self) -> str:
        """Signed and unsigned integers share a function."""
        return "void *at" if self.pointer.startswith("int") else f"{self.pointer} *p"

    @property
    def opening(self) -> tuple[str, ...]:
        if self.pointer.startswith("int"):
            return (f"{self.pointer} *const p = ({self.pointer} *)at;",)
        return ()


_FLOATS: Final = {
    op: f"{'xp' if op.startswith('f') else '_mm512'}_{op}" for op in ("add", "mul", "fmin", "fmax")
}
_KINDS: Final = (
    _Kind(
        "ps", "__m512", "float", 16, "epi32", {op: f"{f}_ps" for op, f in _FLOATS.items()}
    ),
    _Kind(
        "pd", "__m512d", "double", 8, "epi64", {op: f"{f}_pd" for op, f in _FLOATS.items()}
    ),
    _Kind(
        "epi32",
        "__m512i",
        "int32_t",
        16,
        "epi32",
        {
            "add": "_mm512_add_epi32",
            "min": "_mm512_min_epi32",
            "max": "_mm512_max_epi32",
            "umin": "_mm512_min_epu32",
            "umax": "_mm512_max_epu32",
        },
    ),
)  # fmt: skip


def fold_name(op: str, suffix: str) -> str:
    """`p[t] = p[t] op p[t + s]` for all t < s, then with s / 2, ... 1."""
    return f"xp_fold_{op}_{suffix}"


def warp_name(form: str, op: str, suffix: str) -> str:
    """`v = v op shuffled(v, s)` for the 32 lanes of a warp, then with s / 2, ... 1; `form` is `xor` or `down`."""
    return f"xp_warp_{form}_{op}_{suffix}"


def _function(head: str, lines: tuple[str, ...]) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"static inline {head} {{\n{body}}}\n"


def _fold(kind: _Kind, op: str, operation: str) -> str:
    k, n = kind, kind.lanes
    load, store = f"_mm512_loadu_{k.suffix}", f"_mm512_storeu_{k.suffix}"
    masked = f"_mm512_maskz_loadu_{k.suffix}"
    first = f"xp_first_{n}"
    return _function(
        f"void {fold_name(op, k.suffix)}({k.parameter}, int32_t s)",
        (
            "/* the tree of a block: p[t] and p[t + s] come together for all t < s, then s is halved */",
            *k.opening,
            f"for (; s > {n // 2}; s /= 2) {{",
            "  int32_t t = 0;",
            f"  for (; t + {n} <= s; t += {n}) {{",
            f"    {store}(&p[t], {operation}({load}(&p[t]), {load}(&p[t + s])));",
            "  }",
            f"  const __mmask{n} rest = (__mmask{n}){first}(s - t);",
            "  if (rest) {",
            f"    _mm512_mask_storeu_{k.suffix}(&p[t], rest, {operation}({masked}(rest, &p[t]),",
            f"        {masked}(rest, &p[t + s])));",
            "  }",
            "}",
            "/* what is left is one register */",
            f"const __mmask{n} used = (__mmask{n}){first}(2 * s);",
            f"{k.register} v = {masked}(used, p);",
            "for (; s > 0; s /= 2) {",
            f"  const {k.register} other = {k.permuted(f'xp_ramp_{k.index}(s, 1)', 'v')};",
            f"  v = _mm512_mask_mov_{k.suffix}(v, (__mmask{n}){first}(s), {operation}(v, other));",
            "}",
            f"_mm512_mask_storeu_{k.suffix}(p, used, v);",
        ),
    )


def _warp(kind: _Kind, form: str, op: str, operation: str) -> str:
    """Of a warp's 32 lanes, in two registers."""
    k = kind
    if form == "xor":
        note = "/* every lane with lane ^ s, then s is halved: all lanes end with the whole */"
        steps: tuple[str, ...] = (
            "  const __m512i other = _mm512_xor_epi32(xp_ramp_epi32(0, 1), _mm512_set1_epi32(s & 15));",
            f"  const {k.register} low = {k.permuted('other', 's & 16 ? b : a')};",
            f"  const {k.register} high = {k.permuted('other', 's & 16 ? a : b')};",
        )
    else:
        note = "/* every lane with lane + s where there is one, then s is halved: lane 0 ends with the whole */"
        steps = (
            "  const __m512i other = xp_ramp_epi32(s, 1);",
            f"  const {k.register} low = _mm512_permutex2var_{k.suffix}(a, other, b);",
            f"  const {k.register} high = _mm512_mask_mov_{k.suffix}(b, xp_first_16(16 - s),",
            f"      {k.permuted('other', 'b')});",
        )
    return _function(
        f"void {warp_name(form, op, k.suffix)}({k.parameter}, int32_t s)",
        (
            note,
            *k.opening,
            f"{k.register} a = _mm512_loadu_{k.suffix}(p), b = _mm512_loadu_{k.suffix}(p + 16);",
            "for (; s > 0; s /= 2) {",
            *steps,
            f"  a = {operation}(a, low);",
            f"  b = {operation}(b, high);",
            "}",
            f"_mm512_storeu_{k.suffix}(p, a);",
            f"_mm512_storeu_{k.suffix}(p + 16, b);",
        ),
    )


def _trees() -> dict[str, str]:
    table: dict[str, str] = {}
    for kind in _KINDS:
        for op, operation in kind.operations.items():
            table[fold_name(op, kind.suffix)] = _fold(kind, op, operation)
            for form in ("xor", "down") if kind.lanes == 16 else ():
                table[warp_name(form, op, kind.suffix)] = _warp(kind, form, op, operation)
    return table


TREES: Final[dict[str, str]] = _trees()
