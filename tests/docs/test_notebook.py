"""The notebook in docs/ runs, and its checks come out as printed there."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

DOCS = Path(__file__).parents[2] / "docs"


def verdicts(notebook: Any) -> list[str]:
    """The first word of every check and edit, in order."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            text = output.get("data", {}).get("text/plain", "")
            if text.startswith(("agrees", "DIFFERS")):
                found.append(text.split(":")[0])
    return found


@pytest.mark.slow
def test_pass_by_pass() -> None:
    stored = nbformat.read(DOCS / "pass_by_pass.ipynb", as_version=4)
    again = copy.deepcopy(stored)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = NotebookClient(again, timeout=300, resources={"metadata": {"path": str(DOCS)}})
        client.execute()
    assert verdicts(again) == verdicts(stored) == ["agrees", "DIFFERS", "agrees", "agrees"]
