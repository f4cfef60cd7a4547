"""The unit that calls an emitted file's kernels for the harness."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from xpiler.backends.avx512.emit.expressions import value_type
from xpiler.backends.avx512.emit.instances import split_arguments
from xpiler.backends.avx512.emit.signature import is_texture, parameter_name, parameters
from xpiler.backends.base import KernelEntry
from xpiler.ir.nodes import Param
from xpiler.ir.textures import references, texture_part
from xpiler.ir.types import BF16, F16, Pointer, Scalar

__all__ = ["KERNEL_SUFFIX", "callable_text", "entry_unit"]

KERNEL_SUFFIX = "_kernel"
"""What is appended to a kernel's name that a host function has, too."""

_HEAD = """\
#include <cstddef>
#include <cstdint>
#include <cstring>
#include "xpiler/harness.h"
struct xp_dim3 { unsigned x, y, z; };
"""


_START = r"(?:^[ \t]*|(?<=[;{}/])[ \t]*)(?:extern \"C\" |\[\[maybe_unused\]\] static )?"
"""Before a kernel's definition, which may be indented, or stand on the line of what ends before it."""


def entry_unit(text: str, entries: Sequence[KernelEntry]) -> str:
    """C++ with `xp_call_<i>` for every entry. Parameter names come from the emitted `text`; a struct is passed
    as one of the same fields, since the definition's own type is not known here."""
    shown = _shown(text)
    named = (
        entry if entry.symbol in shown else replace(entry, symbol=entry.symbol + KERNEL_SUFFIX)
        for entry in entries
    )
    parts = [_entry(entry, shown.get(entry.symbol, ()), text) for entry in named]
    reference = f"struct xp_reference {{ {_TEXTURE} }};\n{_WAY}"
    return _HEAD + reference + "\n".join(parts)


def callable_text(text: str, *, cpp: bool) -> str:
    """The emitted file with kernels that another unit can call: those of one file's own become C functions."""
    linkage = 'extern "C" ' if cpp else ""
    pattern = rf"{_START}(?=void \w+\(xp_dim3 (?:launch_)?grid,)"
    return re.sub(pattern, linkage, text, flags=re.M)


def _shown(text: str) -> dict[str, tuple[str, ...]]:
    """Parameter names of the kernels of an emitted file, by symbol."""
    found = {}
    for match in re.finditer(
        _START + r"void (\w+)\((xp_dim3 (?:launch_)?grid,[^{;]*)\) \{$",
        text,
        re.M,
    ):
        items = split_arguments(match[2])[3:]
        found[match[1]] = tuple(parameter_name(p) for p in items)
    return found


def _entry(entry: KernelEntry, names: Sequence[str], text: str) -> str:
    before: list[str] = []
    body: list[str] = []
    types, values = [], []
    position = 0
    for number, parameter in enumerate(parameters(entry.kernel.params, names, {}, c=True)):
        parts = parameter.parts
        if len(parts) == 1 and not parts[0][0]:
            types.append(_type(parts[0][1]))
            values.append(f"*({types[-1]} *)args[{position}]")
        elif is_texture(parts):
            types.append(f"xp_object_{entry.index}_{number}")
            before.append(f"struct {types[-1]} {{ {_TEXTURE} }};")
            body.append(f"  {types[-1]} v{number};")
            body += _texture(f"v{number}", parts, position)
            values.append(f"v{number}")
        else:
            types.append(f"xp_object_{entry.index}_{number}")
            fields = [(_type(p), path) for path, p in parts]
            name = names[number] if number < len(names) else ""
            align = _alignment(name, [(t, _steps(path)) for t, path in fields], text)
            before.append(f"struct {align}{types[-1]} {{ {_fields(fields, text)} }};")
            body.append(f"  {types[-1]} v{number};")
            body += [
                f"  memcpy(&v{number}{_member(path)}, args[{position + i}], sizeof v{number}{_member(path)});"
                for i, (_, path) in enumerate(fields)
            ]
            values.append(f"v{number}")
        position += len(parts)
    grid, block = (f"{{l->{n}[0], l->{n}[1], l->{n}[2]}}" for n in ("grid", "block"))
    for name, steps in references(entry.kernel.params, names).items():
        given = [(path, entry.kernel.params[k]) for path, k in steps]
        body += [f"  extern xp_reference {name};", *_texture(name, given, steps[0][1])]
    call = f"  {entry.symbol}({', '.join([grid, block, 'l->shared_bytes', *values])});"
    declared = ", ".join(["xp_dim3", "xp_dim3", "size_t", *types])
    lines = [
        *before,
        f'extern "C" void {entry.symbol}({declared});',
        f'extern "C" void xp_call_{entry.index}(const xp_launch *l, void *const *args) {{',
        "  (void)args;",
        *body,
        call,
        "}",
    ]
    return "\n".join(lines) + "\n"


