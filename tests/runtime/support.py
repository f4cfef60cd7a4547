"""Builds small CUDA texts on the runtime and runs their kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xpiler.backends.base import KernelEntry
from xpiler.ir.nodes import Kernel, Param
from xpiler.ir.types import F16, F32, F64, I8, I32, I64, U8, U16, U32, U64, Pointer
from xpiler.verify.run.build import Built, build
from xpiler.verify.run.harness import BufferArg, Run, RunFailed, RunOk, ScalarArg, execute
from xpiler.verify.run.oracle import CudaRuntime

TYPES = {
    "i8": I8, "u8": U8, "u16": U16, "i32": I32, "u32": U32, "i64": I64, "u64": U64,
    "f16": F16, "f32": F32, "f64": F64,
}  # fmt: skip


def entry(index: int, source_name: str, params: str) -> KernelEntry:
    """`params` as `x:*f32 n:i32`, with `name:type@origin` where the source's parameter differs."""
    made = []
    for spec in params.split():
        name, _, rest = spec.partition(":")
        kind, _, origin = rest.partition("@")
        scalar = TYPES[kind.lstrip("*")]
        made.append(Param(name, Pointer(scalar) if kind[0] == "*" else scalar, origin=origin))
    kernel = Kernel(f"k{index}", tuple(made), ())
    return KernelEntry(index, kernel, source_name, f"k{index}")


class Program:
    """A built text. `kernels` lists (source name, parameters)."""

    def __init__(
        self, text: str, kernels: list[tuple[str, str]], runtime: CudaRuntime | None = None
    ) -> None:
        entries = [entry(i, name, params) for i, (name, params) in enumerate(kernels)]
        units = (runtime or CudaRuntime()).units(text, Path("test.cu"), entries)
        built = build(units, len(entries))
        assert isinstance(built, Built), built.stderr
        self.path = built.path
        self.index = {name: i for i, (name, _) in enumerate(kernels)}

    def run(self, name: str, *args, grid=1, block=1, shared=0, **options) -> RunOk | RunFailed:
        return execute(
            self.path, [self.call(name, *args, grid=grid, block=block, shared=shared, **options)]
        )[0]

    def call(self, name: str, *args, grid=1, block=1, shared=0, **options) -> Run:
        made = tuple(
            BufferArg.of(a)
            if isinstance(a, np.ndarray)
            else ScalarArg(a.tobytes())
            if isinstance(a, np.generic)
            else a
            for a in args
        )
        return Run(self.index[name], dims(grid), dims(block), shared, made, **options)

    def ok(self, name: str, *args, **options) -> tuple[np.ndarray, ...]:
        result = self.run(name, *args, **options)
        assert isinstance(result, RunOk), result
        return result.buffers

    def failed(self, name: str, *args, **options) -> RunFailed:
        result = self.run(name, *args, **options)
        assert isinstance(result, RunFailed), "the run should fail"
        return result


def dims(value: int | tuple[int, ...]) -> tuple[int, int, int]:
    given = (value,) if isinstance(value, int) else value
    return (*given, 1, 1)[:3]
