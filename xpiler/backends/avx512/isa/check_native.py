"""Compares the instruction headers with this machine's hardware, instruction by instruction.

    python -m xpiler.backends.avx512.isa.check_native [--compiler g++] [--rounds 200]

It needs g++ and a CPU with AVX-512; instructions whose CPUID feature the CPU lacks are listed and left
out. Exit status: 0 all equal, 1 some differ (the first difference of each is printed), 2 nothing
could be compared.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from xpiler.backends.avx512.isa.catalog import SIMULATOR, Instruction, catalog
from xpiler.backends.avx512.isa.driver import Difference, compare, program

__all__ = ["FLAGS", "cpu_flags", "main", "run"]

FLAGS = (
    "-std=c++17",
    "-O1",
    "-w",
    "-Wno-psabi",
    "-fwrapv",
    "-ffp-contract=off",
    "-fno-strict-aliasing",
)


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The CPUID features of this machine, by the kernel's names; empty where it does not tell."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    line = next((row for row in text.splitlines() if row.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())


def run(
    compiler: str, text: str, flags: tuple[str, ...], rounds: int, folder: Path, name: str
) -> bytes:
    """Compiles and runs a driver program and gives its output; CalledProcessError tells what failed."""
    source, binary, output = (folder / f"{name}{end}" for end in (".cpp", "", ".out"))
    source.write_text(text, encoding="utf-8")
    subprocess.run([compiler, *FLAGS, *flags, str(source), "-o", str(binary)], check=True)
    subprocess.run([str(binary), str(output), str(rounds)], check=True)
    return output.read_bytes()


def _march(instructions: tuple[Instruction, ...]) -> tuple[str, ...]:
    features = {feature for i in instructions for feature in i.cpu.split()} - {"sse2", "avx"}
    return ("-mavx2", "-mfma", "-mf16c", *(f"-m{f.replace('_', '')}" for f in sorted(features)))


def _print(difference: Difference) -> None:
    print(f"{difference.call}, round {difference.round}:")
    print(f"  described {difference.got[:64].hex(' ', 4)}")
    print(f"  hardware  {difference.expected[:64].hex(' ', 4)}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args(arguments)
    flags = cpu_flags()
    chosen = tuple(i for i in catalog() if set(i.cpu.split()) <= flags)
    left = sorted({f for i in catalog() for f in i.cpu.split()} - flags)
    if "avx512f" not in flags:
        print("this CPU has no AVX-512", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        text, names = program(chosen, "<immintrin.h>")
        simulate = ("-mavx2", "-mfma", f"-I{SIMULATOR}")
        got = run(options.compiler, text, simulate, options.rounds, Path(folder), "described")
        native = _march(chosen)
        want = run(options.compiler, text, native, options.rounds, Path(folder), "hardware")
    differences = compare(chosen, got, want, options.rounds)
    for difference in differences:
        _print(difference)
    print(
        f"{len(names)} calls of {len(chosen)} instructions, {options.rounds} inputs each: ", end=""
    )
    print(f"{len(differences)} differ" if differences else "all equal")
    if left:
        print(f"left out, for want of: {', '.join(left)}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
