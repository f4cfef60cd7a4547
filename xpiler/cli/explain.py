"""`xpiler explain`: what a diagnostic code means."""

from __future__ import annotations

import sys
import textwrap
from typing import Annotated

import typer

from xpiler.cli.help import Command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def explain(
        codes: Annotated[list[str], typer.Argument(help="Codes, as in messages: XP2101.")],
    ) -> None:
        """Say what a diagnostic code means, and what to do.

        \b
        xpiler explain XP2101

        Exit status 1 when there is no such code.
        """
        found = [(code, _text(code.strip("[]:").upper())) for code in codes]
        sys.stdout.write("\n".join(text for _, text in found if text))
        unknown = [code for code, text in found if not text]
        for code in unknown:
            sys.stderr.write(f"there is no code {code}; all are in docs/diagnostics/\n")
        raise typer.Exit(1 if unknown else 0)


def _text(code: str) -> str:
    """The explanation as plain text; empty where there is no such code."""
    if code.startswith("XP5"):
        from xpiler.backends.hip import catalog

        if code not in catalog.codes():
            return ""
        row = catalog.entry(code)
        example = "\n\nbecomes\n\n".join(part for part in (row.before, row.after) if part)
        return _page(f"{code}: {row.title}", row.detail, row.hint, example)
    from xpiler.driver.codes import meanings

    known = meanings().get(code)
    if known is None:
        return ""
    return _page(f"{code}: {known.title}", known.detail, known.hint, known.example)


def _page(title: str, detail: str, hint: str, example: str) -> str:
    parts = [title, *(textwrap.fill(" ".join(p.split()), 96) for p in (detail, hint) if p)]
    if example:
        parts.append(textwrap.indent(example, "    "))
    return "\n\n".join(parts) + "\n"
