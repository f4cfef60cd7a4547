"""What is known about a result, and how: the words that reports and the exit status use."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from xpiler.records import dataclass

__all__ = [
    "Difference",
    "Evidence",
    "Proved",
    "Refused",
    "Refuted",
    "Tested",
    "Unverified",
    "WorstError",
    "evidence_from_json",
    "evidence_to_json",
    "is_verified",
    "summary",
]


@dataclass(frozen=True, slots=True)
class WorstError:
    """The largest deviation that was accepted, and where. `relative` is to the magnitude of the expected
    value, `allowed` the share of the tolerance that it used (0 to 1)."""

    absolute: float
    relative: float
    allowed: float
    buffer: str
    index: int
    where: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two programs differ. `index` is the element (-1: not about one element); `built`: false
    where there is no program to run."""

    case: str
    seed: int
    buffer: str
    index: int
    expected: str
    got: str
    reason: str
    built: bool = True

    def __str__(self) -> str:
        if not self.built:
            return self.reason
        place = f"{self.buffer}[{self.index}]" if self.index >= 0 else self.buffer
        values = f" expected {self.expected}, got {self.got}" if self.expected or self.got else ""
        head = f"{place}:" if place else ""
        return f"{head}{values} ({self.reason}; {self.case}, seed {self.seed})".strip()


@dataclass(frozen=True, slots=True)
class Proved:
    """Shown for all inputs by the named method."""

    method: str


@dataclass(frozen=True, slots=True)
class Tested:
    """Agreed on every run. `cases` counts the cases, `shapes` names the shapes, `runs` counts all runs of
    the candidate; `notes` holds what a reader should know (shapes left out, and why); `unreached` the branches of the
    source that no run took: what stands there is not tested."""

    cases: int
    shapes: tuple[str, ...]
    seeds: int
    runs: int
    executor: str
    worst_error: WorstError | None = None
    notes: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unverified:
    """Nothing is known, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refuted:
    """Shown to differ from the source."""

    difference: Difference


@dataclass(frozen=True, slots=True)
class Refused:
    """Not translated, and why; `code` is a diagnostic's."""

    reason: str
    code: str = ""


Evidence = Proved | Tested | Unverified | Refuted | Refused

_KINDS: dict[str, type[Evidence]] = {
    "proved": Proved,
    "tested": Tested,
    "unverified": Unverified,
    "refuted": Refuted,
    "refused": Refused,
}


def is_verified(evidence: Evidence) -> bool:
    """Whether a result with this evidence may be called verified."""
    return isinstance(evidence, Proved | Tested)


def summary(evidence: Evidence) -> str:
    """One line for a report."""
    match evidence:
        case Proved(method=method):
            return f"proved ({method})"
        case Tested():
            shapes, seeds = len(evidence.shapes), evidence.seeds
            text = f"tested: {shapes} shape{'s' * (shapes != 1)}, {seeds} seeds"
            text += f", {evidence.runs} runs on {evidence.executor}"
            if evidence.worst_error is not None:
                text += f", worst error {evidence.worst_error.relative:.2g}"
            return text + _untested(evidence.unreached)
        case Unverified(reason=reason):
            return f"unverified: {reason}"
        case Refuted(difference=difference):
            return f"refuted: {difference}"
        case Refused(reason=reason, code=code):
            return f"refused: {code} {reason}" if code else f"refused: {reason}"


def _untested(places: tuple[str, ...]) -> str:
    if not places:
        return ""
    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
    return f"; not tested: {'; '.join(places[:2])}{more}"


def evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    """A JSON object with `kind` (proved, tested, ...) beside the fields."""
    kind = next(name for name, type_ in _KINDS.items() if isinstance(evidence, type_))
    return {"kind": kind, **asdict(evidence)}


def evidence_from_json(value: dict[str, Any]) -> Evidence:
    """The inverse of `evidence_to_json`; ValueError on anything else."""
    fields = dict(value)
    kind = fields.pop("kind", None)
    if kind not in _KINDS:
        raise ValueError(f"unknown kind of evidence: {kind!r}")
    if kind == "refuted":
        fields["difference"] = Difference(**fields["difference"])
    if kind == "tested":
        worst = fields.get("worst_error")
        fields["worst_error"] = WorstError(**worst) if worst else None
        fields["shapes"] = tuple(fields["shapes"])
        fields["notes"] = tuple(fields.get("notes", ()))
        fields["unreached"] = tuple(fields.get("unreached", ()))
    return _KINDS[kind](**fields)
