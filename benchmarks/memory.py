"""What is proved of the kernels of some files, as a table: `python -m benchmarks.memory examples/*.cu`.

A row for each kernel: accesses in bounds for all sizes, whether races are excluded, whether integers may wrap round, how
many questions the solver was asked, and the seconds that took.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from xpiler.driver.judge import load_cases
from xpiler.driver.memory import Checked, check_file
from xpiler.driver.report import InputError
from xpiler.driver.source import lift_whole, read_source
from xpiler.synth.proofs.verdicts import Divergent, Fits, Free, KernelVerdict, MayWrap, Race
from xpiler.synth.repair.solve import Query

HEAD = "| file | kernel | accesses | in bounds | races | integers | questions | seconds |"


def rows(path: Path, seconds: float) -> Iterator[tuple[str, KernelVerdict | None, int]]:
    """Each kernel of a file: its name, the verdict (None: it could not be asked), the questions."""
    read = read_source(path, (), ())
    whole = read if isinstance(read, InputError) else lift_whole(read)
    if isinstance(whole, InputError):
        return
    cases = load_cases(whole[1], None)
    if isinstance(cases, InputError):
        return
    asked: dict[str, int] = {}

    def count(symbol: str, query: Query) -> None:
        del query
        asked[symbol] = asked.get(symbol, 0) + 1

    for item in check_file(whole[1], cases, seconds, lambda _: None, count):
        if isinstance(item, Checked):
            yield item.name, item.verdict, asked.get(item.symbol, 0)
        else:
            yield item.name, None, 0


def line(path: Path, name: str, found: KernelVerdict | None, asked: int) -> str:
    """A row of the table."""
    if found is None:
        return f"| {path.stem} | {name} | | not asked | | | | |"
    races = "free" if isinstance(found.races, Free) else "not shown"
    if isinstance(found.races, Race) or isinstance(found.barriers, Divergent):
        races = "**race**"
    wraps = {Fits: "fit", MayWrap: "may wrap"}.get(type(found.overflow), "not shown")
    if isinstance(found.overflow, Fits) and found.overflow.bits < 31:
        wraps = f"fit below 2^{found.overflow.bits}"
    parts = (len(found.accesses), found.inside, races, wraps, asked, f"{found.seconds:.1f}")
    return f"| {path.stem} | {name} | {' | '.join(map(str, parts))} |"


def main() -> None:
    """Print the table and its sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0, help="for one kernel")
    options = parser.parse_args()
    print(HEAD)
    print("|" + " --- |" * 8)
    found: list[KernelVerdict] = []
    start = time.process_time()
    for path in options.files:
        for name, verdict, asked in rows(path, options.seconds):
            print(line(path, name, verdict, asked), flush=True)
            found += [verdict] if verdict is not None else []
    whole = sum(len(v.accesses) for v in found)
    inside = sum(v.inside for v in found)
    free = sum(isinstance(v.races, Free) for v in found)
    shown = sum(v.shown for v in found)
    spent = time.process_time() - start
    print(
        f"\n{len(found)} kernels, {shown} shown whole: {inside} of {whole} accesses in bounds, ",
        end="",
    )
    print(f"{free} of {len(found)} free of races; {spent:.0f} s of processor time")


if __name__ == "__main__":
    main()
