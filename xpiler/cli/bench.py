"""`xpiler bench`: the operator suite and its accuracy table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xpiler.cli.help import Group

if TYPE_CHECKING:
    from benchmarks.report import Plan
    from benchmarks.results import Result

__all__ = ["register"]

Ops = Annotated[str, typer.Option("--ops", help="Operators, separated by commas. Default: all 36.")]
Targets = Annotated[
    str, typer.Option("--target", "-t", help="Targets, separated by commas. Default: all.")
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Cases at a time.")]
Log = Annotated[
    Path,
    typer.Option(
        "--log",
        help="File of results, one JSON object a line, as they come in; an earlier one is kept as FILE~.",
    ),
]
JsonOut = Annotated[
    Path | None, typer.Option("--json", help="Write all results as one JSON file; - for stdout.")
]
MarkdownOut = Annotated[
    Path | None,
    typer.Option(
        "--markdown",
        help="Write the tables as Markdown, between the marks of a page that has them.",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Keep the results that the log holds.")]
Retry = Annotated[
    bool,
    typer.Option("--retry", help="As --resume, but run what failed or was not verified again."),
]
Subset = Annotated[
    str,
    typer.Option(
        "--subset",
        help="all; styles: a small case per operator, style and target; "
        "ci: a small case per operator and target, the styles shared out.",
    ),
]
Seconds = Annotated[
    float, typer.Option("--time-out", help="Seconds that one translation may take.")
]


def register(app: typer.Typer) -> None:
    """Add the command and those below it."""
    from xpiler.cli import bench_repair

    group = typer.Typer(cls=Group)
    app.add_typer(group, name="bench")
    bench_repair.register(group)

    @group.callback(invoke_without_command=True)
    def bench(
        context: typer.Context,
        ops: Ops = "",
        target: Targets = "hip,avx512,bang",
        jobs: Jobs = 2,
        log: Log = Path("bench.jsonl"),
        json_: JsonOut = None,
        markdown: MarkdownOut = None,
        resume: Resume = False,
        retry: Retry = False,
        subset: Subset = "all",
        time_out: Seconds = 180,
    ) -> None:
        """Translate the operator suite to every target, run what came out, and print the accuracy.

        \b
        xpiler bench --ops relu,softmax --target avx512
        xpiler bench repair

        The judge is NumPy, not the translator: the emitted files are built and called through their
        C signature. Exit status 0 when every case computes and no verdict was false, else 1.
        """
        if context.invoked_subcommand is not None:
            return
        from rich.console import Console

        from benchmarks.report import Plan, UnknownOperator, run_plan
        from benchmarks.runner import Limits

        targets = _targets(target)
        if subset not in ("all", "styles", "ci"):
            raise typer.BadParameter(f"--subset takes all, styles or ci, not {subset!r}")
        plan = Plan(
            operators=_names(ops),
            targets=targets,
            jobs=jobs,
            log=log,
            resume=resume,
            retry=retry,
            subset=subset,
            limits=Limits(translate=time_out),
        )
        results = run_plan(plan, Console(stderr=True))
        if isinstance(results, UnknownOperator):
            known = ", ".join(results.known)
            raise typer.BadParameter(f"no operator {results.name!r}; there are {known}")
        _write(results, plan, json_, markdown)
        fine = all(result.computes for result in results)
        raise typer.Exit(0 if results and fine else 1)


def _targets(text: str) -> tuple[str, ...]:
    from xpiler.backends.registry import target_names

    chosen, known = _names(text), target_names()
    for name in chosen:
        if name not in known:
            raise typer.BadParameter(f"there is no target {name!r}; there are {', '.join(known)}")
    return chosen


def _write(
    results: Sequence[Result], plan: Plan, json_: Path | None, markdown: Path | None
) -> None:
    from dataclasses import asdict

    from benchmarks.report import document, write_document

    if json_ is not None:
        text = json.dumps([asdict(result) for result in results], indent=1) + "\n"
        typer.echo(text) if str(json_) == "-" else json_.write_text(text, encoding="utf-8")
    if markdown is not None:
        write_document(markdown, document(results, plan.targets, plan.subset))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
