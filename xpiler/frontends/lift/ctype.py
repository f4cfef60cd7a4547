"""C types as lifting needs them, read from libclang's."""

from __future__ import annotations

import re
from typing import Any, Final

from xpiler.ir.types import (
    BF16,
    BOOL,
    F16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    VOID,
    Scalar,
)
from xpiler.records import dataclass

__all__ = [
    "SURFACE_OBJECT",
    "TEXTURE_OBJECT",
    "CArray",
    "COpaque",
    "CPointer",
    "CScalar",
    "CStruct",
    "CType",
    "TypeTable",
]

TEXTURE_OBJECT: Final = "cudaTextureObject_t"
SURFACE_OBJECT: Final = "cudaSurfaceObject_t"
_HANDLES: Final = {
    TEXTURE_OBJECT: TEXTURE_OBJECT,
    "CUtexObject": TEXTURE_OBJECT,
    SURFACE_OBJECT: SURFACE_OBJECT,
    "CUsurfObject": SURFACE_OBJECT,
}
"""Numbers for the host, handles for device code."""


@dataclass(frozen=True, slots=True)
class CScalar:
    """A scalar; `void` too."""

    type: Scalar

    @property
    def size(self) -> int:
        return self.type.size


@dataclass(frozen=True, slots=True)
class CPointer:
    to: CType
    const: bool = False
    volatile: bool = False

    @property
    def size(self) -> int:
        return 8


@dataclass(frozen=True, slots=True)
class CArray:
    """`elem[count]`; `count` None for `extern __shared__ T x[]`."""

    elem: CType
    count: int | None

    @property
    def size(self) -> int:
        return self.elem.size * (self.count or 0)


@dataclass(frozen=True, slots=True)
class CStruct:
    """A struct or class, fields of base classes first; `size` in bytes with padding."""

    name: str
    fields: tuple[tuple[str, CType], ...]
    size: int
    offsets: tuple[int, ...] = ()

    def field(self, name: str) -> CType:
        return dict(self.fields)[name]

    @property
    def overlaps(self) -> bool:
        """Whether fields share memory: a union, or a struct with one in it."""
        end = 0
        for (_, field), offset in zip(self.fields, self.offsets, strict=True):
            if offset < end or (isinstance(field, CStruct) and field.overlaps):
                return True
            end = max(end, offset + field.size)
        return False


@dataclass(frozen=True, slots=True)
class COpaque:
    """A type known by name only: cooperative groups, fragments, closures, host objects."""

    name: str

    @property
    def size(self) -> int:
        return 0


CType = CScalar | CPointer | CArray | CStruct | COpaque

_KINDS: Final[dict[str, Scalar]] = {
    "VOID": VOID,
    "BOOL": BOOL,
    "CHAR_U": U8,
    "UCHAR": U8,
    "CHAR_S": I8,
    "SCHAR": I8,
    "SHORT": I16,
    "USHORT": U16,
    "INT": I32,
    "UINT": U32,
    "LONG": I64,
    "ULONG": U64,
    "LONGLONG": I64,
    "ULONGLONG": U64,
    "FLOAT": F32,
    "DOUBLE": F64,
    "LONGDOUBLE": F64,
    "HALF": F16,
    "FLOAT16": F16,
    "BFLOAT16": BF16,
    "WCHAR": I32,
    "CHAR16": U16,
    "CHAR32": U32,
}
_SCALAR_CLASSES: Final[dict[str, Scalar]] = {"__half": F16, "__nv_bfloat16": BF16}
_OPAQUE: Final = re.compile(r"^(cooperative_groups::|nvcuda::|std::(?!array<)|\(lambda at)")


