"""The two sides of a comparison as the driver makes them: the source, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xpiler.backends.base import Executor
from xpiler.driver.source import Source
from xpiler.frontends import device_part
from xpiler.frontends.results import LiftedFile
from xpiler.verify.run.harness_runner import Side
from xpiler.verify.run.oracle import CudaRuntime

__all__ = ["candidate_side", "kernels_alone", "source_side"]


def kernels_alone(source: Source, lifted: LiftedFile) -> str:
    """What of the source has to build for its kernels to run (`frontends.device_part`)."""
    return device_part.kernels_alone(source.text, source.path, lifted.unread, source.include_dirs)


def source_side(source: Source, text: str) -> Side:
    """The source on the CUDA-on-CPU runtime. `text` is its own, or what of it can be built here."""
    runtime = CudaRuntime(defines=source.defines, include_dirs=source.include_dirs)
    return Side(runtime, text, source.path)


def candidate_side(source: Source, executor: Executor, text: str, path: Path) -> Side:
    """A translation of the source, with the user's folders of headers and definitions."""
    if isinstance(executor, CudaRuntime):  # its headers are prepared as the source's are
        defines = (*executor.defines, *source.defines)
        runtime = replace(executor, defines=defines, include_dirs=source.include_dirs)
        return Side(runtime, text, path)
    folders = dict.fromkeys((path.parent.resolve(), *(d.resolve() for d in source.include_dirs)))
    flags = (*(f"-I{folder}" for folder in folders), *(f"-D{d}" for d in source.defines))
    return Side(executor, text, path, flags)
