"""What a case gave on a target, and a file of such results, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

__all__ = ["Result", "append", "load"]


@dataclass(frozen=True, slots=True)
class Result:
    """One case on one target.

    `stage` is the one that failed (translate, compile, run), empty when none did, `reason` what it said.
    `verdict` is the translator's own: verified, unverified, refused. `key` changes with the source's text:
    an old result is not taken for that of a new source. Times are in seconds, process start included.
    """

    case: str
    operator: str
    kind: str
    style: str
    shape: str
    reduction: str
    target: str
    key: str
    compiles: bool
    computes: bool
    verdict: str
    stage: str
    reason: str
    translate_seconds: float
    run_seconds: float

    @property
    def false_verdict(self) -> bool:
        """The translator said verified, and the result is wrong or does not even compile."""
        return self.verdict == "verified" and not self.computes


def append(path: Path, result: Result) -> None:
    """Add a line; whole or not at all as far as a reader that skips broken lines is concerned."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(result)) + "\n")


def load(path: Path) -> tuple[Result, ...]:
    """The results in a file, the last one for each case and target; empty when there is no file."""
    if not path.exists():
        return ()
    found: dict[tuple[str, str], Result] = {}
    for result in _read(path.read_text(encoding="utf-8").splitlines()):
        found[result.case, result.target] = result
    return tuple(found.values())


def _read(lines: Iterable[str]) -> Iterable[Result]:
    names = {field.name for field in fields(Result)}
    for line in lines:
        try:
            values = json.loads(line)
        except ValueError:
            continue  # the last line of an interrupted run
        if isinstance(values, dict) and set(values) == names:
            yield Result(**values)
