"""The target `bang`: BANG C for Cambricon MLUs."""

from __future__ import annotations

from typing import Final

from xpiler.backends.bang.arch import ARCHITECTURES, DEFAULT
from xpiler.backends.bang.emit import emit
from xpiler.backends.bang.isa.catalog import manual
from xpiler.backends.bang.isa.meaning import meaning
from xpiler.backends.bang.pipeline import pipeline
from xpiler.backends.bang.toolchain import Simulator
from xpiler.backends.bang.words import vocabulary
from xpiler.backends.base import Option, Target

__all__ = ["FACTS", "TARGET"]

FACTS: Final = ARCHITECTURES[DEFAULT].facts
"""Of mtp_372 (MLU370); with another `arch` the pipeline's passes see that one's."""

TARGET: Final = Target(
    name="bang",
    title="Cambricon MLU (BANG C)",
    pipeline=pipeline,
    emit=emit,
    executors=(Simulator(),),
    facts=FACTS,
    manual=manual,
    vocabulary=vocabulary,
    meaning=meaning,
    options=(Option("arch", tuple(ARCHITECTURES), DEFAULT, "the MLU architecture"),),
    suffixes=(".mlu",),
)
