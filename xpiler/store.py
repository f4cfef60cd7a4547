"""A content-addressed store of built files: safe for concurrent processes, bounded, never half-written."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from xpiler.records import dataclass

__all__ = ["Cache", "digest", "file_digest"]

DEFAULT_BYTES = 2 << 30
_PRUNE_EVERY = 600.0  # seconds


def digest(*parts: str | bytes) -> str:
    """A key from texts; their lengths count, so that ("ab", "c") differs from ("a", "bc")."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little"))
        h.update(data)
    return h.hexdigest()[:40]


def file_digest(path: Path) -> str:
    """The digest of a file's bytes, empty if it cannot be read."""
    try:
        return digest(path.read_bytes())
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Cache:
    """Files under `root`, each named by its key. A stored file never changes; using one renews it."""

    root: Path
    limit: int = DEFAULT_BYTES

    @staticmethod
    def default() -> Cache:
        """`$XPILER_CACHE` or the user's cache folder; a temporary folder where neither can be written."""
        chosen = os.environ.get("XPILER_CACHE")
        if chosen:
            return Cache(Path(chosen))
        import platformdirs

        root = Path(platformdirs.user_cache_dir("xpiler"))
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError:
            return Cache(Path(tempfile.gettempdir()) / f"xpiler-cache-{os.getuid()}")
        if not os.access(root, os.W_OK):
            return Cache(Path(tempfile.gettempdir()) / f"xpiler-cache-{os.getuid()}")
        return Cache(root)

    def path(self, key: str, suffix: str) -> Path:
        return self.root / key[:2] / f"{key}{suffix}"

    def get(self, key: str, suffix: str) -> Path | None:
        """The stored file if it is there and what it was made from has not changed."""
        path = self.path(key, suffix)
        if not path.exists() or not self._is_fresh(path):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return path

    @staticmethod
    def made_from(path: Path) -> dict[str, str] | None:
        """The local files that a stored file was made from, with their digests; None if that cannot be read."""
        try:
            recorded: dict[str, str] = json.loads(path.with_name(path.name + ".from").read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            return None
        return recorded

    @staticmethod
    def _is_fresh(path: Path) -> bool:
        recorded = Cache.made_from(path)
        return recorded is not None and all(
            file_digest(Path(name)) == value for name, value in recorded.items()
        )

    def scratch(self, key: str, suffix: str) -> Path:
        """A name of its own in the store's file system, for a file that `put` will take."""
        target = self.path(key, suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{key[:12]}-", suffix=suffix, dir=target.parent)
        os.close(handle)
        return Path(name)

    @contextlib.contextmanager
    def making(self, key: str) -> Iterator[None]:
        """One maker of a key at a time, whatever thread or process it is in: who waits finds what the other has made.

        Not to be nested: a lock is shared by the keys that begin alike.
        """
        try:
            folder = self.root / "locks"
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / key[:3]).open("w")
        except OSError:
            yield  # each makes its own, and the last one stays
            return
        with lock:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def put(self, key: str, suffix: str, made: Path, made_from: Iterable[Path] = ()) -> Path:
        """Takes the finished file `made`; `made_from` are local files that it depends on."""
        target = self.path(key, suffix)
        sources = {str(p): file_digest(p) for p in made_from}
        if sources:
            note = made.with_name(made.name + ".note")
            note.write_text(json.dumps(sources))
            note.replace(target.with_name(target.name + ".from"))
        made.replace(target)
        self._prune_sometimes()
        return target

    def _prune_sometimes(self) -> None:
        marker = self.root / "pruned"
        try:
            if marker.exists() and time.time() - marker.stat().st_mtime < _PRUNE_EVERY:
                return
            marker.touch()
        except OSError:
            return
        self.prune()

    def prune(self) -> int:
        """Removes what was used longest ago until the store is within its limit; bytes removed."""
        files: list[tuple[float, int, Path]] = []
        for path in self.root.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file():
                    stat = path.stat()
                    files.append((stat.st_mtime, stat.st_size, path))
        excess = sum(size for _, size, _ in files) - self.limit
        removed = 0
        for _, size, path in sorted(files):
            if removed >= excess:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                removed += size
        return removed

    def clear(self) -> None:
        """Removes everything."""
        shutil.rmtree(self.root, ignore_errors=True)
