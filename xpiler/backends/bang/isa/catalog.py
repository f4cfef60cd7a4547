"""The instructions of BANG C as records: what tensorize may use, what prompts and documentation quote."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from xpiler.backends.base import ManualEntry
from xpiler.backends.catalog import Instruction, parse_headers

__all__ = ["GROUPS", "catalog", "find", "manual"]

_FOLDER: Final = Path(__file__).parent / "include" / "bang"
GROUPS: Final = (
    "memory", "arithmetic", "function", "compare", "logic", "reduce", "matrix", "convert", "atomic",
)  # fmt: skip
"""The headers that declare instructions, by name."""


@cache
def catalog() -> tuple[Instruction, ...]:
    """All instructions, in the order of the headers. An overloaded one has a record for each form."""
    return parse_headers(_FOLDER / f"{group}.h" for group in GROUPS)


def find(name: str) -> tuple[Instruction, ...]:
    """The forms of one instruction; empty when there is none of that name."""
    return tuple(i for i in catalog() if i.name == name)


@cache
def manual() -> tuple[ManualEntry, ...]:
    """The catalog for prompts."""
    return tuple(
        ManualEntry(i.name, i.signature, i.summary, i.requires, i.meaning) for i in catalog()
    )
