"""What `--help` prints: plain text in panels of options, whole sentences for commands.

typer's own pages are drawn by rich, which takes 0.15 s to import for a table of words.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Command", "Group"]


def _panels(command: TyperCommand | TyperGroup, context: typer.Context, formatter: Any) -> None:
    """Arguments and options under the titles of their panels, in the order of the command."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        line = parameter.get_help_record(context)
        if line is not None:
            usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
            title = getattr(parameter, "rich_help_panel", None) or usual
            panels.setdefault(title, []).append(line)
    for title, lines in panels.items():
        with formatter.section(title):
            formatter.write_dl(lines)


class Command(TyperCommand):
    """A command whose help is plain text."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _panels(self, ctx, formatter)


class Group(TyperGroup):
    """The command that holds the others: each with its whole first sentence."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _panels(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        lines = [
            (name, found.get_short_help_str(limit=200))
            for name in self.list_commands(ctx)
            if (found := self.get_command(ctx, name)) is not None and not found.hidden
        ]
        if lines:
            with formatter.section("Commands"):
                formatter.write_dl(lines)
