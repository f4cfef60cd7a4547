"""Find a compiler for AMD GPUs and ask it whether a file compiles. Nothing here is needed to translate."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from xpiler.records import dataclass

__all__ = [
    "Compiled",
    "CompilerFound",
    "NoCompiler",
    "NotCompiled",
    "compile_check",
    "find_compiler",
]

_VERSIONS = range(22, 14, -1)


@dataclass(frozen=True, slots=True)
class CompilerFound:
    """`command` compiles HIP for AMD; `version` is that of HIP's headers (`5.2`) or empty."""

    path: str
    command: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class NoCompiler:
    reason: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """The file compiles for the architecture."""

    arch: str


@dataclass(frozen=True, slots=True)
class NotCompiled:
    """The first errors of the compiler."""

    arch: str
    errors: tuple[str, ...]


@cache
def find_compiler() -> CompilerFound | NoCompiler:
    """hipcc, or a clang with HIP's headers and AMD's device libraries."""
    hipcc = shutil.which("hipcc") or _existing("/opt/rocm/bin/hipcc")
    if hipcc:
        return CompilerFound(hipcc, (hipcc,), _hip_version(Path(hipcc).resolve().parents[1]))
    if not Path("/usr/include/hip/hip_runtime.h").exists():
        return NoCompiler(
            "no hipcc, and no HIP headers in /usr/include/hip (Debian: libamdhip64-dev)"
        )
    for version in _VERSIONS:
        clang = shutil.which(f"clang++-{version}")
        if clang:
            command = (clang, "-x", "hip", "--rocm-path=/usr", "-nogpulib")
            return CompilerFound(clang, command, _hip_version(Path("/usr")))
    return NoCompiler("no clang++ (Debian: clang-19)")


def _existing(path: str) -> str:
    return path if Path(path).exists() else ""


def _hip_version(root: Path) -> str:
    try:
        text = (root / "include/hip/hip_version.h").read_text()
    except OSError:
        return ""
    numbers = [re.search(rf"#define HIP_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR")]
    return ".".join(m[1] for m in numbers if m)


def compile_check(
    file: Path, arch: str, flags: Sequence[str] = (), timeout: float = 120.0
) -> Compiled | NotCompiled | NoCompiler:
    """Compile `file`'s device code for `arch`; nothing is written."""
    compiler = find_compiler()
    if isinstance(compiler, NoCompiler):
        return compiler
    command = [
        *compiler.command,
        f"--offload-arch={arch}",
        "--cuda-device-only",
        "-fsyntax-only",
        "-std=c++17",
        "-ferror-limit=5",
        "-w",
        *flags,
        str(file),
    ]
    environment = {**os.environ, "HIP_PLATFORM": "amd"}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=timeout, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return NotCompiled(arch, (f"the compiler took more than {timeout:.0f} s",))
    if done.returncode == 0:
        return Compiled(arch)
    text = done.stderr.decode("utf-8", "replace")
    errors = tuple(line for line in text.splitlines() if "error:" in line)[:5]
    return NotCompiled(arch, errors or (text.strip()[:300],))
