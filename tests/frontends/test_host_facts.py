"""Launches in host code: geometry, sizes and arguments as expressions over the host function."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.frontends.lifting import lift_text
from xpiler.frontends.host import (
    BufferArgument,
    Launch,
    ScalarArgument,
    UnknownArgument,
    evaluate,
)
from xpiler.ir import build
from xpiler.ir.nodes import Binary, Const, Expr, Var
from xpiler.ir.types import F32, I32, U32

WRAPPER = """
#define THREADS 128
static inline int ceil_div(int a, int b) { return (a + b - 1) / b; }
__global__ void scale(const float *x, float *y, int n, float a) {
  extern __shared__ float s[];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i];
}
void run(const float *h_x, float *h_y, int rows, int cols) {
  float *d_x, *d_y;
  const int n = rows * cols;
  size_t bytes = n * sizeof(float);
  cudaMalloc(&d_x, bytes);
  cudaMalloc((void **)&d_y, bytes + 16);
  cudaMemcpy(d_x, h_x, bytes, cudaMemcpyHostToDevice);
  cudaMemset(d_y, 0, bytes);
  dim3 block(THREADS), grid(ceil_div(n, block.x), 2);
  scale<<<grid, block, THREADS * sizeof(float)>>>(d_x, d_y + 4, n, 0.5f);
  cudaMemcpy(h_y, d_y, bytes, cudaMemcpyDeviceToHost);
  cudaFree(d_x);
}
"""


def only(text: str) -> Launch:
    (launch,) = lift_text(text).launches
    return launch


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 4000), cols=st.integers(1, 4000))
def test_symbolic_sizes(rows: int, cols: int) -> None:
    launch = WRAPPED
    values = {"rows": rows, "cols": cols}
    n = rows * cols
    assert [evaluate(g, values) for g in launch.grid] == [-(-n // 128), 2, 1]
    assert [evaluate(b, values) for b in launch.block] == [128, 1, 1]
    assert evaluate(launch.shared, values) == 512
    assert [evaluate(b.bytes, values) for b in launch.buffers] == [4 * n, 4 * n + 16]


WRAPPED = only(WRAPPER)


def test_buffers_and_arguments() -> None:
    launch = WRAPPED
    assert launch.function.name == "run"
    assert [p.name for p in launch.function.params] == ["h_x", "h_y", "rows", "cols"]
    x, y = launch.buffers
    assert (x.name, x.source, x.sink, x.fill) == ("d_x", "h_x", "", None)
    assert (y.name, y.source, y.sink, y.fill) == ("d_y", "", "h_y", 0)
    first, second, n, a = launch.arguments
    assert first == BufferArgument("x", "d_x", build.i64(0))
    assert isinstance(second, BufferArgument)
    assert evaluate(second.offset, {}) == 4
    assert isinstance(n, ScalarArgument)
    assert evaluate(n.value, {"rows": 3, "cols": 5}) == 15
    assert a == ScalarArgument("a", build.const(0.5, F32))
    assert launch.free == ()


def test_launch_facts_reach_the_kernel() -> None:
    (kernel,) = lift_text(WRAPPER).lifted
    facts = dict(kernel.program.kernels[0].launch)
    assert facts["blockDim.x"] == 128
    assert facts["blockDim.y"] == facts["blockDim.z"] == facts["gridDim.z"] == 1
    assert "gridDim.x" not in facts


def test_two_launches_that_differ_leave_only_what_they_share() -> None:
    text = """
    __global__ void k(int *x) { x[threadIdx.x] = 1; }
    void go(int *x) { k<<<1, 64>>>(x); k<<<dim3(2, 3), 128>>>(x); }
    """
    (kernel,) = lift_text(text).lifted
    facts = dict(kernel.program.kernels[0].launch)
    assert "blockDim.x" not in facts
    assert "gridDim.y" not in facts
    assert facts["blockDim.y"] == 1


def test_main_is_concrete_and_argv_keeps_its_default() -> None:
    launch = only("""
    #include <cstdlib>
    __global__ void k(float *x, int n) { if (threadIdx.x < n) x[0] = n; }
    int main(int argc, char **argv) {
      int n = argc > 1 ? atoi(argv[1]) : 1 << 10;
      float *d = nullptr;
      cudaMalloc(&d, sizeof(float) * n);
      k<<<(n + 255) / 256, 256>>>(d, n);
    }
    """)
    assert launch.function.is_main
    assert launch.grid[0] == build.u32(4)
    assert evaluate(launch.buffers[0].bytes, {}) == 4096


def test_device_pointers_of_the_caller_and_loops() -> None:
    launch = only("""
    __global__ void step(const float *in, float *out, int s) { out[s] = in[s]; }
    void run(float *a, float *b, int steps) {
      for (int i = 0; i < steps; ++i) step<<<1, 32>>>(a, b, i);
    }
    """)
    assert [b.parameter for b in launch.buffers] == [True, True]
    (free,) = launch.free
    assert free.name == "i"
    assert evaluate(free.lo, {}) == 0
    assert evaluate(free.hi, {"steps": 9}) == 9


def test_what_cannot_be_followed_is_said() -> None:
    launch = only("""
    float *somewhere(); int how_many();
    __global__ void k(float *x, int n) { x[n] = 1; }
    void go() { int n = how_many(); k<<<n, 32>>>(somewhere(), n); }
    """)
    assert isinstance(launch.arguments[0], UnknownArgument)
    assert [f.name for f in launch.free] == ["n"]
    assert evaluate(launch.grid[0], {"n": 7}) == 7
    assert evaluate(launch.grid[0], {}) is None


def test_struct_arguments_are_flattened() -> None:
    launch = only("""
    struct P { const float *data; int w, h; };
    __global__ void k(P p, float *o) { o[0] = p.data[p.w * p.h]; }
    void go(float *x, float *o, int w) { P p; p.data = x; p.w = w; p.h = 2; k<<<1, 1>>>(p, o); }
    """)
    data, w, h, o = launch.arguments
    assert isinstance(data, BufferArgument)
    assert data.buffer == "x"
    assert isinstance(w, ScalarArgument)
    assert evaluate(w.value, {"w": 6}) == 6
    assert h == ScalarArgument("p_h", build.i32(2))
    assert isinstance(o, BufferArgument)


def test_evaluate_wraps_and_refuses() -> None:
    n = Var("n", I32)
    big: Expr = Binary("*", n, n)
    assert evaluate(big, {"n": 1 << 20}) == 0
    assert evaluate(Binary("/", n, Const(0, I32)), {"n": 3}) is None
    assert evaluate(Binary("/", n, Const(2, I32)), {"n": -3}) == -1
    assert evaluate(build.cast(U32, n), {"n": -1}) == 0xFFFFFFFF


def test_a_functor_carries_its_constructor_arguments() -> None:
    launch = only("""
    struct Affine { float a; int b; __host__ __device__ Affine(float x, int y) : a(x * 2), b(y) {}
      __device__ float operator()(float v) const { return v * a + b; } };
    template <class F> __global__ void k(float *x, F f) { x[0] = f(x[0]); }
    void go(float *x, int n) { k<<<1, 1>>>(x, Affine(1.5f, n)); }
    """)
    _, a, b = launch.arguments
    assert isinstance(a, ScalarArgument)
    assert evaluate(a.value, {}) == 3.0
    assert isinstance(b, ScalarArgument)
    assert evaluate(b.value, {"n": 4}) == 4


def test_a_launch_by_pointer_and_by_a_template_wrapper() -> None:
    found = lift_text("""
    template <int N> __global__ void k(float *x, int n) { x[n % N] = N; }
    template <int N> void wrap(float *x, int n) { k<N><<<n, N>>>(x, n); }
    int main() {
      float *d; int n = 12;
      cudaMalloc(&d, n * sizeof(float));
      wrap<32>(d, n);
      void *args[] = {&d, &n};
      cudaLaunchKernel((void *)k<8>, dim3(3), dim3(8), args, 0, 0);
    }
    """)
    by_name = {launch.source_name: launch for launch in found.launches}
    assert evaluate(by_name["k<32>"].grid[0], {"n": 5}) == 5
    assert by_name["k<32>"].function.name == "wrap"
    direct = by_name["k<8>"]
    assert evaluate(direct.grid[0], {}) == 3
    assert direct.arguments == (
        BufferArgument("x", "d", build.i64(0)),
        ScalarArgument("n", build.i32(12)),
    )


def test_axes_of_a_dim3_may_be_set_one_by_one() -> None:
    (launch,) = lift_text("""
    __global__ void k(float *x) { x[blockIdx.y * gridDim.x + blockIdx.x] = 0; }
    void run(float *x, int w, int h) {
      dim3 b(16), g;
      g.x = (w + b.x - 1) / b.x;
      g.y = h;
      k<<<g, b>>>(x);
    }
    """).launches
    assert [evaluate(g, {"w": 33, "h": 5}) for g in launch.grid] == [3, 5, 1]
