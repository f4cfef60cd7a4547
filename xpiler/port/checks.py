"""Checks after a port: sources compile, kernels compute the same, programs print the same."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

from xpiler.backends.hip.toolchain import (
    Compiled,
    NoCompiler,
    NotCompiled,
    compile_check,
    find_compiler,
)
from xpiler.port.files import finding
from xpiler.port.report import Report, Row, diagnostic_row
from xpiler.port.settings import Settings, is_suppressed

__all__ = ["check", "compile_flags"]

_UNITS = frozenset({".hip", ".cpp", ".cc", ".cxx", ".c"})


def check(report: Report, settings: Settings, run: str | None = None) -> Report:
    """The report with what the checks found added."""
    if settings.compile:
        report = _compile_all(report, settings)
    if settings.verify:
        from xpiler.port.kernels import verify_kernels

        report = verify_kernels(report, settings)
    if run is not None:
        from xpiler.port.program import run_both

        report = replace(report, program=run_both(settings, shlex.split(run)))
    return report


def compile_flags(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Include paths and defines of each source, from compile_commands.json where there is one."""
    place = settings.compile_commands or settings.source / "compile_commands.json"
    if not place.is_file() and settings.compile_commands is None:
        place = settings.source / "build" / "compile_commands.json"
    try:
        rows = json.loads(place.read_text())
    except (OSError, ValueError):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    root = settings.source.resolve()
    for row in rows if isinstance(rows, list) else ():
        words = row.get("arguments") or shlex.split(row.get("command", ""))
        folder = Path(row.get("directory", "."))
        path = (folder / row.get("file", "")).resolve()
        if root in path.parents:
            found[path.relative_to(root).as_posix()] = _kept_flags(
                words, folder, root, settings.output.resolve()
            )
    return found


def _kept_flags(words: Sequence[str], folder: Path, root: Path, output: Path) -> tuple[str, ...]:
    """-I, -isystem, -D and -std; paths into the tree point into the ported one."""
    kept: list[str] = []
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else ""
        if word in ("-I", "-isystem"):
            kept += ["-I", _moved(following, folder, root, output)]
        elif word.startswith("-I"):
            kept += ["-I", _moved(word[2:], folder, root, output)]
        elif word == "-D":
            kept.append(f"-D{following}")
        elif word.startswith(("-D", "-std=")):
            kept.append(word)
    return tuple(kept)


def _moved(path: str, folder: Path, root: Path, output: Path) -> str:
    full = Path(os.path.normpath(folder / path))
    if full == root or root in full.parents:
        return str(output / full.relative_to(root))
    return str(full)


def _compile_all(report: Report, settings: Settings) -> Report:
    compiler = find_compiler()
    if isinstance(compiler, NoCompiler):
        return replace(report, compiler=f"none: {compiler.reason}")
    flags = compile_flags(settings)
    folders = _include_folders(settings.output)
    rows = [row for row in report.rows if row.cuda and PurePosixPath(row.output).suffix in _UNITS]

    def compiled(row: Row) -> Row:
        own = flags.get(row.path) or tuple(f"-I{folder}" for folder in folders)
        outcome = compile_check(settings.output / row.output, settings.arch, own)
        if isinstance(outcome, Compiled):
            return replace(row, compiled="compiles")
        errors = outcome.errors if isinstance(outcome, NotCompiled) else (outcome.reason,)
        note = finding("XP5602", row.path, arch=settings.arch, reason=errors[0][:200])
        shown = () if is_suppressed("XP5602", settings.suppress) else (diagnostic_row(note),)
        return replace(row, compiled="fails", errors=errors, diagnostics=(*row.diagnostics, *shown))

    with ThreadPoolExecutor(settings.jobs) as pool:
        done = {row.path: row for row in pool.map(compiled, rows)}
    described = f"{compiler.path}, HIP {compiler.version}" if compiler.version else compiler.path
    return replace(
        report, rows=tuple(done.get(row.path, row) for row in report.rows), compiler=described
    )


def _include_folders(root: Path) -> list[Path]:
    """Folders to include from where no compile_commands.json says: the root and those called include."""
    found = [root]
    for folder, names, _ in os.walk(root):
        names[:] = [n for n in names if not n.startswith(".")]
        if Path(folder).name.lower() in ("include", "inc", "common"):
            found.append(Path(folder))
    return found[:40]
