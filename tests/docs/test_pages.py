"""What the pages name is there: files behind links, commands and flags in examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from xpiler.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)
FENCE = re.compile(r"```(?:sh|console)?\n(.*?)```", re.S)


def broken_links(page: Path, text: str) -> list[str]:
    """Links to files that are not there."""
    links = [m[1] for m in LINK.finditer(CODE.sub("", text)) if "://" not in m[1]]
    return [link for link in links if not (page.parent / link).exists()]


def commands(text: str) -> Iterator[list[str]]:
    """The words of each `xpiler ...` in a block of commands."""
    for block in FENCE.finditer(text):
        for line in block[1].splitlines():
            for part in re.split(r"&&|\|", line.split(" #")[0].removeprefix("$ ")):
                if part.strip().startswith("xpiler "):
                    yield shlex.split(part.strip())[1:]


def unknown_flags(words: list[str]) -> list[str]:
    """What of a command line the command does not know."""
    command: Any = typer.main.get_command(app)
    while below := getattr(command, "commands", {}):
        if not words or words[0] not in below:
            if not command.invoke_without_command:
                return words[:1]
            break
        command, words = below[words[0]], words[1:]
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"-h", "--help"}
    return [w for w in words if re.match(r"--?[a-zA-Z]", w) and w.split("=")[0] not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_and_flags_are_those_of_the_command_line(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        assert unknown_flags(words) == [], words


def test_what_is_wrong_is_seen() -> None:
    assert broken_links(ROOT / "README.md", "[a](docs/none.md) [b](docs/port.md#x)") == [
        "docs/none.md"
    ]
    assert unknown_flags(["translate", "a.cu", "--targets", "hip"]) == ["--targets"]
    assert unknown_flags(["translat", "a.cu"]) == ["translat"]
    assert list(
        commands("```sh\nxpiler doctor  # what\n$ xpiler trace t && xpiler bench\n```")
    ) == [
        ["doctor"],
        ["trace", "t"],
        ["bench"],
    ]
