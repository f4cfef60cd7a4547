"""A whole program run before and after the port, on the CPU runtime, and its outputs compared."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from xpiler.backends.hip.options import wavefront
from xpiler.port.kernels import before
from xpiler.port.memory import Subject
from xpiler.port.settings import Settings
from xpiler.port.tree import Kind, walk
from xpiler.records import dataclass

if TYPE_CHECKING:
    from xpiler.verify.run.oracle import CudaRuntime

__all__ = ["run_both", "run_ported"]

_MAIN = re.compile(r"\bint\s+main\s*\(")
_SUFFIXES = frozenset({".cu", ".hip", ".cpp", ".cc", ".cxx", ".c"})
_HEADERS = (".h", ".hpp", ".cuh", ".hh")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)")


# The CPU runtime's exit status for what it can't run (`xpiler::fault_unsupported`).
_UNSUPPORTED = 91


@dataclass(frozen=True, slots=True)
class Ran:
    """How one side ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class DidNotRun:
    reason: str


@dataclass(frozen=True, slots=True)
class Program:
    """The sources that make one program, and the folders that their headers are included from."""

    sources: Mapping[Path, str]
    folders: tuple[Path, ...]


def run_both(settings: Settings, subject: Subject, words: Sequence[str]) -> Mapping[str, Any]:
    """Build and run the tree's program on both sides; `status` is same, differs or failed.

    `words` are its arguments, after the source of its main where the tree has several programs.
    """
    with before(settings, subject) as root:
        sources = _sources(root)
        main = _main(sources, root, words)
        if isinstance(main, str):
            return {"status": "failed", "reason": main}
        named = bool(words) and words[0] == str(main.relative_to(root))
        return _compare(settings, subject, root, main, words[1:] if named else words)


def _main(sources: Mapping[Path, str], root: Path, words: Sequence[str]) -> Path | str:
    """The source whose main() is meant, or why that is not clear."""
    mains = [p for p, text in sources.items() if _MAIN.search(text)]
    chosen = [p for p in mains if words and str(p.relative_to(root)) == words[0]]
    if chosen or len(mains) == 1:
        return (chosen or mains)[0]
    if not mains:
        return "no file has a main()"
    return "several programs: name one, " + ", ".join(str(p.relative_to(root)) for p in mains[:5])


def run_ported(settings: Settings, words: Sequence[str]) -> Mapping[str, Any]:
    """Build and run the ported program alone: `exit` and `output`, or the `reason` why not."""
    sources = _sources(settings.output)
    main = _main(sources, settings.output, words)
    if isinstance(main, str):
        return {"exit": None, "reason": main}
    ran = _run_ported(settings, sources, main, words)
    if isinstance(ran, DidNotRun):
        return {"exit": None, "reason": ran.reason}
    return {"exit": ran.code, "output": ran.stdout, "reason": ran.stderr[-300:]}


def _compare(
    settings: Settings, subject: Subject, root: Path, main: Path, arguments: Sequence[str]
) -> Mapping[str, Any]:
    from xpiler.verify.run.oracle import CudaRuntime

    sources = _sources(root)
    program = _with(main, sources, root)
    runtime = CudaRuntime(32, include_dirs=program.folders)
    old = _run(main, program.sources, runtime, arguments)
    output = {row.path: row.output for row in subject.report.rows}
    name = str(main.relative_to(root))
    place = settings.output / output.get(name, name)
    new = _run_ported(settings, _sources(settings.output), place, arguments)
    return _verdict(old, new)


def _run_ported(
    settings: Settings, sources: Mapping[Path, str], main: Path, arguments: Sequence[str]
) -> Ran | DidNotRun:
    from xpiler.backends.hip.executor import hip_on_cpu
    from xpiler.verify.run.executors import on_runtime

    program = _with(main, sources, settings.output)
    runtime = on_runtime(hip_on_cpu(wavefront(settings.arch)), program.folders)
    return _run(main, program.sources, runtime, arguments)


def _sources(root: Path) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for entry in walk(root):
        path = root / entry.path
        if entry.kind is Kind.SOURCE and path.suffix in _SUFFIXES:
            found[path] = path.read_text("utf-8", "surrogateescape")
    return found


