"""The same CUDA program on a GPU, on the CPU runtime and translated: built, called, and what it gave.

A program has host functions `extern "C" int NAME(const void *in, void *out)` that launch kernels; its sides are
`gpu` (nvcc and hardware), `runtime` (CUDA on the CPU), `hip32` and `hip64` (translated to HIP, wavefronts of 32 and
64 lanes on the CPU), `avx512` and `bang` (translated, on what runs those here).
"""

from __future__ import annotations

import ctypes
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.emitted import Broken, executor_of
from benchmarks.emitted import build as build_emitted
from xpiler.api import Settings, translate
from xpiler.backends.base import Executor
from xpiler.backends.hip.executor import hip_on_cpu
from xpiler.driver.report import InputError
from xpiler.verify.evidence import summary
from xpiler.verify.run.executors import on_runtime
from xpiler.verify.run.oracle import CudaRuntime

__all__ = [
    "SIDES",
    "Call",
    "Case",
    "Given",
    "Program",
    "Results",
    "judge_all",
    "nvcc_flags",
    "run_calls",
]

GUARD: Final = 4096
PATTERN: Final = 0xA5


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a host function: the bytes it reads, how many it writes."""

    symbol: str
    given: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Case:
    """A part of a program: its kernel, whose name ends in the call's symbol, and the host function that is called."""

    call: Call
    text: str


@dataclass(frozen=True, slots=True)
class Program:
    """A CUDA file of several cases, since a compiler's start costs more than a kernel; `head` stands before them."""

    name: str
    head: str
    cases: tuple[Case, ...]

    @property
    def text(self) -> str:
        return "\n".join((self.head, *(case.text for case in self.cases)))


@dataclass(frozen=True, slots=True)
class Refused:
    """Kernels that the translation does not have, by name, and why."""

    kernels: Mapping[str, str]


Given = bytes | Broken
"""What a call wrote, or why there is nothing."""
Results = Mapping[str, Mapping[str, Given]]
"""By symbol and by side."""


# --- building --------------------------------------------------------------------------------------


def nvcc_flags(arch: str) -> tuple[str, ...]:
    """As a user builds, but with one rounding for each operation, so that integers and floats can be compared exactly."""
    return (
        "-O2",
        "-std=c++17",
        f"-arch={arch}",
        "-fmad=false",
        "-w",
        "-shared",
        "-Xcompiler",
        "-fPIC",
    )


def _gpu(program: Program, folder: Path, arch: str) -> Path | Broken:
    path, library = folder / "gpu.cu", folder / "gpu.so"
    path.write_text(program.text, encoding="utf-8")
    command = ["nvcc", *nvcc_flags(arch), "-cudart", "shared", "-o", str(library), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return library if done.returncode == 0 else Broken(f"nvcc: {done.stderr.strip()[:600]}")


def _runtime(program: Program, folder: Path, arch: str) -> Path | Broken:
    path = folder / "runtime.cu"
    path.write_text(program.text, encoding="utf-8")
    return build_emitted(CudaRuntime(), path)


def _translated(
    target: str,
    executor: Callable[[], Executor | Broken],
    program: Program,
    folder: Path,
    arch: str,
) -> Path | Broken | Refused:
    path = folder / f"{target}.cu"
    path.write_text(program.text, encoding="utf-8")
    report = translate(path, target, Settings(out=folder / target, verify=False, force=True))
    if isinstance(report, InputError):
        return Broken(str(report))
    refused = {k.name: summary(k.evidence) for k in report.kernels if k.status == "refused"}
    if refused:
        return Refused(refused)
    found = executor()
    return found if isinstance(found, Broken) else build_emitted(found, Path(report.output))


Build = Callable[[Program, Path, str], Path | Broken | Refused]
SIDES: Final[Mapping[str, Build]] = {
    "gpu": _gpu,
    "runtime": _runtime,
    "hip32": partial(_translated, "hip", lambda: on_runtime(hip_on_cpu(32))),
    "hip64": partial(_translated, "hip", lambda: on_runtime(hip_on_cpu(64))),
    "avx512": partial(_translated, "avx512", lambda: executor_of("avx512")),
    "bang": partial(_translated, "bang", lambda: executor_of("bang")),
}


# --- calling ---------------------------------------------------------------------------------------


def run_calls(
    library: Path, calls: Sequence[Call], folder: Path, seconds: float
) -> dict[str, Given]:
    """The calls one after the other in a process of their own; after a crash or a hang in a new one with what is left."""
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Given] = {}
    left = list(calls)
    while left:
        reason = _serve_in_child(library, left, folder, seconds)
        for position, call in enumerate(left):
            path = folder / f"{call.symbol}.out"
            if not path.exists():
                results[call.symbol] = Broken(reason)
                left = left[position + 1 :]
                break
            answer = json.loads((folder / f"{call.symbol}.json").read_text(encoding="utf-8"))
            results[call.symbol] = Broken(answer) if answer else path.read_bytes()
        else:
            left = []
    return results


