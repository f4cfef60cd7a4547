"""`xpiler passes`: the plan of a translation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from xpiler.cli import options as shared
from xpiler.cli.help import Command

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from xpiler.api import Planned, Settings

__all__ = ["register"]

Values = Mapping[str, Mapping[str, int | str | bool]]

Show = Annotated[str, typer.Option("--show", help="Print the program after this pass (or 'all').")]
Prove = Annotated[bool, typer.Option("--prove", help="Try to prove each pass for all sizes.")]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def passes(
        source: shared.Source,
        target: shared.TargetName = "",
        kernel: shared.KernelName = "",
        show: Show = "",
        set_: shared.Options = None,
        arch: shared.Arch = "",
        knob: shared.KnobValues = None,
        include: shared.Include = None,
        define: shared.Define = None,
        prove: Prove = False,
    ) -> None:
        """Show which passes apply to each kernel, why the others do not, and the knobs.

        \b
        xpiler passes kernel.cu -t bang                       every pass and its knobs
        xpiler passes kernel.cu -t bang --show loop_recovery  the program after that pass
        """
        from xpiler.api import Settings, plan
        from xpiler.cli.show import console, show_input_error
        from xpiler.driver.report import InputError

        settings = Settings(
            options=shared.target_options(set_, arch),
            knobs=shared.knob_values(knob),
            include_dirs=tuple(include or ()),
            defines=tuple(define or ()),
        )
        result = plan(source, target, settings)
        if isinstance(result, InputError):
            show_input_error(result)
        out = console()
        chosen = shared.only({planned.name: planned for planned in result}, kernel)
        _known_pass(show, chosen.values())
        for planned in chosen.values():
            _show(planned, target, settings.knobs, show, out)
            if prove:
                _prove(planned, out)
        if prove:
            _memory(source, settings, chosen, out)
        raise typer.Exit(1 if any(planned.diagnostics for planned in chosen.values()) else 0)


def _known_pass(name: str, plans: Iterable[Planned]) -> None:
    known = dict.fromkeys(stage.name for planned in plans for stage in planned.stages)
    if name and name != "all" and name not in known:
        listing = ", ".join(known) or "none"
        raise typer.BadParameter(f"--show: there is no pass {name!r}; there are {listing}")


def _prove(planned: Planned, out: Console) -> None:
    """A line for each pass that applied: proved, or why not."""
    from rich.text import Text

    from xpiler.synth.proofs.prove import prove
    from xpiler.verify.evidence import Proved, summary

    for stage in planned.stages:
        if stage.verdict == "applied" and stage.before != stage.after:
            found = prove(stage.before, stage.after)
            proved = isinstance(found, Proved)
            text = summary(found) if isinstance(found, Proved) else f"no proof: {found.reason}"
            out.print(Text(f"{stage.name}: {text}", style="green" if proved else "dim"))


def _memory(source: Path, settings: Settings, chosen: Mapping[str, object], out: Console) -> None:
    """What the kernels of the source touch, for all sizes."""
    from rich.text import Text

    from xpiler.api import check
    from xpiler.cli.show import show_memory
    from xpiler.driver.memory import Checked
    from xpiler.driver.report import InputError

    found = check(source, settings)
    for item in () if isinstance(found, InputError) else found:
        if isinstance(item, Checked) and item.name in chosen:
            out.print(Text(f"{item.name}: memory", style="bold"))
            show_memory(item.verdict, out)


def _show(planned: Planned, target: str, values: Values, show: str, out: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from xpiler.cli.show import show_diagnostics
    from xpiler.ir.print_c import print_module

    out.print(Text(planned.name, style="bold"))
    show_diagnostics(planned.diagnostics, out)
    if not planned.stages and not planned.diagnostics:
        out.print(Text(f"no passes: {target} edits the source", style="dim"))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("pass", "verdict", "what or why", "knobs"):
        table.add_column(column, overflow="fold")
    for stage in planned.stages:
        name = stage.name.split("#")[0]
        chosen = values.get(name, {})
        knobs = ", ".join(
            f"{k.name}={chosen.get(k.name, k.default)}" for k in planned.knobs.get(name, ())
        )
        why = "; ".join(stage.notes) or stage.reason
        table.add_row(*map(Text, (stage.name, stage.verdict, why, knobs)))
    out.print(table)
    for stage in planned.stages:
        if show in (stage.name, "all"):
            out.print(Text(f"\n// after {stage.name}", style="dim"))
            out.print(Text(print_module(stage.after)))
