"""A whole program run before and after, on the CPU runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xpiler.port.settings import Settings

__all__ = ["run_both"]


def run_both(settings: Settings, arguments: Sequence[str]) -> Mapping[str, Any]:
    del settings, arguments
    return {"status": "failed", "reason": "the CPU runtime has no HIP headers yet"}
