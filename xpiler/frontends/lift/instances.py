"""Names of template instances: as the source writes them, and as C identifiers."""

from __future__ import annotations

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
    truths = _truths(cursor)
    for k in range(max(0, cursor.get_num_template_arguments())):
        kind = cursor.get_template_argument_kind(k).name
        if kind == "TYPE":
            spelled = str(cursor.get_template_argument_type(k).spelling)
            found.append("half" if spelled == "__half" else spelled)
        elif kind == "INTEGRAL":
            value = cursor.get_template_argument_value(k)
            found.append(("true" if value else "false") if k in truths else str(value))
        else:
            found.append("...")
    return found


def _truths(cursor: Any) -> set[int]:
    """Which parameters of an instance's template are bool."""
    template = ci.conf.lib.clang_getSpecializedCursorTemplate(cursor)
    if template is None or template.kind.is_invalid():
        return set()
    parameters = [c for c in template.get_children() if c.kind.name in TEMPLATE_PARAMETERS]
    return {k for k, c in enumerate(parameters) if c.type.kind.name == "BOOL"}


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
