"""What each diagnostic code means, for a person who has met it: `xpiler explain`, and docs/diagnostics/codes.md.

python -m xpiler.driver.codes > docs/diagnostics/codes.md
"""

from __future__ import annotations

import sys
import tomllib
from functools import cache
from pathlib import Path

from xpiler.records import dataclass

__all__ = ["Meaning", "meanings", "page"]

_GROUPS = {
    "XP0": "Input and command line",
    "XP1": "Reading CUDA",
    "XP2": "Passes",
    "XP3": "Targets",
    "XP4": "Verification and `xpiler check`",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One code: what was found, what to do (`hint`, where something can be done), an example in CUDA."""

    code: str
    title: str
    detail: str
    hint: str
    example: str


@cache
def meanings() -> dict[str, Meaning]:
    """The codes XP0 to XP4, in order."""
    raw = tomllib.loads((Path(__file__).parent / "codes.toml").read_text(encoding="utf-8"))
    return {
        code: Meaning(
            code, row["title"], row["detail"], row.get("hint", ""), row.get("example", "")
        )
        for code, row in sorted(raw.items())
    }


def page() -> str:
    """All of them as one page of Markdown."""
    lines = [
        "# Diagnostic codes",
        "",
        "Each message of xpiler has a code that stays. `xpiler explain XP2101` says the same as this page;",
        "the codes of the HIP port, XP5, have [pages of their own](hip.md).",
    ]
    for group, title in _GROUPS.items():
        lines += ["", f"## {group}: {title}"]
        for m in (m for c, m in meanings().items() if c.startswith(group)):
            lines += ["", f"### {m.code}: {m.title}", "", m.detail]
            lines += ["", m.hint] if m.hint else []
            lines += ["", "```cuda", m.example, "```"] if m.example else []
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
