"""`xpiler verify A B`: are these two the same program?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from xpiler.cli import options as shared
from xpiler.cli.help import Command

__all__ = ["register"]

First = Annotated[Path, typer.Argument(help="The source, normally a .cu file.", show_default=False)]
Second = Annotated[
    Path,
    typer.Argument(
        help="The other program: .hip, .mlu, .c, .cpp or .cu; what runs it depends on the suffix."
    ),
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write a JSON report; - for standard output.")
]

Prove = Annotated[
    bool,
    typer.Option(
        "--prove", help="Also ask whether the source is in bounds and free of races for all sizes."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def verify(
        first: First,
        second: Second,
        case: shared.CaseFile = None,
        report: ReportFile = None,
        include: shared.Include = None,
        define: shared.Define = None,
        jobs: shared.Jobs = 2,
        prove: Prove = False,
    ) -> None:
        """Run the kernels of both files on the same inputs and compare what they compute.

        \b
        xpiler verify kernel.cu kernel.hip  a translation, edited by hand, beside its source
        """
        from rich.text import Text

        from xpiler.api import Settings, verify_pair
        from xpiler.api import check as look
        from xpiler.cli.show import console, show_input_error, show_memory
        from xpiler.driver.memory import Checked
        from xpiler.driver.report import InputError
        from xpiler.synth.proofs.verdicts import verdict_to_json
        from xpiler.verify.evidence import evidence_to_json, is_verified, summary

        settings = Settings(
            case=case,
            jobs=jobs,
            include_dirs=tuple(include or ()),
            defines=tuple(define or ()),
        )
        result = verify_pair(first, second, settings)
        if isinstance(result, InputError):
            show_input_error(result)
        out = console(stderr=str(report) == "-")
        for name, evidence in result.items():
            out.print(Text(f"{name}: {summary(evidence)}"))
        found = look(first, settings) if prove else ()
        memory = () if isinstance(found, InputError) else found
        for item in memory:
            if isinstance(item, Checked):
                out.print(Text(f"{item.name}: memory of the source"))
                show_memory(item.verdict, out)
        if report is not None:
            rows = {name: evidence_to_json(e) for name, e in result.items()}
            for item in memory:
                if isinstance(item, Checked) and item.name in rows:
                    rows[item.name]["memory"] = verdict_to_json(item.verdict)
            text = json.dumps(rows, indent=2) + "\n"
            if str(report) == "-":
                sys.stdout.write(text)
            else:
                report.write_text(text, encoding="utf-8")
        raise typer.Exit(0 if result and all(map(is_verified, result.values())) else 1)
