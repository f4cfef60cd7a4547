"""A tree ported: walk, rewrite what changed, merge with hand edits, write, remember."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import field, replace
from importlib import metadata
from pathlib import Path, PurePosixPath

from xpiler.port.database import BadDatabase, find_database, read_database
from xpiler.port.files import Job, Ported, finding, port_file
from xpiler.port.manifest import Journal, Manifest, Record, digest, load, save
from xpiler.port.project import Facts, FileFacts, Project, output_path, scan
from xpiler.port.report import Report, Row, diagnostic_row, row_from_json
from xpiler.port.settings import COMPAT_HEADER, HELPER_HEADER, Settings, is_suppressed
from xpiler.port.tree import STATE, Entry, Kind, walk
from xpiler.port.writing import (
    Change,
    Run,
    context,
    finish,
    keep_link,
    read,
    remove_gone,
    row_of,
    write_generated,
)
from xpiler.records import dataclass

__all__ = ["Change", "Progress", "Refused", "Result", "port_tree"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a port can't start."""

    reason: str
    hint: str = ""


@dataclass(slots=True)
class Result:
    """A finished run. `changes` is filled by a dry run only; `units` maps a source to all that it includes."""

    report: Report
    changes: list[Change] = field(default_factory=list)
    interrupted: bool = False
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
    run = Run(settings, state, old, new, journal)
    interrupted = False
    units: Mapping[str, tuple[str, ...]] = {}
    try:
        units = _port_all(run, progress)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if journal is not None:
            journal.close()
    if not interrupted:
        remove_gone(run)
        write_generated(run)
        if not settings.dry_run:
            save(state, run.new)
    rows = tuple(_shown(row, settings) for row in sorted(run.rows, key=lambda row: row.path))
    report = Report(
        tool_version(),
        str(settings.source),
        str(settings.output),
        settings.arch,
        rows,
        run.skipped,
        time.perf_counter() - start,
    )
    return Result(report, run.changes, interrupted, units)


def _shown(row: Row, settings: Settings) -> Row:
    """The row without what the user asked not to see."""
    kept = tuple(d for d in row.diagnostics if not is_suppressed(d["code"], settings.suppress))
    return replace(row, diagnostics=kept)


def _refusal(settings: Settings) -> Refused | None:
    source, output = settings.source, settings.output
    if not source.is_dir():
        return Refused(f"{source} is not a folder", "to translate one file, use `xpiler translate`")
    if not os.access(source, os.R_OK | os.X_OK):
        return Refused(f"{source} can't be read")
    named = settings.compile_commands
    known = read_database(named, source) if named is not None else None
    if isinstance(known, BadDatabase):
        return Refused(f"{known.path} is no compilation database: {known.reason}")
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


def _port_all(run: Run, progress: Progress | None) -> Mapping[str, tuple[str, ...]]:
    """Everything but what only the end of a run can tell; returns what each source includes."""
    settings = run.settings
    skip = settings.output if settings.output.resolve() != settings.source.resolve() else None
    entries = _entries(settings, skip)
    sources: dict[PurePosixPath, bytes] = {}
    work: list[Entry] = []
    for entry in entries:
        if entry.kind is Kind.LINK:
            continue
        data = (
            "the folder can't be read"
            if entry.kind is Kind.UNREADABLE
            else read(settings.source / entry.path, settings.max_bytes)
        )
        if isinstance(data, str):
            run.rows.append(
                row_of(entry, "failed", (finding("XP5001", str(entry.path), reason=data),))
            )
        else:
            sources[entry.path] = data
            work.append(entry)
    facts = {
        e.path: scan(sources[e.path])
        for e in work
        if e.kind is Kind.SOURCE and b"\0" not in sources[e.path]
    }
    renamed = {} if settings.single_source else _renamed(sources, run)
    project = Project(facts, renamed)
    for entry in entries:
        if entry.kind is Kind.LINK:
            keep_link(run, entry, renamed)
    jobs: list[Job] = []
    ours = _written_in_place(run)
    for entry in work:
        if str(entry.path) in ours and _carried(run, entry, sources[entry.path], ours):
            continue
        job = _job(settings, entry, sources[entry.path], project, facts, renamed)
        if not _up_to_date(run, job):
            jobs.append(job)
    done = len(entries) - len(jobs)
    for job, ported in _ported(jobs, settings.jobs):
        if str(job.path) in ours and not ported.changed:
            _take_over(run, *ours[str(job.path)], job.source)
        else:
            finish(run, job, _with_tree_notes(ported, project))
        done += 1
        if progress is not None:
            progress(done, len(entries), str(job.path))
    return _units(project, {output: path for output, (path, _) in ours.items()})


