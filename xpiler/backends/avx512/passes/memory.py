"""Loads and stores of lanes: one piece of memory, a broadcast, or a gather and scatter."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from xpiler.backends.avx512.emit.strided import STRIDED, strided_name
from xpiler.backends.avx512.passes.instructions import LANES, register, suffix
from xpiler.backends.avx512.passes.lanes import MASK, Exec, Lanes, NeedsEight, call
from xpiler.backends.avx512.passes.shape import Shape
from xpiler.ir.affine import constant, poly
from xpiler.ir.build import cast, const, i32
from xpiler.ir.nodes import AddressOf, Binary, Call, Cast, Const, Evaluate, Expr, Load
from xpiler.ir.types import (
    BF16,
    BOOL,
    F16,
    F32,
    I32,
    I64,
    U8,
    U32,
    VOID,
    Pointer,
    Scalar,
    Vector,
)
from xpiler.records import dataclass

__all__ = ["gathered", "lanes_on", "load", "load_word", "store"]

_HALF: Final = Vector(F16, 16)
_BYTES: Final = Vector(BOOL, 16)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Lane l is l elements after `address`."""

    address: AddressOf


@dataclass(frozen=True, slots=True)
class _Scattered:
    """Lane l is `index[l]` elements after `base`; `wide`: the index has 64 bits; `stride`: elements from one lane
    to the next, where that is a number."""

    base: AddressOf
    index: Expr
    wide: bool
    stride: int | None = None


def _place(
    lanes: Lanes, buffer: str, index: tuple[Expr, ...], ex: Exec, *, reads: bool
) -> _Unit | _Scattered:
    elem, dims = lanes.buffers[buffer]
    pointer = Pointer(elem, const=reads)
    private = lanes.shapes.private.get(buffer)
    shapes = [lanes.shapes.of(i) for i in index]
    if private is not None:
        if all(s.uniform for s in shapes):
            guarded = tuple(lanes.guarded(i, ex) for i in index)
            return _Unit(AddressOf(buffer, (*guarded, i32(0)), pointer))
        flat = Binary("*", cast(I32, _flat(index, dims)), i32(LANES))
        origin = AddressOf(buffer, (*(i32(0) for _ in index), i32(0)), pointer)
        spread = call(
            "_mm512_add_epi32", register(I32), lanes.vector(flat, ex), lanes.ramp(i32(0), 1, I32)
        )
        return _Scattered(origin, spread, wide=False)
    stride = _stride(shapes, dims)
    if stride is not None:
        at = tuple(_signed(lanes, lanes.guarded(i, ex)) for i in index)
        address = AddressOf(buffer, at, pointer)
        if stride == 1:
            return _Unit(address)
        return _Scattered(address, lanes.ramp(i32(0), stride, I32), wide=False, stride=stride)
    return _indirect(lanes, AddressOf(buffer, (), pointer), index, dims, ex)


def _signed(lanes: Lanes, index: Expr) -> Expr:
    """Lane 0 may be off and its unsigned index below zero: the address of the others needs it as it is meant."""
    shapes = lanes.shapes
    if index.type == U32 and not shapes.of(index).uniform and shapes.crossing.below(index):
        return cast(I32, index)
    return index


def _stride(shapes: list[Shape], dims: tuple[Expr, ...]) -> int | None:
    """Elements from one lane to the next, if that is a number."""
    total = 0
    for n, shape in enumerate(shapes):
        if shape.stride is None:
            return None
        if shape.stride == 0:
            continue
        size = 1
        for dim in dims[n + 1 :]:
            if not isinstance(dim, Const):
                return None
            size *= int(dim.value)
        total += shape.stride * size
    return total


def _flat(index: tuple[Expr, ...], dims: tuple[Expr, ...]) -> Expr:
    flat = index[0]
    for i, dim in zip(index[1:], dims[1:], strict=True):
        common = I64 if I64 in (flat.type, i.type) else I32
        flat = Binary("+", Binary("*", cast(common, flat), cast(common, dim)), cast(common, i))
    return flat


