"""What an expression lifts to: scalars are IR expressions; pointers, structs and places have their own forms."""

from __future__ import annotations

from dataclasses import dataclass, field

from xpiler.frontends.lift.ctype import CArray, CPointer, CScalar, CStruct, CType
from xpiler.ir.nodes import Expr, Span
from xpiler.ir.types import Scalar, Space

__all__ = [
    "BufferInfo",
    "ElementPlace",
    "Flatten",
    "NeedsMemory",
    "OpaqueValue",
    "PackPlace",
    "Place",
    "PointerPlace",
    "PointerValue",
    "PointerVariable",
    "RefusedConstruct",
    "StructPlace",
    "StructValue",
    "Value",
    "ValuePlace",
    "VarPlace",
]


@dataclass(frozen=True, slots=True)
class BufferInfo:
    """A buffer that pointers may point into. `rank` counts its dimensions."""

    name: str
    elem: Scalar
    rank: int
    space: Space
    const: bool = False
    volatile: bool = False
    key: int = 0


@dataclass(frozen=True, slots=True)
class PointerValue:
    """`&buffer[prefix...][offset]`, pointing at a `to`.

    `offset` counts elements of dimension `len(prefix)`: scalars when that is the last one. `buffer` is
    empty for a null pointer. `fields` maps the fields of a struct held as one buffer per field.
    """

    buffer: str
    prefix: tuple[Expr, ...]
    offset: Expr
    to: CType
    volatile: bool = False


@dataclass(frozen=True, slots=True)
class StructValue:
    ctype: CStruct
    fields: tuple[tuple[str, Value], ...]

    def get(self, name: str) -> Value:
        return dict(self.fields)[name]


@dataclass(frozen=True, slots=True)
class OpaqueValue:
    """A value of a type that exists only while lifting: a group, a closure, a function."""

    kind: str
    data: tuple[object, ...] = ()


Value = Expr | PointerValue | StructValue | OpaqueValue


@dataclass(frozen=True, slots=True)
class VarPlace:
    name: str
    type: Scalar


@dataclass(frozen=True, slots=True)
class ElementPlace:
    """A scalar in memory whose type is the buffer's."""

    buffer: str
    index: tuple[Expr, ...]
    type: Scalar
    volatile: bool = False


@dataclass(frozen=True, slots=True)
class PackPlace:
    """A scalar in memory seen through a pointer to another type.

    `stored` is the buffer's element type. When `type` is wider, it spans consecutive elements from
    `index`; when it is narrower, `byte` (an expression) is its byte offset within element `index`.
    """

    buffer: str
    index: tuple[Expr, ...]
    stored: Scalar
    type: Scalar
    byte: Expr | None = None


@dataclass(frozen=True, slots=True)
class StructPlace:
    ctype: CStruct
    fields: tuple[tuple[str, Place], ...]

    def get(self, name: str) -> Place:
        return dict(self.fields)[name]


@dataclass(frozen=True, slots=True)
class ArrayPlace:
    """An array in memory: where it starts."""

    start: PointerValue
    ctype: CArray


@dataclass(slots=True)
class PointerVariable:
    """A local pointer: a buffer fixed while lifting and an offset variable (None: the offset never changes)."""

    name: str
    ctype: CPointer
    value: PointerValue | None = None
    offset: str = ""
    candidates: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PointerPlace:
    variable: PointerVariable


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Something that can be read only: a constant, a builtin, a temporary."""

    value: Value


Place = VarPlace | ElementPlace | PackPlace | StructPlace | ArrayPlace | PointerPlace | ValuePlace


class RefusedConstruct(Exception):
    """Lifting stops here for this kernel; turned into a `Refused` value at the kernel's boundary."""

    def __init__(self, code: str, message: str, span: Span | None, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.hint = hint


class Flatten(Exception):
    """Lift again with the array `key` as one dimension: a pointer runs across its rows."""

    def __init__(self, key: int) -> None:
        super().__init__(key)
        self.key = key


class NeedsMemory(Exception):
    """Lift again with the scalar variable `key` in memory: its address is taken."""

    def __init__(self, key: int) -> None:
        super().__init__(key)
        self.key = key


def scalars(ctype: CType) -> tuple[Scalar, ...] | None:
    """The scalars that a type consists of, in order of memory; None when it has pointers or padding."""
    match ctype:
        case CScalar(type=type_):
            return (type_,)
        case CArray(elem=elem, count=count):
            inner = scalars(elem)
            return None if inner is None or count is None else inner * count
        case CStruct(fields=fields, size=size):
            found: list[Scalar] = []
            for _, field_type in fields:
                inner = scalars(field_type)
                if inner is None:
                    return None
                found += inner
            return tuple(found) if sum(s.size for s in found) == size else None
        case _:
            return None


def homogeneous(ctype: CType) -> Scalar | None:
    """The one scalar type of which `ctype` wholly consists, else None."""
    found = scalars(ctype)
    return found[0] if found and all(s == found[0] for s in found) else None