_TEXTURE = "const void *texels; int32_t width, height, depth, stride; uint32_t format;"
"""The members of the prelude's texture objects, in their order."""


_WAY = "static inline int32_t xp_way(int32_t i, int32_t last) { return i < 0 || i > last ? last : i; }\n"


def _texture(name: str, parts: Sequence[tuple[str, Param]], position: int) -> list[str]:
    """A texture over a buffer of the case: extents that the kernel does not use are 1."""
    word = max(p.word for path, _ in parts if (p := texture_part(path)) is not None)
    lines = [f"  {name} = {{nullptr, 1, 1, 1, 1, {word}u}};"]
    for i, (path, param) in enumerate(parts):
        part = texture_part(path)
        if part is not None and part.ways:
            last, words = len(part.ways) - 1, ", ".join(f"{w}u" for w in part.ways)
            number = f"xp_way(*(int32_t *)args[{position + i}], {last})"
            lines.append(f"  {name}.format |= (const uint32_t[]){{{words}}}[{number}];")
            continue
        member = path[1:] if part is None else "texels"
        lines.append(f"  {name}.{member} = *({_type(param)} *)args[{position + i}];")
    return lines


def _type(param: Param) -> str:
    if isinstance(param.type, Pointer):
        return "void *"
    return _scalar(param.type)


def _scalar(type_: Scalar) -> str:
    return "uint16_t" if type_ in (F16, BF16) else value_type(type_)


def _steps(path: str) -> list[str]:
    """`.a.dims[0]` as `a`, `dims`, `_0`."""
    return [f"_{s}" if s.isdigit() else s for s in re.findall(r"\w+", path)]


def _member(path: str) -> str:
    return "".join(f".{step}" for step in _steps(path))


def _fields(fields: Sequence[tuple[str, str]], text: str) -> str:
    """Members with the padding that they have in the source: objects within the object are such here too."""
    return _members([(type_, _steps(path)) for type_, path in fields], text) or "char empty;"


_VECTORS: Final = {("x", "y"): 2, ("x", "y", "z", "w"): 4}


def _alignment(name: str, fields: Sequence[tuple[str, list[str]]], text: str) -> str:
    """CUDA's short vectors are aligned to their size, up to 16 bytes; `text` tells what `name` is."""
    lanes = _VECTORS.get(tuple(".".join(steps) for _, steps in fields))
    if lanes is None:
        return ""
    stem = r"u?(?:char|short|int|long|longlong)|float|double|(?:__)?half|(?:__)?nv_bfloat16"
    if re.search(rf"\b(?:{stem}){lanes}\b[^;(){{}}=]*\b{name}\b", text) is None:
        return ""
    size = f"{lanes} * sizeof({fields[0][0]})"
    return f"alignas({size} < 16 ? {size} : 16) "


def _members(fields: Sequence[tuple[str, list[str]]], text: str) -> str:
    parts = []
    for name, group in groupby(fields, key=lambda field: field[1][0]):
        inner = [(type_, steps[1:]) for type_, steps in group]
        plain = len(inner) == 1 and not inner[0][1]
        align = _alignment(name, inner, text)
        type_ = inner[0][0] if plain else f"struct {align}{{ {_members(inner, text)} }}"
        parts.append(f"{type_} {name};")
    return " ".join(parts)