def _indirect(
    lanes: Lanes, at: AddressOf, index: tuple[Expr, ...], dims: tuple[Expr, ...], ex: Exec
) -> _Scattered:
    flat = _flat(index, dims)
    fixed, moving = _split(lanes, flat) if len(index) == 1 else (None, flat)
    wide = isinstance(moving.type, Scalar) and moving.type.bits == 64
    if wide and lanes.count > 8:
        raise NeedsEight
    start: tuple[Expr, ...] = tuple(i32(0) for _ in index)
    if fixed is not None:
        start = (lanes.guarded(fixed, ex),)
    return _Scattered(replace(at, index=start), lanes.vector(moving, ex), wide)


def _split(lanes: Lanes, expr: Expr) -> tuple[Expr | None, Expr]:
    """`expr` as a uniform part and the rest, which is narrowed to 32 bits where it was widened from them.

    Only signed sums are taken apart: they do not wrap, so that the parts may be added at any width.
    """
    terms: list[Expr] = []
    _terms(expr, terms)
    fixed = [t for t in terms if lanes.shapes.of(t).uniform]
    moving = [t for t in terms if not lanes.shapes.of(t).uniform]
    narrowed = [_narrow(t) for t in moving]
    if all(t.type == I32 for t in narrowed):
        moving = narrowed
    if not fixed and len(moving) == 1:
        return None, moving[0]
    return _sum(fixed), _sum(moving) or i32(0)


def _terms(expr: Expr, out: list[Expr]) -> None:
    if isinstance(expr, Binary) and expr.op == "+" and expr.type in (I32, I64):
        _terms(expr.a, out)
        _terms(expr.b, out)
    else:
        out.append(expr)


def _narrow(expr: Expr) -> Expr:
    if isinstance(expr, Cast) and expr.type == I64 and isinstance(expr.a.type, Scalar):
        source = expr.a.type
        if source.is_int and source.bits <= 32 and source != U32:
            return cast(I32, expr.a)
    return expr


def _sum(terms: list[Expr]) -> Expr | None:
    total: Expr | None = None
    for term in terms:
        total = term if total is None else Binary("+", total, term)
    return total


# --- loads -------------------------------------------------------------------------------------


def load(lanes: Lanes, expr: Load, ex: Exec) -> Expr:
    """The elements of all lanes that are on; the others get zero."""
    elem = expr.type
    lanes.width(elem)
    found = _table(lanes, expr, ex)
    if found is not None:
        return found
    where = _place(lanes, expr.buffer, expr.index, ex, reads=True)
    if isinstance(where, _Unit):
        return _load_unit(elem, where.address, ex)
    if elem.bits < 32:
        return _load_narrow(lanes, elem, where, ex)
    return _gather(lanes, elem, where, ex)


def gathered(lanes: Lanes, expr: Load, ex: Exec) -> tuple[AddressOf, Expr]:
    """The address of a gather and the lanes' distances from it in elements; for a load whose lanes are apart."""
    where = _place(lanes, expr.buffer, expr.index, ex, reads=True)
    if isinstance(where, _Unit) or where.wide:
        raise NeedsEight
    return where.base, where.index


def _table(lanes: Lanes, expr: Load, ex: Exec) -> Expr | None:
    """An element of an array that one or two registers hold (the lanes of a warp, say): a permutation of them."""
    elem, (_, dims) = expr.type, lanes.buffers[expr.buffer]
    size = int(dims[0].value) if len(dims) == 1 and isinstance(dims[0], Const) else 0
    if elem.bits != 32 or size not in (LANES, 2 * LANES) or expr.buffer in lanes.shapes.private:
        return None
    (index,) = expr.index
    shape = lanes.shapes.of(index)
    if shape.uniform or (shape.stride == 1 and lanes.shapes.multiple(index) % lanes.count == 0):
        return None
    reg, end = register(elem), suffix(elem)
    low, high = (
        call(
            f"_mm512_loadu_{end}", reg, AddressOf(expr.buffer, (i32(n),), Pointer(elem, const=True))
        )
        for n in (0, size - LANES)
    )
    at = lanes.vector(cast(I32, index), ex)
    if size == LANES:
        return call(f"_mm512_permutexvar_{end}", reg, at, low)
    return call(f"_mm512_permutex2var_{end}", reg, low, at, high)


