"""Warp matrix fragments."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.ctype import CType
from xpiler.frontends.lift.state import Lifter

__all__ = ["declare_tile"]


def declare_tile(lf: Lifter, node: Node, ctype: CType) -> bool:
    """Declare a fragment variable; false when `ctype` is none."""
    return False
