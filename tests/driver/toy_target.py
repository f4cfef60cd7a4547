"""A target in forty lines: sequential C, run by the IR's own executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xpiler.backends.base import (
    EmitRequest,
    Emitted,
    KernelEntry,
    Target,
    TranslationUnit,
)
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes import fold, inline, loop_recovery
from xpiler.passes.base import Pass
from xpiler.verify.run.ir_executor import IrExecutor


def pipeline(program: Module, options: Mapping[str, str]) -> tuple[Pass, ...]:
    del program, options
    return (inline.PASS, fold.PASS, loop_recovery.PASS, fold.PASS)


def emit(request: EmitRequest) -> Emitted:
    return Emitted("\n".join(print_module(k.program) for k in request.kernels), ".toy")


class Executor:
    name = "toy machine"
    kind = "simulator"

    def available(self) -> str:
        return ""

    def units(
        self, text: str, path: Path, entries: Sequence[KernelEntry]
    ) -> tuple[TranslationUnit, ...]:
        program = parse_module(text)
        kernels = tuple(Module((k,), program.functions, program.globals) for k in program.kernels)
        return IrExecutor(kernels).units(text, path, entries)


TARGET = Target("toy", "a toy machine", pipeline, emit, (Executor(),), {"lanes": 1})
