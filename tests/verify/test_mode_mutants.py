"""A wrong constant in one mode, an end that is off by one in one mode: refuted, or named as not tested."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.frontends.lifting import lift_text
from xpiler.driver.pair import verify_files
from xpiler.driver.report import InputError
from xpiler.ir.types import F32
from xpiler.verify.branches.coverage import instrumented
from xpiler.verify.branches.directed import pointed, single, turns
from xpiler.verify.branches.thresholds import Threshold
from xpiler.verify.cases.case import Concrete, ConcreteScalar
from xpiler.verify.cases.infer import infer_cases
from xpiler.verify.evidence import Refuted
from xpiler.verify.inputs import Style, draw, prepare

I = "int i = blockIdx.x * blockDim.x + threadIdx.x; if (i >= n) return;"
SOURCES = {
    "flag": f"__global__ void k(const float *x, float *y, int n, bool b) {{ {I} y[i] = b ? x[i] * 2 : x[i] * 3; }}",
    "switch": f"""__global__ void k(const float *x, float *y, int n, int op) {{ {I} float v = x[i];
  switch (op) {{ case 1: v += 1; break; case 2: v *= 2; break; case 5: v = -v; break; default: v = 4; }} y[i] = v; }}""",
    "bits": f"""__global__ void k(const int *x, int *y, int n, unsigned f) {{ {I}
  int v = x[i]; if (f & 1) v = -v; if (f & 8) v <<= 1; y[i] = v; }}""",
    "minimum": """__global__ void k(const float *x, float *y, int rows, int cols, int op) {
  int r = blockIdx.x * blockDim.x + threadIdx.x; if (r >= rows) return;
  float a = op == 2 ? -INFINITY : op == 3 ? INFINITY : 0.f;
  for (int c = 0; c < cols; ++c) { float v = x[r * cols + c]; a = op == 2 ? fmaxf(a, v) : op == 3 ? fminf(a, v) : a + v; }
  y[r] = a; }""",
    "beta": f"""__global__ void k(const float *x, float *y, int n, float beta) {{ {I}
  if (beta == 0.f) y[i] = x[i]; else y[i] = x[i] + beta * y[i]; }}""",
    "step": f"""__global__ void k(const float *x, float *y, int n, int s) {{ {I}
  if (s == 1) y[i] = x[i]; else y[i] = x[i * s]; }}""",
    "end": f"__global__ void k(const float *x, float *y, int n) {{ {I} y[i] = n < 300 ? x[i] * 3 : x[i] * 4; }}",
    "partner": """__global__ void k(int *x, int n, int j, int s, int dir) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, o = i ^ j;
  if (i < n && o > i && o < n) { bool up = ((i & s) == 0) == (dir == 1);
    int a = x[i], b = x[o]; if ((a > b) == up) { x[i] = b; x[o] = a; } } }""",
    "image": """__global__ void k(const float *x, const float *w, float *y, int h, int wd, int kk, int s, int p, int dil) {
  int c = blockIdx.x * blockDim.x + threadIdx.x, r = blockIdx.y * blockDim.y + threadIdx.y;
  int oh = (h + 2 * p - dil * (kk - 1) - 1) / s + 1, ow = (wd + 2 * p - dil * (kk - 1) - 1) / s + 1;
  if (r >= oh || c >= ow) return; float a = 0;
  for (int i = 0; i < kk; ++i) for (int j = 0; j < kk; ++j) { int yy = r * s - p + i * dil, xx = c * s - p + j * dil;
    if (yy >= 0 && yy < h && xx >= 0 && xx < wd) a += x[yy * wd + xx] * w[i * kk + j]; }
  y[r * ow + c] = a; }""",
    "launches": f"""__global__ void k(const float *x, float *y, int n, int pass) {{ {I} float v = x[i];
  switch (pass) {{ case 0: v += 1; break; case 1: v *= 2; break; case 2: v -= 3; break;
  case 3: v *= -1.5f; break; }} y[i] = v; }}
void run(const float *x, float *y, int n) {{ for (int p = 0; p < 2; ++p) k<<<(n + 255) / 256, 256>>>(x, y, n, p);
  k<<<(n + 255) / 256, 256>>>(x, y, n, 2); k<<<(n + 255) / 256, 256>>>(y, (float *)x, n, 2);
  k<<<(n + 127) / 128, 128>>>(x, y, n, 2); k<<<(n + 255) / 256, 256>>>(x, y, n, 3); }}""",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("flag", "x[i] * 3", "x[i] * 4"),
        ("switch", "v = -v", "v = 1 - v"),
        ("switch", "default: v = 4", "default: v = 5"),
        ("bits", "f & 8", "f & 4"),
        ("minimum", "INFINITY : 0.f", "0.f : 0.f"),
        ("beta", "y[i] = x[i];", "y[i] = x[i] + 0.1f * y[i];"),
        ("step", "y[i] = x[i];", "y[i] = x[i] + 1;"),
        ("end", "n < 300", "n < 301"),
        ("partner", "dir == 1", "dir != 0"),
        ("image", "xx < wd", "xx < wd - 1"),
        ("launches", "-1.5f", "-1.25f"),
    ],
)
def test_what_is_wrong_in_one_mode_is_refuted(
    name: str, right: str, wrong: str, tmp_path: Path
) -> None:
    source = f"#include <cuda_runtime.h>\n{SOURCES[name]}\n"
    assert source.count(right) == 1
    (tmp_path / "a.cu").write_text(source)
    (tmp_path / "b.cu").write_text(source.replace(right, wrong))
    found = verify_files(tmp_path / "a.cu", tmp_path / "b.cu")
    assert not isinstance(found, InputError)
    assert [type(e) for e in found.values()] == [Refuted]


def test_each_case_of_a_switch_is_an_arm_of_its_own() -> None:
    """They stand at one place: a case that no run took counted as taken when another one was."""
    (kernel,) = lift_text(SOURCES["switch"]).lifted
    found = instrumented(kernel.program)
    assert found is not None
    said = {arm.what for arm in found.arms}
    assert {"case 1 never comes", "case 5 never comes", "only its cases come"} <= said


def test_launches_in_further_modes_are_further_cases() -> None:
    lifted = lift_text(SOURCES["launches"])
    cases = infer_cases(lifted.lifted[0], lifted.launches)
    assert isinstance(cases, tuple)
    passes = {
        str(a.value)
        for c in cases
        for a in c.arguments
        if a.name == "pass" and not hasattr(a, "role")
    }
    assert "3" in passes


def test_a_drawn_number_is_at_each_value_that_it_is_compared_with() -> None:
    concrete = Concrete("k", (), (1, 1, 1), (1, 1, 1), 0, (ConcreteScalar("t", F32, None, "auto"),))
    found = {"t": [Threshold(0.0, True), Threshold(2.0, True)]}
    assert single(concrete) == {"t"}
    values = [
        float(pointed(prepare(concrete, 0), found, 100, turn).array("t")[0])
        for turn in range(turns(concrete, found))
    ]
    assert {0.0, 2.0} <= set(values)


def test_a_few_elements_have_one_sign() -> None:
    """That a maximum starts at 0 shows where all is negative."""
    for style, sign in ((Style.MIXED, 1), (Style.OPPOSITE, -1)):
        values = draw(F32, 15, "auto", (), style, np.random.default_rng(3))
        assert set(np.sign(values)) == {sign}
