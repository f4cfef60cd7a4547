"""Emitted files: host code on CNRT, launches, templates, file-scope data; compiled and run on the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.backends.bang.simulate import build, run
from xpiler.backends.bang.arch import ARCHITECTURES
from xpiler.backends.bang.cnrt import to_cnrt
from xpiler.backends.bang.target import TARGET
from xpiler.backends.bang.toolchain import INCLUDE, simulated
from xpiler.backends.base import EmitRequest, Emitted, KernelEntry, TranslatedKernel
from xpiler.driver.pipeline import run_pipeline
from xpiler.frontends.lift import lift
from xpiler.frontends.results import LiftedFile

SOURCE = """\
// A file with everything: templates, constant memory, streams, events.
#include <cstdio>
#include <cuda_runtime.h>

#define CHECK(x) do { \\
    cudaError_t e = (x); \\
    if (e != cudaSuccess) { printf("%s\\n", cudaGetErrorString(e)); return 1; } \\
  } while (0)

__constant__ float weights[2][2];
__device__ float twice(float x) { return 2.0f * x; }

struct Shape { int rows; int cols; };

template <typename T, int FACTOR>
__global__ void scale(const T *x, T *y, Shape shape) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < shape.rows * shape.cols) y[i] = x[i] * (T)FACTOR;
}

__global__ void weigh(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = twice(x[i]) * weights[i % 2][1] + weights[1][0];
}

