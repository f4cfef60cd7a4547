"""Flags about the language model, for the commands that may ask one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Attempts",
    "BaseUrl",
    "MaxCost",
    "MaxTokens",
    "Model",
    "Prompts",
    "Record",
    "Replay",
    "Samples",
    "model_settings",
]

PANEL = "Language model (flags win over [llm] in xpiler.toml, which wins over the environment)"

Model = Annotated[
    str | None, typer.Option("--model", help="Name of the model.", rich_help_panel=PANEL)
]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", help="An OpenAI-compatible endpoint.", rich_help_panel=PANEL),
]
Prompts = Annotated[
    Path | None,
    typer.Option("--prompts", help="Folder with templates of your own.", rich_help_panel=PANEL),
]
Samples = Annotated[
    int | None,
    typer.Option("--samples", min=1, help="Replies per attempt.", rich_help_panel=PANEL),
]
Attempts = Annotated[
    int | None,
    typer.Option("--attempts", min=1, help="Attempts per pass and model.", rich_help_panel=PANEL),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens", min=0, help="Tokens that a run may use; 0: any.", rich_help_panel=PANEL
    ),
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", min=0, help="What a run may cost, at price_in/_out.", rich_help_panel=PANEL
    ),
]
Record = Annotated[
    Path | None,
    typer.Option("--record", help="Append every exchange to this file.", rich_help_panel=PANEL),
]
Replay = Annotated[
    Path | None,
    typer.Option(
        "--replay", help="Answer from such a file, without network.", rich_help_panel=PANEL
    ),
]


NAMES = (
    "model",
    "base_url",
    "prompts",
    "samples",
    "attempts",
    "max_tokens",
    "max_cost",
    "record",
    "replay",
)


def model_settings(parameters: Mapping[str, object]) -> Mapping[str, object]:
    """The flags that were given, out of a command's parameters, as entries of the model's configuration."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name in NAMES
        if (value := parameters.get(name)) is not None
    }
