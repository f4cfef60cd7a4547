"""Kernels without the host code that cannot be built here: what stays, what goes, and that lines keep their numbers."""

from __future__ import annotations

from pathlib import Path

from xpiler.frontends.device_part import device_part, kernels_alone
from xpiler.frontends.lift import LiftedFile, lift

SOURCE = """\
#include <torch/extension.h>
#include "near.h"
#define HD __host__ __device__
#define KERNEL(name) __global__ void name
namespace cg = cooperative_groups;
using real = float;
constexpr int WIDTH = 4, half(int n) { return n / 2; }
enum class Mode { A, B };
struct Params { int n; float w[3]; };
static const float TABLE[2] = {1.0f, 2.0f};
std::vector<torch::Tensor> kept;
torch::Tensor forward(torch::Tensor x);
namespace lib {
template <typename T> HD T twice(T x) { return x + x; }
KERNEL(first)(real *x) { x[0] = twice(x[1]); }
#ifdef FAST
torch::Tensor forward(torch::Tensor x) {
#else
torch::Tensor slow(torch::Tensor x) {
#endif
  lib::first<<<1, 1>>>(x.data_ptr<float>());
  return x;
}
}  // namespace lib
extern "C" __global__ void second(Params p, int *y) { y[0] = p.n * WIDTH; }
PYBIND11_MODULE(NAME, m) { m.def("forward", &lib::forward); }
int main() { return 0; }
"""


def test_what_kernels_need_stays_where_it_was() -> None:
    part = device_part(SOURCE, ["torch/extension.h"], [11]).splitlines()
    whole = SOURCE.splitlines()
    assert len(part) == len(whole)
    stays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 17, 19, 23, 24]
    assert [n for n, line in enumerate(part) if line.strip()] == stays
    assert [part[n] for n in stays] == [whole[n] for n in stays]


def test_a_file_that_builds_is_left_alone() -> None:
    text = "#include <cstdio>\n__global__ void k(int *x) { x[0] = 1; }\nint main() { return 0; }\n"
    found = lift(text, Path("k.cu"))
    assert isinstance(found, LiftedFile)
    assert kernels_alone(text, Path("k.cu"), found.unread) == text


def test_host_code_of_an_absent_library_goes() -> None:
    text = (
        "#include <torch/extension.h>\n"
        "__global__ void k(int *x) { x[0] = 1; }\n"
        "void host(torch::Tensor t) { k<<<1, 1>>>(t.data_ptr<int>()); }\n"
    )
    found = lift(text, Path("k.cu"))
    assert isinstance(found, LiftedFile)
    part = kernels_alone(text, Path("k.cu"), found.unread)
    assert part.split() == "__global__ void k(int *x) { x[0] = 1; }".split()


def test_what_kernels_need_of_a_local_header_that_includes_an_absent_library(
    tmp_path: Path,
) -> None:
    (tmp_path / "common.h").write_text(
        "#pragma once\n#include <cublas_v2.h>\n#include <cstdio>\nstatic cublasHandle_t handle;\n"
        'inline void check(cublasStatus_t s) { printf("%d", (int)s); }\n#define WIDTH 4\n'
    )
    (tmp_path / "plain.h").write_text("#define HEIGHT 2\n")
    text = (
        '#include "common.h"\n#include "plain.h"\n'
        "__global__ void k(float *y) { y[threadIdx.x % WIDTH] = HEIGHT; }\n"
    )
    path = tmp_path / "k.cu"
    path.write_text(text)
    found = lift(text, path)
    assert isinstance(found, LiftedFile)
    part = kernels_alone(text, path, found.unread)
    assert "#define WIDTH 4" in part
    assert '#include "plain.h"' in part
    for absent in ("common.h", "cublas", "handle", "check"):
        assert absent not in part
