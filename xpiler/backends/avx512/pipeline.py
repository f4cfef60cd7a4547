"""The passes of the AVX-512 target, in order."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.avx512.passes import cache, loop_bind, order, tensorize
from xpiler.ir.nodes import Module
from xpiler.passes import detensorize, fold, inline, loop_recovery
from xpiler.passes.base import Pass

__all__ = ["pipeline"]


def pipeline(program: Module, options: Mapping[str, str]) -> tuple[Pass, ...]:
    """The list; what each does is in its own module."""
    del program, options
    return (
        inline.PASS,
        fold.PASS,
        detensorize.PASS,
        loop_recovery.PASS,
        fold.PASS,
        order.PASS,
        loop_bind.PASS,
        cache.PASS,
        tensorize.PASS,
    )
