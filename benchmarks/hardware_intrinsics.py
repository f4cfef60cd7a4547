"""Every function of the device that xpiler knows, at corner values: a GPU against the runtime and the translations.

The functions, and how far results may be apart, stand in `hardware_table.toml`.
"""

from __future__ import annotations

import argparse
import itertools
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.emitted import Broken
from benchmarks.hardware_sides import SIDES, Call, Case, Given, Program, judge_all
from benchmarks.hardware_values import CTYPES, DTYPES, as_float, distance, select, tuples
from benchmarks.model import Array

__all__ = ["Departure", "Row", "case_of", "departure", "main", "program_of", "rows"]

TABLE: Final = Path(__file__).parent / "hardware_table.toml"
HEAD: Final = "#include <cuda_runtime.h>\n#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n"
THREADS: Final = 128
KERNEL: Final = """\
__global__ void kernel_{symbol}({parameters}{result} *out) {{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    {loads}{result} r;
    {body}
    out[i] = r;
}}
extern "C" int {symbol}(const void *in, void *to) {{
    const char *from = (const char *)in;
    {declarations}{result} *out;
    {copies}cudaMalloc(&out, {count} * sizeof({result}));
    kernel_{symbol}<<<{blocks}, {threads}>>>({arguments}out);
    int status = (int)cudaDeviceSynchronize();
    cudaMemcpy(to, out, {count} * sizeof({result}), cudaMemcpyDeviceToHost);
    {frees}cudaFree(out);
    return status;
}}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An expression over arguments x, y, z of `kinds`, with a result of type `result`; see the table's head."""

    symbol: str
    result: str
    kinds: str
    expression: str
    ulps: float = 0
    absolute: float = 0
    limits: tuple[tuple[float, float] | None, ...] = ()
    undefined: bool = False
    signless: bool = False


_CHOICE: Final = re.compile(r"\{([\w-]+(?:,[\w-]+)+)\}")


def _expanded(expression: str) -> Iterator[str]:
    match = _CHOICE.search(expression)
    if match is None:
        yield expression
        return
    for word in match[1].split(","):
        yield from _expanded(expression[: match.start()] + word + expression[match.end() :])


def _rows_of(entry: Mapping[str, Any], numbers: Iterator[int]) -> Iterator[Row]:
    result, kinds = entry["types"].split(":")
    limits = tuple(tuple(entry[k]) if k in entry else None for k in ("range", "second"))
    for expression in entry["expressions"]:
        for single in _expanded(expression):
            yield Row(
                f"row_{next(numbers)}",
                result,
                kinds,
                single,
                entry.get("ulps", 0),
                entry.get("absolute", 0),
                limits,
                entry.get("undefined", False),
                entry.get("signless", False),
            )


def rows() -> tuple[Row, ...]:
    """The table, with its choices written out."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    numbers = itertools.count()
    return tuple(row for entry in table["rows"] for row in _rows_of(entry, numbers))


def case_of(row: Row) -> Case:
    """A kernel that puts the arguments through the expression, one thread each, and its host function."""
    columns = tuples(row.kinds)
    count = len(columns[0])
    names = "xyz"[: len(row.kinds)]
    types = [CTYPES[kind] for kind in row.kinds]
    named = list(zip(names, types, strict=True))
    offsets = itertools.accumulate([column.nbytes for column in columns], initial=0)
    copies = "".join(
        f"cudaMalloc(&{n}s, {count} * sizeof({t}));\n    "
        f"cudaMemcpy({n}s, from + {offset}, {count} * sizeof({t}), cudaMemcpyHostToDevice);\n    "
        for (n, t), offset in zip(named, offsets, strict=False)
    )
    text = KERNEL.format(
        symbol=row.symbol,
        result=CTYPES[row.result],
        parameters="".join(f"const {t} *{n}s, " for n, t in named),
        loads="".join(f"{t} {n} = {n}s[i];\n    " for n, t in named),
        body=row.expression if row.expression.startswith("{") else f"r = {row.expression};",
        declarations="".join(f"{t} *{n}s;\n    " for n, t in named),
        copies=copies,
        count=count,
        blocks=count // THREADS,
        threads=THREADS,
        arguments="".join(f"{n}s, " for n in names),
        frees="".join(f"cudaFree({n}s);\n    " for n in names),
    )
    given = b"".join(column.tobytes() for column in columns)
    return Case(Call(row.symbol, given, count * DTYPES[row.result].itemsize), text)


def program_of(several: Sequence[Row]) -> Program:
    """One file of several rows."""
    return Program(f"table_{several[0].symbol}", HEAD, tuple(map(case_of, several)))


@dataclass(frozen=True, slots=True)
class Departure:
    """A side that is further from the GPU than the row allows: at how many tuples, and the first of them."""

    row: Row
    side: str
    reason: str


def departure(row: Row, side: str, judge: Given, given: Given) -> Departure | None:
    """What is wrong with a side's result, None if nothing is."""
    if isinstance(judge, Broken):
        return Departure(row, side, f"no judge: {judge.reason}")
    if isinstance(given, Broken):
        return Departure(row, side, given.reason)
    columns = tuples(row.kinds)
    dtype = np.dtype(DTYPES[row.result].base)
    right, got = (
        np.frombuffer(part, dtype).reshape(len(columns[0]), -1) for part in (judge, given)
    )
    with np.errstate(invalid="ignore", over="ignore"):
        far = _far(row, right, got) & select(columns, row.kinds, row.limits)
    places = np.flatnonzero(far)
    if not len(places):
        return None
    shown = "; ".join(_shown(row, columns, right, got, int(place)) for place in places[:3])
    return Departure(row, side, f"{len(places)} of {len(far)} differ: {shown}")


