"""Kernels that launch kernels: a child runs at once, on the launching thread."""

from __future__ import annotations

import numpy as np
import pytest

from tests.runtime.support import Program

TEXT = """\
__global__ void fill(int *y, int base) { y[threadIdx.x] = base + (int)threadIdx.x; }
__global__ void parent(int *y) {
  __shared__ int own[8];
  own[threadIdx.x] = 100 * (int)threadIdx.x;
  __syncthreads();
  if (threadIdx.x % 2 == 0) {
    fill<<<1, 4>>>(y + 4 * threadIdx.x, own[threadIdx.x]);
    cudaDeviceSynchronize();
  }
  __syncthreads();
  if (threadIdx.x % 2) y[4 * threadIdx.x] = own[threadIdx.x] + (int)blockDim.x;
}
// Each level sums its half: a kernel that launches itself, with shared memory of its own at each level.
__global__ void recurse(int *y, int depth) {
  __shared__ int level[2];
  level[threadIdx.x] = depth;
  __syncthreads();
  if (threadIdx.x == 0 && depth > 0) recurse<<<1, 2>>>(y, depth - 1);
  __syncthreads();
  atomicAdd(y, level[1 - threadIdx.x]);
}
__global__ void wrong_child(int *y) { fill<<<1, 2000>>>(y, 0); }
"""


@pytest.fixture(scope="module")
def program() -> Program:
    kernels = [("parent", "y:*i32"), ("recurse", "y:*i32 depth:i32"), ("wrong_child", "y:*i32")]
    return Program(TEXT, kernels)


@pytest.mark.parametrize("seed", [0, 9])
def test_a_child_has_run_when_its_launch_is_over(program: Program, seed: int) -> None:
    y = program.ok("parent", np.zeros(32, np.int32), block=8, seed=seed)[0].reshape(8, 4)
    for thread in range(8):
        own = 100 * thread
        expected = [own + 8, 0, 0, 0] if thread % 2 else [own + i for i in range(4)]
        assert y[thread].tolist() == expected


@pytest.mark.parametrize("seed", [0, 9])
def test_a_kernel_that_launches_itself(program: Program, seed: int) -> None:
    y = program.ok("recurse", np.zeros(1, np.int32), np.int32(5), block=2, seed=seed)[0]
    assert y.tolist() == [2 * (5 + 4 + 3 + 2 + 1)]


def test_a_wrong_launch_from_a_kernel_is_named(program: Program) -> None:
    failed = program.failed("wrong_child", np.zeros(4, np.int32))
    assert failed.kind == "invalid launch"
    assert "2000" in failed.reason
