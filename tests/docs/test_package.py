"""An installed xpiler has every file that a checkout has."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]


def left_out(package: str) -> list[str]:
    """Files of a package that are neither modules nor named as its data."""
    root = ROOT / package
    named = {path for pattern in DATA[package] for path in root.glob(pattern)}
    return sorted(
        str(path.relative_to(ROOT))
        for path in root.rglob("*")
        if path.is_file()
        and path.suffix not in (".py", ".pyc")
        and not path.name.startswith(".")
        and path not in named
    )


@pytest.mark.parametrize("package", sorted(DATA))
def test_every_file_of_a_package_ships(package: str) -> None:
    assert left_out(package) == []


def test_a_file_that_is_not_named_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = [p for p in DATA["xpiler"] if p != "**/*.c"]
    monkeypatch.setitem(DATA, "xpiler", patterns)
    assert left_out("xpiler") == ["xpiler/runtime/src/sandbox.c"]


def test_types_are_marked() -> None:
    assert (ROOT / "xpiler" / "py.typed").is_file()
    assert "py.typed" in DATA["xpiler"]
