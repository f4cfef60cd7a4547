"""`xpiler check`: bounds, races and barriers of kernels, without running them on a GPU."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xpiler.cli import options as shared
from xpiler.cli.help import Command

if TYPE_CHECKING:
    from rich.console import Console

    from xpiler.driver.memory import Checked, Unchecked

__all__ = ["register"]

ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write a JSON report; - for standard output.")
]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, help="Time for one kernel.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every access.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def check(
        source: shared.Source,
        kernel: shared.KernelName = "",
        case: shared.CaseFile = None,
        seconds: Seconds = 20.0,
        report: ReportFile = None,
        verbose: Verbose = False,
        include: shared.Include = None,
        define: shared.Define = None,
    ) -> None:
        """Look for accesses out of bounds, races and barriers that not all threads reach, for all sizes.

        What is said to be wrong has been run: the sizes and the threads are named. What is proved holds for every size
        that the launch's formulas allow (xpiler cases shows them).

        \b
        xpiler check kernel.cu
        xpiler check kernel.cu --kernel reduce -v  one kernel, with every access

        Exit status: 0 all of it is proved; 1 something is wrong, or could not be shown.
        """
        from xpiler.api import Settings
        from xpiler.api import check as look
        from xpiler.cli.show import console, show_input_error
        from xpiler.driver.report import InputError

        settings = Settings(
            case=case, include_dirs=tuple(include or ()), defines=tuple(define or ())
        )
        result = look(source, settings, seconds=seconds)
        if isinstance(result, InputError):
            show_input_error(result)
        chosen = shared.only({item.name: item for item in result}, kernel)
        out = console(stderr=str(report) == "-")
        for item in chosen.values():
            _show(item, out, verbose)
        if report is not None:
            _write(source, chosen.values(), report)
        raise typer.Exit(0 if all(map(_shown, chosen.values())) else 1)


def _shown(item: Checked | Unchecked) -> bool:
    """Whether bounds, races and barriers are proved."""
    from xpiler.driver.memory import Checked
    from xpiler.synth.proofs.verdicts import Together

    if not isinstance(item, Checked):
        return False
    return item.verdict.shown and isinstance(item.verdict.barriers, Together)


def _show(item: Checked | Unchecked, out: Console, verbose: bool) -> None:
    from rich.text import Text

    from xpiler.cli.show import show_diagnostics, show_memory
    from xpiler.driver.memory import Checked, diagnostics_of

    out.print(Text(item.name, style="bold"))
    if not isinstance(item, Checked):
        show_diagnostics((item.diagnostic,), out)
        return
    show_memory(item.verdict, out)
    if verbose:
        _show_accesses(item, out)
    show_diagnostics(diagnostics_of(item), out)


def _show_accesses(item: Checked, out: Console) -> None:
    from rich.text import Text

    from xpiler.synth.proofs.verdicts import Inside, NotShown, Outside

    words = {Inside: "in bounds", Outside: "OUT OF BOUNDS", NotShown: "not shown"}
    for access in item.verdict.accesses:
        found = access.verdict
        why = f": {found.reason}" if isinstance(found, NotShown) else ""
        place = f"  {access.span}" if access.span else ""
        text = f"    {access.kind:<6} {access.text}  {words[type(found)]}{why}{place}"
        out.print(Text(text, style="dim"))


def _write(source: Path, items: Iterable[Checked | Unchecked], path: Path) -> None:
    from xpiler.driver.memory import Checked
    from xpiler.synth.proofs.verdicts import verdict_to_json

    rows = [
        {"name": i.name, "symbol": i.symbol, **verdict_to_json(i.verdict)}
        if isinstance(i, Checked)
        else {"name": i.name, "shown": False, "reason": i.diagnostic.message}
        for i in items
    ]
    text = json.dumps({"source": str(source), "kernels": rows}, indent=2) + "\n"
    if str(path) == "-":
        sys.stdout.write(text)
    else:
        path.write_text(text, encoding="utf-8")
