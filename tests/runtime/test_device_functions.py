"""Functions of the device give what an NVIDIA H200 gave (`python -m benchmarks.hardware intrinsics`), where they did not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.runtime.support import Program
from xpiler.verify.run.harness import RunOk

NAN, INF = float("nan"), float("inf")
FLOATS = {
    "__fadd_rz(1.0f, -1e-45f)": 0.9999999403953552,
    "__fadd_rz(1.0f, -3.4028234663852886e+38f)": -3.4028232635611926e38,
    "__fadd_rd(1.0f, -1.0f)": -0.0,
    "__fadd_ru(1.0f, 1e-40f)": 1.0000001192092896,
    "__fadd_ru(1.0f, 3.4028234663852886e+38f)": INF,
    "__fsub_rz(1.0f, 1e-40f)": 0.9999999403953552,
    "__fmaf_rz(-3.5288087864070637e-35f, -8.431281816696614e+23f, -1.4689766501679264e+36f)": -1.4689764917116014e36,
    "erfinvf(1e-40f)": 8.862231877929441e-41,
    "erfcinvf(1e-40f)": 9.448789596557617,
    "erfcxf(65504.0f)": 8.613055797468405e-06,
    "normcdfinvf(1e-40f)": -13.310922622680664,
    "normcdfinvf(0.5f)": 0.0,
    "__half2float(__hmax(__float2half(-0.0f), __float2half(0.0f)))": 0.0,
    "__half2float(__hmin(__float2half(0.0f), __float2half(-0.0f)))": -0.0,
    "__half2float(__hfma_relu(__float2half(0.0f), __float2half(1.0f), __float2half(NAN)))": NAN,
    "(float)sinpi(1.0000001)": -3.141592655424014e-07,
}
INTEGERS = {
    "__float2ll_rn(NAN)": -(2**63),
    "__double2int_rz((double)NAN)": -(2**31),
    "__double2uint_rz((double)NAN)": 2**31,
    "__float2int_rn(NAN)": 0,
    "__half2ll_rn(__float2half(NAN))": -(2**63),
    "__byte_perm(1u, 0u, 0xffffff80u)": 257,
    "__hne(__float2half(1.0f), __float2half(NAN))": 0,
    "__hneu(__float2half(1.0f), __float2half(NAN))": 1,
    "__hne(__float2half(1.0f), __float2half(2.0f))": 1,
}
TEXT = "__global__ void floats(float *out) {{\n{}}}\n__global__ void integers(long long *out) {{\n{}}}\n"


def _stores(table: dict[str, float] | dict[str, int]) -> str:
    return "".join(f"  out[{i}] = {expression};\n" for i, expression in enumerate(table))


@pytest.fixture(scope="module")
def program() -> Program:
    text = TEXT.format(_stores(FLOATS), _stores(INTEGERS))
    return Program(text, [("floats", "out:*f32"), ("integers", "out:*i64")])


def test_reals(program: Program) -> None:
    result = program.run("floats", np.zeros(len(FLOATS), np.float32))
    assert isinstance(result, RunOk)
    for expression, wanted, got in zip(FLOATS, FLOATS.values(), result.buffers[0], strict=True):
        np.testing.assert_allclose(got, np.float32(wanted), rtol=2e-7, atol=0, err_msg=expression)
        assert np.isnan(got) or np.signbit(got) == np.signbit(np.float32(wanted)), expression


def test_integers(program: Program) -> None:
    result = program.run("integers", np.zeros(len(INTEGERS), np.int64))
    assert isinstance(result, RunOk)
    got = dict(zip(INTEGERS, result.buffers[0].tolist(), strict=True))
    assert got == INTEGERS


def test_the_address_of_dynamic_shared_memory_is_that_of_its_first_element() -> None:
    text = """
    struct Word { unsigned long long data; };
    __global__ void turn(const int *x, int *y) {
      extern __shared__ Word memory[];
      Word *words = (Word *)&memory;
      words[threadIdx.x].data = x[threadIdx.x];
      __syncthreads();
      y[threadIdx.x] = (int)words[(threadIdx.x + 1) % blockDim.x].data;
    }
    """
    program = Program(text, [("turn", "x:*i32 y:*i32")])
    x = np.arange(40, dtype=np.int32)
    result = program.run("turn", x, np.zeros_like(x), block=40, shared=320)
    assert isinstance(result, RunOk)
    np.testing.assert_array_equal(result.buffers[1], np.roll(x, -1))
