"""Emitted files: golden texts, builds without warnings, host code kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backends.avx512.support import translate, warnings
from xpiler.backends.avx512.emit.entry import callable_text
from xpiler.backends.avx512.emit.lines import wrapped
from xpiler.backends.avx512.emit.scoped import scoped_names
from xpiler.ir.parse_c import parse_module

EXAMPLES = Path(__file__).parents[3] / "examples"
Golden = Callable[[str, str], None]

SAXPY = """\
__global__ void saxpy(int n, float a, const float *x, float *y) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) y[i] = a * x[i] + y[i];
}
"""
DOT = """\
__global__ void dot4(const int *a, const int *b, int *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) c[i] = __dp4a(a[i], b[i], c[i]);
}
"""
SCALED = """\
#include <cuda_fp16.h>
#include <cstdio>
struct Options { float scale; int n; };
// Not a kernel.
static int blocks(int n) { return (n + 127) / 128; }  /* stays as it is */
__constant__ float table[4];
__device__ float twice(float x) { return x + x; }
template <typename T> __global__ void scaled(const T *in, T *out, Options o) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < o.n) out[i] = (T)(twice((float)in[i]) * o.scale + table[i & 3]);
}
void run(const float *in, float *out, const __half *hin, __half *hout, int n) {
  Options o = {0.5f, n};
  scaled<float><<<blocks(n), 128>>>(in, out, o);
  scaled<<<blocks(n), 128>>>(hin, hout, o);
}
"""


@pytest.mark.parametrize(("name", "source"), [("saxpy", SAXPY), ("dot4", DOT), ("scaled", SCALED)])
def test_golden(name: str, source: str, golden: Golden) -> None:
    emitted, _ = translate(source, f"{name}.cu")
    golden(f"avx512/{name}{emitted.suffix}", emitted.text)


def test_golden_softmax(golden: Golden) -> None:
    emitted, _ = translate((EXAMPLES / "softmax.cu").read_text(), "softmax.cu")
    golden(f"avx512/softmax{emitted.suffix}", emitted.text)


def test_a_bare_kernel_is_c() -> None:
    assert translate(SAXPY)[0].suffix == ".c"
    assert translate(SCALED)[0].suffix == ".cpp"


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("source", [SAXPY, DOT, SCALED], ids=["saxpy", "dot4", "scaled"])
def test_builds_without_warnings(source: str, compiler: str, tmp_path: Path) -> None:
    emitted, _ = translate(source)
    if emitted.suffix == ".cpp":
        compiler = {"gcc": "g++", "clang": "clang++"}[compiler]
    if shutil.which(compiler) is None:
        assert compiler.startswith("clang"), "gcc is required"
        return
    assert warnings(emitted.text, emitted.suffix, tmp_path, compiler) == ""


def test_host_code_is_edited_not_printed() -> None:
    text = translate(SCALED)[0].text
    for line in (
        "struct Options { float scale; int n; };",
        "static int blocks(int n) { return (n + 127) / 128; }  /* stays as it is */",
        "void run(const float *in, float *out, const __half *hin, __half *hout, int n) {",
        "  Options o = {0.5f, n};",
        "  scaled<float>(blocks(n), 128, 0, in, out, o);",
        "  scaled(blocks(n), 128, 0, hin, hout, o);",
        "static float table[4];",
    ):
        assert f"\n{line}\n" in text
    assert "twice" not in text
    assert "<<<" not in text
    assert "cuda_fp16.h" not in text


def test_only_what_is_used_is_printed() -> None:
    text = translate(SAXPY)[0].text
    assert "xp_exp_ps" not in text
    assert "cuda" not in text.replace("kernel.cu ", "")


def test_a_refused_kernel_is_left_out_and_said() -> None:
    source = SAXPY + "__global__ void other(float **p) { p[0][threadIdx.x] = 1.0f; }\n"
    emitted, _ = translate(source)
    assert [d.code for d in emitted.diagnostics] == ["XP3001"]
    assert "/* kernel other was not translated */" in emitted.text


def test_a_host_function_with_the_kernel_s_name() -> None:
    source = SAXPY + 'extern "C" void saxpy(float *y, int n) { saxpy<<<1, 64>>>(n, 2.0f, y, y); }\n'
    text = translate(source)[0].text
    assert 'extern "C" void saxpy_kernel(xp_dim3 grid' in text
    assert 'extern "C" void saxpy(float *y, int n) { saxpy(1, 64, 0, n, 2.0f, y, y); }' in text


def test_a_half_passed_by_value_is_widened_once() -> None:
    source = """#include <cuda_fp16.h>
