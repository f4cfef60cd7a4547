"""Kernels that nobody tuned for, which were wrong, refused or not understood once."""

from __future__ import annotations

from pathlib import Path

import pytest

import xpiler
from xpiler.driver.report import Report

HOST = """
void run(const float *hx, float *hy, int n) {{
  float *x, *y;
  cudaMalloc(&x, n * sizeof(float));
  cudaMalloc(&y, n * sizeof(float));
  cudaMemcpy(x, hx, n * sizeof(float), cudaMemcpyHostToDevice);
  {0}
  cudaMemcpy(hy, y, n * sizeof(float), cudaMemcpyDeviceToHost);
}}
"""

BODY = "int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) y[i] = x[i] * 2.0f + 1.0f;"
SIGNATURE = "(const float *x, float *y, int n)"

INDENTED = (
    "#include <cuda_runtime.h>\n  __global__ void k" + SIGNATURE + " { " + BODY + " }\n"
) + HOST.format("k<<<(n + 63) / 64, 64>>>(x, y, n);")

BEHIND_A_BRACE = (
    "#include <cuda_runtime.h>\nnamespace ns { __global__ void k"
    + SIGNATURE
    + " { "
    + BODY
    + " } }\n"
) + HOST.format("ns::k<<<(n + 63) / 64, 64>>>(x, y, n);")

MEASURED_SYMBOL = (
    """#include <cuda_runtime.h>
#define R 2
__constant__ float w[2 * R];
__global__ void k(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = w[0] + x[i] * (w[1] + x[i] * (w[2] + x[i] * w[3]));
}
"""
) + HOST.format(
    "float hw[4] = {1, 2, 3, 4}; cudaMemcpyToSymbol(w, hw, sizeof(w));\n"
    "  k<<<(n + 127) / 128, 128>>>(x, y, n);"
)

CAST_SHARED = (
    """#include <cuda_runtime.h>
extern __shared__ unsigned char raw[];
__global__ void k(const float *x, float *y, int n) {
  float *s = (float *)raw;
  int *p = (int *)(s + 64);
  int t = threadIdx.x, i = blockIdx.x * 64 + t;
  s[t] = i < n ? x[i] : 0.0f;
  p[63 - t] = t;
  __syncthreads();
  if (i < n) y[i] = s[63 - t] + p[t];
}
"""
) + HOST.format("k<<<(n + 63) / 64, 64, 64 * 8>>>(x, y, n);")


def translated(folder: Path, text: str, target: str) -> Report:
    path = folder / "k.cu"
    path.write_text(text)
    report = xpiler.translate(path, target, xpiler.Settings(out=Path("-")))
    assert isinstance(report, Report), report
    return report


@pytest.mark.parametrize(
    ("text", "target"),
    [
        pytest.param(INDENTED, "avx512", id="an indented kernel"),
        pytest.param(BEHIND_A_BRACE, "avx512", id="a kernel behind a brace"),
        pytest.param(MEASURED_SYMBOL, "bang", id="sizeof of a symbol in host code"),
        pytest.param(CAST_SHARED, "hip", id="shared memory at file scope under a C cast"),
    ],
)
def test_is_verified(tmp_path: Path, text: str, target: str) -> None:
    report = translated(tmp_path, text, target)
    assert report.exit_status == 0, [k.evidence for k in report.kernels]