def _with(main: Path, sources: Mapping[Path, str], root: Path) -> Program:
    """The source with main and what it is linked with: neither a main of its own, nor included.

    That is what stands beside or below it, and what stands elsewhere beside a header that they include under
    the header's name (`common/lud.c` for `common/lud.h`).
    """
    mains = [p for p, text in sources.items() if _MAIN.search(text)]
    names = {name.rsplit("/", 1)[-1] for text in sources.values() for name in _included(text)}
    free = {p: t for p, t in sources.items() if p not in mains and p.name not in names}
    own = {main: sources[main]} if main in sources else {}
    own.update((p, t) for p, t in free.items() if main.parent in p.parents)
    reached, folders = _headers(root, list(own))
    own.update((p, t) for p, t in free.items() if reached & {p.with_suffix(s) for s in _HEADERS})
    return Program(own, folders)


def _included(text: str) -> list[str]:
    return re.findall(r'#\s*include\s*"([^"]+)"', text)


def _headers(root: Path, waiting: list[Path]) -> tuple[frozenset[Path], tuple[Path, ...]]:
    """The tree's headers that the sources reach, and the folders to include them from.

    For `"a/x.h"` that is not beside its includer the folder is one that holds `a/x.h`, of several the one nearest to it.
    """
    known = [root / e.path for e in walk(root) if (root / e.path).suffix in _HEADERS]
    folders: dict[Path, None] = {}
    reached: set[Path] = set()
    while waiting:
        path = waiting.pop()
        for name in _included(path.read_text("utf-8", "replace")):
            header = Path(os.path.normpath(path.parent / name))
            if not header.is_file():
                parts = PurePosixPath(name).parts
                fits = [h for h in known if h.parts[-len(parts) :] == parts]
                if not fits:
                    continue
                header = _nearest(fits, path)
                folders.setdefault(header.parents[len(parts) - 1], None)
            if header not in reached:
                reached.add(header)
                waiting.append(header)
    return frozenset(reached), tuple(folders)


def _nearest(files: Sequence[Path], to: Path) -> Path:
    """The file whose path has most leading parts in common."""
    return max(files, key=lambda file: len(os.path.commonpath((file, to))))


def _run(
    main: Path, sources: Mapping[Path, str], runtime: CudaRuntime, arguments: Sequence[str]
) -> Ran | DidNotRun:
    from xpiler.verify.run import build, sandbox

    if main not in sources:
        return DidNotRun(f"{main} is not there")
    units = tuple(runtime.program(text, path) for path, text in sources.items())
    built = build.build_program(units)
    if isinstance(built, build.BuildFailed):
        return DidNotRun(f"it does not build: {built.summary}")
    with tempfile.TemporaryDirectory() as folder:
        outcome = sandbox.run((str(built.path), *arguments), Path(folder))
    if isinstance(outcome, sandbox.NotStarted):
        return DidNotRun(outcome.reason)
    if isinstance(outcome, sandbox.TimedOut):
        return DidNotRun(f"it took more than {outcome.seconds:.0f} s")
    return Ran(outcome.code, outcome.stdout, outcome.stderr)


def _verdict(old: Ran | DidNotRun, new: Ran | DidNotRun) -> dict[str, Any]:
    if isinstance(old, DidNotRun):
        return {"status": "failed", "reason": f"the source: {old.reason}"}
    if isinstance(new, DidNotRun):
        return {"status": "failed", "reason": f"the port: {new.reason}"}
    if _UNSUPPORTED in (old.code, new.code):
        side, ran = ("source", old) if old.code == _UNSUPPORTED else ("port", new)
        return {"status": "failed", "reason": f"the {side}: {ran.stderr.strip()[-300:]}"}
    facts = {"exit": [old.code, new.code], "output": [old.stdout[-4000:], new.stdout[-4000:]]}
    if old.code != new.code:
        return {
            "status": "differs",
            "reason": f"exit status {old.code} became {new.code}: {new.stderr[-300:]}",
            **facts,
        }
    difference = _difference(old.stdout, new.stdout)
    if difference:
        return {"status": "differs", "reason": difference, **facts}
    return {"status": "same", "reason": "", **facts}


def _difference(old: str, new: str) -> str:
    """The first line that differs by more than names of the API and rounding; empty if none does."""
    a, b = old.splitlines(), new.splitlines()
    for i in range(max(len(a), len(b))):
        left, right = (a[i] if i < len(a) else ""), (b[i] if i < len(b) else "")
        if not _alike(left, right):
            return f"line {i + 1}: {left[:80]!r} became {right[:80]!r}"
    return ""


def _alike(a: str, b: str) -> bool:
    if a == b:
        return True
    if _NUMBER.sub("#", a) != _NUMBER.sub("#", b):
        return False
    for x, y in zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True):
        p, q = float(x), float(y)
        integers = not set(x + y) & set(".eE")
        if p != q and (integers or abs(p - q) > 1e-4 * max(abs(p), abs(q))):
            return False
    return True
