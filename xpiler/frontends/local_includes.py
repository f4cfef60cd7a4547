"""Local files with device code, put in the place of their `#include`.

A target that is not CUDA cannot include a file of CUDA: what `#include "kernel.cu"` brings has to be translated with
the file that includes it, as one text. `#include <helper.h>` counts as local where the user's folders of headers have it;
`<library/part.h>`, and what a CUDA toolkit brings, do not. Of a header without kernels only what the file uses is put in.
The CUDA samples' `helper_cuda.h` and its kin become the little that is used of them (`sample_headers.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from xpiler.frontends import sample_headers
from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.header_parts import only_used, words_of
from xpiler.frontends.libclang import HEADERS, RUNTIME_HEADERS, vendor_headers
from xpiler.frontends.place import find
from xpiler.records import dataclass

__all__ = ["with_local_device_code", "with_local_files"]

Wanted = Callable[[str], object]
Change = Callable[[str, Path], str]

_DEVICE: Final = re.compile(
    r"\b__(?:global|device|constant|shared|managed)__\b|^[ \t]*#[ \t]*include[ \t]*[<\"]helper_cuda\.h|<<<",
    re.M,
)
_INCLUDE: Final = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', re.M)
_API: Final = re.compile(r"\bcuda[A-Z]\w*")
_ONCE: Final = re.compile(r"^[ \t]*#[ \t]*pragma[ \t]+once\b[^\n]*", re.M)
_DEPTH: Final = 16


def with_local_device_code(text: str, path: Path, include_dirs: Iterable[Path] = ()) -> str:
    """`text` of the file `path` with its local files that hold device code in it, each once; others stay includes.

    The text itself when there is none. Includes inside what is put in are rewritten as seen from `path`.
    """
    dirs = tuple(include_dirs)
    texts = {path.resolve(): text}
    _gather(text, path, dirs, texts)

    def used(content: str, file: Path) -> str:
        if "__global__" in content:
            return content
        others = (t for f, t in texts.items() if f != file.resolve())
        return only_used(content, frozenset(w for t in others for w in words_of(t)))

    whole = with_local_files(text, path, dirs, _cuda, used)
    return _without_samples(whole, path, dirs)


def _cuda(content: str) -> bool:
    """Whether a text cannot be included by what is not CUDA."""
    found = _DEVICE.search(content)
    return found is not None and (found[0] != "<<<" or bool(find(content).launches))


def _gather(text: str, path: Path, dirs: tuple[Path, ...], texts: dict[Path, str]) -> None:
    """The texts of the local files that `text` includes, at any depth, by file."""
    for match in _INCLUDE.finditer(text):
        file = _resolve(match[2], match[1] == "<", path.parent, dirs)
        content = None if file is None or file in texts else _read(file)
        if file is not None and content is not None:
            texts[file] = content
            _gather(content, file, dirs, texts)


def _without_samples(text: str, path: Path, dirs: tuple[Path, ...]) -> str:
    """The samples' headers that cannot stay, because CUDA is in them or they are not here, replaced."""
    found = [i for i in find(text).includes if i.path in sample_headers.HEADERS]
    files = {i.path: _resolve(i.path, i.system, path.parent, dirs) for i in found}
    contents = {name: _read(file) if file else None for name, file in files.items()}
    gone = [n for n, content in contents.items() if content is None or _API.search(content)]
    if not gone:
        return text
    words = words_of(text)
    known = frozenset(n for name in gone for p in sample_headers.HEADERS[name] for n in p.names)
    put = {gone[0]: sample_headers.text_for(gone, words)}
    kept = ""
    for name in gone:
        content = contents[name]
        if content is not None and (sample_headers.declared(content) & words) - known:
            kept += _INCLUDE.sub(lambda m: m[0] if m[1] == "<" else "", content)
    if kept:
        put = {gone[0]: kept.rstrip("\n")}
    edits = [
        Edit(i.whole.start, i.whole.end, put.pop(i.path, "").rstrip("\n"))
        for i in found
        if i.path in gone
    ]
    return apply(text, edits)


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
        file = _resolve(include.path, include.system, path.parent, dirs)
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
        elif include.system:
            continue
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
        file = _resolve(match[2], match[1] == "<", path.parent, search.dirs)
        if file is None or file in seen:
            continue
        seen.add(file)
        content = _read(file)
        if content is not None and _reaches(content, file, search, seen):
            return True
    return False


def _resolve(name: str, system: bool, folder: Path, dirs: tuple[Path, ...]) -> Path | None:
    if _stands_in(name) or (system and ("/" in name or vendor_headers(f"#include <{name}>"))):
        return None
    folders = dirs if system else (folder, *dirs)
    return next((c for c in ((base / name).resolve() for base in folders) if c.is_file()), None)


@cache
def _stands_in(name: str) -> bool:
    """Whether the header is one of the CUDA toolkit's that stands here."""
    return any((headers / name).is_file() for headers in (HEADERS, RUNTIME_HEADERS))


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
