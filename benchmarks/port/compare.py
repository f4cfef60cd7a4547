"""Port public trees with xpiler and with hipify-perl, and compile both results for an AMD GPU.

    python -m benchmarks.port.compare TREE... --hipify PATH/TO/hipify-perl --work DIR [-I DIR] [--flag FLAG] [-j 2]

Needs clang with AMD support and HIP's headers (Debian: clang-19 lld-19 libamdhip64-dev rocm-device-libs).

- files: those of the tree that name CUDA, the same for both tools
- units: the `.cu` files that no other file includes (with `--every N`, each Nth of them); both tools'
  results are compiled with the same flags and the include folders that the tree's own includes imply.
  `--both-sides` compiles the host side too; the device side parses and checks host code as well.
- names: CUDA identifiers and headers in the sources, counted in the same way before and after;
  left names are reported (in xpiler's report, or in hipify-perl's warnings, for that file) or silent
- time: CPU time for the text alone

Everything is remembered below `--work`: a run that was stopped goes on, a unit whose files did not change is
not compiled again, `hipify.py` can fill the cache of hipify-perl's results (`WORK/hipify`) elsewhere.
`--fresh` ports with xpiler anew. Prints a Markdown table; `--json` writes the details.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from benchmarks.port.build import SIDES, Builder, Unit
from benchmarks.port.hipify import hipified, run_all
from benchmarks.port.leftovers import declared, leftovers, silent, vanished
from benchmarks.port.units import cuda_files, include_folders, units
from xpiler.backends.hip.toolchain import NoCompiler, find_compiler
from xpiler.port.runner import Refused, port_tree
from xpiler.port.settings import Settings
from xpiler.port.tree import STATE

_WORD = re.compile(r"<[\w./]+>|\w+")


@dataclass(slots=True)
class Side:
    """One tool on one tree. `seconds` of CPU time; `units` maps each unit to its first errors."""

    tool: str
    out: Path
    seconds: float = 0.0
    warnings: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    reported: dict[str, frozenset[str]] = field(default_factory=dict)
    names_left: int = 0
    silent: dict[str, int] = field(default_factory=dict)
    units: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def compiled(self) -> int:
        return sum(not errors for errors in self.units.values())


def with_xpiler(tree: Path, out: Path, arch: str, fresh: bool) -> Side:
    """The tree ported by xpiler, unless `out` has it already."""
    facts = out.parent / f"{out.name}.seconds"
    if fresh or not facts.exists():
        shutil.rmtree(out, ignore_errors=True)
        start = time.process_time()
        result = port_tree(Settings(tree, out, arch=arch))
        seconds = time.process_time() - start
        if isinstance(result, Refused):
            raise SystemExit(result.reason)
        rows = [asdict(row) for row in result.report.rows]
        state = out / STATE
        (state / "rows.json").write_text(json.dumps(rows, default=str))
        facts.write_text(str(seconds))
    side = Side("xpiler", out, float(facts.read_text()))
    for row in json.loads((out / STATE / "rows.json").read_text()):
        output = row["output"] or row["path"]
        side.outputs[row["path"]] = output
        words = {w for d in row["diagnostics"] for w in _WORD.findall(json.dumps(d))}
        side.reported[output] = frozenset(words | set(row["left"]))
        side.warnings += sum(row["left"].values())
    return side


def with_hipify(
    tree: Path, out: Path, files: Sequence[Path], hipify: Path, cache: Path, jobs: int
) -> Side:
    """The tree with each CUDA file as hipify-perl makes it, under its own name."""
    run_all(hipify, files, cache, jobs)
    if not out.exists():
        shutil.copytree(tree, out, symlinks=True)
    side = Side("hipify-perl", out)
    for file in files:
        path = str(file.relative_to(tree))
        result = hipified(file.read_bytes(), cache)
        if result is None:
            raise SystemExit(f"no result of hipify-perl for {file}")
        if result.text:
            (out / path).write_bytes(result.text)
        side.outputs[path] = path
        side.reported[path] = frozenset(w for line in result.warnings for w in _WORD.findall(line))
        side.warnings += len(result.warnings)
        side.seconds += result.seconds
    return side


def count_left(tree: Path, side: Side, files: Sequence[Path]) -> None:
    """How many names the side left, and which without a word."""
    own = declared(tree)
    pairs = [(f.relative_to(tree), Path(side.outputs[str(f.relative_to(tree))])) for f in files]
    for _, ported in pairs:
        counts = leftovers((side.out / ported).read_bytes())
        side.names_left += sum(n for name, n in counts.items() if name not in own)
    outputs = [PurePosixPath(ported) for _, ported in pairs]
    missed = silent(side.out, outputs, own, side.reported)
    for found in (*missed, *vanished(tree, side.out, pairs)):
        side.silent[f"{found.file}: {found.name}"] = found.uses


def compile_side(
    tree: Path, side: Side, chosen: Sequence[Path], builder: Builder, jobs: int
) -> None:
    folders = include_folders(tree)
    listed = [
        Unit(str(u), Path(side.outputs.get(str(u), str(u))), tuple(folders(u))) for u in chosen
    ]
    side.units = builder.all_units(side.out, listed, jobs)


def rows(name: str, before: int, files: int, sides: Sequence[Side]) -> str:
    lines = []
    for side in sides:
        rate = 100 * side.compiled / max(1, len(side.units))
        quiet = sum(side.silent.values())
        lines.append(
            f"| {name} | {side.tool} | {files} | {before - side.names_left} of {before} | "
            f"{side.names_left - quiet} | {quiet} | {side.compiled} of {len(side.units)} ({rate:.0f} %) | "
            f"{side.seconds:.1f} s | {1000 * side.seconds / max(1, files):.0f} ms |"
        )
    return "\n".join(lines)


def compare(tree: Path, arguments: argparse.Namespace, command: tuple[str, ...]) -> list[Side]:
    """Both tools on one tree; prints its rows."""
    work: Path = arguments.work
    files = cuda_files(tree)
    chosen = units(tree)[:: arguments.every]
    ours, theirs = work / "xpiler" / tree.name, work / "perl" / tree.name
    sides = [
        with_xpiler(tree, ours, arguments.arch, arguments.fresh),
        with_hipify(tree, theirs, files, arguments.hipify, work / "hipify", arguments.jobs),
    ]
    own = declared(tree)
    before = sum(
        uses for f in files for name, uses in leftovers(f.read_bytes()).items() if name not in own
    )
    flags = [f"-I{folder}" for folder in arguments.include] + arguments.flag
    for side in sides:
        count_left(tree, side, files)
        shared = [
            f"-idirafter{side.out.parent / folder}"
            for folder in arguments.after
            if not folder.startswith(tree.name)
        ]
        builder = Builder(
            command,
            (*flags, *shared),
            work / "compiled",
            SIDES if arguments.both_sides else SIDES[:1],
        )
        compile_side(tree, side, chosen, builder, arguments.jobs)
    print(rows(tree.name, before, len(files), sides), flush=True)
    return sides


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--hipify", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--arch", default="gfx90a")
    parser.add_argument("-I", dest="include", action="append", default=[])
    parser.add_argument("--flag", action="append", default=[], help="for the compiler, both tools")
    parser.add_argument(
        "--after",
        action="append",
        default=[],
        metavar="TREE/FOLDER",
        help="a folder of another tree, as the same tool ported it, to include from at last",
    )
    parser.add_argument("--every", type=int, default=1, help="compile each Nth unit only")
    parser.add_argument("--both-sides", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("-j", dest="jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    compiler = find_compiler()
    if isinstance(compiler, NoCompiler):
        raise SystemExit(compiler.reason)
    command = (*compiler.command, f"--offload-arch={arguments.arch}", "-std=c++17")
    (arguments.work / "xpiler").mkdir(parents=True, exist_ok=True)
    (arguments.work / "perl").mkdir(parents=True, exist_ok=True)
    print(
        "| tree | tool | files with CUDA | names converted | left, reported | left silently ",
        end="",
    )
    print("| units that compile | CPU time | per file |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    details = {}
    for tree in arguments.trees:
        details[tree.name] = [asdict(side) for side in compare(tree, arguments, command)]
        if arguments.json:
            text = json.dumps(
                details,
                indent=1,
                default=lambda v: sorted(v) if isinstance(v, frozenset) else str(v),
            )
            arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
