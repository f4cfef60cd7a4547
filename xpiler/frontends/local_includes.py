"""Local files with device code, put in the place of their `#include`.

A target that is not CUDA cannot include a file of CUDA: what `#include "kernel.cu"` brings has to be translated with
the file that includes it, as one text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.place import find

__all__ = ["with_local_device_code", "with_local_files"]

Wanted = Callable[[str], object]
Change = Callable[[str, Path], str]

_DEVICE: Final = re.compile(r"\b__(?:global|device|constant|shared|managed)__\b|<<<")
_INCLUDE: Final = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)
_ONCE: Final = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+once\b[^\n]*", re.M)
_DEPTH: Final = 16


def with_local_device_code(text: str, path: Path, include_dirs: Iterable[Path] = ()) -> str:
    """`text` of the file `path` with its local files that hold device code in it, each once; others stay includes.

    The text itself when there is none. Includes inside what is put in are rewritten as seen from `path`.
    """
    return with_local_files(text, path, include_dirs, _DEVICE.search)


def with_local_files(
    text: str,
    path: Path,
    include_dirs: Iterable[Path],
    wanted: Wanted,
    change: Change = lambda content, _: content,
) -> str:
    """As `with_local_device_code`, for the files whose content, or that of a local file that they include, is `wanted`;
    what is put in is `change`d, given its file."""
    search = _Search(path.parent, tuple(include_dirs), wanted, change)
    return _with_files(text, path, search, {path.resolve()}, 0)


@dataclass(frozen=True, slots=True)
class _Search:
    """`home` is where the text stands, `dirs` where else local files are looked for."""

    home: Path
    dirs: tuple[Path, ...]
    wanted: Wanted
    change: Change


def _with_files(text: str, path: Path, search: _Search, seen: set[Path], depth: int) -> str:
    home, dirs = search.home, search.dirs
    if not _INCLUDE.search(text) or depth > _DEPTH:
        return text
    edits: list[Edit] = []
    for include in find(text).includes:
        file = None if include.system else _resolve(include.path, path.parent, dirs)
        content = None if file is None else _read(file)
        if file is None or content is None:
            continue
        put: str | None = None
        if _reaches(content, file, search, {file, *seen}):
            put = ""
            if file not in seen:
                seen.add(file)
                plain = search.change(_ONCE.sub("", content), file)
                put = _with_files(plain, file, search, seen, depth + 1).rstrip("\n")
        elif path.parent.resolve() != home.resolve() and (path.parent / include.path).is_file():
            put = f'#include "{os.path.relpath(file, home.resolve())}"'
        if put is not None:
            edits.append(Edit(include.whole.start, include.whole.end, put))
    return apply(text, edits) if edits else text


def _reaches(text: str, path: Path, search: _Search, seen: set[Path]) -> bool:
    """Whether the file, or a local one that it includes, is wanted."""
    if search.wanted(text):
        return True
    for match in _INCLUDE.finditer(text):
        file = _resolve(match[1], path.parent, search.dirs)
        if file is None or file in seen:
            continue
        seen.add(file)
        content = _read(file)
        if content is not None and _reaches(content, file, search, seen):
            return True
    return False


def _resolve(name: str, folder: Path, dirs: tuple[Path, ...]) -> Path | None:
    candidates = ((base / name).resolve() for base in (folder, *dirs))
    return next((c for c in candidates if c.is_file()), None)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
