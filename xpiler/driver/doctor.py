"""Look at the machine: compilers, hardware, parsers, a model's endpoint."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
from dataclasses import dataclass

from xpiler.backends.base import Target
from xpiler.backends.registry import load_target, target_names

__all__ = ["Finding", "examine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for. `needed`: xpiler does not work without it."""

    name: str
    found: bool
    detail: str
    adds: str
    needed: bool = False


def examine() -> tuple[Finding, ...]:
    """Everything that xpiler uses or could use, the indispensable first."""
    return (
        _program("g++", "runs the source and every candidate", needed=True),
        _module("clang.cindex", "libclang", "says what CUDA code means"),
        _module("tree_sitter_cuda", "tree-sitter-cuda", "says where it stands"),
        _module("z3", "Z3", "proves and repairs"),
        _sandbox(),
        *_executors(),
        _program("clang", "a second compiler for AVX-512 output"),
        _program("hipcc", "compiles HIP output for AMD GPUs", "clang-19"),
        _program("cncc", "compiles BANG C output with the vendor's compiler"),
        _program("nvcc", "the source on a real GPU"),
        _endpoint(),
    )


def _program(name: str, adds: str, *others: str, needed: bool = False) -> Finding:
    for candidate in (name, *others):
        path = shutil.which(candidate)
        if path is not None:
            return Finding(name, True, _version(path), adds, needed)
    return Finding(name, False, "not found", adds, needed)


def _version(path: str) -> str:
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return path
    lines = [line for line in (done.stdout or done.stderr).splitlines() if line.strip()]
    return lines[0].strip() if lines else path


def _module(module: str, name: str, adds: str) -> Finding:
    try:
        importlib.import_module(module)
    except ImportError as error:
        return Finding(name, False, str(error), adds, needed=True)
    return Finding(name, True, "installed", adds, needed=True)


def _sandbox() -> Finding:
    from xpiler.verify.sandbox import probe

    adds = "keeps what is run from the network and from your files"
    able = probe()
    if able.missing:
        return Finding("sandbox", True, "without " + ", ".join(able.missing), adds)
    return Finding("sandbox", True, ", ".join(able.enforced), adds)


def _executors() -> list[Finding]:
    findings: list[Finding] = []
    for name in target_names():
        target = load_target(name)
        if not isinstance(target, Target):
            continue
        for executor in target.executors:
            reason = executor.available()
            findings.append(
                Finding(
                    f"{name}: {executor.name}",
                    not reason,
                    reason or "ready",
                    f"runs {target.title} output ({executor.kind})",
                )
            )
    return findings


def _endpoint() -> Finding:
    url = os.environ.get("XPILER_BASE_URL", "")
    adds = "a language model proposes what a pass produces"
    return Finding("model endpoint", bool(url), url or "XPILER_BASE_URL is not set", adds)
