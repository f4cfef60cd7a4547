"""Read a trace folder back, whole or cut short by a crash."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xpiler.records import dataclass

__all__ = ["Event", "NoTrace", "Trace", "read_trace", "stage_diff"]

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """`run` as recorded at the start; `events` in order; `cut` if the last line was not complete."""

    folder: Path
    run: Mapping[str, Any]
    events: tuple[Event, ...]
    cut: bool = False

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kernels in the order of their first event."""
        return tuple(dict.fromkeys(e["kernel"] for e in self.events if "kernel" in e))

    def of(self, kernel: str, kind: str = "") -> tuple[Event, ...]:
        """Events of a kernel, of one kind if given."""
        mine = (e for e in self.events if e.get("kernel") == kernel)
        return tuple(e for e in mine if kind in ("", e["kind"]))

    @property
    def outputs(self) -> tuple[Event, ...]:
        """The finished file, if the run got so far."""
        return tuple(e for e in self.events if e["kind"] == "output")

    def text(self, name: str) -> str:
        """The content of a file that an event names; empty if it is missing."""
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()) or not path.is_file():
            return ""
        return path.read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class NoTrace:
    """Why the folder is no trace."""

    reason: str


def read_trace(folder: Path) -> Trace | NoTrace:
    """The trace in `folder`. A line that a crash cut short is left out."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return NoTrace(f"{folder} holds no trace (no run.json)")
    except (OSError, ValueError) as error:
        return NoTrace(f"{folder}/run.json cannot be read: {error}")
    path = folder / "events.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    events: list[Event] = []
    cut = False
    for line in lines:
        try:
            events.append(json.loads(line))
        except ValueError:
            cut = True
    return Trace(folder, run, tuple(events), cut)


def stage_diff(trace: Trace, stage: Event, context: int = 3) -> tuple[str, ...]:
    """The lines of a unified diff of a stage's programs, without its head."""
    before, after = trace.text(stage["before"]), trace.text(stage["after"])
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=context)
    return tuple(lines)[2:]