def _serve_in_child(library: Path, calls: Sequence[Call], folder: Path, seconds: float) -> str:
    for call in calls:
        (folder / f"{call.symbol}.in").write_bytes(call.given)
    asked = {"library": str(library), "calls": [(c.symbol, c.size) for c in calls]}
    (folder / "calls.json").write_text(json.dumps(asked), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.hardware_sides", str(folder)]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"no result after {seconds:.0f} s"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"status {done.returncode}: {said[-1] if said else ''}"


def _serve(folder: Path) -> None:
    asked = json.loads((folder / "calls.json").read_text(encoding="utf-8"))
    library = ctypes.CDLL(asked["library"])
    for symbol, size in asked["calls"]:
        given = (folder / f"{symbol}.in").read_bytes()
        memory = (ctypes.c_ubyte * (size + 2 * GUARD))(*([PATTERN] * GUARD))
        ctypes.memset(ctypes.byref(memory, GUARD), 0, size)
        ctypes.memset(ctypes.byref(memory, GUARD + size), PATTERN, GUARD)
        status = getattr(library, symbol)(given, ctypes.byref(memory, GUARD))
        written = bytes(memory)
        reason = f"the function returned {status}" if status else ""
        if {*written[:GUARD], *written[GUARD + size :]} != {PATTERN}:
            reason = "wrote outside of its result"
        (folder / f"{symbol}.json").write_text(json.dumps(reason), encoding="utf-8")
        (folder / f"{symbol}.out").write_bytes(written[GUARD : GUARD + size])


# --- all sides of many programs --------------------------------------------------------------------


def _one(program: Program, side: str, root: Path, arch: str, seconds: float) -> dict[str, Given]:
    """A program on a side. What is refused is left out, and a file that does not build is halved: the rest counts."""
    folder = root / program.name / side
    folder.mkdir(parents=True, exist_ok=True)
    built = SIDES[side](program, folder, arch)
    if isinstance(built, Path):
        return run_calls(built, [c.call for c in program.cases], folder / "exchange", seconds)
    results: dict[str, Given] = {}
    if isinstance(built, Refused):
        for name, reason in built.kernels.items():
            results[name.rsplit("::", 1)[-1].removeprefix("kernel_")] = Broken(f"refused: {reason}")
        left = [c for c in program.cases if c.call.symbol not in results]
        parts = [left] if len(left) < len(program.cases) else []
    elif len(program.cases) == 1:
        return {program.cases[0].call.symbol: built}
    else:
        middle = len(program.cases) // 2
        parts = [list(program.cases[:middle]), list(program.cases[middle:])]
    for n, part in enumerate(filter(None, parts)):
        fewer = Program(f"{program.name}-{n}", program.head, tuple(part))
        results.update(_one(fewer, side, root, arch, seconds))
    return results


def judge_all(
    programs: Sequence[Program],
    sides: Sequence[str],
    root: Path,
    *,
    arch: str = "native",
    jobs: int = 2,
    seconds: float = 120,
) -> dict[str, dict[str, Given]]:
    """Every call of every program on every side: by symbol, then by side. `root` keeps what was built."""
    results: dict[str, dict[str, Given]] = {c.call.symbol: {} for p in programs for c in p.cases}
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [
            (side, pool.submit(_one, program, side, root, arch, seconds))
            for side in sides
            for program in programs
        ]
        for side, future in waiting:
            for symbol, given in future.result().items():
                results[symbol][side] = given
    return results


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _serve(Path(sys.argv[1]))
