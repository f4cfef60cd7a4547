"""One file ported: bytes and facts in, bytes and a report row out. No effects."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from xpiler.backends.base import Diagnostic
from xpiler.backends.hip.catalog import entry as catalog_entry
from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.rewrite import Rewritten, rewrite
from xpiler.ir.nodes import Span
from xpiler.port.cmake import port_cmake
from xpiler.port.compat import single_source
from xpiler.port.flags import Built
from xpiler.port.makefile import port_makefile
from xpiler.port.project import BOM, Facts, relative
from xpiler.port.settings import COMPAT_HEADER, HELPER_HEADER, Settings
from xpiler.port.setup_py import port_setup
from xpiler.port.tree import Kind, foreign_kind
from xpiler.records import dataclass

__all__ = ["Job", "Ported", "effort_of", "finding", "port_file"]

_EFFORT = ("none", "low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Job:
    """A file to port to `output`. `renamed` holds the tree's files that change their name (for build files)."""

    path: PurePosixPath
    kind: Kind
    source: bytes
    facts: Facts
    settings: Settings
    output: PurePosixPath
    renamed: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Ported:
    """`converted` and `left` count CUDA names; `effort` is the largest that a diagnostic asks for."""

    path: PurePosixPath
    output: PurePosixPath
    text: bytes
    changed: bool
    cuda: bool
    diagnostics: tuple[Diagnostic, ...]
    converted: Mapping[str, int]
    left: Mapping[str, int]
    helpers: bool
    seconds: float

    @property
    def effort(self) -> str:
        return effort_of(self.diagnostics)


def effort_of(diagnostics: tuple[Diagnostic, ...]) -> str:
    """none, low, medium or high: the largest that any of them asks for."""
    return max(
        (catalog_entry(d.code).effort for d in diagnostics), key=_EFFORT.index, default="none"
    )


def finding(code: str, path: str, hint: str = "", line: int = 0, **values: object) -> Diagnostic:
    """A diagnostic about a file as a whole (or one of its lines)."""
    known = catalog_entry(code)
    span = Span(path, line, 1, line, 1) if line else None
    text = known.message.format(path=path, **values)
    return Diagnostic(code, known.severity, text, span, hint or known.hint)


def port_file(job: Job) -> Ported:
    """Port one file. Total: a file that can't be ported comes back unchanged with the reason."""
    start = time.perf_counter()
    name = str(job.path)
    if b"\0" in job.source:
        notes = (finding("XP5002", name),) if job.kind is Kind.SOURCE else ()
        return _unchanged(job, job.path, notes, start)
    if job.kind is Kind.SOURCE:
        return _ported(job, _rewrite(job), start)
    port = _BUILD_FILES.get(job.kind)
    if port is not None and not job.settings.single_source:
        built = port(job.source, name, job.settings.arch, job.renamed or {})
        changed = built.text != job.source
        seconds = time.perf_counter() - start
        return Ported(
            job.path,
            job.path,
            built.text,
            changed,
            changed,
            built.diagnostics,
            built.converted,
            {},
            False,
            seconds,
        )
    line = _mention(job.source, _MENTIONS[job.kind]) if job.kind in _MENTIONS else 0
    if line:
        notes = (finding("XP5502", name, line=line, kind=foreign_kind(job.path)),)
        return _unchanged(job, job.path, notes, start)
    return _unchanged(job, job.path, (), start)


_BUILD_FILES: Mapping[Kind, Callable[[bytes, str, str, Mapping[str, str]], Built]] = {
    Kind.CMAKE: port_cmake,
    Kind.MAKE: port_makefile,
    Kind.SETUP: port_setup,
}


_MENTIONS: Mapping[Kind, re.Pattern[bytes]] = {
    Kind.FOREIGN_BUILD: re.compile(rb"cuda|nvcc|\.cu\b", re.I),
    Kind.SCRIPT: re.compile(
        rb"\bnvcc\b|\bnvidia/cuda\b|\bCUDA_(?:HOME|PATH|ROOT)\b|/usr/local/cuda|\bcudatoolkit\b|\bcuda-toolkit\b"
        rb"|\bcuda-nvcc\b|\bcuda-memcheck\b|\bcompute-sanitizer\b|\bCMAKE_CUDA_\w+|\bnvprof\b|\bnsys\b"
    ),
}


def _mention(source: bytes, words: re.Pattern[bytes]) -> int:
    """The first line that speaks of CUDA; 0 when none does."""
    match = words.search(source)
    return source.count(b"\n", 0, match.start()) + 1 if match else 0


def _unchanged(
    job: Job, output: PurePosixPath, notes: tuple[Diagnostic, ...], start: float
) -> Ported:
    seconds = time.perf_counter() - start
    return Ported(job.path, output, job.source, False, False, notes, {}, {}, False, seconds)


def _rewrite(job: Job) -> Rewritten:
    settings = job.settings
    header = COMPAT_HEADER if settings.single_source else HELPER_HEADER
    options = HipOptions(
        arch=settings.arch,
        own=job.facts.own,
        local_headers=job.facts.local_headers,
        helper_header=relative(PurePosixPath(header), job.path.parent),
        rules=settings.rules,
        include_renames=job.facts.include_renames,
        annotate=settings.annotate,
        matrix=settings.matrix,
        rocm=settings.rocm,
    )
    port = single_source if settings.single_source else rewrite
    mark = BOM if job.source.startswith(BOM) else b""
    result = port(job.source[len(mark) :], str(job.path), options)
    return replace(result, text=mark + result.text)


def _ported(job: Job, result: Rewritten, start: float) -> Ported:
    name = str(job.path)
    diagnostics = result.diagnostics
    if result.changed and not _is_utf8(job.source):
        diagnostics = (finding("XP5003", name), *diagnostics)
    if job.path.suffix == ".cu" and job.output == job.path and not job.settings.single_source:
        taken = str(job.path.with_suffix(".hip"))
        diagnostics = (finding("XP5011", name, taken=taken), *diagnostics)
    cuda = bool(result.converted or result.left or result.edits)
    seconds = time.perf_counter() - start
    return Ported(
        job.path,
        job.output,
        result.text,
        result.changed,
        cuda,
        diagnostics,
        result.converted,
        result.left,
        bool(result.helpers),
        seconds,
    )


def _is_utf8(source: bytes) -> bool:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
