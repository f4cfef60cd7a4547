"""A tree ported: walk, rewrite what changed, merge with hand edits, write, remember."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path, PurePosixPath

from xpiler.backends.base import Diagnostic
from xpiler.backends.hip.helpers import header as helper_text
from xpiler.port.compat import compat_header
from xpiler.port.files import Job, Ported, finding, port_file
from xpiler.port.manifest import (
    Journal,
    Manifest,
    Record,
    digest,
    load,
    save,
    store_base,
    write_atomically,
)
from xpiler.port.merge import merge
from xpiler.port.project import Facts, FileFacts, Project, output_path, scan
from xpiler.port.report import Report, Row, diagnostic_row
from xpiler.port.settings import COMPAT_HEADER, HELPER_HEADER, Settings, is_suppressed
from xpiler.port.tree import STATE, Entry, Kind, walk

__all__ = ["Change", "Progress", "Refused", "Result", "port_tree"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a port can't start."""

    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What would be written where; `old` is None for a new file, `new` None for one that goes."""

    path: str
    old: bytes | None
    new: bytes | None


@dataclass(slots=True)
class Result:
    """A finished run. `changes` is filled by a dry run only."""

    report: Report
    changes: list[Change] = field(default_factory=list)
    interrupted: bool = False


@dataclass(slots=True)
class _Run:
    settings: Settings
    state: Path
    old: Manifest | None
    new: Manifest
    journal: Journal | None
    changes: list[Change] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    skipped: int = 0


def tool_version() -> str:
    """The installed version; it is part of what makes an earlier result stale."""
    try:
        return metadata.version("xpiler")
    except metadata.PackageNotFoundError:
        return "source"


def port_tree(settings: Settings, progress: Progress | None = None) -> Result | Refused:
    """Port `settings.source` into `settings.output`."""
    start = time.perf_counter()
    refusal = _refusal(settings)
    if refusal is not None:
        return refusal
    state = settings.output / STATE
    old = load(state)
    new = Manifest(tool_version(), settings.key)
    journal = None if settings.dry_run else Journal(state, new.version, new.options)
    run = _Run(settings, state, old, new, journal)
    interrupted = False
    try:
        _port_all(run, progress)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if journal is not None:
            journal.close()
    if not interrupted:
        _remove_gone(run)
        _write_generated(run)
        if not settings.dry_run:
            save(state, run.new)
    rows = tuple(sorted(run.rows, key=lambda row: row.path))
    report = Report(
        tool_version(),
        str(settings.source),
        str(settings.output),
        settings.arch,
        rows,
        run.skipped,
        time.perf_counter() - start,
    )
    return Result(report, run.changes, interrupted)


def _refusal(settings: Settings) -> Refused | None:
    source, output = settings.source, settings.output
    if not source.is_dir():
        return Refused(f"{source} is not a folder", "to translate one file, use `xpiler translate`")
    if not os.access(source, os.R_OK | os.X_OK):
        return Refused(f"{source} can't be read")
    if settings.in_place:
        return None
    if source.resolve() == output.resolve():
        return Refused("the output is the source", "pass --in-place to change the tree itself")
    if output.resolve() in source.resolve().parents:
        return Refused(f"{output} contains the source")
    if output.exists() and not output.is_dir():
        return Refused(f"{output} is a file")
    if (
        output.is_dir()
        and any(output.iterdir())
        and not (output / STATE).is_dir()
        and not settings.force
    ):
        return Refused(
            f"{output} exists and is no port of xpiler's", "pass --force to port into it"
        )
    return None


def _read(path: Path, limit: int) -> bytes | str:
    """The bytes, or why not."""
    try:
        if path.stat().st_size > limit:
            return f"is larger than {limit >> 20} MiB"
        return path.read_bytes()
    except OSError as error:
        return error.strerror or str(error)


def _port_all(run: _Run, progress: Progress | None) -> None:
    settings = run.settings
    skip = settings.output if settings.output.resolve() != settings.source.resolve() else None
    entries = list(walk(settings.source, settings.include, settings.exclude, skip))
    sources: dict[PurePosixPath, bytes] = {}
    work: list[Entry] = []
    for entry in entries:
        if entry.kind is Kind.LINK:
            _link(run, entry)
        else:
            data = _read(settings.source / entry.path, settings.max_bytes)
            if isinstance(data, str):
                note = finding("XP5001", str(entry.path), reason=data)
                run.rows.append(_row_of(entry, "failed", (note,)))
            else:
                sources[entry.path] = data
                work.append(entry)
    facts = {
        e.path: scan(sources[e.path])
        for e in work
        if e.kind is Kind.SOURCE and b"\0" not in sources[e.path]
    }
    project = Project(facts, rename=not settings.single_source)
    renamed = {str(p): str(output_path(p)) for p in sources if p.suffix == ".cu"}
    jobs: list[Job] = []
    for entry in work:
        job = _job(settings, entry, sources[entry.path], project, facts, renamed)
        if not _up_to_date(run, job):
            jobs.append(job)
    done = len(entries) - len(jobs)
    for job, ported in _ported(jobs, settings.jobs):
        _finish(run, job, _with_tree_notes(ported, project))
        done += 1
        if progress is not None:
            progress(done, len(entries), str(job.path))


def _job(
    settings: Settings,
    entry: Entry,
    source: bytes,
    project: Project,
    facts: Mapping[PurePosixPath, FileFacts],
    renamed: Mapping[str, str],
) -> Job:
    known = project.facts_for(entry.path) if entry.path in facts else _NO_FACTS
    builds = entry.kind in (Kind.CMAKE, Kind.MAKE, Kind.SETUP)
    return Job(
        entry.path,
        entry.kind,
        source,
        known,
        settings.arch,
        settings.rules,
        settings.annotate,
        settings.single_source,
        renamed if builds else None,
    )


_NO_FACTS = Facts(frozenset(), frozenset(), {})


def _context(job: Job) -> str:
    return digest(repr((job.facts.key, sorted((job.renamed or {}).items()))).encode())[:16]


def _up_to_date(run: _Run, job: Job) -> bool:
    """Whether the last run's result for this file still stands; its row is taken over then."""
    record = run.old.files.get(str(job.path)) if run.old else None
    if (
        record is None
        or run.old is None
        or run.old.options != run.new.options
        or run.old.version != run.new.version
    ):
        return False
    if record.source != digest(job.source) or record.context != _context(job):
        return False
    current = _read(run.settings.output / record.output, run.settings.max_bytes)
    if isinstance(current, str):
        return False
    row = Row(**json.loads(record.result))
    if digest(current) != record.written:
        note = diagnostic_row(finding("XP5008", str(job.path)))
        if row.status != "conflict":
            row = replace(row, status="kept", diagnostics=(*row.diagnostics, note))
    run.rows.append(row)
    run.skipped += 1
    run.new.files[str(job.path)] = record
    return True


