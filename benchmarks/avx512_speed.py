"""How fast emitted AVX-512 code is: `python -m benchmarks.avx512_speed` on a CPU that has the instructions.

Against C (the default) each kernel is emitted twice: as the target's whole pipeline leaves it, and as scalar C (loop
recovery and OpenMP over blocks only, the passes `cache` and `tensorize` left out), which
`g++ -O3 -march=icelake-server` vectorises as well as it can. `--against torch` sets PyTorch on the same CPU with as
many threads beside it. Times are medians of one run; all sides must give the same results, but for rounding.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from benchmarks.avx512_subjects import SUBJECTS, Subject
from xpiler.backends.avx512.target import TARGET
from xpiler.backends.base import EmitRequest, KernelEntry, TranslatedKernel
from xpiler.driver.pipeline import run_pipeline
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile
from xpiler.passes.base import KnobValue

__all__ = ["emitted", "main", "program"]

FLAGS: Final = ("-O3", "-march=icelake-server", "-fopenmp")
_CLOSE: Final = 1e-4
"""How far sums of results may be apart: they are rounded, in different orders."""


def emitted(
    text: str,
    disabled: tuple[str, ...] = (),
    knobs: dict[str, dict[str, KnobValue]] | None = None,
) -> str:
    """The file that the target's passes but those in `disabled` give."""
    lifted = lift(text, Path("subject.cu"))
    if not isinstance(lifted, LiftedFile):
        raise ValueError("the subject does not parse")
    kernels = []
    for number, kernel in enumerate(lifted.lifted):
        passes = TARGET.pipeline(kernel.program, {})
        run = run_pipeline(kernel.program, passes, TARGET.facts, knobs=knobs, disabled=disabled)
        entry = KernelEntry(number, kernel.program.kernels[0], kernel.source_name, kernel.symbol)
        kernels.append(TranslatedKernel(entry, kernel.program, run.program))
    return TARGET.emit(EmitRequest(text, Path("subject.cu"), tuple(kernels))).text


def _filled(number: int, type_: str, count: int) -> list[str]:
    """C that makes one array."""
    value = "(int)(hash >> 24)" if type_ == "unsigned char" else "(int)(hash >> 16) % 23 - 11"
    return [
        f"  {type_} *b{number} = ({type_} *)aligned_alloc(64, {count}ul * sizeof({type_}) + 64 & -64);",
        f"  for (size_t i = 0; i < {count}ul; ++i) {{",
        "    const unsigned hash = (unsigned)i * 2654435761u;",
        f"    b{number}[i] = ({type_})({value});",
        "  }",
    ]


def program(subject: Subject, text: str) -> str:
    """The emitted file with a `main(repetitions)` that prints seconds of each call, then a sum of the result."""
    lines: list[str] = []
    for number, (type_, count) in enumerate(subject.buffers):
        lines += _filled(number, type_, count)
    arguments = [f"b{n}" for n in range(len(subject.buffers))] + [str(s) for s in subject.sizes]
    last = len(subject.buffers) - 1
    body = "\n".join(lines)
    return f"""{text}
#include <chrono>
#include <cstdio>
#include <cstdlib>
int main(int, char **argv) {{
{body}
  for (int r = 0; r < atoi(argv[1]); ++r) {{
    const auto start = std::chrono::steady_clock::now();
    run({", ".join(arguments)});
    printf("%.9f\\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }}
  double sum = 0;
  for (size_t i = 0; i < {subject.buffers[last][1]}ul; ++i) sum += (double)b{last}[i] * (double)(i % 5 + 1);
  printf("%.17g\\n", sum);
}}
"""


def _built(subject: Subject, text: str, binary: Path) -> Path:
    source = binary.with_suffix(".cpp")
    source.write_text(program(subject, text))
    subprocess.run(["g++", *FLAGS, "-w", str(source), "-o", str(binary)], check=True)
    return binary


