"""`xpiler cases`: the test cases that verification uses, as TOML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xpiler.cli import options as shared
from xpiler.cli.help import Command

__all__ = ["register"]

Out = Annotated[Path | None, typer.Option("-o", "--out", help="Write to a file.")]
Force = Annotated[
    bool, typer.Option("--force", "-f", help="Overwrite a file that exists, edited or not.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def cases(
        source: shared.Source,
        out: Out = None,
        force: Force = False,
        include: shared.Include = None,
        define: shared.Define = None,
    ) -> None:
        """Print the inferred cases: launch geometry, sizes, roles and inputs of every kernel.

        \b
        xpiler cases kernel.cu -o kernel.toml                     write them, to be edited
        xpiler translate kernel.cu -t hip --case kernel.toml      translate with what you wrote
        """
        from xpiler.api import Settings, infer_cases
        from xpiler.cli.show import console, show_diagnostics, show_input_error
        from xpiler.driver.output import NotWritten, not_written, write_whole
        from xpiler.driver.report import InputError

        settings = Settings(include_dirs=tuple(include or ()), defines=tuple(define or ()))
        result = infer_cases(source, settings)
        if isinstance(result, InputError):
            show_input_error(result)
        if out is None or str(out) == "-":
            typer.echo(result.toml, nl=False)
        else:
            written = write_whole(out, result.toml, force)
            if isinstance(written, NotWritten):
                show_input_error(not_written(written))
        show_diagnostics(result.diagnostics, console(stderr=True))
        raise typer.Exit(1 if result.diagnostics else 0)
