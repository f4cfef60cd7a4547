"""Pointers that may be null: lifted as a question, tested with and without them, wrong answers refuted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.frontends.lifting import lift_text, shown
from xpiler.api import Settings, translate, verify_pair
from xpiler.driver.report import Report
from xpiler.ir.interpret import interpret
from xpiler.ir.parse_c import parse_module
from xpiler.verify.cases.case import Case
from xpiler.verify.cases.case_file import parse_cases, print_cases
from xpiler.verify.cases.infer import infer_cases
from xpiler.verify.cases.optional import optional_pointers
from xpiler.verify.evidence import Refuted, Tested

KERNEL = """
__device__ float plus(float v, const float *p, int i) { return p != nullptr ? v + p[i] : v; }
__global__ void k(const float *x, const float *bias, const float *mask, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float v = plus(x[i], bias, i);
  if (mask) v *= mask[i];
  y[i] = plus(v, nullptr, i);
}
"""
HOST = """
__global__ void k(const float *x, const float *bias, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2.0f * x[i] + (bias == NULL ? 0.0f : bias[i]);
}
void run(float *hx, float *hy, int n) {
  float *x, *y;
  cudaMalloc(&x, n * sizeof(float)); cudaMalloc(&y, n * sizeof(float));
  cudaMemcpy(x, hx, n * sizeof(float), cudaMemcpyHostToDevice);
  k<<<(n + 127) / 128, 128>>>(x, nullptr, y, n);
  cudaMemcpy(hy, y, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(x); cudaFree(y);
}
"""


def case_of(text: str) -> Case:
    found = lift_text(text)
    cases = infer_cases(found.lifted[0], found.launches)
    assert isinstance(cases, tuple)
    return cases[0]


def test_a_comparison_with_null_stays_a_question() -> None:
    text = shown(KERNEL)
    assert "given(bias) ? " in text
    assert "if (given(mask)) {" in text
    assert text.count("given(") == 2  # a literal null pointer is known
    assert "if (!given(p))" in shown("__global__ void k(int *p, int *q) { if (!p) q[0] = 1; }")


def test_memory_of_the_kernel_is_always_given() -> None:
    text = "__global__ void k(int *q) { __shared__ int s[4]; int *p = s; if (p) q[0] = 1; }"
    assert "given" not in shown(text)


def test_each_pointer_is_null_in_some_shapes() -> None:
    case = case_of(KERNEL)
    flags = [(s["bias_given"], s["mask_given"]) for s in case.shapes]
    assert set(flags) == {(1, 1), (1, 0), (0, 1), (0, 0)}
    assert flags[0] == (1, 1)
    assert all(s["n"] > 100 for s in case.shapes if not s["bias_given"])
    elements = {a.name: str(getattr(a, "elements", "")) for a in case.arguments}
    assert elements["bias"] == "n * bias_given"
    assert elements["x"] == "n"
    assert parse_cases(print_cases([case])) == (case,)


def test_a_launch_with_a_null_pointer_is_a_launch_like_any_other() -> None:
    case = case_of(HOST)
    assert "run()" in case.note
    assert {s["bias_given"] for s in case.shapes} == {0, 1}


def test_the_pointers_of_which_a_kernel_asks_are_told() -> None:
    kernel = lift_text(KERNEL).lifted[0].program.kernels[0]
    assert optional_pointers(kernel) == ("bias", "mask")


@pytest.mark.slow
def test_a_shape_at_which_the_source_follows_a_null_pointer_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "k.cu"
    source.write_text(
        "__global__ void k(const float *x, const float *w, const float *b, float *y, int n) {\n"
        "  int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
        "  if (i < n) y[i] = w ? x[i] * w[i] + b[i] : b ? b[i] : x[i];\n}\n"
    )
    report = translate(source, "hip", Settings(out=tmp_path / "out"))
    assert isinstance(report, Report)
    (evidence,) = (k.evidence for k in report.kernels)
    assert isinstance(evidence, Tested)
    assert any("b_given=0: the source itself fails (a null pointer" in n for n in evidence.notes)
    assert any("w_given=0, b_given=0" in s for s in evidence.shapes)


def test_an_empty_list_is_a_null_pointer_to_the_interpreter() -> None:
    module = parse_module(
        "__global__ void k(const i32 *p, i32 *y) { y[0] = given(p) ? p[0] : 7; }\n"
    )
    for p, expected in (([5], 5), ([], 7)):
        y = [0]
        interpret(module, {"p": p, "y": y}, (1, 1, 1), (1, 1, 1))
        assert y == [expected]


@pytest.mark.parametrize("target", ["hip", "avx512", "bang"])
@pytest.mark.parametrize("text", [KERNEL, HOST])
def test_it_is_verified_with_and_without(target: str, text: str, tmp_path: Path) -> None:
    source = tmp_path / "k.cu"
    source.write_text(text)
    report = translate(source, target, Settings(out=tmp_path / "out"))
    assert isinstance(report, Report)
    assert [k.status for k in report.kernels] == ["verified"], report


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("p != nullptr ? v + p[i] : v", "v + p[i]"),
        ("p != nullptr ? v + p[i] : v", "p != nullptr ? v + p[i] : 0.0f"),
        ("if (mask) v *= mask[i];", "v *= mask[i];"),
        ("if (mask) v *= mask[i];", "if (mask || bias) v *= mask[i];"),
        ("if (mask) v *= mask[i];", "if (mask) v *= mask[i]; else if (!bias) v = x[i] + 1.0f;"),
    ],
)
def test_a_kernel_that_treats_null_otherwise_is_refuted(old: str, new: str, tmp_path: Path) -> None:
    assert old in KERNEL
    first, second = tmp_path / "a.cu", tmp_path / "b.cu"
    first.write_text(KERNEL)
    second.write_text(KERNEL.replace(old, new))
    found = verify_pair(first, second)
    assert isinstance(found, Mapping)
    assert isinstance(found["k"], Refuted)
