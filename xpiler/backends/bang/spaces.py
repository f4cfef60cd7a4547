"""Memory spaces of an MLU beside those that shared code knows. GDRAM is the IR's global space."""

from __future__ import annotations

from typing import Final

from xpiler.ir.types import Space

__all__ = ["NRAM", "SRAM", "WRAM", "on_chip"]

NRAM: Final = Space("nram", "__nram__")
WRAM: Final = Space("wram", "__wram__")
SRAM: Final = Space("sram", "__mlu_shared__")


def on_chip(space: Space) -> bool:
    """Whether the space lies on the chip: NRAM and WRAM of a core, SRAM of a cluster."""
    return space in (NRAM, WRAM, SRAM)