def _units(project: Project, sources: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Each source and what of the tree it includes, by the names that they had before a run in place."""
    generated = (HELPER_HEADER, COMPAT_HEADER)

    def named(paths: Iterable[PurePosixPath]) -> tuple[str, ...]:
        return tuple(sorted(sources.get(str(p), str(p)) for p in paths if p.name not in generated))

    return {
        sources.get(str(path), str(path)): named(project.closure(path)[0])
        for path in project.files
        if path.name not in generated
    }


def _entries(settings: Settings, skip: Path | None) -> list[Entry]:
    """The files of the tree; what a compilation database compiles is a source, whatever its name."""
    place = find_database(settings)
    known = read_database(place, settings.source) if place is not None else {}
    named = frozenset() if isinstance(known, BadDatabase) else frozenset(known)
    return [
        replace(e, kind=Kind.SOURCE) if e.kind is Kind.OTHER and e.path in named else e
        for e in walk(settings.source, settings.include, settings.exclude, skip)
    ]


def _renamed(sources: Mapping[PurePosixPath, bytes], run: Run) -> dict[str, str]:
    """Sources that change their name: those whose new name no other file of the tree has."""
    found: dict[str, str] = {}
    for path in sources:
        output = output_path(path)
        if output == path:
            continue
        record = run.record(path)
        ours = run.settings.in_place and record is not None and record.output == str(output)
        if output not in sources or ours:
            found[str(path)] = str(output)
    return found


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
        settings,
        PurePosixPath(renamed.get(str(entry.path), str(entry.path))),
        renamed if builds else None,
    )


_NO_FACTS = Facts(frozenset(), frozenset(), {})


# --- what the last run did ----------------------------------------------------------------------


def _written_in_place(run: Run) -> dict[str, tuple[str, Record]]:
    """Of a run in place: the files that an earlier one wrote under a new name, with their sources' paths."""
    if not run.settings.in_place or run.old is None:
        return {}
    return {
        record.output: (path, record)
        for path, record in run.old.files.items()
        if record.output != path and record.result != "{}"
    }


def _carried(run: Run, entry: Entry, text: bytes, ours: Mapping[str, tuple[str, Record]]) -> bool:
    """Whether a file that an earlier run in place wrote needs nothing: its source's row is taken over then.

    If its source has come back (a pull, an unpacked release), the source's own turn merges it. If it was
    edited, what was pulled into it may be CUDA: it is read again.
    """
    path, record = ours[str(entry.path)]
    if (run.settings.source / path).exists():
        return True
    if digest(text) != record.written:
        return False
    _take_over(run, path, record, text)
    return True


def _take_over(run: Run, path: str, record: Record, current: bytes) -> None:
    """The last run's row stands; it says so, or that the file was edited since."""
    row = row_from_json(record.result)
    if row.status == "conflict" and _MARKER in current:
        pass
    elif digest(current) != record.written:
        notes = tuple(d for d in row.diagnostics if d["code"] not in ("XP5005", "XP5008"))
        note = diagnostic_row(finding("XP5008", path))
        row = replace(row, status="kept", diagnostics=(*notes, note))
    else:
        row = replace(row, status="up to date")
    run.rows.append(row)
    run.skipped += 1
    run.new.files[path] = record


_MARKER = b"<<<<<<< your edit"


def _up_to_date(run: Run, job: Job) -> bool:
    """Whether the last run's result for this file still stands; its row is taken over then."""
    record = run.record(job.path)
    if (
        record is None
        or run.old is None
        or run.old.options != run.new.options
        or run.old.version != run.new.version
    ):
        return False
    at_home = run.settings.in_place and record.output == str(job.path)
    if record.context != context(job):
        return False
    if not at_home and record.source != digest(job.source):
        return False
    current = read(run.settings.output / record.output, run.settings.max_bytes)
    if isinstance(current, str) or (at_home and digest(current) != record.written):
        return False
    _take_over(run, str(job.path), record, current)
    if run.settings.in_place and not at_home and not run.settings.dry_run:
        # A run was killed between writing the port and taking the source away.
        (run.settings.source / job.path).unlink()
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
