"""Pointers: arithmetic, views of another type, variables that may point into several buffers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift import arith
from xpiler.frontends.lift.ctype import CArray, CScalar, CStruct, CType
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import (
    BufferInfo,
    Choice,
    Flatten,
    NeedsChoice,
    PointerPlace,
    PointerValue,
    PointerVariable,
    homogeneous,
)
from xpiler.ir import build
from xpiler.ir.nodes import Alloc, Assign, Const, Expr, Var
from xpiler.ir.types import I32, I64, Scalar, Spaces

__all__ = [
    "advance",
    "all_stable",
    "assign_pointer",
    "candidate_pointer",
    "difference",
    "dynamic_view",
    "is_linear",
    "is_null",
    "offset_unit",
    "retarget",
    "same_address",
    "stable",
]


def is_linear(lf: Lifter, pointer: PointerValue) -> bool:
    """Whether `offset` counts in the last dimension of the buffer."""
    return len(pointer.prefix) == lf.buffers[pointer.buffer].rank - 1


def offset_unit(info: BufferInfo, to: CType) -> int:
    """Bytes that one step of a linear offset means."""
    size = to.size
    if size == 0 or (isinstance(to, CScalar) and to.type.kind == "void"):
        return info.elem.size
    return info.elem.size if size % info.elem.size == 0 else size


def advance(lf: Lifter, pointer: PointerValue, by: Expr, node: Node | None = None) -> PointerValue:
    """`pointer + by`."""
    if pointer.choice is not None:
        return _each(pointer, lambda p: advance(lf, p, by, node) if p.buffer else p)
    if not pointer.buffer:
        raise lf.refuse("XP1109", "arithmetic on a null pointer", node)
    by = arith.ordinary_index(by)
    moves = not (isinstance(by, Const) and by.value == 0)
    if pointer.free and pointer.prefix and moves and lf.buffers[pointer.buffer].key:
        raise Flatten(lf.buffers[pointer.buffer].key)
    if is_linear(lf, pointer):
        unit = offset_unit(lf.buffers[pointer.buffer], pointer.to)
        by = arith.multiply(by, max(1, pointer.to.size // unit))
    return PointerValue(
        pointer.buffer,
        pointer.prefix,
        arith.add(pointer.offset, by),
        pointer.to,
        pointer.volatile,
        None,
        pointer.free,
    )


def _each(pointer: PointerValue, f: Callable[[PointerValue], PointerValue]) -> PointerValue:
    """Apply `f` to every pointer that a choice may mean."""
    choice = pointer.choice
    assert choice is not None
    first = f(replace(pointer, choice=None))
    return replace(first, choice=Choice(choice.cond, _apply(choice.other, f)))


def _apply(pointer: PointerValue, f: Callable[[PointerValue], PointerValue]) -> PointerValue:
    return f(pointer) if pointer.choice is None else _each(pointer, f)


def same_address(lf: Lifter, a: PointerValue, b: PointerValue, node: Node) -> Expr:
    """`a == b`. Of two parameters it depends on the launch; a pointer that is one of several buffers tells which, and
    these are taken to be apart."""
    plain = a.choice is None and b.choice is None
    if plain and a.buffer != b.buffer and _optional(lf, a) and _optional(lf, b):
        what = f"whether {a.buffer} and {b.buffer} are one buffer depends on the launch"
        raise lf.refuse("XP1109", what, node, "pass a flag that says so")
    return _same(lf, a, b)


def _optional(lf: Lifter, pointer: PointerValue) -> bool:
    return bool(pointer.buffer) and lf.buffers[pointer.buffer].optional


def _same(lf: Lifter, a: PointerValue, b: PointerValue) -> Expr:
    if a.choice is not None:
        first = _same(lf, replace(a, choice=None), b)
        return arith.select(a.choice.cond, first, _same(lf, a.choice.other, b))
    if b.choice is not None:
        return _same(lf, b, a)
    if not a.buffer or not b.buffer:
        return is_null(lf, a if a.buffer else b)
    if a.buffer != b.buffer:
        return build.boolean(False)
    equal = arith.binary("==", a.offset, b.offset)
    for x, y in zip(a.prefix, b.prefix, strict=False):
        equal = arith.binary("&&", arith.binary("==", x, y), equal)
    return equal


def is_null(lf: Lifter, pointer: PointerValue) -> Expr:
    """Whether the pointer is null: parameters may be, a kernel's own memory is not."""
    here: Expr = build.boolean(not pointer.buffer)
    if _optional(lf, pointer):
        here = arith.unary("!", build.given(pointer.buffer))
    if pointer.choice is None:
        return here
    return arith.select(pointer.choice.cond, here, is_null(lf, pointer.choice.other))


