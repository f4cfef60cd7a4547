"""A tree for a target whose files are translated whole: each CUDA source by itself, everything else copied.

HIP's port edits text in its place, build files too (`runner.py`). For other targets there is no such thing: a source becomes
another file with its host code, and its build is another one. So headers and build files stay as they are; build files that
speak of CUDA are named, with what to do.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from xpiler.backends.base import Diagnostic, Target
from xpiler.port.manifest import write_atomically
from xpiler.port.tree import STATE, Kind, walk
from xpiler.records import dataclass

__all__ = ["TranslatedFile", "exit_status", "translate_tree", "write_report"]

_KERNEL = re.compile(rb"\b__global__\b")
_INCLUDED = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"(?:[^"\n]*/)?([^"/\n]+\.cu)"', re.M)
_BUILDS = frozenset({Kind.CMAKE, Kind.MAKE, Kind.SETUP, Kind.FOREIGN_BUILD, Kind.SCRIPT})
_CUDA_BUILD = re.compile(rb"\bnvcc\b|\bcuda|\bCUDA|\.cu\b")
_FOLDERS = frozenset({"include", "inc", "common", "src"})

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TranslatedFile:
    """`status`: translated (all kernels verified), partly (some are not), refused (nothing was written), copied, build.

    `kernels` maps each kernel to what is known of it; `notes` say what is left to do.
    """

    path: str
    output: str
    status: str
    kernels: Mapping[str, str]
    notes: tuple[str, ...] = ()


def translate_tree(
    source: Path,
    output: Path,
    target: Target,
    *,
    verify: bool = True,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    tell: Tell = lambda _: None,
) -> tuple[TranslatedFile, ...]:
    """Translates the sources with kernels below `source` into `output` and copies the rest; links are left out.

    OSError when `output` can't be written.
    """
    entries = [
        (entry.path, entry.kind)
        for entry in walk(source, include, exclude, skip=output)
        if entry.kind not in (Kind.LINK, Kind.UNREADABLE)
    ]
    texts = {path: (source / path).read_bytes() for path, kind in entries if kind is Kind.SOURCE}
    parts = {name for text in texts.values() for name in _INCLUDED.findall(text)}
    taken = {path for path, _ in entries}
    folders = _include_folders(source, taken)
    done: list[TranslatedFile] = []
    for path, kind in entries:
        tell(str(path))
        text = texts.get(path, b"")
        if path.suffix == ".cu" and _KERNEL.search(text) and path.name.encode() not in parts:
            done.append(_translated(source, output, path, target, verify, folders, taken))
            continue
        _copy(source / path, output / path)
        done.append(_copied(source, path, kind, target))
    return tuple(done)


def _include_folders(source: Path, paths: set[PurePosixPath]) -> tuple[Path, ...]:
    """The root, and the folders that sources usually include from."""
    found = {parent for path in paths for parent in path.parents if parent.name.lower() in _FOLDERS}
    return (source, *(source / folder for folder in sorted(found)))


def _translated(
    source: Path,
    output: Path,
    path: PurePosixPath,
    target: Target,
    verify: bool,
    folders: tuple[Path, ...],
    taken: set[PurePosixPath],
) -> TranslatedFile:
    from xpiler.api import Settings, translate
    from xpiler.driver.report import InputError
    from xpiler.verify.evidence import summary

    settings = Settings(out=Path("-"), verify=verify, include_dirs=folders, jobs=1)
    report = translate(source / path, target.name, settings)
    if isinstance(report, InputError):
        _copy(source / path, output / path)
        return TranslatedFile(str(path), str(path), "refused", {}, (_line(report.diagnostics[0]),))
    kernels = {k.name: f"{k.status}: {summary(k.evidence)}" for k in report.kernels}
    notes = tuple(
        _line(d) for k in report.kernels if k.status == "refused" for d in k.diagnostics[:1]
    )
    if not report.text:
        _copy(source / path, output / path)
        return TranslatedFile(str(path), str(path), "refused", kernels, notes)
    suffix = _suffix(report.text, target)
    name = path.with_suffix(suffix)
    if name in taken:
        name = path.with_name(path.name + suffix)
    write_atomically(output / name, report.text.encode())
    status = "translated" if report.exit_status == 0 else "partly"
    return TranslatedFile(str(path), str(name), status, kernels, notes)


def _suffix(text: str, target: Target) -> str:
    """The suffix of `FILE.cpp` in the line that says how the file is built, else the target's first."""
    named = re.search(r"Build:[^\n]*\bFILE(\.\w+)", text[:2000])
    return named[1] if named and named[1] in target.suffixes else target.suffixes[0]


def _copied(source: Path, path: PurePosixPath, kind: Kind, target: Target) -> TranslatedFile:
    if kind in _BUILDS and _CUDA_BUILD.search((source / path).read_bytes()):
        note = f"builds CUDA and was not changed for {target.name}: a translated file's first line says how it is built"
        return TranslatedFile(str(path), str(path), "build", {}, (note,))
    return TranslatedFile(str(path), str(path), "copied", {})


def _copy(origin: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(origin, place)


def _line(diagnostic: Diagnostic) -> str:
    place = f"{diagnostic.span.line}: " if diagnostic.span else ""
    return f"{place}{diagnostic.message} [{diagnostic.code}]"


def write_report(files: tuple[TranslatedFile, ...], output: Path, target: str) -> Path:
    """The results as JSON below `output`; returns the path."""
    place = output / STATE / "report.json"
    text = json.dumps({"target": target, "files": [asdict(f) for f in files]}, indent=1)
    write_atomically(place, text.encode() + b"\n")
    return place


def exit_status(files: tuple[TranslatedFile, ...]) -> int:
    """0 when every source with kernels was translated and verified and no build file waits; else 1."""
    return 1 if any(f.status in ("partly", "refused", "build") for f in files) else 0
