"""cuComplex.h: complex numbers are vectors of two, and their functions device code."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.api import translate
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile
from xpiler.ir.print_c import print_module

TEXT = """#include <cuComplex.h>
__global__ void scaled(cuFloatComplex *a, const cuComplex *b, float s, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    cuFloatComplex p = cuCmulf(a[i], cuConjf(b[i]));
    a[i] = make_cuFloatComplex(cuCrealf(p) * s, cuCabsf(p));
  }
}
"""
DOUBLE = """
__global__ void ratio(const cuDoubleComplex *a, const cuDoubleComplex *b, cuDoubleComplex *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) c[i] = cuCadd(cuCdiv(a[i], b[i]), cuConj(a[i]));
}
"""


def test_functions_of_complex_numbers_are_lifted() -> None:
    found = lift(TEXT + DOUBLE, Path("k.cu"))
    assert isinstance(found, LiftedFile)
    assert [d for d in found.diagnostics if d.code == "XP1003"] == []
    scaled, ratio = (print_module(k.program) for k in found.lifted)
    assert "void scaled(f32 *a, const f32 *b, f32 s, i32 n)" in scaled
    assert "sqrt(" in scaled
    assert "f64 *c" in ratio


@pytest.mark.slow
@pytest.mark.parametrize("target", ["hip", "avx512"])
def test_they_are_verified(tmp_path: Path, target: str) -> None:
    source = tmp_path / "k.cu"
    source.write_text(TEXT + DOUBLE)
    assert translate(source, target).exit_status == 0
