"""Kernels of a ported tree verified as `xpiler translate` verifies them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from xpiler.backends.hip.catalog import entry
from xpiler.port.files import finding
from xpiler.port.memory import Memory, Subject, checked, original
from xpiler.port.report import Report, Row, diagnostic_row
from xpiler.port.settings import Settings, is_suppressed

if TYPE_CHECKING:
    from xpiler.port.checks import Tell
    from xpiler.verify.evidence import Evidence

__all__ = ["before", "remembered_kernels", "verify_kernels"]


def verify_kernels(
    report: Report, settings: Settings, subject: Subject, memory: Memory, tell: Tell
) -> Report:
    """Adds each kernel's evidence to its file's row; a file verified before, with all that it includes, is not again."""
    rows = [row for row in report.rows if _has_kernels(row)]
    keys = {row.path: subject.pair_key(row.path) for row in rows}
    fresh = [row for row in rows if memory.find("kernels", row.path, keys[row.path]) is None]
    if fresh:
        with before(settings, subject) as source:

            def verify(row: Row) -> list[dict[str, Any]]:
                tell(row.path)
                return _evidence(source / row.path, settings.output / row.output)

            for row, kernels in checked(settings.jobs, verify, fresh):
                memory.keep("kernels", row.path, keys[row.path], kernels)
    return remembered_kernels(report, settings, subject, memory)


def remembered_kernels(
    report: Report, settings: Settings, subject: Subject, memory: Memory
) -> Report:
    """The rows with what is known of their kernels."""

    def shown(row: Row) -> Row:
        known = (
            memory.find("kernels", row.path, subject.pair_key(row.path))
            if _has_kernels(row)
            else None
        )
        return _with_kernels(row, known, settings) if known else row

    return replace(report, rows=tuple(map(shown, report.rows)))


def _has_kernels(row: Row) -> bool:
    return row.cuda and PurePosixPath(row.path).suffix == ".cu"


def before(settings: Settings, subject: Subject) -> AbstractContextManager[Path]:
    """The tree as it was: the source, or (in place) the sources and backups put together again."""
    return _restored(settings, subject) if settings.in_place else nullcontext(settings.source)


@contextmanager
def _restored(settings: Settings, subject: Subject) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        for path in subject.units:
            place = Path(folder) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(original(settings, path).read_bytes())
        yield Path(folder)


def _evidence(source: Path, ported: Path) -> list[dict[str, Any]]:
    """What is known of each kernel of a pair of files; empty when there is none."""
    import xpiler.api
    from xpiler.driver.report import InputError
    from xpiler.verify.evidence import summary

    outcome = xpiler.api.verify_pair(source, ported, xpiler.api.Settings(jobs=1))
    if isinstance(outcome, InputError):
        reason = outcome.diagnostics[0].message if outcome.diagnostics else "it was not understood"
        if "no kernel" in reason:
            return []
        return [{"kernel": "(file)", "status": "unverified", "detail": reason}]
    return [
        {
            "kernel": name,
            "status": _status(evidence),
            "detail": summary(evidence),
        }
        for name, evidence in outcome.items()
    ]


def _status(evidence: Evidence) -> str:
    """What is not built here, for want of a header or a function of the runtime, is not known to compute something else."""
    from xpiler.verify.evidence import Refuted, is_verified

    if is_verified(evidence):
        return "verified"
    differs = isinstance(evidence, Refuted) and evidence.difference.built
    return "refuted" if differs else "unverified"


def _with_kernels(row: Row, kernels: Sequence[Mapping[str, Any]], settings: Settings) -> Row:
    notes = tuple(
        diagnostic_row(finding(code, row.path, kernel=k["kernel"], reason=k["detail"]))
        for k in kernels
        if (code := _code(k)) and not is_suppressed(code, settings.suppress)
    )
    effort = max((row.effort, *(entry(n["code"]).effort for n in notes)), key=_rank)
    diagnostics = (*row.diagnostics, *notes)
    return replace(row, kernels=tuple(kernels), diagnostics=diagnostics, effort=effort)


def _rank(effort: str) -> int:
    return ("none", "low", "medium", "high").index(effort)


def _code(kernel: Mapping[str, Any]) -> str:
    return {"verified": "", "refuted": "XP5604"}.get(kernel["status"], "XP5601")
