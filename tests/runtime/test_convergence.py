"""Operations without a mask take the lanes that a real warp brings together there."""

from __future__ import annotations

import numpy as np
import pytest

from tests.runtime.support import Program

TEXT = """\
__device__ int helper(int v) { return __shfl(v, 0); }
__device__ int counted() { return __popc(__activemask()); }
__device__ int outer(int v) { return helper(v) + 1; }

// Lanes that skip the branch are at the later call of the same helper first.
__global__ void below_a_branch(int *y) {
  int t = threadIdx.x, v = t;
  if (t & 1) v = __shfl(v + 100, 1);
  y[t] = v + 1000 * counted();
}
// The loop's own operation stands below the helper that is called after the loop.
__global__ void after_a_loop(int *y) {
  int t = threadIdx.x, sum = 0;
  for (int i = 0; i < t % 4; ++i) sum += __popc(__activemask());
  y[t] = sum + 1000 * counted();
}
// Two calls of one helper in two branches are two places.
__global__ void two_branches(int *y) {
  int t = threadIdx.x;
  if (t < 8)
    y[t] = counted();
  else
    y[t] = counted();
}
__global__ void nested(int *y) {
  int t = threadIdx.x, v = t + 5;
  if (t >= 16) v = outer(v);
  y[t] = outer(v);
}
// A warp that waits for another one's lanes, which have to converge to go on.
__global__ void waits_for_the_other(int *y) {
  volatile int *flag = y + 64;
  int t = threadIdx.x;
  if (t >= 32) {
    int v = t;
    if (t & 1) v = __shfl(v, 33);
    y[t] = v + 1000 * counted();
    __threadfence();
    atomicAdd((int *)flag, 1);
  } else {
    while (*flag < 32) __nanosleep(10);
    y[t] = 1;
  }
}
// A compiler may copy the votes into both ways of the condition: lanes would meet at one of two copies.
__global__ void votes_on_a_guarded_load(int *y) {
  int t = threadIdx.x;
  int p = t < 3 && !(y[t] & 1);
  int some = __any(p), every = __all(p);
  y[t] = some + 2 * every + 4 * __popc(__ballot(p));
}
__global__ void before_a_barrier(int *y) {
  int t = threadIdx.x, v = 0;
  if (t < 12) v = __popc(__activemask());
  __syncthreads();
  y[t] = v;
}
"""
NAMES = [line.split("(")[0].split()[-1] for line in TEXT.splitlines() if "__global__" in line]


@pytest.fixture(scope="module")
def program() -> Program:
    return Program(TEXT, [(name, "y:*i32") for name in NAMES])


def run(program: Program, name: str, seed: int, block: int = 32, size: int = 32) -> list[int]:
    return program.ok(name, np.zeros(size, np.int32), block=block, seed=seed)[0].tolist()


@pytest.mark.parametrize("seed", [0, 3, 11])
def test_lanes_meet_again_where_a_warp_would(program: Program, seed: int) -> None:
    assert run(program, "below_a_branch", seed) == [
        (101 if t & 1 else t) + 32000 for t in range(32)
    ]
    rounds = [24, 16, 8]
    assert run(program, "after_a_loop", seed) == [sum(rounds[: t % 4]) + 32000 for t in range(32)]
    assert run(program, "two_branches", seed) == [8 if t < 8 else 24 for t in range(32)]
    # `helper` broadcasts from lane 0; among the upper lanes, lane 0 takes no part: the poison, plus one
    assert run(program, "nested", seed) == [6] * 32
    assert run(program, "votes_on_a_guarded_load", seed) == [13] * 32
    assert run(program, "before_a_barrier", seed) == [12 if t < 12 else 0 for t in range(32)]


@pytest.mark.parametrize("seed", [0, 5])
def test_a_warp_that_waits_for_another_does_not_keep_it_from_converging(
    program: Program, seed: int
) -> None:
    y = run(program, "waits_for_the_other", seed, block=64, size=65)
    assert y[:32] == [1] * 32
    assert y[32:64] == [(33 if t & 1 else t) + 32000 for t in range(32, 64)]
