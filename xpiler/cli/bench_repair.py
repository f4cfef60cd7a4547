"""`xpiler bench repair`: errors injected into what passes produce, and what localisation and repair make of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from xpiler.cli.help import Command

__all__ = ["register"]

Kinds = Annotated[
    str, typer.Option("--kinds", help="Error kinds, separated by commas. Default: all.")
]
Subjects = Annotated[
    str,
    typer.Option("--subjects", help="Parts of subjects' names (softmax, loop_split), by commas."),
]
Limit = Annotated[int, typer.Option("--limit", min=0, help="At most so many mutants; 0: all.")]
Share = Annotated[
    float,
    typer.Option(
        "--share", min=0.0, max=1.0, help="Share of the pairs of subject and kind that run."
    ),
]
NoBorrow = Annotated[
    bool,
    typer.Option(
        "--no-borrow", help="Repair without expressions taken from the predecessor's text."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="What is drawn; the same seed, the same mutants.")
]
JsonOut = Annotated[
    Path | None, typer.Option("--json", help="Write every outcome, one JSON object a line.")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="Subjects at a time.")]
MarkdownOut = Annotated[
    Path | None,
    typer.Option("--markdown", help="Write the table; into its place, where the file has one."),
]


def register(group: typer.Typer) -> None:
    """Add the command to the group `bench`."""

    @group.command(cls=Command)
    def repair(
        kinds: Kinds = "",
        subjects: Subjects = "",
        limit: Limit = 0,
        share: Share = 0.65,
        seed: Seed = 0,
        no_borrow: NoBorrow = False,
        json_: JsonOut = None,
        markdown_: MarkdownOut = None,
        jobs: Jobs = 1,
    ) -> None:
        """Break what passes produced, and print which errors are found, placed and mended.

        Exit status 0 when every error was detected, else 1.
        """
        from dataclasses import asdict

        from benchmarks.repair.measure import KINDS
        from benchmarks.repair.table import Plan, markdown, outcomes, placed

        chosen = _names(kinds) or tuple(KINDS)
        for kind in chosen:
            if kind not in KINDS:
                raise typer.BadParameter(f"no kind {kind!r}; there are {', '.join(KINDS)}")
        plan = Plan(
            chosen,
            _names(subjects),
            limit=limit,
            share=share,
            seed=seed,
            borrow=not no_borrow,
            jobs=jobs,
        )
        found = []
        with _lines(json_) as write:
            for outcome in outcomes(plan):
                found.append(outcome)
                write(json.dumps(asdict(outcome)))
        if markdown_ is not None:
            page = markdown_.read_text(encoding="utf-8") if markdown_.exists() else ""
            name = "without the predecessor" if no_borrow else "all"
            markdown_.write_text(placed(page, name, markdown(found)), encoding="utf-8")
        typer.echo(markdown(found), nl=False)
        missed = any(not o.equivalent and not o.detected for o in found)
        raise typer.Exit(1 if missed or not found else 0)


@contextmanager
def _lines(path: Path | None) -> Iterator[Callable[[str], None]]:
    """Writes a line at a time, each on disk before the next comes: a run that is stopped leaves what it has."""
    if path is None:
        yield lambda _: None
        return
    with path.open("w", encoding="utf-8") as file:

        def write(line: str) -> None:
            file.write(line + "\n")
            file.flush()

        yield write


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
