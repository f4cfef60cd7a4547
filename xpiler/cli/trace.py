"""`xpiler trace`: look at a recorded run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xpiler.cli.help import Command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def trace(
        folder: Annotated[Path, typer.Argument(help="A folder written by translate --trace.")],
        html: Annotated[
            Path | None, typer.Option("--html", help="Write one self-contained page.")
        ] = None,
        diff: Annotated[bool, typer.Option("--diff", help="Show what each pass changed.")] = False,
    ) -> None:
        """Show a recorded run: passes, prompts, verdicts, solver queries, timings.

        \b
        xpiler translate kernel.cu -t bang --trace run
        xpiler trace run --html run.html
        """
        from xpiler.trace.read import NoTrace, read_trace

        found = read_trace(folder)
        if isinstance(found, NoTrace):
            typer.echo(f"xpiler: {found.reason}", err=True)
            raise typer.Exit(2)
        if html is not None:
            from xpiler.trace.html import render_html

            html.write_text(render_html(found), encoding="utf-8")
            typer.echo(f"wrote {html}")
            return
        from xpiler.trace.show import render_text

        typer.echo(render_text(found, diff), nl=False)
