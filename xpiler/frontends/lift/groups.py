"""Cooperative groups."""

from __future__ import annotations

from xpiler.frontends.libclang import Node
from xpiler.frontends.lift.state import Lifter
from xpiler.frontends.lift.values import Value

__all__ = ["method"]


def method(lf: Lifter, node: Node, ref: Node, target: Node, args: tuple[Node, ...]) -> Value:
    """A member function of a group."""
    lf.refuse("XP1111", f"{ref.spelling} of this object", node)
