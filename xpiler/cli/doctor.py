"""`xpiler doctor`: what is installed, and what each thing adds."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from xpiler.cli.help import Command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def doctor(
        as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    ) -> None:
        """Say what was found on this machine, what it adds, and what is missing.

        Exit status 1 when something is missing that translating needs.
        """
        from xpiler.cli.show import console
        from xpiler.driver.doctor import examine

        findings = examine()
        if as_json:
            rows = [
                {
                    "name": f.name,
                    "found": f.found,
                    "detail": f.detail,
                    "adds": f.adds,
                    "needed": f.needed,
                }
                for f in findings
            ]
            typer.echo(json.dumps(rows, indent=2))
        else:
            from rich.table import Table
            from rich.text import Text

            table = Table(box=None, pad_edge=False)
            for column in ("", "what", "found", "what it adds"):
                table.add_column(column, overflow="fold")
            for f in findings:
                mark = "[green]yes[/]" if f.found else ("[red]no[/]" if f.needed else "[dim]no[/]")
                table.add_row(mark, Text(f.name), Text(f.detail), Text(f.adds))
            console().print(table)
        if any(f.needed and not f.found for f in findings):
            raise typer.Exit(1)
