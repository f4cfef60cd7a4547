"""Output files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from xpiler.driver.output import NotWritten, Written, write_whole


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "k.c"
    assert write_whole(path, "int x;\r\n") == Written(path)
    assert path.read_bytes() == b"int x;\r\n"
    assert leftovers(tmp_path) == ["k.c"]


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "k.c"
    path.write_text("old")
    refused = write_whole(path, "new")
    assert isinstance(refused, NotWritten)
    assert "--force" in refused.hint
    assert path.read_text() == "old"
    assert write_whole(path, "new", force=True) == Written(path)
    assert path.read_text() == "new"


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    refused = write_whole(tmp_path / "k.c", "text")
    assert isinstance(refused, NotWritten)
    assert "No space left" in refused.reason
    assert leftovers(tmp_path) == []


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "k.c", "text")
    assert leftovers(tmp_path) == []


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    assert isinstance(write_whole(tmp_path, "x"), NotWritten)
    missing = write_whole(tmp_path / "no" / "k.c", "x")
    assert isinstance(missing, NotWritten)
    assert "no directory" in missing.reason
