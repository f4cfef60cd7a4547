"""`xpiler verify A B`: do the kernels of two files compute the same?

The first file says what the kernels are (it is lifted, and run on the CUDA-on-CPU runtime); the second
is run by an executor of the target whose suffix it has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from xpiler.backends.base import KernelEntry
from xpiler.driver.judge import FileCases, load_cases
from xpiler.driver.report import InputError
from xpiler.driver.sides import candidate_side, kernels_alone, source_side
from xpiler.driver.source import Source, lift_source, read_source, with_named_lambdas
from xpiler.frontends.results import LiftedFile, LiftedKernel
from xpiler.ir.diagnostics import Diagnostic
from xpiler.ir.nodes import Module
from xpiler.verify.check import Side, check
from xpiler.verify.evidence import Evidence, Refuted, Unverified
from xpiler.verify.run.executors import NoExecutor, executor_of_file

__all__ = ["verify_files"]


def verify_files(
    first: Path,
    second: Path,
    *,
    case: Path | None = None,
    jobs: int = 2,
    include_dirs: tuple[Path, ...] = (),
    defines: tuple[str, ...] = (),
) -> Mapping[str, Evidence] | InputError:
    """Evidence by the kernels' source names, overloads by their symbols. `case` is a TOML file; without it cases are
    inferred."""
    source = read_source(first, include_dirs, defines)
    if isinstance(source, InputError):
        return source
    candidate = read_source(second, include_dirs, defines)
    if isinstance(candidate, InputError):
        return candidate
    executor = executor_of_file(candidate.path)
    if isinstance(executor, NoExecutor):
        return InputError((Diagnostic("XP0031", "error", f"{second}: {executor.reason}"),))
    lifted = lift_source(source)
    if isinstance(lifted, InputError):
        return lifted
    source, lifted = with_named_lambdas(source, lifted)
    cases = load_cases(lifted, case)
    if isinstance(cases, InputError):
        return cases
    text = kernels_alone(source, lifted)
    other = candidate.text
    theirs: Mapping[str, Module] = {}
    if executor.kind == "runtime":  # text in CUDA's spelling, host code and all
        other, theirs = _runnable(candidate)
    return _verify(
        source_side(source, text),
        candidate_side(source, executor, other, candidate.path),
        lifted,
        cases,
        theirs,
        jobs,
    )


def _runnable(candidate: Source) -> tuple[str, Mapping[str, Module]]:
    """What of a file in CUDA's or HIP's spelling can be built here, with all that kernels need; and its kernels as
    lifted, by symbol."""
    lifted = lift_source(candidate)
    if isinstance(lifted, InputError):
        return candidate.text, {}
    programs = {k.symbol: k.program for k in lifted.lifted}
    return kernels_alone(*with_named_lambdas(candidate, lifted)), programs


def _verify(
    source: Side,
    candidate: Side,
    lifted: LiftedFile,
    cases: FileCases,
    theirs: Mapping[str, Module],
    jobs: int,
) -> Mapping[str, Evidence]:
    evidence: dict[str, Evidence] = {
        k.name: Unverified(f"the source's kernel is not understood: {k.diagnostic.message}")
        for k in lifted.refused
    }
    present: list[LiftedKernel] = []
    for kernel in lifted.lifted:
        if _mentions(candidate.text, kernel):
            present.append(kernel)
        else:
            evidence[_label(kernel, lifted)] = Unverified(
                f"{candidate.path.name} has no such kernel"
            )
    entries = [
        KernelEntry(i, k.program.kernels[0], k.source_name, k.symbol) for i, k in enumerate(present)
    ]
    programs = {k.symbol: k.program for k in present}
    compare = partial(
        check,
        source,
        candidate,
        cases=cases,
        programs=programs,
        jobs=jobs,
        launches=lifted.launches,
        counterparts=theirs,
    )
    found = dict(compare(entries) if entries else {})
    if len(entries) > 1 and all(_unbuilt(e) for e in found.values()):
        # one kernel that does not compile must not condemn the others
        for entry in entries:
            found.update(compare([replace(entry, index=0)]))
    for kernel in present:
        evidence[_label(kernel, lifted)] = found[kernel.symbol]
    return evidence


def _label(kernel: LiftedKernel, lifted: LiftedFile) -> str:
    """The kernel's name in the source; of overloads the symbol, which tells them apart."""
    same = [k for k in lifted.lifted if k.source_name == kernel.source_name]
    return kernel.source_name if len(same) == 1 else kernel.symbol


def _mentions(text: str, kernel: LiftedKernel) -> bool:
    return any(re.search(rf"\b{re.escape(n)}\b", text) for n in (kernel.symbol, kernel.name))


def _unbuilt(evidence: Evidence) -> bool:
    return isinstance(evidence, Refuted) and "does not build" in evidence.difference.reason
