"""What real files hold beside plain kernels: what it lifts to. real.cu is compared with its source in the slow tests."""

from __future__ import annotations

from pathlib import Path

from tests.frontends.lifting import lift_text, programs, refusal, shown

REAL = Path(__file__).parent / "real.cu"


def test_every_kernel_lifts() -> None:
    assert len(programs(REAL.read_text())) == 8


def test_members_of_a_union_share_memory() -> None:
    text = shown(
        """
union Word { float real; int bits; };
__global__ void k(float *a) { Word w; w.real = a[0]; w.bits |= 1; a[1] = w.real; }
"""
    )
    assert "u32 w[1];" in text
    assert "w[0] = bits_u32(a[0])" in text


def test_a_union_parameter_is_refused() -> None:
    refused = refusal(
        "union W { float r; int b; };\n__global__ void k(W w, int *o) { o[0] = w.b; }"
    )
    assert refused.diagnostic.code == "XP1110"
    assert "union" in refused.diagnostic.message


def test_an_array_of_pointers_in_a_struct_is_a_parameter_each() -> None:
    (module,) = programs(
        """
struct Planes { float *p[2]; int n; };
__global__ void k(Planes s) { if (threadIdx.x < s.n) s.p[1][threadIdx.x] = s.p[0][threadIdx.x]; }
"""
    )
    assert [p.origin for p in module.kernels[0].params] == ["s.p[0]", "s.p[1]", "s.n"]


def test_memory_that_holds_pointers_is_refused_as_such() -> None:
    refused = refusal("struct P { float *x; };\n__global__ void k(P *p) { p->x[0] = 1; }")
    assert "memory that holds pointers" in refused.diagnostic.message


def test_a_clock_says_zero_and_the_user_is_told() -> None:
    found = lift_text("__global__ void k(long long *t) { t[0] = clock64(); }")
    assert found.refused == ()
    assert [d.code for d in found.diagnostics] == ["XP1114"]


def test_bases_of_class_templates_keep_their_arrays_and_defaults() -> None:
    text = shown(
        """
template <int N> struct Base { float kept[N]; int times = 3; };
template <int N> struct Derived : Base<N> {
  __device__ float get(int i) const { return this->kept[i] * this->times; }
};
__global__ void k(float *o) { Derived<4> d; d.kept[1] = o[0]; o[1] = d.get(1); }
"""
    )
    assert "d_kept[1] = o[0]" in text
    assert "d_times = 3" in text or "(f32)3" in text or "3.0f" in text


def test_the_constructor_of_a_base_runs() -> None:
    text = shown(
        """
struct Base { float b; __device__ Base(float x) : b(x * 2) {} };
struct Derived : Base { int c; __device__ Derived(float q) : Base(q), c(5) {} };
__global__ void k(float *o) { Derived d(o[0]); o[1] = d.b + d.c; }
"""
    )
    assert "object_b = q * 2.0f" in text


def test_an_order_for_the_compiler_alone_leaves_nothing_behind() -> None:
    text = shown('__global__ void k(int *o) { asm volatile("" ::: "memory"); o[0] = 1; }')
    assert "asm" not in text
