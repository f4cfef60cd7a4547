"""Lifted programs judged by their source: both run on the CPU, on inferred cases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xpiler.backends.base import KernelEntry
from xpiler.frontends.lift import LiftedFile
from xpiler.ir.nodes import Module
from xpiler.verify.cases.infer import infer_cases
from xpiler.verify.check import Side, check
from xpiler.verify.evidence import Evidence
from xpiler.verify.run.ir_executor import IrExecutor
from xpiler.verify.run.oracle import CudaRuntime

__all__ = ["evidence"]


def evidence(
    text: str, path: Path, found: LiftedFile, change: Mapping[str, Module] | None = None
) -> dict[str, Evidence]:
    """By symbol. With `change` only the kernels that it names, its programs in place of the lifted ones."""
    assert found.refused == ()
    kernels = [k for k in found.lifted if change is None or k.symbol in change]
    programs = {k.symbol: (change or {}).get(k.symbol, k.program) for k in kernels}
    entries = tuple(
        KernelEntry(i, k.program.kernels[0], k.source_name, k.symbol) for i, k in enumerate(kernels)
    )
    return dict(
        check(
            Side(CudaRuntime(), text, path),
            Side(IrExecutor(tuple(programs.values())), "", Path("program.c")),
            entries,
            {k.symbol: infer_cases(k, found.launches) for k in kernels},
            programs,
        )
    )
