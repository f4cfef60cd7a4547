"""Compile C++ for the BANG C simulator and run it: shared by the tests of this folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from xpiler.backends.bang.toolchain import INCLUDE, simulated


def build(text: str, folder: Path, name: str = "program", *flags: str) -> Path:
    """The program as an executable."""
    source, binary = folder / f"{name}.cpp", folder / name
    source.write_text(simulated(text), encoding="utf-8")
    command = [
        "g++",
        "-std=c++17",
        "-O1",
        "-w",
        "-fwrapv",
        "-ffp-contract=off",
        f"-I{INCLUDE}",
        *flags,
    ]
    done = subprocess.run(
        [*command, str(source), "-o", str(binary)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[:3000]
    return binary


def run(
    binary: Path, *args: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it; the result has the exit status and both streams."""
    return subprocess.run(
        [str(binary), *args], capture_output=True, text=True, check=False, timeout=60, env=env
    )
