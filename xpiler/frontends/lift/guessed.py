"""Template kernels that the file does not instantiate: arguments that such a kernel is usually given.

A library's kernel, or one that is launched where types are not known (a dispatch macro), is lifted as one likely
instance, which the report names. Defaults of the template count first, then what a parameter's name says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.discover import KernelSite
from xpiler.frontends.lift.instances import TEMPLATE_PARAMETERS, qualified_name

__all__ = ["guessed_instances"]

_BLOCK, _SIDE = 256, 16
_BY_NAME: Final = (
    (("tm", "tn", "wm", "wn"), 4),
    (("bk",), 8),
    (("bm", "bn"), 64),
    (("warpsize", "warp_size"), 32),
    (("radius",), 3),
    (("vec", "unroll", "item", "per_thread", "warps"), 4),
    (("tile",), 16),
    (("thread", "block", "nt"), _BLOCK),
    (("dim", "head"), 64),
)
"""Parts of names of integers, in lower case: the first that occurs decides. Short ones must be the whole name."""


def guessed_instances(sites: Iterable[KernelSite]) -> tuple[str, ...]:
    """`name<arguments>` for each template kernel without instance for which a guess can be made."""
    found = []
    for site in sites:
        if site.template and not site.instances:
            arguments = _arguments(site.definition)
            if arguments is not None:
                found.append(f"{qualified_name(site.definition)}<{', '.join(arguments)}>")
    return tuple(found)


def _arguments(definition: Node) -> list[str] | None:
    parameters = [c for c in definition.children if c.kind in TEMPLATE_PARAMETERS]
    wide = [c for c in parameters if _integer(c.spelling) == _BLOCK]
    out: list[str] = []
    for parameter in parameters:
        words = [str(t.spelling) for t in parameter.cursor.get_tokens()]
        if "=" in words or "..." in words:
            break  # it and all that follow have values of their own
        match parameter.kind:
            case "TEMPLATE_TYPE_PARAMETER":
                out.append(_type(parameter.spelling))
            case "TEMPLATE_NON_TYPE_PARAMETER" if parameter.type.kind.name == "BOOL":
                out.append("true")
            case "TEMPLATE_NON_TYPE_PARAMETER":
                guess = _integer(parameter.spelling)
                out.append(str(guess if guess != _BLOCK or len(wide) == 1 else _SIDE))
            case _:
                return None
    return out


def _type(name: str) -> str:
    lowered = name.lower()
    return "int" if lowered.startswith(("index", "idx", "offset", "int")) else "float"


def _integer(name: str) -> int:
    lowered = name.lower()
    for parts, value in _BY_NAME:
        if any(lowered == part or (len(part) > 2 and part in lowered) for part in parts):
            return value
    return _SIDE