def _far(row: Row, right: Array, got: Array) -> Array:
    steps = distance(right, got, row.result)
    wrong: Array = np.asarray(steps > row.ulps)
    if row.absolute:
        a, b = as_float(right, row.result), as_float(got, row.result)
        wrong = np.asarray(wrong & ~(np.abs(a - b) <= row.absolute))
    if row.signless:
        both = np.abs(as_float(right, row.result)) + np.abs(as_float(got, row.result))
        wrong = np.asarray(wrong & (both != 0))
    whole: Array = np.asarray(wrong.any(axis=1))
    return whole


def _shown(row: Row, columns: Sequence[Array], right: Array, got: Array, place: int) -> str:
    def one(values: Array, kind: str) -> str:
        flat = np.atleast_1d(values)
        words = [f"{v:#06x}" if kind in "hHbB" else repr(v.item()) for v in flat]
        return words[0] if len(words) == 1 else "(" + ", ".join(words) + ")"

    given = ", ".join(one(c[place], k) for c, k in zip(columns, row.kinds, strict=True))
    return f"({given}) gives {one(got[place], row.result)}, GPU {one(right[place], row.result)}"


def main(argv: Sequence[str]) -> int:
    """Prints each departure and a total by side; 1 when there was any where C++ says what is right."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hardware intrinsics")
    parser.add_argument("--only", default="", help="rows whose expression has this in it")
    parser.add_argument("--sides", nargs="+", default=list(SIDES), choices=list(SIDES))
    parser.add_argument("--judge", default="gpu", choices=list(SIDES))
    parser.add_argument("--batch", type=int, default=30, help="rows in a file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--arch", default="native", help="nvcc's -arch")
    parser.add_argument("--keep", type=Path, help="folder for what is built")
    chosen = parser.parse_args(argv)
    asked = [row for row in rows() if chosen.only in row.expression]
    batches = [asked[n : n + chosen.batch] for n in range(0, len(asked), chosen.batch)]
    sides = list(dict.fromkeys([chosen.judge, *chosen.sides]))
    with tempfile.TemporaryDirectory() as scratch:
        root = chosen.keep or Path(scratch)
        programs = list(map(program_of, batches))
        results = judge_all(programs, sides, root, arch=chosen.arch, jobs=chosen.jobs)
    found = [
        d
        for row in asked
        for side in sides
        if side != chosen.judge
        and (
            d := departure(row, side, results[row.symbol][chosen.judge], results[row.symbol][side])
        )
    ]
    for one in found:
        mark = "undefined, " if one.row.undefined else ""
        print(
            f"{one.row.result}:{one.row.kinds} {one.row.expression}: {mark}{one.side}: {one.reason}"
        )
    defined = sum(not row.undefined for row in asked)
    print(f"{len(asked)} rows, {defined} of them on arguments of which C++ says what is right")
    for side in sides[1:]:
        departed = [d for d in found if d.side == side]
        refused = sum(d.reason.startswith("refused") for d in departed if not d.row.undefined)
        wrong = sum(not d.row.undefined for d in departed) - refused
        print(
            f"{side}: {defined - wrong - refused} as {chosen.judge}, {wrong} not, {refused} refused"
        )
    return 1 if any(not d.row.undefined for d in found) else 0