def _ported(jobs: list[Job], workers: int) -> Iterator[tuple[Job, Ported]]:
    if workers <= 1 or len(jobs) < 8:
        for job in jobs:
            yield job, _safely(job)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from zip(jobs, pool.map(_safely, jobs, chunksize=4), strict=True)


def _safely(job: Job) -> Ported:
    """One failing file never stops the run."""
    try:
        return port_file(job)
    except (
        ValueError,
        IndexError,
        KeyError,
        RecursionError,
        AssertionError,
        TypeError,
        AttributeError,
    ) as error:
        note = finding("XP5009", str(job.path), reason=f"{type(error).__name__}: {error}")
        return Ported(job.path, job.path, job.source, False, False, (note,), {}, {}, False, 0.0)


def _with_tree_notes(ported: Ported, project: Project) -> Ported:
    """Diagnostics that only the tree can tell: names that another file declares, circles of includes."""
    if ported.path not in project.files:
        return ported
    declared = project.all_declared()
    kept = tuple(
        d
        for d in ported.diagnostics
        if not (d.code == "XP5102" and d.message.split(" ", 1)[0] in declared)
    )
    left = {n: c for n, c in ported.left.items() if n not in declared}
    if ported.cuda and project.closure(ported.path)[1]:
        kept = (*kept, finding("XP5006", str(ported.path), through="the files that it includes"))
    return replace(ported, diagnostics=kept, left=left)


# --- writing ------------------------------------------------------------------------------------


def _finish(run: _Run, job: Job, ported: Ported) -> None:
    settings = run.settings
    place = settings.output / ported.output
    record = run.old.files.get(str(job.path)) if run.old else None
    current = _read(place, settings.max_bytes) if place.exists() else None
    status = "ported" if ported.changed else "unchanged" if ported.cuda else "copied"
    diagnostics = ported.diagnostics
    text = ported.text
    if settings.in_place:
        current = None if place != settings.source / job.path else current
    elif isinstance(current, bytes) and current != text:
        if record is None and not settings.force:
            diagnostics = (*diagnostics, finding("XP5008", str(job.path)))
            run.rows.append(_row(job, ported, "kept", diagnostics, settings))
            return
        if record is not None and digest(current) != record.written:
            base = _read(run.state / "base" / record.written, settings.max_bytes)
            merged = merge(base if isinstance(base, bytes) else b"", text, current)
            text = merged.text
            status = "conflict" if merged.conflicts else "merged"
            if merged.conflicts:
                diagnostics = (
                    *diagnostics,
                    finding("XP5005", str(job.path), count=merged.conflicts),
                )
    row = _row(job, ported, status, diagnostics, settings)
    run.rows.append(row)
    _write(run, job, ported, text, current if isinstance(current, bytes) else None, row)


