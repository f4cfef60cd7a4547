"""Writes docs/diagnostics/: a page for each code of the catalogue.

python -m xpiler.port.pages docs/diagnostics
"""

from __future__ import annotations

import sys
from pathlib import Path

from xpiler.backends.hip.catalog import Entry, codes, entry

__all__ = ["index", "page"]


def page(row: Entry) -> str:
    """The page of one diagnostic, as Markdown."""
    lines = [
        f"# {row.code}: {row.title}",
        "",
        f"Severity: {row.severity}. Effort: {row.effort}.",
        "",
        f"> {row.message}",
        "",
        row.detail,
        "",
    ]
    if row.hint:
        lines += ["## What to do", "", row.hint[0].upper() + row.hint[1:] + ".", ""]
    if row.before:
        lines += ["## Example", "", "```cuda", row.before, "```", ""]
    if row.after:
        lines += ["becomes", "", "```cpp", row.after, "```", ""]
    lines += [f"Not to see it: `xpiler port --suppress {row.code}`.", ""]
    return "\n".join(lines)


def index() -> str:
    """The list of all codes."""
    head = [
        "# Diagnostics of the HIP port",
        "",
        "| code | severity | effort | what |",
        "|---|---|---|---|",
    ]
    rows = [
        f"| [{r.code}]({r.code}.md) | {r.severity} | {r.effort} | {r.title} |"
        for r in map(entry, codes())
    ]
    return "\n".join([*head, *rows, ""])


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for code in codes():
        (folder / f"{code}.md").write_text(page(entry(code)))
    (folder / "hip.md").write_text(index())


if __name__ == "__main__":
    main()
