"""Files that include headers in the manner of the CUDA samples: vector arithmetic, error macros, timers."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.api import Settings, translate
from xpiler.driver.report import InputError
from xpiler.driver.source import Source, lift_whole, read_source
from xpiler.frontends.header_parts import only_used
from xpiler.frontends.lift import LiftedFile, lift
from xpiler.frontends.local_includes import with_local_device_code
from xpiler.frontends.sample_headers import declared, text_for
from xpiler.verify.evidence import is_verified, summary

VECTORS = """// Vectors, by the same people.
#ifndef HELPER_MATH_H
#define HELPER_MATH_H
#include "cuda_runtime.h"
typedef unsigned int uint;
#ifndef __CUDACC__
#include <math.h>
inline float fminf(float a, float b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
#endif

// sums
inline __host__ __device__ float2 operator+(float2 a, float2 b) { return make_float2(a.x + b.x, a.y + b.y); }
inline __host__ __device__ float3 operator+(float3 a, float3 b) {
  return make_float3(a.x + b.x, a.y + b.y, a.z + b.z);
}
inline __host__ __device__ float4 operator+(float4 a, float4 b) {
  return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}
inline __host__ __device__ void operator+=(float4 &a, float4 b) { a.x += b.x; a.y += b.y; a.z += b.z; a.w += b.w; }
inline __host__ __device__ float4 operator*(float4 a, float s) {
  return make_float4(a.x * s, a.y * s, a.z * s, a.w * s);
}
inline __host__ __device__ float4 make_float4(float s) { return make_float4(s, s, s, s); }
inline __host__ __device__ float3 make_float3(float4 a) { return make_float3(a.x, a.y, a.z); }
inline __host__ __device__ float dot(float2 a, float2 b) { return a.x * b.x + a.y * b.y; }
inline __host__ __device__ float dot(float3 a, float3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline __host__ __device__ float norm(float3 a) { return sqrtf(dot(a, a)); }
inline __device__ __host__ float clamp(float f, float a, float b) { return fmaxf(a, fminf(f, b)); }
#endif
"""
ERRORS = """#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <helper_string.h>
#ifdef __DRIVER_TYPES_H__
static const char *nameOf(cudaError_t e) { return cudaGetErrorName(e); }
#endif
#ifdef __DRIVER_TYPES_H__
template <typename T> void check(T r, char const *f, char const *file, int line) {
  if (r) { fprintf(stderr, "%s %s %s %d", nameOf(r), f, file, line); exit(1); }
}
#define checkCudaErrors(v) check((v), #v, __FILE__, __LINE__)
#endif
#ifdef __CUDA_RUNTIME_H__
inline int findCudaDevice(int argc, const char **argv) { checkCudaErrors(cudaSetDevice(0)); return 0; }
inline int countMultiprocessors() {
  int n = 0;
  checkCudaErrors(cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, 0));
  return n;
}
#endif
"""
STRINGS = """#pragma once
// "<<< no launch here >>>"
inline bool checkCmdLineFlag(const int, const char **, const char *) { return false; }
"""
TIMER = """#pragma once
#include <helper_string.h>
class StopWatchInterface { public: float total; };
inline bool sdkCreateTimer(StopWatchInterface **t) { *t = new StopWatchInterface(); return true; }
"""
MAIN = """#include <cstdio>
#include <cuda_runtime.h>
#include <helper_cuda.h>
#include <helper_math.h>
#include <helper_timer.h>
__global__ void blend(float4 *out, const float4 *a, const float4 *b, float s, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float4 v = a[i] * s + b[i];
    v += make_float4(1.0f);
    v.x = norm(make_float3(v));
    v.y = clamp(v.y, -1.0f, (float)max(1, i % 3));
    out[i] = v;
  }
}
int main(int argc, char **argv) {
  int n = 1000;
  StopWatchInterface *timer = NULL;
  sdkCreateTimer(&timer);
  findCudaDevice(argc, (const char **)argv);
  float4 *a, *b, *out;
  checkCudaErrors(cudaMalloc(&a, n * sizeof(float4)));
  checkCudaErrors(cudaMalloc(&b, n * sizeof(float4)));
  checkCudaErrors(cudaMalloc(&out, n * sizeof(float4)));
  blend<<<(n + 127) / 128, 128>>>(out, a, b, 2.0f, n);
  checkCudaErrors(cudaDeviceSynchronize());
  return checkCmdLineFlag(argc, (const char **)argv, "quick") ? 0 : 0;
}
"""


def tree(folder: Path, main: str = MAIN) -> tuple[Path, Path]:
    """The main file, and the folder of its headers."""
    common = folder / "Common"
    common.mkdir()
    texts = {"math": VECTORS, "cuda": ERRORS, "string": STRINGS, "timer": TIMER}
    for name, text in texts.items():
        (common / f"helper_{name}.h").write_text(text)
    path = folder / "main.cu"
    path.write_text(main)
    return path, common


def whole(path: Path, *dirs: Path) -> str:
    return with_local_device_code(path.read_text(), path, dirs)


def test_the_host_names_that_guards_hide_are_known(tmp_path: Path) -> None:
    path, common = tree(tmp_path)
    lifted = lift(MAIN, path, include_dirs=(common,))
    assert isinstance(lifted, LiftedFile)
    assert not lifted.diagnostics
    assert not lifted.refused


def test_headers_with_cuda_are_put_in_and_others_stay(tmp_path: Path) -> None:
    path, common = tree(tmp_path)
    text = whole(path, common)
    assert "helper_math.h" not in text
    assert "helper_cuda.h" not in text
    assert "float4 operator*(float4 a, float s)" in text
    assert "#include <helper_timer.h>" in text  # no CUDA in it; nor is the text of a comment
    assert "#include <cuda_runtime.h>" in text


def test_only_what_is_used_is_put_in(tmp_path: Path) -> None:
    path, common = tree(tmp_path)
    text = whole(path, common)
    assert "float2" not in text
    assert "Vectors, by the same people" in text
    assert "nameOf" not in text
    assert text.count("#define checkCudaErrors") == 1
    assert "getLastCudaError" not in text


def test_what_one_part_calls_comes_with_it() -> None:
    text = text_for(["helper_cuda.h"], frozenset({"findCudaDevice"}))
    assert text.index("#define checkCudaErrors") < text.index("int findCudaDevice")
    assert "checkCmdLineFlag" not in text


def test_more_of_the_header_than_is_known_brings_its_own_text(tmp_path: Path) -> None:
    calls = MAIN.replace("int n = 1000;", "int n = 10 * countMultiprocessors();")
    path, common = tree(tmp_path, calls)
    text = whole(path, common)
    assert "countMultiprocessors() {" in text
    assert "nameOf" in text
    assert text.count("#define checkCudaErrors") == 1
    assert declared(ERRORS) >= {"checkCudaErrors", "findCudaDevice", "countMultiprocessors"}


def test_a_header_that_is_not_here_is_replaced_too(tmp_path: Path) -> None:
    path = tmp_path / "main.cu"
    path.write_text(MAIN.replace("#include <helper_math.h>\n", ""))
    text = whole(path)
    assert "#define checkCudaErrors" in text
    assert "struct StopWatchInterface" in text
    assert "helper_timer.h" not in text


def test_a_toolkits_headers_are_never_put_in(tmp_path: Path) -> None:
    path, common = tree(tmp_path)
    (common / "cuda_runtime.h").write_text("__device__ void toolkit();\n")
    (common / "cublas_v2.h").write_text("__device__ void blas();\n")
    path.write_text("#include <cublas_v2.h>\n" + MAIN)
    text = whole(path, common)
    assert "toolkit" not in text
    assert "blas();" not in text


def test_overloads_for_types_that_nobody_names_go() -> None:
    kept = only_used(VECTORS, frozenset({"dot", "float3"}))
    assert "dot(float3" in kept
    assert "dot(float2" not in kept
    assert "clamp" not in kept
    assert "typedef unsigned int uint" in kept
    assert "#ifndef HELPER_MATH_H" in kept
    assert only_used("int f() { return 1; }\n", frozenset()) == "int f() { return 1; }\n"


@pytest.mark.parametrize("name", ["hip", "avx512", "bang"])
@pytest.mark.slow
def test_the_file_is_translated_with_its_host_code(tmp_path: Path, name: str) -> None:
    path, common = tree(tmp_path)
    done = translate(path, name, Settings(out=tmp_path / "out", include_dirs=(common,)))
    assert not isinstance(done, InputError)
    assert [summary(k.evidence) for k in done.kernels if not is_verified(k.evidence)] == []
    assert done.text
    assert "checkCudaErrors" in done.text
    assert "helper_math.h" not in done.text


def test_the_file_lifts_as_one_text(tmp_path: Path) -> None:
    path, common = tree(tmp_path)
    source = read_source(path, (common,))
    assert isinstance(source, Source)
    made = lift_whole(source)
    assert isinstance(made, tuple)
    assert "#define checkCudaErrors" in made[0].text
    assert len(made[1].lifted) == 1
