"""What earlier checks found, by what they looked at: an unchanged file is not checked again.

The results stand in `.xpiler-port/checks.json`, each with a hash of all that it depends on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from xpiler.port.manifest import digest, write_atomically
from xpiler.port.report import Report
from xpiler.port.settings import COMPAT_HEADER, HELPER_HEADER, Settings
from xpiler.port.tree import STATE
from xpiler.records import dataclass

__all__ = ["Memory", "Subject", "checked", "load_memory", "original"]

_T = TypeVar("_T")
_KINDS = ("kernels", "compiled", "program")


@dataclass(slots=True)
class Memory:
    """Results by kind (`kernels`, `compiled`, `program`) and name, each under the key that it holds for."""

    place: Path
    rows: dict[str, dict[str, dict[str, Any]]]

    def find(self, kind: str, name: str, key: str) -> Any:
        """The result, or None when there is none or it was for something else."""
        row = self.rows[kind].get(name)
        return row["result"] if row is not None and row["key"] == key else None

    def keep(self, kind: str, name: str, key: str, result: Any) -> None:
        """Remember a result; written at once, so that a stopped run keeps what it found."""
        self.rows[kind][name] = {"key": key, "result": result}
        write_atomically(self.place, json.dumps(self.rows, indent=1).encode())


def load_memory(state: Path) -> Memory:
    """What `state` remembers; nothing when its file is missing or not whole."""
    place = state / "checks.json"
    rows: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in _KINDS}
    try:
        raw = json.loads(place.read_text())
        for kind in _KINDS:
            rows[kind] = {n: {"key": r["key"], "result": r["result"]} for n, r in raw[kind].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        rows = {kind: {} for kind in _KINDS}
    return Memory(place, rows)


def checked(jobs: int, check: Callable[[_T], Any], items: Sequence[_T]) -> Iterator[tuple[_T, Any]]:
    """Each item with what was found, in order, `jobs` at once; a stop (^C) starts no more of them."""
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(check, item) for item in items]
        try:
            for item, future in zip(items, futures, strict=True):
                yield item, future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def original(settings: Settings, path: str) -> Path:
    """The CUDA text of a source; in place it may be in the backup."""
    backup = settings.output / STATE / "backup" / path
    return backup if settings.in_place and backup.exists() else settings.source / path


@dataclass(slots=True)
class Subject:
    """What is checked: the tree before and after, with hashes of files and of all that they include."""

    settings: Settings
    report: Report
    units: Mapping[str, tuple[str, ...]]
    _outputs: dict[str, str] = field(default_factory=dict)
    _digests: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._outputs = {row.path: row.output for row in self.report.rows}

    def ported_key(self, path: str, *more: object) -> str:
        """A hash of a ported source with all that it includes, and of `more`."""
        return self._key(self._after(self._included(path)), more)

    def pair_key(self, path: str, *more: object) -> str:
        """The same of both sides."""
        files = self._included(path)
        return self._key([*self._before(files), *self._after(files)], more)

    def tree_key(self, *more: object) -> str:
        """The same of all sources of the tree."""
        files = sorted(self.units)
        return self._key([*self._before(files), *self._after(files)], more)

    def _included(self, path: str) -> tuple[str, ...]:
        return self.units.get(path, (path,))

    def _before(self, files: Iterable[str]) -> list[Path]:
        return [original(self.settings, f) for f in files]

    def _after(self, files: Iterable[str]) -> list[Path]:
        root = self.settings.output
        ported = [root / PurePosixPath(self._outputs.get(f, f)) for f in files]
        return [*ported, root / HELPER_HEADER, root / COMPAT_HEADER]

    def _key(self, files: list[Path], more: tuple[object, ...]) -> str:
        text = repr((self.report.version, [self._digest(f) for f in files], more))
        return digest(text.encode())[:32]

    def _digest(self, file: Path) -> str:
        if file not in self._digests:
            try:
                self._digests[file] = digest(file.read_bytes())
            except OSError:
                self._digests[file] = ""
        return self._digests[file]
