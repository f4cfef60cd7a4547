"""Inline PTX: a small table of idioms; anything else is refused by name."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.state import Lifter

__all__ = ["assembly"]


def assembly(lf: Lifter, node: Node) -> None:
    """Lift one asm statement."""
    text = " ".join(node.text.split())
    raise lf.refuse("XP1104", f"inline PTX: {text[:60]}", node, "write it with a CUDA intrinsic")
