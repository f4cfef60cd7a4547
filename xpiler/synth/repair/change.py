"""A candidate of the repair search."""

from __future__ import annotations

from xpiler.ir.nodes import Module
from xpiler.records import dataclass
from xpiler.synth.locate.trace import Place

__all__ = ["Change"]


@dataclass(frozen=True, slots=True)
class Change:
    """A candidate, what was changed, as a phrase, and at which statement of the broken program.

    `cost` grows with how much is changed: 0 for what the predecessor has there, 1 for a number or an operator, 4 for a
    new guard or another shape of an expression.
    """

    program: Module
    what: str
    place: Place
    cost: int = 2
