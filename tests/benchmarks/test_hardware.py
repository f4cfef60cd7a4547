"""What a GPU judges, without one: programs are made and called, and every comparison rejects what it has to."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.emitted import Broken
from benchmarks.hardware_examples import gpu_text
from benchmarks.hardware_intrinsics import Row, case_of, departure, rows
from benchmarks.hardware_random import cuda_text, disagreements, draw, program_of
from benchmarks.hardware_sides import Call, judge_all, run_calls
from benchmarks.hardware_values import distance, tuples
from xpiler.backends.base import KernelEntry
from xpiler.driver.report import InputError
from xpiler.driver.source import lift_whole, read_source

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "xpiler" / "runtime" / "include"
NOT_VALUES = """
    __activemask __all __any __ballot __shfl __shfl_down __shfl_up __shfl_xor __lane_id __syncthreads
    __syncwarp __threadfence __threadfence_block __threadfence_system __nanosleep __brkpt __trap
    __prof_trigger __cvta_generic_to_shared __isShared __half __half2 __nv_bfloat16 __nv_bfloat162 __ldca
    __ldcg __ldcs __ldcv __ldg __ldlu __stcg __stcs __stwb __stwt
"""
"""Not in the table: without a value, or removed from CUDA, or plain loads and stores."""


# --- calls -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    (folder / "a.c").write_text(
        "#include <stdlib.h>\n"
        "int twice(const int *in, int *out) { out[0] = 2 * in[0]; return 0; }\n"
        "int crash(const int *in, int *out) { abort(); }\n"
        "int beyond(const int *in, int *out) { out[1] = 1; return 0; }\n"
        "int refuse(const int *in, int *out) { return 3; }\n"
        "int hang(const int *in, int *out) { for (volatile int i = 0;; ++i) {} }\n"
    )
    built = folder / "a.so"
    flags = ["-w", "-shared", "-fPIC", "-o", str(built)]
    subprocess.run(["gcc", *flags, str(folder / "a.c")], check=True)
    return built


def test_a_call_that_ends_badly_ends_no_other(library: Path, tmp_path: Path) -> None:
    words = ["twice", "crash", "beyond", "refuse", "hang"]
    calls = [Call(w, np.int32(21).tobytes(), 4) for w in words]
    results = run_calls(library, [*calls, Call("twice", b"\5\0\0\0", 4)][:5], tmp_path, 2)
    assert results["twice"] == np.int32(42).tobytes()
    reasons = {w: r.reason for w, r in results.items() if isinstance(r, Broken)}
    assert set(reasons) == {"crash", "beyond", "refuse", "hang"}
    assert reasons["beyond"] == "wrote outside of its result"
    assert reasons["refuse"] == "the function returned 3"
    assert reasons["hang"].startswith("no result after")


# --- random kernels --------------------------------------------------------------------------------


def test_a_difference_in_one_bit_is_a_disagreement() -> None:
    right = bytes(range(32))
    wrong = right[:9] + bytes([right[9] ^ 1]) + right[10:]
    assert not list(disagreements("k", right, {"gpu": right, "hip32": right}))
    (one,) = disagreements("k", right, {"gpu": right, "hip32": wrong})
    assert (one.side, one.judge) == ("hip32", "gpu")
    assert "1 of 8 words differ, word 2 first" in one.reason
    (one,) = disagreements("k", wrong, {"gpu": right})
    assert one.side == "interpreter"
    (one,) = disagreements("k", None, {"runtime": right, "hip32": wrong})
    assert (one.side, one.judge) == ("hip32", "runtime")
    assert [d.side for d in disagreements("k", right, {"gpu": Broken("x"), "bang": right[:4]})] == [
        "gpu",
        "bang",
    ]


def test_a_drawn_kernel_is_cuda() -> None:
    drawn = draw(11)
    assert drawn is not None
    text = cuda_text(drawn)
    assert "launch_facts" not in text
    assert "s[tid] = gid % 37 - 9;" in text
    assert text.count("kernel_case_11") == 2


def test_a_loop_that_changes_its_bound_is_not_asked_of_the_interpreter() -> None:
    changing, other = draw(1460), draw(1459)
    assert changing is not None
    assert changing.expected is None
    assert other is not None
    assert other.expected is not None


REGRESSIONS = {
    11: "hip64",  # a reduction's mask named lanes that the block does not have
    52: "hip64",  # a library built with -O2 took lanes for apart that were together
    88: "bang",  # a counter that only some threads stop early was one for all
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", REGRESSIONS)
def test_kernels_that_were_wrong(seed: int, tmp_path: Path) -> None:
    drawn = draw(seed)
    assert drawn is not None
    sides = ["runtime", REGRESSIONS[seed]]
    results = judge_all([program_of([drawn])], sides, tmp_path)[f"case_{seed}"]
    assert set(results) == set(sides)
    assert not list(disagreements(f"case_{seed}", drawn.expected, results))


# --- functions of the device -----------------------------------------------------------------------


def test_every_function_of_the_runtime_is_in_the_table() -> None:
    declared: set[str] = set()
    for header in ("intrinsics", "half", "device"):
        text = f'#include "xpiler/{header}.h"\n'
        command = ["g++", "-std=c++17", "-E", "-I", str(RUNTIME), "-x", "c++", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        own = False
        for line in done.stdout.splitlines():
            if line.startswith("# "):
                own = f"xpiler/{header}.h" in line
            elif own:
                declared.update(re.findall(r"\b(__(?!builtin)\w+|atomic\w+|h2\w+)\s*\(", line))
    asked = set(re.findall(r"\b\w+", " ".join(row.expression for row in rows())))
    scoped = {n for n in declared if n.startswith("atomic") and n.endswith(("_block", "_system"))}
    assert declared - asked - scoped - set(NOT_VALUES.split()) == set()
    assert set(NOT_VALUES.split()) <= declared


def test_rows_are_numbered_and_written_out() -> None:
    table = rows()
    assert len({row.symbol for row in table}) == len(table)
    assert not [row for row in table if re.search(r"\{\w+,", row.expression)]
    text = case_of(next(r for r in table if r.expression == "__fadd_rz(x, y)")).text
    assert "r = __fadd_rz(x, y);" in text


def _departs(row: Row, right: np.ndarray, got: np.ndarray) -> bool:
    return departure(row, "side", right.tobytes(), got.tobytes()) is not None


def _changed(values: np.ndarray, at: int, value: float) -> np.ndarray:
    other = values.copy()
    other[at] = value
    return other


def test_a_result_that_is_too_far_departs() -> None:
    (x,) = tuples("f")
    exact, loose = Row("r", "f", "f", "x"), Row("r", "f", "f", "x", ulps=2)
    at = int(np.flatnonzero(x == 1.5)[0])
    near, far = (1.5 + n * 2.0**-23 for n in (2, 3))
    assert not _departs(exact, x, x)
    assert _departs(exact, x, _changed(x, at, near))
    assert not _departs(loose, x, _changed(x, at, near))
    assert _departs(loose, x, _changed(x, at, far))
    assert not _departs(Row("r", "f", "f", "x", absolute=1e-6), x, _changed(x, at, far))
    assert _departs(loose, x, _changed(x, at, np.nan))
    assert _departs(loose, x, _changed(x, int(np.flatnonzero(np.isnan(x))[0]), 0.0))
    largest = int(np.flatnonzero(x == np.finfo(np.float32).max)[0])
    assert _departs(loose, x, _changed(x, largest, np.inf))


def test_a_zero_has_a_sign_unless_the_row_says_otherwise() -> None:
    (x,) = tuples("f")
    zero = int(np.flatnonzero((x == 0) & ~np.signbit(x))[0])
    other = _changed(x, zero, -0.0)
    assert _departs(Row("r", "f", "f", "x", ulps=5), x, other)
    assert not _departs(Row("r", "f", "f", "x", signless=True), x, other)
    assert _departs(Row("r", "f", "f", "x", signless=True), x, _changed(x, zero, 1e-45))


def test_only_arguments_within_the_limits_are_compared() -> None:
    (x,) = tuples("f")
    row = Row("r", "f", "f", "x", limits=((0.0, 10.0), None))
    assert not _departs(row, x, _changed(x, int(np.flatnonzero(x == -1.0)[0]), 5.0))
    assert _departs(row, x, _changed(x, int(np.flatnonzero(x == 1.0)[0]), 5.0))


@pytest.mark.parametrize("kind", list("iulkhbHB"))
def test_one_wrong_word_departs(kind: str) -> None:
    (x,) = tuples(kind)
    other = x.copy()
    other.reshape(-1)[5] ^= 1
    row = Row("r", kind, kind, "x")
    assert not _departs(row, x, x)
    assert _departs(row, x, other)


def test_a_side_without_a_result_departs() -> None:
    (x,) = tuples("i")
    row = Row("r", "i", "i", "x")
    assert departure(row, "side", x.tobytes(), Broken("it crashed")) is not None
    assert departure(row, "side", Broken("no GPU"), x.tobytes()) is not None


def test_distance_counts_values() -> None:
    a = np.array([0.0, 1.0, -1e-45, np.nan, np.inf], np.float32)
    b = np.array([1e-45, 1.0 + 2.0**-23, 1e-45, np.nan, np.inf], np.float32)
    assert distance(a, b, "f").tolist() == [1, 1, 2, 0, 0]


def test_arguments_come_in_whole_blocks_and_all_halves_are_asked() -> None:
    for kinds in ("h", "ff", "iii", "HH"):
        columns = tuples(kinds)
        assert len(columns) == len(kinds)
        assert {len(c) for c in columns} == {len(columns[0])}
        assert len(columns[0]) % 128 == 0
    assert len(set(tuples("h")[0].tolist())) == 1 << 16


# --- the verifier's oracle -------------------------------------------------------------------------


def test_launchers_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text(
        "struct Size { int n, m; };\n__constant__ float table[4];\n"
        "namespace deep { template <int B> __global__ void fill(float *x, Size s) {\n"
        "  if (threadIdx.x < s.n) x[threadIdx.x] = table[threadIdx.x & 3] * B * s.m; } }\n"
        "void go(float *x) { deep::fill<8><<<1, 32>>>(x, Size{4, 2}); }\n"
    )
    read = read_source(path, (), ())
    assert not isinstance(read, InputError)
    whole = lift_whole(read)
    assert not isinstance(whole, InputError)
    (kernel,) = whole[1].lifted
    entry = KernelEntry(0, kernel.program.kernels[0], kernel.source_name, kernel.symbol)
    text = gpu_text(read.text, [entry])
    assert "deep::fill<8><<<dim3(l[0], l[1], l[2])" in text
    assert "xp_gpu::put(&a1.value().n, args[1]);" in text
    assert "cudaGetSymbolAddress(&p, table)" in text
