"""Local files with device code, put in the place of their `#include`.

A target that is not CUDA cannot include a file of CUDA: what `#include "kernel.cu"` brings has to be translated with
the file that includes it, as one text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.place import find

__all__ = ["with_local_device_code"]

_DEVICE: Final = re.compile(r"\b__(?:global|device|constant|shared|managed)__\b|<<<")
_INCLUDE: Final = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)
_ONCE: Final = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+once\b[^\n]*", re.M)
_DEPTH: Final = 16


def with_local_device_code(text: str, path: Path, include_dirs: Iterable[Path] = ()) -> str:
    """`text` of the file `path` with its local files that hold device code in it, each once; others stay includes.

    The text itself when there is none. Includes inside what is put in are rewritten as seen from `path`.
    """
    seen = {path.resolve()}
    return _with_files(text, path, path.parent, tuple(include_dirs), seen, 0)


def _with_files(
    text: str, path: Path, home: Path, dirs: tuple[Path, ...], seen: set[Path], depth: int
) -> str:
    if not _INCLUDE.search(text) or depth > _DEPTH:
        return text
    edits: list[Edit] = []
    for include in find(text).includes:
        file = None if include.system else _resolve(include.path, path.parent, dirs)
        content = None if file is None else _read(file)
        if file is None or content is None:
            continue
        put: str | None = None
        if _holds_device_code(content, file, dirs, {file, *seen}):
            put = ""
            if file not in seen:
                seen.add(file)
                plain = _ONCE.sub("", content)
                put = _with_files(plain, file, home, dirs, seen, depth + 1).rstrip("\n")
        elif path.parent.resolve() != home.resolve() and (path.parent / include.path).is_file():
            put = f'#include "{os.path.relpath(file, home.resolve())}"'
        if put is not None:
            edits.append(Edit(include.whole.start, include.whole.end, put))
    return apply(text, edits) if edits else text


def _holds_device_code(text: str, path: Path, dirs: tuple[Path, ...], seen: set[Path]) -> bool:
    """Whether the file, or a local one that it includes, has something of CUDA's in it."""
    if _DEVICE.search(text):
        return True
    for match in _INCLUDE.finditer(text):
        file = _resolve(match[1], path.parent, dirs)
        if file is None or file in seen:
            continue
        seen.add(file)
        content = _read(file)
        if content is not None and _holds_device_code(content, file, dirs, seen):
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
