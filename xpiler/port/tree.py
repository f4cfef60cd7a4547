"""The files of a tree: what is walked, what is ignored, and what each file is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path, PurePosixPath

from pathspec import GitIgnoreSpec

from xpiler.port.manifest import PART
from xpiler.records import dataclass

__all__ = ["STATE", "Entry", "Kind", "kind_of", "walk"]

STATE = ".xpiler-port"
_ALWAYS_SKIPPED = frozenset({".git", ".hg", ".svn", STATE})

_SOURCES = frozenset(
    [
        ".cu",
        ".cuh",
        ".hip",
        ".h",
        ".hpp",
        ".hh",
        ".hxx",
        ".h++",
        ".c",
        ".cc",
        ".cpp",
        ".cxx",
        ".c++",
        ".inl",
        ".inc",
        ".ipp",
        ".tpp",
        ".txx",
        ".in",
    ]
)
_BUILD_NAMES = frozenset({"CMakeLists.txt", "setup.py", "GNUmakefile", "Makefile", "makefile"})
_FOREIGN_BUILD = {
    ".vcxproj": "Visual Studio",
    ".filters": "Visual Studio",
    ".props": "Visual Studio",
    ".targets": "Visual Studio",
    "WORKSPACE": "Bazel",
    "meson_options.txt": "Meson",
    "meson.options": "Meson",
    ".pro": "qmake",
    ".bazel": "Bazel",
    ".bzl": "Bazel",
    ".pri": "qmake",
    "BUILD": "Bazel",
    "meson.build": "Meson",
    "SConstruct": "SCons",
    "SConscript": "SCons",
    "wscript": "waf",
    "xmake.lua": "xmake",
    "premake5.lua": "premake",
}
# Files that build something only where they speak of nvcc or CUDA's folders, not of an option called cuda.
_SCRIPTS = {
    ".sh": "shell script",
    ".bash": "shell script",
    ".zsh": "shell script",
    ".slurm": "shell script",
    ".sbatch": "shell script",
    ".bat": "batch file",
    ".cmd": "batch file",
    ".ps1": "PowerShell script",
    ".dockerfile": "container file",
    ".def": "container file",
    ".yml": "CI or environment file",
    ".yaml": "CI or environment file",
    "Dockerfile": "container file",
    "Containerfile": "container file",
    "Jenkinsfile": "CI or environment file",
    "pyproject.toml": "Python build file",
}


class Kind(Enum):
    SOURCE = "source"
    CMAKE = "cmake"
    MAKE = "make"
    SETUP = "setup.py"
    FOREIGN_BUILD = "build file of another kind"
    SCRIPT = "script"
    OTHER = "other"
    LINK = "symbolic link"
    UNREADABLE = "folder that can't be read"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the tree. `link` is the target of a symbolic link, `inside` whether it stays in the tree."""

    path: PurePosixPath
    kind: Kind
    link: str = ""
    inside: bool = True


def kind_of(path: PurePosixPath) -> Kind:
    """What a file is, by its name."""
    name = path.name
    if name == "CMakeLists.txt" or path.suffix == ".cmake" or name.endswith(".cmake.in"):
        return Kind.CMAKE
    if name == "setup.py":
        return Kind.SETUP
    if name in _BUILD_NAMES or path.suffix in (".mk", ".mak") or name.startswith("Makefile."):
        return Kind.MAKE
    if foreign_kind(path):
        return Kind.SCRIPT if script_kind(path) else Kind.FOREIGN_BUILD
    return Kind.SOURCE if path.suffix.lower() in _SOURCES else Kind.OTHER


def foreign_kind(path: PurePosixPath) -> str:
    """The build system that a file belongs to, of those that are not edited; empty for none."""
    own = _FOREIGN_BUILD.get(path.name) or _FOREIGN_BUILD.get(path.suffix, "")
    return own or script_kind(path)


def script_kind(path: PurePosixPath) -> str:
    """What a file is that may build or run CUDA among other things; empty for none."""
    stem = path.name.partition(".")[0]
    return _SCRIPTS.get(path.name) or _SCRIPTS.get(path.suffix) or _SCRIPTS.get(stem, "")


def walk(
    root: Path, include: Sequence[str] = (), exclude: Sequence[str] = (), skip: Path | None = None
) -> Iterator[Entry]:
    """Files below `root` in a stable order, without those that git or `exclude` ignores.

    `include` and `exclude` are gitignore patterns; with `include`, only what matches is given. `skip` is a
    folder to leave out (the output, where it lies inside the tree).
    """
    wanted = GitIgnoreSpec.from_lines(include) if include else None
    unwanted = GitIgnoreSpec.from_lines(exclude)
    for path, entry in _walk(root, PurePosixPath(), [], skip.resolve() if skip else None):
        if unwanted.match_file(str(path)):
            continue
        if wanted is not None and not wanted.match_file(str(path)):
            continue
        yield entry


_Ignore = tuple[PurePosixPath, GitIgnoreSpec]


def _walk(
    root: Path, folder: PurePosixPath, ignores: list[_Ignore], skip: Path | None
) -> Iterator[tuple[PurePosixPath, Entry]]:
    here = root / folder
    try:
        children = sorted(os.scandir(here), key=lambda e: e.name)
    except OSError:
        yield folder, Entry(folder, Kind.UNREADABLE)
        return
    ignore_file = here / ".gitignore"
    if ignore_file.is_file():
        try:
            spec = GitIgnoreSpec.from_lines(ignore_file.read_text("utf-8", "replace").splitlines())
            ignores = [*ignores, (folder, spec)]
        except OSError:
            pass
    for child in children:
        path = folder / child.name
        directory = child.is_dir(follow_symlinks=False)
        if child.name in _ALWAYS_SKIPPED or child.name.endswith(PART):
            continue
        if directory and skip is not None and Path(child.path).resolve() == skip:
            continue
        if _ignored(path, directory, ignores):
            continue
        if child.is_symlink():
            yield path, _link(root, path)
        elif directory:
            yield from _walk(root, path, ignores, skip)
        elif child.is_file(follow_symlinks=False):
            yield path, Entry(path, kind_of(path))


def _ignored(path: PurePosixPath, directory: bool, ignores: Sequence[_Ignore]) -> bool:
    """git's rule: the innermost file that says something decides."""
    for folder, spec in reversed(ignores):
        name = str(path.relative_to(folder)) + ("/" if directory else "")
        result = spec.check_file(name)
        if result.include is not None:
            return result.include
    return False


def _link(root: Path, path: PurePosixPath) -> Entry:
    target = str((root / path).readlink())
    try:
        resolved = (root / path).resolve(strict=False)
    except (OSError, RuntimeError):  # a circle of links
        return Entry(path, Kind.LINK, target)
    inside = resolved == root.resolve() or root.resolve() in resolved.parents
    return Entry(path, Kind.LINK, target, inside and not Path(target).is_absolute())
