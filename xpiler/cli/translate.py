"""`xpiler translate`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from xpiler.cli import model as llm

__all__ = ["register"]

Source = Annotated[
    Path, typer.Argument(help="The CUDA file, or - for standard input.", show_default=False)
]
TargetName = Annotated[
    str, typer.Option("--target", "-t", help="hip, avx512 or bang.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option(
        "-o", "--out", help="Output file; - for standard output. Default: beside the source."
    ),
]
CaseFile = Annotated[
    Path | None,
    typer.Option(
        "--case", help="TOML file with launch geometry, sizes and inputs (see xpiler cases)."
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
Options = Annotated[
    list[str] | None,
    typer.Option("--set", help="An option of the target, name=value (for instance arch=gfx942)."),
]
Arch = Annotated[str, typer.Option("--arch", help="Short for --set arch=...")]
Rocm = Annotated[
    str, typer.Option("--rocm", help="HIP: the oldest ROCm release to run on, like 5.7.")
]
EngineName = Annotated[
    str,
    typer.Option("--engine", help="symbolic (rules), llm (a model first), auto (rules first)."),
]
Include = Annotated[
    list[Path] | None,
    typer.Option("-I", "--include", help="Directory to search for local headers."),
]
Define = Annotated[
    list[str] | None,
    typer.Option("-D", "--define", help="Preprocessor definition, NAME or NAME=VALUE."),
]
TraceDir = Annotated[
    Path | None,
    typer.Option("--trace", help="Folder to record every program, prompt and verdict in."),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Programs to build and run at a time.")]


Prove = Annotated[
    bool,
    typer.Option("--prove", help="Try to prove each pass for all sizes (some seconds a pass)."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def translate(
        source: Source,
        target: TargetName,
        out: Out = None,
        case: CaseFile = None,
        no_verify: NoVerify = False,
        force: Force = False,
        report: ReportFile = None,
        verbose: Verbose = False,
        quiet: Quiet = False,
        set_: Options = None,
        arch: Arch = "",
        rocm: Rocm = "",
        engine: EngineName = "auto",
        include: Include = None,
        define: Define = None,
        trace: TraceDir = None,
        jobs: Jobs = 2,
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
        """Translate one CUDA file and verify the result against the source.

        [bold]xpiler translate softmax.cu --target avx512[/bold]  writes softmax.c (or .cpp) beside it.

        Each kernel is run on generated inputs, several shapes and seeds, by the source program on
        xpiler's CUDA-on-CPU runtime and by the translation on the machine, a simulator or the
        runtime; a translation that differs is never written.
        """
        from xpiler.api import Settings
        from xpiler.api import translate as run
        from xpiler.cli.show import console, show_diagnostics, show_report
        from xpiler.driver.report import InputError, report_to_json

        err = console(stderr=True)
        settings = Settings(
            out=out,
            case=case,
            verify=not no_verify,
            force=force,
            options=_options(set_ or [], arch, rocm),
            engine=engine,
            include_dirs=tuple(include or ()),
            defines=tuple(define or ()),
            trace=trace,
            jobs=jobs,
            prove=prove,
            llm=llm.model_settings(
                model=model,
                base_url=base_url,
                prompts=prompts,
                samples=samples,
                attempts=attempts,
                max_tokens=max_tokens,
                max_cost=max_cost,
                record=record,
                replay=replay,
            ),
        )
        with _progress(err, quiet) as say:
            result = run(source, target, settings, observe=say)
        if isinstance(result, InputError):
            show_diagnostics(result.diagnostics, err)
            raise typer.Exit(2)
        if out is not None and str(out) == "-":
            sys.stdout.write(result.text)
        if not quiet:
            show_report(result, err, verbose)
        if report is not None:
            text = json.dumps(report_to_json(result), indent=2) + "\n"
            if str(report) == "-":
                sys.stdout.write(text)
            else:
                report.write_text(text, encoding="utf-8")
        raise typer.Exit(result.exit_status)


def _options(pairs: list[str], arch: str, rocm: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise typer.BadParameter(f"--set takes name=value, not {pair!r}")
        options[name] = value
    if arch:
        options["arch"] = arch
    if rocm:
        if re.fullmatch(r"\d+\.\d+(\.\d+)?", rocm) is None:
            raise typer.BadParameter(f"--rocm takes a release like 5.7 or 6.2.1, not {rocm!r}")
        options["rocm"] = rocm
    return options


class _Progress:
    """A line that says what is being done, on a terminal only."""

    def __init__(self, out: object, quiet: bool) -> None:
        from rich.console import Console

        assert isinstance(out, Console)
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


def _progress(out: object, quiet: bool) -> _Progress:
    return _Progress(out, quiet)
