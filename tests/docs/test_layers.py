"""Dependencies point one way, as docs/architecture.md says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "xpiler"
LAYERS = (
    {"ir", "records", "store", "runtime"},
    {"frontends", "passes", "backends"},
    {"verify"},
    {"synth", "llm", "trace"},
    {"driver"},
    {"api", "session", "session_views", "port"},
    {"cli"},
)
RANK = {part: level for level, parts in enumerate(LAYERS) for part in parts}


def upward(text: str, part: str) -> Iterator[str]:
    """The parts above `part` that a module of it imports, at whatever place."""
    for node in ast.walk(ast.parse(text)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            above = name.split(".")[1] if name.startswith("xpiler.") else ""
            if RANK.get(above, 0) > RANK[part]:
                yield above


@pytest.mark.parametrize("part", sorted(p for p in RANK if (ROOT / p).is_dir()))
def test_no_part_imports_one_above(part: str) -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), above)
        for path in (ROOT / part).rglob("*.py")
        for above in upward(path.read_text(encoding="utf-8"), part)
    }
    assert not found


def test_every_part_has_its_layer() -> None:
    parts = {p.stem for p in ROOT.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert {p for p in parts if not p.startswith("__")} == set(RANK)


def test_an_import_upward_is_seen() -> None:
    assert list(upward("def f():\n    from xpiler.verify.check import check\n", "ir")) == ["verify"]
    assert list(upward("import xpiler.cli.main\n", "port")) == ["cli"]
    assert list(upward("from xpiler.ir.nodes import Expr\n", "verify")) == []
