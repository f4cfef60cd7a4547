"""What an expression lifts to: scalars are IR expressions; pointers, structs and places have their own forms."""

from __future__ import annotations

from xpiler.frontends.lift.ctype import CArray, CPointer, CScalar, CStruct, CType
from xpiler.ir.nodes import Expr, Span, Stmt
from xpiler.ir.types import Scalar, Space
from xpiler.records import dataclass

__all__ = [
    "BufferInfo",
    "Choice",
    "ChoicePlace",
    "ElementPlace",
    "Flatten",
    "NeedsBase",
    "NeedsChoice",
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
    """A buffer that pointers may point into. `rank` counts its dimensions; `optional`: a parameter, which may be null."""

    name: str
    elem: Scalar
    rank: int
    space: Space
    const: bool = False
    volatile: bool = False
    key: int = 0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class PointerValue:
    """`&buffer[prefix...][offset]`, pointing at a `to`.

    `offset` counts elements of dimension `len(prefix)`: scalars when that is the last one. `buffer` is
    empty for a null pointer. `free`: the address of an element, which arithmetic may move out of its row.
    """

    buffer: str
    prefix: tuple[Expr, ...]
    offset: Expr
    to: CType
    volatile: bool = False
    choice: Choice | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The pointer that carries this holds only if `cond`; else `other`."""

    cond: Expr
    other: PointerValue


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
    """A local pointer: a buffer and an offset variable.

    `home` is the block that declares it: an assignment there holds on every path, so it may change the
    buffer. With a `selector` variable the pointer means the buffer of that number among `candidates`.
    """

    name: str
    ctype: CPointer
    value: PointerValue | None = None
    offset: str = ""
    key: int = 0
    home: list[Stmt] | None = None
    selector: str = ""
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PointerPlace:
    variable: PointerVariable


@dataclass(frozen=True, slots=True)
class ChoicePlace:
    """Place `a` if `cond`, else `b`."""

    cond: Expr
    a: Place
    b: Place


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Something that can be read only: a constant, a builtin, a temporary."""

    value: Value


Place = (
    VarPlace
    | ElementPlace
    | PackPlace
    | StructPlace
    | ArrayPlace
    | PointerPlace
    | ChoicePlace
    | ValuePlace
)


class RefusedConstruct(Exception):  # noqa: N818  (also a result)
    """Lifting stops here for this kernel; turned into a `Refused` value at the kernel's boundary."""

    def __init__(self, code: str, message: str, span: Span | None, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.span = span
        self.hint = hint


class Flatten(Exception):  # noqa: N818  (a wish, no error)
    """Lift again with the array `key` as one dimension: a pointer runs across its rows."""

    def __init__(self, key: int) -> None:
        super().__init__(key)
        self.key = key


class NeedsBase(Exception):  # noqa: N818
    """Lift again: a struct was found to have a base class more."""


class NeedsMemory(Exception):  # noqa: N818
    """Lift again with the scalar variable `key` in memory: its address is taken."""

    def __init__(self, key: int) -> None:
        super().__init__(key)
        self.key = key


class NeedsChoice(Exception):  # noqa: N818
    """Lift again with the pointer variable `key` ready to point into any of `buffers`."""

    def __init__(self, key: int, buffers: tuple[str, ...]) -> None:
        super().__init__(key, buffers)
        self.key = key
        self.buffers = buffers


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
