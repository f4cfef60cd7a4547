"""Names of template instances: as the source writes them, and as C identifiers."""

from __future__ import annotations

import re
from typing import Any

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.state import identifier

__all__ = ["instance_name", "qualified_name", "symbol_of"]


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
    for k in range(max(0, cursor.get_num_template_arguments())):
        kind = cursor.get_template_argument_kind(k).name
        if kind == "TYPE":
            spelled = str(cursor.get_template_argument_type(k).spelling)
            found.append("half" if spelled == "__half" else spelled)
        elif kind == "INTEGRAL":
            found.append(str(cursor.get_template_argument_value(k)))
        else:
            found.append("...")
    return found


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
