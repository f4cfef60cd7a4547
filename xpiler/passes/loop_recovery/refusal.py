"""What recovery cannot express, raised inside the package and handed out as an `Unsupported` value."""

from __future__ import annotations

from xpiler.ir.nodes import Span
from xpiler.passes.base import Unsupported

__all__ = ["Refused"]


class Refused(Exception):  # noqa: N818 - it is an outcome, not an error
    def __init__(self, code: str, reason: str, span: Span | None = None, hint: str = "") -> None:
        super().__init__(reason)
        self.outcome = Unsupported(code, reason, span, hint)
