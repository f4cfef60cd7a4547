"""The verifier's oracle judged by a GPU: kernels of source files, on the verifier's own inputs, within its own tolerance.

What a translation is compared with is the source on the CPU runtime. Here the source itself, built by nvcc and run on a
GPU, takes the place of the translation.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from xpiler.backends.base import KernelEntry
from xpiler.driver.judge import load_cases
from xpiler.driver.report import InputError
from xpiler.driver.sides import source_side
from xpiler.driver.source import lift_whole, read_source
from xpiler.frontends.place import Places, find
from xpiler.verify.cases.case import ConcreteBuffer
from xpiler.verify.cases.infer import NoCase
from xpiler.verify.check import double_reference
from xpiler.verify.evidence import Evidence, Refuted, Tested, Unverified, summary
from xpiler.verify.judge import check_runners
from xpiler.verify.plan import KernelCheck
from xpiler.verify.run.entries import argument_steps, overloads
from xpiler.verify.run.harness_runner import HarnessRunner
from xpiler.verify.run.runner import BuildError, Failed, Finished, Job, Outcome

__all__ = ["GpuRunner", "gpu_text", "judged", "main"]

ROOT: Final = Path(__file__).parent.parent
HEAD: Final = "#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n#include <mma.h>\n"
"""What xpiler knows in every file, whatever it includes."""
CALLS: Final = """
#include <cstring>
#include <tuple>
#include <type_traits>
namespace xp_gpu {
template <class F> struct Signature;
template <class... P> struct Signature<void (*)(P...)> {
  template <size_t i> using Param = std::remove_cv_t<std::remove_reference_t<std::tuple_element_t<i, std::tuple<P...>>>>;
};
template <class T> struct Argument {
  alignas(T) unsigned char bytes[sizeof(T)] = {};
  T &value() { return *reinterpret_cast<T *>(bytes); }
};
template <class T> void put(const T *to, const void *from) {
  memcpy(const_cast<void *>(static_cast<const void *>(to)), from, sizeof(T));
}
}  // namespace xp_gpu
extern "C" void *xp_gpu_new(const void *from, size_t bytes) {
  void *p = nullptr;
  cudaMalloc(&p, bytes ? bytes : 1);
  cudaMemcpy(p, from, bytes, cudaMemcpyHostToDevice);
  return p;
}
extern "C" void xp_gpu_set(void *to, const void *from, size_t bytes) { cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice); }
extern "C" int xp_gpu_get(void *to, const void *from, size_t bytes) {
  return (int)cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost);
}
extern "C" void xp_gpu_delete(void *p) { cudaFree(p); }
"""


def gpu_text(text: str, entries: Sequence[KernelEntry]) -> str:
    """The source and, after it, a function for each entry that launches it: `xp_gpu_call_<i>(launch, arguments)`."""
    places = find(text)
    wrappers = [_wrapper(entry, places) for entry in entries]
    return "\n".join(
        (HEAD, "#define main xp_user_main", text, "#undef main", CALLS, *wrappers, _symbols(places))
    )


def _wrapper(entry: KernelEntry, places: Places) -> str:
    candidates = overloads(entry, places.functions)
    function = candidates[0] if candidates else None
    name = entry.source_name.strip()
    if function is not None and function.scope and "::" not in re.sub(r"<.*", "", name, flags=re.S):
        name = "::".join((*function.scope, name))
    steps = argument_steps(entry, function)
    lines = [f'extern "C" int xp_gpu_call_{entry.index}(const unsigned *l, void *const *args) {{']
    lines += [f"  using S = xp_gpu::Signature<decltype(&{name})>;", "  (void)args;"]
    for i, step in enumerate(steps):
        lines.append(f"  xp_gpu::Argument<S::Param<{i}>> a{i};")
        lines += [f"  xp_gpu::put(&a{i}.value(){path}, args[{j}]);" for path, j in step]
    values = ", ".join(f"a{i}.value()" for i in range(len(steps)))
    launch = "dim3(l[0], l[1], l[2]), dim3(l[3], l[4], l[5]), l[6]"
    lines += [f"  {name}<<<{launch}>>>({values});", "  return (int)cudaDeviceSynchronize();", "}"]
    return "\n".join(lines)


def _symbols(places: Places) -> str:
    lines = ['extern "C" void *xp_gpu_symbol(const char *name) {', "  void *p = nullptr;"]
    for data in places.globals:
        if data.scope or data.whole.text.lstrip().startswith(("extern", "template")):
            continue
        lines.append(f'  if (!strcmp(name, "{data.name}")) cudaGetSymbolAddress(&p, {data.name});')
    return "\n".join((*lines, "  return p;", "}", ""))


# --- the runner ------------------------------------------------------------------------------------


@dataclass(slots=True)
class GpuRunner:
    """Runs the entries of a source on the GPU. `folder` holds what is built and exchanged."""

    text: str
    entries: tuple[KernelEntry, ...]
    folder: Path
    include: Path
    arch: str = "native"
    error: BuildError | None = None
    built: bool = False
    count: int = 0

    @property
    def name(self) -> str:
        return "GPU"

    def prepare(self) -> BuildError | None:
        """Build the source; the answer is kept."""
        if self.built or self.error is not None:
            return self.error
        path = self.folder / "gpu.cu"
        path.write_text(gpu_text(self.text, self.entries), encoding="utf-8")
        flags = ["-O2", "-std=c++17", f"-arch={self.arch}", "-w", "-shared", "-Xcompiler", "-fPIC"]
        command = ["nvcc", *flags, "-cudart", "shared", "-I", str(self.include)]
        done = subprocess.run(
            [*command, "-o", str(self.folder / "gpu.so"), str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            self.error = BuildError(f"nvcc: {done.stderr.strip()[:400]}")
        self.built = done.returncode == 0
        return self.error

    def run(self, jobs: Sequence[Job]) -> tuple[Outcome, ...]:
        """The jobs one after the other in a process of their own: an error of the device outlives its launch."""
        self.count += 1
        exchange = self.folder / f"run{self.count}"
        exchange.mkdir()
        described = [self._described(job, exchange / str(n)) for n, job in enumerate(jobs)]
        asked = {"library": str(self.folder / "gpu.so"), "jobs": described}
        (exchange / "jobs.json").write_text(json.dumps(asked), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.hardware_examples", "--serve", str(exchange)]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            return tuple(Failed("no result after 120 s", "time-out") for _ in jobs)
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"status {done.returncode}"
        return tuple(_outcome(job, exchange / str(n), reason) for n, job in enumerate(jobs))

    def _described(self, job: Job, stem: Path) -> dict[str, object]:
        entry = next(e for e in self.entries if e.index == job.entry)
        arguments = []
        for k, (argument, array) in enumerate(zip(job.arguments, job.arrays, strict=True)):
            path = Path(f"{stem}.{k}.in")
            path.write_bytes(array.tobytes())
            buffer = isinstance(argument, ConcreteBuffer)
            symbol = argument.name if k >= len(entry.kernel.params) else ""
            arguments.append({"file": str(path), "buffer": buffer, "symbol": symbol})
        launch = [*job.grid, *job.block, job.shared]
        return {"entry": job.entry, "launch": launch, "arguments": arguments}


def _outcome(job: Job, stem: Path, reason: str) -> Outcome:
    buffers = []
    for k, (argument, array) in enumerate(zip(job.arguments, job.arrays, strict=True)):
        if isinstance(argument, ConcreteBuffer):
            path = Path(f"{stem}.{k}.out")
            if not path.exists():
                return Failed(reason, "crash")
            buffers.append(np.frombuffer(path.read_bytes(), np.uint8).view(array.dtype))
    return Finished(tuple(buffers))


def _serve(folder: Path) -> None:
    asked = json.loads((folder / "jobs.json").read_text(encoding="utf-8"))
    library = ctypes.CDLL(asked["library"])
    library.xp_gpu_new.restype = library.xp_gpu_symbol.restype = ctypes.c_void_p
    for job in asked["jobs"]:
        status = _launched(library, job)
        if status != 0:
            sys.exit(f"the device reported error {status}")


def _launched(library: ctypes.CDLL, job: Mapping[str, object]) -> int:
    """One launch; its buffers are written beside what was given. The device's error, 0 for none."""
    arguments, launch = job["arguments"], job["launch"]
    assert isinstance(arguments, list)
    assert isinstance(launch, list)
    values: list[ctypes.Array[ctypes.c_char] | ctypes.c_void_p] = []
    owned: list[tuple[str, int, int]] = []
    for argument in arguments:
        data = Path(argument["file"]).read_bytes()
        if not argument["buffer"]:
            values.append(ctypes.create_string_buffer(data, len(data)))
            continue
        if argument["symbol"]:
            address = library.xp_gpu_symbol(argument["symbol"].encode())
            library.xp_gpu_set(ctypes.c_void_p(address), data, ctypes.c_size_t(len(data)))
        else:
            address = library.xp_gpu_new(data, ctypes.c_size_t(len(data)))
        values.append(ctypes.c_void_p(address))
        owned.append((argument["file"], address, len(data)))
    pointers = (ctypes.c_void_p * max(1, len(values)))(*(ctypes.addressof(v) for v in values))
    call = getattr(library, f"xp_gpu_call_{job['entry']}")
    status = int(call((ctypes.c_uint * 7)(*launch), pointers))
    for file, address, size in owned:
        got = ctypes.create_string_buffer(size)
        status = status or library.xp_gpu_get(got, ctypes.c_void_p(address), ctypes.c_size_t(size))
        if status == 0:
            Path(file).with_suffix(".out").write_bytes(got.raw)
    return status


