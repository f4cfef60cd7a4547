"""Builds and runs small C++ programs against the instruction headers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from xpiler.backends.avx512.emit.helpers import headers, needed
from xpiler.backends.avx512.isa.catalog import SIMULATOR
from xpiler.backends.avx512.passes.tensorize import PASS
from xpiler.backends.avx512.target import TARGET
from xpiler.backends.base import EmitRequest, Emitted, KernelEntry, TranslatedKernel
from xpiler.driver.pipeline import PipelineRun, run_pipeline
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.passes.base import Applied, Context, NotApplicable

FLAGS = ("-std=c++17", "-O1", "-w", "-mavx2", "-mfma", f"-I{SIMULATOR}")


def run_cpp(text: str, folder: Path, *arguments: str) -> bytes:
    """What a C++ program prints; `text` may use intrinsics and the helpers of emitted files."""
    body = "".join(needed(text).values()) + text
    names = dict.fromkeys((*headers(body, c=False), "stdio.h", "string.h"))
    return run_file("".join(f"#include <{h}>\n" for h in names) + body, folder, *arguments)


def run_file(text: str, folder: Path, *arguments: str) -> bytes:
    """What a complete program prints on the simulator."""
    source, binary = folder / "program.cpp", folder / "program"
    source.write_text(text)
    subprocess.run(["g++", *FLAGS, str(source), "-o", str(binary)], check=True)
    return subprocess.run([str(binary), *arguments], check=True, capture_output=True).stdout


def translate(
    source: str, name: str = "kernel.cu", disabled: tuple[str, ...] = ()
) -> tuple[Emitted, list[PipelineRun]]:
    """A CUDA text through the target's pipeline and emitter."""
    lifted = lift(source, Path(name))
    assert isinstance(lifted, LiftedFile)
    runs, kernels = [], []
    for kernel in lifted.lifted:
        run = run_pipeline(
            kernel.program, TARGET.pipeline(kernel.program, {}), TARGET.facts, disabled=disabled
        )
        assert run.failure is None, run.failure
        entry = KernelEntry(
            len(kernels), kernel.program.kernels[0], kernel.source_name, kernel.symbol
        )
        runs.append(run)
        kernels.append(TranslatedKernel(entry, kernel.program, run.program))
    return TARGET.emit(EmitRequest(source, Path(name), tuple(kernels))), runs


def tensorized(body: str, params: str) -> Applied | NotApplicable:
    """The pass on a kernel at the level of loops."""
    module = loops(body, params)
    outcome = PASS.rewrite(module, Context())
    assert isinstance(outcome, Applied | NotApplicable)
    return outcome


def loops(body: str, params: str) -> Module:
    head = "void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, " + params + ")"
    return parse_module(f"{head} {{\n{body}\n}}\n")


Compile = Callable[[str, str], str]


def warnings(text: str, suffix: str, folder: Path, compiler: str, *flags: str) -> str:
    """What a compiler says about an emitted file under -Wall -Wextra."""
    source = folder / f"emitted{suffix}"
    source.write_text(text)
    command = [compiler, "-O3", "-march=icelake-server", "-fopenmp", "-Wall", "-Wextra", *flags]
    done = subprocess.run(
        [*command, "-c", str(source), "-o", str(folder / "emitted.o")],
        check=False,
        capture_output=True,
    )
    return done.stderr.decode()
