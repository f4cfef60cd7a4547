"""What a user reads before the first translation: the pages of help, and what is said of a forgotten target."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from xpiler.backends.registry import target_names
from xpiler.cli.main import app

RUN = CliRunner()
COMMANDS = sorted(typer.main.get_group(app).commands)


def said(*arguments: str) -> str:
    return RUN.invoke(app, list(arguments), env={"COLUMNS": "100"}).output


def test_each_command_is_there_with_its_whole_first_sentence() -> None:
    lines = " ".join(said("--help").split("Commands:")[1].split())
    for name in COMMANDS:
        page = said(name, "--help").split("\n\n")[1]
        first = " ".join(page.split())
        assert f"{name} {first}" in lines


@pytest.mark.parametrize("command", sorted({*COMMANDS} - {"doctor"}))
def test_each_command_shows_a_call(command: str) -> None:
    assert f"\n  xpiler {command} " in said(command, "--help")


def test_options_of_the_model_stand_by_themselves() -> None:
    usual, model = said("translate", "--help").split("\nLanguage model")
    assert "--max-cost" in model
    assert "--max-cost" not in usual
    assert "--force" in usual


@pytest.mark.parametrize("command", ["translate", "passes", "prompt"])
def test_a_forgotten_target_is_answered_with_those_there_are(command: str) -> None:
    given = ["--pass", "loop_recovery"] if command == "prompt" else []
    done = RUN.invoke(app, [command, "kernel.cu", *given])
    assert done.exit_code == 2
    rows = [line.split() for line in done.output.splitlines() if line.startswith("  ")]
    assert [row[0] for row in rows] == list(target_names())
    assert all(len(row) > 2 for row in rows)
    assert f"{command} ... --target" in done.output


def test_help_does_without_what_only_a_translation_needs() -> None:
    heavy = "{m for m in sys.modules if m.split('.')[0] in ('rich', 'numpy', 'z3', 'clang', 'jinja2', 'openai')}"
    code = f"import sys\nfrom xpiler.cli.main import app\ntry: app(['--help'])\nfinally: print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("set()\n"), done.stdout
