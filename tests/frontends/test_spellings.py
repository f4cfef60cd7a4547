"""Spellings that nvcc takes and clang does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.frontends.lift import LiftedFile, lift
from xpiler.frontends.spellings import alignment_first

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
