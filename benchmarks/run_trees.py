"""Whole CUDA programs on the CPU runtime: what of a source tree compiles, runs and passes its own checks.

    python -m benchmarks.run_trees cuda-samples PATH [--only NAME ...] [--json OUT] [--seconds 60]
    python -m benchmarks.run_trees rodinia PATH
    python -m benchmarks.run_trees llm.c PATH

The tree is only read: each program is built as it stands and runs in the sandbox, in a copy of its folder. Programs
whose includes name a library that the runtime does not have (cuBLAS, OpenGL, ...) are listed and not tried.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from xpiler.backends.base import TranslationUnit
from xpiler.verify.run import sandbox
from xpiler.verify.run.build import BuildFailed, Built, build_program
from xpiler.verify.run.oracle import CudaRuntime

__all__ = ["Outcome", "Program", "main", "programs_of", "try_program"]

_LIBRARIES: Final = re.compile(
    r'^\s*#\s*include\s*[<"]((?:cublas|cufft|curand|cusolver|cusparse|cudnn|npp|nvrtc|nvml|nccl|nvjpeg|thrust/|cub/|'
    r"cuda/|GL/|GLES|EGL|X11|vulkan|vector_types_gl|helper_gl|rendercheck_gl|mpi|cuda_gl_interop|cudaEGL|nvrtc_helper|"
    r"d3d|cudla|nvSci|nv/target)[\w./]*)",
    re.M,
)
_PASSED: Final = re.compile(r"\bpass(?:ed)?\b|\bmatch(?:es)?\b|\bOK\b|\bsuccess", re.I)
_WRONG: Final = re.compile(r"\bFAILED\b|\bfailed!|mismatch|Results? (?:do not|don't) match", re.I)
_WAIVED: Final = 2  # the exit status of a sample that does not apply to the device


@dataclass(frozen=True, slots=True)
class Program:
    """A program of a tree: its sources (the first has `main`), include folders, arguments, files it reads by name."""

    name: str
    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...] = ()
    args: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """Input files to be written before the run: name and content."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`verdict`: `right` (its own check passed), `ran` (it ended well and checks nothing), `wrong`, `waived`, `library`,
    `build`, `fault`, `time`. `cause` says what of it, in the compiler's or the runtime's words."""

    program: str
    verdict: str
    cause: str = ""


# --- trees -----------------------------------------------------------------------------------------


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _own_sources(folder: Path) -> tuple[Path, ...]:
    """The sources of a folder, without those that another one includes."""
    found = sorted(p for p in folder.iterdir() if p.suffix in (".cu", ".cpp", ".c") and p.is_file())
    included = {
        Path(name).name
        for p in [*found, *folder.glob("*.cuh"), *folder.glob("*.h")]
        for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', _read(p), re.M)
    }
    return tuple(p for p in found if p.name not in included)


def _cuda_samples(tree: Path) -> Iterator[Program]:
    # texture references and the like; the graphical and multi-process samples name their libraries themselves
    for folder in sorted((tree / "Samples").glob("*/*/")):
        sources = _own_sources(folder)
        if not any(p.suffix == ".cu" for p in sources):
            continue
        args = _SAMPLE_ARGS.get(folder.name, ())
        yield Program(folder.name, sources, (tree / "Common", folder), args)


_SAMPLE_ARGS: Final[dict[str, tuple[str, ...]]] = {
    "matrixMul": ("-wA=64", "-hA=64", "-wB=64", "-hB=64"),
    "reduction": ("--n=65536",),
    "simpleStreams": ("--use_generic_memory",),
    "transpose": ("-dimX=128", "-dimY=128"),
}


def _llm_c(tree: Path) -> Iterator[Program]:
    for path in sorted((tree / "dev" / "cuda").glob("*.cu")):
        yield Program(path.stem, (path,), (path.parent, tree))


def _graph(nodes: int) -> str:
    """An input of Rodinia's bfs: each node with an edge to the next one and to its double."""
    lines = [str(nodes)] + [f"{2 * i} 2" for i in range(nodes)]
    lines += ["", "0", "", str(2 * nodes)]
    for i in range(nodes):
        lines += [f"{(i + 1) % nodes} 1", f"{2 * i % nodes} 1"]
    return "\n".join(lines) + "\n"


def _field(cells: int, base: float) -> str:
    return "".join(f"{base + i % 17 * 0.25}\n" for i in range(cells))


