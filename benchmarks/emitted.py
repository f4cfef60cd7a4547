"""Build an emitted file as a shared library, through the toolchain of its own target."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xpiler.backends.base import Executor, TranslationUnit
from xpiler.backends.registry import UnknownTarget, load_target
from xpiler.driver.judge import choose_executor

__all__ = ["Broken", "build", "executor_of", "link"]

FLAGS: Final = ("-O2", "-fPIC", "-w")
SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Broken:
    """The file does not compile or there is nothing to run it with; `reason` holds the first error."""

    reason: str


def executor_of(target: str) -> Executor | Broken:
    """What runs the target's programs here: hardware, a simulator, the CPU runtime."""
    found = load_target(target)
    if isinstance(found, UnknownTarget):
        return Broken(f"no target {target}")
    executor = choose_executor(found)
    return executor if executor is not None else Broken(f"nothing here runs {target}")


def build(executor: Executor, emitted: Path, folder: Path) -> Path | Broken:
    """The emitted file as a library whose host functions can be called by name."""
    text = emitted.read_text(encoding="utf-8")
    return link(executor.units(text, emitted, ()), folder)


def link(units: Iterable[TranslationUnit], folder: Path) -> Path | Broken:
    """Compile the units and link them into `folder`/library.so."""
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for unit in units:
        source = folder / unit.name
        source.write_text(unit.text, encoding="utf-8")
        objects.append(str(source.with_name(source.name + ".o")))
        command = [unit.compiler, *FLAGS, *unit.flags, "-c", "-o", objects[-1], str(source)]
        failure = _run(command)
        if failure:
            return Broken(failure)
    library = folder / "library.so"
    failure = _run(["g++", "-shared", "-fopenmp", "-o", str(library), *objects, "-lm", "-lpthread"])
    return Broken(failure) if failure else library


def _run(command: list[str]) -> str:
    """The first error that the compiler prints, empty when there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"{command[0]}: no end after {SECONDS} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    errors = [line for line in lines if "error" in line or "undefined" in line]
    return (errors or lines or [f"{command[0]} failed"])[0][:300]
