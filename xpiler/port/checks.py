"""Checks after a port: sources compile, kernels compute the same, programs print the same."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from xpiler.backends.hip.names import first_release, is_rocm_header
from xpiler.backends.hip.toolchain import (
    Compiled,
    CompilerFound,
    NoCompiler,
    compile_check,
    find_compiler,
)
from xpiler.port.database import BadDatabase, find_database, read_database, unit_flags
from xpiler.port.files import finding
from xpiler.port.memory import Memory, Subject, checked, load_memory
from xpiler.port.report import Report, Row, diagnostic_row
from xpiler.port.settings import Settings, is_suppressed
from xpiler.port.tree import STATE

__all__ = ["Tell", "check"]

_UNITS = frozenset({".hip", ".cu", ".cpp", ".cc", ".cxx", ".c"})
_MISSING = re.compile(r"fatal error: '([^']+)' file not found")

Tell = Callable[[str], None]


def check(
    report: Report,
    settings: Settings,
    units: Mapping[str, tuple[str, ...]],
    run: str | None = None,
    tell: Tell = lambda _: None,
) -> Report:
    """The report with what the checks found added, and what earlier ones found of unchanged files.

    `tell` hears what is being checked.
    """
    from xpiler.port.kernels import remembered_kernels, verify_kernels

    memory = load_memory(settings.output / STATE)
    subject = Subject(settings, report, units)
    report = _compile_all(report, settings, subject, memory, tell)
    if settings.verify:
        report = verify_kernels(report, settings, subject, memory, tell)
    else:
        report = remembered_kernels(report, settings, subject, memory)
    return replace(report, program=_program(settings, subject, memory, run, tell))


def _program(
    settings: Settings, subject: Subject, memory: Memory, run: str | None, tell: Tell
) -> Mapping[str, Any] | None:
    """The program's runs: this one, or the last with any arguments that still holds."""
    if run is None:
        still = (
            memory.find("program", words, subject.tree_key(settings.arch, words))
            for words in reversed(memory.rows["program"])
        )
        return next((result for result in still if result is not None), None)
    key = subject.tree_key(settings.arch, run)
    known: Mapping[str, Any] | None = memory.find("program", run, key)
    if known is not None:
        return known
    from xpiler.port.program import run_both

    tell("the program")
    result = {"arguments": run, **run_both(settings, subject, shlex.split(run))}
    memory.keep("program", run, key, result)
    return result


def _flags(report: Report, settings: Settings) -> Mapping[str, tuple[str, ...]]:
    """Sources to compile, with their flags: those of the compilation database, or all with the usual folders."""
    rows = [row for row in report.rows if row.cuda and PurePosixPath(row.output).suffix in _UNITS]
    place = find_database(settings)
    known = read_database(place, settings.source) if place is not None else {}
    if not isinstance(known, BadDatabase):
        named = {str(path): unit_flags(flags, settings) for path, flags in known.items()}
        if any(row.path in named for row in rows):
            return {row.path: named[row.path] for row in rows if row.path in named}
    folders = tuple(f"-I{folder}" for folder in _include_folders(settings.output))
    return {row.path: folders for row in rows}


def _compile_all(
    report: Report, settings: Settings, subject: Subject, memory: Memory, tell: Tell
) -> Report:
    compiler = find_compiler()
    if isinstance(compiler, NoCompiler):
        return replace(report, compiler=f"none: {compiler.reason}") if settings.compile else report
    flags = _flags(report, settings)
    keys = {
        path: subject.ported_key(path, compiler, settings.arch, own) for path, own in flags.items()
    }
    results = {path: memory.find("compiled", path, key) for path, key in keys.items()}
    rows = {row.path: row for row in report.rows}
    missing = [path for path, result in results.items() if result is None]
    if settings.compile:

        def compile_one(path: str) -> dict[str, Any]:
            tell(rows[path].output)
            return _compile(settings.output / rows[path].output, settings.arch, flags[path])

        for path, result in checked(settings.jobs, compile_one, missing):
            memory.keep("compiled", path, keys[path], result)
            results[path] = result
    done = {
        path: _with_compiled(rows[path], result, settings)
        for path, result in results.items()
        if result is not None
    }
    described = _described(compiler) if done or settings.compile else ""
    shown = tuple(done.get(row.path, row) for row in report.rows)
    return replace(report, rows=shown, compiler=described)


def _described(compiler: CompilerFound) -> str:
    return f"{compiler.path}, HIP {compiler.version}" if compiler.version else compiler.path


def _compile(file: Path, arch: str, flags: tuple[str, ...]) -> dict[str, Any]:
    """`status` is compiles, fails, or unknown when a header of ROCm is not installed here."""
    outcome = compile_check(file, arch, flags)
    if isinstance(outcome, Compiled):
        return {"status": "compiles", "errors": []}
    errors = [outcome.reason] if isinstance(outcome, NoCompiler) else list(outcome.errors)
    missing = _MISSING.search(errors[0])
    absent = missing is not None and is_rocm_header(missing[1])
    since = first_release(missing[1]) if missing is not None and absent else ""
    if since:
        errors[0] = f"{errors[0]} (in ROCm since {since})"
    return {"status": "unknown" if absent else "fails", "errors": errors}


def _with_compiled(row: Row, result: Mapping[str, Any], settings: Settings) -> Row:
    status, errors = str(result["status"]), tuple(result["errors"])
    if status == "compiles":
        return replace(row, compiled=status)
    code = "XP5602" if status == "fails" else "XP5605"
    note = finding(code, row.path, arch=settings.arch, reason=errors[0][:200])
    shown = () if is_suppressed(code, settings.suppress) else (diagnostic_row(note),)
    return replace(row, compiled=status, errors=errors, diagnostics=(*row.diagnostics, *shown))


def _include_folders(root: Path) -> list[Path]:
    """Folders to include from where no compile_commands.json says: the root and those called include."""
    found = [root]
    for folder, names, _ in os.walk(root):
        names[:] = sorted(n for n in names if not n.startswith("."))
        if Path(folder).name.lower() in ("include", "inc", "common"):
            found.append(Path(folder))
    return found[:40]