def _matrix(size: int) -> str:
    """Rodinia's format for gaussian: the size, a diagonally dominant matrix, a right side, a solution."""
    rows = [
        " ".join(str(size + 1.0 if i == j else 1.0 / (1 + abs(i - j))) for j in range(size))
        for i in range(size)
    ]
    ones = " ".join(["1.0"] * size)
    return f"{size}\n\n" + "\n".join(rows) + f"\n\n{ones}\n\n{ones}\n"


def _points(count: int) -> str:
    return "".join(f"{i} {i % 7}.5 {i % 11}.25 {i % 5}.0\n" for i in range(count))


def _numbers(count: int) -> str:
    return f"{count}\n" + "".join(f"{i}\n" for i in range(count))


def _records(count: int) -> str:
    """Hurricane records of Rodinia's nn: 49 columns, latitude and longitude at fixed places."""
    return "".join(
        f"1980 12 27  {i % 24:2d}  5 TONY       {20 + i % 40:2d}.{i % 10} {80 + i % 50:3d}.{i % 7}"
        f"   {i % 100:3d}  {i % 300:3d}\n"
        for i in range(count)
    )


_PARTICLES: Final = ("-x", "32", "-y", "32", "-z", "4", "-np", "200")
_RODINIA: Final[
    tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]], ...]
] = (
    ("backprop", ("backprop_cuda.cu", "backprop.c", "facetrain.c", "imagenet.c"), ("1024",), ()),
    ("bfs", ("bfs.cu",), ("graph.txt",), (("graph.txt", _graph(2048)),)),
    ("cfd", ("euler3d.cu",), ("mesh.txt",), ()),
    ("gaussian", ("gaussian.cu",), ("-f", "matrix.txt"), (("matrix.txt", _matrix(32)),)),
    (
        "hotspot",
        ("hotspot.cu",),
        ("64", "2", "2", "temp", "power", "output.out"),
        (("temp", _field(4096, 320.0)), ("power", _field(4096, 0.001))),
    ),
    (
        "hotspot3D",
        ("3D.cu",),
        ("64", "8", "4", "power", "temp", "output.out"),
        (("temp", _field(32768, 320.0)), ("power", _field(32768, 0.001))),
    ),
    (
        "kmeans",
        ("kmeans.c", "cluster.c", "getopt.c", "kmeans_clustering.c", "rmse.c", "kmeans_cuda.cu"),
        ("-i", "points.txt", "-o"),
        (("points.txt", _points(400)),),
    ),
    (
        "lavaMD",
        (
            "main.c",
            "kernel/kernel_gpu_cuda_wrapper.cu",
            *("util/timer/timer.c", "util/num/num.c", "util/device/device.cu"),
        ),
        ("-boxes1d", "2"),
        (),
    ),
    (
        "lud",
        ("cuda/lud.cu", "cuda/lud_kernel.cu", "common/common.c"),
        ("-s", "64", "-v"),
        (),
    ),
    ("myocyte", ("main.cu",), ("10", "1", "0"), ()),
    (
        "nn",
        ("nn_cuda.cu",),
        ("filelist.txt", "-r", "5", "-lat", "30", "-lng", "90"),
        (("filelist.txt", "db.txt\n"), ("db.txt", _records(1000))),
    ),
    ("nw", ("needle.cu",), ("256", "10"), ()),
    ("particlefilter", ("ex_particle_CUDA_naive_seq.cu",), _PARTICLES, ()),
    ("particlefilter", ("ex_particle_CUDA_float_seq.cu",), _PARTICLES, ()),
    ("pathfinder", ("pathfinder.cu",), ("4096", "20", "5"), ()),
    ("srad/srad_v1", ("main.cu",), ("2", "0.5", "64", "64"), ()),
    ("srad/srad_v2", ("srad.cu",), ("64", "64", "0", "31", "0", "31", "0.5", "2"), ()),
    (
        "streamcluster",
        ("streamcluster_cuda_cpu.cpp", "streamcluster_cuda.cu"),
        ("3", "5", "16", "256", "256", "50", "none", "output.txt", "1"),
        (),
    ),
    (
        "b+tree",
        (
            "main.c",
            *("kernel/kernel_gpu_cuda_wrapper.cu", "kernel/kernel_gpu_cuda_wrapper_2.cu"),
            *("util/timer/timer.c", "util/num/num.c", "util/cuda/cuda.cu"),
        ),
        ("file", "mil.txt", "command", "command.txt"),
        (("mil.txt", _numbers(500)), ("command.txt", "j 20 50\nk 20\n")),
    ),
)
"""Folder, sources, arguments, input files: Rodinia's own data are not in its tree."""


