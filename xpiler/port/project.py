"""What a file has to know of the tree: names that it declares, headers that it provides, renames."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import PurePosixPath

from xpiler.backends.hip.names import find_header
from xpiler.backends.hip.rewrite import declared_names, mentions_cuda
from xpiler.records import dataclass

__all__ = ["BOM", "Facts", "FileFacts", "Project", "output_path", "relative", "scan"]

# UTF-8's byte order mark: no part of the text.
BOM = b"\xef\xbb\xbf"
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.M)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Of one source file: its includes as written, the CUDA-like names that it declares, whether it has CUDA."""

    includes: tuple[str, ...]
    declares: frozenset[str]
    cuda: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rewriting of one file is told; `key` changes when any of it does."""

    own: frozenset[str]
    local_headers: frozenset[str]
    include_renames: Mapping[str, str]

    @property
    def key(self) -> str:
        text = repr(
            (sorted(self.own), sorted(self.local_headers), sorted(self.include_renames.items()))
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def scan(source: bytes) -> FileFacts:
    """The facts of one file."""
    source = source.removeprefix(BOM)
    includes = tuple(m.decode("utf-8", "surrogateescape") for m in _INCLUDE.findall(source))
    cuda = mentions_cuda(source)
    return FileFacts(includes, declared_names(source) if cuda else frozenset(), cuda)


def output_path(path: PurePosixPath) -> PurePosixPath:
    """`.cu` becomes `.hip`, the suffix by which CMake and hipcc know HIP; headers keep theirs."""
    return path.with_suffix(".hip") if path.suffix == ".cu" else path


def relative(to: PurePosixPath, folder: PurePosixPath) -> str:
    """The path of `to` as written in an include of a file in `folder`."""
    return PurePosixPath(os.path.relpath(str(to), str(folder) or ".")).as_posix()


class Project:
    """The sources of a tree by path, with their includes resolved."""

    def __init__(
        self, files: Mapping[PurePosixPath, FileFacts], renamed: Mapping[str, str] | None = None
    ) -> None:
        """`renamed` maps the files that change their name; None: every `.cu` file does."""
        self.files = files
        self.renamed = (
            {str(p): str(output_path(p)) for p in files if output_path(p) != p}
            if renamed is None
            else renamed
        )
        self._by_name: dict[str, list[PurePosixPath]] = {}
        for path in files:
            self._by_name.setdefault(path.name, []).append(path)

    def resolve(self, include: str, folder: PurePosixPath) -> PurePosixPath | None:
        """The tree's file that `#include "include"` means: beside the file, or the one with that ending."""
        beside = PurePosixPath(os.path.normpath(str(folder / include)))
        if beside in self.files:
            return beside
        if find_header(include) is not None:
            return None  # one of CUDA's, unless it stands beside the file
        wanted = PurePosixPath(include)
        parts = tuple(p for p in wanted.parts if p not in ("..", "."))
        matches = [p for p in self._by_name.get(wanted.name, ()) if p.parts[-len(parts) :] == parts]
        return min(matches, key=lambda p: (len(p.parts), str(p))) if matches else None

    @cache  # noqa: B019  (a project lives as long as the run)
    def closure(self, path: PurePosixPath) -> tuple[frozenset[PurePosixPath], bool]:
        """All files of the tree that `path` includes, itself too, and whether it includes itself again."""
        seen: dict[PurePosixPath, None] = {}
        cycle = False
        stack = [path]
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen[current] = None
            for include in self.files[current].includes:
                target = self.resolve(include, current.parent)
                if target == path:
                    cycle = True
                if target is not None and target not in seen:
                    stack.append(target)
        return frozenset(seen), cycle

    @cache  # noqa: B019
    def all_declared(self) -> frozenset[str]:
        return frozenset(name for facts in self.files.values() for name in facts.declares)

    def facts_for(self, path: PurePosixPath, known: Iterable[str] = ()) -> Facts:
        """What the rewriting of `path` needs to know. `known`: names that are CUDA's whatever the tree says."""
        files, _ = self.closure(path)
        own = {name for file in files if file != path for name in self.files[file].declares}
        local: set[str] = set()
        renames: dict[str, str] = {}
        for include in self.files[path].includes:
            target = self.resolve(include, path.parent)
            if target is None:
                continue
            local.add(include)
            if str(target) in self.renamed and include.endswith(".cu"):
                renames[include] = include[:-3] + ".hip"
        return Facts(frozenset(own - set(known)), frozenset(local), renames)
