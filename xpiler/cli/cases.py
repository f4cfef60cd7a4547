"""`xpiler cases`: the test cases that verification uses, as TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def cases(
        source: Annotated[Path, typer.Argument(help="The CUDA file.", show_default=False)],
        out: Annotated[Path | None, typer.Option("-o", "--out", help="Write to a file.")] = None,
    ) -> None:
        """Print the inferred cases: launch geometry, sizes, roles and inputs of every kernel.

        Edit them and give them back with [bold]xpiler translate --case FILE[/bold].
        """
        from xpiler.api import infer_cases
        from xpiler.cli.show import console, show_diagnostics
        from xpiler.driver.report import InputError

        result = infer_cases(source)
        if isinstance(result, InputError):
            show_diagnostics(result.diagnostics, console(stderr=True))
            raise typer.Exit(2)
        if out is None:
            typer.echo(result.toml, nl=False)
        else:
            out.write_text(result.toml, encoding="utf-8")
        show_diagnostics(result.diagnostics, console(stderr=True))
        raise typer.Exit(1 if result.diagnostics else 0)
