"""Whole programs with a `main`: host API, templates, launches in macros, local headers, HIP names."""

from pathlib import Path

import pytest

from xpiler.backends.hip.executor import hip_on_cpu
from xpiler.verify.run import sandbox
from xpiler.verify.run.build import RUNTIME, Built, _run
from xpiler.verify.run.executors import on_runtime
from xpiler.verify.run.oracle import CudaRuntime, build_program

HOST = """\
#include <cstdio>
#include <vector>
#include <cuda_runtime.h>
#include "kernels.cuh"
#define CHECK(call) report((call), __FILE__, __LINE__)
#define LAUNCH(kernel, n, ...) kernel<<<((n) + 63) / 64, 64>>>(__VA_ARGS__)

namespace app {
template <typename T> void twice(T *x, int n) { scale<T, 2><<<dim3((n + 63) / 64), dim3(64), 0, 0>>>(x, n); }
}

static void report(cudaError_t e, const char *file, int line) {
  if (e != cudaSuccess) printf("%s:%d %s\\n", file, line, cudaGetErrorString(e));
}

static int calls = 0;
static int next() { return ++calls; }

int main() {
  const int n = 100;
  std::vector<float> h(n);
  for (int i = 0; i < n; ++i) h[i] = i;
  float *x = nullptr, *y = nullptr;
  cudaStream_t stream;
  cudaEvent_t start, stop;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaEventCreate(&start));
  CHECK(cudaEventCreate(&stop));
  CHECK(cudaMalloc(&x, n * sizeof(float)));
  CHECK(cudaMalloc((void **)&y, n * sizeof(float)));
  CHECK(cudaMemcpyAsync(x, h.data(), n * sizeof(float), cudaMemcpyHostToDevice, stream));
  CHECK(cudaMemset(y, 0, n * sizeof(float)));
  CHECK(cudaEventRecord(start, stream));
  app::twice(x, n);
  LAUNCH(add, n, x, y, nullptr, n);
  add<<<2, 64, 0, stream>>>(x, y, NULL, n - 50 * next());
  CHECK(cudaEventRecord(stop, stream));
  CHECK(cudaEventSynchronize(stop));
  float ms = -1;
  CHECK(cudaEventElapsedTime(&ms, start, stop));
  CHECK(cudaMemcpy(h.data(), y, n * sizeof(float), cudaMemcpyDeviceToHost));
  printf("%g %g %d %d\\n", h[10], h[99], ms >= 0, calls);
  void *args[] = {&x, (void *)&n};
  CHECK(cudaLaunchKernel((const void *)scale<float, 3>, dim3(2), dim3(64), args, 0, stream));
  CHECK(cudaMemcpy(h.data(), x, n * sizeof(float), cudaMemcpyDeviceToHost));
  float factor = 0;
  CHECK(cudaMemcpyFromSymbol(&factor, offset_by, sizeof factor));
  printf("%g %g\\n", h[7], factor);
  add<<<1, 4096>>>(x, y, nullptr, n);
  printf("%s\\n", cudaGetErrorName(cudaGetLastError()));
  printf("%s\\n", cudaGetErrorName(cudaGetLastError()));
  CHECK(cudaMemcpy(x, h.data(), (n + 1) * sizeof(float), cudaMemcpyHostToDevice));
  cudaDeviceProp prop;
  CHECK(cudaGetDeviceProperties(&prop, 0));
  int blocks = 0;
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 256, 0));
  printf("%d %d\\n", prop.warpSize, blocks > 0);
  CHECK(cudaFree(x));
  CHECK(cudaFree(y));
  CHECK(cudaFree(&h));
  return 3;
}
"""
HEADER = """\
#pragma once
#include "more/device.h"
template <typename T, int factor> __global__ void scale(T *x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= factor;
}
__global__ void add(const float *x, float *y, const int *skip, int n) {
  __shared__ float tile[64];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  tile[threadIdx.x] = i < n ? x[i] + offset_by : 0;
  __syncthreads();
  if (i < n && !skip) y[i] += tile[threadIdx.x];
}
"""


def run(built, **env):
    assert isinstance(built, Built), built.stderr
    import tempfile

    with tempfile.TemporaryDirectory() as work:
        done = sandbox.run((str(built.path),), Path(work), env=env)
    assert isinstance(done, sandbox.Finished), done
    return done


def test_a_program_with_host_code_and_local_headers(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "kernels.cuh").write_text(HEADER)
    (tmp_path / "more" / "device.h").write_text(
        "#pragma once\n__constant__ float offset_by = 0.5f;\n"
    )
    done = run(build_program(HOST, tmp_path / "main.cu"))
    assert done.code == 3
    assert done.stdout.splitlines() == [
        "41 198.5 1 1",
        "42 0.5",
        "cudaErrorInvalidConfiguration",
        "cudaSuccess",
        "main.cu:52 invalid argument",
        "32 1",
        "main.cu:60 invalid device pointer",
    ]
    assert "4096" in done.stderr
    assert "main.cu:49" in done.stderr


