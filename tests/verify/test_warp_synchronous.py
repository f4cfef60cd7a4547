"""Reductions that rely on warps in lock step at volatile shared memory: judged so, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import xpiler
from xpiler.driver.pair import verify_files
from xpiler.driver.report import InputError, Report
from xpiler.verify.evidence import Evidence, Refuted, Unverified, is_verified
from xpiler.verify.evidence import Tested as Passed
from xpiler.verify.observe import LOCKSTEP, RACE

UNROLLED = """\
template <unsigned int size>
__device__ void fold_warp(volatile float *part, unsigned int t) {
  if (size >= 64) part[t] += part[t + 32];
  if (size >= 32) part[t] += part[t + 16];
  if (size >= 16) part[t] += part[t + 8];
  if (size >= 8) part[t] += part[t + 4];
  if (size >= 4) part[t] += part[t + 2];
  if (size >= 2) part[t] += part[t + 1];
}

// Two elements for each thread, everything unrolled.
template <unsigned int size>
__global__ void reduce_pairs(const float *in, float *out, unsigned int n) {
  extern __shared__ float part[];
  unsigned int t = threadIdx.x, i = blockIdx.x * (size * 2) + t;
  float mine = i < n ? in[i] : 0.0f;
  if (i + size < n) mine += in[i + size];
  part[t] = mine;
  __syncthreads();
  if (size >= 256) { if (t < 128) part[t] += part[t + 128]; __syncthreads(); }
  if (size >= 128) { if (t < 64) part[t] += part[t + 64]; __syncthreads(); }
  if (t < 32) fold_warp<size>(part, t);
  if (t == 0) out[blockIdx.x] = part[0];
}

// Many elements for each thread.
template <unsigned int size>
__global__ void reduce_strided(const float *in, float *out, unsigned int n) {
  extern __shared__ float part[];
  unsigned int t = threadIdx.x;
  float mine = 0.0f;
  for (unsigned int i = blockIdx.x * size * 2 + t; i < n; i += size * 2 * gridDim.x) {
    mine += in[i];
    if (i + size < n) mine += in[i + size];
  }
  part[t] = mine;
  __syncthreads();
  if (size >= 128) { if (t < 64) part[t] += part[t + 64]; __syncthreads(); }
  if (t < 32) fold_warp<size>(part, t);
  if (t == 0) out[blockIdx.x] = part[0];
}

void reduce(const float *in, float *out, unsigned int n) {
  reduce_pairs<256><<<(n + 511) / 512, 256, 256 * sizeof(float)>>>(in, out, n);
  reduce_strided<128><<<4, 128, 128 * sizeof(float)>>>(in, out, n);
}
"""
LAST = """\
__global__ void last(const int *in, int *out, int n) {
  volatile __shared__ int part[64];
  int t = threadIdx.x, i = blockIdx.x * 64 + t;
  part[t] = i < n ? in[i] : 0;
  __syncthreads();
  if (t < 32) {
    part[t] += part[t + 32];
    part[t] += part[t + 16];
    part[t] += part[t + 8];
    part[t] += part[t + 4];
    part[t] += part[t + 2];
    part[t] += part[t + 1];
  }
  if (t == 0) out[blockIdx.x] = part[0];
}
void run(const int *in, int *out, int n) { last<<<(n + 63) / 64, 64>>>(in, out, n); }
"""


@pytest.mark.slow
@pytest.mark.parametrize("target", ["hip", "avx512", "bang"])
def test_the_unrolled_reductions_are_verified(target: str, tmp_path: Path) -> None:
    source = tmp_path / "reduce.cu"
    source.write_text(UNROLLED)
    settings = xpiler.Settings(out=tmp_path / f"reduce.{target}", engine="symbolic")
    report = xpiler.translate(source, target, settings)
    assert isinstance(report, Report), report
    assert len(report.kernels) == 2
    for kernel in report.kernels:
        assert isinstance(kernel.evidence, Passed), kernel.evidence
        assert LOCKSTEP in kernel.evidence.notes


def pair(folder: Path, source: str, candidate: str) -> Mapping[str, Evidence]:
    first, second = folder / "first.cu", folder / "second.hip"
    first.write_text(source)
    second.write_text("#include <hip/hip_runtime.h>\n" + candidate)
    found = verify_files(first, second)
    assert not isinstance(found, InputError), found
    return found


def test_a_step_that_is_missing_is_found(tmp_path: Path) -> None:
    assert is_verified(pair(tmp_path, LAST, LAST)["last"])
    wrong = LAST.replace("    part[t] += part[t + 4];\n", "")
    assert isinstance(pair(tmp_path, LAST, wrong)["last"], Refuted)


def test_without_volatile_it_stays_a_race(tmp_path: Path) -> None:
    plain = LAST.replace("volatile ", "")
    found = pair(tmp_path, plain, plain)["last"]
    assert isinstance(found, Unverified)
    assert found.reason.startswith(RACE)
