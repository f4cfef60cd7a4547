"""Volatile shared memory: lanes of a warp in lock step, as they were before Volta, where a run asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.runtime.support import Program
from xpiler.verify.run.oracle import CudaRuntime

TEXT = """\
__device__ void last_warp(volatile int *s, int t) {
  s[t] += s[t + 32];
  s[t] += s[t + 16];
  s[t] += s[t + 8];
  s[t] += s[t + 4];
  s[t] += s[t + 2];
  s[t] += s[t + 1];
}
__global__ void sum(const int *x, int *y) {
  extern __shared__ int s[];
  int t = threadIdx.x;
  s[t] = x[blockIdx.x * 64 + t];
  __syncthreads();
  if (t < 32) last_warp(s, t);
  if (t == 0) y[blockIdx.x] = s[0];
}
// A scan in which ever fewer lanes take part, in a loop.
__global__ void scan(const int *x, int *y) {
  volatile __shared__ int s[32];
  int t = threadIdx.x;
  s[t] = x[t];
  for (int d = 1; d < 32; d *= 2)
    if (t >= d) s[t] += s[t - d];
  y[t] = s[t];
}
// One warp waits for what another one writes.
__global__ void waits(const int *x, int *y) {
  volatile __shared__ int flag;
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  if (threadIdx.x < 32) while (!flag);
  if (threadIdx.x == 63) flag = 1;
  y[threadIdx.x] = x[threadIdx.x];
}
// Volatile memory that is not shared is no place to meet at.
__global__ void global_memory(const int *x, int *y) {
  volatile int *v = y;
  if (threadIdx.x & 1) v[threadIdx.x] = x[threadIdx.x];
  v[threadIdx.x] += 1;
}
"""
NAMES = ("sum", "scan", "waits", "global_memory")


@pytest.fixture(scope="module")
def program() -> Program:
    return Program(TEXT, [(name, "x:*i32 y:*i32") for name in NAMES])


def values(count: int) -> np.ndarray:
    return (np.arange(count, dtype=np.int32) * 37) % 101


@pytest.mark.parametrize("seed", [0, 3, 11])
def test_lanes_in_lock_step_agree_on_an_order(program: Program, seed: int) -> None:
    x = values(256)
    (_, y) = program.ok(
        "sum", x, np.zeros(4, np.int32), grid=4, block=64, shared=256, seed=seed, lockstep=True
    )
    assert y.tolist() == x.reshape(4, 64).sum(1).tolist()
    x = values(32)
    (_, y) = program.ok("scan", x, np.zeros(32, np.int32), block=32, seed=seed, lockstep=True)
    assert y.tolist() == np.cumsum(x).tolist()


def test_without_lock_step_the_order_of_threads_shows(program: Program) -> None:
    x = values(64)
    found = {
        int(program.ok("sum", x, np.zeros(1, np.int32), block=64, shared=256, seed=seed)[1][0])
        for seed in (0, 3, 11)
    }
    assert found != {int(x.sum())}


def test_other_warps_and_other_memory_go_on(program: Program) -> None:
    x = values(64)
    (_, y) = program.ok("waits", x, np.zeros(64, np.int32), block=64, lockstep=True)
    assert y.tolist() == x.tolist()
    (_, y) = program.ok("global_memory", x, np.zeros(64, np.int32), block=64, lockstep=True)
    assert y.tolist() == [int(x[t]) * (t & 1) + 1 for t in range(64)]


@pytest.mark.parametrize(
    ("text", "hooked"),
    [
        (TEXT, True),
        (TEXT.replace("volatile", ""), False),
        ("__global__ void k(volatile int *x) { x[0] = 1; }", False),
        ('__global__ void k() { __shared__ int s; asm volatile("" ::"r"(s)); }', False),
    ],
)
def test_only_text_with_volatile_shared_memory_is_built_for_it(text: str, hooked: bool) -> None:
    (unit,) = CudaRuntime().units(text, Path("test.cu"), [])
    assert ("-fsanitize=thread" in unit.flags) is hooked