# --- files -----------------------------------------------------------------------------------------


def judged(path: Path, arch: str) -> Mapping[str, Evidence] | InputError:
    """For each kernel of a file what the GPU's results are evidence of, by name."""
    read = read_source(path, (), ())
    whole = lift_whole(read) if not isinstance(read, InputError) else read
    if isinstance(whole, InputError):
        return whole
    source, lifted = whole
    cases = load_cases(lifted, None)
    assert not isinstance(cases, InputError)
    evidence: dict[str, Evidence] = {k.name: Unverified("not lifted") for k in lifted.refused}
    checks = []
    for number, kernel in enumerate(lifted.lifted):
        entry = KernelEntry(number, kernel.program.kernels[0], kernel.source_name, kernel.symbol)
        found = cases[kernel.symbol]
        if isinstance(found, NoCase):
            evidence[kernel.source_name] = Unverified(found.reason)
        else:
            checks.append(KernelCheck(entry, kernel.program, found))
    entries = tuple(c.entry for c in checks)
    with tempfile.TemporaryDirectory() as folder:
        gpu = GpuRunner(source.text, entries, Path(folder), path.parent.resolve(), arch)
        oracle = HarnessRunner(source_side(source, source.text), entries)
        results = check_runners(oracle, gpu, checks, references=double_reference)
    for check_, result in zip(checks, results, strict=True):
        evidence[check_.entry.source_name] = result
    return evidence


