"""Kernels of a ported tree verified as `xpiler translate` verifies them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from xpiler.backends.hip.catalog import entry
from xpiler.port.files import finding
from xpiler.port.report import Report, Row, diagnostic_row
from xpiler.port.settings import Settings, is_suppressed

__all__ = ["verify_kernels"]


def verify_kernels(report: Report, settings: Settings) -> Report:
    """Adds each kernel's evidence to its file's row; files that are up to date keep what they have."""
    rows = [
        row
        for row in report.rows
        if row.cuda and PurePosixPath(row.path).suffix == ".cu" and not row.kernels
    ]
    with ThreadPoolExecutor(settings.jobs) as pool:
        done = {row.path: row for row in pool.map(lambda row: _verified(row, settings), rows)}
    return replace(report, rows=tuple(done.get(row.path, row) for row in report.rows))


def _source(row: Row, settings: Settings) -> Path:
    """The CUDA text of a row; in place it is in the backup."""
    from xpiler.port.tree import STATE

    backup = settings.output / STATE / "backup" / row.path
    return backup if settings.in_place and backup.exists() else settings.source / row.path


def _verified(row: Row, settings: Settings) -> Row:
    import xpiler.api
    from xpiler.driver.report import InputError
    from xpiler.verify.evidence import Refuted, is_verified, summary

    outcome = xpiler.api.verify_pair(_source(row, settings), settings.output / row.output, jobs=1)
    kernels: tuple[Mapping[str, Any], ...]
    if isinstance(outcome, InputError):
        reason = outcome.diagnostics[0].message if outcome.diagnostics else "it was not understood"
        if "no kernel" in reason:
            return row
        kernels = ({"kernel": "(file)", "status": "unverified", "detail": reason},)
    else:
        kernels = tuple(
            {
                "kernel": name,
                "status": "verified"
                if is_verified(evidence)
                else "refuted"
                if isinstance(evidence, Refuted)
                else "unverified",
                "detail": summary(evidence),
            }
            for name, evidence in outcome.items()
        )
    notes = tuple(
        diagnostic_row(finding(code, row.path, kernel=k["kernel"], reason=k["detail"]))
        for k in kernels
        if (code := _code(k)) and not is_suppressed(code, settings.suppress)
    )
    effort = max((row.effort, *(entry(n["code"]).effort for n in notes)), key=_rank)
    return replace(row, kernels=kernels, diagnostics=(*row.diagnostics, *notes), effort=effort)


def _rank(effort: str) -> int:
    return ("none", "low", "medium", "high").index(effort)


def _code(kernel: Mapping[str, Any]) -> str:
    return {"verified": "", "refuted": "XP5604"}.get(kernel["status"], "XP5601")
