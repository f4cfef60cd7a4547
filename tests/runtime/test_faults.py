"""What a GPU only suffers is an error here, with the place."""

from pathlib import Path

import numpy as np
import pytest

from tests.runtime.support import Program
from xpiler.verify.run.build import BuildFailed, build
from xpiler.verify.run.oracle import CudaRuntime

TEXT = """\
__global__ void divergent(int *x) {
  if (threadIdx.x < 8)
    __syncthreads();
  else
    __syncthreads();
  x[threadIdx.x] = 1;
}
__global__ void missing_lanes(int *x) {
  if (threadIdx.x < 8) x[threadIdx.x] = __shfl_sync(0xffffffffu, x[threadIdx.x], 0);
  __syncthreads();
}
__global__ void not_in_mask(int *x) { x[threadIdx.x] = __shfl_sync(0x1u, x[threadIdx.x], 0); }
__global__ void exited_lane(int *x, int n) {
  if (threadIdx.x >= n) return;
  x[threadIdx.x] = __shfl_down_sync(0xffffffffu, x[threadIdx.x], 1);
}
__global__ void before(int *x) { x[(int)threadIdx.x - 5000] = 1; }
__global__ void just_before(int *x) { x[(int)threadIdx.x - 1] = 1; }
__global__ void far_away(int *x) { x[1ll << 33] = 1; }
__global__ void shared_overrun(int *x) {
  __shared__ int a[4];
  a[threadIdx.x] = 1;
  x[threadIdx.x] = a[0];
}
__device__ int beyond(const int *a, int i) { return a[i]; }
__global__ void shared_overread(int *x) {
  __shared__ int a[4], b[4];
  if (threadIdx.x < 4) a[threadIdx.x] = b[threadIdx.x] = 1;
  x[threadIdx.x] = beyond(a, threadIdx.x) + beyond(b, 0);
}
__global__ void too_much_shared(int *x) {
  __shared__ int a[13000];
  a[threadIdx.x] = 1;
  x[threadIdx.x] = a[threadIdx.x];
}
__global__ void divide(int *x) { x[0] = x[2] / x[1]; }
__global__ void asserts(int *x) { assert(x[0] == 1); }
__global__ void traps(int *x) { if (x[0] == 0) __trap(); }
__device__ int deep(volatile int *x, int n) {
  volatile int room[256];
  room[n % 256] = n;
  return n == 0 ? x[0] : deep(x, n - 1) + room[n % 256];
}
__global__ void recursion(int *x) { x[0] = deep(x, 100000); }
__global__ void spins(volatile int *x) { while (x[0] == 0) ; }
extern "C" int usleep(unsigned);
__global__ void sleeps(int *x) { for (int i = 0; i < 3; ++i) usleep(500000); x[0] = 7; }
"""
NAMES = [
    line.split("(")[0].split()[-1] for line in TEXT.splitlines() if line.startswith("__global__")
]


@pytest.fixture(scope="module")
def program():
    extra = {"exited_lane": " n:i32"}
    return Program(TEXT, [(name, "x:*i32" + extra.get(name, "")) for name in NAMES])


def zeros(n=64):
    return np.zeros(n, np.int32)


@pytest.mark.parametrize(
    ("name", "kind", "reason", "block"),
    [
        ("divergent", "divergence", "test.cu:3", 16),
        ("divergent", "divergence", "test.cu:5", 16),
        ("missing_lanes", "deadlock", "lanes 0xffffff00 of mask 0xffffffff", 32),
        ("not_in_mask", "divergence", "does not name it", 32),
        ("before", "out-of-bounds access", "before a buffer of 256 bytes", 1),
        ("just_before", "out-of-bounds access", "bytes beside buffer 0 were overwritten", 1),
        ("far_away", "out-of-bounds access", "in no buffer", 1),
        ("shared_overrun", "index out of range", "index 4 of an array of type 'int [4]'", 5),
        ("shared_overread", "out-of-bounds access", "0 bytes past the end of __shared__ `a`", 5),
        ("too_much_shared", "shared memory", "52000 bytes of static shared memory", 1),
        ("divide", "arithmetic fault", "division by zero", 1),
        ("asserts", "assertion", "", 1),
        ("traps", "assertion", "__trap", 1),
        ("recursion", "stack overflow", "stack", 1),
    ],
)
def test_fault(program, name, kind, reason, block):
    failed = program.failed(name, zeros(), block=block)
    assert failed.kind == kind, failed
    assert reason in failed.reason
    if name != "just_before":  # found after the call, when no kernel runs any more
        assert "`" + name + "`" in failed.place


def test_the_same_kernels_pass_where_they_are_right(program):
    assert program.ok("divergent", zeros(), block=8)[0][:8].tolist() == [1] * 8
    program.ok("shared_overrun", zeros(), block=4)
    program.ok("missing_lanes", zeros(), block=8)
    program.ok("divide", np.array([0, 2, 4], np.int32))


def test_a_lane_that_has_exited_gives_the_poison(program):
    """Named in the mask after it returned: allowed, but its value is not defined."""
    x = np.arange(8, dtype=np.int32)
    for poison in (0xFF, 0x11):
        y = program.ok("exited_lane", x, np.int32(8), block=32, poison=poison)[0]
        assert y[:7].tolist() == list(range(1, 8))
        assert y[7] == np.frombuffer(bytes([poison] * 4), np.int32)[0]


@pytest.mark.parametrize(
    ("launch", "reason"),
    [
        ({"block": 1025}, "block dimension x is 1025"),
        ({"block": (64, 32)}, "2048 threads per block"),
        ({"block": (1, 1, 65)}, "block dimension z is 65"),
        ({"grid": 0}, "grid dimension x is 0"),
        ({"grid": (1, 65536)}, "grid dimension y is 65536"),
        ({"shared": 300_000}, "300000 bytes of dynamic shared memory"),
    ],
)
def test_invalid_launch(program, launch, reason):
    failed = program.failed("divide", zeros(), **launch)
    assert failed.kind == "invalid launch"
    assert reason in failed.reason


def test_a_kernel_that_never_ends_is_stopped(program):
    failed = program.failed("spins", zeros(), seconds=1)
    assert failed.kind == "time-out"


def test_time_in_which_others_had_the_processor_does_not_count(program):
    (x,) = program.ok("sleeps", zeros(), seconds=1)
    assert x[0] == 7


def test_a_fault_leaves_the_other_runs_alone(program):
    from xpiler.verify.run.harness import RunFailed, RunOk, execute

    runs = [program.call("divergent", zeros(), block=b) for b in (8, 16, 4)]
    results = execute(program.path, runs)
    assert [type(r) for r in results] == [RunOk, RunFailed, RunOk]


def test_a_compile_error_names_the_user_s_line():
    units = CudaRuntime().units(
        "\n\n__global__ void k(int *x) { x[0] = nothing; }\n", Path("a.cu"), []
    )
    failed = build(units, 0)
    assert isinstance(failed, BuildFailed)
    assert (failed.diagnostics[0].file, failed.diagnostics[0].line) == ("a.cu", 3) or any(
        (d.file, d.line, d.severity) == ("a.cu", 3, "error") for d in failed.diagnostics
    )
    assert "nothing" in failed.summary


def test_an_entry_that_no_unit_defines_fails_the_build():
    units = CudaRuntime().units("__global__ void k(int *x) { x[0] = 1; }\n", Path("a.cu"), [])
    assert isinstance(build(units, 1), BuildFailed)