def test_changing_a_local_header_builds_anew(tmp_path):
    header = tmp_path / "value.h"
    text = '#include <cstdio>\n#include "value.h"\nint main() { printf("%d", VALUE); }\n'
    for value in ("1", "2"):
        header.write_text(f"#define VALUE {value}\n")
        assert run(build_program(text, tmp_path / "m.cu")).stdout == value
    assert build_program(text, tmp_path / "m.cu").cached


def test_grid_synchronisation_needs_a_cooperative_launch(tmp_path):
    kernel = "__global__ void k(int *x) { cooperative_groups::this_grid().sync(); x[0] = 1; }\n"
    text = kernel + "int main() { int *x; cudaMallocManaged(&x, 64); k<<<1, 1>>>(x); }\n"
    done = run(build_program(text, tmp_path / "m.cu"))
    assert done.code == 83
    assert "m.cu:1 needs a cooperative launch" in done.stderr
    text = (
        kernel
        + """int main() {
      int *x; cudaMallocManaged(&x, 64); void *args[] = {&x};
      cudaLaunchCooperativeKernel((void *)k, 2, 64, args); return x[0]; }
    """
    )
    assert run(build_program(text, tmp_path / "m.cu")).code == 1


def test_seed_from_the_environment(tmp_path):
    text = '#include <cstdio>\n__global__ void k() { printf("%d ", threadIdx.x); }\n'
    text += "int main() { k<<<1, 5>>>(); cudaDeviceSynchronize(); }\n"
    built = build_program(text, tmp_path / "m.cu")
    assert run(built).stdout == "0 1 2 3 4 "
    shuffled = run(built, XPILER_SEED="9").stdout
    assert shuffled != "0 1 2 3 4 "
    assert sorted(shuffled.split()) == list("01234")


HIP = """\
#include <hip/hip_runtime.h>
#include <hip/hip_fp16.h>
#include <cstdio>
template <int N> __global__ void wave(float *p, unsigned long long *votes) {
  HIP_DYNAMIC_SHARED(float, room)
  int t = threadIdx.x;
  room[t] = p[t];
  __syncthreads();
  float v = room[t];
  for (int o = warpSize / 2; o; o /= 2) v += __shfl_xor(v, o);
  if (t % N == 0) votes[0] = __ballot(1);
  p[t] = v + __popcll(__activemask());
}
int main() {
  float *p;
  unsigned long long *votes;
  hipMallocManaged(&p, 64 * sizeof(float));
  hipMallocManaged(&votes, sizeof(*votes));
  for (int i = 0; i < 64; ++i) p[i] = i;
  hipLaunchKernelGGL((wave<2>), dim3(1), dim3(64), 256, 0, p, votes);
  if (hipDeviceSynchronize() != hipSuccess || hipGetLastError() != hipSuccess) return 1;
  hipDeviceProp_t prop;
  hipGetDeviceProperties(&prop, 0);
  printf("%g %g %llx %d\\n", p[0], p[63], votes[0], prop.warpSize);
}
"""


@pytest.mark.slow
def test_hip_at_both_wavefronts(tmp_path):
    wide = run(build_program(HIP, tmp_path / "a.hip", runtime=on_runtime(hip_on_cpu(64))))
    assert wide.stdout == "2080 2080 5555555555555555 64\n"
    narrow = run(build_program(HIP, tmp_path / "a.hip", runtime=on_runtime(hip_on_cpu(32))))
    assert narrow.stdout == "528 1552 55555555 32\n"


def test_headers_are_free_of_warnings():
    """Each public header alone and twice, as CUDA and as HIP."""
    include = RUNTIME / "include"
    names = [
        "cuda_runtime.h",
        "cuda_fp16.h",
        "mma.h",
        "cooperative_groups/reduce.h",
        "math_constants.h",
    ]
    hip = ["hip/hip_runtime.h", "hip/hip_bf16.h", "rocwmma/rocwmma.hpp"]
    for listed, flags in ((names, ()), (hip, ("-D__HIPCC__=1", "-DXPILER_WARP=64"))):
        text = "".join(f"#include <{n}>\n" for n in (*listed, *listed))
        command = (
            "g++",
            "-std=c++17",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
            "-I",
            str(include),
            *flags,
        )
        assert _run((*command, "-x", "c++", "-"), text + '#include "xpiler/entry.h"\n') is None
    harness = (
        "gcc",
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-pedantic",
        "-Werror",
        "-fsyntax-only",
        "-I",
        str(include),
    )
    assert (
        _run((*harness, "-x", "c", "-"), '#include "xpiler/harness.h"\nxp_launch launch;\n') is None
    )


@pytest.mark.slow
def test_runtime_sources_are_free_of_warnings():
    for source in sorted((RUNTIME / "src").glob("*.c*")):
        compiler = "gcc" if source.suffix == ".c" else "g++"
        flags = ("-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", str(RUNTIME / "include"))
        assert _run((compiler, *flags, str(source))) is None, source.name


def test_a_runtime_of_its_own_name():
    assert CudaRuntime().kind == "runtime"
    assert CudaRuntime().available() == ""
    assert on_runtime(hip_on_cpu(32)).warp == 32
