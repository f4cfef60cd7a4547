"""How long a user waits: `python -m benchmarks.speed`.

Each figure is the median of several runs of the command, process start included. Verified translations
start from an empty cache of builds for each file (the runtime itself is built once before), one at a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = ("hip", "avx512", "bang")
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def seconds(command: list[str], cache: str) -> float:
    """Wall-clock seconds of one run of `xpiler ...`."""
    environment = {**os.environ, "XPILER_CACHE": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "xpiler", *command],
        env=environment,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def long_file(folder: Path, lines: int = 200) -> Path:
    """The kernels of several examples in one file of at least `lines` lines, their host code left out."""
    names = ("matmul_tiled", "softmax", "stencil2d", "maxpool", "saxpy", "transpose")
    text = ""
    for name in names:
        if text.count("\n") < lines:
            text += (
                (EXAMPLES / f"{name}.cu")
                .read_text(encoding="utf-8")
                .replace("int main(", f"int main_{name}(")
            )
    path = folder / "long.cu"
    path.write_text(text, encoding="utf-8")
    return path


def main() -> int:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each unverified command")
    parser.add_argument(
        "--unverified-only", action="store_true", help="leave the verified ones out"
    )
    given = parser.parse_args()
    runs = given.runs
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print("| command | median s | worst s |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        warm = str(Path(scratch, "warm"))
        row("xpiler --help", [seconds(["--help"], warm) for _ in range(runs)])
        source = long_file(Path(scratch))
        lines = source.read_text(encoding="utf-8").count("\n")
        for target in TARGETS:
            command = ["translate", str(source), "-t", target, "--no-verify", "-o", "-", "-q"]
            took = [seconds(command, warm) for _ in range(runs)]
            row(f"translate --no-verify, {lines} lines, {target}", took)
        if given.unverified_only:
            return 0
        everything: list[float] = []
        for target in TARGETS:
            took = [verified(p, target, Path(scratch)) for p in sorted(EXAMPLES.glob("*.cu"))]
            everything += took
            row(f"translate, verified, each of {len(took)} examples, {target}", took)
        row("translate, verified, all examples and targets", everything)
    return 0


def verified(source: Path, target: str, scratch: Path) -> float:
    """One verified translation. Inputs that differ by a comment keep earlier builds of the file out of it."""
    copy = scratch / source.name
    text = source.read_text(encoding="utf-8")
    copy.write_text(f"{text}\n// {time.time_ns()}\n", encoding="utf-8")
    return seconds(["translate", str(copy), "-t", target, "-o", "-", "-q"], str(scratch / "warm"))


def row(name: str, took: list[float]) -> None:
    """A line of the table."""
    print(f"| {name} | {statistics.median(took):.2f} | {max(took):.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
