"""The meanings of diagnostic codes: each code that can be met has one, the page and the command say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import xpiler
from xpiler.cli.main import app
from xpiler.driver.codes import meanings, page

SOURCES = sorted(Path(xpiler.__file__).parent.rglob("*.py"))
PAGE = Path(__file__).parents[2] / "docs" / "diagnostics" / "codes.md"
NO_DIAGNOSTICS = {"XP1203"}  # an example in a docstring


def met() -> set[str]:
    """The codes that stand in the program's text."""
    found = {c for path in SOURCES for c in re.findall(r"\bXP[0-4]\d{3}\b", path.read_text())}
    return found - NO_DIAGNOSTICS


def test_every_code_has_a_meaning_and_none_is_made_up() -> None:
    assert set(meanings()) == met()


def test_the_page_is_that_of_the_codes() -> None:
    """`python -m xpiler.driver.codes > docs/diagnostics/codes.md`"""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("code", ["XP2101", "xp2101", "[XP2101]"])
def test_a_code_is_explained(code: str) -> None:
    result = CliRunner().invoke(app, ["explain", code])
    assert result.exit_code == 0
    assert result.stdout.startswith("XP2101: A barrier in divergent code\n")
    assert "Move the barrier out of the branch" in result.stdout
    assert "    if (i < n) s[t] = x[i];\n    __syncthreads();" in result.stdout


def test_codes_of_the_port_are_explained() -> None:
    result = CliRunner().invoke(app, ["explain", "XP5101", "XP0007"])
    assert result.exit_code == 0
    assert result.stdout.startswith("XP5101: No HIP counterpart\n")
    assert "XP0007: No kernel in the file" in result.stdout


def test_no_such_code() -> None:
    result = CliRunner().invoke(app, ["explain", "XP9999"])
    assert result.exit_code == 1
    assert "there is no code XP9999" in result.output
