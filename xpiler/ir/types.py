"""Types of the Kernel IR: scalars, vector registers, masks, pointers and memory spaces."""

from __future__ import annotations

from typing import Final

from xpiler.records import dataclass

__all__ = [
    "BF16",
    "BOOL",
    "F16",
    "F32",
    "F64",
    "I8",
    "I16",
    "I32",
    "I64",
    "SCALARS",
    "U8",
    "U16",
    "U32",
    "U64",
    "VOID",
    "Mask",
    "Pointer",
    "Scalar",
    "Space",
    "Spaces",
    "Type",
    "Vector",
    "arithmetic",
    "promote",
]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar type. `kind` is one of `bool`, `int`, `uint`, `float`, `void`; `bits` its width."""

    name: str
    kind: str
    bits: int

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return max(1, self.bits // 8)

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    @property
    def is_int(self) -> bool:
        """A signed or unsigned integer; `bool` is neither."""
        return self.kind in ("int", "uint")

    @property
    def is_signed(self) -> bool:
        return self.kind in ("int", "float")

    def __str__(self) -> str:
        return self.name


BOOL: Final = Scalar("bool", "bool", 8)
I8: Final = Scalar("i8", "int", 8)
I16: Final = Scalar("i16", "int", 16)
I32: Final = Scalar("i32", "int", 32)
I64: Final = Scalar("i64", "int", 64)
U8: Final = Scalar("u8", "uint", 8)
U16: Final = Scalar("u16", "uint", 16)
U32: Final = Scalar("u32", "uint", 32)
U64: Final = Scalar("u64", "uint", 64)
F16: Final = Scalar("f16", "float", 16)
BF16: Final = Scalar("bf16", "float", 16)
F32: Final = Scalar("f32", "float", 32)
F64: Final = Scalar("f64", "float", 64)
VOID: Final = Scalar("void", "void", 0)

SCALARS: Final[dict[str, Scalar]] = {
    t.name: t for t in (BOOL, I8, I16, I32, I64, U8, U16, U32, U64, F16, BF16, F32, F64, VOID)
}


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector register: `lanes` elements of one scalar type. Prints as `f32x16`."""

    elem: Scalar
    lanes: int

    def __str__(self) -> str:
        return f"{self.elem}x{self.lanes}"


@dataclass(frozen=True, slots=True)
class Mask:
    """A predicate register of `lanes` bits. Prints as `mask16`."""

    lanes: int

    def __str__(self) -> str:
        return f"mask{self.lanes}"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer to `elem`; only parameters and call arguments have this type."""

    elem: Scalar
    const: bool = False

    def __str__(self) -> str:
        return f"const {self.elem} *" if self.const else f"{self.elem} *"


Type = Scalar | Vector | Mask | Pointer


@dataclass(frozen=True, slots=True)
class Space:
    """A memory space. Open: a target may add its own; `keyword` is how a declaration prints it."""

    name: str
    keyword: str

    def __str__(self) -> str:
        return self.name


class Spaces:
    """The spaces that shared code knows. LOCAL is private to a thread (or to a loop iteration)."""

    GLOBAL: Final = Space("global", "__global_mem__")
    CONSTANT: Final = Space("constant", "__constant__")
    SHARED: Final = Space("shared", "__shared__")
    LOCAL: Final = Space("local", "")
    TILE: Final = Space("tile", "__tile__")


def arithmetic(a: Scalar, b: Scalar) -> Scalar:
    """The common type that C's usual arithmetic conversions give for `a op b`.

    f16 and bf16 stay themselves beside integers and widen to a wider float; both together have no
    common type in CUDA and give f32.
    """
    if a.is_float or b.is_float:
        if a.is_float and b.is_float:
            if a.bits == b.bits:
                return a if a == b else F32
            return a if a.bits > b.bits else b
        return a if a.is_float else b
    a, b = promote(a), promote(b)
    if a == b:
        return a
    if a.kind == b.kind:
        return a if a.bits > b.bits else b
    signed, unsigned = (a, b) if a.kind == "int" else (b, a)
    return signed if signed.bits > unsigned.bits else unsigned


def promote(a: Scalar) -> Scalar:
    """C's integer promotion: everything narrower than int becomes i32."""
    return I32 if not a.is_float and a.bits < 32 else a
