"""Splicing: what is not CUDA's stays byte for byte."""

from __future__ import annotations

from xpiler.backends.splice import CUDA_HEADERS, Splicing, code_left, splice
from xpiler.frontends.place import Launch

PLAN = Splicing(
    kernels={"k": "void k(void);"},
    launch=lambda launch: f"{launch.callee.text}({', '.join(a.text for a in launch.args)})",
    refused=lambda f: f"/* {f.name} refused */",
    declaration=lambda f: f"void {f.name}(void);",
    include=lambda i: "" if CUDA_HEADERS.fullmatch(i.path) else None,
    data=lambda g: f"static int {g.name};",
)


def test_everything_else_stays() -> None:
    source = (
        "#include <cstdio>\r\n#include <cuda_runtime.h>\r\n"
        "\tint  odd ( int x )   { return x<<1; } // caf\u00e9 __device__\r\n"
        '#define STR "k<<<1, 2>>>()"\n'
    )
    assert splice(source, PLAN) == source.replace("#include <cuda_runtime.h>\r\n", "")


def test_kernels_device_functions_and_launches() -> None:
    source = (
        "// About helper.\n__device__ float helper(float x) { return x; }\n\n"
        "// About k.\n__global__ void k(int n) { helper(n); }\n"
        "void run(int n) {\n  k<<<(n + 1) / 2, 64, 0, 0>>>(n);  // go\n}\n"
    )
    assert splice(source, PLAN) == (
        "// About k.\nvoid k(void);\nvoid run(int n) {\n  k(n);  // go\n}\n"
    )


def test_functions_for_both_sides_lose_cuda_s_words() -> None:
    source = "__host__ __device__ __forceinline__ int twice(int x) { return 2 * x; }\n"
    assert splice(source, PLAN) == "int twice(int x) { return 2 * x; }\n"


def test_launches_in_macros() -> None:
    source = (
        "#define GO(n) \\\n  k<<<1, n>>>(n)\n__global__ void k(int n) {}\nvoid f() { GO(3); }\n"
    )
    assert splice(source, PLAN) == (
        "#define GO(n) \\\n  k(n)\nvoid k(void);\nvoid f() { GO(3); }\n"
    )


def test_declarations_data_and_refused_kernels() -> None:
    source = (
        "namespace cg = cooperative_groups;\n__global__ void k(int n);\n__constant__ int table;\n"
        "__global__ void other() {}\n"
    )
    assert splice(source, PLAN) == "void k(void);\nstatic int table;\n/* other refused */\n"


def test_explicit_instances_of_kernels_go_and_those_of_host_functions_stay() -> None:
    source = (
        "template <int N> __global__ void k(int *x) {}\ntemplate __global__ void k<16>(int *);\n"
        "template <class T> __device__ T half(T x) { return x / 2; }\n"
        "template float half<float>(float);\ntemplate void k<32>(int *);\n"
        "template <class T> T host(T x) { return x; }\ntemplate int host<int>(int);\n"
    )
    assert splice(source, PLAN) == (
        "void k(void);\ntemplate <class T> T host(T x) { return x; }\ntemplate int host<int>(int);\n"
    )


def test_what_counts_as_code() -> None:
    assert not code_left("// int x;\n/* int y;\n */\n#define A \\\n  int z;\n\n")
    assert code_left("// x\nint y;\n")


def test_the_words_of_a_launch() -> None:
    seen: list[Launch] = []

    def remember(launch: Launch) -> str:
        seen.append(launch)
        return "0"

    plan = Splicing(PLAN.kernels, remember, PLAN.refused, PLAN.declaration, PLAN.include, PLAN.data)
    splice("void f() { ns::k<float, 3><<<dim3(1, 2), 4>>>(a, b(c, d)); }", plan)
    assert [
        (x.callee.text, [c.text for c in x.configs], [a.text for a in x.args]) for x in seen
    ] == [("ns::k<float, 3>", ["dim3(1, 2)", "4"], ["a", "b(c, d)"])]
