"""The signature of a kernel as its caller knows it: the source's parameters, put together from those of the IR."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Final

from xpiler.backends.avx512.emit.expressions import memory_type, value_type
from xpiler.ir.nodes import Param
from xpiler.ir.textures import EXTENTS, references, texture_part
from xpiler.ir.types import BF16, F16, Pointer, Scalar
from xpiler.records import dataclass

__all__ = [
    "LAUNCH_TYPES",
    "Parameter",
    "is_texture",
    "launch_names",
    "parameter_name",
    "parameters",
]

LAUNCH_TYPES: Final = ("xp_dim3 ", "xp_dim3 ", "size_t ")


def launch_names(used: Set[str]) -> tuple[str, str, str]:
    """The names of a kernel's first three parameters: `grid`, `block`, `shared_bytes`, where it has none of its own."""
    grid, block, shared = (
        f"launch_{n}" if n in used else n for n in ("grid", "block", "shared_bytes")
    )
    return grid, block, shared


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the caller sees it: C type and name, and the parts of it that the IR's parameters are
    (`.width`, `.dims[0]`, or all: empty). No part: an object without state."""

    type: str
    name: str
    parts: tuple[tuple[str, Param], ...]

    @property
    def text(self) -> str:
        return (
            f"{self.type}{self.name}"
            if self.type.endswith(("*", "&"))
            else f"{self.type} {self.name}"
        )


def parameter_name(text: str) -> str:
    """The name in a parameter's text: `const float *__restrict__ x`, `float a[4]`, `float4 v = {}`."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S).split("=")[0]
    while text.rstrip().endswith("]"):
        text = re.sub(r"\[[^\]]*\]\s*$", "", text.rstrip())
    match = re.search(r"([A-Za-z_]\w*)\s*$", text)
    return match[1] if match else ""


def parameters(
    params: Sequence[Param], source: Sequence[str], actual: Mapping[str, str], *, c: bool
) -> tuple[Parameter, ...]:
    """`source`: the parameter declarations of the source (empty: unknown); `actual`: what its template
    parameters stand for; `c`: the file has no host part, elements of vectors and halves are given bare."""
    if not source:
        return tuple(Parameter(_bare(p), p.name, (("", p),)) for p in params)
    found = []
    bound = references(params, [parameter_name(text) for text in source])
    rest = list(params[: len(params) - sum(map(len, bound.values()))])
    source = _expanded(params, source)
    for number, text in enumerate(source):
        name = parameter_name(text) or (rest[0].name if rest else f"unused_{number}")
        parts = _parts(name, rest, len(source) - number - 1)
        if c and is_texture(parts) and re.search(r"\bcuda(?:Texture|Surface)Object_t\b", text):
            found += [Parameter(_bare(p), p.name, (("", p),)) for _, p in parts]
            rest = rest[len(parts) :]
            continue
        rest = rest[len(parts) :]
        found.append(Parameter(_type(text, name, parts, actual, c), name, parts))
    return tuple(found)


def is_texture(parts: Sequence[tuple[str, Param]]) -> bool:
    """Whether a parameter's parts are those of a texture."""
    return any(texture_part(path) is not None for path, _ in parts)


def _expanded(params: Sequence[Param], source: Sequence[str]) -> list[str]:
    """A pack of parameters as those of the instance."""
    texts: list[str] = []
    for text in source:
        name = parameter_name(text)
        pack = [p for p in params if re.fullmatch(rf"{re.escape(name)}(_\d+)?", p.name)]
        texts += [f"{_bare(p)} {p.name}" for p in pack] if "..." in text else [text]
    return texts


def _parts(name: str, rest: Sequence[Param], left: int) -> tuple[tuple[str, Param], ...]:
    parts: list[tuple[str, Param]] = []
    for param in rest:
        if not parts and param.name == name and _OF_TEXTURE.fullmatch(param.origin):
            return (("", param),)  # C takes a texture part by part
        if re.match(rf"{re.escape(name)}[.\[]", param.origin):
            parts.append((param.origin[len(name) :], param))
            continue
        mine = re.fullmatch(rf"(?:v_)?{re.escape(name)}(_?\d+|_)?", param.name)
        if not parts and (mine or len(rest) > left) and not re.match(r"\w+[.\[]", param.origin):
            parts.append(("", param))
        break
    return tuple(parts)


_OF_TEXTURE: Final = re.compile(rf"\w+\.(?:texels<.*|surface<.*|way<.*|{'|'.join(EXTENTS)})")
_SAME: Final = {
    "int": "int32_t", "signed int": "int32_t", "signed": "int32_t", "unsigned": "uint32_t",
    "unsigned int": "uint32_t", "short": "int16_t", "unsigned short": "uint16_t",
    "signed char": "int8_t", "unsigned char": "uint8_t",
}  # fmt: skip


def _bare(param: Param) -> str:
    if not isinstance(param.type, Pointer):
        return "uint16_t" if param.type in (F16, BF16) else value_type(param.type)
    const = "const " if param.type.const else ""
    return f"{const}{memory_type(param.type.elem)} *"


def _type(
    text: str, name: str, parts: Sequence[tuple[str, Param]], actual: Mapping[str, str], c: bool
) -> str:
    whole = parts[0][1] if len(parts) == 1 and not parts[0][0] else None
    if c and whole is not None:
        return _bare(whole)
    if whole is not None and isinstance(whole.type, Scalar) and whole.type not in (F16, BF16):
        return value_type(whole.type)
    if "[" in text and whole is not None:
        return _bare(whole)
    written = re.sub(r"=.*$", "", text, flags=re.S)
    written = re.sub(rf"\b{re.escape(name)}\s*$", "", written.strip())
    written = re.sub(r"\b(?:__grid_constant__|typename)\b|__align__\s*\([^)]*\)", "", written)
    if whole is None or not isinstance(whole.type, Pointer):
        written = re.sub(r"\bconst\b", "", written)
    else:
        written = re.sub(r"\b(?:__restrict__|__restrict|restrict|volatile)\b", "", written)
        written = re.sub(r"\*\s*const\b", "*", written)
    for formal, value in actual.items():
        written = re.sub(rf"\b{re.escape(formal)}\b", value, written)
    written = " ".join(written.split())
    return re.sub(r"\s*\*\s*$", " *", written)


def same_pointer(written: str, param: Param) -> bool:
    """Whether the type as written is that of the buffer's elements, so that no conversion is needed."""
    if not isinstance(param.type, Pointer):
        return False
    base = re.sub(r"\bconst\b|\*", "", written)
    base = " ".join(base.split())
    return _SAME.get(base, base) == memory_type(param.type.elem)
