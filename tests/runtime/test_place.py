from hypothesis import given, settings
from hypothesis import strategies as st

from xpiler.frontends import place
from xpiler.frontends.place import find

TEXT = """\
#include <cuda_runtime.h>
#include "local.h" // comment
#define LAUNCH(k, ...) do { k<<<grid, 256>>>(__VA_ARGS__); } while (0)
__constant__ float coef[16];
static __device__ int counter = 0;
template <typename T, int B = 3>
__global__ void __launch_bounds__(256, 2)
red(const T* __restrict__ a, T *b, int n) {
  extern __shared__ __align__(16) unsigned char raw[];
  __shared__ T tile[32][B + 1], one;
  MACRO_WITHOUT_SEMICOLON(a)
  // not<<<a, launch>>>(1);
  const char *s = "nor<<<this, one>>>(2)";
}
__device__ __forceinline__ float f(float x) { return x; }
extern "C" __global__ void plain(float *p) { f(1); }
namespace ns {
__global__ void inner(int n);
struct S { template <class U> static __global__ void km(U u) { __shared__ struct { int a; } z; } };
}
void host() {
  red<float, 256><<<dim3(1, 2), 256, sizeof(float) * 3, s>>>(a, b, f<1, 2>(n));
  ns::inner<<<1,2>>>(4);
  auto g = [=] __device__ (int i) { return i; };
  S::template km<V<V<V<int>>>><<<1, 2>>>(3);
  if (x) plain<<<(n + 255) / 256, 256>>>(p); else (*fn)<<<1, 1>>>(p);
}
"""


def test_kernels_and_device_functions():
    found = find(TEXT)
    kernels = {f.qualified: f for f in found.functions if f.kernel}
    assert list(kernels) == ["red", "plain", "ns::inner", "ns::S::km"]
    red = kernels["red"]
    assert red.template == ("typename T", "int B = 3")
    assert [p.text for p in red.params] == ["const T* __restrict__ a", "T *b", "int n"]
    assert red.whole.line == 6
    assert red.whole.column == 1
    assert red.name_at.line == 8
    assert red.body is not None
    assert red.body.text.startswith("{\n  extern")
    assert red.signature.text.endswith("int n)")
    assert kernels["ns::inner"].body is None
    assert [f.name for f in found.functions if not f.kernel] == ["f"]
    assert [f.qualified for f in found.kernels] == ["red", "plain", "ns::S::km"]


def test_launches_with_their_parts():
    launches = find(TEXT).launches
    assert [x.name for x in launches] == ["k", "red", "inner", "km", "plain", "fn"]
    macro, red, inner, km, plain, pointer = launches
    assert macro.macro == "LAUNCH"
    assert [a.text for a in macro.args] == ["__VA_ARGS__"]
    assert red.template_args == ("float", "256")
    assert [c.text for c in red.configs] == ["dim3(1, 2)", "256", "sizeof(float) * 3", "s"]
    assert [a.text for a in red.args] == ["a", "b", "f<1, 2>(n)"]
    assert inner.callee.text == "ns::inner"
    assert km.template_args == ("V<V<V<int>>>",)
    assert plain.configs[0].text == "(n + 255) / 256"
    assert pointer.callee.text == "(*fn)"


def test_every_span_is_the_text_it_names():
    found = find(TEXT)
    data = TEXT.encode()
    for launch in found.launches:
        for p in (launch.whole, launch.callee, *launch.configs, *launch.args):
            assert data[p.start : p.end].decode() == p.text
            assert data[: p.start].count(b"\n") + 1 == p.line


def test_shared_declarations():
    dynamic, static, unnamed = find(TEXT).shared
    assert dynamic.dynamic
    assert (dynamic.type, dynamic.names[0].name, dynamic.function) == (
        "unsigned char",
        "raw",
        "red",
    )
    assert [(n.name, n.dims) for n in static.names] == [("tile", ("32", "B + 1")), ("one", ())]
    assert static.type == "T"
    assert unnamed.names == ()


def test_globals_includes_and_macros():
    found = find(TEXT)
    assert [(g.name, g.keyword) for g in found.globals] == [
        ("coef", "__constant__"),
        ("counter", "__device__"),
    ]
    assert [(i.path, i.system) for i in found.includes] == [
        ("cuda_runtime.h", True),
        ("local.h", False),
    ]
    assert found.macros[0].params == ("k", "...")


def test_offsets_count_bytes():
    found = find("// é\n__global__ void k() {}\n".encode())
    assert found.kernels[0].whole.start == 6
    assert found.kernels[0].whole.line == 2


def test_the_tree_of_text_that_the_grammar_does_not_know():
    source = b"auto g = [=] __device__ (int i) { return i; }; __shared__ __align__(16) int x[4];"
    tree = place.tree(source)
    assert not tree.root_node.has_error
    assert len(tree.root_node.children) == 3 or tree.root_node.end_byte == len(source)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120) | st.text("<>(){}[];,#\"'/*\\\n abk_=", max_size=80).map(str.encode))
def test_any_bytes_are_accepted(data):
    found = find(data)
    for launch in found.launches:
        assert 0 <= launch.whole.start <= launch.whole.end <= len(data)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 40))
def test_damaged_text_is_accepted(at, length):
    find(TEXT[:at] + TEXT[at + length :])
    find(TEXT[:at])


def test_specifiers_of_shared_data_in_any_order():
    found = find(
        "void f() { if (x) { extern T __shared__ a[]; } float volatile __shared__ b[4];"
        " alignas(16) __shared__ V<int, 2> c; }"
    ).shared
    assert [(s.type, s.dynamic, s.names[0].name) for s in found] == [
        ("T", True, "a"),
        ("float volatile", False, "b"),
        ("V<int,2>", False, "c"),
    ]
    assert found[0].whole.text == "extern T __shared__ a[];"
    assert found[2].whole.text.startswith("alignas")


def test_an_operator_with_brackets_is_no_data():
    text = "struct V { __device__ float &operator[](int i) { return p[i]; } float *p; };\n__device__ float data[4];\n"
    assert [g.name for g in find(text).globals] == ["data"]


def test_specialisations_are_functions_and_tables_of_functions_are_data():
    text = """\
template <> __device__ __forceinline__ float to_f<bf16>(bf16 v) { return v; }
template <> __global__ void k<float, A<3>>(float *x) { x[0] = 1; }
__device__ float (*ops[2])(float) = {relu, twice};
static __device__ const int (*const one)(int, int) = f;
__device__ float h(float (*op)(float), float x) { return op(x); }
struct S { __device__ bool operator>(S o) const { return true; } };
"""
    found = find(text)
    lines = text.splitlines()
    assert [f.name for f in found.functions] == ["to_f", "k", "h", ">"]
    assert [f.whole.text for f in found.functions[:3]] == [lines[0], lines[1], lines[4]]
    assert [(g.name, g.whole.text) for g in found.globals] == [("ops", lines[2]), ("one", lines[3])]
