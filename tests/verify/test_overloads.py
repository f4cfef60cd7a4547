"""Kernels of one name: each entry is the overload that takes its types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import xpiler
from tests.runtime.support import Program
from xpiler.driver.pair import verify_files
from xpiler.driver.report import InputError, Report
from xpiler.verify.evidence import Refuted, is_verified
from xpiler.verify.run.harness import RunOk, execute

BOTH = """\
__global__ void k(float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = x[i] * 2.0f;
}
__global__ void k(OTHER *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = x[i] + 3;
}
"""

TYPES = """\
typedef double real;
struct pair_of { float a, b; };
namespace ns {
__global__ void k(float *y, pair_of v) { *y = v.b; }
__global__ void k(float *y, const real *x);
__global__ void k(float *y, const int *x) { *y = 1; }
__global__ void k(float *y, const real *x) { *y = 2; }
__global__ void k(float *y, const float4 *x) { *y = 3; }
__global__ void k(float *y, const float *x) { *y = 4; }
__global__ void k(float *y, int n) { *y = 5; }
__global__ void k(float *y, unsigned n) { *y = 6; }
__global__ void k(float *y, long long n) { *y = 7; }
__global__ void k(float *y, float n = 0.0f) { *y = 8; }
}
"""


ONE = np.ones(4, np.float32)
CALLS = {
    1: ("x:*i32", ONE.view(np.int32)),
    2: ("x:*f64", np.ones(2)),
    4: ("x:*f32", ONE),
    5: ("n:i32", np.int32(1)),
    6: ("n:u32", np.uint32(1)),
    7: ("n:i64", np.int64(1)),
    8: ("n:f32", np.float32(1)),
    2.5: ("a:f32@v.a b:f32@v.b", np.float32(1.5), np.float32(2.5)),
}


def test_types_choose_the_overload() -> None:
    program = Program(
        TYPES, [("ns::k", f"y:*f32 {parameters}") for parameters, *_ in CALLS.values()]
    )
    y = np.zeros(1, np.float32)
    calls = [program.call("ns::k", y, *args) for _, *args in CALLS.values()]
    results = execute(program.path, [replace(c, entry=i) for i, c in enumerate(calls)])
    assert [r.buffers[0][0] for r in results if isinstance(r, RunOk)] == list(CALLS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "other"), [("hip", "double"), ("avx512", "double"), ("bang", "int")]
)
def test_both_overloads_are_translated(target: str, other: str, tmp_path: Path) -> None:
    source = tmp_path / "both.cu"
    source.write_text(BOTH.replace("OTHER", other))
    out = tmp_path / f"both.{target}"
    report = xpiler.translate(source, target, xpiler.Settings(out=out, engine="symbolic"))
    assert isinstance(report, Report), report
    assert len(report.kernels) == 2
    assert all(is_verified(kernel.evidence) for kernel in report.kernels)
    names = ("k(", "k(") if target == "hip" else ("k(", "k_1(")
    text = out.read_text()
    assert all(f"void {name}" in text for name in names)
    assert f"{other} *x" in text


def test_each_overload_is_judged_by_itself(tmp_path: Path) -> None:
    text = BOTH.replace("OTHER", "double")
    first, second = tmp_path / "first.cu", tmp_path / "second.hip"
    first.write_text(text)
    second.write_text("#include <hip/hip_runtime.h>\n" + text.replace("+ 3", "+ 4"))
    found = verify_files(first, second)
    assert not isinstance(found, InputError), found
    assert is_verified(found["k"])
    assert isinstance(found["k_1"], Refuted)
