"""Port public trees with xpiler and with hipify-perl, and compile both results for an AMD GPU.

    python -m benchmarks.port.compare TREE... --hipify PATH/TO/hipify-perl [--arch gfx90a] [-I DIR] [-j 2]

Needs clang with AMD support and HIP's headers (Debian: clang-19 lld-19 libamdhip64-dev
rocm-device-libs). Every `.cu` file of a tree (with `--lines`, an even choice) is a unit: it is
compiled (device side, syntax and semantics) from the ported tree with the same include paths on both
sides. hipify-perl runs on each
file that names CUDA; its `.cu` files are compiled as HIP under their own name. Times are CPU time for
the text alone; hipify-perl's results are remembered in `--cache`. Prints a Markdown table; `--json`
writes the details.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from xpiler.backends.hip.rewrite import mentions_cuda
from xpiler.backends.hip.toolchain import (
    Compiled,
    NoCompiler,
    NotCompiled,
    compile_check,
    find_compiler,
)
from xpiler.port.project import Project, scan
from xpiler.port.report import Report, summarise
from xpiler.port.runner import Refused, port_tree
from xpiler.port.settings import Settings

SOURCES = frozenset({".cu", ".cuh", ".h", ".hpp", ".cpp", ".c", ".cc", ".cxx", ".inl"})


INCLUDE = frozenset({"include", "inc", "common"})


@dataclass(slots=True)
class Side:
    """One tool on one tree. `seconds` is for the text alone; `units` maps each unit to its first error or ''."""

    tool: str
    files: int = 0
    seconds: float = 0.0
    converted: int = 0
    left: int = 0
    causes: dict[str, int] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    @property
    def compiled(self) -> int:
        return sum(not error for error in self.units.values())


def cuda_files(tree: Path) -> list[Path]:
    """Files of the tree that name CUDA."""
    found = [
        p
        for p in sorted(tree.rglob("*"))
        if p.suffix in SOURCES and p.is_file() and not p.is_symlink()
    ]
    return [p for p in found if mentions_cuda(p.read_bytes())]


def with_xpiler(tree: Path, out: Path, arch: str) -> Side:
    start = time.process_time()
    result = port_tree(Settings(tree, out, arch=arch))
    seconds = time.process_time() - start
    if isinstance(result, Refused):
        raise SystemExit(result.reason)
    total = summarise(result.report.rows)
    side = Side(
        "xpiler", len(cuda_files(tree)), seconds, total["names_converted"], total["names_left"]
    )
    side.causes = _causes(result.report)
    return side


def _causes(report: Report) -> dict[str, int]:
    codes = [
        "XP5101",
        "XP5102",
        "XP5103",
        "XP5301",
        "XP5304",
        "XP5306",
        "XP5307",
        "XP5403",
        "XP5406",
    ]
    by_code: dict[str, int] = summarise(report.rows)["by_code"]
    return {code: by_code[code] for code in codes if code in by_code}


def choose(tree: Path, lines: int) -> tuple[list[Path], list[Path]]:
    """Units (`.cu` files) and every file of the tree that they include, evenly chosen up to so many lines."""
    files = {p.relative_to(tree): p.read_bytes() for p in cuda_files(tree)}
    project = Project({PurePosixPath(p): scan(data) for p, data in files.items()})
    every = [p for p in sorted(files) if p.suffix == ".cu"]
    for step in range(1, len(every) + 2):
        units = every[step // 2 :: step]
        needed = {Path(f) for u in units for f in project.closure(PurePosixPath(u))[0]}
        total = sum(files[p].count(b"\n") for p in needed)
        if not lines or total <= lines:
            return units, sorted(needed)
    return [], []


def with_hipify(tree: Path, out: Path, files: Sequence[Path], hipify: Path, cache: Path) -> Side:
    shutil.copytree(tree, out, symlinks=True)
    side = Side("hipify-perl", len(files))
    for file in files:
        text, warnings, seconds = _hipified(tree / file, hipify, cache)
        if text:
            (out / file).write_bytes(text)
        side.left += warnings
        side.seconds += seconds
    return side


def _hipified(file: Path, hipify: Path, cache: Path) -> tuple[bytes, int, float]:
    """Text, warnings and CPU seconds of hipify-perl on a file, remembered by the file's content."""
    place = cache / hashlib.sha256(file.read_bytes()).hexdigest()
    facts = place.with_suffix(".json")
    if not facts.exists():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(["perl", str(hipify), str(file)], capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        cache.mkdir(parents=True, exist_ok=True)
        place.write_bytes(done.stdout if done.returncode == 0 else b"")
        facts.write_text(json.dumps([done.stderr.count(b"warning:"), seconds]))
    warnings, seconds = json.loads(facts.read_text())
    return place.read_bytes(), warnings, seconds


def folders(root: Path) -> list[Path]:
    """Where sources may include from: the root and the folders that are called so."""
    named = (p for p in sorted(root.rglob("*")) if p.is_dir() and p.name.lower() in INCLUDE)
    return [root, *(p for p in named if ".xpiler-port" not in p.parts)][:40]


def compile_units(
    root: Path, units: Sequence[tuple[str, Path]], arch: str, extra: Sequence[str], jobs: int
) -> dict[str, str]:
    include = [f"-I{folder}" for folder in folders(root)]

    def one(unit: tuple[str, Path]) -> tuple[str, str]:
        name, file = unit
        outcome = compile_check(file, arch, (*include, *extra))
        if isinstance(outcome, Compiled):
            return name, ""
        return name, outcome.errors[0] if isinstance(outcome, NotCompiled) else outcome.reason

    with ThreadPoolExecutor(jobs) as pool:
        return dict(pool.map(one, units))


def compare(
    tree: Path, hipify: Path, cache: Path, arch: str, extra: Sequence[str], jobs: int, lines: int
) -> tuple[Side, Side]:
    units, files = choose(tree, lines)
    with tempfile.TemporaryDirectory() as temporary:
        ours, theirs = Path(temporary) / "xpiler", Path(temporary) / "hipify"
        a = with_xpiler(tree, ours, arch)
        b = with_hipify(tree, theirs, files, hipify, cache)
        left = [(str(u), ours / u.with_suffix(".hip")) for u in units]
        right = [(str(u), theirs / u) for u in units]
        a.units = compile_units(ours, left, arch, extra, jobs)
        b.units = compile_units(theirs, right, arch, extra, jobs)
        return a, b


def table(name: str, sides: Sequence[Side]) -> str:
    lines = []
    for side in sides:
        rate = 100 * side.compiled / max(1, len(side.units))
        per_file = 1000 * side.seconds / max(1, side.files)
        lines.append(
            f"| {name} | {side.tool} | {side.files} | {side.converted or '-'} | {side.left} | "
            f"{side.compiled} of {len(side.units)} ({rate:.1f} %) | {side.seconds:.2f} s | {per_file:.1f} ms |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--hipify", type=Path, required=True)
    parser.add_argument("--arch", default="gfx90a")
    parser.add_argument("-I", dest="include", action="append", default=[])
    parser.add_argument("-j", dest="jobs", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "hipified")
    parser.add_argument(
        "--lines", type=int, default=0, help="choose units evenly up to so many lines of a tree"
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    compiler = find_compiler()
    if isinstance(compiler, NoCompiler):
        raise SystemExit(compiler.reason)
    extra = [f"-I{folder}" for folder in arguments.include]
    print(f"compiler: {compiler.path}, HIP {compiler.version}, {arguments.arch}\n")
    print(
        "| tree | tool | files with CUDA | names converted | left (reported) "
        "| units that compile | CPU time | per file |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    details = {}
    for tree in arguments.trees:
        sides = compare(
            tree,
            arguments.hipify,
            arguments.cache,
            arguments.arch,
            extra,
            arguments.jobs,
            arguments.lines,
        )
        print(table(tree.name, sides), flush=True)
        details[tree.name] = [asdict(side) for side in sides]
    if arguments.json:
        arguments.json.write_text(json.dumps(details, indent=1) + "\n")


if __name__ == "__main__":
    main()