__global__ void scale(const __half *x, __half *y, __half factor, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = __hmul(x[i], factor);
}
"""
    text = translate(source)[0].text
    assert "const float factor_ = xp_half_to_float(factor);" in text
    assert "_mm512_set1_ps(factor_)" in text


def test_names_of_the_launch_give_way_to_the_kernel_s_own() -> None:
    source = """__global__ void k(const float *x, float *grid, int shared_bytes) {
  int block = blockIdx.x, i = block * blockDim.x + threadIdx.x;
  for (; i < shared_bytes; i += gridDim.x * blockDim.x) grid[i] = x[i] + block;
}
"""
    text = translate(source)[0].text
    head = "void k(xp_dim3 launch_grid, xp_dim3 block, size_t launch_shared_bytes, const float *x,"
    assert head in text
    assert "(int32_t)launch_grid.x" in text
    assert 'extern "C" ' + head in callable_text(text, cpp=True)


def test_names_repeat_where_c_lets_them() -> None:
    body = parse_module(
        "void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, f32 *x, i32 n) {"
        " for (i32 t = 0; t < n; t += 1) { i32 u = t; x[u] = 0.0f; }"
        " for (i32 t_2 = 0; t_2 < n; t_2 += 1) { for (i32 t_3 = 0; t_3 < n; t_3 += 1) { x[t_3 + t_2] = 1.0f; } }"
        " i32 N_1 = n; i32 for_1 = N_1; i32 n_1 = for_1; x[n_1] = 2.0f; }\n"
    ).kernels[0]
    names = scoped_names(body.body, {"x", "n"})
    assert names == {
        "t": "t", "u": "u", "t_2": "t", "t_3": "t_1", "N_1": "N_1", "for_1": "for_1", "n_1": "n_1",
    }  # fmt: skip


def test_long_lines_break_where_they_nest_least() -> None:
    inner = "g(" + ", ".join(f"argument_{n}" for n in range(8)) + ")"
    text = wrapped(f"  value = f(first, {inner}, last_of_the_outer_ones);\n")
    assert text.splitlines()[0] == "  value = f(first,"
    assert max(map(len, text.splitlines())) <= 100
    assert "".join(text.split()) == "".join(
        f"value=f(first,{inner},last_of_the_outer_ones);".split()
    )
    assert wrapped("  short;\n") == "  short;\n"


def test_a_loop_that_counts_is_a_for() -> None:
    source = """
__global__ void k(float *x, int n) {
  int s = n;
  while (s > 0) { x[s] = 1.0f; s /= 2; }
  int t = n;
  while (t > 0) { x[t] = 2.0f; t /= 2; }
  x[0] = t;
}
void run(float *x, int n) { k<<<1, 1>>>(x, n); }
"""
    emitted, _ = translate(source)
    assert "for (int32_t s = n; s > 0; s /= 2) {" in emitted.text
    assert "for (; t > 0; t /= 2) {" in emitted.text


def test_the_bound_of_a_split_loop_is_an_index() -> None:
    source = """
__global__ void k(const float *x, float *y, int heads, int dim) {
  int half = dim / 2;
  for (int t = threadIdx.x; t < heads * half; t += blockDim.x) y[t % half] = x[t / half];
}
void run(const float *x, float *y, int h, int d) { k<<<4, 128>>>(x, y, h, d); }
"""
    emitted, _ = translate(source)
    assert "for (; t < heads * half - 15; t += 128) {" in emitted.text
