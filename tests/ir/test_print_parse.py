"""`parse(print(p)) == p`, and what the parser says about text that is no program."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.ir.strategies import modules
from xpiler.ir.check import check
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import ParseError, parse_module
from xpiler.ir.print_c import print_module

PROGRAM = """\
__constant__ f32 filt[3] = {1.0f, -2.5f, 3.0f};

__device__ f32 helper(f32 x, const f32 *p, f32 &out) {
  if (x > 0.0f) {
    out = x;
    return x * 2.0f;
  }
  return p[0];
}

launch_facts(blockDim.x = 256, blockDim.y = 1)
__global__ void k(const f32 *__restrict__ a, f32 *c, i32 n, f16 h) {
  __shared__ f32 line[32][33];
  dynamic_shared(f32, dyn, 128);
  tile(acc, row, f32, 16, 16, 16, frag);
  i32 i = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  f32 s = 0.0f;
  for (i32 j = 0; j < n + 1; j += 1) {
    s += a[j * n + i] * -1.0f;
  }
  s = helper(s, &a[3], ref(s));
  s = __shfl_xor_sync(0xffffffffu, s, 16, 32);
  __syncthreads();
  tile_fill(frag, 0.0f);
  tile_store(frag, &c[0], 16, row);
  if ((i < n) && !(s > 3.0f)) {
    c[i] = s > 0.0f ? s : (f32)h;
  } else if (n > 3) {
    atomicAdd(&c[0], 1.0f);
  } else {
    c[1] += 2.0f;
  }
  while (i > 0) {
    i >>= 1;
  }
  parallel(thread.x) for (i32 t = 0; t < (i32)blockDim.x; t += 1) {
    c[t] = exp(INFf) + (f32)((f16)1.5f);
  }
}
"""


def test_a_program_prints_as_it_was_written() -> None:
    module = parse_module(PROGRAM)
    assert print_module(module) == PROGRAM
    assert check(module) == ()


@given(modules())
@settings(max_examples=150, deadline=None)
def test_round_trip(module: Module) -> None:
    assert check(module) == ()
    assert parse_module(print_module(module)) == module


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("__global__ void k(i32 n) { m = 1; }", "unknown name 'm'", 1, 28),
        ("__global__ void k(i32 n) {\n  n = ;\n}", "expected an expression, found ';'", 2, 7),
        ("__global__ void k(i32 n) { n = 1;", "expected '}', found the end", 1, 34),
        ("__global__ void k(f32 *p) { p[0][1] = 1; }", "'p' takes 1 indices, found 2", 1, 29),
        ("__global__ void k(f32 *p) { p[0] = frob(1); }", "unknown function 'frob'", 1, 36),
        ("int x;", "expected a kernel, a device function or data, found 'int'", 1, 1),
        ("__global__ void k(i32 n) { $ }", "unexpected character '$'", 1, 28),
    ],
)
def test_errors_point_at_the_place(text: str, message: str, line: int, column: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse_module(text)
    assert (caught.value.message, caught.value.line, caught.value.column) == (message, line, column)


def test_near_c_is_read_with_its_conversions() -> None:
    near = """
    __global__ void k(float *y, int n, unsigned char c) {
      int i = threadIdx.x, j;
      for (int t = 0; t <= n; ++t) y[t] += c * 0.5;
      if (i) j = i << c; else ++i;
    }
    """
    assert print_module(parse_module(near)) == (
        "__global__ void k(f32 *y, i32 n, u8 c) {\n"
        "  i32 i = (i32)threadIdx.x;\n"
        "  i32 j;\n"
        "  for (i32 t = 0; t < n + 1; t += 1) {\n"
        "    y[t] = (f32)((f64)y[t] + (f64)c * 0.5);\n"
        "  }\n"
        "  if ((bool)i) {\n"
        "    j = i << c;\n"
        "  } else {\n"
        "    i += 1;\n"
        "  }\n"
        "}\n"
    )
