"""Bad input and unsupported constructs: values that point at the place, and the other kernels go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontends.lifting import lift_text, programs, refusal
from xpiler.frontends.lift import LiftedFile, ParseFailed, lift
from xpiler.ir.nodes import TileOp
from xpiler.ir.print_c import print_module
from xpiler.ir.walk import statements

OK = "__global__ void fine(int *x) { x[0] = 1; }\n"


@pytest.mark.parametrize(
    ("code", "source", "line", "word"),
    [
        ("XP1103", "__global__ void k(int *x) {\nagain: x[0]++;\nif (x[0] < 3) goto again; }", 3, "goto"),
        (
            "XP1102",
            "__device__ int f(int n) {\n return n < 2 ? 1 : n * f(n - 1); }\n"
            "__global__ void k(int *x) { x[0] = f(x[1]); }",
            2,
            "f is recursive",
        ),
        ("XP1104", '__global__ void k() {\n asm volatile("trap;"); }', 2, "trap"),
        ("XP1105", "__global__ void k(int *x) {\n int *p = new int[3]; x[0] = p[0]; }", 2, "new"),
        ("XP1105", "__global__ void k(int *x) {\n x[0] = *(int *)malloc(4); }", 2, "malloc"),
        (
            "XP1106",
            "struct S { __device__ virtual int f() { return 1; } };\n"
            "__global__ void k(int *x, S *s) { x[0] = 2; }",
            2,
            "",
        ),
        ("XP1101", "template <class F>\n__global__ void k(int *x, F f) { x[0] = f(1); }", 1, "not launched"),
        ("XP1110", "__global__ void k(\nfloat **x) { x[0][0] = 1; }", 2, "pointer to pointers"),
        ("XP1109", "__global__ void k(int *x, int *y) {\nif (x != y) y[0] = x[0]; }", 2, "one buffer"),
        ("XP1112", "__global__ void k(float *x) {\n x[0] = nextafterf(x[1], 1); }", 2, "nextafterf"),
    ],
)  # fmt: skip
def test_refused_with_its_place(code: str, source: str, line: int, word: str) -> None:
    found = refusal(source + "\n" + OK)
    if code != "XP1106":
        assert found.diagnostic.code == code
    assert word in found.diagnostic.message
    assert found.span is not None
    assert found.span.line == line
    assert [k.name for k in lift_text(source + "\n" + OK).lifted] == ["fine"]


def test_output_is_left_out_and_told() -> None:
    found = lift_text("""
        __global__ void k(int *x) {
          int i = 0;
          printf("%d %d", x[0], ++i);
          x[1] = i;
        }
    """)
    assert [(d.code, d.severity) for d in found.diagnostics] == [("XP1108", "warning")]
    assert "i += 1;" in print_module(found.lifted[0].program)


def test_a_template_that_nothing_launches_is_lifted_as_a_likely_instance() -> None:
    found = lift_text("""
        namespace lib {
        template <typename scalar_t, typename index_t, int BLOCK_SIZE, bool fast, int extra = 3>
        __global__ void k(scalar_t *x, index_t n) { x[threadIdx.x] = BLOCK_SIZE + extra + n; }
        }
        template <int WIDTH> __global__ void plain(int *x) { x[0] = WIDTH; }
        void host(int *x) { plain<7><<<1, 1>>>(x); }
    """)
    names = [k.source_name for k in found.lifted]
    assert names == ["lib::k<float, int, 256, true, 3>", "plain<7>"]
    (told,) = found.diagnostics
    assert (told.code, told.severity) == ("XP1101", "warning")
    assert "taken as lib::k<float, int, 256" in told.message


def test_an_explicit_instance_is_lifted() -> None:
    source = """
        template <class T> __global__ void k(T *x) { x[0] = T(1.5); }
        template __global__ void k<int>(int *);
        template __global__ void k<double>(double *);
    """
    assert [p.kernels[0].instance for p in programs(source)] == ["k<int>", "k<double>"]


def failure(text: str) -> ParseFailed:
    found = lift(text, Path("bad.cu"))
    assert isinstance(found, ParseFailed)
    return found


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "XP1001", 1),
        ("\n  \n", "XP1001", 1),
        ("\x00\x01ELF", "XP1001", 1),
        ("__global__ void k(int *x) {\n  x[0] = ;\n}", "XP1002", 2),
        ("__global__ void k(int *x) {\n  x[0] = foo;\n}", "XP1002", 2),
        ('#include "nothing.h"\n__global__ void k(real *x) { x[0] = 1; }\n', "XP1003", 1),
        (OK + "int main() {\n  int n = 3\n  return n;\n}", "XP1002", 3),
    ],
)
def test_parse_failures_point_at_the_place(text: str, code: str, line: int) -> None:
    first = failure(text).diagnostics[0]
    assert (first.code, first.severity) == (code, "error")
    assert first.span is not None
    assert first.span.line == line


def test_a_missing_header_stops_only_what_needs_it() -> None:
    found = lift_text('#include "types.h"\n' + OK + "__global__ void k(real *x) { x[0] = 1; }\n")
    assert [k.name for k in found.lifted] == ["fine"]
    (refused,) = found.refused
    assert (refused.name, refused.diagnostic.code) == ("k", "XP1002")
    assert "real" in refused.diagnostic.message
    first = found.diagnostics[0]
    assert (first.code, first.severity) == ("XP1003", "warning")


def test_an_error_in_one_kernel_or_its_function_leaves_the_others() -> None:
    found = lift_text(
        "__device__ int f(int x) { return x + missing; }\n"
        "__global__ void a(int *x) { x[0] = f(1); }\n"
        "__global__ void b(int *x) { x[0] = nowhere; }\n" + OK
    )
    assert [k.name for k in found.lifted] == ["fine"]
    assert [(r.name, r.span.line if r.span else 0) for r in found.refused] == [("a", 1), ("b", 3)]


def test_names_that_are_not_known_in_host_code_do_not_stop_kernels() -> None:
    found = lift_text(OK + "void host() { Strange<int> s = make<float>(3); other_t y z; }\n")
    assert [k.name for k in found.lifted] == ["fine"]
    assert found.diagnostics


def test_a_literal_and_a_macro_without_a_space_between() -> None:
    source = """
        #define UNIT "d"
        __global__ void k(int *x) { printf("%"UNIT" items", x[0]); x[1] = 2; }
    """
    assert len(programs(source)) == 1


def test_a_struct_that_points_to_itself() -> None:
    source = """
        struct Link { Link *next; Link **all; int value; };
        __global__ void k(int *x) { x[0] = sizeof(Link); }
        void host(Link *a) { Link b; b.next = a; int *d; cudaMalloc(&d, 4); k<<<1, 1>>>(d); }
    """
    assert len(programs(source)) == 1


def test_no_kernel_is_a_warning() -> None:
    found = lift_text("int main() { return 0; }")
    assert found.kernels == ()
    assert [d.code for d in found.diagnostics] == ["XP1004"]


def test_host_libraries_do_not_stop_kernels() -> None:
    found = lift_text(
        "#include <cublas_v2.h>\n" + OK + "void host() { cublasHandle_t h; cublasCreate(&h); }\n"
    )
    assert [k.name for k in found.lifted] == ["fine"]
    assert found.diagnostics
    assert all(d.severity == "warning" for d in found.diagnostics)


def test_only_one_kernel() -> None:
    found = lift(OK + OK.replace("fine", "other"), Path("two.cu"), only="other")
    assert isinstance(found, LiftedFile)
    assert [k.symbol for k in found.lifted] == ["other"]


def test_defines_and_include_directories(tmp_path: Path) -> None:
    (tmp_path / "size.h").write_text("#define SIZE (BASE + 1)\n")
    text = '#include "size.h"\n__global__ void k(int *x) { x[0] = SIZE; }\n'
    found = lift(text, Path("k.cu"), include_dirs=[tmp_path], defines=["BASE=4"])
    assert isinstance(found, LiftedFile)
    (kernel,) = found.lifted
    assert "5" in repr(kernel.program.kernels[0].body)


def test_system_headers_parse_and_their_functions_work() -> None:
    source = """
        #include <algorithm>
        #include <cmath>
        #include <cstdio>
        #include <vector>
        __host__ __device__ float f(float x) { return std::sqrt(x) + expf(x); }
        __global__ void k(float *x) { x[0] = std::max(f(x[1]), 0.0f); }
        int main() { std::vector<float> v(3); std::printf("%zu", v.size()); }
    """
    assert len(programs(source)) == 1
    assert lift_text(source).diagnostics == ()


def test_every_statement_knows_its_place() -> None:
    (program,) = programs(
        "__global__ void k(int *x) {\n  x[0] = 1;\n  if (x[1])\n    x[2] = 3;\n}\n"
    )
    body = program.kernels[0].body
    assert [s.span.line for s in body if s.span is not None] == [2, 3]
    assert all(s.span is not None and s.span.file == "case.cu" for s in body)


def test_an_argument_may_call_the_same_function() -> None:
    source = """
        __device__ int twice(int x) { int y = x; return y + y; }
        __global__ void k(int *x) { x[0] = twice(twice(x[1])); }
    """
    assert len(programs(source)) == 1


def test_textures_are_refused_by_name() -> None:
    found = refusal(
        "__global__ void k(cudaTextureObject_t t, float *o) { o[0] = texCubemap<float>(t, 1, 2, 0); }\n"
        + OK
    )
    assert found.diagnostic.code == "XP1107"


def test_arrays_of_fragments_are_unrolled() -> None:
    source = """
        using namespace nvcuda::wmma;
        __global__ void k(float *c) {
          fragment<accumulator, 16, 16, 16, float> acc[2][2];
          for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++) fill_fragment(acc[i][j], 1.0f);
          store_matrix_sync(c, acc[1][0], 16, mem_row_major);
        }
    """
    (program,) = programs(source)
    body = program.kernels[0].body
    assert [type(s).__name__ for s in body] == ["Tile"] * 4 + ["TileOp"] * 5


def test_a_loop_whose_number_picks_no_fragment_stays_a_loop() -> None:
    source = """
        using namespace nvcuda::wmma;
        __global__ void k(float *c) {
          fragment<accumulator, 16, 16, 16, float> acc[2];
          for (int k = 0; k < 64; k += 4) {
            int at = k * 16;
            for (int i = 0; i < 2; i++) {
              int which = 1 - i;
              load_matrix_sync(acc[which], c + at, 16, mem_row_major);
            }
          }
          store_matrix_sync(c, acc[1], 16, mem_row_major);
        }
    """
    (program,) = programs(source)
    body = program.kernels[0].body
    assert [type(s).__name__ for s in body] == ["Tile", "Tile", "For", "TileOp"]
    assert sum(isinstance(s, TileOp) for s in statements(body)) == 3


def test_a_group_reduces_structs_by_a_function() -> None:
    source = """
        namespace cg = cooperative_groups;
        struct P { float m, s; };
        __device__ P both(P a, P b) { P r; r.m = fmaxf(a.m, b.m); r.s = a.s + b.s; return r; }
        __global__ void k(float *x) {
          auto w = cg::tiled_partition<32>(cg::this_thread_block());
          P p{x[threadIdx.x], 1.0f};
          p = cg::reduce(w, p, both);
          x[threadIdx.x] = p.m + p.s;
        }
    """
    (program,) = programs(source)
    assert sum(type(s).__name__ == "WarpOp" for s in program.kernels[0].body) == 10
