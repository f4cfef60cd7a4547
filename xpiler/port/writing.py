"""What a run leaves on disk: files written whole, merged with hand edits, backed up, taken away."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable
from dataclasses import field, replace
from pathlib import Path, PurePosixPath

from xpiler.backends.base import Diagnostic
from xpiler.backends.hip.helpers import header as helper_text
from xpiler.backends.hip.options import has_mfma
from xpiler.port.compat import compat_header
from xpiler.port.files import Job, Ported, finding
from xpiler.port.manifest import Journal, Manifest, Record, digest, store_base, write_atomically
from xpiler.port.merge import merge
from xpiler.port.project import output_path
from xpiler.port.report import Row, diagnostic_row
from xpiler.port.settings import COMPAT_HEADER, HELPER_HEADER, Settings
from xpiler.port.tree import Entry, Kind
from xpiler.records import dataclass

__all__ = [
    "Change",
    "Run",
    "context",
    "finish",
    "keep_link",
    "read",
    "remove_gone",
    "row_of",
    "write_generated",
]

# The manifest's name for the header that the port itself makes.
_GENERATED = "(generated)"


@dataclass(frozen=True, slots=True)
class Change:
    """What would be written where; `old` is None for a new file, `new` None for one that goes."""

    path: str
    old: bytes | None
    new: bytes | None


@dataclass(slots=True)
class Run:
    """A run under way: what the last one left (`old`), and what this one has done so far."""

    settings: Settings
    state: Path
    old: Manifest | None
    new: Manifest
    journal: Journal | None
    changes: list[Change] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    skipped: int = 0

    def record(self, path: PurePosixPath) -> Record | None:
        """What the last run did with a source."""
        return self.old.files.get(str(path)) if self.old else None


@dataclass(frozen=True, slots=True)
class _Merged:
    """The text to write, and what to call that; `text` None leaves the place as it is."""

    text: bytes | None
    status: str
    notes: tuple[Diagnostic, ...] = ()


def read(path: Path, limit: int) -> bytes | str:
    """The bytes, or why not."""
    try:
        if path.stat().st_size > limit:
            return f"is larger than {limit >> 20} MiB"
        return path.read_bytes()
    except OSError as error:
        return error.strerror or str(error)


def context(job: Job) -> str:
    """A hash of what the rewriting was told of the tree."""
    told = (job.facts.key, sorted((job.renamed or {}).items()), str(job.output))
    return digest(repr(told).encode())[:16]


def finish(run: Run, job: Job, ported: Ported) -> None:
    """Write one ported file (or say what a dry run would write) and remember it."""
    place = run.settings.output / ported.output
    found = read(place, run.settings.max_bytes) if place.exists() else None
    current = found if isinstance(found, bytes) else None
    status = "ported" if ported.changed else "unchanged" if ported.cuda else "copied"
    at_home = run.settings.in_place and ported.output == ported.path
    if at_home or current is None or current == ported.text:
        merged = _Merged(ported.text, status)
    else:
        merged = _merged(run, job, ported, current, status)
    row = _row(job, ported, merged.status, (*ported.diagnostics, *merged.notes))
    try:
        if merged.text is not None:
            _write(run, job, ported, merged.text, current, row)
    except OSError as error:
        reason = error.strerror or str(error)
        note = finding("XP5012", str(job.path), place=str(ported.output), reason=reason)
        row = replace(row, status="failed", diagnostics=(*row.diagnostics, diagnostic_row(note)))
    run.rows.append(row)


def _merged(run: Run, job: Job, ported: Ported, current: bytes, status: str) -> _Merged:
    """The new port and what stands there already; a file that no run wrote is never overwritten."""
    record = run.record(job.path)
    if record is None:
        if run.settings.force:
            return _Merged(ported.text, status)
        return _Merged(None, "kept", (finding("XP5008", str(job.path)),))
    if digest(current) == record.written:
        return _Merged(ported.text, status)
    base = read(run.state / "base" / record.written, run.settings.max_bytes)
    merged = merge(base if isinstance(base, bytes) else b"", ported.text, current)
    if not merged.conflicts:
        return _Merged(merged.text, "merged")
    note = finding("XP5005", str(job.path), count=merged.conflicts)
    return _Merged(merged.text, "conflict", (note,))


def _write(
    run: Run, job: Job, ported: Ported, text: bytes, current: bytes | None, row: Row
) -> None:
    settings = run.settings
    place = settings.output / ported.output
    origin = settings.source / job.path
    moved = settings.in_place and ported.output != ported.path
    if settings.dry_run:
        original = current if current is not None and not moved else job.source
        if original != text or ported.output != ported.path:
            run.changes.append(Change(str(ported.output), original, text))
        return
    base = store_base(run.state, ported.text) if ported.changed else digest(ported.text)
    if settings.in_place and (ported.changed or moved):
        _back_up(run.state, job, origin)
    if current != text:
        write_atomically(place, text, origin.stat().st_mode & 0o777)
    record = Record(digest(job.source), context(job), str(ported.output), base, _as_json(row))
    run.new.files[str(job.path)] = record
    if run.journal is not None:
        run.journal.add(str(job.path), record)
    # Last: a run that is killed before finds the source, and does all of this again.
    if moved:
        origin.unlink()


def _back_up(state: Path, job: Job, origin: Path) -> None:
    """Keep the original; one that an earlier run kept goes to `older`, by its hash."""
    backup = state / "backup" / job.path
    mode = origin.stat().st_mode & 0o777
    if backup.exists():
        earlier = backup.read_bytes()
        if earlier == job.source:
            return
        write_atomically(state / "older" / digest(earlier)[:12] / job.path, earlier, mode)
    write_atomically(backup, job.source, mode)


def _as_json(row: Row) -> str:
    return json.dumps({name: getattr(row, name) for name in Row.__slots__})


def _row(job: Job, ported: Ported, status: str, diagnostics: Iterable[Diagnostic]) -> Row:
    return Row(
        str(job.path),
        str(ported.output),
        job.kind.value,
        status,
        ported.cuda,
        dict(ported.converted),
        dict(ported.left),
        tuple(map(diagnostic_row, diagnostics)),
        ported.effort,
        round(ported.seconds, 5),
        helpers=ported.helpers,
    )


def row_of(entry: Entry, status: str, notes: tuple[Diagnostic, ...]) -> Row:
    """The row of something that was not ported."""
    shown = tuple(map(diagnostic_row, notes))
    effort = "low" if notes else "none"
    name = str(entry.path)
    return Row(name, name, entry.kind.value, status, False, {}, {}, shown, effort, 0.0)


def keep_link(run: Run, entry: Entry, renamed: Iterable[str]) -> None:
    """A symbolic link is made anew; where it points to a file that is renamed, it follows."""
    notes = () if entry.inside else (finding("XP5007", str(entry.path), to=entry.link),)
    run.rows.append(row_of(entry, "link", notes))
    if run.settings.dry_run:
        return
    place = run.settings.output / entry.path
    aimed = _aim(entry)
    follows = aimed in set(renamed)
    target = str(output_path(PurePosixPath(entry.link))) if follows else entry.link
    if place.is_symlink() and str(place.readlink()) == target:
        return
    if run.settings.in_place and not follows:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        place.unlink()
    if not place.exists():
        place.symlink_to(target)


def _aim(entry: Entry) -> str:
    """The path in the tree that a link names, without following further links."""
    return posixpath.normpath(str(entry.path.parent / entry.link)) if entry.inside else ""


def remove_gone(run: Run) -> None:
    """Ported files whose source is gone go too, unless a hand edit would be lost."""
    if run.old is None:
        return
    partial = bool(run.settings.include)
    kept = {record.output for record in run.new.files.values()}
    for path, record in run.old.files.items():
        if path in run.new.files or path == _GENERATED:
            continue
        if run.settings.in_place or (partial and record.output not in kept):
            run.new.files[path] = record
            continue
        if record.output in kept:
            continue
        if (run.settings.source / path).exists():
            run.new.files[path] = record
            continue
        place = run.settings.output / record.output
        current = read(place, run.settings.max_bytes)
        if isinstance(current, str):
            continue
        entry = Entry(PurePosixPath(path), Kind.OTHER)
        if digest(current) != record.written:
            run.rows.append(row_of(entry, "kept", (finding("XP5010", path),)))
            continue
        run.rows.append(row_of(entry, "deleted", ()))
        if run.settings.dry_run:
            run.changes.append(Change(record.output, current, None))
        else:
            place.unlink()


def write_generated(run: Run) -> None:
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
        text, place = helper_text(_pieces(settings)), settings.output / HELPER_HEADER
    _generate(run, place, text.encode())


def _pieces(settings: Settings) -> frozenset[str]:
    cores = settings.matrix == "mfma" and has_mfma(settings.arch)
    return frozenset({"wmma_mfma"}) if cores else frozenset()


def _generate(run: Run, place: Path, text: bytes) -> None:
    """Write a generated header; one that was edited by hand is merged as sources are."""
    found = read(place, run.settings.max_bytes) if place.exists() else None
    current = found if isinstance(found, bytes) else None
    record = run.record(PurePosixPath(_GENERATED))
    merged = text
    if current is not None and record is not None and digest(current) != record.written:
        base = read(run.state / "base" / record.written, run.settings.max_bytes)
        merged = merge(base if isinstance(base, bytes) else b"", text, current).text
    if run.settings.dry_run:
        if current != merged:
            run.changes.append(Change(place.name, current, merged))
        return
    run.new.files[_GENERATED] = Record("", "", place.name, store_base(run.state, text), "{}")
    if current != merged:
        write_atomically(place, merged)
