"""The diagnostics XP5xxx: severity, message, hint and the page that explains each (`catalog.toml`)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from xpiler.records import dataclass

__all__ = ["Entry", "codes", "entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`message` and `hint` have `{placeholders}`. `effort` is what a person has to do: none, low, medium, high."""

    code: str
    severity: str
    title: str
    message: str
    hint: str
    effort: str
    detail: str
    before: str
    after: str


@cache
def _catalog() -> dict[str, Entry]:
    raw = tomllib.loads((Path(__file__).parent / "catalog.toml").read_text())
    return {
        code: Entry(
            code,
            row["severity"],
            row["title"],
            row["message"],
            row.get("hint", ""),
            row.get("effort", "none"),
            row["detail"].strip(),
            row.get("before", "").strip("\n"),
            row.get("after", "").strip("\n"),
        )
        for code, row in raw.items()
    }


def entry(code: str) -> Entry:
    """The catalogue's entry; KeyError for a code that isn't in it (a mistake of the program)."""
    return _catalog()[code]


def codes() -> tuple[str, ...]:
    """All codes, in order."""
    return tuple(sorted(_catalog()))
