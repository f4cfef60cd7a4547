"""`xpiler api`: what HIP calls a CUDA name."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from xpiler.cli.help import Command

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(cls=Command)
    def api(
        names: Annotated[list[str], typer.Argument(help="CUDA names, headers, or parts of names.")],
        as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    ) -> None:
        """Look up CUDA names: the HIP name and the ROCm release that first had it.

        \b
        xpiler api cudaMallocAsync cublasSgemm

        Exit status 1 when a name is in no table or has no counterpart.
        """
        rows = [row for name in names for row in _lookup(name)]
        if as_json:
            sys.stdout.write(json.dumps(rows, indent=1) + "\n")
        else:
            for row in rows:
                sys.stdout.write(_line(row))
        raise typer.Exit(0 if rows and all(row["hip"] for row in rows) else 1)


def _lookup(name: str) -> list[dict[str, str]]:
    from xpiler.backends.hip import rewrite
    from xpiler.backends.hip.names import close_name, find_header, find_name, search_names

    header = find_header(name.strip('<>"'))
    if header is not None:
        hip = header.hip or ("" if header.advice else "hip/hip_runtime.h")
        row = {
            "cuda": header.cuda,
            "hip": hip,
            "since": header.since,
            "library": "headers",
            "kind": "header",
        }
        return [{**row, "note": header.advice}]
    special = rewrite.special_note(name)
    if special:
        row = {"cuda": name, "hip": special, "since": "", "library": "device", "kind": "rewritten"}
        return [{**row, "note": "needs more than a new name"}]
    exact = find_name(name)
    found = (exact,) if exact is not None else search_names(name)[:40]
    rows = [
        {
            "cuda": r.cuda,
            "hip": r.hip,
            "since": r.since,
            "library": r.library,
            "kind": r.kind,
            "note": "",
        }
        for r in found
    ]
    if rows:
        return rows
    close = close_name(name)
    note = "not in the tables" + (f"; did you mean {close}?" if close else "")
    return [{"cuda": name, "hip": "", "since": "", "library": "", "kind": "", "note": note}]


def _line(row: dict[str, str]) -> str:
    hip = row["hip"] or "(none)"
    since = f"  ROCm {row['since']}" if row["since"] else ""
    note = f"  {row['note']}" if row["note"] else ""
    kind = f"  [{row['library']} {row['kind']}]" if row["library"] else ""
    return f"{row['cuda']} -> {hip}{since}{kind}{note}\n"