def _write(
    run: _Run, job: Job, ported: Ported, text: bytes, current: bytes | None, row: Row
) -> None:
    settings = run.settings
    place = settings.output / ported.output
    if settings.dry_run:
        original = job.source if settings.in_place or current is None else current
        if original != text or ported.output != ported.path:
            run.changes.append(Change(str(ported.output), original, text))
        return
    base = store_base(run.state, ported.text) if ported.changed else digest(ported.text)
    origin = settings.source / job.path
    if settings.in_place and (ported.changed or ported.output != ported.path):
        backup = run.state / "backup" / job.path
        if not backup.exists():
            write_atomically(backup, job.source, origin.stat().st_mode & 0o777)
    if current != text or (settings.in_place and ported.output != ported.path):
        write_atomically(place, text, origin.stat().st_mode & 0o777)
    if settings.in_place and ported.output != ported.path:
        origin.unlink()
    record = Record(
        digest(job.source), _context(job), str(ported.output), base, json.dumps(_plain(row))
    )
    run.new.files[str(job.path)] = record
    if run.journal is not None:
        run.journal.add(str(job.path), record)


def _plain(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row.__slots__}


def _row(
    job: Job, ported: Ported, status: str, diagnostics: Iterable[Diagnostic], settings: Settings
) -> Row:
    shown = tuple(
        diagnostic_row(d) for d in diagnostics if not is_suppressed(d.code, settings.suppress)
    )
    return Row(
        str(job.path),
        str(ported.output),
        job.kind.value,
        status,
        ported.cuda,
        dict(ported.converted),
        dict(ported.left),
        shown,
        ported.effort,
        round(ported.seconds, 5),
        helpers=ported.helpers,
    )


def _row_of(entry: Entry, status: str, notes: tuple[Diagnostic, ...]) -> Row:
    shown = tuple(diagnostic_row(d) for d in notes)
    return Row(
        str(entry.path), str(entry.path), entry.kind.value, status, False, {}, {}, shown, "low", 0.0
    )


def _link(run: _Run, entry: Entry) -> None:
    """A symbolic link is made anew with the same target."""
    notes = () if entry.inside else (finding("XP5007", str(entry.path), to=entry.link),)
    run.rows.append(_row_of(entry, "link", notes))
    if run.settings.dry_run or run.settings.in_place:
        return
    place = run.settings.output / entry.path
    target = (
        str(output_path(PurePosixPath(entry.link)))
        if entry.inside and not run.settings.single_source
        else entry.link
    )
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() and str(place.readlink()) == target:
        return
    if place.is_symlink():
        place.unlink()
    if not place.exists():
        place.symlink_to(target)


def _remove_gone(run: _Run) -> None:
    """Ported files whose source is gone go too, unless a hand edit would be lost."""
    if run.old is None or run.settings.in_place or run.settings.include:
        return
    kept = {record.output for record in run.new.files.values()}
    for path, record in run.old.files.items():
        if path in run.new.files or record.output in kept:
            continue
        if (run.settings.source / path).exists():
            run.new.files[path] = record
            continue
        place = run.settings.output / record.output
        current = _read(place, run.settings.max_bytes)
        if isinstance(current, str):
            continue
        entry = Entry(PurePosixPath(path), Kind.OTHER)
        if digest(current) == record.written:
            run.rows.append(_row_of(entry, "deleted", ()))
            if run.settings.dry_run:
                run.changes.append(Change(record.output, current, None))
            else:
                place.unlink()
        else:
            run.rows.append(_row_of(entry, "kept", (finding("XP5010", path),)))


def _write_generated(run: _Run) -> None:
    """The helper header, or the compatibility header of a single-source tree."""
    settings = run.settings
    if settings.single_source:
        if not any(row.cuda for row in run.rows):
            return
        names = [n for row in run.rows for n in row.converted]
        text = compat_header(
            (n for n in names if not n.startswith("<")), (n for n in names if n.startswith("<"))
        )
        place = settings.output / COMPAT_HEADER
    else:
        if not any(row.helpers for row in run.rows):
            return
        text, place = helper_text(), settings.output / HELPER_HEADER
    current = _read(place, settings.max_bytes) if place.exists() else None
    if current == text.encode():
        return
    if settings.dry_run:
        run.changes.append(
            Change(place.name, current if isinstance(current, bytes) else None, text.encode())
        )
    else:
        write_atomically(place, text.encode())
