"""`python -m benchmarks`: the same as `xpiler bench`."""

from __future__ import annotations

import typer

from xpiler.cli.bench import register

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
register(app)

if __name__ == "__main__":
    app()
