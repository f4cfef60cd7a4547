"""Look at the machine: compilers, hardware, parsers, a model's endpoint."""

from __future__ import annotations

import importlib
import shutil
import subprocess

from xpiler.backends.base import Target
from xpiler.backends.registry import load_target, target_names
from xpiler.records import dataclass

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
        _program("g++", "builds the source and every candidate, to run them", needed=True),
        _module("clang.cindex", "libclang", "says what CUDA code means"),
        _module("tree_sitter_cuda", "tree-sitter-cuda", "says where it stands"),
        _module("z3", "Z3", "proves and repairs"),
        _sandbox(),
        *_targets(),
        _endpoint(),
    )


def _program(name: str, adds: str, needed: bool = False) -> Finding:
    path = shutil.which(name)
    return Finding(name, path is not None, _version(path) if path else "not found", adds, needed)


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
    from xpiler.verify.run.sandbox import probe

    adds = "keeps what is run from the network and from your files"
    able = probe()
    if able.missing:
        return Finding("sandbox", True, "without " + ", ".join(able.missing), adds)
    return Finding("sandbox", True, ", ".join(able.enforced), adds)


def _targets() -> list[Finding]:
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
        findings += [Finding(t.name, t.found, t.detail, t.adds) for t in target.tools()]
    return findings


def _endpoint() -> Finding:
    from xpiler.llm.config import LlmConfigError, load_config

    config = load_config()
    adds = "a language model may propose what a pass produces (--engine llm or auto)"
    if isinstance(config, LlmConfigError):
        return Finding("language model", False, f"{config.file}: {config.message}", adds)
    missing = "no endpoint: set XPILER_BASE_URL and XPILER_MODEL, or [llm] in xpiler.toml"
    said = config.replay or f"{config.model} at {config.base_url}"
    return Finding("language model", config.usable, said if config.usable else missing, adds)
