"""Messages that point at the source."""

from __future__ import annotations

from xpiler.ir.nodes import Span
from xpiler.records import dataclass

__all__ = ["Diagnostic"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A message that points at the source. `code` is stable (`XP1203`); severity: error, warning, note."""

    code: str
    severity: str
    message: str
    span: Span | None = None
    hint: str = ""