def _load_unit(elem: Scalar, address: AddressOf, ex: Exec) -> Expr:
    reg = register(elem)
    if elem.bits >= 32:
        end = suffix(elem)
        if ex.mask is None:
            return call(f"_mm512_loadu_{end}", reg, address)
        return call(f"_mm512_maskz_loadu_{end}", reg, ex.mask, address)
    if elem.bits == 16:
        raw = (
            call("_mm256_loadu_si256", _HALF, address)
            if ex.mask is None
            else call("_mm256_maskz_loadu_epi16", _HALF, ex.mask, address)
        )
        return _widen16(elem, raw)
    raw = (
        call("_mm_loadu_si128", _BYTES, address)
        if ex.mask is None
        else call("_mm_maskz_loadu_epi8", _BYTES, ex.mask, address)
    )
    kind = "epi8" if elem.is_signed else "epu8"
    return call(f"_mm512_cvt{kind}_epi32", register(I32), raw)


def _widen16(elem: Scalar, raw: Expr) -> Expr:
    if elem == F16:
        return call("_mm512_cvtph_ps", register(F32), raw)
    kind = "epi16" if elem.is_signed and elem != BF16 else "epu16"
    wide = call(f"_mm512_cvt{kind}_epi32", register(I32), raw)
    if elem != BF16:
        return wide
    shifted = call("_mm512_slli_epi32", register(I32), wide, i32(16))
    return call("_mm512_castsi512_ps", register(F32), shifted)


def lanes_on(ex: Exec) -> Expr:
    """The mask of the lanes that are on."""
    return call("xp_all_lanes", MASK, const(True, BOOL)) if ex.mask is None else ex.mask


def _load_narrow(lanes: Lanes, elem: Scalar, where: _Scattered, ex: Exec) -> Expr:
    width = 64 if where.wide else 32
    name = f"xp_gather_u{elem.bits}_{width}"
    raw = call(name, register(I32), where.base, where.index, lanes_on(ex))
    if elem in (F16, BF16):
        return call(f"xp_{elem}_from_bits_ps", register(F32), raw)
    return lanes.rounded(raw, elem) if elem.is_signed and elem != BOOL else raw


def _gather(lanes: Lanes, elem: Scalar, where: _Scattered, ex: Exec) -> Expr:
    reg, end, size = register(elem), suffix(elem), i32(elem.size)
    if where.stride is not None and lanes.count == LANES:
        name = strided_name(where.stride, end)
        if name in STRIDED:
            return call(name, reg, where.base, lanes_on(ex))
    index_bits = "i64" if where.wide else "i32"
    index = where.index
    if elem.bits == 64 and not where.wide:
        index = call("_mm512_castsi512_si256", Vector(I32, 8), index)
    if ex.mask is None:
        return call(f"_mm512_{index_bits}gather_{end}", reg, index, where.base, size)
    zero = lanes.broadcast(const(0, elem))
    name = f"_mm512_mask_{index_bits}gather_{end}"
    if elem.bits == 32 and where.wide:
        low, high = _halves(elem)
        part = call(
            name, Vector(reg.elem, 8), call(low, reg, zero), ex.mask, index, where.base, size
        )
        return call(high, reg, part)
    return call(name, reg, zero, ex.mask, index, where.base, size)


def _halves(elem: Scalar) -> tuple[str, str]:
    if elem.is_float:
        return "_mm512_castps512_ps256", "_mm512_castps256_ps512"
    return "_mm512_castsi512_si256", "_mm512_castsi256_si512"


def load_word(lanes: Lanes, expr: Binary, ex: Exec) -> Expr | None:
    """Four neighbouring bytes put together to a 32-bit word, as one load; None if `expr` is not that."""
    first = first_byte(expr)
    if first is None:
        return None
    where = _place(lanes, first.buffer, first.index, ex, reads=True)
    if isinstance(where, _Unit) or where.wide or lanes.shapes.of(first).uniform:
        return None
    reg = register(I32)
    if _stride([lanes.shapes.of(i) for i in first.index], lanes.buffers[first.buffer][1]) == 4:
        return _load_unit(I32, where.base, ex)
    if ex.mask is None:
        return call("_mm512_i32gather_epi32", reg, where.index, where.base, i32(1))
    zero = lanes.broadcast(i32(0))
    name = "_mm512_mask_i32gather_epi32"
    return call(name, reg, zero, ex.mask, where.index, where.base, i32(1))


