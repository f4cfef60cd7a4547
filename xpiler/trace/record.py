"""Write a run's trace as it goes: a folder that is readable after a crash.

trace/
  run.json              versions, source, target, settings
  events.jsonl          one line per event, flushed; the index of everything else
  source.cu             the file as it was read
  output.<suffix>       the finished file, if one came of it
  programs/<hash>.c     every program, by content
  prompts/<hash>.json   messages and reply of each exchange with a model
  queries/<hash>.smt2   what the solver was asked
  counterexamples/<hash>.json   on which case, seed and element a proposal differed
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from xpiler.ir.nodes import Module
from xpiler.ir.print_c import print_module
from xpiler.records import dataclass
from xpiler.verify.evidence import Difference

if TYPE_CHECKING:
    from xpiler.llm.engine import Exchange

__all__ = ["FORMAT", "CannotTrace", "Recorder", "open_trace"]

FORMAT = 1
_PACKAGES = ("xpiler", "libclang", "tree-sitter-cuda", "z3-solver", "numpy")


@dataclass(frozen=True, slots=True)
class CannotTrace:
    """Why the folder cannot be used."""

    reason: str


class Recorder:
    """Appends events; every method returns at once and leaves complete files behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._start = time.time()
        for name in ("programs", "prompts", "queries", "counterexamples"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def begin(self, source: str, text: str, target: str, settings: Mapping[str, object]) -> None:
        """What is being translated, by what, where."""
        facts = {
            "format": FORMAT,
            "source": source,
            "target": target,
            "settings": settings,
            "versions": {name: _version(name) for name in _PACKAGES},
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(self._start)),
        }
        (self.folder / "run.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        (self.folder / "source.cu").write_text(text, encoding="utf-8", newline="")

    def stage(
        self,
        kernel: str,
        name: str,
        verdict: str,
        before: Module,
        after: Module,
        *,
        seconds: float,
        reason: str = "",
        notes: tuple[str, ...] = (),
        origin: str = "rules",
        detail: str = "",
    ) -> None:
        """A pass on a kernel, with the program before and after it."""
        self._event(
            "stage",
            kernel=kernel,
            name=name,
            verdict=verdict,
            before=self._program(before),
            after=self._program(after),
            seconds=round(seconds, 6),
            reason=reason,
            notes=list(notes),
            origin=origin,
            detail=detail,
        )

    def exchange(self, kernel: str, exchange: Exchange) -> None:
        """A request to a model and its reply (`xpiler.llm.engine.Exchange`)."""
        content = asdict(exchange)
        name = self._store("prompts", json.dumps(content, indent=1, ensure_ascii=False), ".json")
        kept = ("pass_name", "verdict", "reason", "model", "tokens_in", "tokens_out", "seconds")
        self._event("exchange", kernel=kernel, file=name, **{k: content[k] for k in kept})

    def query(self, kernel: str, purpose: str, smt: str, answer: str, seconds: float) -> None:
        """A question to the solver in SMT-LIB, and its answer."""
        name = self._store("queries", smt, ".smt2")
        self._event(
            "query", kernel=kernel, purpose=purpose, file=name, answer=answer, seconds=seconds
        )

    def counterexample(
        self, kernel: str, stage: str, difference: Difference, candidate: Module
    ) -> None:
        """Where a proposal for a stage differed: case, seed, element, both values; and the proposal itself."""
        facts = asdict(difference)
        name = self._store("counterexamples", json.dumps(facts, indent=1) + "\n", ".json")
        program = self._program(candidate)
        text = str(difference)
        self._event(
            "counterexample", kernel=kernel, stage=stage, file=name, program=program, text=text
        )

    def proof(self, kernel: str, stage: str, evidence: Mapping[str, object], summary: str) -> None:
        """Whether a stage was shown to be right for all sizes."""
        self._event("proof", kernel=kernel, stage=stage, evidence=evidence, summary=summary)

    def memory(self, kernel: str, verdict: Mapping[str, object], lines: Sequence[str]) -> None:
        """Whether a kernel's accesses are in bounds and free of races for all sizes."""
        self._event("memory", kernel=kernel, verdict=verdict, lines=list(lines))

    def verdict(self, kernel: str, evidence: Mapping[str, object], summary: str) -> None:
        """What is known about a kernel's translation."""
        self._event("verdict", kernel=kernel, evidence=evidence, summary=summary)

    def output(self, text: str, suffix: str) -> None:
        """The finished file; `suffix` is `.hip`, `.mlu`, `.c` or `.cpp`."""
        name = f"output{suffix}"
        (self.folder / name).write_text(text, encoding="utf-8", newline="")
        self._event("output", file=name)

    def note(self, message: str, **facts: object) -> None:
        """Anything else worth keeping."""
        self._event("note", message=message, **facts)

    def _program(self, program: Module) -> str:
        return self._store("programs", print_module(program), ".c")

    def _store(self, folder: str, text: str, suffix: str) -> str:
        name = hashlib.sha256(text.encode()).hexdigest()[:16] + suffix
        path = self.folder / folder / name
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        return f"{folder}/{name}"

    def _event(self, kind: str, **facts: object) -> None:
        row = {"at": round(time.time() - self._start, 4), "kind": kind, **facts}
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def open_trace(folder: Path) -> Recorder | CannotTrace:
    """A recorder in a new or empty folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            return CannotTrace(f"{folder} is not empty: name a new folder")
        return Recorder(folder)
    except OSError as error:
        return CannotTrace(f"{folder}: {error.strerror}")
