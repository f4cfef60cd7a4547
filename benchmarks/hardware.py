"""An NVIDIA GPU as the judge. This needs nvcc and a GPU; nothing else of xpiler does.

    python -m benchmarks.hardware [suite]      the suite's sources: nvcc builds them, NumPy judges them
    python -m benchmarks.hardware random       random kernels: the GPU judges the runtime and the translations
    python -m benchmarks.hardware intrinsics   every function of the device at corner values, likewise
    python -m benchmarks.hardware examples     the examples' oracle, by the verifier's own inputs and tolerance

Each takes `--help`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.cases import all_cases, source
from benchmarks.check import Computes, DoesNot, check
from benchmarks.model import FULL_CAP, Case

__all__ = ["main"]


def build(text: str, folder: Path, arch: str) -> Path | DoesNot:
    """The source as a shared library."""
    folder.mkdir(parents=True)
    path, library = folder / "case.cu", folder / "case.so"
    path.write_text(text, encoding="utf-8")
    flags = ["-O2", f"-arch={arch}", "-shared", "-Xcompiler", "-fPIC", "-cudart", "shared"]
    done = subprocess.run(
        ["nvcc", *flags, "-o", str(library), str(path)], capture_output=True, text=True, check=False
    )
    return library if done.returncode == 0 else DoesNot(f"nvcc: {done.stderr.strip()[:400]}")


def run(case: Case, built: Path | DoesNot, folder: Path) -> Computes | DoesNot:
    if isinstance(built, DoesNot):
        return built
    return check(built, case, source(case), folder / "exchange", limit=300)


def suite(argv: Sequence[str]) -> int:
    """Print a line for each case and a total; 1 when any failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hardware suite")
    parser.add_argument("--arch", default="native", help="nvcc's -arch")
    parser.add_argument("--cap", type=int, default=FULL_CAP, help="inner operations per case")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args(argv)
    cases = all_cases(cap=chosen.cap)
    with tempfile.TemporaryDirectory() as root, ThreadPoolExecutor(chosen.jobs) as pool:
        texts = {source(case): f"{i}" for i, case in enumerate(cases)}
        libraries = dict(
            zip(
                texts,
                pool.map(
                    lambda item: build(item[0], Path(root, item[1]), chosen.arch), texts.items()
                ),
                strict=True,
            )
        )
        results = list(
            pool.map(
                lambda case: run(
                    case, libraries[source(case)], Path(root, case.name.replace("/", "-"))
                ),
                cases,
            )
        )
    failed = 0
    for case, result in zip(cases, results, strict=True):
        if isinstance(result, DoesNot):
            failed += 1
            print(f"{case.name}: {result.reason}")
        else:
            print(f"{case.name}: right, error {result.worst:.2f} of the tolerance")
    print(f"{len(cases) - failed} of {len(cases)} cases are right")
    return 1 if failed else 0


def main(argv: Sequence[str]) -> int:
    """The part that the first argument names."""
    from benchmarks import hardware_examples, hardware_intrinsics, hardware_random

    parts = {
        "suite": suite,
        "random": hardware_random.main,
        "intrinsics": hardware_intrinsics.main,
        "examples": hardware_examples.main,
    }
    if not argv or argv[0] not in parts:
        if argv and not argv[0].startswith("-"):
            print(f"{argv[0]} is none of {', '.join(parts)}", file=sys.stderr)
            return 2
        return suite(argv)
    return parts[argv[0]](argv[1:])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
