"""The passes of the target, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from xpiler.backends.bang.arch import ARCHITECTURES, DEFAULT, Architecture
from xpiler.backends.bang.passes.atomics import ATOMICS
from xpiler.backends.bang.passes.bind import BIND
from xpiler.backends.bang.passes.cache import CACHE
from xpiler.backends.bang.passes.distribute import DISTRIBUTE
from xpiler.backends.bang.passes.doubles import DOUBLES
from xpiler.backends.bang.passes.matmul import MATMUL
from xpiler.backends.bang.passes.pipeline import PIPELINE
from xpiler.backends.bang.passes.reroll import REROLL
from xpiler.backends.bang.passes.rows import ROWS
from xpiler.backends.bang.passes.tensorize import TENSORIZE
from xpiler.ir.nodes import Module
from xpiler.passes.base import Context, Outcome, Pass
from xpiler.passes.detensorize import PASS as DETENSORIZE
from xpiler.passes.fold import PASS as FOLD
from xpiler.passes.inline import PASS as INLINE
from xpiler.passes.loop_recovery import PASS as LOOP_RECOVERY

__all__ = ["pipeline"]


_Rewrite = Callable[[Module, Context], Outcome]
_PASSES: Final[tuple[Pass, ...]] = (
    INLINE,
    FOLD,
    DOUBLES,
    DETENSORIZE,
    LOOP_RECOVERY,
    FOLD,
    BIND,
    DISTRIBUTE,
    REROLL,
    ROWS,
    CACHE,
    MATMUL,
    TENSORIZE,
    PIPELINE,
    ATOMICS,
)


def pipeline(program: Module, options: Mapping[str, str]) -> tuple[Pass, ...]:
    """From the lifted SIMT kernel to tasks with vector instructions, for the architecture that `options` name."""
    del program
    arch = ARCHITECTURES[options.get("arch", DEFAULT)]
    if arch.name == DEFAULT:
        return _PASSES
    return tuple(replace(p, rewrite=_on(arch, p.rewrite)) for p in _PASSES)


def _on(arch: Architecture, rewrite: _Rewrite) -> _Rewrite:
    """`rewrite` with the numbers of another architecture than the target's default."""

    def on_arch(module: Module, context: Context) -> Outcome:
        return rewrite(module, replace(context, facts={**context.facts, **arch.facts}))

    return on_arch
