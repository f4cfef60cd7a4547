"""The command line: `xpiler COMMAND`. Each command imports what it needs when it is called."""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from xpiler.cli import (
    api_names,
    bench,
    cases,
    check,
    doctor,
    explain,
    passes,
    port,
    prompt,
    trace,
    translate,
    verify,
)
from xpiler.cli.help import Group

__all__ = ["app", "main"]

EPILOG = (
    "Exit status: 0 every kernel verified; 1 something is unverified or was refused; "
    "2 the input or the command line is wrong; 3 an internal error."
)

app = typer.Typer(
    name="xpiler",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # typer loads rich for it, which takes longer than everything else
    cls=Group,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(f"xpiler {version('xpiler')}")
        raise typer.Exit


@app.callback(epilog=EPILOG)
def root(
    _version_flag: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Translate CUDA into HIP, BANG C or C with AVX-512, and show that the result is right.

    Start with:  xpiler translate kernel.cu --target hip
    """


for command in (
    translate,
    port,
    verify,
    check,
    cases,
    passes,
    prompt,
    trace,
    api_names,
    explain,
    bench,
    doctor,
):
    command.register(app)


def _interrupted(end: BaseException) -> bool:
    """Whether ^C is what ended the program: within a command typer makes a silent exit of it."""
    error: BaseException | None = end
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def main() -> None:
    """Entry point: no traceback reaches a user."""
    # many small immutable objects, hardly a cycle: collecting often costs a tenth of the time
    gc.set_threshold(100_000)
    try:
        app(standalone_mode=True)
    except (KeyboardInterrupt, SystemExit) as end:
        if not _interrupted(end):
            raise
        sys.stderr.write("xpiler: interrupted; nothing half-written was left\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        sys.stderr.write(f"xpiler: {error.strerror or error}: {error.filename or ''}\n")
        sys.exit(2)
    except Exception as error:  # the last fence before a user; the trace goes to a file
        from xpiler.cli.crash import report_crash

        report_crash(error)
        sys.exit(3)


if __name__ == "__main__":
    main()
