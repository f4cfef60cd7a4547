"""`xpiler prompt`: exactly what a model would be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def prompt(
        source: Annotated[Path, typer.Argument(help="The CUDA file.", show_default=False)],
        pass_: Annotated[
            str, typer.Option("--pass", "-p", help="The pass, for instance tensorize.")
        ],
        target: Annotated[str, typer.Option("--target", "-t", help="hip, avx512 or bang.")],
        kernel: Annotated[str, typer.Option("--kernel", "-k", help="Only this kernel.")] = "",
        prompts: Annotated[
            Path | None, typer.Option("--prompts", help="Folder with templates of your own.")
        ] = None,
    ) -> None:
        """Print the messages that would be sent to a model for one pass of each kernel."""
        from xpiler.api import Settings, prompts_for
        from xpiler.cli.show import console, show_diagnostics
        from xpiler.driver.report import InputError

        result = prompts_for(source, target, pass_, Settings(), str(prompts) if prompts else "")
        if isinstance(result, InputError):
            show_diagnostics(result.diagnostics, console(stderr=True))
            raise typer.Exit(2)
        for name, messages in result.items():
            if kernel and name != kernel:
                continue
            for message in messages:
                typer.echo(f"[{name}: {message.role}]\n{message.content}\n")