def _rodinia(tree: Path) -> Iterator[Program]:
    for folder, sources, args, files in _RODINIA:
        base = tree / "cuda" / folder
        paths = tuple(base / s for s in sources)
        name = folder if len(paths) > 1 else f"{folder}/{paths[0].stem}"
        dirs = (base, base / "common", base / "util", tree / "common", tree / "cuda" / "util")
        yield Program(
            name, paths, dirs, args, ("RD_WG_SIZE=256",) if folder == "cfd" else (), files
        )


TREES: Final[dict[str, Callable[[Path], Iterator[Program]]]] = {
    "cuda-samples": _cuda_samples,
    "rodinia": _rodinia,
    "llm.c": _llm_c,
}


def programs_of(kind: str, tree: Path) -> tuple[Program, ...]:
    """The programs of a tree, in the order of their names."""
    return tuple(TREES[kind](tree))


# --- one program -----------------------------------------------------------------------------------


def _library(program: Program) -> str:
    headers = [h for p in program.sources for h in p.parent.glob("*.*h")]
    for path in (*program.sources, *headers):
        if path.is_file() and (match := _LIBRARIES.search(_read(path))):
            return match[1]
    return ""


def _build_cause(failed: BuildFailed) -> str:
    """The first error, without what differs from place to place."""
    for d in failed.diagnostics:
        if d.severity in ("error", "fatal error"):
            return d.message
    return failed.summary


def _build(program: Program) -> Built | BuildFailed:
    runtime = CudaRuntime(defines=program.defines, include_dirs=program.include_dirs)
    units = []
    for path in program.sources:
        if path.suffix == ".c":
            folders = (path.parent, *program.include_dirs)
            flags = ("-w", *(part for f in folders for part in ("-I", str(f))))
            units.append(TranslationUnit(path.name, _read(path), "gcc", flags))
        else:
            units.append(runtime.program(_read(path), path))
    return build_program(units, extra_flags=("-fopenmp",))


def try_program(program: Program, seconds: float) -> Outcome:
    """Builds the program and runs it once, in a copy of its folder."""
    missing = [p.name for p in program.sources if not p.is_file()]
    if missing:
        return Outcome(program.name, "absent", ", ".join(missing))
    library = _library(program)
    if library:
        return Outcome(program.name, "library", library)
    built = _build(program)
    if isinstance(built, BuildFailed):
        return Outcome(program.name, "build", _build_cause(built))
    with tempfile.TemporaryDirectory(prefix="xpiler-tree-") as scratch:
        work = Path(scratch) / "work"
        shutil.copytree(program.sources[0].parent, work, dirs_exist_ok=True)
        for name, content in program.files:
            (work / name).write_text(content)
        executable = work / "program"
        shutil.copy(built.path, executable)
        limits = sandbox.Limits(seconds=seconds)
        return _judged(program, sandbox.run((str(executable), *program.args), work, limits))


def _judged(
    program: Program, done: sandbox.Finished | sandbox.TimedOut | sandbox.NotStarted
) -> Outcome:
    if isinstance(done, sandbox.NotStarted):
        return Outcome(program.name, "fault", done.reason)
    if isinstance(done, sandbox.TimedOut):
        return Outcome(program.name, "time", f"more than {done.seconds:.0f} s")
    said = f"{done.stdout}\n{done.stderr}"
    fault = re.search(r"^xpiler: (?!in )(.*)$", done.stderr, re.M)
    if done.code == _WAIVED:
        return Outcome(program.name, "waived", _last_line(said))
    if done.code < 0 or done.code > 80:
        return Outcome(program.name, "fault", fault[1] if fault else f"status {done.code}")
    if done.code != 0 or _WRONG.search(said):
        wrong = _WRONG.search(said)
        line = next((x for x in said.splitlines() if wrong and wrong[0] in x), _last_line(said))
        return Outcome(program.name, "wrong", fault[1] if fault else line.strip()[:150])
    return Outcome(program.name, "right" if _PASSED.search(said) else "ran", "")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:150] if lines else ""


# --- the whole -------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one line a program and a summary; `--json` writes the outcomes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run_trees")
    parser.add_argument("kind", choices=sorted(TREES))
    parser.add_argument("tree", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(argv)
    programs = [
        p for p in programs_of(asked.kind, asked.tree) if not asked.only or p.name in asked.only
    ]
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for outcome in pool.map(lambda p: try_program(p, asked.seconds), programs):
            outcomes.append(outcome)
            print(f"{outcome.program:36} {outcome.verdict:8} {outcome.cause}", flush=True)
    counts = Counter(o.verdict for o in outcomes)
    print(f"\n{len(outcomes)} programs: " + ", ".join(f"{n} {v}" for v, n in counts.most_common()))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(o) for o in outcomes], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
