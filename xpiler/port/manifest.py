"""What an earlier run did: a manifest of hashes, a journal that survives a kill, and the texts to merge with."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from xpiler.records import dataclass

__all__ = [
    "PART",
    "Journal",
    "Manifest",
    "Record",
    "digest",
    "load",
    "save",
    "store_base",
    "write_atomically",
]

_FORMAT = 1
PART = ".xpiler-part"


@dataclass(frozen=True, slots=True)
class Record:
    """One file of the last run: hashes of its source, of what it was told of the tree, and of what was written."""

    source: str
    context: str
    output: str
    written: str
    result: str  # the file's report row, as JSON


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` maps a source path to its record. `options` are those of the run that wrote it."""

    version: str
    options: str
    files: dict[str, Record] = field(default_factory=dict)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """All of `data` or nothing: written beside the place, then renamed onto it. OSError when it can't be.

    The name beside the place is always the same, so that what a killed run left there goes with the next.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{digest(os.fsencode(path.name))[:16]}{PART}"
    try:
        temporary.write_bytes(data)
        temporary.chmod(0o644 if mode is None else mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(state: Path) -> Manifest | None:
    """The manifest and what the journal of an interrupted run adds; None if there is none."""
    manifest: Manifest | None = None
    try:
        raw = json.loads((state / "manifest.json").read_text())
        if raw.get("format") == _FORMAT:
            files = {path: Record(**row) for path, row in raw["files"].items()}
            manifest = Manifest(raw["version"], raw["options"], files)
    except (OSError, ValueError, TypeError, KeyError):
        manifest = None
    for row in _journal_rows(state):
        if manifest is None or manifest.options != row["options"]:
            manifest = Manifest(
                row["version"], row["options"], dict(manifest.files) if manifest else {}
            )
        manifest.files[row["path"]] = Record(**row["record"])
    return manifest


def _journal_rows(state: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = (state / "journal.jsonl").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            row = json.loads(line)
            Record(**row["record"])
        except (ValueError, TypeError, KeyError):
            continue  # the line that a kill cut off
        yield row


def save(state: Path, manifest: Manifest) -> None:
    """Write the manifest, drop the journal, and drop texts that no record needs."""
    rows = {path: asdict(record) for path, record in sorted(manifest.files.items())}
    data = {
        "format": _FORMAT,
        "version": manifest.version,
        "options": manifest.options,
        "files": rows,
    }
    write_atomically(state / "manifest.json", json.dumps(data, indent=1).encode())
    (state / "journal.jsonl").unlink(missing_ok=True)
    needed = {record.written for record in manifest.files.values()}
    base = state / "base"
    for old in base.iterdir() if base.is_dir() else ():
        if old.name not in needed:
            old.unlink(missing_ok=True)


def store_base(state: Path, data: bytes) -> str:
    """Keep a text that was written, by its hash, as the base of later merges."""
    name = digest(data)
    path = state / "base" / name
    if not path.exists():
        write_atomically(path, data)
    return name


class Journal:
    """One line for each finished file, so that a killed run goes on where it was."""

    def __init__(self, state: Path, version: str, options: str) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._stream = (state / "journal.jsonl").open("a")
        self._head = {"version": version, "options": options}

    def add(self, path: str, record: Record) -> None:
        row = {**self._head, "path": path, "record": asdict(record)}
        self._stream.write(json.dumps(row) + "\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()
