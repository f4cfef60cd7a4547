"""Element types of vectors: which chains of instructions convert one into another, exactly as C does.

Bytes and 16-bit words have no arithmetic of their own on mtp_372. A strided copy on the chip takes the low bytes of
each 32-bit word, or puts them there over zeros, so they widen and narrow exactly as C's integers do.
"""

from __future__ import annotations

from typing import Final, Literal

from xpiler.backends.bang.composites import COMPOSITES
from xpiler.backends.bang.passes.emission import Emission
from xpiler.backends.bang.passes.operands import Slice
from xpiler.ir.build import i32
from xpiler.ir.nodes import Binary, Call, Const
from xpiler.ir.types import BF16, BOOL, F16, F32, I8, I16, I32, U8, U16, U32, Scalar

__all__ = ["convert", "convertible", "wide"]

_How = Literal["plain", "scaled", "widen", "narrow", "bits", "words"]
_Step = tuple[_How, str, Scalar]

_TO_INT: Final[_Step] = ("scaled", "__bang_float2int_tz", I32)
_TO_FLOAT: Final[_Step] = ("scaled", "__bang_int2float", F32)
_FROM_HALF: Final[_Step] = ("plain", "__bang_half2float", F32)
_TO_HALF: Final[_Step] = ("plain", "__bang_float2half_rn", F16)
_FROM_BYTE: Final[_Step] = ("scaled", "__bang_int82float", F32)
_FROM_SHORT: Final[_Step] = ("scaled", "__bang_int162float", F32)
_ZEROS: Final[_Step] = ("widen", "", I32)
_FROM_BFLOAT: Final[_Step] = ("words", "bfloat162float", F32)
_TO_BFLOAT: Final[_Step] = ("words", "float2bfloat16", BF16)
_BFLOAT_INSTRUCTIONS: Final = {
    "bfloat162float": "__bang_bfloat162float",
    "float2bfloat16": "__bang_float2bfloat16_rn",
}
_BFLOAT_ARCH: Final = 592  # the first with instructions for them


def _low(elem: Scalar) -> _Step:
    return ("narrow", "", elem)


_CHAINS: Final[dict[tuple[Scalar, Scalar], tuple[_Step, ...]]] = {
    (F16, F32): (_FROM_HALF,),
    (F32, F16): (_TO_HALF,),
    (F32, I32): (_TO_INT,),
    (I32, F32): (_TO_FLOAT,),
    (F16, I32): (_FROM_HALF, _TO_INT),
    (BF16, F32): (_FROM_BFLOAT,),
    (F32, BF16): (_TO_BFLOAT,),
    (BF16, I32): (_FROM_BFLOAT, _TO_INT),
    (BF16, F16): (_FROM_BFLOAT, _TO_HALF),
    (F16, BF16): (_FROM_HALF, _TO_BFLOAT),
    (U32, I32): (("bits", "", I32),),
    (I32, U32): (("bits", "", U32),),
    (I8, F32): (_FROM_BYTE,),
    (I8, I32): (_FROM_BYTE, _TO_INT),
    (I8, F16): (_FROM_BYTE, _TO_HALF),
    (I16, F32): (_FROM_SHORT,),
    (I16, I32): (_FROM_SHORT, _TO_INT),
    (U8, I32): (_ZEROS,),
    (U8, F32): (_ZEROS, _TO_FLOAT),
    (U8, F16): (_ZEROS, _TO_FLOAT, _TO_HALF),
    (U16, I32): (_ZEROS,),
    (U16, F32): (_ZEROS, _TO_FLOAT),
    **{(I32, small): (_low(small),) for small in (I8, U8, I16, U16)},
    **{(U32, small): (_low(small),) for small in (I8, U8, I16, U16)},
    **{(F32, small): (_TO_INT, _low(small)) for small in (I8, U8, I16, U16, BOOL)},
    (BOOL, F32): (_ZEROS, _TO_FLOAT),
}
"""Of stored elements. A stored bool is a byte; a bool value is 1.0f or 0.0f (`Vectorizer._condition`)."""


def wide(elem: Scalar) -> Scalar | None:
    """The 32-bit type in which values of `elem` are chosen between; None if there is none."""
    if elem.size == 4:
        return elem
    if elem in (F16, BF16, BOOL):
        return F32
    return I32 if elem in (I8, U8, I16, U16) else None


def convertible(source: Scalar, to: Scalar) -> bool:
    """Whether vectors of `source` become vectors of `to` by instructions."""
    return (source, to) in _CHAINS


def convert(emission: Emission, value: Slice, to: Scalar, target: Slice | None) -> Slice:
    """`value` as elements of `to`, in `target` if that has the type; `convertible` says when."""
    for how, name, elem in _CHAINS[value.elem, to]:
        fits = target is not None and target.elem == elem
        dst = target if target is not None and fits else emission.temporary(elem)
        match how:
            case "plain":
                emission.emit(name, dst, value)
            case "scaled":
                emission.emit(name, dst, value, extra=(i32(0),))
            case "widen":
                emission.emit("__bang_write_value", dst, i32(0))
                _low_bytes(emission, dst, value, value.elem.size)
            case "narrow":
                _low_bytes(emission, dst, value, elem.size)
            case "bits":
                emission.move(dst, value)
            case "words":
                _bfloat(emission, name, dst, value)
        emission.free(dst, value)
        value = dst
    return value


def _bfloat(emission: Emission, name: str, dst: Slice, source: Slice) -> None:
    """Between bfloat16 and float: one instruction where there is one."""
    if emission.arch >= _BFLOAT_ARCH:
        emission.emit(_BFLOAT_INSTRUCTIONS[name], dst, source)
        return
    composite = COMPOSITES[f"xp_{name}"]
    scratch = tuple(emission.temporary(F32) for _ in range(composite.scratch))
    emission.emit(composite.name, dst, source, *scratch)
    emission.free(dst, *scratch)


def _low_bytes(emission: Emission, dst: Slice, source: Slice, size: int) -> None:
    """Copy the first `size` bytes of each element; elements are stored low byte first."""
    count = emission.count
    last = i32(int(count.value) - 1) if isinstance(count, Const) else Binary("-", count, i32(1))
    strides = (i32(dst.elem.size), i32(source.elem.size))
    ends = (emission.address(dst), emission.address(source))
    way = Call("NRAM2NRAM", (), I32)
    emission.instruction("__memcpy", (*ends, i32(size), way, *strides, last))
