"""Random kernels of the tests on a GPU, on the CPU runtime and translated: all have to give the same bits.

The kernels are those that loop recovery is tested with (`tests.passes.random_kernels`): barriers, shared memory, divergent
and uniform control flow, shuffles, votes, reductions, matches, atomics, early exits, device functions. What each
computes is also asked of the IR's reference interpreter.
"""

from __future__ import annotations

import argparse
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks import hardware_sides as hardware
from benchmarks.emitted import Broken
from benchmarks.hardware_sides import SIDES, Call, Given, Program, judge_all
from tests.passes.differential import reference
from tests.passes.random_kernels import Case, N, from_seed
from xpiler.ir.nodes import Expr, For, Load, Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.walk import assigned, buffers_written, statements, subexpressions, variables

__all__ = ["Disagreement", "Drawn", "disagreements", "draw", "main", "program_of"]

HEAD: Final = """\
#include <cuda_runtime.h>
typedef int i32;
typedef unsigned u32;
typedef float f32;
#define ref(variable) variable
"""
START: Final = "    w[tid] = gid;\n"
HOST: Final = """\
extern "C" int case_{seed}(const void *in, void *out) {{
    const i32 *numbers = (const i32 *)in;
    char *to = (char *)out;
    i32 *a, *results, *hist;
    f32 *f, *real;
    cudaMalloc(&a, {count} * sizeof(i32));
    cudaMalloc(&f, {count} * sizeof(f32));
    cudaMalloc(&results, {total} * sizeof(i32));
    cudaMalloc(&real, {total} * sizeof(f32));
    cudaMalloc(&hist, 16 * sizeof(i32));
    cudaMemcpy(a, numbers + 2, {count} * sizeof(i32), cudaMemcpyHostToDevice);
    cudaMemcpy(f, numbers + 2 + {count}, {count} * sizeof(f32), cudaMemcpyHostToDevice);
    cudaMemset(results, 0, {total} * sizeof(i32));
    cudaMemset(real, 0, {total} * sizeof(f32));
    cudaMemset(hist, 0, 16 * sizeof(i32));
    dim3 grid({grid}), block({block});
    kernel_case_{seed}<<<grid, block>>>(a, f, results, real, hist, numbers[0], numbers[1]);
    int status = (int)cudaDeviceSynchronize();
    cudaMemcpy(to, results, {total} * sizeof(i32), cudaMemcpyDeviceToHost);
    cudaMemcpy(to + {total} * 4, real, {total} * sizeof(f32), cudaMemcpyDeviceToHost);
    cudaMemcpy(to + {total} * 8, hist, 16 * sizeof(i32), cudaMemcpyDeviceToHost);
    cudaFree(a);
    cudaFree(f);
    cudaFree(results);
    cudaFree(real);
    cudaFree(hist);
    return status;
}}
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A kernel, what it is given, how many bytes it gives, and what the reference interpreter says that they are: None
    where the IR and C read the text differently."""

    seed: int
    case: Case
    given: bytes
    size: int
    expected: bytes | None


def _packed(arguments: Mapping[str, object], *names: str) -> bytes:
    parts = []
    for name in names:
        values = arguments[name]
        assert isinstance(values, list)
        kind = "f" if name in ("f", "fout") else "i"
        parts.append(struct.pack(f"<{len(values)}{kind}", *values))
    return b"".join(parts)


def draw(seed: int) -> Drawn | None:
    """The kernel of a seed; None if its result depends on the order of its threads.

    Shared memory is written before the kernel's own statements: what it holds at the start is each machine's own.
    """
    drawn = from_seed(seed)
    text = drawn.text.replace(START, START + "    s[tid] = gid % 37 - 9;\n", 1)
    case = replace(drawn, text=text)
    module = parse_module(case.text)
    expected = reference(module, case)
    if expected is None:
        return None
    arguments = case.arguments(0)
    given = struct.pack("<2i", arguments["n"], arguments["m"]) + _packed(arguments, "a", "f")
    result = _packed(expected, "out", "fout", "hist")
    return Drawn(seed, case, given, len(result), None if _bounds_change(module) else result)


def _bounds_change(module: Module) -> bool:
    """Whether a loop changes its own bound: C reads that again for each iteration, the IR once."""
    loops = (s for s in statements(module.kernels[0].body) if isinstance(s, For))
    return any(
        _read(loop.hi) & (assigned(loop.body) | buffers_written(loop.body)) for loop in loops
    )


