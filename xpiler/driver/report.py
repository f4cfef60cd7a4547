"""What a translation did, as data: for the terminal, for JSON, for the exit status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import TYPE_CHECKING, Any

from xpiler.ir.diagnostics import Diagnostic
from xpiler.ir.nodes import Span
from xpiler.records import dataclass
from xpiler.verify.evidence import (
    Evidence,
    Proved,
    Refused,
    Refuted,
    Unverified,
    evidence_to_json,
    is_verified,
    summary,
)

if TYPE_CHECKING:
    from xpiler.synth.proofs.verdicts import KernelVerdict

__all__ = ["InputError", "KernelReport", "ModelUse", "PassReport", "Report", "report_to_json"]

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class PassReport:
    """One pass on one kernel. `verdict`: applied, skipped, disabled, unsupported, ill-formed, rejected.

    `evidence` is of the step alone, where a proof was asked for: `Proved`, or `Unverified` with the reason why there is none
    (the finished file is tested in any case).
    """

    name: str
    verdict: str
    reason: str
    notes: tuple[str, ...]
    seconds: float
    origin: str
    detail: str = ""
    evidence: Proved | Unverified | None = None


@dataclass(frozen=True, slots=True)
class KernelReport:
    """One kernel: what it became and what is known about it. `symbol` is its C identifier; `memory` what its source
    touches, where a proof was asked for."""

    name: str
    evidence: Evidence
    passes: tuple[PassReport, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    span: Span | None = None
    symbol: str = ""
    memory: KernelVerdict | None = None

    @property
    def status(self) -> str:
        """`verified`, `unverified` or `refused`. A refuted kernel is refused: it is never handed over."""
        if is_verified(self.evidence):
            return "verified"
        return "refused" if isinstance(self.evidence, Refused | Refuted) else "unverified"


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a run asked of a language model. `cost` is in the unit of the configured prices; `outcomes` counts pass
    applications by how their result came about (accepted as it came, repaired by the solver, ...)."""

    requests: int
    tokens_in: int
    tokens_out: int
    cost: float
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole file: what became of each kernel, and the text.

    `output` is the path that was written, empty when nothing was; `text` the emitted file; `seconds` by phase (lift,
    cases, passes, emit, verify). `model` is None when no model was configured.
    """

    source: str
    target: str
    output: str
    kernels: tuple[KernelReport, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    text: str = ""
    model: ModelUse | None = None

    @property
    def exit_status(self) -> int:
        """0: every kernel verified; 1: something is unverified or was refused."""
        return 0 if self.kernels and all(k.status == "verified" for k in self.kernels) else 1


@dataclass(frozen=True, slots=True)
class InputError:
    """The input or the command line is wrong, and nothing was done: the first diagnostic says why."""

    diagnostics: tuple[Diagnostic, ...]

    @property
    def exit_status(self) -> int:
        """2, as a `Report` has 0 or 1."""
        return 2

    def __str__(self) -> str:
        return "; ".join(d.message for d in self.diagnostics)


def report_to_json(report: Report) -> dict[str, Any]:
    """The JSON of `--report`; `schema` changes when its meaning does."""
    return {
        "schema": SCHEMA,
        "source": report.source,
        "target": report.target,
        "output": report.output,
        "exit_status": report.exit_status,
        "seconds": {k: round(v, 4) for k, v in report.seconds.items()},
        "diagnostics": [_diagnostic(d) for d in report.diagnostics],
        "model": None if report.model is None else asdict(report.model),
        "kernels": [_kernel(k) for k in report.kernels],
    }


def _kernel(kernel: KernelReport) -> dict[str, Any]:
    return {
        "name": kernel.name,
        "status": kernel.status,
        "summary": summary(kernel.evidence),
        "evidence": evidence_to_json(kernel.evidence),
        "place": str(kernel.span) if kernel.span else "",
        "passes": [
            {
                "name": p.name,
                "verdict": p.verdict,
                "reason": p.reason,
                "notes": list(p.notes),
                "seconds": round(p.seconds, 5),
                "origin": p.origin,
                "detail": p.detail,
                "evidence": None if p.evidence is None else evidence_to_json(p.evidence),
            }
            for p in kernel.passes
        ],
        "memory": None if kernel.memory is None else _memory(kernel.memory),
        "diagnostics": [_diagnostic(d) for d in kernel.diagnostics],
    }


def _memory(verdict: KernelVerdict) -> Mapping[str, Any]:
    from xpiler.synth.proofs.verdicts import verdict_to_json

    return verdict_to_json(verdict)


def _diagnostic(d: Diagnostic) -> dict[str, Any]:
    place: dict[str, Any] = {}
    if d.span is not None:
        place = {
            "file": d.span.file,
            "line": d.span.line,
            "column": d.span.column,
            "end_line": d.span.end_line,
            "end_column": d.span.end_column,
        }
    return {
        "code": d.code,
        "severity": d.severity,
        "message": d.message,
        "hint": d.hint,
        "place": place,
    }
