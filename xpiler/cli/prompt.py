"""`xpiler prompt`: exactly what a model would be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from xpiler.cli import options as shared
from xpiler.cli.help import Command

__all__ = ["register"]

PassName = Annotated[str, typer.Option("--pass", "-p", help="The pass, for instance tensorize.")]
Prompts = Annotated[
    Path | None, typer.Option("--prompts", help="Folder with templates of your own.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def prompt(
        source: shared.Source,
        pass_: PassName,
        target: shared.TargetName = "",
        kernel: shared.KernelName = "",
        prompts: Prompts = None,
        set_: shared.Options = None,
        arch: shared.Arch = "",
        include: shared.Include = None,
        define: shared.Define = None,
    ) -> None:
        """Print the messages that would be sent to a model for one pass of each kernel.

        \b
        xpiler prompt kernel.cu --pass loop_recovery -t bang
        """
        from xpiler.api import Settings, prompts_for
        from xpiler.cli.show import show_input_error
        from xpiler.driver.report import InputError

        settings = Settings(
            options=shared.target_options(set_, arch),
            include_dirs=tuple(include or ()),
            defines=tuple(define or ()),
        )
        result = prompts_for(source, target, pass_, settings, str(prompts) if prompts else "")
        if isinstance(result, InputError):
            show_input_error(result)
        for name, messages in shared.only(result, kernel).items():
            for message in messages:
                typer.echo(f"[{name}: {message.role}]\n{message.content}\n")