def _read(expr: Expr) -> frozenset[str]:
    loaded = {s.buffer for s in subexpressions(expr) if isinstance(s, Load)}
    return variables(expr) | loaded


def cuda_text(drawn: Drawn) -> str:
    """The kernel as CUDA in a namespace of its own, and the host function that launches it."""
    case, seed = drawn.case, drawn.seed
    lines = [x for x in case.text.splitlines() if not x.startswith("launch_facts(")]
    kernel = "\n".join(lines).replace("__global__ void k(", f"__global__ void kernel_case_{seed}(")
    total = case.grid[0] * case.block[0] * case.block[1] * case.block[2]
    grid, block = (", ".join(map(str, size)) for size in (case.grid, case.block))
    host = HOST.format(seed=seed, count=N, total=total, grid=grid, block=block)
    return f"namespace c{seed} {{\n{kernel}\n{host}}}  // namespace c{seed}\n"


def program_of(drawn: Sequence[Drawn]) -> Program:
    """One file of several kernels: nvcc's start costs more than a kernel."""
    cases = (hardware.Case(Call(f"case_{d.seed}", d.given, d.size), cuda_text(d)) for d in drawn)
    return Program(f"batch_{drawn[0].seed}", HEAD, tuple(cases))


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A side that did not give what the side `judge` gave."""

    symbol: str
    side: str
    judge: str
    reason: str


def disagreements(
    symbol: str, expected: bytes | None, given: Mapping[str, Given]
) -> Iterator[Disagreement]:
    """The first of these that gave a result is judge of the others: the GPU, the interpreter, the sides in order."""
    sides: dict[str, Given] = dict(given)
    if expected is not None:
        sides = {"interpreter": expected, **sides}
    if isinstance(given.get("gpu"), bytes):
        sides = {"gpu": given["gpu"], **sides}
    judge = next((s for s, result in sides.items() if isinstance(result, bytes)), "")
    right = sides.get(judge, b"")
    assert isinstance(right, bytes)
    for side, result in sides.items():
        if side == judge:
            continue
        if isinstance(result, Broken):
            yield Disagreement(symbol, side, judge, result.reason)
        elif result != right:
            yield Disagreement(symbol, side, judge, _first_difference(right, result))


def _first_difference(right: bytes, got: bytes) -> str:
    if len(right) != len(got):
        return f"{len(got)} bytes for {len(right)}"
    words = [n for n in range(0, len(right), 4) if right[n : n + 4] != got[n : n + 4]]
    at = words[0]
    pair = [struct.unpack_from("<i", side, at)[0] for side in (right, got)]
    return f"{len(words)} of {len(right) // 4} words differ, word {at // 4} first: {pair[1]} for {pair[0]}"


def main(argv: Sequence[str]) -> int:
    """Prints each disagreement and a total by side; 1 when there was any."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hardware random")
    parser.add_argument("--count", type=int, default=100, help="kernels")
    parser.add_argument("--seed", type=int, default=0, help="the first kernel's")
    parser.add_argument("--sides", nargs="+", default=list(SIDES), choices=list(SIDES))
    parser.add_argument("--batch", type=int, default=25, help="kernels in a file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--arch", default="native", help="nvcc's -arch")
    parser.add_argument("--keep", type=Path, help="folder for what is built")
    chosen = parser.parse_args(argv)
    with ProcessPoolExecutor(chosen.jobs) as pool:
        seeds = range(chosen.seed, chosen.seed + chosen.count)
        drawn = [d for d in pool.map(draw, seeds, chunksize=8) if d is not None]
    batches = [drawn[n : n + chosen.batch] for n in range(0, len(drawn), chosen.batch)]
    programs = [program_of(batch) for batch in batches]
    with tempfile.TemporaryDirectory() as scratch:
        root = chosen.keep or Path(scratch)
        results = judge_all(programs, chosen.sides, root, arch=chosen.arch, jobs=chosen.jobs)
    found = [
        x
        for d in drawn
        for x in disagreements(f"case_{d.seed}", d.expected, results[f"case_{d.seed}"])
    ]
    for one in found:
        print(f"{one.symbol}: {one.side} against {one.judge}: {one.reason}")
    print(
        f"{chosen.count} kernels drawn, {len(drawn)} whose result does not depend on the threads' order"
    )
    for side in ("interpreter", *chosen.sides):
        of = sum(side != "interpreter" or d.expected is not None for d in drawn)
        print(f"{side}: {of - sum(x.side == side for x in found)} of {of} agree")
    return 1 if found else 0