def _environment(threads: int) -> dict[str, str]:
    """Threads that stay where they are; freed memory is kept, so that no call pays for new pages."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "OMP_PROC_BIND": "true",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
        "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    }


def _measure(binary: Path, repetitions: int, threads: int) -> tuple[float, float]:
    """(median milliseconds, sum of the result)."""
    output = subprocess.run(
        [str(binary), str(repetitions + 1)],
        check=True,
        capture_output=True,
        text=True,
        env=_environment(threads),
    ).stdout.split()
    return 1e3 * statistics.median(float(t) for t in output[1:-1]), float(output[-1])


def _same(a: float, b: float) -> str:
    return "same" if abs(a - b) <= _CLOSE * max(1.0, abs(a)) else f"DIFFERENT: {a:g}, {b:g}"


# --- beside scalar C ---------------------------------------------------------------------------


def _beside_c(subjects: Sequence[Subject], repetitions: int, threads: int, folder: Path) -> None:
    print(
        "| kernel | scalar C, ms | AVX-512, ms | ratio | 4 rows, no panels, ms | ratio | results |"
    )
    print("|---|---|---|---|---|---|---|")
    for subject in subjects:
        plain = _built(subject, emitted(subject.text, ("cache", "tensorize")), folder / "scalar")
        lanes = _built(subject, emitted(subject.text), folder / "lanes")
        scalar, want = _measure(plain, repetitions, threads)
        vector, got = _measure(lanes, repetitions, threads)
        cells = [f"{scalar:.2f}", f"{vector:.2f}", f"{scalar / vector:.1f}"]
        if "product" in subject.name:
            knobs: dict[str, dict[str, KnobValue]] = {"cache": {"pack": False, "rows": 4}}
            loose = _built(subject, emitted(subject.text, knobs=knobs), folder / "loose")
            before, _ = _measure(loose, repetitions, threads)
            cells += [f"{before:.2f}", f"{before / vector:.1f}"]
        else:
            cells += ["", ""]
        print(f"| {subject.name} | {' | '.join(cells)} | {_same(want, got)} |", flush=True)


# --- beside PyTorch ----------------------------------------------------------------------------


def _torch(only: Sequence[str], repetitions: int, threads: int) -> dict[str, list[str]]:
    """What `benchmarks.avx512_torch` printed, by subject."""
    command = [sys.executable, "-m", "benchmarks.avx512_torch", "--only", *only]
    command += ["--threads", str(threads), "--repetitions", str(repetitions)]
    output = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **_environment(threads)},
    ).stdout
    rows = [line.split("\t") for line in output.splitlines()]
    return {row[0]: row[1:] for row in rows}


def _beside_torch(
    subjects: Sequence[Subject],
    repetitions: int,
    threads: Sequence[int],
    folder: Path,
    only: Sequence[str],
) -> None:
    texts = [emitted(s.text) for s in subjects]
    with ThreadPoolExecutor() as pool:
        places = [folder / f"subject{n}" for n in range(len(subjects))]
        built = list(pool.map(_built, subjects, texts, places))
    for count in threads:
        found = _torch(only, repetitions, count)
        print(f"\n{count} threads, PyTorch {found['version'][0]}\n")
        print("| kernel | PyTorch, ms | AVX-512, ms | PyTorch / AVX-512 | results |")
        print("|---|---|---|---|---|")
        for subject, binary in zip(subjects, built, strict=True):
            vector, got = _measure(binary, repetitions, count)
            other, want = found.get(subject.name, ["-", "PyTorch has none"])
            cells = [other, f"{vector:.3f}", "", want]
            if other != "-":
                cells = [f"{float(other):.3f}", f"{vector:.3f}", f"{float(other) / vector:.2f}"]
                cells.append(_same(float(want), got))
            print(f"| {subject.name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", choices=("c", "torch"), default="c")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=[""], help="parts of subjects' names")
    arguments = parser.parse_args()
    subjects = [s for s in SUBJECTS if any(part in s.name for part in arguments.only)]
    repetitions = arguments.repetitions
    print(f"{platform.machine()}, median of {repetitions}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if arguments.against == "torch":
            _beside_torch(subjects, repetitions, arguments.threads, place, arguments.only)
            return
        for count in arguments.threads:
            print(f"\n{count} threads\n")
            _beside_c(subjects, repetitions, count, place)


if __name__ == "__main__":
    main()
