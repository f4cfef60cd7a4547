"""`xpiler verify A B` on errors that an engineer makes in B, which the source's own decisions do not point at."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.driver.pair import verify_files
from xpiler.driver.report import InputError
from xpiler.verify.evidence import Evidence, Refuted, is_verified, summary

SCALE = """\
#include <cuda_runtime.h>
__global__ void k(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] > 0.0f ? x[i] : 0.0f;
}
void run(const float *hx, float *hy, int n) {
  float *x, *y;
  cudaMalloc(&x, n * sizeof(float));
  cudaMalloc(&y, n * sizeof(float));
  cudaMemcpy(x, hx, n * sizeof(float), cudaMemcpyHostToDevice);
  k<<<(n + 127) / 128, 128>>>(x, y, n);
  cudaMemcpy(hy, y, n * sizeof(float), cudaMemcpyDeviceToHost);
}
"""


def verdict(folder: Path, before: str, after: str) -> Evidence:
    first, second = folder / "a.cu", folder / "b.cu"
    first.write_text(before)
    second.write_text(after)
    found = verify_files(first, second)
    assert not isinstance(found, InputError), found
    return found["k"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "= x[i] > 0.0f ? x[i] : 0.0f",
            "= x[i] > 1e-6f ? x[i] : 0.0f",
        ),  # a value of the candidate's
        ("? x[i] : 0.0f", "? x[i] * (n > 5000 ? 1.001f : 1.0f) : 0.0f"),  # a size of its own
        (
            "if (i < n)",
            "if (i < n && !(n % 32 != 0 && n > 3000 && i == n - 1))",
        ),  # the last element
    ],
)
def test_where_only_the_candidate_decides_is_tested(tmp_path: Path, old: str, new: str) -> None:
    assert isinstance(verdict(tmp_path, SCALE, SCALE.replace(old, new)), Refuted)


def test_other_names_of_parameters_are_no_hindrance(tmp_path: Path) -> None:
    other = SCALE.replace("x[i] > 0.0f", "x[i] > 1e-6f").replace(
        "*x, float *y, int n)", "*y, float *x, int n)", 1
    )
    other = other.replace(
        "if (i < n) y[i] = x[i] > 1e-6f ? x[i]", "if (i < n) x[i] = y[i] > 1e-6f ? y[i]"
    )
    assert isinstance(verdict(tmp_path, SCALE, other), Refuted)


def test_a_branch_of_the_candidate_that_no_run_takes_is_named(tmp_path: Path) -> None:
    strange = SCALE.replace("? x[i] : 0.0f", "? x[i] : (n * n == 1521 && i == 7 ? 1.0f : 0.0f)")
    found = verdict(tmp_path, SCALE, strange)
    assert is_verified(found)
    assert "b.cu:4" in summary(found)


def test_the_same_program_in_other_words_is_verified(tmp_path: Path) -> None:
    other = SCALE.replace("if (i < n) y[i]", "if (i >= n) return;\n  y[i]")
    found = verdict(tmp_path, SCALE, other)
    assert is_verified(found)
    assert "not tested" not in summary(found)


COUNT = """\
#include <cuda_runtime.h>
__global__ void k(const unsigned char *x, unsigned *h, int n) {
  __shared__ unsigned s[256];
  for (int j = threadIdx.x; j < 256; j += blockDim.x) s[j] = 0;
  __syncthreads();
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(&s[x[i]], 1u);
  __syncthreads();
  for (int j = threadIdx.x; j < 256; j += blockDim.x) atomicAdd(&h[j], s[j]);
}
void run(const unsigned char *hx, unsigned *hh, int n) {
  unsigned char *x;
  unsigned *h;
  cudaMalloc(&x, n);
  cudaMalloc(&h, 1024);
  cudaMemset(h, 0, 1024);
  cudaMemcpy(x, hx, n, cudaMemcpyHostToDevice);
  k<<<(n + 127) / 128, 128>>>(x, h, n);
  cudaMemcpy(hh, h, 1024, cudaMemcpyDeviceToHost);
}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("atomicAdd(&s[x[i]], 1u)", "s[x[i]] += 1u"),
        ("atomicAdd(&h[j], s[j])", "h[j] += s[j]"),
        ("atomicAdd(&h[j], s[j])", "{ unsigned was = h[j]; h[j] = was + s[j]; }"),
    ],
)
def test_an_update_that_is_no_atomic_any_more_is_not_verified(
    tmp_path: Path, old: str, new: str
) -> None:
    found = verdict(tmp_path, COUNT, COUNT.replace(old, new))
    assert not is_verified(found)
    assert "by atomics" in summary(found) or isinstance(found, Refuted)


def test_atomics_in_other_words_are_verified(tmp_path: Path) -> None:
    other = COUNT.replace("int j", "int b").replace("j < 256; j +=", "b < 256; b +=")
    other = other.replace("s[j]", "s[b]").replace("h[j]", "h[b]")
    assert is_verified(verdict(tmp_path, COUNT, other))


ROUNDED = SCALE.replace("x[i] > 0.0f ? x[i] : 0.0f", "fminf(rintf(x[i] * 16.0f), 127.0f)")


@pytest.mark.parametrize("other", ["roundf(x[i] * 16.0f)", "floorf(x[i] * 16.0f + 0.5f)"])
def test_ways_of_rounding_are_told_apart(tmp_path: Path, other: str) -> None:
    candidate = ROUNDED.replace("rintf(x[i] * 16.0f)", other)
    assert isinstance(verdict(tmp_path, ROUNDED, candidate), Refuted)
