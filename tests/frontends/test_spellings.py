"""Spellings that nvcc takes and clang does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.api import Settings, translate
from xpiler.driver.report import InputError
from xpiler.frontends.lift import LiftedFile, lift
from xpiler.frontends.spellings import alignment_first
from xpiler.ir.types import Pointer
from xpiler.verify.evidence import is_verified

KERNEL = """__global__ void flip(float *x) {
  DECLARED
  float *s = (float *)raw;
  s[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = s[31 - threadIdx.x];
}
int main() { float *d; cudaMalloc(&d, 128); flip<<<1, 32, 128>>>(d); }
"""


@pytest.mark.parametrize(
    "declared",
    [
        "__shared__ alignas(16) float raw[32];",
        "alignas(16) __shared__ float raw[32];",
        "__shared__ alignas(alignof(float4)) float raw[32];",
        "extern __shared__ alignas(128) unsigned char raw[];",
        "__shared__ extern alignas(128) unsigned char raw[];",
        "__shared__ __align__(16) float raw[32];",
    ],
)
def test_an_alignment_stands_on_either_side_of_the_memory_space(declared: str) -> None:
    lifted = lift(KERNEL.replace("DECLARED", declared), Path("flip.cu"))
    assert isinstance(lifted, LiftedFile)
    assert [k.source_name for k in lifted.lifted] == ["flip"]


def test_the_text_keeps_its_length_and_lines() -> None:
    text = "extern __shared__\n  alignas(f(4))\n  char raw[];\nalignas(8) int y;"
    moved = alignment_first(text)
    assert len(moved) == len(text)
    assert moved.count("\n") == text.count("\n")
    assert moved.startswith("alignas(f(4))")
    assert moved.endswith("alignas(8) int y;")


ARRAYS = """
__device__ float total(const float v[4], int n) { float t = 0; for (int i = 0; i < n; i++) t += v[i]; return t; }
__device__ void twice(float2 w[2], float m[][2]) { w[0].x *= 2; w[1].y += w[0].x; m[1][0] = 3; }
__global__ void k(const float x[], float y[16], int n) {
  __shared__ float s[4]; __shared__ float2 w[2]; __shared__ float m[2][2];
  if (threadIdx.x < 4) s[threadIdx.x] = x[threadIdx.x];
  if (threadIdx.x == 0) { w[0].x = x[0]; w[1].y = x[1]; twice(w, m); }
  __syncthreads();
  float own[4] = {1, 2, 3, x[0]};
  if (threadIdx.x < n) y[threadIdx.x] = total(s, 4) + total(own, 4) + w[1].y + m[1][0];
}
int main() { float *x, *y; cudaMalloc(&x, 64); cudaMalloc(&y, 64); k<<<1, 16>>>(x, y, 16); }
"""


def test_a_parameter_that_is_written_as_an_array_is_a_pointer() -> None:
    lifted = lift(ARRAYS, Path("arrays.cu"))
    assert isinstance(lifted, LiftedFile)
    assert not lifted.refused
    x, y, _ = lifted.lifted[0].program.kernels[0].params
    assert isinstance(x.type, Pointer)
    assert isinstance(y.type, Pointer)
    assert x.type.const
    assert not y.type.const


@pytest.mark.slow
def test_arrays_as_parameters_are_verified(tmp_path: Path) -> None:
    path = tmp_path / "arrays.cu"
    path.write_text(ARRAYS)
    report = translate(path, "avx512", Settings(out=tmp_path / "out"))
    assert not isinstance(report, InputError)
    assert all(is_verified(k.evidence) for k in report.kernels)
