"""What programs for this target may name: instructions, composite functions, copy directions, memory spaces."""

from __future__ import annotations

from functools import cache

from xpiler.backends.bang.composites import COMPOSITES
from xpiler.backends.bang.isa.catalog import catalog
from xpiler.backends.bang.printer import DIRECTIONS
from xpiler.backends.bang.spaces import NRAM, SRAM, WRAM
from xpiler.backends.base import Vocabulary
from xpiler.ir.types import BOOL, F32, I32, VOID, Type

__all__ = ["vocabulary"]

_RESULTS: dict[str, Type] = {"void": VOID, "float": F32, "int": I32, "bool": BOOL}


@cache
def vocabulary() -> Vocabulary:
    """Result types by name, spaces by keyword."""
    instructions: dict[str, Type] = dict.fromkeys(DIRECTIONS, I32)
    instructions |= dict.fromkeys(COMPOSITES, VOID)
    for record in catalog():
        result = (
            record.signature.partition(">")[2]
            if "template" in record.signature
            else record.signature
        )
        instructions[record.name] = _RESULTS.get(result.split()[0], VOID)
    return Vocabulary(instructions, {s.keyword: s for s in (NRAM, WRAM, SRAM)})
