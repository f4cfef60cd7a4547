"""What the HIP rewriting can be told: the machine, and what is known of the project around a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from xpiler.records import dataclass

__all__ = ["ARCHITECTURES", "MATRIX", "RELEASE", "HipOptions", "UserRule", "has_mfma", "wavefront"]

# Lanes of a wavefront as HIP's runtime runs it (hip#3776: wave32 on RDNA, wave64 on GCN and CDNA).
ARCHITECTURES: Mapping[str, int] = {
    "gfx90a": 64,
    "gfx942": 64,
    "gfx908": 64,
    "gfx906": 64,
    "gfx1030": 32,
    "gfx1100": 32,
}

CUDA_WARP = 32

# What becomes of wmma fragments: shuffles, matrix cores through the compiler's builtins, or AMD's library.
MATRIX = ("loops", "mfma", "rocwmma")
# A ROCm release as it is written.
RELEASE = re.compile(r"\d+\.\d+(?:\.\d+)?")
_MFMA = frozenset({"gfx908", "gfx90a", "gfx942"})


def wavefront(arch: str) -> int:
    """Lanes of a wavefront; CDNA's 64 for an architecture that isn't listed."""
    return ARCHITECTURES.get(arch, 64)


def has_mfma(arch: str) -> bool:
    """Whether the architecture has MFMA instructions (CDNA; RDNA's WMMA ones are others)."""
    return arch in _MFMA


@dataclass(frozen=True, slots=True)
class UserRule:
    """A rule of the user's own; it goes before the tables.

    kind `name`: the identifier `match` becomes `to`. `header`: the include. `macro`: an identifier whose
    definition is left alone but whose uses are renamed. `call`: `match(args)` becomes `to`, where
    `$1`, `$2`, ... stand for the arguments and `$*` for all of them.
    """

    kind: str
    match: str
    to: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class HipOptions:
    """`own`: names that the project declares itself. `local_headers`: include paths that it provides.

    `helper_header` is the path by which ported files include the generated helpers; empty puts the
    helpers that a file uses into the file. `annotate` leaves errors and warnings as comments. `matrix` is one
    of `MATRIX`. `rocm` is a release (`5.7`) to stay below or at; empty for any.
    """

    arch: str = "gfx90a"
    own: frozenset[str] = frozenset()
    local_headers: frozenset[str] = frozenset()
    helper_header: str = ""
    rules: tuple[UserRule, ...] = ()
    include_renames: Mapping[str, str] = field(default_factory=dict)
    annotate: bool = False
    matrix: str = "loops"
    rocm: str = ""

    @property
    def wavefront(self) -> int:
        return wavefront(self.arch)
