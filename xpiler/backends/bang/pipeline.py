"""The passes of the target, in order."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.bang.passes.atomics import ATOMICS
from xpiler.backends.bang.passes.bind import BIND
from xpiler.backends.bang.passes.cache import CACHE
from xpiler.backends.bang.passes.distribute import DISTRIBUTE
from xpiler.backends.bang.passes.doubles import DOUBLES
from xpiler.backends.bang.passes.pipeline import PIPELINE
from xpiler.backends.bang.passes.reroll import REROLL
from xpiler.backends.bang.passes.tensorize import TENSORIZE
from xpiler.ir.nodes import Module
from xpiler.passes.base import Pass
from xpiler.passes.detensorize import PASS as DETENSORIZE
from xpiler.passes.fold import PASS as FOLD
from xpiler.passes.inline import PASS as INLINE
from xpiler.passes.loop_recovery import PASS as LOOP_RECOVERY

__all__ = ["pipeline"]


def pipeline(program: Module, options: Mapping[str, str]) -> tuple[Pass, ...]:
    """From the lifted SIMT kernel to tasks with vector instructions."""
    del program, options
    return (
        INLINE,
        FOLD,
        DOUBLES,
        DETENSORIZE,
        LOOP_RECOVERY,
        FOLD,
        BIND,
        DISTRIBUTE,
        REROLL,
        CACHE,
        TENSORIZE,
        PIPELINE,
        ATOMICS,
    )
