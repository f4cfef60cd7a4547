"""`xpiler verify A B`: are these two the same program?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def verify(
        first: Annotated[
            Path, typer.Argument(help="The source, normally a .cu file.", show_default=False)
        ],
        second: Annotated[
            Path, typer.Argument(help="The other program: .hip, .mlu, .c, .cpp or .cu.")
        ],
        case: Annotated[Path | None, typer.Option("--case", help="TOML file with cases.")] = None,
        report: Annotated[
            Path | None, typer.Option("--report", help="Write a JSON report.")
        ] = None,
        jobs: Annotated[int, typer.Option("--jobs", "-j", help="Programs to run at a time.")] = 2,
    ) -> None:
        """Run the kernels of both files on the same inputs and compare what they compute."""
        from rich.text import Text

        from xpiler.api import verify_pair
        from xpiler.cli.show import console, show_diagnostics
        from xpiler.driver.report import InputError
        from xpiler.verify.evidence import evidence_to_json, is_verified, summary

        result = verify_pair(first, second, case=case, jobs=jobs)
        if isinstance(result, InputError):
            show_diagnostics(result.diagnostics, console(stderr=True))
            raise typer.Exit(2)
        out = console()
        for name, evidence in result.items():
            out.print(Text(f"{name}: {summary(evidence)}"))
        if report is not None:
            rows = {name: evidence_to_json(e) for name, e in result.items()}
            report.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
        raise typer.Exit(0 if result and all(map(is_verified, result.values())) else 1)
