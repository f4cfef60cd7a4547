"""Names of template instances: as the source writes them, and as C identifiers."""

from __future__ import annotations

import ctypes
import re
from typing import Any, Final

import clang.cindex as ci

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.state import identifier

__all__ = ["TEMPLATE_PARAMETERS", "instance_name", "qualified_name", "symbol_of"]

TEMPLATE_PARAMETERS: Final = frozenset(
    {"TEMPLATE_TYPE_PARAMETER", "TEMPLATE_NON_TYPE_PARAMETER", "TEMPLATE_TEMPLATE_PARAMETER"}
)


def qualified_name(node: Node) -> str:
    """`ns::kernel` (anonymous namespaces left out)."""
    parts = [node.spelling]
    parent = node.cursor.semantic_parent
    while parent is not None and parent.kind.name in ("NAMESPACE", "STRUCT_DECL", "CLASS_DECL"):
        if parent.spelling:
            parts.insert(0, str(parent.spelling))
        parent = parent.semantic_parent
    return "::".join(parts)


def instance_name(node: Node) -> str:
    """`reduce<float, 256>`; the plain name of a kernel that is no template."""
    name = qualified_name(node)
    arguments = _arguments(node.cursor)
    return f"{name}<{', '.join(arguments)}>" if arguments else name


def _arguments(cursor: Any) -> list[str]:
    found: list[str] = []
    parameters = _parameters(cursor)
    for k in range(max(0, cursor.get_num_template_arguments())):
        kind = _kind(cursor, k)
        if kind == "TYPE":
            spelled = str(cursor.get_template_argument_type(k).spelling)
            found.append("half" if spelled == "__half" else spelled)
        elif kind == "INTEGRAL":
            value = int(cursor.get_template_argument_value(k))
            found.append(_number(value, parameters[k].type if k < len(parameters) else None))
        elif kind == "PACK":
            return _demangled(str(cursor.mangled_name)) or [*found, "..."]
        else:
            found.append("...")
    return found


def _kind(cursor: Any, k: int) -> str:
    try:
        return str(cursor.get_template_argument_kind(k).name)
    except ValueError:  # the bindings do not know the last kind
        return "PACK"


def _parameters(cursor: Any) -> list[Any]:
    """The parameters of an instance's template."""
    template = ci.conf.lib.clang_getSpecializedCursorTemplate(cursor)
    if template is None or template.kind.is_invalid():
        return []
    return [c for c in template.get_children() if c.kind.name in TEMPLATE_PARAMETERS]


def _number(value: int, type_: Any) -> str:
    """As the source would write it: a member of an enumeration by its name."""
    canonical = None if type_ is None else type_.get_canonical()
    if canonical is not None and canonical.kind.name == "BOOL":
        return "true" if value else "false"
    if canonical is None or canonical.kind.name != "ENUM":
        return str(value)
    declaration = canonical.get_declaration()
    members = (c for c in declaration.get_children() if c.kind.name == "ENUM_CONSTANT_DECL")
    name = next((str(c.spelling) for c in members if c.enum_value == value), "")
    return f"{canonical.spelling}::{name}" if name else f"({canonical.spelling}){value}"


def _demangled(symbol: str) -> list[str]:
    """The template arguments that a function's symbol names: libclang tells no others of a pack."""
    try:
        demangle = ctypes.CDLL("libstdc++.so.6").__cxa_demangle
    except (OSError, AttributeError):
        return []
    demangle.restype = ctypes.c_char_p
    status = ctypes.c_int(-1)
    text = demangle(symbol.encode(), None, None, ctypes.byref(status))
    if status.value or text is None:
        return []
    inner = str(text.decode()).partition("<")[2]
    parts, depth = [""], 1
    for char in inner:
        depth += (char in "<([{") - (char in ">)]}")
        if not depth:
            break
        if char == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += char
    return [_plain(part.strip()) for part in parts]


def _plain(written: str) -> str:
    """`float const*` as `const float *`."""
    found = re.fullmatch(r"([\w:]+) const( ?\*)", written)
    return f"const {found[1]} *" if found else written


def symbol_of(source_name: str, taken: set[str]) -> str:
    """A C identifier for an instance, unique in `taken` (which it joins)."""
    stem = re.sub(r"\(lambda at [^)]*\)", "lambda", source_name)
    stem = identifier(re.sub(r"-(?=\d)", "minus_", stem).rstrip(">"))
    name, n = stem, 1
    while name in taken:
        name = f"{stem}_{n}"
        n += 1
    taken.add(name)
    return name
