"""`xpiler passes`: the plan of a translation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def passes(
        source: Annotated[Path, typer.Argument(help="The CUDA file.", show_default=False)],
        target: Annotated[str, typer.Option("--target", "-t", help="hip, avx512 or bang.")],
        kernel: Annotated[str, typer.Option("--kernel", "-k", help="Only this kernel.")] = "",
        show: Annotated[
            str, typer.Option("--show", help="Print the program after this pass (or 'all').")
        ] = "",
        arch: Annotated[str, typer.Option("--arch", help="The target's architecture.")] = "",
        prove: Annotated[
            bool, typer.Option("--prove", help="Try to prove each pass for all sizes.")
        ] = False,
    ) -> None:
        """Show which passes apply to each kernel, why the others do not, and the knobs.

        [bold]xpiler passes kernel.cu --target bang --show loop_recovery[/bold] prints that program.
        """
        from xpiler.api import Settings, plan
        from xpiler.cli.show import console, show_diagnostics
        from xpiler.driver.report import InputError

        settings = Settings(options={"arch": arch} if arch else {})
        result = plan(source, target, settings)
        if isinstance(result, InputError):
            show_diagnostics(result.diagnostics, console(stderr=True))
            raise typer.Exit(2)
        out = console()
        for planned in result:
            if kernel and planned.name != kernel:
                continue
            _show(planned, show, out)
            if prove:
                _prove(planned, out)


def _prove(planned: object, out: object) -> None:
    """A line for each pass that applied: proved, or why not."""
    from rich.console import Console
    from rich.text import Text

    from xpiler.api import Planned
    from xpiler.synth.prove import prove
    from xpiler.verify.evidence import Proved, summary

    assert isinstance(planned, Planned)
    assert isinstance(out, Console)
    for stage in planned.stages:
        if stage.verdict == "applied" and stage.before != stage.after:
            found = prove(stage.before, stage.after)
            proved = isinstance(found, Proved)
            text = summary(found) if isinstance(found, Proved) else f"no proof: {found.reason}"
            out.print(Text(f"{stage.name}: {text}", style="green" if proved else "dim"))


def _show(planned: object, show: str, out: object) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from xpiler.api import Planned
    from xpiler.cli.show import show_diagnostics
    from xpiler.ir.print_c import print_module

    assert isinstance(planned, Planned)
    assert isinstance(out, Console)
    out.print(Text(planned.name, style="bold"))
    show_diagnostics(planned.diagnostics, out)
    table = Table(box=None, pad_edge=False)
    for column in ("pass", "verdict", "what or why", "knobs"):
        table.add_column(column, overflow="fold")
    for stage in planned.stages:
        knobs = ", ".join(f"{k.name}={k.default}" for k in planned.knobs.get(stage.name, ()))
        table.add_row(
            *(
                Text(t)
                for t in (stage.name, stage.verdict, "; ".join(stage.notes) or stage.reason, knobs)
            )
        )
    out.print(table)
    for stage in planned.stages:
        if show in (stage.name, "all"):
            out.print(Text(f"\n// after {stage.name}", style="dim"))
            out.print(Text(print_module(stage.after)))