def stable(lf: Lifter, expr: Expr) -> bool:
    """Whether `expr` has the same value wherever it is in scope."""
    return not arith.has_load(expr) and all(name in lf.constants for name in arith.reads(expr))


def all_stable(lf: Lifter, pointer: PointerValue) -> bool:
    """Whether every pointer of a choice, and the choice itself, stay as they are."""
    here = stable(lf, pointer.offset) and all(stable(lf, i) for i in pointer.prefix)
    if pointer.choice is None:
        return here
    return here and stable(lf, pointer.choice.cond) and all_stable(lf, pointer.choice.other)


# --- variables ---------------------------------------------------------------------------------


def assign_pointer(lf: Lifter, place: PointerPlace, value: PointerValue, node: Node | None) -> None:
    """Give a pointer variable a new value.

    A variable that points into one buffer is its offset. One that may point into several also has the number
    of the buffer; lifting starts again when it meets a buffer that the variable was not known to take.
    """
    variable = place.variable
    if variable.selector:
        _assign_candidate(lf, variable, value, node)
        return
    known = variable.value
    if known is None or variable.home is lf.out:
        if not value.buffer:
            return
        if value.choice is not None:
            raise NeedsChoice(variable.key, _names(value))
        _bind(lf, variable, value)
        return
    if value.choice is not None or known.buffer != value.buffer or known.prefix != value.prefix:
        if not variable.key or known.prefix or value.prefix:
            raise lf.refuse(
                "XP1109",
                f"pointer {variable.name} may point into {known.buffer} or {value.buffer}",
                node,
                "write one access per buffer, chosen by a condition",
            )
        raise NeedsChoice(variable.key, (known.buffer, *_names(value)))
    value = retarget(lf, value, known.to, node)
    lf.emit(Assign(variable.offset, build.cast(I64, value.offset), span=lf.span))


def _names(value: PointerValue) -> tuple[str, ...]:
    rest = () if value.choice is None else _names(value.choice.other)
    return (value.buffer, *rest)


def _bind(lf: Lifter, variable: PointerVariable, value: PointerValue) -> None:
    """The variable points into another buffer from here on, whatever path led here."""
    value = retarget(lf, value, variable.ctype.to, None)
    lf.emit(Assign(variable.offset, build.cast(I64, value.offset), span=lf.span))
    variable.value = PointerValue(
        value.buffer,
        value.prefix,
        Var(variable.offset, I64),
        variable.ctype.to,
        variable.ctype.volatile,
    )


def candidate_pointer(variable: PointerVariable) -> PointerValue:
    """The value of a variable that may point into several buffers."""
    offset, selector = Var(variable.offset, I64), Var(variable.selector, I32)
    found: PointerValue | None = None
    for number, buffer in reversed(list(enumerate(variable.candidates))):
        one = PointerValue(buffer, (), offset, variable.ctype.to, variable.ctype.volatile)
        if found is not None:
            cond = arith.binary("==", selector, build.i32(number))
            one = replace(one, choice=Choice(cond, found))
        found = one
    assert found is not None
    return found


def _assign_candidate(
    lf: Lifter, variable: PointerVariable, value: PointerValue, node: Node | None
) -> None:
    offset, selector = _encoded(lf, variable, value, node)
    if value.choice is not None:
        offset, selector = lf.temporary(offset, "at"), lf.temporary(selector, "which")
    lf.emit(Assign(variable.offset, build.cast(I64, offset), span=lf.span))
    lf.emit(Assign(variable.selector, selector, span=lf.span))


