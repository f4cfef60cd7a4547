"""A candidate of the repair search."""

from __future__ import annotations

from dataclasses import dataclass

from xpiler.ir.nodes import Module
from xpiler.synth.trace import Place

__all__ = ["Change"]


@dataclass(frozen=True, slots=True)
class Change:
    """A candidate, what was changed, as a phrase, and at which statement of the broken program."""

    program: Module
    what: str
    place: Place
