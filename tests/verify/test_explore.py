"""Branches that ordinary inputs do not take: values and sizes that lead there, and a word on what stays untested."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from xpiler.driver.pair import verify_files
from xpiler.driver.report import InputError
from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.types import F16, F32, I32
from xpiler.verify.branches.coverage import Arm, instrumented
from xpiler.verify.branches.directed import further_sizes, pointed, worth_pointing
from xpiler.verify.branches.thresholds import Threshold, thresholds
from xpiler.verify.cases.case import Case, Concrete, ConcreteBuffer, ConcreteScalar
from xpiler.verify.cases.infer_bare import infer_bare
from xpiler.verify.evidence import Refuted, Tested, evidence_from_json, evidence_to_json, summary
from xpiler.verify.inputs import prepare

SOURCE = """\
#include <cuda_runtime.h>
__global__ void rare(const float *x, const int *m, float *y, int n, int mode) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float v = x[i];
    if (v > 1e6f) v = 1e6f + 0.5f * (v - 1e6f);
    if (isnan(v)) v = -1.0f;
    if (m[i] == 12345) v = 0.25f;
    if (n > 4096) v += 1.0f;
    if (m[i] == 7 && m[i] == 9) v = 3.0f;
    if (i == 6000) v = 4.0f;
    y[i] = mode == 3 ? v * 2.0f : v;
  }
}
__global__ void sums(const float *x, float *y, int *flag, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float s = 0.0f;
  for (int k = 0; k < 8; ++k) s += x[(i + k) % n];
  if (s > 1000.0f) { y[i] = 1000.0f; flag[0] = 1; }
  else if (expf(x[i]) > 5e5f) y[i] = x[i] > 20.0f ? 2.0f : 5.0f;
  else y[i] = s;
}
"""
ERRORS = [
    ("0.5f *", "0.25f *"),
    ("isnan(v)", "v > 3e38f"),
    ("12345", "12346"),
    ("n > 4096", "n > 4999"),
    ("v = 4.0f", "v = 4.5f"),
    ("mode == 3", "mode == 4"),
    ("y[i] = 1000.0f", "y[i] = 999.0f"),
    ("? 2.0f", "? 3.0f"),
    ("v > 1e6f", "v >= 1.1e6f"),
]


@pytest.mark.slow
def test_what_no_run_took_is_said(tmp_path: Path) -> None:
    (tmp_path / "k.cu").write_text(SOURCE)
    found = verify_files(tmp_path / "k.cu", tmp_path / "k.cu")
    assert not isinstance(found, InputError)
    rare, sums = found["rare"], found["sums"]
    assert isinstance(rare, Tested)
    assert rare.unreached == ("k.cu:10:5: the condition is never true",)
    assert "not tested: k.cu:10:5" in summary(rare)
    assert isinstance(sums, Tested)
    assert sums.unreached == ()


@pytest.mark.slow
@pytest.mark.parametrize(("right", "wrong"), ERRORS)
def test_errors_in_rare_branches_are_found(right: str, wrong: str, tmp_path: Path) -> None:
    assert SOURCE.count(right) == 1
    (tmp_path / "a.cu").write_text(SOURCE)
    (tmp_path / "b.cu").write_text(SOURCE.replace(right, wrong))
    found = verify_files(tmp_path / "a.cu", tmp_path / "b.cu")
    assert not isinstance(found, InputError)
    assert any(isinstance(evidence, Refuted) for evidence in found.values())


HEAD = "__global__ void k(const f32 *x, const i32 *m, f32 *y, i32 n, f32 t)"
INDEX = "i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);"


def kernel(body: str) -> Module:
    module = parse_module(f"{HEAD} {{\n{INDEX}\nif (i < n) {{ {body} }}\n}}\n")
    assert check(module) == ()
    return module


def solved(body: str) -> dict[str, list[tuple[float, bool]]]:
    return {n: [(t.value, t.exact) for t in v] for n, v in thresholds(kernel(body)).items()}


def test_comparisons_are_solved_for_what_is_loaded() -> None:
    assert solved("if (x[i] > 100.0f) { y[i] = 1.0f; }") == {"x": [(100.0, True)]}
    assert solved("f32 v = x[i]; if (fabs(v) < 0.5f) { y[i] = v; }") == {
        "x": [(0.5, True), (-0.5, True)]
    }
    assert solved("if (x[i] * 4.0f - 2.0f >= 10.0f) { y[i] = 1.0f; }") == {"x": [(3.0, False)]}
    assert solved("if (m[i] + 5 == 12) { y[i] = 1.0f; }") == {"m": [(7.0, True)]}
    assert solved("if (sqrt(x[i]) > 30.0f) { y[i] = 1.0f; }") == {"x": [(900.0, False)]}
    assert solved("if (t > 8.0f) { y[i] = 1.0f; }") == {"t": [(8.0, True)]}


def test_what_is_accumulated_or_shared_is_followed() -> None:
    body = "f32 s = 0.0f; for (i32 k = 0; k < 8; k += 1) { s = s + x[i * 8 + k]; } if (s > 99.0f) { y[i] = s; }"
    assert (99.0, False) in solved(body)["x"]
    body = "f32 a[4]; a[0] = x[i]; f32 b = a[0]; if (b == 77.0f) { y[i] = b; }"
    assert solved(body) == {"x": [(77.0, True)]}


def test_special_values_where_the_kernel_asks_for_them() -> None:
    (nan, exact), *_ = solved("f32 v = x[i]; if (isnan(v)) { y[i] = v; }")["x"]
    assert math.isnan(nan)
    assert exact
    assert [v for v, _ in solved("if (isinf(x[i])) { y[i] = 1.0f; }")["x"]] == [math.inf, -math.inf]


def test_what_random_inputs_meet_is_left_to_them() -> None:
    assert not worth_pointing({"x": [Threshold(0.0, True), Threshold(-3.0, True)]})
    assert worth_pointing({"x": [Threshold(0.5, True)]})
    assert worth_pointing({"x": [Threshold(math.nan, True)]})


def _inputs(*arguments: ConcreteBuffer | ConcreteScalar) -> Concrete:
    return Concrete("k", (("n", 64),), (1, 1, 1), (64, 1, 1), 0, arguments)


def test_values_at_a_threshold_and_beside_it() -> None:
    real = ConcreteBuffer("x", F32, 4096, "in", "auto", ())
    whole = ConcreteBuffer("m", I32, 4096, "in", "auto", ())
    positions = ConcreteBuffer("p", I32, 4096, "in", "index", (9,))
    base = prepare(_inputs(real, whole, positions), 0)
    found = {name: [Threshold(1e6, True)] for name in ("x", "m", "p")}
    result = pointed(base, found, 100)
    x, m, p = result.arrays
    for value in (1e6, np.nextafter(np.float32(1e6), np.float32(np.inf)), 1.25e6, 0.75e6):
        assert np.any(x == np.float32(value))
    assert {10**6 - 1, 10**6, 10**6 + 1} <= set(m.tolist())
    assert np.array_equal(p, base.arrays[2])
    assert 0.15 < np.mean(x != base.arrays[0]) < 0.35
    assert result.seed == 100


def test_what_was_computed_is_not_put_at_the_threshold() -> None:
    """Right programs round differently there, and would take different branches."""
    base = prepare(_inputs(ConcreteBuffer("x", F32, 4096, "in", "auto", ())), 0)
    (x,) = pointed(base, {"x": [Threshold(100.0, False)]}, 100).arrays
    assert not np.any(x == 100)
    assert np.any(x == 125)


def test_values_whose_sums_would_overflow_are_left_out() -> None:
    base = prepare(_inputs(ConcreteBuffer("x", F16, 64, "in", "auto", ())), 0)
    (x,) = pointed(base, {"x": [Threshold(65504.0, True)]}, 100).arrays
    assert np.array_equal(x, base.arrays[0])


def test_a_program_that_decides_by_its_bounds_alone_is_not_watched() -> None:
    assert instrumented(kernel("y[i] = x[i];")) is None


def _arms(source: str, tmp_path: Path) -> tuple[Arm, ...]:
    from xpiler.frontends.lift import lift
    from xpiler.frontends.results import LiftedFile

    lifted = lift(source, tmp_path / "k.cu")
    assert isinstance(lifted, LiftedFile)
    found = instrumented(lifted.lifted[0].program)
    assert found is not None
    assert check(found.program) == ()
    return found.arms


def test_arms_of_all_kinds(tmp_path: Path) -> None:
    arms = [str(a) for a in _arms(SOURCE, tmp_path)]
    assert "k.cu:6:5: the condition is never true" in arms
    assert "k.cu:6:5: the condition is never false" in arms
    assert "k.cu:12:12: the condition of ?: is never true" in arms
    loop = "__global__ void k(const int *m, int *y) { for (int i = 0; i < m[0]; ++i) y[i] = m[i + 1] > 3; }"
    assert "k.cu:1:43: the loop never runs" in [str(a) for a in _arms(loop, tmp_path)]


def test_sizes_beside_the_numbers_of_a_condition(tmp_path: Path) -> None:
    body = "if (n > 4096) { y[i] = 2.0f; } else { y[i] = x[i] + (f32)m[i] * t; }"
    module = kernel(body)
    case = infer_bare(module, module.kernels[0])
    assert isinstance(case, Case)
    (arm, *_) = [a for a in _arms(SOURCE, tmp_path) if a.place.line == 9]
    sizes = [found["n"] for found in further_sizes(module, case, [arm])]
    assert sizes[:3] == [4097, 4096, 4099]


def test_evidence_keeps_what_was_not_reached() -> None:
    tested = Tested(1, ("n=3",), 3, 4, "e", unreached=("k.cu:3:1: the loop never runs",))
    assert evidence_from_json(evidence_to_json(tested)) == tested
