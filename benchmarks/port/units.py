"""Which files of a tree hold CUDA, which are translation units of their own, and where they include from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Mapping
from pathlib import Path

from xpiler.backends.hip.names import find_header
from xpiler.backends.hip.rewrite import mentions_cuda

__all__ = ["cuda_files", "include_folders", "units"]

SOURCES = frozenset({".cu", ".cuh", ".h", ".hpp", ".cpp", ".c", ".cc", ".cxx", ".inl"})
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.M)
_SYSTEM = (Path("/usr/include"), Path("/usr/include/x86_64-linux-gnu"))
_INCLUDED_SOURCE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+\.cu)[>"]', re.M)


def sources(tree: Path) -> list[Path]:
    """C, C++ and CUDA files of the tree, absolute, in order."""
    return [
        p
        for p in sorted(tree.rglob("*"))
        if p.suffix in SOURCES and p.is_file() and not p.is_symlink()
    ]


def cuda_files(tree: Path) -> list[Path]:
    """Files of the tree that name CUDA, as the port decides it."""
    return [p for p in sources(tree) if mentions_cuda(p.read_bytes())]


def units(tree: Path) -> list[Path]:
    """Relative paths of the `.cu` files that no other file includes: what the build files compile."""
    included: set[Path] = set()
    by_name: dict[str, list[Path]] = {}
    for file in tree.rglob("*.cu"):
        by_name.setdefault(file.name, []).append(file)
    for file in sources(tree):
        for found in _INCLUDED_SOURCE.findall(file.read_bytes()):
            include = found.decode("utf-8", "replace")
            beside = file.parent / include
            if beside.exists():
                included.add(beside.resolve())
            else:
                included.update(p.resolve() for p in by_name.get(Path(include).name, ()))
    every = (p for files in by_name.values() for p in files)
    return sorted(p.relative_to(tree) for p in every if p.resolve() not in included)


def include_folders(tree: Path) -> Callable[[Path], list[Path]]:
    """For a unit of the tree, the folders that its includes need: what the build files' `-I` say.

    An include that doesn't lie beside the including file means the file of that ending that is
    nearest to it: the one that shares the longest path.
    """
    includes: dict[Path, list[str]] = {}
    by_name: dict[str, list[Path]] = {}
    for file in sources(tree):
        path = file.relative_to(tree)
        by_name.setdefault(path.name, []).append(path)
        found = _INCLUDE.findall(file.read_bytes())
        includes[path] = [i.decode("utf-8", "replace") for i in found]

    def of(unit: Path) -> list[Path]:
        folders: dict[Path, None] = {}
        seen: set[Path] = set()
        stack = [unit]
        while stack:
            file = stack.pop()
            if file in seen:
                continue
            seen.add(file)
            for include in includes[file]:
                target = _target(include, file, includes, by_name)
                if target is None:
                    continue
                stack.append(target)
                if target.parts != _beside(file, include).parts:
                    folders[_root(target, include)] = None
        return list(folders)

    return of


def _target(
    include: str, file: Path, known: Container[Path], by_name: Mapping[str, list[Path]]
) -> Path | None:
    beside = _beside(file, include)
    if beside in known:
        return beside
    if find_header(include) is not None or any((f / include).exists() for f in _SYSTEM):
        return None
    parts = tuple(p for p in Path(include).parts if p not in ("..", "."))
    found = [p for p in by_name.get(Path(include).name, ()) if p.parts[-len(parts) :] == parts]
    return min(found, key=lambda p: (-_shared(p, file), len(p.parts), str(p)), default=None)


def _beside(file: Path, include: str) -> Path:
    return Path(os.path.normpath(file.parent / include))


def _shared(a: Path, b: Path) -> int:
    return next((i for i, (x, y) in enumerate(zip(a.parts, b.parts, strict=False)) if x != y), 0)


def _root(target: Path, include: str) -> Path:
    """The folder from which `include` leads to `target`."""
    return target.parents[len([p for p in Path(include).parts if p not in ("..", ".")]) - 1]