def _encoded(
    lf: Lifter, variable: PointerVariable, value: PointerValue, node: Node | None
) -> tuple[Expr, Expr]:
    """Offset and buffer number of `value` for `variable`."""
    if value.buffer not in variable.candidates or value.prefix:
        if value.prefix:
            raise Flatten(lf.buffers[value.buffer].key)
        raise NeedsChoice(variable.key, (*variable.candidates, *_names(value)))
    plain = replace(value, choice=None)
    if value.buffer:
        plain = retarget(lf, plain, variable.ctype.to, node)
    offset = build.cast(I64, plain.offset)
    number: Expr = build.i32(variable.candidates.index(value.buffer))
    if value.choice is None:
        return offset, number
    other_offset, other_number = _encoded(lf, variable, value.choice.other, node)
    cond = value.choice.cond
    return arith.select(cond, offset, other_offset), arith.select(cond, number, other_number)


# --- views -------------------------------------------------------------------------------------


def retarget(
    lf: Lifter, pointer: PointerValue, to: CType, node: Node | None, volatile: bool = False
) -> PointerValue:
    """The same address seen as a pointer to `to`."""
    if pointer.choice is not None:
        return _each(pointer, lambda p: retarget(lf, p, to, node, volatile))
    volatile = volatile or pointer.volatile
    if not pointer.buffer or pointer.to == to:
        return replace(pointer, to=to, volatile=volatile)
    info = lf.buffers[pointer.buffer]
    if not is_linear(lf, pointer):
        if isinstance(pointer.to, CArray) and isinstance(to, CArray):
            return PointerValue(pointer.buffer, pointer.prefix, pointer.offset, to, volatile)
        raise Flatten(info.key)
    if pointer.buffer in lf.dynamic and isinstance(to, CScalar | CStruct | CArray):
        return _dynamic_view(lf, pointer, to, volatile)
    here, there = offset_unit(info, pointer.to), offset_unit(info, to)
    offset = pointer.offset
    if here > there:
        offset = arith.multiply(offset, here // there)
    elif there > here:
        offset = arith.divide(offset, there // here)
    return PointerValue(pointer.buffer, pointer.prefix, offset, to, volatile, None, pointer.free)


def _dynamic_view(lf: Lifter, pointer: PointerValue, to: CType, volatile: bool) -> PointerValue:
    """Dynamic shared memory has one view per element type, all starting at byte 0."""
    info = lf.buffers[pointer.buffer]
    elem = homogeneous(to)
    if elem is None or elem.kind == "void":
        elem = info.elem
    size = offset_unit(info, pointer.to)
    if elem == info.elem:
        return PointerValue(pointer.buffer, (), pointer.offset, to, volatile)
    name = dynamic_view(lf, elem)
    offset = arith.divide(arith.multiply(pointer.offset, size), elem.size)
    if size % elem.size == 0:
        offset = arith.multiply(pointer.offset, size // elem.size)
    return PointerValue(name, (), offset, to, volatile)


def dynamic_view(lf: Lifter, elem: Scalar, stem: str = "") -> str:
    """The name of the view of dynamic shared memory with elements of type `elem`."""
    for name, alloc in lf.dynamic.items():
        if alloc.elem == elem:
            return name
    if not stem:
        stem = f"{next(iter(lf.dynamic))}_{elem}" if lf.dynamic else f"shared_{elem}"
    name = lf.fresh(stem)
    lf.dynamic[name] = Alloc(name, elem, (), Spaces.SHARED, dynamic=True, span=lf.span)
    lf.buffers[name] = BufferInfo(name, elem, 1, Spaces.SHARED)
    return name


def difference(lf: Lifter, a: PointerValue, b: PointerValue, node: Node | None) -> Expr:
    """`a - b` in elements of their pointee."""
    if a.choice or b.choice or a.buffer != b.buffer or a.prefix != b.prefix or not a.buffer:
        raise lf.refuse(
            "XP1109", "pointers into different buffers are subtracted or compared", node
        )
    delta = arith.binary("-", build.cast(I64, a.offset), build.cast(I64, b.offset))
    unit = offset_unit(lf.buffers[a.buffer], a.to)
    return arith.divide(delta, max(1, a.to.size // unit)) if is_linear(lf, a) else delta