def first_byte(expr: Expr) -> Load | None:
    """The lowest of four neighbouring bytes that `expr` puts together to a 32-bit word; None if it does not."""
    parts: dict[int, Load] = {}
    if not _bytes_of(expr, 0, parts) or sorted(parts) != [0, 8, 16, 24]:
        return None
    first = parts[0]
    base = poly(first.index[-1])
    for shift, part in parts.items():
        apart = poly(part.index[-1]) - base
        if part.buffer != first.buffer or part.index[:-1] != first.index[:-1]:
            return None
        if apart != constant(shift // 8):
            return None
    return first


def _bytes_of(expr: Expr, shift: int, parts: dict[int, Load]) -> bool:
    """Collects the bytes of an or of shifted bytes, by their shift; false where something else is found."""
    match expr:
        case Binary(op="|", a=a, b=b):
            return _bytes_of(a, shift, parts) and _bytes_of(b, shift, parts)
        case Binary(op="<<", a=a, b=Const(value=by)):
            return _bytes_of(a, shift + int(by), parts)
        case Cast(type=to, a=Load(type=elem) as load) if to == U8 and elem.bits == 8:
            parts[shift] = load
            return True
        case Load(type=elem) if elem == U8:
            parts[shift] = expr
            return True
        case Cast(type=to, a=a) if to in (I32, U32):
            return _bytes_of(a, shift, parts)
        case _:
            return False


# --- stores ------------------------------------------------------------------------------------


def store(lanes: Lanes, buffer: str, index: tuple[Expr, ...], value: Expr, ex: Exec) -> Evaluate:
    """Every lane that is on stores; of lanes that store to one place the last wins."""
    elem, _ = lanes.buffers[buffer]
    lanes.width(elem)
    where = _place(lanes, buffer, index, ex, reads=False)
    if ex.first and isinstance(where, _Scattered) and where.stride == 0:
        where = _Unit(where.base)
    data = lanes.vector(value, ex)
    if isinstance(data, Call) and data.function == f"xp_{elem}_ps":
        data = data.args[0]  # the store rounds
    if elem == BOOL:
        one = lanes.broadcast(i32(1))
        data = call("_mm512_maskz_mov_epi32", register(I32), data, one)
    if isinstance(where, _Unit):
        return Evaluate(_store_unit(elem, where.address, data, ex))
    if elem.bits < 32:
        if elem in (F16, BF16):
            data = call(f"xp_{elem}_to_bits_epi32", register(I32), data)
        name = f"xp_scatter_u{elem.bits}_{64 if where.wide else 32}"
        return Evaluate(call(name, VOID, where.base, where.index, lanes_on(ex), data))
    return Evaluate(_scatter(elem, where, data, ex))


def _store_unit(elem: Scalar, address: AddressOf, data: Expr, ex: Exec) -> Call:
    if elem.bits >= 32:
        end = suffix(elem)
        if ex.mask is None:
            return call(f"_mm512_storeu_{end}", VOID, address, data)
        return call(f"_mm512_mask_storeu_{end}", VOID, address, ex.mask, data)
    if elem.bits == 16:
        narrow = {
            F16: lambda: call("_mm512_cvtps_ph", _HALF, data, i32(0)),
            BF16: lambda: call("xp_bf16_to_bits_epi16", _HALF, data),
        }.get(elem, lambda: call("_mm512_cvtepi32_epi16", _HALF, data))()
        if ex.mask is None:
            return call("_mm256_storeu_si256", VOID, address, narrow)
        return call("_mm256_mask_storeu_epi16", VOID, address, ex.mask, narrow)
    bytes_ = call("_mm512_cvtepi32_epi8", _BYTES, data)
    if ex.mask is None:
        return call("_mm_storeu_si128", VOID, address, bytes_)
    return call("_mm_mask_storeu_epi8", VOID, address, ex.mask, bytes_)


def _scatter(elem: Scalar, where: _Scattered, data: Expr, ex: Exec) -> Call:
    end, size = suffix(elem), i32(elem.size)
    bits = "i64" if where.wide else "i32"
    index = where.index
    if elem.bits == 64 and not where.wide:
        index = call("_mm512_castsi512_si256", Vector(I32, 8), index)
    if elem.bits == 32 and where.wide:
        low, _ = _halves(elem)
        data = call(low, Vector(elem, 8), data)
    if ex.mask is None:
        return call(f"_mm512_{bits}scatter_{end}", VOID, where.base, index, data, size)
    return call(f"_mm512_mask_{bits}scatter_{end}", VOID, where.base, ex.mask, index, data, size)
