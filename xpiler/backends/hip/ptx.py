"""Inline PTX: the common idioms become C++; each other occurrence is reported."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.hip.view import View
from xpiler.backends.hip.warp import Handler

__all__ = ["HANDLERS"]


def inline_asm(view: View, at: int) -> bool:
    """`asm volatile("..." : out : in)`."""
    opening = at + 1
    while view.text(opening) in ("volatile", "__volatile__", "goto", "inline"):
        opening += 1
    call = view.call_at(at, opening) if view.text(opening) == "(" else None
    if call is None:
        return True
    text = " ".join(
        view.text(i) for i in range(opening + 1, call.close) if view.items[i].kind == "string"
    )
    view.report("XP5301", at, text=text[:80])
    view.findings.left["asm"] = view.findings.left.get("asm", 0) + 1
    return True


HANDLERS: Mapping[str, Handler] = dict.fromkeys(("asm", "__asm__", "__asm"), inline_asm)