int main() {
  const int n = 1000;
  static float h[n], w[4] = {1, 2, 3, 4};
  static int k[n];
  for (int i = 0; i < n; ++i) h[i] = k[i] = i;
  float *x, *y;
  int *p, *q;
  CHECK(cudaMalloc(&x, n * sizeof(float)));
  CHECK(cudaMalloc((void **)&y, n * sizeof(float)));
  CHECK(cudaMalloc(&p, n * sizeof(int)));
  CHECK(cudaMalloc(&q, n * sizeof(int)));
  cudaStream_t stream;
  cudaEvent_t start, stop;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaEventCreate(&start));
  CHECK(cudaEventCreate(&stop));
  CHECK(cudaEventRecord(start, stream));
  CHECK(cudaMemcpyToSymbol(weights, w, sizeof(w)));
  CHECK(cudaMemcpyAsync(x, h, n * sizeof(float), cudaMemcpyHostToDevice, stream));
  CHECK(cudaMemcpy(p, k + 0, n * sizeof(int), cudaMemcpyHostToDevice));
  weigh<<<(n + 127) / 128, 128, 0, stream>>>(x, y, n);
  Shape shape = {10, 100};
  scale<float, 3><<<dim3(8), dim3(128)>>>(y, x, shape);
  scale<int, 5><<<8, 128>>>(p, q, shape);
  CHECK(cudaGetLastError());
  CHECK(cudaEventRecord(stop));
  CHECK(cudaEventSynchronize(stop));
  float ms = -1;
  CHECK(cudaEventElapsedTime(&ms, start, stop));
  CHECK(cudaMemcpy(h, x, n * sizeof(float), cudaMemcpyDeviceToHost));
  CHECK(cudaMemcpy(k, q, n * sizeof(int), cudaMemcpyDeviceToHost));
  CHECK(cudaDeviceSynchronize());
  printf("%g %g %d %d\\n", h[1], h[999], k[7], ms >= 0);
  cudaFree(x), cudaFree(y), cudaFree(p), cudaFree(q);
  return 0;
}
"""


def translate(source: str, path: Path, options: Mapping[str, str] | None = None) -> Emitted:
    options = options or {}
    lifted = lift(source, path)
    assert isinstance(lifted, LiftedFile), lifted
    kernels = []
    for n, kernel in enumerate(lifted.lifted):
        done = run_pipeline(kernel.program, TARGET.pipeline(kernel.program, options), TARGET.facts)
        assert done.failure is None, done.failure
        entry = KernelEntry(n, kernel.program.kernels[0], kernel.source_name, kernel.symbol)
        kernels.append(TranslatedKernel(entry, kernel.program, done.program))
    return TARGET.emit(EmitRequest(source, path, tuple(kernels), options))


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Emitted:
    return translate(SOURCE, tmp_path_factory.mktemp("emit") / "file.cu")


def test_the_file_computes_what_the_source_does(emitted: Emitted, tmp_path: Path) -> None:
    done = run(build(emitted.text, tmp_path))
    assert done.returncode == 0, done.stderr
    # 3 * (2 x w + 3) with w = 4 for odd and 2 for even elements
    assert done.stdout.split() == ["33", str(3 * (2 * 999 * 4 + 3)), "35", "1"]


def test_host_code_is_on_cnrt_and_otherwise_the_users(emitted: Emitted) -> None:
    text = emitted.text
    assert emitted.suffix == ".mlu"
    assert "cuda" not in text[text.index("int main()") :]
    assert "CHECK(cnrtMalloc((void **)&x, n * sizeof(float)));" in text
    assert "CHECK(cnrtMalloc((void **)&y, n * sizeof(float)));" in text
    assert "cnrtMemcpyAsync(x, (void *)h, n * sizeof(float), stream, cnrtMemcpyHostToDev)" in text
    assert "cnrtMemcpy(p, (void *)(k + 0), n * sizeof(int), cnrtMemcpyHostToDev)" in text
    assert "// A file with everything" in text
    assert "launch_weigh((n + 127) / 128, 128, 0, stream, x, y, n);" in text
    assert "__mlu_entry__ void weigh(" in text
    assert "<<<tasks, cnrtFuncTypeUnion1, queue>>>" in text
    assert "if (__is_mpu()) return;" in text
    assert emitted.diagnostics == ()


@pytest.mark.parametrize(
    ("cuda", "cnrt"),
    [
        ("cudaMalloc(&p, n);", "cnrtMalloc((void **)&p, n);"),
        ("cudaMalloc((void**)&p, n);", "cnrtMalloc((void**)&p, n);"),
        ("cudaMemcpyAsync(d, s, n, cudaMemcpyDeviceToHost);",
         "cnrtMemcpyAsync(d, (void *)s, n, nullptr, cnrtMemcpyDevToHost);"),
        ("cudaMemcpyAsync(d, s, n, cudaMemcpyDeviceToHost, 0);",
         "cnrtMemcpyAsync(d, (void *)s, n, nullptr, cnrtMemcpyDevToHost);"),
        ("cudaMemsetAsync(p, 0, n);", "cnrtMemsetAsync(p, 0, n, nullptr);"),
        ("cudaEventRecord(e);", "cnrtPlaceNotifier(e, nullptr);"),
        ("cudaMemcpyFromSymbol(h, c, n);",
         "cnrtMemcpy(h, (char *)xp_symbol_c(), n, cnrtMemcpyDevToHost);"),
        ("cudaEventCreateWithFlags(&e, cudaEventDisableTiming);", "cnrtNotifierCreate(&e);"),
        ("cudaMallocAsync(&p, n, s);", "cnrtMalloc((void **)&p, n);"),
        ("cudaFreeAsync(p, s);", "xp_free_async(p, s);"),
        ("cudaHostAlloc((void **)&p, n, cudaHostAllocDefault);", "cnrtHostMalloc((void **)&p, n);"),
        ("CHECK(cudaFuncSetAttribute(k, cudaFuncAttributeMaxDynamicSharedMemorySize, n));",
         "CHECK((cnrtSuccess));"),
        ("cudaDeviceReset();", "(cnrtSuccess);"),
        ("cudaMemcpy2D(d, p, s, w, w, h, cudaMemcpyHostToDevice);",
         "xp_memcpy2d(d, p, s, w, w, h, cnrtMemcpyHostToDev);"),
        ("cudaMallocManaged(&p, n); cudaFree(p);", "xp_malloc_managed((void **)&p, n); xp_free(p);"),
        ("cudaMemGetInfo(&f, &t);", "cnrtMemGetInfo(&f, &t);"),
        ("cudaOccupancyMaxPotentialBlockSize(&g, &b, k<float>, 0, 0);", "xp_block_size(&g, &b);"),
        ("// cudaMalloc stays in comments", "// cudaMalloc stays in comments"),
        ('puts("cudaMalloc");', 'puts("cudaMalloc");'),
    ],
)  # fmt: skip
def test_host_calls(cuda: str, cnrt: str) -> None:
    assert to_cnrt(cuda) == (cnrt, ())


def test_a_call_without_counterpart_is_reported() -> None:
    text, left = to_cnrt("\n  cudaGraphLaunch(g, s);")
    assert "cudaGraphLaunch" in text
    assert left == (("cudaGraphLaunch", 2, 3),)


MANAGED = """\
#include <cstdio>
__global__ void twice(const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = 2.0f * x[i];
}
int main() {
  float *x, *y, *z, back[2] = {0, 0};
  cudaMallocManaged(&x, 400);
  cudaMallocManaged(&y, 400, cudaMemAttachGlobal);
  cudaMalloc(&z, 400);
  cudaMemset(x, 0, 400);
  for (int i = 1; i < 100; i++) x[i] = i;
  cudaMemPrefetchAsync(x, 400, 0);
  twice<<<1, 128>>>(x, y + 1, 99);
  cudaDeviceSynchronize();
  twice<<<1, 128>>>(y, z, 100);
  cudaMemcpy(back, z + 98, 8, cudaMemcpyDeviceToHost);
  printf("%g %g %g %g\\n", y[1], y[99], back[0], back[1]);
  cudaFree(x);
  cudaFree(y);
  cudaFree(z);
  if (y == nullptr) cudaGraphLaunch(nullptr, nullptr);
}
"""


def test_managed_memory_goes_to_the_device_and_back(tmp_path: Path) -> None:
    made = translate(MANAGED, tmp_path / "managed.cu")
    assert [d.code for d in made.diagnostics] == ["XP3302"]
    done = run(build(made.text, tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "196", "388", "392"]


@pytest.mark.parametrize(("arch", "vector"), [("mtp_592", True), ("mtp_270", False)])
def test_another_architecture(tmp_path: Path, arch: str, vector: bool) -> None:
    made = translate(SOURCE, tmp_path / "file.cu", {"arch": arch})
    assert f"--bang-mlu-arch={arch} " in made.text.splitlines()[0]
    assert ("__bang_mul_scalar(" in made.text) == vector
    (unit,) = TARGET.executors[0].units(made.text, Path("file.mlu"), ())
    assert f"-D__BANG_ARCH__={arch.removeprefix('mtp_')}" in unit.flags
    binary = build(made.text, tmp_path, "other", *(f for f in unit.flags if "ARCH" in f))
    done = run(binary)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["33", str(3 * (2 * 999 * 4 + 3)), "35", "1"]


def test_architectures_are_those_that_the_simulator_knows() -> None:
    header = (INCLUDE / "bang" / "core.h").read_text(encoding="utf-8")
    (option,) = TARGET.options
    assert set(option.choices) == set(ARCHITECTURES)
    assert all(a.nram % 1024 == 0 and a.nram < 768 * 1024 for a in ARCHITECTURES.values())
    assert "__BANG_ARCH__ == 372" in header


def test_simulation_keeps_lines() -> None:
    text = (
        "__mlu_entry__ void k() {\n  __nram__ float a[4];\n}\nvoid f() {\n  k<<<d, t, q>>>();\n}\n"
    )
    made = simulated(text)
    assert made.count("\n") == text.count("\n")
    assert "::bang::declare(a, sizeof a);" in made
    assert '::bang::Launcher(::bang::Where(), "k", d, t, q)(k)' in made


PAIRS = """\
#include <cstdio>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
struct Cell { int id; float4 value; float2 more; };
template <typename T> __device__ float widened(T x) { return (float)x; }
template <> __device__ float widened<__half>(__half x) { return __half2float(x) + 1.0f; }
__device__ float half_of(float x) { return 0.5f * x; }
__device__ float third_of(float x) { return x / 3.0f; }
__device__ float (*parts[2])(float) = {half_of, third_of};
template <int N> __global__ void pick(const Cell *cells, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = parts[N](cells[i].value.w) + cells[i].more.x;
}
template <> __global__ void pick<7>(const Cell *cells, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = widened(__float2half(cells[i].value.x)) + widened(1.0f);
}
int main() {
  Cell cells[3] = {};
  for (int i = 0; i < 3; ++i) {
    cells[i].value = make_float4(i, 0, 0, 6 * i);
    const float2 both = __half22float2(__floats2half2_rn(1.0f + i, 0.5f));
    cells[i].more = make_float2(both.x + both.y, __bfloat1622float2(__floats2bfloat162_rn(3, 4)).y);
  }
  Cell *c;
  float *y, back[3];
  cudaMalloc(&c, sizeof(cells));
  cudaMalloc(&y, sizeof(back));
  cudaMemcpy(c, cells, sizeof(cells), cudaMemcpyHostToDevice);
  pick<0><<<1, 32>>>(c, y, 3);
  cudaMemcpy(back, y, sizeof(back), cudaMemcpyDeviceToHost);
  printf("%g %g %g ", back[0], back[1], back[2]);
  pick<1><<<1, 32>>>(c, y, 3);
  cudaMemcpy(back, y, sizeof(back), cudaMemcpyDeviceToHost);
  printf("%g ", back[2]);
  pick<7><<<1, 32>>>(c, y, 3);
  cudaMemcpy(back, y, sizeof(back), cudaMemcpyDeviceToHost);
  printf("%g %d %g\\n", back[2], (int)sizeof(Cell), cells[0].more.y);
}
"""


def test_short_vectors_pairs_of_halves_specialisations_and_tables(tmp_path: Path) -> None:
    made = translate(PAIRS, tmp_path / "pairs.cu")
    assert made.diagnostics == ()
    assert made.text.count("__mlu_entry__") == 3
    done = run(build(made.text, tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1.5", "5.5", "9.5", "7.5", "4", "48", "4"]


QUERIES = """\
#include <cstdio>
__global__ void fill(int *x, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) x[i] = 7;
}
int main() {
  cudaDeviceProp prop;
  int cores = 0, grid, block, blocks;
  size_t left, all, none;
  int *x, back = 0;
  if (cudaGetDeviceProperties(&prop, 1) == cudaSuccess) return 1;
  if (cudaGetDeviceProperties(&prop, 0) != cudaSuccess) return 2;
  cudaDeviceGetAttribute(&cores, cudaDevAttrMultiProcessorCount, 0);
  cudaMemGetInfo(&left, &all);
  cudaOccupancyMaxPotentialBlockSize(&grid, &block, fill, 0, 0);
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill, 256, 0);
  cudaMalloc(&x, 4000);
  fill<<<grid, block>>>(x, 1000);
  cudaMemcpy(&back, x + 999, 4, cudaMemcpyDeviceToHost);
  printf("%d %d %d %d %d\\n", prop.multiProcessorCount == cores, prop.warpSize, all == prop.totalGlobalMem,
         blocks, back);
}
"""


def test_questions_about_the_device(tmp_path: Path) -> None:
    made = translate(QUERIES, tmp_path / "queries.cu")
    assert made.diagnostics == ()
    done = run(build(made.text, tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "32", "1", "1", "7"]


OPTIONAL = """\
#include <cstdio>
__global__ void opt(const float *x, const float *bias, const unsigned char *mask, float *y, int *count, int rows,
                    int cols) {
  int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= cols) return;
  for (int r = 0; r < rows; ++r) {
    float v = x[r * cols + c];
    if (bias) v += bias[c];
    if (mask != nullptr && !mask[r * cols + c]) v = 0.f;
    y[r * cols + c] = bias && v > 3.f ? v * bias[0] : v;
    if (count && c == 0) count[r] = rows;
  }
}
__global__ void scaled(const float *x, const float *scale, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * (scale ? scale[i % 4] : 1.f) + (scale != nullptr ? *scale : 0.f);
}
int main() {
  const int rows = 3, cols = 40;
  float x[rows * cols], b[cols], back[rows * cols], *dx, *db, *dy;
  unsigned char m[rows * cols], *dm;
  int *dc, count[rows];
  for (int i = 0; i < rows * cols; ++i) x[i] = i, m[i] = i % 2;
  for (int i = 0; i < cols; ++i) b[i] = 2;
  cudaMalloc(&dx, sizeof(x)); cudaMalloc(&dy, sizeof(x)); cudaMalloc(&db, sizeof(b));
  cudaMalloc(&dm, sizeof(m)); cudaMalloc(&dc, sizeof(count));
  cudaMemcpy(dx, x, sizeof(x), cudaMemcpyHostToDevice); cudaMemcpy(db, b, sizeof(b), cudaMemcpyHostToDevice);
  cudaMemcpy(dm, m, sizeof(m), cudaMemcpyHostToDevice);
  for (int k = 0; k < 4; ++k) {
    opt<<<1, 64>>>(dx, k & 1 ? db : nullptr, k & 2 ? dm : nullptr, dy, k == 3 ? dc : nullptr, rows, cols);
    cudaMemcpy(back, dy, sizeof(back), cudaMemcpyDeviceToHost);
    printf("%g %g ", back[100], back[101]);
  }
  cudaMemcpy(count, dc, sizeof(count), cudaMemcpyDeviceToHost);
  printf("%d ", count[2]);
  for (int k = 0; k < 2; ++k) {
    scaled<<<1, 128>>>(dx, k ? db : nullptr, dy, 120);
    cudaMemcpy(back, dy, sizeof(back), cudaMemcpyDeviceToHost);
    printf("%g ", back[100]);
  }
}
"""


def test_what_a_null_pointer_leaves_out_is_not_read(tmp_path: Path) -> None:
    made = translate(OPTIONAL, tmp_path / "optional.cu")
    done = run(build(made.text, tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        "100",
        "101",
        "204",
        "206",
        "0",
        "101",
        "0",
        "206",
        "3",
        "100",
        "202",
    ]
