"""compile_commands.json: which files are sources, and with which include paths and defines."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from xpiler.port.settings import Settings
from xpiler.records import dataclass

__all__ = ["BadDatabase", "find_database", "read_database", "unit_flags"]

_PATHS = ("-I", "-isystem", "-iquote", "-include", "--include-path", "--system-include")
_LISTS = ("--options-file", "-optf")
_HOST = ("-Xcompiler", "--compiler-options")
_TOOLKIT = ("cuda_runtime.h", "cuda.h")


@dataclass(frozen=True, slots=True)
class BadDatabase:
    """Why a file is no compilation database."""

    path: Path
    reason: str


def find_database(settings: Settings) -> Path | None:
    """The one that was named, or the tree's own: at its root or in `build/`."""
    if settings.compile_commands is not None:
        return settings.compile_commands
    for folder in ("", "build"):
        place = settings.source / folder / "compile_commands.json"
        if place.is_file():
            return place
    return None


def read_database(place: Path, root: Path) -> Mapping[PurePosixPath, tuple[str, ...]] | BadDatabase:
    """Sources below `root` by path, with -I, -D, -U, -std and -include of their command, paths made absolute."""
    try:
        rows = json.loads(place.read_text())
    except (OSError, ValueError) as error:
        return BadDatabase(place, str(error))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return BadDatabase(place, "it is not a list of commands")
    found: dict[PurePosixPath, tuple[str, ...]] = {}
    base = root.resolve()
    for row in rows:
        folder = (place.parent / str(row.get("directory", "."))).resolve()
        path = Path(os.path.normpath(folder / str(row.get("file", ""))))
        path = path.resolve() if path.exists() else path
        if base in path.parents:
            words = row.get("arguments") or shlex.split(str(row.get("command", "")))
            found[PurePosixPath(path.relative_to(base))] = tuple(_kept([*map(str, words)], folder))
    return found


def unit_flags(flags: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """The flags with paths into the tree pointing into the ported one."""
    root, output = settings.source.resolve(), settings.output.resolve()
    result: list[str] = []
    for flag in flags:
        option, path = ("-I", flag[2:]) if flag.startswith("-I") else ("", flag)
        full = Path(path)
        inside = full.is_absolute() and (full == root or root in full.parents)
        result.append(f"{option}{output / full.relative_to(root)}" if inside else flag)
    return tuple(result)


def _kept(words: list[str], folder: Path) -> Iterator[str]:
    """What matters of a command for another compiler; nvcc's lists in files are read."""
    i = 0
    while i < len(words):
        word = words[i]
        following = words[i + 1] if i + 1 < len(words) else ""
        name, equals, value = word.partition("=")
        i += 1
        if word in _HOST or (equals and name in _HOST):
            i += not equals
            host = value if equals else following
            yield from (w for w in _kept(host.split(","), folder) if w.startswith(("-D", "-U")))
        elif word in _LISTS or (equals and name in _LISTS) or word.startswith("@"):
            i += word in _LISTS
            listed = following if word in _LISTS else value if equals else word[1:]
            yield from _kept(_listed(folder / listed), folder)
        elif word in _PATHS or (equals and name in _PATHS):
            i += not equals
            yield from _path(name, value if equals else following, folder)
        elif word.startswith("-I"):
            yield from _path("-I", word[2:], folder)
        elif word in ("-D", "-U"):
            i += 1
            yield word + following
        elif word in ("-std", "--std"):
            i += 1
            yield f"-std={following}"
        elif word.startswith(("-D", "-U", "-std=")):
            yield word
        elif word.startswith("--std="):
            yield word[1:]


def _path(option: str, path: str, folder: Path) -> Iterator[str]:
    full = os.path.normpath(folder / path)
    if option == "-include":
        yield from ("-include", full)
    elif not any((Path(full) / header).exists() for header in _TOOLKIT):
        # CUDA's own headers would stand in for HIP's.
        yield f"-I{full}"


def _listed(file: Path) -> list[str]:
    try:
        return shlex.split(file.read_text())
    except (OSError, ValueError):
        return []
