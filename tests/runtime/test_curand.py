"""cuRAND's device functions: the numbers that cuRAND's own headers gave, and kernels that draw, on every target."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xpiler.api import Settings, translate
from xpiler.backends.curand_states import states
from xpiler.verify.run.build import Built
from xpiler.verify.run.oracle import build_program
from xpiler.verify.run.sandbox import Limits, run

HERE = Path(__file__).parent / "hardware"
KERNELS = """
#include <curand_kernel.h>

__global__ void setup(curandState *states, unsigned long long seed, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) curand_init(seed, i, 0, &states[i]);
}

__global__ void draw(curandState *states, float *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  curandState local = states[i];
  x[i] = curand_uniform(&local) + curand_normal(&local);
  states[i] = local;
}
"""


@pytest.mark.slow
def test_the_numbers_are_curand_s() -> None:
    source = HERE / "curand_check.cu"
    built = build_program(source.read_text(), source)
    assert isinstance(built, Built), built
    found = run([str(built.path)], built.path.parent, Limits()).stdout.splitlines()
    wanted = (HERE / "curand_numbers.txt").read_text().splitlines()
    assert len(found) == len(wanted) > 190
    for mine, theirs in zip(found, wanted, strict=True):
        if re.match(r"  (?:log_)?normal", theirs):  # by way of the C library's logarithm and sine
            values = [float(v) for v in theirs.split()[1:]]
            assert [float(v) for v in mine.split()[1:]] == pytest.approx(values, rel=2e-6), theirs
        else:
            assert mine == theirs


def test_only_the_states_that_a_text_names_are_defined() -> None:
    assert list(states("float *x")) == []
    (definition,) = states("void f(curandStatePhilox4_32_10_t *s)")
    assert "curandStateXORWOW" not in definition


@pytest.mark.slow
@pytest.mark.parametrize("target", ["hip", "avx512", "bang"])
def test_kernels_that_draw_are_verified(target: str, tmp_path: Path) -> None:
    source = tmp_path / "draw.cu"
    source.write_text(KERNELS)
    report = translate(source, target, Settings(out=tmp_path / f"draw.{target}"))
    assert report.exit_status == 0, report.text
