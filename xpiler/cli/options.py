"""Arguments and flags that several commands share, and how their texts are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import typer

__all__ = [
    "Arch",
    "CaseFile",
    "Define",
    "Include",
    "Jobs",
    "KernelName",
    "KnobValues",
    "Options",
    "Rocm",
    "Source",
    "Sources",
    "TargetName",
    "knob_values",
    "only",
    "target_options",
]

T = TypeVar("T")

Source = Annotated[
    Path, typer.Argument(help="The CUDA file, or - for standard input.", show_default=False)
]
Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="SOURCE...",
        help="CUDA files, or - for standard input (which goes to standard output).",
        show_default=False,
    ),
]


def _named_target(context: typer.Context, target: str) -> str:
    """The target, or the end with a list of those there are."""
    if target or context.resilient_parsing:
        return target
    from xpiler.backends.base import Target
    from xpiler.backends.registry import load_target, target_names

    found = [t for t in map(load_target, target_names()) if isinstance(t, Target)]
    width = max(len(t.name) for t in found)
    for line in (
        "xpiler: which target? Name one with --target (-t):",
        *(f"  {t.name:<{width}}  {t.title}" for t in found),
        f"for instance: {context.command_path} ... --target {found[-1].name}",
    ):
        typer.echo(line, err=True)
    raise typer.Exit(2)


TargetName = Annotated[
    str,
    typer.Option(
        "--target",
        "-t",
        help="hip, avx512 or bang; without it, the targets are listed.",
        show_default=False,
        callback=_named_target,
    ),
]
KernelName = Annotated[str, typer.Option("--kernel", "-k", help="Only this kernel.")]
CaseFile = Annotated[
    Path | None,
    typer.Option(
        "--case", help="TOML file with launch geometry, sizes and inputs (see xpiler cases)."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--set", help="An option of the target, name=value (for instance arch=gfx942)."),
]
Arch = Annotated[str, typer.Option("--arch", help="Short for --set arch=...")]
Rocm = Annotated[
    str, typer.Option("--rocm", help="HIP: the oldest ROCm release to run on, like 5.7.")
]
KnobValues = Annotated[
    list[str] | None,
    typer.Option("--knob", help="A choice of a pass, pass.knob=value (see xpiler passes)."),
]
Include = Annotated[
    list[Path] | None,
    typer.Option("-I", "--include", help="Directory to search for local headers."),
]
Define = Annotated[
    list[str] | None,
    typer.Option("-D", "--define", help="Preprocessor definition, NAME or NAME=VALUE."),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=1, help="Programs to build and run at a time.")
]


def target_options(
    pairs: Iterable[str] | None, arch: str = "", rocm: str = ""
) -> Mapping[str, str]:
    """The target's options from `--set`, `--arch` and `--rocm`."""
    options: dict[str, str] = {}
    for pair in pairs or ():
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


def knob_values(pairs: Iterable[str] | None) -> Mapping[str, Mapping[str, int | str | bool]]:
    """Values by pass and knob from `--knob`; whether there is such a knob, the passes of a kernel tell."""
    values: dict[str, dict[str, int | str | bool]] = {}
    for pair in pairs or ():
        place, sign, value = pair.partition("=")
        pass_name, dot, knob = place.partition(".")
        if not (sign and dot and pass_name and knob):
            raise typer.BadParameter(f"--knob takes pass.knob=value, not {pair!r}")
        values.setdefault(pass_name, {})[knob] = _value(value)
    return values


def _value(text: str) -> int | str | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def only(found: Mapping[str, T], kernel: str) -> Mapping[str, T]:
    """What is of this kernel, or of all when none is named."""
    if not kernel:
        return found
    if kernel not in found:
        raise typer.BadParameter(f"there is no kernel {kernel!r}; there are {', '.join(found)}")
    return {kernel: found[kernel]}
