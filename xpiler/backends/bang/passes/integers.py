"""Comparisons, extremes and shifts of 32-bit integers on vectors, exact for all values.

Float comparisons serve integers of up to 24 bits (`forms.in_float`); these sequences serve the others.
"""

from __future__ import annotations

from xpiler.backends.bang.composites import COMPOSITES
from xpiler.backends.bang.passes.conversions import convert
from xpiler.backends.bang.passes.emission import Emission
from xpiler.backends.bang.passes.operands import Slice
from xpiler.ir.build import const, i32
from xpiler.ir.nodes import Const, Expr
from xpiler.ir.types import F32, I32, U32

__all__ = ["compare", "constant_shift", "extreme", "shifted_left", "shifted_right"]

_SIGN = -(2**31)


def compare(em: Emission, op: str, x: Slice, y: Slice) -> Slice:
    """`x op y` as 1.0f or 0.0f."""
    if op in ("==", "!="):
        return _differ(em, op, x, y)
    first, second = (x, y) if op in ("<", ">=") else (y, x)
    found = _below(em, first, second)
    if op in (">=", "<="):
        em.emit("__bang_not", found, found)
    return found


def _differ(em: Emission, op: str, x: Slice, y: Slice) -> Slice:
    x, y = (convert(em, v, I32, None) if v.elem == U32 else v for v in (x, y))
    apart = em.destination(I32, None, x, y)
    em.emit("__bang_sub", apart, x, y)
    em.free(apart, x, y)
    found = convert(em, apart, F32, None)  # of an integer that is not zero never zero
    em.emit(f"__bang_{'eq' if op == '==' else 'ne'}_scalar", found, found, const(0.0, F32))
    return found


def _below(em: Emission, x: Slice, y: Slice) -> Slice:
    if x.elem == U32:  # the order of the signed numbers whose highest bits are the other way round
        x, y = _flipped(em, x), _flipped(em, y)
    found = em.temporary(F32)
    scratch = tuple(em.temporary(I32) for _ in range(COMPOSITES["xp_below"].scratch))
    em.emit("xp_below", found, x, y, *scratch)
    em.free(found, x, y, *scratch)
    return found


def extreme(em: Emission, which: str, x: Slice, y: Slice) -> Slice:
    """The larger or smaller of two integers; `which` is max or min. The operands are released."""
    keep = compare(em, ">" if which == "max" else "<", x.kept(), y.kept())
    return em.blend(keep, x, y, None)


def shifted_left(em: Emission, x: Slice, k: int, target: Slice | None) -> Slice:
    """`x << k`, 0 <= k < 32."""
    dst = em.destination(x.elem, target, x)
    factor = 1 << k if x.elem == U32 or k < 31 else _SIGN
    em.emit("__bang_mul_scalar", dst, x, const(factor, x.elem))
    em.free(dst, x)
    return dst


def shifted_right(em: Emission, x: Slice, k: int, target: Slice | None) -> Slice:
    """`x >> k`, 0 < k < 32: of a signed number with its sign."""
    elem = x.elem
    source = x if elem == U32 else _flipped(em, x)
    apart = target is not None and target.elem == elem and target.buffer != source.buffer
    dst = target if target is not None and apart else em.temporary(elem)
    scratch = tuple(em.temporary(I32) for _ in range(COMPOSITES["xp_shift_right"].scratch))
    em.emit("xp_shift_right", dst, source, i32(k), *scratch)
    em.free(dst, source, *scratch)
    if elem == I32:
        em.emit("__bang_add_scalar", dst, dst, i32(-(1 << (31 - k))))
    return dst


def _flipped(em: Emission, x: Slice) -> Slice:
    """`x` with its highest bit the other way round."""
    dst = em.destination(x.elem, None, x)
    em.emit("__bang_add_scalar", dst, x, const(_SIGN if x.elem == I32 else -_SIGN, x.elem))
    em.free(dst, x)
    return dst


def constant_shift(amount: Expr) -> int | None:
    """The literal by which a shift moves, None if it is none."""
    if isinstance(amount, Const) and 0 <= int(amount.value) < 32:
        return int(amount.value)
    return None
