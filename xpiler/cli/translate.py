"""`xpiler translate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xpiler.cli import model as llm
from xpiler.cli import options as shared
from xpiler.cli.help import Command

if TYPE_CHECKING:
    from rich.console import Console

    from xpiler.api import Settings
    from xpiler.driver.report import Report

__all__ = ["register"]

Out = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        help="Output file, or folder; - for standard output. Default: beside the source.",
    ),
]
NoVerify = Annotated[
    bool, typer.Option("--no-verify", help="Translate only; the result says that it is unverified.")
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite an existing output file.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write a JSON report; - for standard output.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every pass of every kernel.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
EngineName = Annotated[
    str,
    typer.Option("--engine", help="symbolic (rules), llm (a model first), auto (rules first)."),
]
TraceDir = Annotated[
    Path | None,
    typer.Option("--trace", help="Folder to record every program, prompt and verdict in."),
]
Prove = Annotated[
    bool,
    typer.Option("--prove", help="Try to prove each pass for all sizes (some seconds a pass)."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def translate(
        context: typer.Context,
        source: shared.Sources,
        target: shared.TargetName = "",
        out: Out = None,
        case: shared.CaseFile = None,
        no_verify: NoVerify = False,
        force: Force = False,
        report: ReportFile = None,
        verbose: Verbose = False,
        quiet: Quiet = False,
        set_: shared.Options = None,
        arch: shared.Arch = "",
        rocm: shared.Rocm = "",
        knob: shared.KnobValues = None,
        engine: EngineName = "auto",
        include: shared.Include = None,
        define: shared.Define = None,
        trace: TraceDir = None,
        jobs: shared.Jobs = 2,
        prove: Prove = False,
        model: llm.Model = None,
        base_url: llm.BaseUrl = None,
        prompts: llm.Prompts = None,
        samples: llm.Samples = None,
        attempts: llm.Attempts = None,
        max_tokens: llm.MaxTokens = None,
        max_cost: llm.MaxCost = None,
        record: llm.Record = None,
        replay: llm.Replay = None,
    ) -> None:
        """Translate CUDA files and verify the results against the sources.

        \b
        xpiler translate softmax.cu --target avx512  writes softmax.c (or .cpp) beside it
        xpiler translate *.cu -t hip -o out          writes one file for each into the folder

        Each kernel is run on generated inputs, several shapes and seeds, by the source program on
        xpiler's CUDA-on-CPU runtime and by the translation on the machine, a simulator or the
        runtime; a translation that differs is never written.
        """
        from xpiler.api import Settings

        if len(source) > 1:
            _fit_for_several(out, case, report, trace)
        piped = out is None and [str(path) for path in source] == ["-"]
        settings = Settings(
            out=Path("-") if piped else out,
            case=case,
            verify=not no_verify,
            force=force,
            options=shared.target_options(set_, arch, rocm),
            engine=engine,
            include_dirs=tuple(include or ()),
            defines=tuple(define or ()),
            trace=trace,
            jobs=jobs,
            knobs=shared.knob_values(knob),
            llm=llm.model_settings(context.params),
            prove=prove,
        )
        status = 0
        for path in source:
            if len(source) > 1 and not quiet:
                typer.echo(f"{path}:", err=True)
            done = _translate(path, target, settings, verbose=verbose, quiet=quiet)
            status = max(status, 2 if done is None else done.exit_status)
            if report is not None and done is not None:
                _write_report(done, report)
        raise typer.Exit(status)


def _fit_for_several(
    out: Path | None, case: Path | None, report: Path | None, trace: Path | None
) -> None:
    """Several files are translated with what means the same for each."""
    given = {"--case": case, "--report": report, "--trace": trace}
    for name, value in given.items():
        if value is not None:
            raise typer.BadParameter(f"{name} is for one file; there are several")
    if out is not None and not out.is_dir():
        raise typer.BadParameter(f"-o has to be a folder for several files, and {out} is none")


def _translate(
    source: Path, target: str, settings: Settings, *, verbose: bool, quiet: bool
) -> Report | None:
    """Translate and show what came of it; None when the input is wrong."""
    from xpiler.api import translate
    from xpiler.cli.show import console, show_diagnostics, show_problems, show_report
    from xpiler.driver.report import InputError

    err = console(stderr=True)
    with _Progress(err, quiet) as say:
        result = translate(source, target, settings, observe=say)
    if isinstance(result, InputError):
        show_diagnostics(result.diagnostics, err)
        return None
    if str(settings.out) == "-":
        sys.stdout.write(result.text)
    if quiet:
        show_problems(result, err)
    else:
        show_report(result, err, verbose)
    return result


def _write_report(done: Report, path: Path) -> None:
    from xpiler.driver.report import report_to_json

    text = json.dumps(report_to_json(done), indent=2) + "\n"
    if str(path) == "-":
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")


class _Progress:
    """A line that says what is being done, on a terminal only."""

    def __init__(self, out: Console, quiet: bool) -> None:
        self._status = None if quiet or not out.is_terminal else out.status("reading")

    def __enter__(self) -> _Progress:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, message: str) -> None:
        if self._status is not None:
            from rich.markup import escape

            self._status.update(escape(message))
