"""The architectures: what each has on the chip and which vector instructions its rules leave open.

Sizes: the public operator library and its developer guide. What those say of mtp_592 is inferred from kernels
written for it; a sample of the guide plans 327,680 bytes of its NRAM, and so does this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from xpiler.records import dataclass

__all__ = ["ARCHITECTURES", "CORES_PER_CLUSTER", "DEFAULT", "TASKS", "Architecture"]

TASKS: Final = 16
"""Tasks that a launch starts: four Union1 jobs of four cores, as an MLU370 runs side by side."""
CORES_PER_CLUSTER: Final = 4

_KB: Final = 1024
_RESERVED: Final = 128 * _KB  # of NRAM and SRAM, for the compiler's stack


@dataclass(frozen=True, slots=True)
class Architecture:
    """One value of `--bang-mlu-arch`. Bytes of NRAM and SRAM are what a program may plan with.

    `vector_alignment`: vector lengths are divisible by this many bytes; 1 where there is no such rule.
    """

    number: int
    nram: int
    wram: int
    sram: int
    vector_alignment: int

    @property
    def name(self) -> str:
        return f"mtp_{self.number}"

    @property
    def facts(self) -> Mapping[str, int]:
        return {
            "arch": self.number,
            "nram_bytes": self.nram,
            "wram_bytes": self.wram,
            "sram_bytes": self.sram,
            "cores_per_cluster": CORES_PER_CLUSTER,
            "tasks": TASKS,
            "vector_alignment": self.vector_alignment,
        }


def _arch(number: int, nram: int, wram: int, sram: int, alignment: int) -> Architecture:
    """Of the sizes in KB that the hardware has."""
    free = nram * _KB - _RESERVED, wram * _KB, sram * _KB - _RESERVED
    return Architecture(number, *free, alignment)


ARCHITECTURES: Final[Mapping[str, Architecture]] = MappingProxyType({
    a.name: a
    for a in (
        _arch(220, 512, 512, 2048, 128),
        _arch(270, 512, 1024, 2048, 128),
        _arch(290, 512, 512, 2048, 128),
        _arch(372, 768, 1024, 4096, 1),
        Architecture(592, 320 * _KB, 512 * _KB, 2048 * _KB - _RESERVED, 1),
    )
})  # fmt: skip
DEFAULT: Final = "mtp_372"
