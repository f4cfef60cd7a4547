"""Loads of every second, third or fourth element as C functions: whole registers and a permutation, no gather."""

from __future__ import annotations

from typing import Final

__all__ = ["STRIDED", "strided_name"]

_LANES: Final = 16


def strided_name(stride: int, suffix: str) -> str:
    """`p[0], p[stride], p[2 * stride], ...` in the lanes that are on."""
    return f"xp_every_{stride}_{suffix}"


def _starts(stride: int) -> list[int]:
    """Where the registers begin that together hold all lanes' elements and no element behind the last one."""
    last = (_LANES - 1) * stride
    return [*range(0, last - _LANES + 1, _LANES), last - _LANES + 1]


def _sources(stride: int) -> list[tuple[int, int]]:
    """(register, element in it) of each lane: the first register that has it."""
    starts = _starts(stride)
    return [
        next(
            (r, lane * stride - s) for r, s in enumerate(starts) if 0 <= lane * stride - s < _LANES
        )
        for lane in range(_LANES)
    ]


def _index(stride: int, first: int) -> str:
    """The index of a permutation of the registers `first` and `first + 1`."""
    places = [
        (r - first) * _LANES + e if r in (first, first + 1) else 0 for r, e in _sources(stride)
    ]
    return f"_mm512_setr_epi32({', '.join(map(str, places))})"


def _function(stride: int, suffix: str, register: str, pointer: str) -> str:
    zero = "_mm512_setzero_ps()" if suffix == "ps" else "_mm512_set1_epi32(0)"
    loads = [
        f"const {register} r{n} = _mm512_loadu_{suffix}(p + {start});"
        for n, start in enumerate(_starts(stride))
    ]
    pairs = range(0, len(loads), 2)
    lines = [
        f"const {pointer} *const p = (const {pointer} *)at;",
        "if (on != 0xffffu) {",
        f"  return _mm512_mask_i32gather_{suffix}({zero}, on, xp_ramp_epi32(0, {stride}), p, 4);",
        "}",
        *loads,
    ]
    made = []
    for first in pairs:
        lines.append(f"const __m512i i{first} = {_index(stride, first)};")
        if first + 1 < len(loads):
            made.append(f"_mm512_permutex2var_{suffix}(r{first}, i{first}, r{first + 1})")
        else:
            made.append(f"_mm512_permutexvar_{suffix}(i{first}, r{first})")
    if len(made) == 1:
        lines.append(f"return {made[0]};")
    else:
        upper = sum(1 << lane for lane, (r, _) in enumerate(_sources(stride)) if r >= 2)
        lines.append(f"return _mm512_mask_mov_{suffix}({made[0]}, {upper:#x}, {made[1]});")
    body = "".join(f"  {line}\n" for line in lines)
    head = f"{register} {strided_name(stride, suffix)}(const void *at, __mmask16 on)"
    return f"static inline {head} {{\n{body}}}\n"


STRIDED: Final[dict[str, str]] = {
    strided_name(stride, suffix): _function(stride, suffix, register, pointer)
    for stride in (2, 3, 4)
    for suffix, register, pointer in (("ps", "__m512", "float"), ("epi32", "__m512i", "int32_t"))
}
