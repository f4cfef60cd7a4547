"""What a port is asked to do."""

from __future__ import annotations

import hashlib
from dataclasses import field
from pathlib import Path

from xpiler.backends.hip.options import UserRule
from xpiler.records import dataclass

__all__ = ["HELPER_HEADER", "Settings", "is_suppressed"]

HELPER_HEADER = "xpiler_hip.h"
COMPAT_HEADER = "xpiler_compat.h"


@dataclass(frozen=True, slots=True)
class Settings:
    """`suppress` holds codes (`XP5201`), prefixes (`XP52`) and ranges (`XP5201-XP5209`).

    `matrix` and `rocm` are those of `HipOptions`.
    """

    source: Path
    output: Path
    arch: str = "gfx90a"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    jobs: int = 1
    dry_run: bool = False
    in_place: bool = False
    force: bool = False
    annotate: bool = False
    single_source: bool = False
    suppress: tuple[str, ...] = ()
    rules: tuple[UserRule, ...] = ()
    matrix: str = "loops"
    rocm: str = ""
    compile: bool = False
    verify: bool = False
    compile_commands: Path | None = None
    max_bytes: int = field(default=64 << 20)

    @property
    def key(self) -> str:
        """A hash of all that changes a ported file's text."""
        parts = (
            self.arch,
            self.annotate,
            self.single_source,
            self.in_place,
            self.rules,
            self.matrix,
            self.rocm,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def is_suppressed(code: str, suppress: tuple[str, ...]) -> bool:
    """Whether a diagnostic's code is among those that the user doesn't want to see."""
    for wanted in suppress:
        first, dash, last = wanted.partition("-")
        if dash and first <= code <= (last if last.startswith("XP") else f"XP{last}"):
            return True
        if not dash and code.startswith(wanted):
            return True
    return False