class TypeTable:
    """Converts libclang types, remembering by spelling.

    A struct that holds a pointer to itself sees an opaque type there.
    """

    def __init__(self) -> None:
        self._known: dict[str, CType] = {}
        self._bare: dict[int, tuple[Any, Any, str]] = {}
        self._open: list[str] = []
        self._bases: dict[str, list[Any]] = {}
        self._cuts = 0

    def of(self, found: Any) -> CType:
        """The type without reference and top-level qualifiers."""
        _, canonical, spelling = self._bare.get(id(found)) or self._stripped(found)
        if canonical.kind.name == "ULONGLONG":
            handle = _HANDLES.get(str(found.spelling).removeprefix("const ").rstrip(" &"))
            if handle is not None:
                return COpaque(handle)
        known = self._known.get(spelling)
        if known is None:
            before = self._cuts
            known = self._convert(canonical, spelling)
            if (
                self._cuts == before or not self._open
            ):  # a type cut short inside another is whole elsewhere
                self._known[spelling] = known
        return known

    def _stripped(self, found: Any) -> tuple[Any, Any, str]:
        """A type, itself without aliases and reference, and how that is spelt; kept, for libclang is slow to tell."""
        canonical = found.get_canonical()
        if canonical.kind.name in ("LVALUEREFERENCE", "RVALUEREFERENCE"):
            canonical = canonical.get_pointee().get_canonical()
        told = self._bare[id(found)] = found, canonical, str(canonical.spelling)
        return told

    def of_declared(self, declared: Any, parameter: bool) -> CType:
        """As `of`; a parameter that is written as an array is a pointer, which libclang does not say."""
        canonical = declared.get_canonical()
        if not parameter or canonical.kind.name not in ("CONSTANTARRAY", "INCOMPLETEARRAY"):
            return self.of(declared)
        to, whole = canonical.element_type, canonical  # either may have the elements' qualifiers
        const = to.is_const_qualified() or whole.is_const_qualified()
        volatile = to.is_volatile_qualified() or whole.is_volatile_qualified()
        return CPointer(self.of(to), const, volatile)

    def add_base(self, derived: CStruct, base: Any) -> bool:
        """Note a base class that libclang does not list: that of a class template's instance. False if it is known."""
        known = self._bases.setdefault(derived.name, [])
        if any(b.spelling == base.spelling for b in known):
            return False
        known.append(base)
        self._known.clear()
        return True

    def _convert(self, canonical: Any, spelling: str) -> CType:
        kind = canonical.kind.name
        scalar = _KINDS.get(kind)
        if scalar is not None:
            return CScalar(scalar)
        if kind == "ENUM":
            return self.of(canonical.get_declaration().enum_type)
        if kind == "POINTER":
            to = canonical.get_pointee()
            return CPointer(self.of(to), to.is_const_qualified(), to.is_volatile_qualified())
        if kind == "CONSTANTARRAY":
            return CArray(self.of(canonical.element_type), int(canonical.element_count))
        if kind == "INCOMPLETEARRAY":
            return CArray(self.of(canonical.element_type), None)
        if kind == "RECORD":
            return self._record(canonical, spelling)
        return COpaque(spelling)

    def _record(self, canonical: Any, spelling: str) -> CType:
        name = re.sub(r"^(const |volatile |struct |class )+", "", spelling)
        if name in _SCALAR_CLASSES:
            return CScalar(_SCALAR_CLASSES[name])
        declaration = canonical.get_declaration()
        if _OPAQUE.match(name):
            return COpaque(name)
        if name in self._open:
            self._cuts += 1
            return COpaque(name)
        self._open.append(name)
        try:
            return self._members(canonical, declaration, name)
        finally:
            self._open.pop()

    def _members(self, canonical: Any, declaration: Any, name: str) -> CStruct:
        fields: list[tuple[str, CType]] = []
        offsets: list[int] = []
        for child in declaration.get_children():
            if child.kind.name == "CXX_BASE_SPECIFIER":
                base = self.of(child.type)
                if isinstance(base, CStruct):
                    fields += base.fields
                    offsets += base.offsets
        for noted in self._bases.get(name, ()):
            base = self.of(noted)
            if isinstance(base, CStruct):
                held = {field for field, _ in fields}
                both = zip(base.fields, base.offsets, strict=True)
                more = [(field, offset) for field, offset in both if field[0] not in held]
                fields += [field for field, _ in more]
                offsets += [offset for _, offset in more]
        for found in canonical.get_fields():
            field, at = self.of(found.type), max(0, int(found.get_field_offsetof())) // 8
            if isinstance(field, CStruct) and found.is_anonymous():  # its members are the record's
                fields += field.fields
                offsets += [at + inner for inner in field.offsets]
                continue
            fields.append((str(found.spelling), field))
            offsets.append(at)
        if name in self._bases and sorted(set(offsets)) != sorted(offsets):
            own = [
                str(f.spelling) for f in canonical.get_fields()
            ]  # several bases: where each lies is not known
            kept = [(f, o) for f, o in zip(fields, offsets, strict=True) if f[0] in own]
            fields, offsets = [f for f, _ in kept], [o for _, o in kept]
        size = max(0, int(canonical.get_size()))
        return CStruct(name, tuple(fields), size, tuple(offsets))
