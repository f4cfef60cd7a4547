"""Compile C++ for the BANG C simulator and run it: shared by the tests of this folder."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from xpiler.backends.bang.toolchain import HEADERS, INCLUDE, simulated
from xpiler.backends.base import TranslationUnit
from xpiler.verify.run.build import Built, build_object

Array = np.ndarray[Any, Any]


def build(text: str, folder: Path, name: str = "program", *flags: str) -> Path:
    """The program as an executable."""
    binary = folder / name
    before = () if flags else HEADERS  # precompiled once for all that ask for nothing of their own
    unit = TranslationUnit(
        f"{name}.cpp", simulated(text), "g++", ("-w", f"-I{INCLUDE}", *flags), before
    )
    done = build_object(unit)
    assert isinstance(done, Built), done.stderr[:3000]
    subprocess.run(["g++", str(done.path), "-o", str(binary)], check=True)
    return binary


def run(
    binary: Path, *args: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it; the result has the exit status and both streams."""
    return subprocess.run(
        [str(binary), *args], capture_output=True, text=True, check=False, timeout=60, env=env
    )


def written(binary: Path, inputs: tuple[Array, ...], folder: Path, like: Array) -> Array:
    """What a program that reads arrays from its first argument writes to its second: rows like `like`."""
    (folder / "in").write_bytes(b"".join(array.tobytes() for array in inputs))
    done = run(binary, str(folder / "in"), str(folder / "out"))
    assert done.returncode == 0, done.stderr
    return np.fromfile(folder / "out", like.dtype).reshape(-1, len(like))