def _verdicts(result: Mapping[str, Evidence] | InputError) -> Iterator[tuple[str, str, str]]:
    """Name, verdict and reason for each kernel of a file."""
    if isinstance(result, InputError):
        yield "", "not judged", str(result)
        return
    for name, one in result.items():
        verdict = "agree" if isinstance(one, Tested) else "not judged"
        if isinstance(one, Refuted) and one.difference.built:
            verdict = "differ"
        yield name, verdict, summary(one)


def main(argv: Sequence[str]) -> int:
    """Prints a line for each kernel and a total; 1 when the GPU refutes any."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hardware examples")
    parser.add_argument("files", nargs="*", type=Path, help="default: examples and tests/kernels")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--arch", default="native", help="nvcc's -arch")
    chosen = parser.parse_args(argv)
    folders = (ROOT / "examples", ROOT / "tests" / "kernels")
    files = chosen.files or [p for folder in folders for p in sorted(folder.rglob("*.cu"))]
    counts = {"agree": 0, "differ": 0, "not judged": 0}
    with ProcessPoolExecutor(chosen.jobs) as pool:
        waiting = {pool.submit(judged, path, chosen.arch): path for path in files}
        for future in as_completed(waiting):
            for name, verdict, said in _verdicts(future.result()):
                counts[verdict] += 1
                print(f"{waiting[future].name}: {name}: {verdict}: {said}", flush=True)
    print(", ".join(f"{n} {verdict}" for verdict, n in counts.items()))
    return 1 if counts["differ"] else 0


if __name__ == "__main__":
    _serve(Path(sys.argv[2]))
